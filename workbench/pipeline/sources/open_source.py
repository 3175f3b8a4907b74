"""Where samples come from: from settings to a source, and to a changed one.

A source knows its labels and gives images by row number. Its data is never written to.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from workbench.pipeline.cache.memory import Held
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
from workbench.pipeline.sources.tables import list_table
from workbench.settings import Settings
from workbench.settings.data import ArraysData, CsvData, FolderData, NpyData

__all__ = ["ArraySource", "Images", "Rows", "Source", "list_files", "open_source", "reopen"]

# Settings of file data that decide which files there are; the others decide how they are decoded.
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
        shape: Of one image: (height, width, channels).
        dtype: Of its pixels.
        labels: One entry a sample, or None.
        class_names: Names of integer labels or of label columns; may be empty.
        validation: Which samples are for validation where the data itself says so, or None.
        memory_bytes: What its pixels take in memory once all were read.
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
        """Images of these rows, shape (rows, height, width, channels), and the rows kept.

        Args:
            rows: Which.
            out: Memory for them, of that shape and the source's dtype. Defaults to new.
        """


def open_source(settings: Settings, x: Any = None, y: Any = None) -> Source:
    """The source that the settings describe.

    Args:
        settings: Uses `data` and `methods.read`.
        x: For data of kind "arrays": images, (samples, height, width[, channels]).
        y: Labels, one entry a sample, or None.

    Raises:
        FileNotFoundError: If a path does not exist.
        MemoryError: If the decoded images are to stay in memory and cannot.
        ValueError: If there is nothing to read, or arrays do not fit the settings.
    """
    data, method = settings.data, settings.methods.read
    if isinstance(data, FolderData | CsvData):
        listing = list_files(data)
        return FileSource(data, listing, _room(data, listing, settings))
    if isinstance(data, NpyData):
        return open_npy(Path(data.path), method)
    if x is None:
        raise ValueError(
            f"These settings are for arrays of shape {data.shape}, {data.dtype}: pass x= and y="
        )
    labels = None if y is None else as_array("y", y)
    source = ArraySource(as_array("x", x), labels, as_list=method == "list")
    _check_expected(source.x, data)
    return source


def reopen(source: Source, settings: Settings) -> Source:
    """A source for changed settings that shares with `source` what has not changed."""
    data, method = settings.data, settings.methods.read
    if isinstance(source, FileSource) and isinstance(data, FolderData | CsvData):
        return _relisted(source, data, settings)
    if isinstance(source, ArraySource) and isinstance(data, ArraysData):
        as_list = method == "list"
        return source if source.as_list == as_list else replace(source, as_list=as_list)
    if isinstance(source, NpySource) and isinstance(data, NpyData):
        same = source.method == method and source.path == Path(data.path)
        return source if same else open_source(settings)
    return open_source(settings)


def list_files(data: FolderData | CsvData) -> Listing:
    """The files of a folder or a table, and their labels.

    Raises:
        FileNotFoundError: If the folder or the table is missing, or a file and that is an error.
        ValueError: If there are none, or their labels are not what the settings say.
    """
    if isinstance(data, CsvData):
        return list_table(data)
    listing = list_folder(data.path, data.class_names)
    if data.label_mode == "binary" and len(listing.class_names) != 2:
        names = ", ".join(listing.class_names[:5])
        raise ValueError(f"label_mode binary: expected 2 class folders. Received: {names}")
    return listing


def _relisted(source: FileSource, data: FolderData | CsvData, settings: Settings) -> Source:
    listed_by = LISTED_BY[data.kind]
    if data.model_dump(include=listed_by) != source.data.model_dump(include=listed_by):
        return open_source(settings)
    in_memory = settings.methods.read == "files_in_memory"
    if data == source.data and in_memory == (source.held is not None):
        return source
    return replace(source, data=data, held=_room(data, source.listing, settings))


def _room(data: FolderData | CsvData, listing: Listing, settings: Settings) -> Held | None:
    if settings.methods.read != "files_in_memory":
        return None
    return Held(len(listing.paths), shape_of(data), dtype_of(data), "methods.read: files_in_memory")


def _check_expected(x: Images, data: ArraysData) -> None:
    if x.shape[1:] != data.shape[1:] or x.dtype.name != data.dtype:
        raise ValueError(
            f"x: expected {data.dtype} images of shape {data.shape[1:]}, as in the settings. "
            f"Received: {x.dtype.name}, {x.shape[1:]}"
        )
