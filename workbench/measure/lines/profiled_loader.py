"""Run batches of a loader with or without the line profiler, in whichever thread asks."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import nullcontext
from functools import cache, partial
from types import CodeType, GeneratorType
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
from workbench.measure.lines.tensorflow_threads import RecordedThreads, TensorflowThreads
from workbench.user_code import NO_SOURCE, package_of

# A function below this share of a batch is part of the line that calls it.
LEAST_SHARE = 0.01
MOST_FUNCTIONS = 20
# Batches that are recorded before anything is profiled, and seconds after which fewer will do.
MOST_RECORDED = 4
RECORDED_SECONDS = 0.15
LEAST_SECONDS = 1e-9  # of a pipeline's functions, which are not called for batches made ahead
# Modules whose methods are not the loader's own: every PyDataset inherits from the first, and
# nothing in a tf.data pipeline is the user's.
BASE_MODULES = (PY_DATASET, "tensorflow.")
# Packages that are not followed as a whole: they run the user's code within much of their own.
FRAMEWORKS = frozenset({None, "keras", "tensorflow", "torch", "workbench", NO_SOURCE}).union(
    sys.stdlib_module_names
)


class ProfiledLoader:
    """A loader with its costly functions found and instrumented by `start`; `remove` undoes that.

    Args:
        loader: Gives the batches.
        libraries: Packages whose functions are profiled too.
        warm_up: Run one batch first, so that imports and first reads do not count as the
            generator's own time.

    Attributes:
        log: Times of the batches; of this process only.
        calls: Call graph of the batches recorded so far.
        costliest: The functions to profile. Not all can be instrumented.
        instruments: The instrumented functions.
        is_pipeline: Whether it is a tf.data pipeline, so that its functions run in threads of
            TensorFlow's.
        threads: Those threads.
        sources: Lines of source of each function.
    """

    def __init__(
        self, loader: Loader, libraries: Iterable[str] = (), *, warm_up: bool = True
    ) -> None:
        self.loader, self._libraries, self._warm_up = loader, tuple(libraries), warm_up
        self._is_recorded = _recorded_files(loader, frozenset(self._libraries))
        self.log = BatchLog(loader)
        self.calls = CallGraph()
        self.instruments = InstrumentedFunctions(self.calls, [])  # none yet
        self.is_pipeline = type(loader.original).__module__.startswith("tensorflow.")
        self.threads = TensorflowThreads()
        self._elapsed = self._called = 0.0  # seconds of batches, and of calls in threads

    def start(self) -> ProfiledLoader:
        """Run some batches to find the functions, and instrument them; returns itself.

        If that raises, or does not end, `remove` undoes what has been done.
        """
        self.threads.start()
        if self._warm_up:
            self._run(0)
        calls = self.calls
        while calls.total_seconds < RECORDED_SECONDS and calls.batches < MOST_RECORDED:
            calls.add(self.record(calls.batches))
        self._instrument()
        return self

    def record(self, number: int) -> CallGraph:
        """Record a batch; `add_calls` adds the result to `calls`."""
        found, index = CallGraph(), number % len(self.loader)
        others = RecordedThreads(self._is_recorded, self.instruments)
        self.threads.within = others.call
        try:
            record(found, lambda: self._run(index), self._is_recorded, self.instruments)
        finally:
            self.threads.within = nullcontext
        (others.add_calls if self.is_pipeline else others.name_calls)(found)
        return found

    def add_calls(self, found: CallGraph) -> bool:
        """Add the calls of a later batch; return whether other functions should be profiled now."""
        self.calls.add(found)
        return not self.costliest.issuperset(self.calls.costliest(LEAST_SHARE, MOST_FUNCTIONS))

    def instrument_again(self) -> None:
        """Profile the functions that take the time by what has been recorded now."""
        self.instruments.remove()
        self._instrument()

    def _instrument(self) -> None:
        functions = self.calls.costliest(LEAST_SHARE, MOST_FUNCTIONS)
        self.costliest = set(functions)
        self.sources = {function: self._source(function) for function in functions}
        self.instruments = InstrumentedFunctions(self.calls, functions)
        if self.loader.forward_only:
            self.loader.restart()  # an existing generator has the old code
        self.calls.unprofiled.clear()
        self.calls.profiled_edges.clear()
        # Shows which functions have lines that are counted, and which have not.
        self.calls.add(self.record(self.calls.batches))

    def remove(self) -> None:
        """Restore all functions."""
        self.instruments.remove()
        self.threads.close()

    def __reduce__(self) -> tuple[Any, ...]:
        # Another process has to find the functions again.
        return _started, (self.loader, self._libraries)

    def batch(self, index: int, profiled: bool) -> tuple[Observation, Any]:
        """Run one batch; return its observation without line timings, and the batch."""
        count = self.instruments.enabled_in_thread if profiled else nullcontext
        if self.is_pipeline:
            self.threads.within = count  # until the next batch, since the pipeline works ahead
        with count():
            began = read_clocks()
            batch = self.loader[index]
            seconds = self.log.add(index, began)
        return Observation(1, leading_dimension(batch), seconds), batch

    def divide(self, total: Observation, called: float, profiled: bool) -> None:
        """Divide the time of a pipeline's batches into that of its functions and the rest.

        Args:
            total: The batches; changed.
            called: Seconds of the functions meanwhile, summed over threads.
            profiled: Whether their lines were counted.
        """
        if not profiled:
            self._elapsed, self._called = self._elapsed + total.seconds, self._called + called
        total.transfer_seconds = max(0.0, total.seconds - called)
        total.seconds = max(called, LEAST_SECONDS)

    @property
    def works_ahead(self) -> bool:
        """Whether its functions run in threads that have begun the next batches already."""
        return self.is_pipeline and bool(self.instruments.functions)

    @property
    def threads_at_once(self) -> float:
        """How many of TensorFlow's threads ran the functions at once, on average."""
        return self._called / self._elapsed if self._elapsed else 0.0

    def peak_bytes(self, index: int) -> int | None:
        """Peak memory that a batch newly allocates, through Python and NumPy; None if unknown.

        Switching `tracemalloc` on and off while TensorFlow threads enter and leave Python crashes
        the process (seen on Python 3.11.7).
        """
        if self.threads.seconds:
            return None
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


def _started(loader: Loader, libraries: tuple[str, ...]) -> ProfiledLoader:
    return ProfiledLoader(loader, libraries).start()


def _recorded_files(loader: Loader, libraries: frozenset[str]) -> Callable[[str], bool]:
    """Whether functions of a file are recorded: the user's code, and what makes the batches.

    That is the user's as a rule, but may be Keras's, as for `ImageDataGenerator().flow(...)`, or an
    installed package, which is followed as a whole.
    """
    own = {code.co_filename for code in _own_codes(loader.original)}
    first = next(_own_codes(loader.original), None)
    package = package_of(first.co_filename) if first else None
    followed = libraries | ({package} - FRAMEWORKS)

    @cache
    def is_recorded(file: str) -> bool:
        package = package_of(file)
        return package is None or file in own or package in followed

    return is_recorded


def _own_codes(original: Any) -> Iterator[CodeType]:
    """The code of a function, of a generator, or of the methods of an object's classes."""
    if isinstance(original, GeneratorType):
        yield original.gi_code
    while isinstance(original, partial):
        original = original.func
    if inspect.isroutine(original):
        function = inspect.unwrap(original)
        code = getattr(getattr(function, "__func__", function), "__code__", None)
        yield from [code] if code else []
    for kind in type(original).__mro__:
        if not kind.__module__.startswith(BASE_MODULES):
            yield from (f.__code__ for f in vars(kind).values() if inspect.isfunction(f))
