"""Where samples come from: class folders, mapped or loaded `.npy` pairs, arrays.

A source knows its labels and gives images by row number. Its data is never written to.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from workbench.generators.files import Listing, UnreadableFileError, decode, list_folder
from workbench.settings import ArraysData, FolderData, NpyData, Settings

Images = npt.NDArray[Any]
Rows = npt.NDArray[np.int64]
ALLOWED = ("uint8", "uint16", "float16", "float32", "float64")


class Source(Protocol):
    """What a pipeline reads from.

    Attributes:
        shape: Of one image: (height, width, channels).
        dtype: Of its pixels.
        labels: One entry a sample, or None.
        class_names: Names of integer labels; may be empty.
    """

    @property
    def shape(self) -> tuple[int, int, int]: ...  # noqa: D102
    @property
    def dtype(self) -> np.dtype[Any]: ...  # noqa: D102
    @property
    def labels(self) -> npt.NDArray[Any] | None: ...  # noqa: D102
    @property
    def class_names(self) -> tuple[str, ...]: ...  # noqa: D102
    def __len__(self) -> int: ...

    def read(self, rows: Rows) -> tuple[Images, Rows]:
        """Images of these rows, shape (rows, height, width, channels), and the rows kept."""


@dataclass(frozen=True)
class FolderSource:
    """Images decoded from class folders for each batch (method `files`)."""

    data: FolderData
    listing: Listing

    @property
    def shape(self) -> tuple[int, int, int]:
        """Height, width and channels of each image."""
        return *self.data.image_size, 1 if self.data.color_mode == "grayscale" else 3

    @property
    def dtype(self) -> np.dtype[Any]:
        """uint8 or uint16, by the bit depth set."""
        return np.dtype(f"uint{self.data.bit_depth}")

    @cached_property
    def labels(self) -> npt.NDArray[Any] | None:
        """Labels in the form that `label_mode` asks for."""
        numbers, mode = self.listing.labels, self.data.label_mode
        if mode == "categorical":
            return np.eye(len(self.class_names), dtype=np.float32)[numbers]
        if mode == "binary":
            return numbers.astype(np.float32)[:, None]
        return numbers if mode == "int" else None

    @property
    def class_names(self) -> tuple[str, ...]:
        """Subfolder of each label."""
        return self.listing.class_names

    def __len__(self) -> int:
        return len(self.listing.paths)

    def read(self, rows: Rows) -> tuple[Images, Rows]:
        """Decode the files of these rows; see `Source.read`."""
        images = np.empty((len(rows), *self.shape), self.dtype)
        kept = np.ones(len(rows), bool)
        for place, row in enumerate(rows):
            try:
                images[place] = self._decode(self.listing.paths[row])
            except UnreadableFileError as error:
                if self.data.unreadable == "error":
                    raise
                kept[place] = False
                warnings.warn(f"skipped: {error}", stacklevel=2)
        if not kept.any():
            raise UnreadableFileError(f"none of the {len(rows)} files of this batch can be decoded")
        return (images, rows) if kept.all() else (images[kept], rows[kept])

    def _decode(self, path: str) -> Images:
        d = self.data
        return decode(path, d.image_size, self.shape[2], d.bit_depth, d.interpolation)


@dataclass(frozen=True)
class ArraySource:
    """Rows of an array in memory (method `array`)."""

    x: Images
    labels: npt.NDArray[Any] | None
    class_names: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        check_arrays(self.x, self.labels)

    @property
    def shape(self) -> tuple[int, int, int]:
        """Height, width and channels of each image; gray images without channels get one."""
        return (*self.x.shape[1:], 1)[:3]

    @property
    def dtype(self) -> np.dtype[Any]:
        """The array's own."""
        return self.x.dtype

    def __len__(self) -> int:
        return len(self.x)

    def read(self, rows: Rows) -> tuple[Images, Rows]:
        """Copy these rows; see `Source.read`.

        Raises:
            ValueError: If a sample holds NaN or infinity.
        """
        images = self.x[rows].reshape(len(rows), *self.shape)
        # One pass, no temporary: the sum is finite unless a pixel is not (or it overflows).
        if images.dtype.kind == "f" and not np.isfinite(np.sum(images, dtype=np.float64)):
            bad = rows[~np.isfinite(images).all(axis=(1, 2, 3))]
            if bad.size:
                raise ValueError(f"NaN or infinity in x, rows {', '.join(map(str, bad[:5]))}")
        return images, rows


@dataclass(frozen=True)
class NpySource(ArraySource):
    """Rows of `data.npy`, mapped (method `memory_map`) or loaded (method `array`).

    A pickled copy opens the file anew: worker processes share a map's pages.
    """

    path: Path = field(default=Path())
    mapped: bool = True

    def __reduce__(self) -> tuple[Any, ...]:
        return open_npy, (self.path, self.mapped)


def open_npy(path: Path, mapped: bool) -> NpySource:
    """Open `data.npy` and, where there is one, `labels.npy` in a folder.

    Raises:
        FileNotFoundError: If there is no data.npy.
        ValueError: If the arrays do not fit each other or are no images.
    """
    x = _load(path / "data.npy", "r" if mapped else None)
    labels = path / "labels.npy"
    y = _load(labels, None) if labels.exists() else None
    return NpySource(x, y, path=path, mapped=mapped)


def open_source(settings: Settings, x: Any = None, y: Any = None) -> Source:
    """The source that the settings describe.

    Args:
        settings: Uses `data` and `methods.read`.
        x: For data of kind "arrays": images, (samples, height, width[, channels]).
        y: Labels, one entry a sample, or None.

    Raises:
        FileNotFoundError: If a path does not exist.
        ValueError: If there is nothing to read, or arrays do not fit the settings.
    """
    data = settings.data
    if isinstance(data, FolderData):
        listing = list_folder(data.path, data.class_names)
        if data.label_mode == "binary" and len(listing.class_names) != 2:
            names = ", ".join(listing.class_names[:5])
            raise ValueError(f"label_mode binary: expected 2 class folders. Received: {names}")
        return FolderSource(data, listing)
    if isinstance(data, NpyData):
        return open_npy(Path(data.path), settings.methods.read == "memory_map")
    if x is None:
        raise ValueError(
            f"These settings are for arrays of shape {data.shape}, {data.dtype}: pass x= and y="
        )
    source = ArraySource(as_array("x", x), None if y is None else as_array("y", y))
    _check_expected(source.x, data)
    return source


def reopen(source: Source, settings: Settings) -> Source:
    """A source for changed settings that shares with `source` what has not changed."""
    data = settings.data
    if isinstance(source, FolderSource) and isinstance(data, FolderData):
        where = ("path", "class_names")
        if all(getattr(data, name) == getattr(source.data, name) for name in where):
            return source if data == source.data else replace(source, data=data)
    if isinstance(source, ArraySource) and isinstance(data, ArraysData):
        return source
    if isinstance(source, NpySource) and isinstance(data, NpyData):
        mapped = settings.methods.read == "memory_map"
        same = source.mapped == mapped and source.path == Path(data.path)
        return source if same else open_source(settings)
    return open_source(settings)


def as_array(name: str, values: Any) -> npt.NDArray[Any]:
    """`np.asarray`, with an error that names the argument.

    Raises:
        ValueError: If the values make no array, for example lists of differing lengths.
    """
    try:
        return np.asarray(values)
    except ValueError as error:
        raise ValueError(f"{name}: cannot be made an array: {error}") from None


def check_arrays(x: Images, y: npt.NDArray[Any] | None) -> None:
    """Refuse arrays that are no images and labels, in words.

    Raises:
        ValueError: Saying what was expected and what was received.
    """
    if x.dtype.name not in ALLOWED:
        raise ValueError(f"x: expected dtype {', '.join(ALLOWED)}. Received: {x.dtype.name}")
    if x.ndim not in (3, 4) or (x.ndim == 4 and not 1 <= x.shape[3] <= 4):
        first = " (channels first? np.moveaxis(x, 1, -1))" if _channels_first(x) else ""
        raise ValueError(
            "x: expected shape (samples, height, width) or (samples, height, width, 1 to 4 "
            f"channels). Received: {x.shape}{first}"
        )
    if 0 in x.shape:
        raise ValueError(f"x: no samples or no pixels. Received: shape {x.shape}")
    if y is None:
        return
    if y.ndim == 0 or len(y) != len(x):
        raise ValueError(f"x and y: expected equal lengths. Received: x {x.shape}, y {y.shape}")
    if y.dtype.kind not in "biuf":
        first = f"{y.flat[0]!r:.40}" if y.size else "none"
        raise ValueError(f"y: expected numbers. Received: dtype {y.dtype}, first {first}")


def _channels_first(x: Images) -> bool:
    return x.ndim == 4 and 1 <= x.shape[1] <= 4


def _load(path: Path, mmap_mode: Any) -> npt.NDArray[Any]:
    if not path.exists():
        raise FileNotFoundError(f"No such file: {path}")
    try:
        array = np.load(path, mmap_mode=mmap_mode)
    except (ValueError, OSError, EOFError) as error:
        raise ValueError(f"{path}: cannot be read as an array: {error}") from None
    return array  # type: ignore[no-any-return]


def _check_expected(x: Images, data: ArraysData) -> None:
    if x.shape[1:] != data.shape[1:] or x.dtype.name != data.dtype:
        raise ValueError(
            f"x: expected {data.dtype} images of shape {data.shape[1:]}, as in the settings. "
            f"Received: {x.dtype.name}, {x.shape[1:]}"
        )
