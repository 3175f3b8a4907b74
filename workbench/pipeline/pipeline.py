"""From (settings, epoch, index) to a batch, and from nothing else. Needs no Keras.

The same batch comes out bit for bit whichever thread or process asks, in any order.
"""

from __future__ import annotations

from functools import lru_cache, partial

import numpy as np

from workbench.pipeline.augment import METHODS as AUGMENT
from workbench.pipeline.cache.buffers import Room
from workbench.pipeline.cache.disk import HeldOnDisk
from workbench.pipeline.cache.memory import Held, memory_needed
from workbench.pipeline.draws import Draws, draw
from workbench.pipeline.normalize import METHODS as NORMALIZE
from workbench.pipeline.normalize import Steps
from workbench.pipeline.sources.open_source import Images, Rows, Source, reopen
from workbench.pipeline.subsets import Subset, split
from workbench.settings import Settings

__all__ = ["Pipeline", "Subset", "copies_bytes", "split"]


class Pipeline:
    """Reads, augments and normalizes the samples of a batch.

    Safe to use from many threads at once: nothing but the augmented copies (`methods.copies`) is
    added after it is made, and each of them is the same whoever makes it. Each thread reads into
    memory of its own, which is kept for the next batch.

    Args:
        settings: What to do.
        source: Where samples come from.
        subset: "training", "validation" (not shuffled, keeps its last batch) or None for all.
        augment: Whether to augment. Defaults to True, for validation to False.
        rows: The subset's samples where they are known. Defaults to `split`'s.

    Raises:
        ValueError: If the subset is empty, the batch is larger than it, or `batch.dtype` cannot
            hold the source's pixels.

    Attributes:
        rows: The samples of the subset, by their index in the source.
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
        self._normalize, self._steps = NORMALIZE[methods.normalize], Steps(a, settings.statistics)
        self._copies = methods.copies if self.augment else 0
        _check(settings, source, self.rows, subset)
        self._held = self._room_for_copies() if self._copies else None
        self._room = Room()

    def with_settings(self, settings: Settings) -> Pipeline:
        """The same data and subset under other settings; opens anew only what has changed."""
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
        """The random values of these samples in this epoch; of copies, those of their epoch."""
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
        start = self._place(index) * self.settings.batch.size
        rows = self._ordered(epoch, slice(start, start + self.settings.batch.size))
        images = self._made_before(rows, epoch)
        if images is None:
            with self._room.lend((len(rows), *self.source.shape), self.source.dtype) as room:
                images, rows = self.source.read(rows, room)
                images = self.transform(images, rows, epoch)
            self._keep(images, rows, epoch)
        labels = self.source.labels
        return (images,) if labels is None else (images, labels[rows])

    @property
    def copies_bytes(self) -> int:
        """What the augmented copies take, in memory or on disk, once all are made."""
        return copies_bytes(self.settings, len(self.rows), self.source.shape) if self._copies else 0

    def _made_before(self, rows: Rows, epoch: int) -> Images | None:
        """The augmented copies of these rows, if they are kept and all there."""
        return None if self._held is None else self._held.take(self._places(rows, epoch))

    def _keep(self, images: Images, rows: Rows, epoch: int) -> None:
        if self._held is not None:
            for place, image in zip(self._places(rows, epoch), images, strict=True):
                self._held.put(place, image)

    def _places(self, rows: Rows, epoch: int) -> Rows:
        """Where the copies of these rows for this epoch are held; `self.rows` is in order."""
        return np.searchsorted(self.rows, rows) + len(self.rows) * (epoch % self._copies)

    def _room_for_copies(self) -> Held:
        count, dtype = len(self.rows) * self._copies, np.dtype(self.settings.batch.dtype)
        made = HeldOnDisk if self.settings.methods.copies_in == "disk" else Held
        return made(count, self.source.shape, dtype, "methods.copies")

    def transform(self, images: Images, rows: Rows, epoch: int) -> Images:
        """Augment and normalize images that were read from these rows; leaves them unchanged."""
        out = np.empty(images.shape, self.settings.batch.dtype)
        self._augment(images, self.draws(rows, epoch), out=out)
        self._normalize(out, self._steps)
        return out

    def _place(self, index: int) -> int:
        place = index + len(self) if index < 0 else index
        if not 0 <= place < len(self):
            raise IndexError(f"batch {index} of an epoch of {len(self)} batches")
        return place


# Each batch of an epoch asks for it; two epochs overlap in the workers, of few datasets at a time.
@lru_cache(maxsize=8)
def _permutation(count: int, seed: int, epoch: int) -> Rows:
    # A spawn key keeps this apart from the draws: NumPy pads [seed, epoch] with zeros, which would
    # be the generator of the draws' block 0.
    sequence = np.random.SeedSequence([seed, epoch], spawn_key=(1,))
    return np.random.default_rng(sequence).permutation(count)


def copies_bytes(settings: Settings, samples: int, shape: tuple[int, ...]) -> int:
    """What the augmented copies of the settings take, in memory or on disk, before any is made.

    Args:
        settings: Uses `methods.copies` and `batch.dtype`.
        samples: How many are trained on.
        shape: Of one image.
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
        of = f" of the {subset} subset" if subset else ""
        raise ValueError(
            f"batch.size: expected at most the {len(rows)} samples{of}. Received: {batch.size}"
        )
    found, channels = settings.statistics, source.shape[-1]
    if found is not None and not len(found.mean) == len(found.std) == channels:
        raise ValueError(
            f"statistics: expected a mean and a std for each of {channels} channels. "
            f"Received: {len(found.mean)} and {len(found.std)}"
        )
    if batch.dtype != "float32" and source.dtype.name not in (batch.dtype, "uint8"):
        raise ValueError(
            f"batch.dtype: {batch.dtype} cannot hold the source's {source.dtype.name} pixels. "
            "Choose float32"
        )
