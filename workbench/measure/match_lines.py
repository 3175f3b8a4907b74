"""Which line of an edited function was which before: by their text alone."""

from __future__ import annotations

import re
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterator, Sequence
from difflib import SequenceMatcher
from typing import NamedTuple, TypeVar

ALIKE = 0.6  # of two lines' characters: `difflib`'s own rule of thumb for a close match
NEAR = 8  # lines below its old place where an edited line is looked for
LONGEST = 200  # characters of a line that are looked at

T = TypeVar("T")


class Pair(NamedTuple):
    """Positions before and after; None: not there.

    Attributes:
        before: Position before.
        after: Position after.
        moved: The same text, but the lines around it are others.
    """

    before: int | None
    after: int | None
    moved: bool = False


def pair_lines(before: Sequence[str], after: Sequence[str]) -> list[Pair]:
    """Each line before and after once, in the order of a unified diff."""
    pairs: list[Pair] = []
    for tag, i, i_end, j, j_end in SequenceMatcher(None, before, after).get_opcodes():
        olds, news = range(i, i_end), range(j, j_end)
        if tag == "equal" or len(olds) == len(news) == 1:
            pairs += [Pair(old, new) for old, new in zip(olds, news, strict=True)]
        else:
            pairs += _replaced(before, after, olds, news)
    return _with_moved(before, after, pairs)


def _replaced(
    before: Sequence[str], after: Sequence[str], olds: range, news: range
) -> Iterator[Pair]:
    """Lines for other lines: those that look alike are the same line, edited."""
    cursor = news.start
    for old in olds:
        near = range(cursor, min(cursor + NEAR, news.stop))
        new = next((new for new in near if _alike(before[old], after[new])), None)
        if new is None:
            yield Pair(old, None)
            continue
        yield from (Pair(None, added) for added in range(cursor, new))
        yield Pair(old, new)
        cursor = new + 1
    yield from (Pair(None, added) for added in range(cursor, news.stop))


def _alike(one: str, other: str) -> bool:
    if one == other:
        return True
    matcher = SequenceMatcher(None, one[:LONGEST], other[:LONGEST])
    # From cheap to exact: each is an upper bound of the next.
    bounds = (matcher.real_quick_ratio, matcher.quick_ratio, matcher.ratio)
    return all(bound() >= ALIKE for bound in bounds)


def _with_moved(before: Sequence[str], after: Sequence[str], pairs: list[Pair]) -> list[Pair]:
    """Lines that went in one place and came in another, made one."""
    gone: dict[str, deque[int]] = defaultdict(deque)
    for old, new, _ in pairs:
        # A bracket or a blank line is everywhere.
        if old is not None and new is None and re.search(r"\w", before[old]):
            gone[before[old]].append(old)
    moved = {
        new: gone[after[new]].popleft()
        for old, new, _ in pairs
        if old is None and new is not None and gone.get(after[new])
    }
    left = set(moved.values())
    return [
        Pair(moved[pair.after], pair.after, True) if pair.after in moved else pair
        for pair in pairs
        if pair.before not in left
    ]


def pair_best(
    before: Sequence[T], after: Sequence[T], score: Callable[[T, T], float], least: float
) -> list[tuple[T | None, T | None]]:
    """The best pairs first, each taken once; in the order of `after`, then what is gone."""
    scores = [
        (-value, j, i)
        for i, one in enumerate(before)
        for j, other in enumerate(after)
        if (value := score(one, other)) >= least
    ]
    of: dict[int, int] = {}
    for _, j, i in sorted(scores):
        if j not in of and i not in of.values():
            of[j] = i
    kept = [(before[of[j]] if j in of else None, other) for j, other in enumerate(after)]
    return [*kept, *((one, None) for i, one in enumerate(before) if i not in of.values())]


def similarity(one: str, other: str) -> float:
    """Share of words that two texts have in common, from 0 to 1."""
    left, right = (Counter(re.findall(r"\w+", text)) for text in (one, other))
    words = left.total() + right.total()
    return 2 * (left & right).total() / words if words else 0.0
