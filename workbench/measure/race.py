"""Ways of making a batch, timed in alternation: the figures. `turns` runs them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from workbench.measure.stats import Summary
from workbench.result import Chart, Result, renderer

ALIKE = 0.02  # the position within a round alone makes such a difference, round after round
Verdict = Literal["faster", "slower", "no difference seen"]


@dataclass(frozen=True)
class Entrant:
    """One way, and how long it took.

    Attributes:
        name: As given.
        seconds: Of each turn, in the order of the rounds.
        peak_bytes: The most that one turn newly allocated at a time, through Python and NumPy;
            what OpenCV and TensorFlow allocate for themselves, and the pages of a memory map, are
            not seen. None: not measured.
    """

    name: str
    seconds: tuple[float, ...]
    peak_bytes: int | None = None

    @property
    def ms(self) -> Summary:
        """Milliseconds a turn."""
        return Summary.of(self.seconds).times(1e3)


@dataclass(frozen=True, repr=False)
class Race(Result):
    """What `workbench.race` measured.

    Attributes:
        entrants: In the order of their turns.
        per: What a turn makes: "batch", unless said otherwise.
        batches_per_epoch: What turns were multiplied by, or None.
    """

    entrants: tuple[Entrant, ...]
    per: str = "batch"
    batches_per_epoch: int | None = None

    def __getitem__(self, name: str) -> Entrant:
        found = next((entrant for entrant in self.entrants if entrant.name == name), None)
        if found is None:
            names = ", ".join(entrant.name for entrant in self.entrants)
            raise KeyError(f"no entrant {name!r}; there are: {names}")
        return found

    @property
    def first(self) -> Entrant:
        """What the others are compared with."""
        return self.entrants[0]

    @property
    def rounds(self) -> int:
        """How many were counted."""
        return len(self.first.seconds)

    def times_as_fast(self, name: str) -> Summary:
        """The first entrant's time by this one's, of each round: above 1 is faster."""
        return Summary.of(self._ratios(name))

    def bounds(self, name: str) -> tuple[float, float]:
        """What the verdict rests on: the ratios' middle half and one more at each end.

        Of few rounds that is most or all of them. Equal entrants have 1 outside it by chance once
        in 14 times at 8 rounds, once in 80 at 20.
        """
        ratios = sorted(self._ratios(name))
        dropped = max(0, len(ratios) // 4 - 1)
        return ratios[dropped], ratios[-1 - dropped]

    def verdict(self, name: str) -> Verdict:
        """Faster or slower than the first, if both bounds of the ratio are over 2 % off 1."""
        low, high = self.bounds(name)
        if low > 1 + ALIKE:
            return "faster"
        return "slower" if high < 1 - ALIKE else "no difference seen"

    def _ratios(self, name: str) -> list[float]:
        pairs = zip(self.first.seconds, self[name].seconds, strict=True)
        return [first / own for first, own in pairs]

    def epoch_seconds(self, name: str) -> Summary | None:
        """An epoch one turn after the other in this thread, if `batches_per_epoch` is known."""
        batches = self.batches_per_epoch
        return None if batches is None else Summary.of(self[name].seconds).times(batches)

    def chart(self) -> Chart:
        """Bars with all values and quartiles, in the colours of the notebook's theme."""
        chart: Chart = renderer("race_chart").of_race(self)
        return chart


@dataclass(frozen=True, repr=False)
class Races(Result):
    """The same race in several cases: sizes, types, machines.

    Args:
        races: A race by the name of its case; all with the same first entrant.

    Raises:
        ValueError: If there are none, or they compare with different entrants.

    Example:
        >>> wb.Races({size: wb.race(ways_of(size)) for size in (64, 224)})
    """

    races: Mapping[str, Race]

    def __post_init__(self) -> None:
        firsts = {race.first.name for race in self.races.values()}
        if len(firsts) != 1:
            raise ValueError(
                "races: expected one or more that all compare with the same first entrant. "
                f"Received: {', '.join(sorted(map(repr, firsts))) or 'none'}"
            )

    def __getitem__(self, case: str) -> Race:
        return self.races[case]

    def __iter__(self) -> Iterator[str]:
        return iter(self.races)

    def __len__(self) -> int:
        return len(self.races)

    @property
    def first(self) -> str:
        """The name of the entrant that all others are compared with."""
        return next(iter(self.races.values())).first.name

    @property
    def others(self) -> tuple[str, ...]:
        """The names of all other entrants, of whichever race."""
        names = [entrant.name for race in self.races.values() for entrant in race.entrants[1:]]
        return tuple(dict.fromkeys(names))

    def chart(self) -> Chart:
        """How many times as fast as the first each entrant is, case by case."""
        chart: Chart = renderer("race_chart").of_races(self)
        return chart

    def to_dict(self) -> dict[str, Any]:
        """As plain dicts and lists, for JSON; with the raw values."""
        return {case: race.to_dict() for case, race in self.races.items()}
