"""Read samples from the image files of a class folder or table."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from workbench.pipeline.cache.memory import MemoryCache, memory_needed
from workbench.pipeline.images.decode import decode
from workbench.pipeline.images.file_bytes import UnreadableFileError
from workbench.pipeline.sources.arrays import Images, Rows
from workbench.pipeline.sources.folders import Listing
from workbench.settings.data import CsvData, FolderData, ImageFiles


@dataclass(frozen=True)
class FileSource:
    """Images decoded for each batch (method `files`) or once (method `files_in_memory`)."""

    data: FolderData | CsvData
    listing: Listing
    cache: MemoryCache | None = None

    @property
    def shape(self) -> tuple[int, int, int]:
        """Height, width and channels of each image."""
        return shape_of(self.data)

    @property
    def dtype(self) -> np.dtype[Any]:
        """uint8 or uint16, as `bit_depth` says."""
        return dtype_of(self.data)

    @cached_property
    def labels(self) -> npt.NDArray[Any] | None:
        """Labels in the form of `label_mode`."""
        labels: npt.NDArray[Any] = self.listing.labels
        mode = self.data.label_mode
        if mode == "categorical":
            one_hot: npt.NDArray[Any] = np.eye(len(self.class_names), dtype=np.float32)[labels]
            return one_hot
        if mode == "binary":
            return labels.astype(np.float32)[:, None]
        return None if mode == "none" else labels

    @property
    def class_names(self) -> tuple[str, ...]:
        """Name of each class or label column."""
        return self.listing.class_names

    @property
    def validation(self) -> npt.NDArray[np.bool_] | None:
        """Mask of the validation samples, if the table defines it."""
        return self.listing.validation

    @property
    def memory_bytes(self) -> int:
        """Bytes that the pixels take in memory once all are read."""
        return memory_needed(len(self), self.shape, self.dtype) if self.cache else 0

    def __len__(self) -> int:
        return len(self.listing.paths)

    def read(self, rows: Rows, out: Images | None = None) -> tuple[Images, Rows]:
        """Decode the images of these rows; see `Source.read`."""
        images = np.empty((len(rows), *self.shape), self.dtype) if out is None else out
        kept = np.ones(len(rows), bool)
        for index, row in enumerate(rows):
            try:
                images[index] = self._image(row)
            except UnreadableFileError as error:
                if self.data.unreadable == "error":
                    raise
                kept[index] = False
                warnings.warn(f"skipped: {error}", stacklevel=2)
        if not kept.any():
            raise UnreadableFileError(f"none of the {len(rows)} files of this batch can be decoded")
        return (images, rows) if kept.all() else (images[kept], rows[kept])

    def _image(self, row: int) -> Images:
        if self.cache is None:
            return self._decode(row)
        image = self.cache.get(row)
        if image is None:
            image = self._decode(row)
            self.cache.put(row, image)
        return image

    def _decode(self, row: int) -> Images:
        d, path = self.data, self.listing.paths[row]
        return decode(
            path, d.image_size, self.shape[2], d.bit_depth, d.interpolation, d.reduced_jpeg
        )


def shape_of(data: ImageFiles) -> tuple[int, int, int]:
    """Height, width and channels of the decoded images."""
    return *data.image_size, 1 if data.color_mode == "grayscale" else 3


def dtype_of(data: ImageFiles) -> np.dtype[Any]:
    """Type of the decoded pixels."""
    return np.dtype(f"uint{data.bit_depth}")
