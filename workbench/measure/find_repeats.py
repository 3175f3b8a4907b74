"""Whether workers or epochs draw the same augmentation: the finding, and how it is judged."""

from __future__ import annotations

import multiprocessing
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Literal

from workbench.isolation.restore_state import restored_state
from workbench.loader import Loader
from workbench.measure.batch_times import Kind
from workbench.measure.workers.worker_errors import USE_THREADS
from workbench.result import Result

if TYPE_CHECKING:
    from workbench.measure.workers.same_batch import Batch, Given

# How often one batch is asked for in this thread, to see whether it is random: one that is flipped
# or not, by chance, looks the same 8 times in 1 of 128 cases.
TRIES = 8
# Batches that a worker gives in an epoch. Workers repeat each other if all of theirs are equal:
# two will do, unless draws are so few (one image that is flipped or not) that chance repeats them.
ROUNDS, MANY_ROUNDS = 2, 16

Nature = Literal["random", "by epoch", "fixed"]
SEED = (
    "Draw from rng = np.random.default_rng([seed, self.epoch, index]), made in __getitem__, and "
    "count self.epoch up in on_epoch_end"
)
COPIES = "Each worker process begins with a copy of the same random state"


@dataclass(frozen=True)
class Repeats(Result):
    """What workers drew when all were asked for the same batch, over several epochs.

    Attributes:
        nature: "random" if a batch asked for twice differs; "by epoch" if it differs in the next
            epoch only, as our own datasets have it, and as workers should then agree on it;
            "fixed" if nothing was seen to differ.
        drawn: Samples that workers gave, over all epochs.
        distinct: How many of them differ, place by place in the batch.
        batches: Batches that workers gave.
        distinct_batches: How many of them differ.
        across_epochs: Batches of later epochs that an earlier epoch had already given.
        found: What repeats and should not, in words; empty if nothing does.
        advice: What to do.
        workers: How many took part.
        use_multiprocessing: Processes instead of threads.
        start_method: How processes start; None for threads.
        epochs: As asked for.
    """

    nature: Nature
    drawn: int
    distinct: int
    batches: int
    distinct_batches: int
    across_epochs: int
    found: tuple[str, ...]
    advice: tuple[str, ...]
    workers: int
    use_multiprocessing: bool
    start_method: str | None
    epochs: int


def find(loader: Loader, workers: int, use_multiprocessing: bool, epochs: int) -> Repeats:
    """See `workbench.find_repeats`."""
    from workbench.measure import feed
    from workbench.measure.workers import preflight, same_batch

    feed.check_arguments(loader, workers)
    if epochs < 1:
        raise ValueError(f"expected at least one epoch. Received: epochs={epochs}")
    kind = Kind(workers, use_multiprocessing, max_queue_size=2 * workers)
    with restored_state(loader.original):
        _set_feed(loader, kind)
        ready = preflight.examine(loader, workers, use_multiprocessing)
        ready.raise_problems()
        nature, many = _nature(loader)
    with restored_state(loader.original):
        _set_feed(loader, kind)
        limits = feed.limits_for(kind, ready)
        given = same_batch.ask(loader, kind, MANY_ROUNDS if many else ROUNDS, epochs, limits)
    return _judge(given, nature, kind, epochs)


def _nature(loader: Loader) -> tuple[Nature, bool]:
    """What kind of loader it is, and whether its draws are few."""
    from workbench.measure.workers.same_batch import INDEX, fetch, fingerprint

    tries = {fingerprint(loader[INDEX]) for _ in range(TRIES)}
    if len(tries) > 1:
        return "random", len(tries) < TRIES
    for _ in range(2):
        loader.begin_epoch()
        again = {fingerprint(fetch(loader, INDEX)) for _ in range(2)}
        if len(again) > 1:
            return "random", True
        tries |= again
        fetch(loader, len(loader) - 1)  # some count their epochs by the last batch
        loader.end_epoch()
    return "by epoch" if len(tries) > 1 else "fixed", False


def _judge(given: list[Given], nature: Nature, kind: Kind, epochs: int) -> Repeats:
    by_epoch = _by_epoch(given)
    found: list[str] = []
    if nature == "random":
        found += _same_workers(by_epoch)
    if nature != "fixed":
        found += _same_epochs(by_epoch)
    samples = [place for each in given for place in enumerate(each.batch)]
    processes = kind.use_multiprocessing
    return Repeats(
        nature,
        drawn=len(samples),
        distinct=len(set(samples)),
        batches=len(given),
        distinct_batches=len({each.batch for each in given}),
        across_epochs=_repeated(given),
        found=tuple(found),
        advice=_advice(nature, bool(found), processes),
        workers=max(len(workers) for workers in by_epoch.values()),
        use_multiprocessing=processes,
        start_method=multiprocessing.get_start_method() if processes else None,
        epochs=epochs,
    )


def _by_epoch(given: list[Given]) -> dict[int, list[tuple[Batch, ...]]]:
    """What each worker gave in turn, for each epoch."""
    found: dict[int, dict[int, list[Batch]]] = defaultdict(lambda: defaultdict(list))
    for each in given:
        found[each.epoch][each.worker].append(each.batch)
    return {epoch: [tuple(b) for b in workers.values()] for epoch, workers in found.items()}


def _same_workers(by_epoch: dict[int, list[tuple[Batch, ...]]]) -> Iterator[str]:
    for epoch, workers in by_epoch.items():
        if len(set(workers)) < len(workers):
            yield (
                f"In epoch {epoch + 1} workers repeat each other: {len(workers)} workers, "
                f"{len(set(workers))} distinct series of draws."
            )
            return


def _same_epochs(by_epoch: dict[int, list[tuple[Batch, ...]]]) -> Iterator[str]:
    for later, workers in by_epoch.items():
        for earlier in range(later):
            if set(workers) & set(by_epoch[earlier]):
                yield f"Epoch {later + 1} repeats epoch {earlier + 1}."
                return


def _repeated(given: list[Given]) -> int:
    first: dict[Batch, int] = {}
    return sum(first.setdefault(each.batch, each.epoch) < each.epoch for each in given)


def _advice(nature: Nature, found: bool, processes: bool) -> tuple[str, ...]:
    if nature == "fixed":
        return ("If it should augment, let its random values depend on the epoch.",)
    if not found:
        return ()
    if nature == "by epoch":
        return ("The epoch does not reach the workers: count it up in on_epoch_end.",)
    return (f"{COPIES}: {SEED}, or {USE_THREADS}.",) if processes else (f"{SEED}.",)


def _set_feed(loader: Loader, kind: Kind) -> None:
    """As the user would set it: a loader may count its epochs by how it is fed; ours does.

    With one worker ours counts the batches of a pass, and here one alone is asked for, again and
    again: with several it goes by `on_epoch_end`.
    """
    for name, value in asdict(replace(kind, workers=max(2, kind.workers))).items():
        if hasattr(loader.original, name):
            setattr(loader.original, name, value)
