"""Open the source that settings describe, or reopen it for changed settings.

A source has labels and reads images by row number. Its data is never written to.
"""

from __future__ import annotations

import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from workbench.pipeline.cache.memory import MemoryCache
from workbench.pipeline.images.file_bytes import UnreadableFileError
from workbench.pipeline.sources.arrays import (
    ArraySource,
    Images,
    NpySource,
    Rows,
    as_array,
    open_npy,
)
from workbench.pipeline.sources.folders import Listing, list_folder
from workbench.pipeline.sources.image_files import FileSource, dtype_of, shape_of
from workbench.pipeline.sources.mapped_file import mapped_files
from workbench.pipeline.sources.tables import list_table
from workbench.printable import printable_errors, visible
from workbench.settings import Settings
from workbench.settings.data import ArraysData, CsvData, FolderData, NpyData

__all__ = ["ArraySource", "Images", "Rows", "Source", "list_files", "open_source", "reopen"]

# Settings that decide which files are listed; the others decide how they are decoded.
LISTED_BY = {
    "folder": {"path", "class_names"},
    "csv": {
        "path", "images", "image_column", "label_columns", "label_mode", "class_names",
        "training_rows", "validation_rows", "unreadable",
    },
}  # fmt: skip


class Source(Protocol):
    """What a pipeline reads from.

    Attributes:
        shape: Shape of an image, (height, width, channels).
        dtype: Type of its pixels.
        labels: One entry per sample, or None.
        class_names: Names of integer labels or of label columns; may be empty.
        validation: Mask of the validation samples if the data defines it, or None.
        memory_bytes: Bytes that the pixels take in memory once all are read.
    """

    @property
    def shape(self) -> tuple[int, int, int]: ...  # noqa: D102
    @property
    def dtype(self) -> np.dtype[Any]: ...  # noqa: D102
    @property
    def labels(self) -> npt.NDArray[Any] | None: ...  # noqa: D102
    @property
    def class_names(self) -> tuple[str, ...]: ...  # noqa: D102
    @property
    def validation(self) -> npt.NDArray[np.bool_] | None: ...  # noqa: D102
    @property
    def memory_bytes(self) -> int: ...  # noqa: D102
    def __len__(self) -> int: ...

    def read(self, rows: Rows, out: Images | None = None) -> tuple[Images, Rows]:
        """Read images of shape (rows, height, width, channels).

        Args:
            rows: Indices of the samples.
            out: Array to read into, of that shape and the source's dtype. Defaults to a new one.

        Returns:
            The images, and the rows without those of unreadable files.
        """


@printable_errors()
def open_source(settings: Settings, x: Any = None, y: Any = None) -> Source:
    """Open the source that the settings describe.

    Args:
        settings: `data` and `methods.read` are used.
        x: Images for data of kind "arrays", shape (samples, height, width[, channels]).
        y: Labels, one entry per sample, or None.

    Raises:
        FileNotFoundError: If a path does not exist.
        MemoryError: If the decoded images do not fit into memory (`files_in_memory`).
        ValueError: If there is nothing to read, or the arrays do not fit the settings.
    """
    data, method = settings.data, settings.methods.read
    if isinstance(data, FolderData | CsvData):
        listing = list_files(data)
        if listing.unlisted:
            warnings.warn(f"skipped: {_unlisted(listing)}", stacklevel=2)
        return FileSource(data, listing, _image_cache(data, listing, settings))
    if isinstance(data, NpyData):
        return open_npy(Path(data.path), method)
    if x is None:
        raise ValueError(
            f"x: expected {data.dtype} images of shape {data.shape[1:]}, as in the settings. "
            "Received: None. Pass x= and y="
        )
    labels = None if y is None else as_array("y", y)
    images = as_array("x", x)
    source = ArraySource(images, labels, (), method == "list", mapped_files(images, labels))
    _check_expected(source.x, data)
    return source


def reopen(source: Source, settings: Settings) -> Source:
    """Open a source for changed settings, sharing with `source` what has not changed."""
    data, method = settings.data, settings.methods.read
    if isinstance(source, FileSource) and isinstance(data, FolderData | CsvData):
        return _reopened_files(source, data, settings)
    if isinstance(source, ArraySource) and isinstance(data, ArraysData):
        as_list = method == "list"
        return source if source.as_list == as_list else replace(source, as_list=as_list)
    if isinstance(source, NpySource) and isinstance(data, NpyData):
        same = source.method == method and source.path == Path(data.path)
        return source if same else open_source(settings)
    return open_source(settings)


@printable_errors()
def list_files(data: FolderData | CsvData) -> Listing:
    """List the files and labels of a folder or table.

    Raises:
        FileNotFoundError: If the folder or table is missing; or a file, with `unreadable` "error".
        UnreadableFileError: If a folder may not be listed, with `unreadable` "error".
        ValueError: If there are no files, or the labels do not fit the settings.
    """
    if isinstance(data, CsvData):
        return list_table(data)
    listing = list_folder(data.path, data.class_names)
    if listing.unlisted and data.unreadable == "error":
        raise UnreadableFileError(_unlisted(listing))
    if data.label_mode == "binary" and len(listing.class_names) != 2:
        names = ", ".join(listing.class_names[:5])
        raise ValueError(f"label_mode binary: expected 2 class folders. Received: {names}")
    return listing


def _unlisted(listing: Listing) -> str:
    path, why = next(iter(listing.unlisted.items()))
    more = f" ({len(listing.unlisted)} such folders)" if listing.unlisted.keys() - {path} else ""
    return visible(
        f"{path}: {why}{more}. Its images are missing from the data: make the folder readable, or "
        "leave it out on purpose, by data.class_names"
    )


def _reopened_files(source: FileSource, data: FolderData | CsvData, settings: Settings) -> Source:
    listed_by = LISTED_BY[data.kind]
    if data.model_dump(include=listed_by) != source.data.model_dump(include=listed_by):
        return open_source(settings)
    in_memory = settings.methods.read == "files_in_memory"
    if data == source.data and in_memory == (source.cache is not None):
        return source
    return replace(source, data=data, cache=_image_cache(data, source.listing, settings))


def _image_cache(
    data: FolderData | CsvData, listing: Listing, settings: Settings
) -> MemoryCache | None:
    if settings.methods.read != "files_in_memory":
        return None
    setting = "methods.read: files_in_memory"
    return MemoryCache(len(listing.paths), shape_of(data), dtype_of(data), setting)


def _check_expected(x: Images, data: ArraysData) -> None:
    if x.shape[1:] != data.shape[1:] or x.dtype.name != data.dtype:
        raise ValueError(
            f"x: expected {data.dtype} images of shape {data.shape[1:]}, as in the settings. "
            f"Received: {x.dtype.name}, {x.shape[1:]}"
        )
