"""The `keras.utils.PyDataset` that `fit` trains on. Importing this imports Keras."""

from __future__ import annotations

import threading
from threading import get_ident

import keras

from workbench.pipeline.pipeline import Pipeline
from workbench.pipeline.sources.open_source import Images

# Fit's thread and TensorFlow's both count. One lock for all: a dataset is sent to worker processes,
# and they, fed by a pool, never ask for it.
_COUNTING = threading.Lock()


class Dataset(keras.utils.PyDataset):
    """Batches of a `Pipeline`, with Keras's workers and with epochs that count right.

    Train with `model.fit(dataset, shuffle=False)`: the dataset shuffles itself from its seed, while
    Keras's own shuffling reorders batches by the global `random`.

    `epoch` is the pass over the data that `__getitem__` serves. The first one that `fit` trains is
    0 (set it to resume), although Keras 3.15 fetches two batches and calls `on_epoch_end` once
    before it trains. With `steps_per_epoch`, Keras goes on in the data where it stopped: each pass
    over the data is an epoch here, in whichever of fit's epochs it falls. That number must divide
    `len(dataset)`, or Keras itself drops batches ("ran out of data"); and a pool of workers fetches
    ahead of training, so set `epoch` yourself to resume such a run.

    Args:
        pipeline: What batches are made of.
    """

    def __init__(self, pipeline: Pipeline) -> None:
        super().__init__(**pipeline.settings.feed.model_dump())
        self.pipeline = pipeline
        self._fit_thread: int | None = None
        self.epoch = 0

    @property
    def epoch(self) -> int:
        """The epoch that `__getitem__` serves; may be set."""
        return self._epoch

    @epoch.setter
    def epoch(self, epoch: int) -> None:
        if isinstance(epoch, bool) or not isinstance(epoch, int) or epoch < 0:
            raise ValueError(f"epoch: expected a whole number from 0. Received: {epoch!r}")
        with _COUNTING:
            self._epoch, self._training = epoch, False
            self._fetched = 0  # batches of this pass, without a pool: a bit for each

    def __len__(self) -> int:
        return len(self.pipeline)

    def __getitem__(self, index: int) -> tuple[Images, ...]:
        # Without a pool, batches for training are fetched by threads of TensorFlow's; what the
        # thread that fits asks for, itself, is looked at only.
        if not self._fed_by_pool and self._fit_thread not in (None, get_ident()):
            return self.pipeline.batch(index, self._pass_of(index))
        return self.pipeline.batch(index, self.epoch)

    def batch(self, index: int, epoch: int) -> tuple[Images, ...]:
        """The batch at `index` of any epoch; see `Pipeline.batch`."""
        return self.pipeline.batch(index, epoch)

    def on_epoch_begin(self) -> None:
        """Called by Keras."""
        with _COUNTING:
            self._training, self._fit_thread = True, get_ident()

    def on_epoch_end(self) -> None:
        """Called by Keras, also once before the first epoch."""
        # A pool has finished all that it was asked for by now, and asks from 0 again next time.
        # Without a pool one generator goes on over several of fit's epochs (steps_per_epoch), also
        # between the end of one and the begin of the next.
        with _COUNTING:
            if self._training and (self._fed_by_pool or self._is_whole):
                self._epoch += 1
                self._fetched = 0
            self._training = False

    @property
    def _is_whole(self) -> bool:
        """Whether each batch of this pass was fetched, without a pool."""
        return self._fetched.bit_count() == len(self)

    @property
    def _fed_by_pool(self) -> bool:
        """Whether Keras uses a pool of workers rather than one generator; its own rule."""
        return bool(self.workers > 1 or (self.workers > 0 and self.use_multiprocessing))

    def _pass_of(self, index: int) -> int:
        """The epoch of the next batch without a pool: one generator asks for each batch once a
        pass, with `shuffle=True` in any order, and what comes after all of them is of a new pass.
        """
        with _COUNTING:
            if self._is_whole:
                self._epoch += 1
                self._fetched = 0
            self._fetched |= 1 << index
            return self._epoch
