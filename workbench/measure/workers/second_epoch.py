"""Take batches of a second epoch from workers, and compare them with batches made here.

Importing imports Keras.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from time import monotonic
from typing import Any

import numpy as np

from workbench.compat.keras_feed import FeedAdapter
from workbench.isolation.explain_errors import convert_exits, described
from workbench.isolation.switch_interval import switch_interval
from workbench.loader import ENDLESS, Loader
from workbench.measure.batch_times import FeedOptions
from workbench.measure.endless_dataset import EndlessDataset
from workbench.measure.workers.batch_error import raise_batch_errors
from workbench.measure.workers.open_files import name_of, positions
from workbench.measure.workers.sample_hashes import LeafHashes, hash_leaves
from workbench.measure.workers.watchdog import Limits, watch
from workbench.measure.workers.worker_errors import WorkerError
from workbench.measure.workers.worker_monitor import monitor_workers
from workbench.measure.workers.worker_pool import WorkerPool

INDICES = 16  # batches of the epoch, requested again and again: races need many attempts
REQUESTS = 256
SECONDS = 2.0  # after which no more are requested
SWITCH_SECONDS = 1e-5  # how often threads take turns meanwhile, so that they meet in many places


@dataclass
class SecondEpoch:
    """What arrived from the workers.

    Attributes:
        batches: Index and hashes of each batch as it arrives: a buffer that the loader uses again
            has other contents by then.
        moved_files: Files open in this process whose position workers have moved.
    """

    batches: list[tuple[int, LeafHashes]] = field(default_factory=list)
    moved_files: set[str] = field(default_factory=set)


class EpochError(WorkerError):
    """`on_epoch_end` or `on_epoch_begin` raised an exception."""


def take_second_epoch(loader: Loader, options: FeedOptions, limits: Limits) -> SecondEpoch:
    """End the epoch, begin another, and take batches from new workers."""
    found = SecondEpoch()
    with monitor_workers() as monitor:
        chosen = _ChosenBatches(loader)
        dataset = EndlessDataset(chosen, options, None, None, monitor)
        adapter = FeedAdapter(dataset)
        pool = WorkerPool(adapter.enqueuer, monitor)

        def work() -> None:
            _call("on_epoch_end", loader.end_epoch)
            with pool.epoch(adapter, dataset.finish):
                _call("on_epoch_begin", loader.begin_epoch)
                _take(adapter, found, 2 * len(chosen))

        with switch_interval(SWITCH_SECONDS):
            watch(work, pool, found.batches, limits)
    return found


def _take(adapter: FeedAdapter, found: SecondEpoch, least: int) -> None:
    until, files = monotonic() + SECONDS, positions()
    for batch in adapter.batches():
        found.batches.append((batch["index"], hash_leaves(batch["batch"])))
        now = positions()
        moved = (fd for fd in now.keys() & files.keys() if now[fd] != files[fd])
        found.moved_files.update(map(name_of, moved))
        late = monotonic() > until and len(found.batches) >= least
        if late or len(found.batches) >= REQUESTS:
            return


def _call(name: str, hook: Callable[[], None]) -> None:
    try:
        with convert_exits():
            hook()
    except Exception as error:
        raise EpochError((f"{name} raised {described(error)}, after the first epoch.",)) from error


class _ChosenBatches(Loader):
    """Some batches of an epoch, each in a dict, which Keras passes on unchanged."""

    def __init__(self, loader: Loader) -> None:
        super().__init__(loader.original)
        self._loader = loader
        length = len(loader)
        last = (length if length < ENDLESS else INDICES) - 1
        self._indices = np.unique(np.linspace(0, last, INDICES, dtype=int)).tolist()

    def __len__(self) -> int:
        return len(self._indices)

    def __getitem__(self, index: int) -> Any:
        index = self._indices[index]
        with raise_batch_errors(index):
            return {"index": index, "batch": self._loader[index]}
