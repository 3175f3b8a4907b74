"""Whether workers or epochs draw the same augmentation: the finding, and how it is judged."""

from __future__ import annotations

import multiprocessing
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Literal

from workbench.isolation.restore_state import restored_state
from workbench.loader import Loader
from workbench.measure.batch_times import FeedOptions
from workbench.measure.compare_epochs import compare_epochs
from workbench.measure.workers.blame import causes
from workbench.measure.workers.compare_draws import Judged, by_epoch
from workbench.measure.workers.drawn_generators import DrawnGenerators
from workbench.measure.workers.sample_hashes import SampleHashes, hash_samples
from workbench.measure.workers.worker_errors import USE_THREADS
from workbench.result import Result

if TYPE_CHECKING:
    from workbench.measure.workers.same_batch import WorkerBatch

# How often one batch is made in this thread, to see whether it is random. A batch that is flipped
# or not, by chance, looks the same 8 times in 1 of 128 cases.
TRIES = 8
# Batches that each worker makes in an epoch; more where chance alone repeats draws (one image,
# flipped or not).
ROUNDS, MANY_ROUNDS = 2, 16

Nature = Literal["random", "by epoch", "fixed"]
COPIES = "Each worker process starts with a copy of the same random state"
REPEATS, NONE = "Repeats", "No repeats"
DISAGREE = "Workers give different batches for one index although nothing is random"
SHUFFLED = "Epochs are not shuffled as they should be"


@dataclass(frozen=True)
class Repeats(Result):
    """What workers drew when all were asked for the same batch, over several epochs.

    Attributes:
        verdict: "Repeats", "No repeats", or another fault in a sentence.
        nature: "random" if a batch that is made twice differs; "by epoch" if it differs in the next
            epoch only, as with our own datasets, where workers should agree; "fixed" if it never
            differed.
        drawn: Number of samples that workers made, over all epochs.
        distinct: How many of them differ, compared at the same position of the batch.
        batches: Number of batches that workers made.
        distinct_batches: How many of them differ.
        across_epochs: Number of batches that an earlier epoch had already given.
        found: What repeats and should not, or differs and should not; empty if all is well.
        advice: What to do about it.
        workers: Number of workers that took part.
        use_multiprocessing: Processes instead of threads.
        start_method: How processes start; None for threads.
        epochs: Number of epochs.
    """

    verdict: str
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
    # One thread for all, which outlives the forks: when a thread has been joined, it may still be
    # releasing what libraries keep for it. OpenCV holds a lock meanwhile, and a process forked just
    # then waits for this lock forever in its first warp.
    with ThreadPoolExecutor(1) as thread:
        with restored_state(loader.original):
            _set_options(loader, options)
            checked = preflight.examine(loader, workers, use_multiprocessing)
            checked.raise_problems()
            drawn = DrawnGenerators(loader.original)
            nature = _nature(loader, thread)
            advice = drawn.advice()
        with restored_state(loader.original):
            pairs = compare_epochs(loader) if epochs > 1 else []
        limits = feed.limits_for(options, checked)
        # Workers rarely disturb each other's reading of a file that they share.
        suspects = use_multiprocessing and nature != "random" and causes(loader, True)
        for rounds in (MANY_ROUNDS,) if suspects else (ROUNDS, MANY_ROUNDS):
            with restored_state(loader.original):
                _set_options(loader, options)
                batches = same_batch.request_batches(loader, options, rounds, epochs, limits)
            judged = Judged.of(batches, nature)
            if not judged.undecided:
                break
        if judged.disagree and _is_random_after_all(loader):
            nature, judged = "random", Judged.of(batches, "random")
        if judged.disagree:
            blamed = causes(loader, use_multiprocessing)
            pairs = [*blamed, *pairs]
    return _result(batches, nature, judged, pairs, advice, options, epochs)


def _nature(loader: Loader, thread: ThreadPoolExecutor) -> Nature:
    """How a batch depends on chance."""
    from workbench.measure.workers.same_batch import INDEX, fetch

    tries = {hash_samples(loader[INDEX]) for _ in range(TRIES)}
    if len(tries) > 1:
        return "random"
    for _ in range(2):
        loader.begin_epoch()
        again = {hash_samples(fetch(loader, INDEX, thread)) for _ in range(2)}
        if len(again) > 1:
            return "random"
        tries |= again
        fetch(
            loader, loader.last_index, thread
        )  # some loaders count their epochs by the last batch
        loader.end_epoch()
    return "by epoch" if len(tries) > 1 else "fixed"


def _is_random_after_all(loader: Loader) -> bool:
    """Whether a batch that looked the same differs in many more tries."""
    with restored_state(loader.original):
        return len({hash_samples(loader[0]) for _ in range(TRIES**2)}) > 1


def _result(
    batches: list[WorkerBatch],
    nature: Nature,
    judged: Judged,
    pairs: list[tuple[str, str]],
    advice: tuple[str, ...],
    options: FeedOptions,
    epochs: int,
) -> Repeats:
    samples = [numbered for each in batches for numbered in enumerate(each.samples)]
    processes = options.use_multiprocessing
    verdict = (
        DISAGREE if judged.disagree else REPEATS if judged.found else SHUFFLED if pairs else NONE
    )
    return Repeats(
        verdict,
        nature,
        drawn=len(samples),
        distinct=len(set(samples)),
        batches=len(batches),
        distinct_batches=len({each.samples for each in batches}),
        across_epochs=_repeated(batches),
        found=(*judged.found, *(problem for problem, _ in pairs)),
        advice=(
            *(() if judged.disagree or not judged.found else _advice(nature, advice, processes)),
            *(text for _, text in pairs),
        ),
        workers=max(len(made) for rounds in by_epoch(batches) for made in rounds),
        use_multiprocessing=processes,
        start_method=multiprocessing.get_start_method() if processes else None,
        epochs=epochs,
    )


def _repeated(batches: list[WorkerBatch]) -> int:
    first: dict[SampleHashes, int] = {}
    return sum(first.setdefault(each.samples, each.epoch) < each.epoch for each in batches)


def _advice(nature: Nature, seeds: tuple[str, ...], processes: bool) -> tuple[str, ...]:
    if nature == "by epoch":
        return ("The workers do not see the epoch change: increase it in on_epoch_end.",)
    if not processes:
        return tuple(f"{seed}." for seed in seeds)
    return tuple(f"{COPIES}. {seed}, or {USE_THREADS}." for seed in seeds)


def _set_options(loader: Loader, options: FeedOptions) -> None:
    """Set the options on the user's object: a loader may count its epochs by how it is fed.

    Ours does. With one worker it counts the batches of an epoch, but here a single one is asked for
    again and again; with several it goes by `on_epoch_end`.
    """
    for name, value in asdict(replace(options, workers=max(2, options.workers))).items():
        if hasattr(loader.original, name):
            setattr(loader.original, name, value)
