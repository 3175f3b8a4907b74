"""A `KerasComparison`: times and pixels of Keras's iterator and of `wb.faster`."""

from __future__ import annotations

from base64 import b64encode
from typing import TYPE_CHECKING

from workbench.printable import visible
from workbench.render import markup, words
from workbench.render.race_table import spread

if TYPE_CHECKING:
    from workbench.keras_iterators.compare_keras import KerasComparison, Pair

TITLE = "Keras and wb.faster"
SHOWN = ("Keras", "wb.faster", "difference")
COLUMNS = ("image", *SHOWN, "largest, grey levels", "mean")
NOTE = (
    "Difference pictures show a difference of 1 grey level (1/255 of the scale) or more in white."
)


def text(comparison: KerasComparison) -> str:
    """Sentences, then a row for each image."""
    rows = [
        f"{visible(pair.name)[:40]:40} {pair.largest:8.3f} {pair.mean:8.4f}"
        for pair in comparison.pairs
    ]
    return "\n".join(
        [*_sentences(comparison), f"{'image':40} {'largest':>8} {'mean':>8}  grey levels", *rows]
    )


def html(comparison: KerasComparison) -> str:
    """Sentences, then a table with pictures of each image."""
    rows = "\n".join(_row(pair) for pair in comparison.pairs)
    return (
        markup.paragraphs([*_sentences(comparison), NOTE])
        + '<div class="wbs-scroll"><table class="wbs-lines">'
        + f"<caption>{len(comparison.pairs)} images before standardization</caption>"
        + f"{markup.header(COLUMNS)}<tbody>{rows}</tbody></table></div>"
    )


def _sentences(comparison: KerasComparison) -> list[str]:
    threads = f"{comparison.threads} thread{'s' * (comparison.threads != 1)}"
    ratio, pairs = comparison.ratio, comparison.pairs
    largest = words.figure(max(pair.largest for pair in pairs))
    mean = sum(pair.mean for pair in pairs) / len(pairs)
    labels = "the same" if comparison.same_labels else "NOT the same"
    return [
        f"A batch of {comparison.batch}: Keras {spread(comparison.old_ms)} ms, "
        f"wb.faster {spread(comparison.new_ms)} ms on {threads}: {spread(ratio)} times as fast "
        f"(median, quartiles; n={ratio.n}, alternating).",
        f"{len(pairs)} images: largest pixel difference {largest} grey levels, mean {mean:.4f}. "
        f"Labels and weights: {labels}. "
        f"Largest difference in the batches: {comparison.largest:.3g}.",
        f"Reported equivalence: {comparison.holds}.",
    ]


def _row(pair: Pair) -> str:
    name = markup.text(pair.name)
    cells = "".join(
        f"<td>{_picture(picture, f'{pair.name}, {shown}')}</td>"
        for picture, shown in zip(pair.pictures, SHOWN, strict=True)
    )
    return (
        f'<tr><th scope="row">{name}</th>{cells}'
        f"<td>{pair.largest:.3f}</td><td>{pair.mean:.4f}</td></tr>"
    )


def _picture(data: bytes, alt: str) -> str:
    kind = "png" if data.startswith(b"\x89PNG") else "jpeg"
    source = f"data:image/{kind};base64,{b64encode(data).decode()}"
    # JupyterLab would shrink pictures with their column.
    return f'<img src="{source}" alt="{markup.text(alt)}" style="max-width: none">'
