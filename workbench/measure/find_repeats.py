"""Whether workers or epochs draw the same augmentation: the finding, and how it is judged."""

from __future__ import annotations

import multiprocessing
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Literal

from workbench.isolation.restore_state import restored_state
from workbench.loader import Loader
from workbench.measure.batch_times import FeedOptions
from workbench.measure.workers.worker_errors import USE_THREADS
from workbench.result import Result

if TYPE_CHECKING:
    from workbench.measure.workers.same_batch import SampleHashes, WorkerBatch

# How often one batch is made in this thread, to see whether it is random. A batch that is flipped
# or not, by chance, looks the same 8 times in 1 of 128 cases.
TRIES = 8
# Batches that each worker makes in an epoch. Workers repeat each other if all of theirs are equal:
# two are enough, unless so few draws are possible (one image, flipped or not) that chance repeats
# them.
ROUNDS, MANY_ROUNDS = 2, 16

Nature = Literal["random", "by epoch", "fixed"]
SEED = (
    "In __getitem__, draw from rng = np.random.default_rng([seed, self.epoch, index]), and "
    "increase self.epoch in on_epoch_end"
)
COPIES = "Each worker process starts with a copy of the same random state"


@dataclass(frozen=True)
class Repeats(Result):
    """What workers drew when all were asked for the same batch, over several epochs.

    Attributes:
        nature: "random" if a batch that is made twice differs; "by epoch" if it differs in the next
            epoch only, as with our own datasets, where workers should agree; "fixed" if it never
            differed.
        drawn: Number of samples that workers made, over all epochs.
        distinct: How many of them differ, compared at the same position of the batch.
        batches: Number of batches that workers made.
        distinct_batches: How many of them differ.
        across_epochs: Number of batches that an earlier epoch had already given.
        found: What repeats and should not, as sentences; empty if nothing does.
        advice: What to do about it.
        workers: Number of workers that took part.
        use_multiprocessing: Processes instead of threads.
        start_method: How processes start; None for threads.
        epochs: Number of epochs.
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
        raise ValueError(f"epochs: expected at least 1. Received: epochs={epochs}")
    options = FeedOptions(workers, use_multiprocessing, max_queue_size=2 * workers)
    with restored_state(loader.original):
        _set_options(loader, options)
        checked = preflight.examine(loader, workers, use_multiprocessing)
        checked.raise_problems()
        nature, few_draws = _nature(loader)
    with restored_state(loader.original):
        _set_options(loader, options)
        limits = feed.limits_for(options, checked)
        rounds = MANY_ROUNDS if few_draws else ROUNDS
        batches = same_batch.request_batches(loader, options, rounds, epochs, limits)
    return _judge(batches, nature, options, epochs)


def _nature(loader: Loader) -> tuple[Nature, bool]:
    """How a batch depends on chance, and whether few draws are possible."""
    from workbench.measure.workers.same_batch import INDEX, fetch, hash_samples

    tries = {hash_samples(loader[INDEX]) for _ in range(TRIES)}
    if len(tries) > 1:
        return "random", len(tries) < TRIES
    for _ in range(2):
        loader.begin_epoch()
        again = {hash_samples(fetch(loader, INDEX)) for _ in range(2)}
        if len(again) > 1:
            return "random", True
        tries |= again
        fetch(loader, loader.last_index)  # some loaders count their epochs by the last batch
        loader.end_epoch()
    return "by epoch" if len(tries) > 1 else "fixed", False


def _judge(
    batches: list[WorkerBatch], nature: Nature, options: FeedOptions, epochs: int
) -> Repeats:
    by_epoch = _by_epoch(batches)
    found: list[str] = []
    if nature == "random":
        found += _same_workers(by_epoch)
    if nature != "fixed":
        found += _same_epochs(by_epoch)
    samples = [numbered for each in batches for numbered in enumerate(each.samples)]
    processes = options.use_multiprocessing
    return Repeats(
        nature,
        drawn=len(samples),
        distinct=len(set(samples)),
        batches=len(batches),
        distinct_batches=len({each.samples for each in batches}),
        across_epochs=_repeated(batches),
        found=tuple(found),
        advice=_advice(nature, bool(found), processes),
        workers=max(len(workers) for workers in by_epoch.values()),
        use_multiprocessing=processes,
        start_method=multiprocessing.get_start_method() if processes else None,
        epochs=epochs,
    )


def _by_epoch(batches: list[WorkerBatch]) -> dict[int, list[tuple[SampleHashes, ...]]]:
    """The batches that each worker made in turn, for each epoch."""
    found: dict[int, dict[int, list[SampleHashes]]] = defaultdict(lambda: defaultdict(list))
    for each in batches:
        found[each.epoch][each.worker].append(each.samples)
    return {epoch: [tuple(b) for b in workers.values()] for epoch, workers in found.items()}


def _same_workers(by_epoch: dict[int, list[tuple[SampleHashes, ...]]]) -> Iterator[str]:
    for epoch, workers in by_epoch.items():
        if len(set(workers)) < len(workers):
            yield (
                f"In epoch {epoch + 1} workers repeat each other: {len(workers)} workers, "
                f"{len(set(workers))} distinct series of draws."
            )
            return


def _same_epochs(by_epoch: dict[int, list[tuple[SampleHashes, ...]]]) -> Iterator[str]:
    for later, workers in by_epoch.items():
        for earlier in range(later):
            if set(workers) & set(by_epoch[earlier]):
                yield f"Epoch {later + 1} repeats epoch {earlier + 1}."
                return


def _repeated(batches: list[WorkerBatch]) -> int:
    first: dict[SampleHashes, int] = {}
    return sum(first.setdefault(each.samples, each.epoch) < each.epoch for each in batches)


def _advice(nature: Nature, found: bool, processes: bool) -> tuple[str, ...]:
    if nature == "fixed":
        return ("If the loader should augment, make its random values depend on the epoch.",)
    if not found:
        return ()
    if nature == "by epoch":
        return ("The workers do not see the epoch change: increase it in on_epoch_end.",)
    return (f"{COPIES}. {SEED}, or {USE_THREADS}.",) if processes else (f"{SEED}.",)


def _set_options(loader: Loader, options: FeedOptions) -> None:
    """Set the options on the user's object: a loader may count its epochs by how it is fed.

    Ours does. With one worker it counts the batches of an epoch, but here a single one is asked for
    again and again; with several it goes by `on_epoch_end`.
    """
    for name, value in asdict(replace(options, workers=max(2, options.workers))).items():
        if hasattr(loader.original, name):
            setattr(loader.original, name, value)
