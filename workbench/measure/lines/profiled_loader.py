"""Run batches of a loader with or without the line profiler, in whichever thread asks."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from contextlib import nullcontext
from functools import cache
from typing import Any

from workbench.batch import leading_dimension
from workbench.compat.keras_module_names import PY_DATASET
from workbench.loader import Loader
from workbench.measure import peak_memory
from workbench.measure.batch_log import BatchLog, read_clocks
from workbench.measure.lines.call_graph import CallGraph, FunctionKey
from workbench.measure.lines.instrument import InstrumentedFunctions
from workbench.measure.lines.observations import Observation
from workbench.measure.lines.record_calls import record
from workbench.measure.user_code import package_of

# A function below this share of a batch is part of the line that calls it.
LEAST_SHARE = 0.01
MOST_FUNCTIONS = 20
# Batches that are recorded before anything is profiled, and seconds after which fewer will do.
MOST_RECORDED = 4
RECORDED_SECONDS = 0.15
# Modules whose methods are not the loader's own: every PyDataset inherits from the first, and
# nothing in a tf.data pipeline is the user's.
BASE_MODULES = (PY_DATASET, "tensorflow.")


class ProfiledLoader:
    """A loader with its costly functions found and instrumented; `remove` undoes that.

    Args:
        loader: Gives the batches.
        libraries: Packages whose functions are profiled too.
        warm_up: Run one batch first, so that imports and first reads do not count as the
            generator's own time.

    Attributes:
        log: Times of the batches; of this process only.
        calls: Call graph of the batches recorded so far.
        instruments: The instrumented functions.
        sources: Lines of source of each function.
    """

    def __init__(
        self, loader: Loader, libraries: Iterable[str] = (), *, warm_up: bool = True
    ) -> None:
        self.loader, self._libraries = loader, tuple(libraries)
        self._is_recorded = _recorded_files(loader, frozenset(self._libraries))
        self.log = BatchLog(loader)
        self.calls = CallGraph()
        if warm_up:
            self._run(0)
        while self.calls.total_seconds < RECORDED_SECONDS and self.calls.batches < MOST_RECORDED:
            self.calls.add(self.record(self.calls.batches))
        self._instrument()

    def record(self, number: int) -> CallGraph:
        """Record a batch; `add_calls` adds the result to `calls`."""
        found, index = CallGraph(), number % len(self.loader)
        record(found, lambda: self._run(index), self._is_recorded)
        return found

    def add_calls(self, found: CallGraph) -> bool:
        """Add the calls of a later batch; return whether other functions should be profiled now."""
        for function in self.instruments.functions:
            found.codes.pop(function, None)  # the profiler's copy, not the original
        self.calls.add(found)
        return not self._costliest.issuperset(self.calls.costliest(LEAST_SHARE, MOST_FUNCTIONS))

    def instrument_again(self) -> None:
        """Profile the functions that take the time by what has been recorded now."""
        self.remove()
        self._instrument()

    def _instrument(self) -> None:
        functions = self.calls.costliest(LEAST_SHARE, MOST_FUNCTIONS)
        self._costliest = set(functions)
        self.sources = {function: self._source(function) for function in functions}
        self.instruments = InstrumentedFunctions(self.calls, functions)
        if self.loader.forward_only:
            self.loader.restart()  # an existing generator has the old code
            self._run(0)

    def remove(self) -> None:
        """Restore all functions."""
        self.instruments.remove()

    def __reduce__(self) -> tuple[Any, ...]:
        # Another process has to find the functions again.
        return ProfiledLoader, (self.loader, self._libraries)

    def batch(self, index: int, profiled: bool) -> tuple[Observation, Any]:
        """Run one batch; return its observation without line timings, and the batch."""
        with self.instruments.enabled_in_thread() if profiled else nullcontext():
            began = read_clocks()
            batch = self.loader[index]
            seconds = self.log.add(index, began)
        return Observation(1, leading_dimension(batch), seconds), batch

    def peak_bytes(self, index: int) -> int:
        """Peak memory that a batch newly allocates, through Python and NumPy."""
        return peak_memory.peak_bytes(lambda: self._run(index))

    def _run(self, index: int) -> None:
        # The batch is dropped at once: a batch that stays alive makes the next ones slower.
        self.loader[index]
        self.log.mark(index)

    def _source(self, function: FunctionKey) -> list[str]:
        """The function's lines, read now: an edited notebook cell would show others later."""
        code = next(iter(self.calls.codes[function].values()))
        try:
            return [line.rstrip("\n") for line in inspect.getsourcelines(code)[0]]
        except (OSError, TypeError):
            return []


def _recorded_files(loader: Loader, libraries: frozenset[str]) -> Callable[[str], bool]:
    """Whether functions of a file are recorded: the user's code, and the loader's own class.

    The class is the user's as a rule, but Keras's for `ImageDataGenerator().flow(...)`.
    """
    own = {
        method.__code__.co_filename
        for kind in type(loader.original).__mro__
        for method in vars(kind).values()
        if inspect.isfunction(method) and not kind.__module__.startswith(BASE_MODULES)
    }

    @cache
    def is_recorded(file: str) -> bool:
        package = package_of(file)
        return package is None or file in own or package in libraries

    return is_recorded
