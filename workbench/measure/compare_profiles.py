"""Two line profiles, before and after a change, line by line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from pathlib import PurePath
from typing import Literal

from workbench.measure.match_lines import Pair, pair_best, pair_lines, similarity
from workbench.measure.profile_parts import Function, Line
from workbench.result import Result

# Of the words that two functions of different names have in common, to be taken for the same one.
ALIKE = 0.5
CLEAR = 2.0  # standard errors: 1 in 20 differences of nothing is larger


@dataclass(frozen=True)
class Run:
    """How one of the two profiles was taken.

    Attributes:
        batch_ms: Milliseconds a batch, unprofiled.
        samples: In a batch, on average.
        batches: Batches profiled.
        workers: 0: the calling thread.
        use_multiprocessing: Whether workers were processes.
    """

    batch_ms: float
    samples: float
    batches: int
    workers: int
    use_multiprocessing: bool


@dataclass(frozen=True)
class LineChange:
    """One line, before and after.

    Attributes:
        kind: "same" text (but for indentation), "edited", "moved", "added" or "removed".
        before_line: Its number in the file; None where it is not there. So is the next.
        after_line: Its number after.
        before_source: Its text; empty where it is not there. So is the next.
        after_source: Its text after.
        before_ms: Milliseconds a batch, callees included; 0 where it is not there or did not run.
        after_ms: The same, after.
        difference_ms: After less before: negative is faster.
        noise_ms: Standard error of the difference, from the spreads between batches. None where
            fewer than two batches were profiled.
        clear: Whether the difference is more than twice the noise.
    """

    kind: Literal["same", "edited", "moved", "added", "removed"]
    before_line: int | None
    after_line: int | None
    before_source: str
    after_source: str
    before_ms: float
    after_ms: float
    difference_ms: float
    noise_ms: float | None
    clear: bool


@dataclass(frozen=True)
class FunctionChange:
    """One function, before and after.

    Attributes:
        before: Its name; None where it is not there. So is the next.
        after: Its name after.
        file: Where it is; where it was, if it is gone.
        before_ms: Milliseconds a batch, callees included.
        after_ms: The same, after.
        lines: All lines of both.
    """

    before: str | None
    after: str | None
    file: str
    before_ms: float
    after_ms: float
    lines: tuple[LineChange, ...]


@dataclass(frozen=True)
class ProfileComparison(Result):
    """What a change did to the time of a batch, line by line.

    Attributes:
        before: The profile before.
        after: The profile after.
        speedup: Batch time before over after; None if there is none after.
        functions: In the order of the profile after; those that are gone come last.
    """

    before: Run
    after: Run
    speedup: float | None
    functions: tuple[FunctionChange, ...]


def compared(
    before: Sequence[Function], after: Sequence[Function], runs: tuple[Run, Run]
) -> ProfileComparison:
    """Match functions and lines of two profiles; see `LineProfile.compare`."""
    return ProfileComparison(
        *runs,
        speedup=runs[0].batch_ms / runs[1].batch_ms if runs[1].batch_ms else None,
        functions=tuple(
            _function(one, other, runs) for one, other in pair_best(before, after, _kinship, ALIKE)
        ),
    )


def _kinship(one: Function, other: Function) -> float:
    """How sure it is that two are one: name and file, name (a cell's file changes), then words."""
    same_name = one.name == other.name
    same_file = PurePath(one.file).name == PurePath(other.file).name
    return same_name + (same_name and same_file) + similarity(_source(one), _source(other))


def _source(function: Function) -> str:
    return "\n".join(line.source for line in function.lines)


def _function(
    one: Function | None, other: Function | None, runs: tuple[Run, Run]
) -> FunctionChange:
    olds, news = (function.lines if function else () for function in (one, other))
    pairs = pair_lines(_keys(one), _keys(other))
    there = other or one
    return FunctionChange(
        before=one.name if one else None,
        after=other.name if other else None,
        file=there.file if there else "",
        before_ms=one.share * runs[0].batch_ms if one else 0.0,
        after_ms=other.share * runs[1].batch_ms if other else 0.0,
        lines=tuple(_change(pair, olds, news, runs) for pair in pairs),
    )


def _keys(function: Function | None) -> list[str]:
    """What a line is known by: its text, or its place in a function that came without source."""
    if function is None:
        return []
    bare = not _source(function).strip()
    return [
        f"line {line.line - function.first_line}" if bare else line.source.strip()
        for line in function.lines
    ]


def _change(
    pair: Pair, olds: tuple[Line, ...], news: tuple[Line, ...], runs: tuple[Run, Run]
) -> LineChange:
    old = None if pair.before is None else olds[pair.before]
    new = None if pair.after is None else news[pair.after]
    sides = [(old, runs[0]), (new, runs[1])]
    before_ms, after_ms = (_milliseconds(line, run) for line, run in sides)
    errors = [_squared_error(line, run) for line, run in sides]
    noise = None if None in errors else sqrt(sum(error or 0.0 for error in errors))
    difference = after_ms - before_ms
    return LineChange(
        kind=_kind(pair, old, new),
        before_line=old.line if old else None,
        after_line=new.line if new else None,
        before_source=old.source if old else "",
        after_source=new.source if new else "",
        before_ms=before_ms,
        after_ms=after_ms,
        difference_ms=difference,
        noise_ms=noise,
        clear=noise is not None and abs(difference) > CLEAR * noise,
    )


def _milliseconds(line: Line | None, run: Run) -> float:
    return line.seconds / max(1, run.batches) * 1e3 if line else 0.0


def _squared_error(line: Line | None, run: Run) -> float | None:
    """Of the line's mean time a batch, in square milliseconds; None if one batch cannot tell."""
    if line is None or not line.hits:
        return 0.0
    return (line.spread * 1e3) ** 2 / run.batches if run.batches > 1 else None


def _kind(
    pair: Pair, old: Line | None, new: Line | None
) -> Literal["same", "edited", "moved", "added", "removed"]:
    if old is None or new is None:
        return "added" if old is None else "removed"
    if pair.moved:
        return "moved"
    return "same" if old.source.strip() == new.source.strip() else "edited"
