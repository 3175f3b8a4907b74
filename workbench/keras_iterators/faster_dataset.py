"""The `keras.utils.PyDataset` that stands in for Keras's iterator. Importing this imports Keras."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from workbench.keras_iterators.iterator_parts import changes_of, replay_of, source_of
from workbench.keras_iterators.keras_draws import Start
from workbench.keras_iterators.labels import batch_of
from workbench.keras_iterators.position import Pass, Wanted
from workbench.keras_iterators.report import Report
from workbench.pipeline.epochs import COUNTER_LOCK, EpochDataset
from workbench.pipeline.sources.arrays import Rows

if TYPE_CHECKING:
    from workbench.keras_iterators.compare_keras import Comparison

# What old scripts read from Keras's iterators, beside what is a property here.
CARRIED = (
    *("class_indices", "class_mode", "classes", "color_mode", "data_format", "directory", "dtype"),
    *("filenames", "filepaths", "image_data_generator", "image_shape", "interpolation"),
    *("keep_aspect_ratio", "labels", "num_classes", "sample_weight", "samples", "split", "subset"),
    *("target_size", "white_list_formats", "x", "x_misc", "y"),
)


class Faster(EpochDataset[Pass]):
    """The batches of an `ImageDataGenerator` iterator, augmented by OpenCV on several threads.

    Has the iterator's attributes (`class_indices`, `filenames`, `samples`, ...), `next`, `reset`.

    A batch is a function of the iterator, its epoch and its index, on any number of workers: the
    one that Keras's iterator gives when asked for batches one after the other. Keras numbers its
    calls, and seeds each with its number; here each batch has the number that it has in that order.
    Calls that move Keras's numbers on outside of training do so here: `next`, and what is asked for
    before `on_epoch_end`, as `fit` does to learn the shapes. So `fit(shuffle=False)` trains the
    very batches that the iterator would give. With `fit`'s own shuffling, which goes by the global
    `random`, a batch's draws go by its index, not by when it comes. A validation iterator that
    shuffles, which Keras shuffles by what training left in `np.random`, has its own order after
    its first pass. With `steps_per_epoch` each pass over the data is an epoch here.

    Args:
        iterator: From `flow`, `flow_from_directory` or `flow_from_dataframe`; only read.
        seed: Its own, or the one to draw from where it has none.
        report: What holds.

    Attributes:
        report: Whether pixels, draws or only the distribution are those of the iterator.
        keras_iterator: A copy of the iterator, which does nothing but hold data.
        position: Where in the data this is.
        batch_index: The batch that `next` gives.
    """

    def __init__(self, iterator: Any, seed: int, report: Report) -> None:
        feed = ("workers", "use_multiprocessing", "max_queue_size")
        replay = replay_of(iterator, seed)
        first = Start(iterator.total_batches_seen, iterator.index_array)
        super().__init__(
            Pass(replay, first, batches=len(replay)),
            **{name: getattr(iterator, name) for name in feed},
        )
        # A copy: the iterator may go on. Neither a lock nor a generator goes to another process.
        self.keras_iterator = copy.copy(iterator)
        self.keras_iterator.lock = self.keras_iterator.index_generator = None
        self.report = report
        self._source, self._changes = source_of(iterator), changes_of(iterator)
        self.batch_index = iterator.batch_index

    @property
    def n(self) -> int:
        """Samples."""
        return self.position.replay.n

    @property
    def batch_size(self) -> int:
        """Samples of a batch."""
        return self.position.replay.batch_size

    @property
    def shuffle(self) -> bool:
        """Whether each pass has its own order."""
        return self.position.replay.shuffle

    @property
    def seed(self) -> int | None:
        """As given to Keras."""
        seed: int | None = self.keras_iterator.seed
        return seed

    @property
    def index_array(self) -> Rows:
        """All samples in the order of this pass."""
        return self.position.order

    @property
    def total_batches_seen(self) -> int:
        """The number of the next call, as Keras counts."""
        return self.position.number

    def __getattr__(self, name: str) -> Any:
        if name in CARRIED:
            return getattr(self.keras_iterator, name)
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    def __len__(self) -> int:
        return len(self.position.replay)

    def __getitem__(self, index: int) -> Any:
        place = self._place(index)
        here = self._fetching(place)
        return self._made(here.wanted(place, here.epoch))

    def batch(self, index: int, epoch: int) -> Any:
        """The batch at `index` of this epoch or a later one; counts nowhere as asked for.

        Raises:
            IndexError: If there is no such batch, or the epoch is over.
        """
        return self._made(self.position.wanted(self._place(index), epoch))

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        """The next batch, without end, as from Keras's iterators."""
        with COUNTER_LOCK:
            self.position, wanted = self.position.drawn_next(self.batch_index)
            self.batch_index = (self.batch_index + 1) % len(self)
        return self._made(wanted)

    def reset(self) -> None:
        """Have `next` begin a new pass."""
        self.batch_index = 0

    def compare(self, n: int = 16) -> Comparison:
        """Show images of Keras's iterator and of this one beside each other, and their times.

        Args:
            n: How many images.
        """
        from workbench.keras_iterators.compare_keras import compare

        return compare(self, n)

    def _previewing(self, index: int) -> Pass:
        with COUNTER_LOCK:
            self.position = self.position.looked(index)
            return self.position

    def _made(self, wanted: Wanted) -> Any:
        images = np.empty((len(wanted.rows), *self.position.replay.shape), self.dtype)
        transforms = self.position.replay.transforms(wanted.call)
        self._changes.apply(self._source.read(wanted.rows), transforms, images)
        return batch_of(self.keras_iterator, images, wanted.rows)

    def _place(self, index: int) -> int:
        place = index + len(self) if index < 0 else index
        if not 0 <= place < len(self):
            raise IndexError(f"batch {index} of an epoch of {len(self)} batches")
        return place
