"""Run a race: A, B, C, A, B, C, ... take turns, so that a busy machine slows all alike.

Functions make a batch in each turn. What yields batches may make them ahead, in threads or
processes that work during the others' turns: its turns are blocks of batches, without those that
were ready. Functions that turn out to do the same take turns in blocks as well.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from itertools import count
from statistics import median
from time import perf_counter
from typing import Any

from workbench.loader import Loader
from workbench.measure.alternate import (
    LEAST_BATCHES,
    LEAST_ROUNDS,
    alternate,
    seconds_in_block,
    seconds_of,
)
from workbench.measure.batch_log import BatchLog
from workbench.measure.peak_memory import peak_bytes
from workbench.measure.race import Entrant, Race

BLOCKS = 8  # rounds of blocks in the time given, if each has the fewest seconds or more
LEAST_BLOCK = 0.05  # seconds
# A function makes batches ahead if they take so many times as long one after the other.
AHEAD, TRIES = 1.2, 3
# Share of waiting, or of work in other threads, from which a generator may work between its turns.
ELSEWHERE = 0.1

Timers = dict[str, Callable[[], float]]


def run(
    entrants: Mapping[str, Loader | Callable[[], Any]],
    *,
    seconds: float,
    rounds: int,
    per: str = "batch",
    batches_per_epoch: int | None = None,
    memory: bool = False,
) -> Race:
    """See `workbench.race`, which opens the entrants; functions have been called once."""
    check_names(entrants)
    _check_counts(rounds, batches_per_epoch)
    until = perf_counter() + seconds
    turns = {name: _Turns(name, entrant) for name, entrant in entrants.items()}
    peaks = {name: peak_bytes(each.make) for name, each in turns.items() if memory}
    left = max(0.0, until - perf_counter())
    block = max(LEAST_BLOCK, left / BLOCKS / len(turns))
    blocks: Timers = {name: partial(each.block, block) for name, each in turns.items()}
    in_blocks = any(each.loader is not None for each in turns.values())
    if not in_blocks:
        singles: Timers = {n: partial(seconds_of, each.make) for n, each in turns.items()}
        times = _times(singles, left, rounds)
        in_blocks = any(_is_ahead(turns[name], block, values) for name, values in times.items())
    if in_blocks:
        times = _times(blocks, left, rounds)
    return Race(
        tuple(Entrant(name, values, peaks.get(name)) for name, values in times.items()),
        per,
        batches_per_epoch,
        in_blocks=in_blocks,
        notes=tuple(note for each in turns.values() for note in each.notes()),
    )


class _Turns:
    """An entrant's turns. A loader's first batch, which imports modules, is made here.

    Attributes:
        loader: The entrant, if it is a loader.
        make: Makes the next batch.
    """

    def __init__(self, name: str, entrant: Loader | Callable[[], Any]) -> None:
        self._name, self._numbers = name, count()
        self.loader = entrant if isinstance(entrant, Loader) else None
        work = self._next_batch if isinstance(entrant, Loader) else entrant
        self.make: Callable[[], Any] = partial(noting, name, work)
        if self.loader is not None:
            self._log = BatchLog(self.loader)
            self.make()
            self._rest()

    def block(self, seconds: float, least: int = LEAST_BATCHES) -> float:
        """See `seconds_in_block`."""
        found = seconds_in_block(self.make, seconds, least)
        self._rest()
        return found

    def notes(self) -> list[str]:
        """Remarks without which the times could be misread."""
        if self.loader is None:
            return []
        found = (str(self._log.cached() or ""), self.loader.runs_out)
        return [f"{self._name}: {note}" for note in found if note]

    def _rest(self) -> None:
        """End what a generator may do while others take their turns."""
        if self.loader is not None and max(self._log.waiting, self._log.elsewhere) > ELSEWHERE:
            self.loader.release()

    def _next_batch(self) -> Any:
        assert self.loader is not None
        return self._log[next(self._numbers) % len(self.loader)]


def _times(timers: Timers, seconds: float, rounds: int) -> dict[str, tuple[float, ...]]:
    found = alternate(list(timers.values()), seconds=seconds, rounds=rounds)
    return dict(zip(timers, zip(*found, strict=True), strict=True))


def _is_ahead(turns: _Turns, block: float, singles: tuple[float, ...]) -> bool:
    """Whether a function's batches take longer one after the other than in alternation."""
    usual = AHEAD * median(singles)
    return all(turns.block(block, 1) > usual for _ in range(TRIES))


def check_names(entrants: Mapping[str, Any]) -> None:
    """Check that the entrants are a mapping from names.

    Raises:
        TypeError: If a name is not a string.
        ValueError: If there are no entrants.
    """
    if not isinstance(entrants, Mapping) or not entrants:
        raise ValueError(
            "entrants: expected names and functions, as {'before': f, 'after': g}. "
            f"Received: {entrants!r:.60}"
        )
    for name in entrants:
        if not isinstance(name, str):
            raise TypeError(f"entrants: expected strings as names. Received: {name!r:.60}")


def _check_counts(rounds: int, batches_per_epoch: int | None) -> None:
    if rounds < LEAST_ROUNDS:
        raise ValueError(f"rounds: expected at least {LEAST_ROUNDS}. Received: {rounds}")
    if batches_per_epoch is not None and batches_per_epoch < 1:
        raise ValueError(f"batches_per_epoch: expected at least 1. Received: {batches_per_epoch}")


def noting(name: str, call: Callable[[], Any]) -> Any:
    """Call a function; add a note that names the entrant to its exceptions."""
    try:
        return call()
    except StopIteration:
        raise RuntimeError(
            f"{name}: ran out of batches. Pass a function that creates the iterator"
        ) from None
    except Exception as error:
        error.add_note(f"This is the entrant {name!r} of the race.")
        raise
