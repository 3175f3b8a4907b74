"""Match the lines of a function before and after an edit, by their text."""

from __future__ import annotations

import re
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterator, Sequence
from difflib import SequenceMatcher
from typing import NamedTuple, TypeVar

LEAST_RATIO = 0.6  # `difflib`'s rule of thumb for a close match
NEAR = 8  # lines below its old position where an edited line is searched
LONGEST = 200  # characters of a line that are compared

T = TypeVar("T")


class Pair(NamedTuple):
    """The same line before and after.

    Attributes:
        before: Index before; None if it was added.
        after: Index after; None if it was removed.
        moved: Whether it has the same text but different neighbours.
    """

    before: int | None
    after: int | None
    moved: bool = False


def pair_lines(before: Sequence[str], after: Sequence[str]) -> list[Pair]:
    """Each line before and each line after once, in the order of a unified diff."""
    pairs: list[Pair] = []
    for tag, i, i_end, j, j_end in SequenceMatcher(None, before, after).get_opcodes():
        olds, news = range(i, i_end), range(j, j_end)
        if tag == "equal" or len(olds) == len(news) == 1:
            pairs += [Pair(old, new) for old, new in zip(olds, news, strict=True)]
        else:
            pairs += _pair_replaced(before, after, olds, news)
    return _pair_moved(before, after, pairs)


def _pair_replaced(
    before: Sequence[str], after: Sequence[str], olds: range, news: range
) -> Iterator[Pair]:
    """Pair replaced lines: those with similar text are the same line, edited."""
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
    return all(bound() >= LEAST_RATIO for bound in bounds)


def _pair_moved(before: Sequence[str], after: Sequence[str], pairs: list[Pair]) -> list[Pair]:
    """Pair lines that were removed in one position and added in another."""
    removed: dict[str, deque[int]] = defaultdict(deque)
    for old, new, _ in pairs:
        # Brackets and blank lines occur everywhere.
        if old is not None and new is None and re.search(r"\w", before[old]):
            removed[before[old]].append(old)
    moved = {
        new: removed[after[new]].popleft()
        for old, new, _ in pairs
        if old is None and new is not None and removed.get(after[new])
    }
    paired = set(moved.values())
    return [
        Pair(moved[pair.after], pair.after, True) if pair.after in moved else pair
        for pair in pairs
        if pair.before not in paired
    ]


def pair_best(
    before: Sequence[T], after: Sequence[T], score: Callable[[T, T], float], least: float
) -> list[tuple[T | None, T | None]]:
    """Pair items with the highest scores first, each item once.

    Returns:
        Pairs in the order of `after`, then those that were removed.
    """
    scores = [
        (-value, j, i)
        for i, one in enumerate(before)
        for j, other in enumerate(after)
        if (value := score(one, other)) >= least
    ]
    match: dict[int, int] = {}
    for _, j, i in sorted(scores):
        if j not in match and i not in match.values():
            match[j] = i
    kept = [(before[match[j]] if j in match else None, other) for j, other in enumerate(after)]
    return [*kept, *((one, None) for i, one in enumerate(before) if i not in match.values())]


def similarity(one: str, other: str) -> float:
    """Share of words that two texts have in common, from 0 to 1."""
    left, right = (Counter(re.findall(r"\w+", text)) for text in (one, other))
    words = left.total() + right.total()
    return 2 * (left & right).total() / words if words else 0.0
