"""Whether workers, or epochs, repeat each other's draws more often than chance does."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import combinations, product
from math import sqrt
from typing import TYPE_CHECKING, Self

from workbench.measure.workers.sample_hashes import SampleHashes

if TYPE_CHECKING:
    from workbench.measure.workers.same_batch import WorkerBatch

SURE = 4.0  # standard deviations above chance
FEW = 16  # rounds, below which chance may look like repetition
Rounds = list[list[SampleHashes]]  # what the workers made in each round of an epoch
Pairs = Iterable[tuple[SampleHashes, SampleHashes]]


@dataclass(frozen=True)
class Coincidence:
    """How many samples are equal in batches that were made at the same time by others.

    Attributes:
        share: Share of equal samples, from 0 to 1.
        chance: The same share in batches of different rounds, which only chance makes equal.
        repeats: Whether the share is clearly above chance.
        undecided: Whether more rounds are needed to tell.
    """

    share: float
    chance: float
    repeats: bool
    undecided: bool


@dataclass(frozen=True)
class Judged:
    """What repeats.

    Attributes:
        found: As sentences.
        disagree: Whether workers give different batches of which nothing is random.
        undecided: Whether more rounds are needed to tell.
    """

    found: tuple[str, ...]
    disagree: bool = False
    undecided: bool = False

    @classmethod
    def of(cls, batches: list[WorkerBatch], nature: str) -> Self:
        """Judge batches of a loader of this nature; see `Repeats`."""
        epochs = by_epoch(batches)
        if nature != "random":
            different = max(len({batch for made in rounds for batch in made}) for rounds in epochs)
            if different > 1:
                return cls((f"Within an epoch there are {different} different batches.",), True)
            return cls(tuple(_same_epochs(epochs)) if nature == "by epoch" else ())
        workers, between = between_workers(epochs), between_epochs(epochs)
        found = (*_repeating_workers(epochs, workers), *_repeating_epochs(epochs, between))
        return cls(found, undecided=workers.undecided or between.undecided)


def by_epoch(batches: list[WorkerBatch]) -> list[Rounds]:
    """The batches of each epoch, by round."""
    made: dict[tuple[int, int], list[SampleHashes]] = defaultdict(list)
    for each in batches:
        made[each.epoch, each.worker].append(each.samples)
    epochs = sorted({epoch for epoch, _ in made})
    series = [[s for (of, _), s in made.items() if of == epoch] for epoch in epochs]
    return [
        [[s[number] for s in each if number < len(s)] for number in range(max(map(len, each)))]
        for each in series
    ]


def between_workers(epochs: list[Rounds]) -> Coincidence:
    """How workers repeat each other within the rounds of an epoch."""
    pairs = [pair for rounds in epochs for made in rounds for pair in combinations(made, 2)]
    trials = sum(len(made) - 1 for rounds in epochs for made in rounds)
    return _coincidence(pairs, trials, epochs)


def between_epochs(epochs: list[Rounds]) -> Coincidence:
    """How an epoch repeats an earlier one, round by round."""
    aligned = [
        both for one, other in combinations(epochs, 2) for both in zip(one, other, strict=False)
    ]
    pairs = [pair for one, other in aligned for pair in product(one, other)]
    return _coincidence(pairs, len(aligned), epochs)


def _coincidence(
    pairs: list[tuple[SampleHashes, SampleHashes]], trials: int, epochs: list[Rounds]
) -> Coincidence:
    varying = _varying(epochs)
    equal, compared = _count(pairs, varying)
    by_chance, of = _count(_different_rounds(epochs), varying)
    if not compared:
        return Coincidence(0.0, 0.0, repeats=False, undecided=False)
    share, chance = equal / compared, by_chance / max(of, 1)
    # Where none is seen among n, a share of 3 / n is still likely.
    likely = (by_chance + 3) / (of + 3)
    above = share >= likely + SURE * sqrt(likely * (1 - likely) / trials)
    few = len(epochs[0]) < FEW and (by_chance > 0 or not above)
    return Coincidence(share, chance, repeats=above, undecided=equal > 0 and few)


def _different_rounds(epochs: list[Rounds]) -> Iterator[tuple[SampleHashes, SampleHashes]]:
    for rounds in epochs:
        for one, other in combinations(rounds, 2):
            yield from product(one, other)


def _varying(epochs: list[Rounds]) -> list[int]:
    """The positions in a batch whose sample is not always the same."""
    batches = [batch for rounds in epochs for made in rounds for batch in made]
    return [row for row, samples in enumerate(zip(*batches, strict=False)) if len(set(samples)) > 1]


def _count(pairs: Pairs, rows: list[int]) -> tuple[int, int]:
    equal = compared = 0
    for one, other in pairs:
        equal += sum(one[row] == other[row] for row in rows)
        compared += len(rows)
    return equal, compared


def _repeating_workers(epochs: list[Rounds], seen: Coincidence) -> Iterator[str]:
    if not seen.repeats:
        return
    for number, rounds in enumerate(epochs, 1):
        series = list(zip(*rounds, strict=False))
        if len(set(series)) < len(series):
            yield (
                f"In epoch {number} workers repeat each other: {len(series)} workers, "
                f"{len(set(series))} distinct series of draws."
            )
            return
    yield f"Workers repeat a part of each other's draws: {_shares(seen)}."


def _repeating_epochs(epochs: list[Rounds], seen: Coincidence) -> Iterator[str]:
    if not seen.repeats:
        return
    whole = list(_same_epochs(epochs))
    yield from whole or [f"Epochs repeat a part of each other's draws: {_shares(seen)}."]


def _same_epochs(epochs: list[Rounds]) -> Iterator[str]:
    series = [set(zip(*rounds, strict=False)) for rounds in epochs]
    for later in range(len(epochs)):
        for earlier in range(later):
            if series[later] & series[earlier]:
                yield f"Epoch {later + 1} repeats epoch {earlier + 1}."
                return


def _shares(seen: Coincidence) -> str:
    return f"{seen.share:.0%} of the samples are equal, {seen.chance:.0%} by chance"
