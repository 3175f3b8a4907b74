"""An `Advice`: what it saves, the code before and after, and a picture of each."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from workbench.printable import place, visible
from workbench.render import markup, terminal, words

if TYPE_CHECKING:
    from workbench.advice.findings import Advice

TITLE = "Advice"
LONGEST_SIDE = 224  # pixels shown
CODE = 'style="white-space:pre;overflow-x:auto;text-align:left"'


def text(advice: Advice) -> str:
    """The line and the sentences about it, without the code."""
    source = terminal.cut(advice.code_before.split("\n")[0], terminal.SOURCE)
    rows = [f"{visible(position(advice))}  {source}"]
    rows += [f"  {row}" for each in sentences(advice) for row in terminal.wrapped(each)]
    return "\n".join(rows)


def html(advice: Advice) -> str:
    """The sentences, then the code before and after, and a picture of each."""
    where, function = markup.text(position(advice)), markup.text(advice.function)
    return (
        f"<section><p><b>{where}</b> <small>{function}</small></p>"
        f"{markup.paragraphs(sentences(advice))}"
        f"<details><summary>Show me</summary>{_code('Now', advice.code_before)}"
        f"{_code('Instead', advice.code_after)}{_pictures(advice)}</details></section>\n"
    )


def position(advice: Advice) -> str:
    """The file's name and the line; the function's name if it has no file."""
    return place(advice.file, advice.line) if advice.file else advice.function


def sentences(advice: Advice) -> list[str]:
    """What is slow, what it saves, how far pixels differ, notes."""
    return [
        f"{advice.what}. Instead: {advice.instead}.",
        _saves(advice),
        _pixels(advice),
        *advice.notes,
    ]


def _saves(advice: Advice) -> str:
    saved, unit = advice.saved_ms, words.figure
    # Almost a whole batch may measure longer than the batch, since these are two measurements.
    whole = "all, " if saved.median > advice.batch_ms.median else ""
    parts = [
        f"Saves {whole}{unit(saved.median)} ms ({unit(saved.low)}-{unit(saved.high)}, n={saved.n}) "
        f"of a batch's {unit(advice.batch_ms.median)} ms, {unit(advice.ratio.median)}× faster here "
        f"({unit(advice.ratio.low)}-{unit(advice.ratio.high)})"
    ]
    epoch = advice.saved_epoch_s
    if epoch is not None:
        parts.append(f"{unit(epoch.median)} s an epoch of {advice.epoch_batches} batches")
    return ": ".join(parts) + "."


def _pixels(advice: Advice) -> str:
    gap = advice.difference
    if gap is None:
        return "Batches are random, so their values are not compared."
    kind = (
        "" if gap.old_dtype == gap.new_dtype else f" {gap.new_dtype} in place of {gap.old_dtype}."
    )
    count = f"{gap.results} result{'s' if gap.results != 1 else ''} compared"
    if gap.most == 0:
        return f"Pixels are the same, {count}.{kind}"
    if gap.most < 0.001:
        return f"Pixels differ by less than 0.001 of 255 grey levels, {count}.{kind}"
    return (
        f"Pixels differ by at most {words.figure(gap.most)} of 255 grey levels, "
        f"{words.figure(gap.mean)} on average, {count}.{kind}"
    )


def _code(title: str, source: str) -> str:
    lines = "\n".join(markup.text(line) for line in source.split("\n"))
    return f"<p>{title}</p><pre {CODE}><code>{lines}</code></pre>"


def _pictures(advice: Advice) -> str:
    return "".join(_figure(*each) for each in pictures(advice, ".png"))


def pictures(advice: Advice, suffix: str) -> list[tuple[str, bytes]]:
    """The first image before, after, and their difference, with titles.

    Args:
        advice: Has the images.
        suffix: File name suffix of the format to encode them in.

    Returns:
        Nothing if the results are not images.
    """
    before, after = (_image(value) for value in (advice.before, advice.after))
    top = advice.difference.top if advice.difference else 0
    if before is None or after is None or before.shape != after.shape or not top:
        return []
    gap = np.abs(before - after)
    # Both on one scale; the difference on its own scale, or it would be invisible.
    low, high = float(before.min()), float(before.max())
    title = f"Difference, at most {gap.max() * 255 / top:.3g} of 255"
    return [
        ("Now", _encoded(before - low, high - low, suffix)),
        ("Instead", _encoded(after - low, high - low, suffix)),
        (title, _encoded(gap, float(gap.max()), suffix)),
    ]


def _encoded(image: Any, top: float, suffix: str) -> bytes:
    scaled = np.clip(image * (255 / top if top else 0), 0, 255).astype(np.uint8)
    shrink = min(1.0, LONGEST_SIDE / max(scaled.shape[:2]))
    small = cv2.resize(scaled, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA)
    return bytes(cv2.imencode(suffix, small[..., ::-1])[1].tobytes())


def _figure(title: str, encoded: bytes) -> str:
    data = base64.b64encode(encoded).decode()
    return (
        f'<figure style="display:inline-block;margin:8px 8px 0 0">'
        f'<img alt="{title}" src="data:image/png;base64,{data}">'
        f"<figcaption>{title}</figcaption></figure>"
    )


def _image(value: Any) -> Any:
    """The first image of an array, as float64 with three channels; None if it has no image."""
    if value is None or value.dtype.kind not in "uif":
        return None
    image = np.nan_to_num(np.asarray(value, np.float64))
    image = image[0] if image.ndim == 4 or (image.ndim == 3 and image.shape[2] > 4) else image
    if image.ndim not in (2, 3) or min(image.shape[:2]) < 2:
        return None
    planes = image if image.ndim == 3 else image[..., None]
    return planes[..., :3] if planes.shape[2] >= 3 else planes[..., :1].repeat(3, axis=2)
