"""Compare batches from workers with batches of the same index made in this thread."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from time import monotonic
from typing import Any

from workbench.loader import Loader
from workbench.measure.batch_times import FeedOptions
from workbench.measure.workers.blame import causes
from workbench.measure.workers.content_differences import (
    Made,
    Requested,
    copies,
    differences,
    made_at_random,
)
from workbench.measure.workers.sample_hashes import hash_leaves
from workbench.measure.workers.second_epoch import SecondEpoch
from workbench.measure.workers.shared_state import (
    Finding,
    holds_iterator,
    holds_lock,
    shared_by_processes,
    shared_file,
)

SECONDS = 3.0  # for batches made here
TRIES = 6  # more batches of an index that differs, to see whether it does so here too
RECHECKED = 4  # indices
AHEAD = 3  # batches
BUFFER = (
    "The loader returns arrays that it uses again: the next batch overwrites one that still waits "
    "to be trained on.",
    "Make new arrays for each batch, np.empty(...) in __getitem__, or return copies.",
)


@dataclass(frozen=True)
class Contents:
    """Differences, if any.

    Attributes:
        findings: How workers' batches differ, and why.
        notes: What was compared.
    """

    findings: list[Finding]
    notes: tuple[str, ...] = ()


def compare_contents(loader: Loader, second: SecondEpoch, options: FeedOptions) -> Contents:
    """Make the same batches here, twice, and compare what agrees in both with the workers'."""
    made, overwrites = _make_here(loader, sorted({i for i, _ in second.batches}), options)
    requested = [(index, hashes) for index, hashes in second.batches if index in made]
    _, differing = differences(requested, made)
    for index in sorted(differing)[:RECHECKED]:
        made[index] += [hash_leaves(loader[index]) for _ in range(TRIES)]
    different, _ = differences(requested, made)
    copied = copies(requested, made)
    notes = _notes(requested, made)
    if copied and not holds_iterator(loader):
        notes, copied = (*notes, f"{copied} See wb.find_repeats."), ""
    findings = [(text, "") for text in (different, copied) if text]
    processes = options.use_multiprocessing
    if overwrites and not processes:
        findings.append(BUFFER)
    elif findings:
        findings += causes(loader, processes)
    elif processes and options.workers > 1:
        findings += _shared_files(loader, second.moved_files)
    return Contents(findings, () if findings else notes)


def compare_stream(loader: Loader) -> Contents:
    """Whether a batch changes while the next ones are made, of a loader that only goes forward."""
    with suppress(Exception):  # an iterator may be at its end
        first = loader[0]
        before = hash_leaves(first)
        for _ in range(AHEAD):
            loader[0]
            if hash_leaves(first) != before:
                return Contents([BUFFER])
    return Contents([])


def _shared_files(loader: Loader, moved: Iterable[str]) -> list[Finding]:
    """Files at whose position workers read, although nothing was mixed up this time."""
    if not moved or holds_lock(loader):
        return []
    return shared_by_processes(loader) or [shared_file(name) for name in sorted(moved)]


def _make_here(loader: Loader, indices: list[int], options: FeedOptions) -> tuple[Made, bool]:
    """Two batches of each index, as far as time allows; whether one overwrites an earlier one."""
    until = monotonic() + SECONDS
    made: Made = {}
    first: Any = None
    overwrites = False
    for number, index in enumerate(indices):
        if number > 1 and monotonic() > until:
            break
        batch = loader[index]
        made[index] = [hash_leaves(batch)]
        first = batch if first is None else first
        # As many as may wait in the queue and be worked on.
        if 0 < number <= options.max_queue_size + options.workers:
            overwrites |= hash_leaves(first) != made[indices[0]][0]
    first = batch = None
    for index in made:
        made[index].append(hash_leaves(loader[index]))
    return made, overwrites


def _notes(requested: Requested, made: Made) -> tuple[str, ...]:
    random = made_at_random(made)
    same = f"{len(requested)} batches from workers have the same contents as batches made here."
    notes: tuple[str, ...] = (
        (same,) if {path for _, hashes in requested for path in hashes} - random else ()
    )
    if random:
        notes += (f"Not compared: {', '.join(sorted(random))}, which is random here too.",)
    return notes
