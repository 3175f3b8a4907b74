"""Run a race: A, B, C, A, B, C, ... take turns, so that a busy machine meets all alike."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from itertools import cycle
from time import perf_counter
from typing import Any

from workbench.measure.alternate import LEAST_ROUNDS, alternate, seconds_of
from workbench.measure.peak_memory import peak_bytes
from workbench.measure.race import Entrant, Race

Turn = Callable[[], Any]


def run(
    entrants: Mapping[str, Any],
    *,
    seconds: float,
    rounds: int,
    per: str = "batch",
    batches_per_epoch: int | None = None,
    memory: bool = False,
) -> Race:
    """See `workbench.race`, which also opens data."""
    check_names(entrants)
    _check_counts(rounds, batches_per_epoch)
    began = perf_counter()
    turns = {name: _warmed_up(name, entrant) for name, entrant in entrants.items()}
    peaks = {name: _named(name, partial(peak_bytes, turns[name])) for name in turns if memory}
    timers = [partial(_named, name, partial(seconds_of, turn)) for name, turn in turns.items()]
    times = alternate(timers, seconds=seconds + began - perf_counter(), rounds=rounds)
    entrants_ = zip(turns, zip(*times, strict=True), strict=True)
    return Race(
        tuple(Entrant(name, values, peaks.get(name)) for name, values in entrants_),
        per,
        batches_per_epoch,
    )


def check_names(entrants: Mapping[str, Any]) -> None:
    """Refuse what is no mapping from names.

    Raises:
        TypeError: If a name is no text.
        ValueError: If there are no entrants.
    """
    if not isinstance(entrants, Mapping) or not entrants:
        raise ValueError(
            "entrants: expected names and what makes a batch, as {'before': f, 'after': g}. "
            f"Received: {entrants!r:.60}"
        )
    for name in entrants:
        if not isinstance(name, str):
            raise TypeError(f"entrants: expected names that are text. Received: {name!r:.60}")


def _check_counts(rounds: int, batches_per_epoch: int | None) -> None:
    if rounds < LEAST_ROUNDS:
        raise ValueError(f"rounds: expected at least {LEAST_ROUNDS}. Received: {rounds}")
    if batches_per_epoch is not None and batches_per_epoch < 1:
        raise ValueError(f"batches_per_epoch: expected at least 1. Received: {batches_per_epoch}")


def _warmed_up(name: str, entrant: Any) -> Turn:
    """What makes the next batch, after the first, which imports and touches memory."""
    turn = _turn(name, entrant)
    made = _named(name, turn)
    is_function = turn is entrant
    if not is_function:
        return turn
    # A function may make what gives batches: that is no work yet, and would look infinitely fast.
    if hasattr(made, "__next__"):
        turn = partial(next, _endless(turn))
    elif gives_by_number(made):
        turn = _turn(name, made)
    else:
        return turn
    _named(name, turn)
    return turn


def _turn(name: str, entrant: Any) -> Turn:
    if hasattr(entrant, "__next__"):
        return partial(next, entrant)
    if gives_by_number(entrant):
        if not len(entrant):
            raise ValueError(f"{name}: no batches")
        places = cycle(range(len(entrant)))
        return lambda: entrant[next(places)]
    if callable(entrant):
        return entrant  # type: ignore[no-any-return]
    if hasattr(entrant, "__iter__"):
        return partial(next, _endless(lambda: entrant))
    raise TypeError(
        f"{name}: expected a function without arguments, an iterator, or an object with "
        f"__getitem__ and __len__. Received: {entrant!r:.60} of type {type(entrant).__name__}"
    )


def gives_by_number(value: Any) -> bool:
    """Whether it gives batches by number. A class gives none, but may make what does."""
    if isinstance(value, type | tuple | list | Mapping | str | bytes):
        return False
    by_number = hasattr(value, "__getitem__") and hasattr(value, "__len__")
    return by_number and not hasattr(value, "__array__")  # an array is a batch


def _endless(make: Callable[[], Iterable[Any]]) -> Iterator[Any]:
    """One epoch after the other. Holds no batch: an old one kept alive slows the next."""
    while True:
        batches = iter(make())
        yield _first(batches)
        yield from batches


def _first(batches: Iterator[Any]) -> Any:
    try:
        return next(batches)
    except StopIteration:
        raise ValueError("no batches") from None


def _named(name: str, do: Callable[[], Any]) -> Any:
    """Do it; an error says which entrant's it is."""
    try:
        return do()
    except StopIteration:
        raise RuntimeError(
            f"{name}: ran out of batches. Give a function that makes the iterator anew"
        ) from None
    except Exception as error:
        error.add_note(f"This is the entrant {name!r} of the race.")
        raise
