"""What was observed while batches ran with and without the line profiler."""

from __future__ import annotations

from collections import defaultdict, deque
from dataclasses import dataclass, field
from math import sqrt
from statistics import median, stdev

from workbench.measure.lines.call_graph import LineKey
from workbench.measure.lines.instrument import LineTimings

# Pairs that the median slowdown is taken from, so that a long session needs little memory.
PAIRS_KEPT = 501


@dataclass
class Observation:
    """Times of some batches that ran together.

    Attributes:
        batches: Number of batches.
        samples: Samples in them, by their real leading dimension.
        seconds: In `__getitem__`, summed over workers.
        transfer_seconds: To pass the batches to another process, summed over workers. Of a tf.data
            pipeline whose functions are profiled: the time in which it ran other things.
        timings: Of the lines, if the profiler was on.
    """

    batches: int = 0
    samples: int = 0
    seconds: float = 0.0
    transfer_seconds: float = 0.0
    timings: LineTimings = field(default_factory=dict)

    def add(self, other: Observation) -> None:
        """Add another one without its line timings."""
        self.batches += other.batches
        self.samples += other.samples
        self.seconds += other.seconds
        self.transfer_seconds += other.transfer_seconds


@dataclass
class LineStats:
    """Sums over the observations of a line, for its mean and spread per batch."""

    hits: int = 0
    seconds: float = 0.0
    squares: float = 0.0  # squared seconds of each observation, divided by its batches

    def add(self, hits: int, seconds: float, batches: int) -> None:
        """Add an observation."""
        self.hits += hits
        self.seconds += seconds
        self.squares += seconds**2 / batches

    def deviation(self, batches: int, observations: int) -> float:
        """Standard deviation from batch to batch in seconds; 0 with fewer than 2 observations."""
        if observations < 2:
            return 0.0
        variance = (self.squares - self.seconds**2 / batches) / (observations - 1)
        return float(max(0.0, variance) ** 0.5)


@dataclass
class PairedTotals:
    """Totals of the same batches with and without the profiler ("plain")."""

    profiled: Observation = field(default_factory=Observation)
    plain: Observation = field(default_factory=Observation)
    lines: dict[LineKey, LineStats] = field(default_factory=lambda: defaultdict(LineStats))
    observations: int = 0
    _slowdowns: deque[float] = field(default_factory=lambda: deque(maxlen=PAIRS_KEPT))

    def add_pair(self, profiled: list[Observation], plain: list[Observation]) -> None:
        """Add the same batches, run both ways."""
        for observation in profiled:
            self.add_profiled(observation)
        for observation in plain:
            self.plain.add(observation)
        slow, fast = (sum(o.seconds + o.transfer_seconds for o in way) for way in (profiled, plain))
        self._slowdowns.append(slow / fast if fast else 1.0)

    def add_profiled(self, observation: Observation) -> None:
        """Add profiled batches that did not run plain."""
        self.profiled.add(observation)
        self.observations += 1
        for function, lines in observation.timings.items():
            for line, (hits, seconds) in lines.items():
                self.lines[function, line].add(hits, seconds, observation.batches)

    @property
    def slowdown(self) -> float:
        """Profiled over plain time of the same batches, median; 1 without pairs."""
        return median(self._slowdowns) if self._slowdowns else 1.0

    @property
    def slowdown_error(self) -> float:
        """Standard error of the slowdown; with fewer than 3 pairs its distance from 1."""
        count = len(self._slowdowns)
        if count < 3:
            return abs(self.slowdown - 1)
        return stdev(self._slowdowns) / sqrt(count)


@dataclass
class UnpairedTotals(PairedTotals):
    """Totals of batches that did not run both ways: some profiled, some plain."""

    _halves: dict[bool, list[Observation]] = field(default_factory=dict)

    def add_half(self, profiled: bool, observations: list[Observation]) -> None:
        """Add batches; they count once there are others that ran the other way."""
        self._halves.setdefault(profiled, []).extend(observations)
        if len(self._halves) == 2:
            self.add_pair(self._halves.pop(True), self._halves.pop(False))
