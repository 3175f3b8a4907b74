"""From hot lines to advice: what each computes, whether there is a faster way, what it saves."""

from __future__ import annotations

import inspect
import linecache
import re
import textwrap
from collections.abc import Callable
from typing import Any

from workbench.advice.capture import Site, sites_of
from workbench.advice.findings import Advice, Findings
from workbench.advice.idioms import PATTERNS
from workbench.advice.proof import difference, shown, timed
from workbench.advice.remedy import Remedy
from workbench.loader import Loader
from workbench.machine import memory_bytes
from workbench.measure.line_profile import LineProfile

# A line below this share of a batch is not looked at, nor advice given that saves less than this.
LEAST_SHARE = 0.03
LEAST_SAVED = 0.01
MOST_HELD = 0.5  # of the machine's memory, for what is kept in it
# The first batch is made twice: to see whether it decodes the same files again.
BATCHES = 2


def find(
    loader: Loader, profile: LineProfile, between: Callable[[], object] = lambda: None
) -> Findings:
    """What to write instead of hot lines, the greatest saving first; see `workbench.advise`.

    Args:
        loader: Whose first batch is looked at.
        profile: Of it.
        between: Called before each candidate, and before each batch that is timed; what it raises
            ends the search.
    """
    between()
    hot = {(line.file, line.line) for line in profile.hot if line.self_share >= LEAST_SHARE}
    sites = sites_of(loader, hot, BATCHES) if hot else []

    def batch() -> None:
        between()
        loader[0]

    found = []
    for site in sites:
        for match in PATTERNS:
            between()
            remedy = match(site, sites)
            advice = _best(site, remedy, loader, batch) if remedy is not None else None
            found += [advice] if advice is not None else []
    return Findings(sorted(found, key=lambda advice: -advice.saved_ms.median))


def _best(site: Site, remedy: Remedy, loader: Loader, batch: Callable[[], None]) -> Advice | None:
    """The remedy, or one of its further ways where that saves clearly more."""
    best = _proved(site, remedy, loader, batch)
    for other in remedy.others:
        advice = _proved(site, other, loader, batch)
        saved = 0.0 if best is None else best.saved_ms.high
        if advice is not None and advice.saved_ms.median > saved:
            best = advice
    return best


def _proved(site: Site, remedy: Remedy, loader: Loader, batch: Callable[[], None]) -> Advice | None:
    """The advice, if it is faster beyond doubt and its results have the same shape."""
    held = remedy.kept_bytes * (loader.epoch_batches or 1)
    if held > MOST_HELD * memory_bytes():
        return None
    olds = [run() for run in remedy.old]
    try:
        news = [run() for run in remedy.new]
    except Exception:
        return None  # a file that OpenCV cannot decode, for one
    gap = difference(olds, news)
    if gap is None or not gap.most <= remedy.most_different:
        return None
    before, after = shown(olds[0]), shown(news[0])
    del olds, news
    after_code = _after(site, remedy)
    times = timed(remedy.old, remedy.new, batch) if after_code else None
    if times is None or not times.clear:
        return None
    often = site.calls_per_batch if remedy.per_batch is None else remedy.per_batch
    factor = 1e3 * often
    if times.saved.median * factor < LEAST_SAVED * 1e3 * times.batch.median:
        return None
    return Advice(
        file=site.place.file,
        line=remedy.node.lineno,
        function=site.place.name,
        what=remedy.what,
        instead=remedy.instead,
        code_before=_before(site, remedy),
        code_after=after_code,
        old_ms=times.old.times(factor),
        new_ms=times.new.times(factor),
        saved_ms=times.saved.times(factor),
        ratio=times.ratio,
        calls_per_batch=often,
        batch_ms=times.batch.times(1e3),
        epoch_batches=loader.epoch_batches,
        difference=gap,
        notes=(*remedy.notes, *_held(held, loader.epoch_batches)),
        before=before,
        after=after,
    )


def _held(held: float, batches: int | None) -> list[str]:
    """The memory that it takes."""
    what = f"the images of {batches} batches" if batches else "each batch's images"
    return [f"Keeps {held / 1e6:.3g} MB for {what}."] if held else []


def _before(site: Site, remedy: Remedy) -> str:
    node = remedy.node
    lines = linecache.getlines(site.place.file)[node.lineno - 1 : node.end_lineno]
    return textwrap.dedent("".join(lines)).rstrip("\n")


def _after(site: Site, remedy: Remedy) -> str:
    """The lines with the expression replaced, below the functions that they need.

    Empty if that would be no Python: the expression may stand where not everything may.
    """
    node, every = remedy.node, linecache.getlines(site.place.file)
    first, last = every[node.lineno - 1].encode(), every[(node.end_lineno or 0) - 1].encode()
    # Columns count bytes of UTF-8.
    head, tail = first[: node.col_offset].decode(), last[node.end_col_offset :].decode()
    changed = head + remedy.code + tail
    try:
        compile(
            "".join([*every[: node.lineno - 1], changed, *every[node.end_lineno :]]), "", "exec"
        )
    except (SyntaxError, ValueError):
        return ""
    parts = [*map(_definition, remedy.helpers), remedy.once, textwrap.dedent(changed)]
    body = "\n\n".join(part.strip("\n") for part in parts if part)
    needed = [line for name, line in IMPORTS.items() if f"{name}." in body]
    return "\n".join([*needed, "", body]) if remedy.helpers else body


IMPORTS = {"cv2": "import cv2", "np": "import numpy as np"}


def _definition(helper: Any) -> str:
    """Its source, without annotations that would need imports."""
    return re.sub(r": Any\b| -> Any\b", "", inspect.getsource(helper))
