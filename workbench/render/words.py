"""Figures and sentences that the text and the HTML of a result share."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import TYPE_CHECKING

from workbench.printable import visible

if TYPE_CHECKING:
    from workbench.measure.line_profile import LineProfile
    from workbench.measure.profile_parts import HotLine

HOT_LINES = 5
LEAST_SHARE = 0.005  # smaller shares are not mentioned in notes
HIGH_SLOWDOWN = 2.0  # from here on short lines show the profiler more than the code


def runners(workers: int, processes: bool) -> str:
    """What ran the batches: "this thread", "2 threads", "1 process"."""
    if not workers:
        return "this thread"
    kind = ("process", "processes") if processes else ("thread", "threads")
    return f"{workers} {kind[workers != 1]}"


def figure(value: float) -> str:
    """Three significant digits without an exponent."""
    size = abs(value)
    digits = 0 if size >= 99.95 else 1 if size >= 9.995 else 2 if size >= 0.9995 else 3
    return f"{value:.{digits}f}"


def decimals(batch_ms: float) -> int:
    """Decimals for a column of milliseconds, so that its decimal points align."""
    return 2 if batch_ms >= 10 else 3 if batch_ms >= 1 else 4


def details(line: HotLine) -> list[str]:
    """What a hot line consists of: "including ElasticTransform 5% · CLAHE 3%"."""
    parts = " · ".join(f"{visible(part.name)} {part.share:.0%}" for part in line.parts)
    hidden = "; ".join(visible(each) for each in line.unprofiled)
    return [
        *([f"including {parts}"] if parts else []),
        *([f"runs lines that are not profiled: {hidden}"] if hidden else []),
    ]


def head(profile: LineProfile) -> str:
    """The main figures of a profile in one line."""
    ran = runners(profile.workers, profile.use_multiprocessing)
    cost = f"{profile.slowdown:.2f}x when profiled"
    parts = [
        f"{figure(profile.batch_seconds * 1e3)} ms per batch without profiling",
        f"{profile.batches} batches" if profile.batches != 1 else "1 batch",
        ran,
        # A smaller slowdown is noise.
        cost if profile.slowdown > 1.02 else "the profiler's cost is within the noise",
    ]
    if profile.peak_bytes is not None:
        parts.append(f"peak allocation {figure(profile.peak_bytes / 1e6)} MB")
    return ", ".join(parts)


def outside(profile: LineProfile) -> str:
    """Shares that belong to no line, unless they are tiny."""
    shares = [
        f"{visible(name)} {share:.1%}"
        for name, share in profile.outside.items()
        if share >= LEAST_SHARE
    ]
    return f"Outside the lines: {', '.join(shares)}" if shares else ""


def notes(profile: LineProfile) -> list[str]:
    """Remarks without which the figures could be misread."""
    sentences = [visible(note) for note in profile.notes]
    if any(line.approximate for function in profile.functions for line in function.lines):
        sentences.append("≈: too fast to time accurately (under 1 µs per hit).")
    if profile.outside.get("waiting", 0.0) > LEAST_SHARE:
        ran = runners(profile.workers, profile.use_multiprocessing)
        sentences.append(f"Waiting is the difference of two runs: {ran} minus one thread.")
    if profile.slowdown > HIGH_SLOWDOWN:
        sentences.append(
            f"The profiler slows this code by {profile.slowdown:.1f}x: tight loops, and shares "
            "beside them, are approximate."
        )
    return sentences if profile.functions else [*sentences, "No lines were profiled."]


def hints(profile: LineProfile) -> list[str]:
    """What to try next."""
    libraries = _libraries(profile)
    if not libraries:
        return []
    return [
        f"Lines that call {', '.join(libraries)} include the time of its Python code. To profile "
        f"that code too: profile_lines(..., libraries={json.dumps(libraries)})"
    ]


def _libraries(profile: LineProfile) -> list[str]:
    lines = (line for function in profile.functions for line in function.lines)
    return _distinct(
        visible(name) for line in lines if line.self_share >= LEAST_SHARE for name in line.libraries
    )


def _distinct(names: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(names))
