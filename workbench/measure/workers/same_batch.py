"""Ask all workers of Keras's feed for the same batch, round after round. Importing imports Keras.

In a round each worker takes one task and waits until all have one: so all draw equally often, and
a worker that is quick does not draw for one that is late.
"""

from __future__ import annotations

import hashlib
import os
import pickle
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from threading import get_ident
from typing import Any

import keras
import numpy as np

from workbench.compat.keras_feed import FeedAdapter
from workbench.loader import Loader
from workbench.measure.batch_times import Kind
from workbench.measure.workers.watchdog import Limits, watch
from workbench.measure.workers.worker_pool import Crew
from workbench.measure.workers.worker_stacks import Board, board

MEET_SECONDS = 60.0  # how long a worker waits for others, which may have to import TensorFlow
POLL = 0.002
INDEX = 0
Batch = tuple[bytes, ...]  # a hash of each sample


@dataclass(frozen=True)
class Given:
    """A batch that a worker gave."""

    epoch: int
    worker: int
    batch: Batch


def ask(loader: Loader, kind: Kind, rounds: int, epochs: int, limits: Limits) -> list[Given]:
    """What each worker gives for the same index, in each round of each epoch.

    As in `fit`, each epoch has a new pool, and `on_epoch_begin` and `on_epoch_end` are called.
    """
    given: list[Given] = []
    with board() as where:
        asked = _Rounds(loader, kind, rounds, where)
        adapter = FeedAdapter(asked)
        crew = Crew(adapter.enqueuer, where)

        def work() -> None:
            for _ in range(epochs):
                given.extend(_epoch(adapter, crew))

        watch(work, crew, given, limits)
    return given


def fingerprint(batch: Any) -> Batch:
    """A hash of each sample: of its part of every array in the batch."""
    leaves = [_array(leaf) for leaf in keras.tree.flatten(batch)]
    count = min((len(leaf) for leaf in leaves if leaf.ndim), default=0)
    return tuple(_hash([leaf[sample] for leaf in leaves if leaf.ndim]) for sample in range(count))


def fetch(loader: Loader, index: int) -> Any:
    """A batch, asked for as Keras does without a pool: in another thread than fit's."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(loader.__getitem__, index).result()


class _Rounds(keras.utils.PyDataset):
    def __init__(self, loader: Loader, kind: Kind, rounds: int, where: Board) -> None:
        super().__init__(kind.workers, kind.use_multiprocessing, kind.max_queue_size)
        self._loader, self._rounds, self._where = loader, rounds, where
        self._epoch = 0

    def __len__(self) -> int:
        return self._rounds * int(self.workers)

    def __getitem__(self, index: int) -> dict[str, Any]:
        with self._where.batch():
            self._meet(index // self.workers)
            batch = fingerprint(self._loader[INDEX])
        return {"given": Given(self._epoch, _name(), batch)}

    def on_epoch_begin(self) -> None:
        self._loader.begin_epoch()

    def on_epoch_end(self) -> None:
        if self.workers == 1 and not self.use_multiprocessing:
            # Keras has no pool then and goes through the data, so that a loader may count its
            # epochs by the last batch; ours does.
            fetch(self._loader, len(self._loader) - 1)
        self._epoch += 1
        self._loader.end_epoch()

    def _meet(self, number: int) -> None:
        """Wait until all workers have come here. A folder is what threads and processes share."""
        place = self._where.folder / f"epoch {self._epoch} round {number}"
        place.mkdir(parents=True, exist_ok=True)
        (place / str(_name())).touch()
        until = time.monotonic() + MEET_SECONDS
        while sum(1 for _ in place.iterdir()) < self.workers and time.monotonic() < until:
            time.sleep(POLL)


def _epoch(adapter: FeedAdapter, crew: Crew) -> Iterator[Given]:
    adapter.on_epoch_begin()
    try:
        for batch in adapter.batches():
            yield batch["given"]
    finally:
        try:
            adapter.on_epoch_end()
        finally:
            crew.join()


def _name() -> int:
    """A worker's: threads of one process differ in theirs, processes may not."""
    return hash((os.getpid(), get_ident()))


def _array(leaf: Any) -> Any:
    array = np.asarray(leaf)
    if array.dtype != object:
        return array
    return np.array([pickle.dumps(part) for part in array])  # else it is a list of addresses


def _hash(parts: list[Any]) -> bytes:
    digest = hashlib.blake2b(digest_size=16)
    for part in parts:
        digest.update(np.ascontiguousarray(part).tobytes())
    return digest.digest()
