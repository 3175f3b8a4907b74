"""Sources in memory or in `.npy` files: arrays, Python lists of samples, memory maps."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from workbench.settings.data import ReadMethod

Images = npt.NDArray[Any]
Rows = npt.NDArray[np.int64]
ALLOWED = ("uint8", "uint16", "float16", "float32", "float64")


@dataclass(frozen=True)
class ArraySource:
    """Rows of an array in memory (method `array`), or a Python list of its samples (`list`).

    The list is how the article's third example starts: `np.array` of some samples for each batch.
    Its samples are views of the array, so it takes no second copy of the data.
    """

    x: Images
    labels: npt.NDArray[Any] | None
    class_names: tuple[str, ...] = ()
    as_list: bool = False

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

    @property
    def validation(self) -> None:
        """Arrays do not say which samples are for validation."""
        return None

    @property
    def memory_bytes(self) -> int:
        """What the pixels take in memory; a map's pages are the system's to give back."""
        return 0 if isinstance(self.x, np.memmap) else self.x.nbytes

    @cached_property
    def _samples(self) -> list[Images]:
        return list(self.x)

    def __getstate__(self) -> dict[str, Any]:
        """Without the list: its views would be copied one by one, beside the array."""
        return {name: value for name, value in self.__dict__.items() if name != "_samples"}

    def __len__(self) -> int:
        return len(self.x)

    def read(self, rows: Rows, out: Images | None = None) -> tuple[Images, Rows]:
        """Copy these rows; see `Source.read`.

        Raises:
            ValueError: If a sample holds NaN or infinity.
        """
        if self.as_list:
            images = np.array([self._samples[row] for row in rows])
        elif out is None:
            images = self.x[rows]
        else:
            # One by one: `np.take` would first copy all of an array that is not in C order.
            images = out.reshape(len(rows), *self.x.shape[1:])
            for place, row in enumerate(rows.tolist()):
                images[place] = self.x[row]
        images = images.reshape(len(rows), *self.shape)
        _check_finite(images, rows)
        return images, rows


@dataclass(frozen=True)
class NpySource(ArraySource):
    """Rows of `data.npy`, mapped (method `memory_map`) or loaded (`array`, `list`).

    A pickled copy opens the file anew: worker processes share a map's pages.
    """

    path: Path = field(default=Path())
    method: ReadMethod = "memory_map"

    def __reduce__(self) -> tuple[Any, ...]:
        return open_npy, (self.path, self.method)


def open_npy(path: Path, method: ReadMethod) -> NpySource:
    """Open `data.npy` and, where there is one, `labels.npy` in a folder.

    Args:
        path: The folder.
        method: `memory_map`, `array` or `list`.

    Raises:
        FileNotFoundError: If there is no data.npy.
        ValueError: If the arrays do not fit each other or are no images.
    """
    x = _load(path / "data.npy", "r" if method == "memory_map" else None)
    labels = path / "labels.npy"
    y = _load(labels, None) if labels.exists() else None
    return NpySource(x, y, as_list=method == "list", path=path, method=method)


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


def _check_finite(images: Images, rows: Rows) -> None:
    if images.dtype.kind != "f":
        return
    # One pass, no temporary: the sum is finite unless a pixel is not (or it overflows). In the
    # images' own type: adding float32 up in float64 takes five times as long.
    with np.errstate(all="ignore"):
        total = np.sum(images, dtype=np.promote_types(images.dtype, np.float32))
    if not np.isfinite(total):
        bad = rows[~np.isfinite(images).all(axis=(1, 2, 3))]
        if bad.size:
            raise ValueError(f"NaN or infinity in x, rows {', '.join(map(str, bad[:5]))}")
