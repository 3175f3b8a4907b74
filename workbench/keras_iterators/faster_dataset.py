"""The `keras.utils.PyDataset` that replaces Keras's iterator. Importing this imports Keras."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import numpy as np

from workbench.keras_iterators.iterator_parts import replay_of, source_of, transformer_of
from workbench.keras_iterators.keras_draws import Start
from workbench.keras_iterators.labels import batch_of
from workbench.keras_iterators.position import BatchPlan, Position
from workbench.keras_iterators.report import Report
from workbench.pipeline.epochs import COUNTER_LOCK, EpochDataset
from workbench.pipeline.pipeline import batch_number
from workbench.pipeline.sources.arrays import Rows

# Attributes of Keras's iterators that scripts read, besides the properties below.
CARRIED = (
    *("class_indices", "class_mode", "classes", "color_mode", "data_format", "directory", "dtype"),
    *("filenames", "filepaths", "image_data_generator", "image_shape", "interpolation"),
    *("keep_aspect_ratio", "labels", "num_classes", "sample_weight", "samples", "split", "subset"),
    *("target_size", "white_list_formats", "x", "x_misc", "y"),
)


class FasterDataset(EpochDataset[Position]):
    """The batches of an `ImageDataGenerator` iterator, augmented by OpenCV on several threads.

    Has the iterator's attributes (`class_indices`, `filenames`, `samples`, ...), `next` and
    `reset`.

    A batch depends only on the iterator, the epoch and the index, on any number of workers. It is
    the one that Keras's iterator gives when batches are fetched in order: Keras seeds each call
    with its number, and each batch here has the number of that order. Calls outside training that
    advance Keras's numbers do so here too: `next`, and fetches before `on_epoch_end`, which `fit`
    makes to learn the shapes. So `fit(shuffle=False)` trains exactly the iterator's batches.

    Batches differ from Keras's in two cases. With `fit`'s own shuffling, the draws of a batch
    depend on its index rather than on when it comes. A shuffling validation iterator, which Keras
    shuffles with the state that training leaves in `np.random`, has its own order after the first
    epoch. With `steps_per_epoch`, an epoch here is still a pass over the data.

    Args:
        iterator: From `flow`, `flow_from_directory` or `flow_from_dataframe`. Not changed.
        seed: The iterator's seed, or the one to use if it has none.
        report: What stays the same.

    Attributes:
        report: Whether pixels, draws or only the distribution are those of the iterator.
        keras_iterator: A copy of the iterator, used for its attributes only.
        position: The present epoch and Keras's count of calls.
        batch_index: Index of the batch that `next` returns.
    """

    def __init__(self, iterator: Any, seed: int, report: Report) -> None:
        feed = ("workers", "use_multiprocessing", "max_queue_size")
        replay = replay_of(iterator, seed)
        first = Start(iterator.total_batches_seen, iterator.index_array)
        super().__init__(
            Position(replay, first, batches=len(replay)),
            **{name: getattr(iterator, name) for name in feed},
        )
        # A copy, as the iterator may still be used. A lock or generator cannot be pickled.
        self.keras_iterator = copy.copy(iterator)
        self.keras_iterator.lock = self.keras_iterator.index_generator = None
        self.report = report
        self._source, self._transformer = source_of(iterator), transformer_of(iterator)
        self.batch_index = iterator.batch_index

    @property
    def n(self) -> int:
        """Number of samples."""
        return self.position.replay.n

    @property
    def batch_size(self) -> int:
        """Samples per batch."""
        return self.position.replay.batch_size

    @property
    def shuffle(self) -> bool:
        """Whether each epoch has its own order."""
        return self.position.replay.shuffle

    @property
    def seed(self) -> int | None:
        """The seed given to Keras."""
        seed: int | None = self.keras_iterator.seed
        return seed

    @property
    def index_array(self) -> Rows:
        """All samples in the order of this epoch."""
        return self.position.order

    @property
    def total_batches_seen(self) -> int:
        """Number of the next call, as Keras counts."""
        return self.position.number

    def __getattr__(self, name: str) -> Any:
        if name in CARRIED:
            return getattr(self.keras_iterator, name)
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    def __len__(self) -> int:
        return len(self.position.replay)

    def __getitem__(self, index: int) -> Any:
        number = batch_number(index, len(self))
        position = self._fetching(number)
        return self._build(position.plan(number, position.epoch))

    def batch(self, index: int, epoch: int) -> Any:
        """The batch at `index` of this epoch or a later one, without counting it as fetched.

        Raises:
            IndexError: If there is no such batch, or the epoch is over.
        """
        return self._build(self.position.plan(batch_number(index, len(self)), epoch))

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        """The next batch; as with Keras's iterators, there is always one."""
        with COUNTER_LOCK:
            self.position, plan = self.position.after_next(self.batch_index)
            self.batch_index = (self.batch_index + 1) % len(self)
        return self._build(plan)

    def reset(self) -> None:
        """Make `next` start over with the first batch."""
        self.batch_index = 0

    def _previewing(self, index: int) -> Position:
        with COUNTER_LOCK:
            self.position = self.position.after_preview(index)
            return self.position

    def _build(self, plan: BatchPlan) -> Any:
        images = np.empty((len(plan.rows), *self.position.replay.shape), self.dtype)
        transforms = self.position.replay.transforms(plan.call)
        self._transformer.apply(self._source.read(plan.rows), transforms, images)
        return batch_of(self.keras_iterator, images, plan.rows)
