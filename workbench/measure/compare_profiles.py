"""Compare two line profiles, before and after a change, line by line."""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt
from pathlib import PurePath

from workbench.measure.match_lines import Pair, pair_best, pair_lines, similarity
from workbench.measure.profile_comparison import (
    FunctionChange,
    Kind,
    LineChange,
    ProfileComparison,
    ProfileSummary,
)
from workbench.measure.profile_parts import Function, Line

# Share of common words from which functions of different names are taken to be the same.
LEAST_SIMILARITY = 0.5
CLEAR_ERRORS = 2.0  # standard errors: without a true difference 1 in 20 is larger

Profiles = tuple[ProfileSummary, ProfileSummary]  # before and after


def compare(
    before: Sequence[Function], after: Sequence[Function], profiles: Profiles
) -> ProfileComparison:
    """Match functions and lines of two profiles; see `LineProfile.compare`."""
    old, new = profiles
    pairs = pair_best(before, after, _match_score, LEAST_SIMILARITY)
    return ProfileComparison(
        old,
        new,
        speedup=old.batch_ms / new.batch_ms if new.batch_ms else None,
        functions=tuple(_function_change(one, other, profiles) for one, other in pairs),
    )


def _match_score(one: Function, other: Function) -> float:
    """How likely two functions are the same: by name and file, by name alone, then by words.

    The file of a notebook cell changes with its text.
    """
    same_name = one.name == other.name
    same_file = PurePath(one.file).name == PurePath(other.file).name
    return same_name + (same_name and same_file) + similarity(_source(one), _source(other))


def _source(function: Function) -> str:
    return "\n".join(line.source for line in function.lines)


def _function_change(
    before: Function | None, after: Function | None, profiles: Profiles
) -> FunctionChange:
    old_lines, new_lines = (function.lines if function else () for function in (before, after))
    pairs = pair_lines(_line_texts(before), _line_texts(after))
    existing = after or before
    return FunctionChange(
        before=before.name if before else None,
        after=after.name if after else None,
        file=existing.file if existing else "",
        before_ms=before.share * profiles[0].batch_ms if before else 0.0,
        after_ms=after.share * profiles[1].batch_ms if after else 0.0,
        lines=tuple(_line_change(pair, old_lines, new_lines, profiles) for pair in pairs),
    )


def _line_texts(function: Function | None) -> list[str]:
    """What lines are matched by: their text, or their number in a function without source."""
    if function is None:
        return []
    without_source = not _source(function).strip()
    return [
        f"line {line.line - function.first_line}" if without_source else line.source.strip()
        for line in function.lines
    ]


def _line_change(
    pair: Pair, old_lines: tuple[Line, ...], new_lines: tuple[Line, ...], profiles: Profiles
) -> LineChange:
    old = None if pair.before is None else old_lines[pair.before]
    new = None if pair.after is None else new_lines[pair.after]
    sides = [(old, profiles[0]), (new, profiles[1])]
    before_ms, after_ms = (_milliseconds(line, profile) for line, profile in sides)
    errors = [_squared_error(line, profile) for line, profile in sides]
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
        clear=noise is not None and abs(difference) > CLEAR_ERRORS * noise,
    )


def _milliseconds(line: Line | None, profile: ProfileSummary) -> float:
    return line.seconds / max(1, profile.batches) * 1e3 if line else 0.0


def _squared_error(line: Line | None, profile: ProfileSummary) -> float | None:
    """Squared standard error of the line's milliseconds per batch; None for a single batch."""
    if line is None or not line.hits:
        return 0.0
    return (line.spread * 1e3) ** 2 / profile.batches if profile.batches > 1 else None


def _kind(pair: Pair, old: Line | None, new: Line | None) -> Kind:
    if old is None or new is None:
        return "added" if old is None else "removed"
    if pair.moved:
        return "moved"
    return "same" if old.source.strip() == new.source.strip() else "edited"
