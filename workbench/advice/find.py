"""From hot lines to advice: what each computes, whether there is a faster way, what it saves."""

from __future__ import annotations

import inspect
import linecache
import re
import textwrap
from collections.abc import Callable, Generator
from contextlib import closing
from typing import Any

from workbench.advice import iterator_advice, pool_advice
from workbench.advice.capture import Site, sites_of
from workbench.advice.findings import Advice, Findings
from workbench.advice.idioms import PATTERNS, caching
from workbench.advice.proof import Difference, difference, shown, timed
from workbench.advice.remedy import Remedy
from workbench.advice.watch_calls import watch
from workbench.loader import Loader
from workbench.machine import memory_bytes
from workbench.measure.line_profile import LineProfile

LEAST_SHARE = 0.03  # of a batch: faster lines are not examined
LEAST_SAVED = 0.01  # of a batch: advice that saves less is not given
MOST_CACHED = 0.5  # of the machine's memory, for results that a replacement keeps
# The first batch is made twice, to see whether it decodes the same files again.
BATCHES = 2
# What a replacement's functions may need.
IMPORTS = {
    **{name: f"import {name}" for name in ("contextlib", "functools", "os")},
    "cv2": "import cv2",
    "np": "import numpy as np",
}

Candidate = tuple[Site, Remedy | None]


def find(
    loader: Loader, profile: LineProfile, between: Callable[[], object] = lambda: None
) -> Findings:
    """Find replacements for hot lines, largest saving first; see `workbench.advise`.

    Args:
        loader: Gives the batches; its first one is examined.
        profile: Of the loader.
        between: Called before each candidate and before each batch that is timed. An exception of
            it ends the search.
    """
    between()
    hot = {(line.file, line.line) for line in profile.hot if line.self_share >= LEAST_SHARE}
    sites = sites_of(loader, hot, BATCHES, caching.is_undecided) if hot else []

    def batch() -> None:
        between()
        loader[0]

    found = []
    with closing(_remedies(loader, sites)) as remedies:
        for site, remedy in remedies:
            between()
            advice = _best(site, remedy, loader, batch) if remedy is not None else None
            found += [advice] if advice is not None else []
    return Findings(sorted(found, key=lambda advice: -advice.saved_ms.median))


def _remedies(
    loader: Loader, sites: list[Site]
) -> Generator[tuple[Site, Remedy | None], None, None]:
    """What may be faster: expressions on hot lines, then objects that batches use."""
    for site in sites:
        for match in PATTERNS:
            yield site, match(site, sites)
    uses = watch(loader, iterator_advice.methods() + pool_advice.methods())
    yield from iterator_advice.remedies(uses, loader)
    yield from pool_advice.remedies(uses, loader)


def _best(site: Site, remedy: Remedy, loader: Loader, batch: Callable[[], None]) -> Advice | None:
    """The remedy, or one of its alternatives if that clearly saves more."""
    best = _proved(site, remedy, loader, batch)
    for other in remedy.others:
        advice = _proved(site, other, loader, batch)
        saved = 0.0 if best is None else best.saved_ms.high
        if advice is not None and advice.saved_ms.median > saved:
            best = advice
    return best


def _proved(site: Site, remedy: Remedy, loader: Loader, batch: Callable[[], None]) -> Advice | None:
    """The advice, if it is faster beyond doubt and its results are alike."""
    cached_bytes = remedy.kept_bytes * (loader.epoch_batches or 1)
    if cached_bytes > MOST_CACHED * memory_bytes():
        return None
    compared = _compared(remedy)
    code_after = _code_after(site, remedy) if compared else ""
    times = timed(remedy.old, remedy.new, batch) if code_after else None
    if compared is None or times is None or not times.clear:
        return None
    calls = site.calls_per_batch if remedy.per_batch is None else remedy.per_batch
    whole = times.old if remedy.is_whole_batch else times.batch
    if times.saved.median * calls < LEAST_SAVED * whole.median:
        return None
    gap, before, after = compared
    return Advice(
        file=site.function.file,
        line=remedy.node.lineno,
        function=site.function.name,
        what=remedy.what,
        instead=remedy.instead,
        code_before=_code_before(site, remedy),
        code_after=code_after,
        old_ms=times.old.times(1e3 * calls),
        new_ms=times.new.times(1e3 * calls),
        saved_ms=times.saved.times(1e3 * calls),
        ratio=times.ratio,
        calls_per_batch=calls,
        batch_ms=whole.times(1e3),
        epoch_batches=loader.epoch_batches,
        difference=gap,
        notes=(*remedy.notes, *_cache_note(cached_bytes, loader.epoch_batches)),
        before=before,
        after=after,
    )


def _compared(remedy: Remedy) -> tuple[Difference | None, Any, Any] | None:
    """How far results differ, and the first result of each way; None if they differ too much."""
    if remedy.is_random:
        return None, None, None
    olds = [run() for run in remedy.old]
    try:
        news = [run() for run in remedy.new]
    except Exception:
        return None  # for instance a file that OpenCV cannot decode
    gap = difference(olds, news)
    if gap is None or not gap.most <= remedy.most_different:
        return None
    return gap, shown(olds[0]), shown(news[0])


def _cache_note(cached_bytes: float, batches: int | None) -> list[str]:
    """The memory that cached results need."""
    what = f"the images of {batches} batches" if batches else "each batch's images"
    return [f"Keeps {cached_bytes / 1e6:.3g} MB for {what}."] if cached_bytes else []


def _code_before(site: Site, remedy: Remedy) -> str:
    node = remedy.node
    lines = linecache.getlines(site.function.file)[node.lineno - 1 : node.end_lineno]
    return textwrap.dedent("".join(lines)).rstrip("\n") or remedy.code


def _code_after(site: Site, remedy: Remedy) -> str:
    """The lines with the expression replaced, below the functions that they need.

    Empty if the replacement would be a syntax error at this position.
    """
    node, every = remedy.node, linecache.getlines(site.function.file)
    if not every:
        return remedy.once
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
    needed = [line for name, line in IMPORTS.items() if re.search(rf"\b{name}\.", body)]
    return "\n".join([*needed, "", body]) if remedy.helpers else body


def _definition(helper: Any) -> str:
    """The source of a function, without annotations that would need imports."""
    return re.sub(r": Any\b| -> Any\b", "", inspect.getsource(helper))
