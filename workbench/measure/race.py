"""Results of races: ways of making a batch, timed in alternation by `run_race`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from workbench.measure.stats import Summary
from workbench.result import Chart, Result, renderer

LEAST_DIFFERENCE = 0.02  # the order within a round alone causes such a difference
Verdict = Literal["faster", "slower", "no difference seen"]


@dataclass(frozen=True)
class Entrant:
    """One way of making a batch, and its times.

    Attributes:
        name: Its name.
        seconds: Seconds of one run in each round; of a block's runs the mean.
        peak_bytes: Peak memory that one run newly allocated through Python and NumPy. Does not
            include what OpenCV and TensorFlow allocate themselves, nor pages of a memory map. None
            if not measured.
    """

    name: str
    seconds: tuple[float, ...]
    peak_bytes: int | None = None

    @property
    def ms(self) -> Summary:
        """Milliseconds per run."""
        return Summary.of(self.seconds).times(1e3)


@dataclass(frozen=True, repr=False)
class Race(Result):
    """What `workbench.race` measured.

    Attributes:
        entrants: In the order in which they run in a round.
        per: What one run makes, such as "batch".
        batches_per_epoch: Number of batches in an epoch; None if unknown.
        in_blocks: Whether turns were blocks of batches, so that those made ahead do not count.
        notes: Remarks without which the times could be misread.
    """

    entrants: tuple[Entrant, ...]
    per: str = "batch"
    batches_per_epoch: int | None = None
    in_blocks: bool = False
    notes: tuple[str, ...] = ()

    def __getitem__(self, name: str) -> Entrant:
        found = next((entrant for entrant in self.entrants if entrant.name == name), None)
        if found is None:
            names = ", ".join(entrant.name for entrant in self.entrants)
            raise KeyError(f"no entrant {name!r}; there are: {names}")
        return found

    @property
    def first(self) -> Entrant:
        """The entrant that the others are compared with."""
        return self.entrants[0]

    @property
    def rounds(self) -> int:
        """Number of counted rounds."""
        return len(self.first.seconds)

    def times_as_fast(self, name: str) -> Summary:
        """The first entrant's time divided by this one's in each round: above 1 is faster."""
        return Summary.of(self._ratios(name))

    def bounds(self, name: str) -> tuple[float, float]:
        """Range of the ratios that decides the verdict: the middle half and one more at each end.

        With few rounds that is most or all of them. For equally fast entrants 1 lies outside by
        chance once in 14 races with 8 rounds, and once in 80 with 20.
        """
        ratios = sorted(self._ratios(name))
        dropped = max(0, len(ratios) // 4 - 1)
        return ratios[dropped], ratios[-1 - dropped]

    def verdict(self, name: str) -> Verdict:
        """Faster or slower than the first if both bounds are more than 2 % away from 1."""
        low, high = self.bounds(name)
        if low > 1 + LEAST_DIFFERENCE:
            return "faster"
        return "slower" if high < 1 - LEAST_DIFFERENCE else "no difference seen"

    def _ratios(self, name: str) -> list[float]:
        pairs = zip(self.first.seconds, self[name].seconds, strict=True)
        return [first / own for first, own in pairs]

    def epoch_seconds(self, name: str) -> Summary | None:
        """Seconds of an epoch in this thread; None if `batches_per_epoch` is unknown."""
        batches = self.batches_per_epoch
        return None if batches is None else Summary.of(self[name].seconds).times(batches)

    def chart(self) -> Chart:
        """Bar chart with all values and quartiles, in the colours of the notebook's theme."""
        chart: Chart = renderer("race_chart").of_race(self)
        return chart


@dataclass(frozen=True, repr=False)
class Races(Result):
    """The same race in several cases: sizes, types, machines.

    Args:
        races: Races by the name of their case, all with the same first entrant.

    Raises:
        ValueError: If there are no races, or their first entrants differ.

    Example:
        >>> wb.Races({size: wb.race(ways_of(size)) for size in (64, 224)})
    """

    races: Mapping[str, Race]

    def __post_init__(self) -> None:
        firsts = {race.first.name for race in self.races.values()}
        if len(firsts) != 1:
            raise ValueError(
                "races: expected at least one, all with the same first entrant. "
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
        """The names of all other entrants, of any race."""
        names = [entrant.name for race in self.races.values() for entrant in race.entrants[1:]]
        return tuple(dict.fromkeys(names))

    def chart(self) -> Chart:
        """Chart of how many times as fast as the first each entrant is, by case."""
        chart: Chart = renderer("race_chart").of_races(self)
        return chart

    def to_dict(self) -> dict[str, Any]:
        """As plain dicts and tuples, for JSON, including the raw values."""
        return {case: race.to_dict() for case, race in self.races.items()}
