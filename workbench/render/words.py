"""Figures and sentences that the text and the HTML of a result share."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import PurePath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from workbench.measure.line_profile import LineProfile
    from workbench.measure.profile_parts import Part

HOT_LINES = 5
LEAST_SHARE = 0.005  # of what is mentioned beside the lines: half a percent
TIGHT = 2.0  # slowdown from which short lines say more about the profiler than about the code

# Control characters would drive a terminal, and HTML has no place for them: Unicode has pictures
# of the first 32 and of delete. Tabs stay.
_VISIBLE = {
    **{code: 0x2400 + code for code in range(0x20) if code != ord("\t")},
    0x7F: 0x2421,
    **dict.fromkeys([*range(0x80, 0xA0), *range(0xD800, 0xE000)], 0xFFFD),
}


def visible(text: str) -> str:
    """The text with control characters shown, and nothing in it that UTF-8 cannot say."""
    return text.translate(_VISIBLE)


def place(file: str, line: int) -> str:
    """Where it is, without the folders."""
    return f"{file_name(file)}:{line}"


def file_name(file: str) -> str:
    """Without the folders; "cell" for a notebook's, whose file's name is a long number."""
    path = PurePath(file)
    return "cell" if path.parent.name.startswith("ipykernel_") else visible(path.name)


def runners(workers: int, processes: bool) -> str:
    """Who ran the batches."""
    if not workers:
        return "this thread"
    kind = ("process", "processes") if processes else ("thread", "threads")
    return f"{workers} {kind[workers != 1]}"


def figure(value: float) -> str:
    """Three digits that matter, none of them in an exponent."""
    size = abs(value)
    digits = 0 if size >= 99.95 else 1 if size >= 9.995 else 2 if size >= 0.9995 else 3
    return f"{value:.{digits}f}"


def decimals(batch_ms: float) -> int:
    """How many a column of milliseconds needs, so that their points stand below each other."""
    return 2 if batch_ms >= 10 else 3 if batch_ms >= 1 else 4


def parts(of: Iterable[Part]) -> str:
    """What a line consists of: "ElasticTransform 5 % · CLAHE 3 %"."""
    return " · ".join(f"{visible(part.name)} {part.share:.0%}" for part in of)


def head(profile: LineProfile) -> str:
    """What was measured, in one line."""
    ran = runners(profile.workers, profile.use_multiprocessing)
    cost = f"profiler slows by {profile.slowdown:.2f}x"
    parts = [
        f"{figure(profile.batch_seconds * 1e3)} ms a batch unprofiled",
        f"{profile.batches} batches" if profile.batches != 1 else "1 batch",
        ran,
        # Less than nothing is noise.
        cost if profile.slowdown > 1.02 else "the profiler's cost is within the noise",
    ]
    if profile.peak_bytes is not None:
        parts.append(f"peak {figure(profile.peak_bytes / 1e6)} MB newly allocated")
    return ", ".join(parts)


def outside(profile: LineProfile) -> str:
    """What no line has, if it is worth mentioning."""
    shares = [
        f"{visible(name)} {share:.1%}"
        for name, share in profile.outside.items()
        if share >= LEAST_SHARE
    ]
    return f"Outside the lines: {', '.join(shares)}" if shares else ""


def notes(profile: LineProfile) -> list[str]:
    """What a reader must know not to misread the figures."""
    sentences = [visible(note) for note in profile.notes]
    if any(line.approximate for function in profile.functions for line in function.lines):
        sentences.append(
            "≈: under a microsecond a hit; there the profiler's own cost is as large as the line's."
        )
    if profile.outside.get("waiting", 0.0) > LEAST_SHARE:
        ran = runners(profile.workers, profile.use_multiprocessing)
        sentences.append(f"Waiting is the difference of two runs: {ran} minus one thread.")
    if profile.slowdown > TIGHT:
        sentences.append(
            f"The profiler slows this code by {profile.slowdown:.1f}x: tight loops, and shares "
            "beside them, are approximate."
        )
    return sentences if profile.functions else [*sentences, "No lines were profiled."]


def hints(profile: LineProfile) -> list[str]:
    """What the reader may do next."""
    libraries = _libraries(profile)
    if not libraries:
        return []
    return [
        f"Python code of {', '.join(libraries)} is part of the lines that call it; "
        f"profile_lines(..., libraries={json.dumps(libraries)}) goes into it."
    ]


def _libraries(profile: LineProfile) -> list[str]:
    lines = (line for function in profile.functions for line in function.lines)
    return _distinct(
        visible(name) for line in lines if line.self_share >= LEAST_SHARE for name in line.libraries
    )


def _distinct(names: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(names))
