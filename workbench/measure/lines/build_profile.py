"""From an account of times to the profile that people read."""

from __future__ import annotations

from workbench.measure.line_profile import LineProfile
from workbench.measure.lines.attribution import Account, Totals
from workbench.measure.lines.caller_shares import Spot
from workbench.measure.lines.profiled_loader import Probe
from workbench.measure.lines.record_calls import Calls, Place
from workbench.measure.profile_parts import Function, HotLine, Line, Part
from workbench.measure.user_code import NO_SOURCE

# Below this a hit costs as much as the profiler's own bookkeeping (0.1-0.25 microseconds).
APPROXIMATE_BELOW = 1e-6
# A line below this share of a batch is not divided into parts.
LEAST_DIVIDED = 0.03
LEAST_PART = 0.005
MOST_PARTS = 5


class Writer:
    """Writes down an account as a `LineProfile`.

    Args:
        probe: What ran.
        account: How its time divides.
        totals: What was seen.
        alone: The account of one thread, if several ran.
    """

    def __init__(
        self, probe: Probe, account: Account, totals: Totals, alone: Account | None
    ) -> None:
        self._probe, self._account, self._totals, self._alone = probe, account, totals, alone
        self._whole = account.batch_seconds or 1.0
        self._count = totals.profiled.batches

    def profile(
        self, batches: int, workers: int, use_multiprocessing: bool, peak_bytes: int | None
    ) -> LineProfile:
        """The profile, with what the account does not know."""
        functions = [self._function(place) for place in self._probe.instruments.places]
        # The one that gives the batch stays first: nothing can take more.
        functions[1:] = sorted(functions[1:], key=lambda function: -function.share)
        made_in = type(self._probe.loader.original).__module__
        rest = "keras" if made_in.startswith("keras.") else "other"
        outside = dict.fromkeys(("keras", "conversion", "waiting", "other"), 0.0)
        outside["conversion"] = self._account.handover / self._whole
        outside["waiting"] = sum(line.waiting for f in functions for line in f.lines)
        outside[rest] = self._account.other / self._whole
        return LineProfile(
            batches=batches,
            seconds=self._totals.profiled.seconds + self._totals.profiled.handover,
            unprofiled_seconds=self._account.batch_seconds * self._count,
            slowdown=self._totals.slowdown,
            samples=self._totals.profiled.samples,
            workers=workers,
            use_multiprocessing=use_multiprocessing,
            peak_bytes=peak_bytes,
            outside=outside,
            functions=tuple(functions),
            hot=_ranked(functions),
            notes=self._probe.loader.notes,
        )

    def _function(self, place: Place) -> Function:
        source, first = self._probe.sources[place], place.first_line
        ran = sorted(line for where, line in self._totals.lines if where == place)
        numbers = range(first, first + len(source)) if source else ran
        texts = dict(zip(numbers, source, strict=False))
        counts = self._probe.calls
        return Function(
            name=place.name,
            file=place.file,
            first_line=first,
            calls=round(counts.counts[place] / counts.batches * self._count),
            share=self._account.function(place) / self._whole,
            lines=tuple(self._line((place, n), texts.get(n, "")) for n in numbers),
        )

    def _line(self, spot: Spot, source: str) -> Line:
        account, whole = self._account, self._whole
        sums = self._totals.lines.get(spot)
        hits = sums.hits if sums else 0
        seconds = account.inclusive(spot) * self._count
        waiting = self._waiting(spot) / whole
        own = account.own.get(spot, 0.0) / whole - waiting
        return Line(
            line=spot[1],
            hits=hits,
            seconds=seconds,
            share=seconds / self._count / whole,
            self_share=own,
            waiting=waiting,
            spread=account.deviations.get(spot, 0.0),
            approximate=bool(hits) and seconds / hits < APPROXIMATE_BELOW,
            source=source,
            parts=_parts(self._probe.calls, spot, own),
            libraries=_libraries(self._probe.calls, spot),
        )

    def _waiting(self, spot: Spot) -> float:
        """Seconds that a line takes longer in several threads, as far as it is no noise."""
        if self._alone is None:
            return 0.0
        own = self._account.own.get(spot, 0.0)
        longer = own - self._alone.own.get(spot, 0.0)
        errors = (self._account.standard_error(spot), self._alone.standard_error(spot))
        noise = (errors[0] ** 2 + errors[1] ** 2) ** 0.5
        return longer if longer > 2 * noise else 0.0


def _parts(calls: Calls, spot: Spot, own: float) -> tuple[Part, ...]:
    """The library calls of a line, as shares of a batch that add to its own at most."""
    found = calls.library[spot].parts() if spot in calls.library else {}
    if not found or own < LEAST_DIVIDED:
        return ()
    shares = {name: seconds / calls.total for name, seconds in found.items()}
    # Recording slows Python code down more than the rest.
    scale = min(1.0, own / sum(shares.values()))
    parts = [Part(name, share * scale) for name, share in shares.items()]
    return tuple(part for part in parts[:MOST_PARTS] if part.share >= LEAST_PART)


def _libraries(calls: Calls, spot: Spot) -> tuple[str, ...]:
    if spot not in calls.library:
        return ()
    found = calls.library[spot].packages()
    return tuple(
        sorted(
            name
            for name, seconds in found.items()
            if seconds >= LEAST_PART * calls.total and name != NO_SOURCE
        )
    )


def _ranked(functions: list[Function]) -> tuple[HotLine, ...]:
    lines = [
        HotLine(f.name, f.file, line.line, line.self_share, line.source, line.parts)
        for f in functions
        for line in f.lines
        if line.self_share > 0
    ]
    return tuple(sorted(lines, key=lambda line: -line.self_share))
