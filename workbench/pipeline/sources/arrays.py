"""Read samples from arrays, Python lists and `.npy` files."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from workbench.pipeline.sources.mapped_file import (
    MappedFile,
    Stamp,
    changed_error,
    mapped_files,
    stamp,
)
from workbench.regular_file import other_kind
from workbench.settings.data import ReadMethod

Images = npt.NDArray[Any]
Rows = npt.NDArray[np.int64]
DTYPES = ("uint8", "uint16", "float16", "float32", "float64")


@dataclass(frozen=True)
class ArraySource:
    """Samples from an array in memory (method `array`) or a Python list of its rows (`list`).

    With the list, each batch is `np.array` of some samples, as at the start of the article's third
    example. The samples are views, so the list takes no second copy of the data.
    """

    x: Images
    labels: npt.NDArray[Any] | None
    class_names: tuple[str, ...] = ()
    as_list: bool = False
    mapped: tuple[MappedFile, ...] = field(default=(), repr=False)

    def __post_init__(self) -> None:
        check_arrays(self.x, self.labels)

    @property
    def shape(self) -> tuple[int, int, int]:
        """Height, width and channels of each image; one channel if the array has no such axis."""
        return (*self.x.shape[1:], 1)[:3]

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of the pixels."""
        return self.x.dtype

    @property
    def validation(self) -> None:
        """None: arrays do not mark validation samples."""
        return None

    @property
    def memory_bytes(self) -> int:
        """Bytes of the pixels in memory; 0 for a map, whose pages the system can free."""
        return 0 if isinstance(self.x, np.memmap) else self.x.nbytes

    @cached_property
    def _samples(self) -> list[Images]:
        return list(self.x)

    def __getstate__(self) -> dict[str, Any]:
        """Leave out the list: pickling would copy its views one by one."""
        return {name: value for name, value in self.__dict__.items() if name != "_samples"}

    def __len__(self) -> int:
        return len(self.x)

    def read(self, rows: Rows, out: Images | None = None) -> tuple[Images, Rows]:
        """Copy these rows; see `Source.read`.

        Raises:
            ValueError: If a sample holds NaN or infinity, or a mapped file has changed.
        """
        for file in self.mapped:
            file.check()
        if self.as_list:
            images = np.array([self._samples[row] for row in rows])
        elif out is None:
            images = self.x[rows]
        else:
            # One by one, because `np.take` first copies an array that is not in C order.
            images = out.reshape(len(rows), *self.x.shape[1:])
            for index, row in enumerate(rows.tolist()):
                images[index] = self.x[row]
        images = images.reshape(len(rows), *self.shape)
        _check_finite(images, rows)
        return images, rows


@dataclass(frozen=True)
class NpySource(ArraySource):
    """Samples from `data.npy`, mapped (method `memory_map`) or loaded (`array`, `list`).

    A pickled copy reopens the file, so worker processes share the pages of a map.
    """

    path: Path = field(default=Path())
    method: ReadMethod = "memory_map"
    opened: Stamp | None = None

    def __reduce__(self) -> tuple[Any, ...]:
        return open_npy, (self.path, self.method, self.opened)


def open_npy(path: Path, method: ReadMethod, expected: Stamp | None = None) -> NpySource:
    """Open `data.npy` and, if it exists, `labels.npy` in a folder.

    Args:
        path: The folder.
        method: `memory_map`, `array` or `list`.
        expected: The stamp of data.npy, if it must be the file that another process has opened.

    Raises:
        FileNotFoundError: If there is no data.npy.
        ValueError: If the arrays are not images and their labels, or not the expected file.
    """
    file, labels = path / "data.npy", path / "labels.npy"
    x = _load(file, "r" if method == "memory_map" else None)
    y = _load(labels, None) if labels.exists() else None
    opened = stamp(file)
    if expected not in (None, opened):
        raise changed_error(file)
    as_list, mapped = method == "list", mapped_files(x)
    return NpySource(x, y, (), as_list, mapped, path=path, method=method, opened=opened)


def as_array(name: str, values: Any) -> npt.NDArray[Any]:
    """`np.asarray`, with an error that names the argument.

    Raises:
        ValueError: If the values cannot form an array, such as lists of differing lengths.
    """
    try:
        return np.asarray(values)
    except ValueError as error:
        raise ValueError(f"{name}: expected an array or values to make one of. {error}") from None


def check_arrays(x: Images, y: npt.NDArray[Any] | None) -> None:
    """Check that arrays are images and labels.

    Raises:
        ValueError: If they are not, with what was expected and received.
    """
    if x.dtype.name not in DTYPES:
        raise ValueError(f"x: expected dtype {', '.join(DTYPES)}. Received: {x.dtype.name}")
    if x.ndim not in (3, 4) or (x.ndim == 4 and not 1 <= x.shape[3] <= 4):
        first = " (channels first? np.moveaxis(x, 1, -1))" if _channels_first(x) else ""
        raise ValueError(
            "x: expected shape (samples, height, width) or (samples, height, width, 1 to 4 "
            f"channels). Received: {x.shape}{first}"
        )
    if 0 in x.shape:
        raise ValueError(f"x: expected samples with pixels. Received: shape {x.shape}")
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
    received = other_kind(path)
    if not received:
        try:
            array = np.load(path, mmap_mode=mmap_mode)
        # Broken bytes make NumPy's readers raise exceptions of many types.
        except Exception as error:
            raise ValueError(f"{path}: expected a NumPy array. {error}") from None
        if isinstance(array, np.ndarray):
            return array
        array.close()
        received = f"an .npz archive of {', '.join(array.files)}. Save each array with np.save"
    raise ValueError(f"{path}: expected a NumPy array. Received: {received}")


def _check_finite(images: Images, rows: Rows) -> None:
    if images.dtype.kind != "f":
        return
    # One pass without a temporary: the sum is finite unless a pixel is not (or it overflows). It
    # keeps the images' type, because summing float32 in float64 takes five times as long.
    with np.errstate(all="ignore"):
        total = np.sum(images, dtype=np.promote_types(images.dtype, np.float32))
    if not np.isfinite(total):
        bad = rows[~np.isfinite(images).all(axis=(1, 2, 3))]
        if bad.size:
            raise ValueError(
                f"x: expected finite numbers. Received: NaN or infinity in rows "
                f"{', '.join(map(str, bad[:5]))}"
            )
