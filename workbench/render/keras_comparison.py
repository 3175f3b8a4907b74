"""A comparison as text and as HTML."""

from __future__ import annotations

from base64 import b64encode
from typing import TYPE_CHECKING

from workbench.render import markup, words
from workbench.render.race_table import spread

if TYPE_CHECKING:
    from workbench.keras_iterators.compare_keras import KerasComparison, Pair

TITLE = "Keras and wb.faster"
SHOWN = ("Keras", "wb.faster", "difference")
COLUMNS = ("image", *SHOWN, "largest, grey levels", "mean")
NOTE = "In the pictures of the difference a grey level (1/255 of the scale) or more is white."


def text(of: KerasComparison) -> str:
    """For terminals and logs."""
    rows = [
        f"{words.visible(pair.name)[:40]:40} {pair.largest:8.3f} {pair.mean:8.4f}"
        for pair in of.pairs
    ]
    return "\n".join(
        [*_sentences(of), f"{'image':40} {'largest':>8} {'mean':>8}  grey levels", *rows]
    )


def html(of: KerasComparison) -> str:
    """For notebooks."""
    rows = "\n".join(_row(pair) for pair in of.pairs)
    return (
        markup.paragraphs([*_sentences(of), NOTE])
        + '<div class="wbs-scroll"><table class="wbs-lines">'
        + f"<caption>{len(of.pairs)} images before standardization</caption>"
        + f"{markup.header(COLUMNS)}<tbody>{rows}</tbody></table></div>"
    )


def _sentences(of: KerasComparison) -> list[str]:
    n, threads = of.ratio.n, f"{of.threads} thread{'s' * (of.threads != 1)}"
    worst = max(pair.largest for pair in of.pairs)
    mean = sum(pair.mean for pair in of.pairs) / len(of.pairs)
    labels = "the same" if of.same_labels else "NOT the same"
    return [
        f"A batch of {of.batch}: Keras {spread(of.old_ms)} ms, wb.faster {spread(of.new_ms)} ms "
        f"on {threads}: {spread(of.ratio)} times as fast (median, quartiles; n={n}, alternating).",
        f"{len(of.pairs)} images: largest difference of a pixel {words.figure(worst)} grey levels, "
        f"mean {mean:.4f}. Labels and weights: {labels}. "
        f"Largest difference in what is trained on: {of.largest:.3g}.",
        f"The report says: {of.holds}.",
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
    # JupyterLab lets pictures shrink with their column.
    return f'<img src="{source}" alt="{markup.text(alt)}" style="max-width: none">'
