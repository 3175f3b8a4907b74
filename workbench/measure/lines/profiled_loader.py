"""Runs batches of a loader, plain or under the line profiler, in whichever thread asks."""

from __future__ import annotations

import inspect
from collections.abc import Iterable
from contextlib import nullcontext
from dataclasses import dataclass, field
from functools import cache
from time import perf_counter
from typing import Any

from workbench.batch import leading_dimension
from workbench.compat.keras_modules import PY_DATASET
from workbench.loader import Loader
from workbench.measure import peak_memory
from workbench.measure.lines.instrument import Instruments, Ticks
from workbench.measure.lines.record_calls import Calls, Place, record
from workbench.measure.user_code import package_of

# A function below this share of a batch is part of the line that calls it.
LEAST_SHARE = 0.01
MOST_FUNCTIONS = 20
# Batches that are looked at for the calls before anything is profiled.
FIRST_RECORDED = 4
RECORDED_SECONDS = 0.15


@dataclass
class Seen:
    """What running some batches showed.

    Attributes:
        batches: How many.
        samples: By their real leading dimension.
        seconds: In `__getitem__`, summed over workers.
        handover: Seconds to pass them on to another process, summed over workers.
        ticks: Of profiled batches, these alone.
    """

    batches: int = 0
    samples: int = 0
    seconds: float = 0.0
    handover: float = 0.0
    ticks: Ticks = field(default_factory=dict)

    def add(self, other: Seen) -> None:
        """Add another one, ticks left out."""
        self.batches += other.batches
        self.samples += other.samples
        self.seconds += other.seconds
        self.handover += other.handover


class Probe:
    """A loader with its costly functions found and instrumented; `remove` undoes that.

    Args:
        loader: Gives the batches.
        libraries: Packages whose functions are profiled too.
        warm_up: Run one batch first, so that imports and first reads are not taken for the
            generator's own time.
    """

    def __init__(
        self, loader: Loader, libraries: Iterable[str] = (), *, warm_up: bool = True
    ) -> None:
        self.loader, self._libraries = loader, tuple(libraries)
        self._follow = _follower(loader, frozenset(self._libraries))
        self.calls = Calls()
        if warm_up:
            self._run(0)
        while self.calls.total < RECORDED_SECONDS and self.calls.batches < FIRST_RECORDED:
            self.calls.add(self.record(self.calls.batches))
        self._instrument()

    def record(self, number: int) -> Calls:
        """What a batch calls; goes into `calls` by `learn`."""
        found = Calls()
        record(found, lambda: self._run(number % len(self.loader)), self._follow)
        return found

    def learn(self, found: Calls) -> bool:
        """Add what a later batch called; whether more functions should be profiled now."""
        for place in self.instruments.places:
            found.codes.pop(place, None)  # not its own code, as long as it is profiled
        self.calls.add(found)
        return not self._sought.issuperset(self.calls.carrying(LEAST_SHARE, MOST_FUNCTIONS))

    def instrument_again(self) -> None:
        """Profile the functions that carry the time by what is known now."""
        self.remove()
        self._instrument()

    def _instrument(self) -> None:
        places = self.calls.carrying(LEAST_SHARE, MOST_FUNCTIONS)
        self._sought = set(places)
        self.sources = {place: self._source(place) for place in places}
        self.instruments = Instruments(self.calls, places)
        if self.loader.forward_only:
            self.loader.restart()  # a generator that was made before has the old code
            self._run(0)

    def remove(self) -> None:
        """Put all functions back as they were."""
        self.instruments.remove()

    def __reduce__(self) -> tuple[Any, ...]:
        # In another process functions have to be found anew.
        return Probe, (self.loader, self._libraries)

    def batch(self, index: int, profiled: bool) -> tuple[Seen, Any]:
        """Run one batch; what was seen, its ticks left out, and the batch itself."""
        with self.instruments.here() if profiled else nullcontext():
            began = perf_counter()
            batch = self.loader[index]
            seconds = perf_counter() - began
        return Seen(1, leading_dimension(batch), seconds), batch

    def peak_bytes(self, index: int) -> int:
        """The most that a batch newly allocates at a time, through Python and NumPy."""
        return peak_memory.peak_bytes(lambda: self._run(index))

    def _run(self, index: int) -> None:
        # The batch is dropped at once: keeping batches alive makes the next ones slower.
        self.loader[index]

    def _source(self, place: Place) -> list[str]:
        """The function's lines, copied now: an edited notebook cell would show others later."""
        code = next(iter(self.calls.codes[place].values()))
        try:
            return [line.rstrip("\n") for line in inspect.getsourcelines(code)[0]]
        except (OSError, TypeError):
            return []


def _follower(loader: Loader, libraries: frozenset[str]) -> Any:
    """Tells whether functions of a file are profiled: the user's code, and the loader's own class.

    That is the user's as a rule; with `ImageDataGenerator().flow(...)` it is Keras's.
    """
    own = {
        method.__code__.co_filename
        for kind in type(loader.original).__mro__
        for method in vars(kind).values()
        if inspect.isfunction(method) and not kind.__module__.startswith(_BASES)
    }

    @cache
    def follows(file: str) -> bool:
        package = package_of(file)
        return package is None or file in own or package in libraries

    return follows


# What every PyDataset inherits is not the loader's own, and of a tf.data pipeline nothing is.
_BASES = (PY_DATASET, "tensorflow.")
