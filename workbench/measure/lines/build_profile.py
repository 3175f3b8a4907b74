"""Build the profile that people read from the attributed times."""

from __future__ import annotations

import json
import sys

from workbench.measure.line_profile import LineProfile
from workbench.measure.lines.attribution import Attribution
from workbench.measure.lines.call_graph import CallGraph, FunctionKey, LineKey
from workbench.measure.lines.observations import PairedTotals
from workbench.measure.lines.profiled_loader import ProfiledLoader
from workbench.measure.profile_parts import Function, HotLine, Line, Part
from workbench.user_code import NO_SOURCE

# Below this a hit takes about as long as the profiler's own bookkeeping (0.1-0.25 microseconds).
APPROXIMATE_BELOW = 1e-6
# A line below this share of a batch is not divided into parts.
LEAST_DIVIDED = 0.03
LEAST_PART = 0.005
MOST_PARTS = 5
# Mean number of threads from which on a profile says that its times are sums.
LEAST_OVERLAP = 1.05
# Why a function's own lines are not counted.
ALREADY_RUNNING = "a generator that was already running"
NOT_REPLACED = "a function that the profiler cannot reach"


class ProfileBuilder:
    """Builds a `LineProfile`.

    Args:
        loader: The loader that ran.
        attribution: How its time divides.
        totals: What was observed.
        one_thread: The attribution of a single thread, if several ran.
    """

    def __init__(
        self,
        loader: ProfiledLoader,
        attribution: Attribution,
        totals: PairedTotals,
        one_thread: Attribution | None,
    ) -> None:
        self._loader, self._attribution = loader, attribution
        self._totals, self._one_thread = totals, one_thread
        self._batch_seconds = attribution.batch_seconds or 1.0
        self._batches = totals.profiled.batches

    def build(
        self,
        batches: int,
        workers: int,
        use_multiprocessing: bool,
        peak_bytes: int | None,
        notes: tuple[str, ...],
    ) -> LineProfile:
        """The profile; the arguments are fields of it that the attribution does not know."""
        functions = [self._function(each) for each in self._loader.instruments.functions]
        functions = [f for f in functions if any(line.hits for line in f.lines)] or functions
        # `__getitem__` stays first: no function can take more.
        functions[1:] = sorted(functions[1:], key=lambda function: -function.share)
        observed = self._totals.profiled
        return LineProfile(
            batches=batches,
            seconds=observed.seconds + observed.transfer_seconds,
            unprofiled_seconds=self._attribution.batch_seconds * self._batches,
            slowdown=self._totals.slowdown,
            samples=observed.samples,
            workers=workers,
            use_multiprocessing=use_multiprocessing,
            peak_bytes=peak_bytes,
            outside=self._outside(functions),
            functions=tuple(functions),
            hot=_ranked(functions),
            notes=(*self._loader.loader.notes, *notes, *self._notes(functions)),
        )

    def _notes(self, functions: list[Function]) -> list[str]:
        at_once = self._loader.threads_at_once
        if at_once > LEAST_OVERLAP:
            milliseconds = self._batch_seconds / at_once * 1e3
            return [
                f"On average {at_once:.1f} of TensorFlow's threads ran these functions at once. "
                f"Times are sums over threads: a batch arrived every {milliseconds:.3g} ms."
            ]
        return [] if functions or self._loader.is_pipeline else self._library_notes()

    def _library_notes(self) -> list[str]:
        """Where the lines are, if none is the user's."""
        found = self._loader.calls.callerless - {"", "workbench", NO_SOURCE}
        names = sorted(found - sys.stdlib_module_names)
        if not names:
            return []
        return [
            f"All Python code that ran belongs to libraries ({', '.join(names)}). To profile it: "
            f"profile_lines(..., libraries={json.dumps(names)})"
        ]

    def _outside(self, functions: list[Function]) -> dict[str, float]:
        """Shares of a batch that are not the lines' own."""
        outside = dict.fromkeys(("keras", "conversion", "waiting", "other"), 0.0)
        transfer = "other" if self._loader.works_ahead else "conversion"
        outside[transfer] = self._attribution.transfer_seconds / self._batch_seconds
        outside["waiting"] = sum(line.waiting for f in functions for line in f.lines)
        is_keras = type(self._loader.loader.original).__module__.startswith("keras.")
        rest = "keras" if is_keras else "other"
        outside[rest] += self._attribution.other_seconds / self._batch_seconds
        return outside

    def _function(self, function: FunctionKey) -> Function:
        source, first = self._loader.sources[function], function.first_line
        ran = sorted(line for key, line in self._totals.lines if key == function)
        numbers = range(first, first + len(source)) if source else ran
        texts = dict(zip(numbers, source, strict=False))
        calls = self._loader.calls
        return Function(
            name=function.name,
            file=function.file,
            first_line=first,
            calls=round(calls.counts[function] / calls.batches * self._batches),
            share=self._attribution.function_seconds(function) / self._batch_seconds,
            lines=tuple(self._line((function, n), texts.get(n, "")) for n in numbers),
        )

    def _line(self, line: LineKey, source: str) -> Line:
        stats = self._totals.lines.get(line)
        hits = stats.hits if stats else 0
        seconds = self._attribution.line_seconds(line) * self._batches
        waiting = self._waiting_seconds(line) / self._batch_seconds
        self_seconds = self._attribution.self_seconds.get(line, 0.0)
        self_share = self_seconds / self._batch_seconds - waiting
        return Line(
            line=line[1],
            hits=hits,
            seconds=seconds,
            share=seconds / self._batches / self._batch_seconds,
            self_share=self_share,
            waiting=waiting,
            spread=self._attribution.deviations.get(line, 0.0),
            approximate=bool(hits) and seconds / hits < APPROXIMATE_BELOW,
            source=source,
            parts=_parts(self._loader.calls, line, self_share),
            libraries=_libraries(self._loader.calls, line),
            unprofiled=self._unprofiled(line),
        )

    def _unprofiled(self, line: LineKey) -> tuple[str, ...]:
        calls = self._loader.calls
        found = [
            (function, ALREADY_RUNNING if calls.is_generator(function) else NOT_REPLACED)
            for function in calls.unprofiled.get(line, ())
            if function in self._loader.costliest
        ]
        found += calls.handed_over.get(line, ())
        return tuple(sorted(f"{f.name.rpartition('<locals>.')[2]} ({why})" for f, why in found))

    def _waiting_seconds(self, line: LineKey) -> float:
        """Seconds that a line takes longer in several threads; 0 if within noise."""
        if self._one_thread is None:
            return 0.0
        together, alone = self._attribution, self._one_thread
        longer = together.self_seconds.get(line, 0.0) - alone.self_seconds.get(line, 0.0)
        errors = (together.standard_error(line), alone.standard_error(line))
        noise = (errors[0] ** 2 + errors[1] ** 2) ** 0.5
        return longer if longer > 2 * noise else 0.0


def _parts(calls: CallGraph, line: LineKey, self_share: float) -> tuple[Part, ...]:
    """The library calls of a line, as shares of a batch that add to its self share at most."""
    found = calls.library_calls[line].parts() if line in calls.library_calls else {}
    if not found or self_share < LEAST_DIVIDED:
        return ()
    shares = {name: seconds / calls.total_seconds for name, seconds in found.items()}
    # Recording slows Python code down more than other code.
    scale = min(1.0, self_share / sum(shares.values()))
    parts = [Part(name, share * scale) for name, share in shares.items()]
    return tuple(part for part in parts[:MOST_PARTS] if part.share >= LEAST_PART)


def _libraries(calls: CallGraph, line: LineKey) -> tuple[str, ...]:
    if line not in calls.library_calls:
        return ()
    least = LEAST_PART * calls.total_seconds
    packages = calls.library_calls[line].packages().items()
    return tuple(sorted(p for p, seconds in packages if seconds >= least and p != NO_SOURCE))


def _ranked(functions: list[Function]) -> tuple[HotLine, ...]:
    lines = [
        HotLine(
            f.name, f.file, line.line, line.self_share, line.source, line.parts, line.unprofiled
        )
        for f in functions
        for line in f.lines
        if line.self_share > 0
    ]
    return tuple(sorted(lines, key=lambda line: -line.self_share))
