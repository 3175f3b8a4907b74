"""Ask all workers of Keras's feed for the same batch, round after round. Importing imports Keras.

In a round each worker takes one task and waits until all have one. So all draw equally often, and
a fast worker does not draw in place of a slow one.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from threading import get_ident
from typing import Any

import keras

from workbench.compat.keras_feed import FeedAdapter
from workbench.loader import Loader
from workbench.measure.batch_times import FeedOptions
from workbench.measure.workers.batch_error import BatchError, raise_batch_errors
from workbench.measure.workers.sample_hashes import SampleHashes, hash_samples
from workbench.measure.workers.watchdog import Limits, watch
from workbench.measure.workers.worker_monitor import WorkerMonitor, monitor_workers
from workbench.measure.workers.worker_pool import WorkerPool

MEET_SECONDS = 60.0  # how long a worker waits for others, which may have to import TensorFlow
POLL = 0.002
INDEX = 0


@dataclass(frozen=True)
class WorkerBatch:
    """A batch that a worker made."""

    epoch: int
    worker: int
    samples: SampleHashes


def request_batches(
    loader: Loader, options: FeedOptions, rounds: int, epochs: int, limits: Limits
) -> list[WorkerBatch]:
    """What each worker makes for the same index, in each round of each epoch.

    As in `fit`, each epoch has a new pool, and `on_epoch_begin` and `on_epoch_end` are called.
    """
    found: list[WorkerBatch] = []
    with monitor_workers() as monitor:
        dataset = _SameBatchDataset(loader, options, rounds, monitor)
        adapter = FeedAdapter(dataset)
        pool = WorkerPool(adapter.enqueuer, monitor)

        def work() -> None:
            for _ in range(epochs):
                found.extend(_epoch(adapter, pool))

        try:
            watch(work, pool, found, limits)
        except BatchError as failed:
            error = failed.error
        else:
            return found
    raise error


def fetch(loader: Loader, index: int, thread: ThreadPoolExecutor) -> Any:
    """A batch, made in another thread than `fit`'s as Keras does without a pool."""
    return thread.submit(loader.__getitem__, index).result()


class _SameBatchDataset(keras.utils.PyDataset):
    def __init__(
        self, loader: Loader, options: FeedOptions, rounds: int, monitor: WorkerMonitor
    ) -> None:
        super().__init__(options.workers, options.use_multiprocessing, options.max_queue_size)
        self._loader, self._rounds, self._monitor = loader, rounds, monitor
        self._epoch = 0

    def __len__(self) -> int:
        return self._rounds * int(self.workers)

    def __getitem__(self, index: int) -> dict[str, Any]:
        with self._monitor.making_batch():
            self._wait_for_all(index // self.workers)
            with raise_batch_errors(INDEX):
                samples = hash_samples(self._loader[INDEX])
        return {"batch": WorkerBatch(self._epoch, _worker_id(), samples)}

    def on_epoch_begin(self) -> None:
        self._loader.begin_epoch()

    def on_epoch_end(self) -> None:
        if self.workers == 1 and not self.use_multiprocessing:
            # Keras has no pool then and goes through the data in order, so a loader may count its
            # epochs by the last batch; ours does.
            with ThreadPoolExecutor(1) as thread:
                fetch(self._loader, self._loader.last_index, thread)
        self._epoch += 1
        self._loader.end_epoch()

    def _wait_for_all(self, number: int) -> None:
        """Wait until all workers are here. A folder is what threads and processes share."""
        folder = self._monitor.folder / f"epoch {self._epoch} round {number}"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / str(_worker_id())).touch()
        until = time.monotonic() + MEET_SECONDS
        while sum(1 for _ in folder.iterdir()) < self.workers and time.monotonic() < until:
            time.sleep(POLL)


def _epoch(adapter: FeedAdapter, pool: WorkerPool) -> Iterator[WorkerBatch]:
    with pool.epoch(adapter):
        for batch in adapter.batches():
            yield batch["batch"]


def _worker_id() -> int:
    """Identifies this worker: threads of one process differ in theirs, processes may not."""
    return hash((os.getpid(), get_ident()))
