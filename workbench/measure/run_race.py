"""Run a race: A, B, C, A, B, C, ... take turns, so that a busy machine slows all alike."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from itertools import cycle
from time import perf_counter
from typing import Any

from workbench.measure.alternate import LEAST_ROUNDS, alternate, seconds_of
from workbench.measure.peak_memory import peak_bytes
from workbench.measure.race import Entrant, Race

MakeNext = Callable[[], Any]  # makes the entrant's next batch


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
    makers = {name: _warmed_up(name, entrant) for name, entrant in entrants.items()}
    peaks = {name: _noting(name, partial(peak_bytes, makers[name])) for name in makers if memory}
    timers = [partial(_noting, name, partial(seconds_of, make)) for name, make in makers.items()]
    times = alternate(timers, seconds=seconds + began - perf_counter(), rounds=rounds)
    by_entrant = zip(makers, zip(*times, strict=True), strict=True)
    return Race(
        tuple(Entrant(name, values, peaks.get(name)) for name, values in by_entrant),
        per,
        batches_per_epoch,
    )


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


def _warmed_up(name: str, entrant: Any) -> MakeNext:
    """A function that makes the next batch. The first, which imports modules, has been made."""
    make = _maker(name, entrant)
    made = _noting(name, make)
    is_function = make is entrant
    if not is_function:
        return make
    # A function may return what makes batches. That is no work yet, and would look infinitely fast.
    if hasattr(made, "__next__"):
        make = partial(next, _endless(make))
    elif is_indexable(made):
        make = _maker(name, made)
    else:
        return make
    _noting(name, make)
    return make


def _maker(name: str, entrant: Any) -> MakeNext:
    if hasattr(entrant, "__next__"):
        return partial(next, entrant)
    if is_indexable(entrant):
        if not len(entrant):
            raise ValueError(f"{name}: no batches")
        indices = cycle(range(len(entrant)))
        return lambda: entrant[next(indices)]
    if callable(entrant):
        return entrant  # type: ignore[no-any-return]
    if hasattr(entrant, "__iter__"):
        return partial(next, _endless(lambda: entrant))
    raise TypeError(
        f"{name}: expected a function without arguments, an iterator, or an object with "
        f"__getitem__ and __len__. Received: {entrant!r:.60} of type {type(entrant).__name__}"
    )


def is_indexable(value: Any) -> bool:
    """Whether an object gives batches by index. A class does not, though its instances may."""
    if isinstance(value, type | tuple | list | Mapping | str | bytes):
        return False
    indexable = hasattr(value, "__getitem__") and hasattr(value, "__len__")
    return indexable and not hasattr(value, "__array__")  # an array is a batch


def _endless(make: Callable[[], Iterable[Any]]) -> Iterator[Any]:
    """One epoch after the other. Holds no batch: one that stays alive slows the next."""
    while True:
        batches = iter(make())
        yield _first(batches)
        yield from batches


def _first(batches: Iterator[Any]) -> Any:
    try:
        return next(batches)
    except StopIteration:
        raise ValueError("no batches") from None


def _noting(name: str, call: Callable[[], Any]) -> Any:
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
