"""Images decoded from files, of a class folder or a table, with their labels."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from workbench.pipeline.cache.memory import Held, memory_needed
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
    held: Held | None = None

    @property
    def shape(self) -> tuple[int, int, int]:
        """Height, width and channels of each image."""
        return shape_of(self.data)

    @property
    def dtype(self) -> np.dtype[Any]:
        """uint8 or uint16, by the bit depth set."""
        return dtype_of(self.data)

    @cached_property
    def labels(self) -> npt.NDArray[Any] | None:
        """Labels in the form that `label_mode` asks for."""
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
        """Name of each label, or of each label column."""
        return self.listing.class_names

    @property
    def validation(self) -> npt.NDArray[np.bool_] | None:
        """Which samples are for validation, where the table says so."""
        return self.listing.validation

    @property
    def memory_bytes(self) -> int:
        """What the pixels take in memory once all were read."""
        return memory_needed(len(self), self.shape, self.dtype) if self.held else 0

    def __len__(self) -> int:
        return len(self.listing.paths)

    def read(self, rows: Rows, out: Images | None = None) -> tuple[Images, Rows]:
        """The images of these rows; see `Source.read`."""
        images = np.empty((len(rows), *self.shape), self.dtype) if out is None else out
        kept = np.ones(len(rows), bool)
        for place, row in enumerate(rows):
            try:
                images[place] = self._image(row)
            except UnreadableFileError as error:
                if self.data.unreadable == "error":
                    raise
                kept[place] = False
                warnings.warn(f"skipped: {error}", stacklevel=2)
        if not kept.any():
            raise UnreadableFileError(f"none of the {len(rows)} files of this batch can be decoded")
        return (images, rows) if kept.all() else (images[kept], rows[kept])

    def _image(self, row: int) -> Images:
        if self.held is None:
            return self._decode(row)
        image = self.held.get(row)
        if image is None:
            image = self._decode(row)
            self.held.put(row, image)
        return image

    def _decode(self, row: int) -> Images:
        d, path = self.data, self.listing.paths[row]
        return decode(
            path, d.image_size, self.shape[2], d.bit_depth, d.interpolation, d.reduced_jpeg
        )


def shape_of(data: ImageFiles) -> tuple[int, int, int]:
    """Height, width and channels that images are decoded to."""
    return *data.image_size, 1 if data.color_mode == "grayscale" else 3


def dtype_of(data: ImageFiles) -> np.dtype[Any]:
    """The type that pixels are decoded to."""
    return np.dtype(f"uint{data.bit_depth}")
