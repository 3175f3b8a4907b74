"""Make a batch from (settings, epoch, index) and nothing else. Needs no Keras.

The batch is the same bit for bit in any thread or process, and in any order of calls.
"""

from __future__ import annotations

from functools import lru_cache, partial

import numpy as np

from workbench.pipeline.augment import METHODS as AUGMENT
from workbench.pipeline.cache.buffers import Buffers
from workbench.pipeline.cache.disk import DiskCache
from workbench.pipeline.cache.memory import MemoryCache, memory_needed
from workbench.pipeline.draws import Draws, draw
from workbench.pipeline.normalize import METHODS as NORMALIZE
from workbench.pipeline.normalize import Normalization
from workbench.pipeline.sources.open_source import Images, Rows, Source, reopen
from workbench.pipeline.subsets import Subset, split
from workbench.settings import Settings

__all__ = ["Pipeline", "Subset", "copies_bytes", "split"]


class Pipeline:
    """Reads, augments and normalizes the samples of a batch.

    Thread-safe: only augmented copies (`methods.copies`) are added after construction, and every
    thread makes the same ones. Each thread reads into a buffer of its own, which is reused.

    Args:
        settings: Settings of every step.
        source: Where samples come from.
        subset: "training", "validation" (not shuffled, keeps its last batch) or None for all.
        augment: Whether to augment. Defaults to False for validation, else True.
        rows: Samples of the subset, if already known. Defaults to those of `split`.

    Raises:
        ValueError: If the subset is empty, the batch is larger than it, or `batch.dtype` cannot
            hold the source's pixels.

    Attributes:
        rows: Samples of the subset, as ascending indices in the source.
    """

    def __init__(
        self,
        settings: Settings,
        source: Source,
        *,
        subset: Subset | None = "training",
        augment: bool | None = None,
        rows: Rows | None = None,
    ) -> None:
        self.settings, self.source, self.subset = settings, source, subset
        share = settings.data.validation_split
        self.rows = split(source, share, subset) if rows is None else rows
        self.augment = subset != "validation" if augment is None else augment
        methods, a = settings.methods, settings.augmentation
        method = AUGMENT[methods.augment if self.augment else "none"]
        self._augment = partial(method, fill_mode=a.fill_mode, cval=a.cval)
        self._normalize = NORMALIZE[methods.normalize]
        self._normalization = Normalization(a, settings.statistics)
        self._copies = methods.copies if self.augment else 0
        _check(settings, source, self.rows, subset)
        self._cache = self._open_cache() if self._copies else None
        self._buffers = Buffers()

    def with_settings(self, settings: Settings) -> Pipeline:
        """The same data and subset with other settings; reopens only what has changed."""
        source = reopen(self.source, settings)
        same = len(source) == len(self.source) and (
            settings.data.validation_split == self.settings.data.validation_split
            and source.validation is self.source.validation
        )
        rows = self.rows if same else None
        return Pipeline(settings, source, subset=self.subset, augment=self.augment, rows=rows)

    def without_augmentation(self) -> Pipeline:
        """The same samples in the same order, only normalized."""
        return Pipeline(
            self.settings, self.source, subset=self.subset, augment=False, rows=self.rows
        )

    def __len__(self) -> int:
        """Batches in an epoch."""
        size, keep = self.settings.batch.size, not self.settings.batch.drop_remainder
        return (len(self.rows) + (size - 1 if keep or self.subset == "validation" else 0)) // size

    def order(self, epoch: int) -> Rows:
        """All samples of the subset in the order of this epoch."""
        return self._ordered(epoch, slice(None))

    def _ordered(self, epoch: int, part: slice) -> Rows:
        batch = self.settings.batch
        if self.subset == "validation" or not batch.shuffle:
            return self.rows[part]
        return self.rows[_permutation(len(self.rows), batch.seed, epoch)[part]]

    def draws(self, rows: Rows, epoch: int) -> Draws:
        """Random values of these samples in this epoch. Copies repeat those of the first epochs."""
        s, epoch = self.settings, epoch % self._copies if self._copies else epoch
        return draw(rows, epoch, s.batch.seed, s.augmentation, self.source.shape)

    def batch(self, index: int, epoch: int) -> tuple[Images, ...]:
        """The batch at `index` (negative counts from the end) of an epoch.

        Returns:
            `(images, labels)`, or `(images,)` without labels; images have the shape
            (samples, height, width, channels) and the dtype `batch.dtype`.

        Raises:
            IndexError: If the epoch has no such batch.
        """
        size = self.settings.batch.size
        start = batch_number(index, len(self)) * size
        rows = self._ordered(epoch, slice(start, start + size))
        images = self._cached(rows, epoch)
        if images is None:
            with self._buffers.borrow((len(rows), *self.source.shape), self.source.dtype) as buffer:
                images, rows = self.source.read(rows, buffer)
                images = self.transform(images, rows, epoch)
            self._store(images, rows, epoch)
        labels = self.source.labels
        return (images,) if labels is None else (images, labels[rows])

    def _cached(self, rows: Rows, epoch: int) -> Images | None:
        """The augmented copies of these rows, if all are in the cache."""
        return None if self._cache is None else self._cache.take(self._slots(rows, epoch))

    def _store(self, images: Images, rows: Rows, epoch: int) -> None:
        if self._cache is not None:
            for slot, image in zip(self._slots(rows, epoch), images, strict=True):
                self._cache.put(slot, image)

    def _slots(self, rows: Rows, epoch: int) -> Rows:
        """Positions in the cache of these rows' copies for this epoch."""
        return np.searchsorted(self.rows, rows) + len(self.rows) * (epoch % self._copies)

    def _open_cache(self) -> MemoryCache:
        count, dtype = len(self.rows) * self._copies, np.dtype(self.settings.batch.dtype)
        cache = DiskCache if self.settings.methods.copies_in == "disk" else MemoryCache
        return cache(count, self.source.shape, dtype, "methods.copies")

    def transform(self, images: Images, rows: Rows, epoch: int) -> Images:
        """Augment and normalize a copy of images that were read from these rows."""
        out = np.empty(images.shape, self.settings.batch.dtype)
        self._augment(images, self.draws(rows, epoch), out=out)
        self._normalize(out, self._normalization)
        return out


def batch_number(index: int, batches: int) -> int:
    """The index of a batch from 0; a negative one counts from the end.

    Raises:
        IndexError: If the epoch has no such batch.
    """
    number = index + batches if index < 0 else index
    if not 0 <= number < batches:
        raise IndexError(f"batch {index} of an epoch of {batches} batches")
    return number


# Every batch needs it. Two epochs of a few datasets overlap in the workers.
@lru_cache(maxsize=8)
def _permutation(count: int, seed: int, epoch: int) -> Rows:
    # Without the spawn key this would be the generator of the draws' block 0: NumPy pads
    # [seed, epoch] with zeros.
    sequence = np.random.SeedSequence([seed, epoch], spawn_key=(1,))
    return np.random.default_rng(sequence).permutation(count)


def copies_bytes(settings: Settings, samples: int, shape: tuple[int, ...]) -> int:
    """Bytes that all augmented copies take, in memory or on disk.

    Args:
        settings: `methods.copies` and `batch.dtype` are used.
        samples: Number of training samples.
        shape: Shape of an image.
    """
    return memory_needed(samples * settings.methods.copies, shape, np.dtype(settings.batch.dtype))


def _check(settings: Settings, source: Source, rows: Rows, subset: Subset | None) -> None:
    batch = settings.batch
    if not len(rows):
        why = f"validation_split {settings.data.validation_split}"
        if source.validation is not None:
            why = "and the settings have training_rows but no validation_rows"
        raise ValueError(f"The {subset} subset is empty: {len(source)} samples, {why}")
    if subset != "validation" and batch.size > len(rows):
        where = f" of the {subset} subset" if subset else ""
        raise ValueError(
            f"batch.size: expected at most the {len(rows)} samples{where}. Received: {batch.size}"
        )
    given, channels = settings.statistics, source.shape[-1]
    if given is not None and not len(given.mean) == len(given.std) == channels:
        raise ValueError(
            f"statistics: expected a mean and a std for each of {channels} channels. "
            f"Received: {len(given.mean)} and {len(given.std)}"
        )
    if batch.dtype != "float32" and source.dtype.name not in (batch.dtype, "uint8"):
        raise ValueError(
            f"batch.dtype: {batch.dtype} cannot hold the source's {source.dtype.name} pixels. "
            "Choose float32"
        )
