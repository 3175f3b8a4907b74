"""Find image files in class folders."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from workbench.pipeline.images.file_bytes import UnreadableFileError
from workbench.pipeline.images.headers import read_header

SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".webp")
KINDS = "PNG, JPEG, BMP, TIFF or WebP"


@dataclass(frozen=True)
class Listing:
    """The image files of a class folder or a table.

    Attributes:
        paths: Sorted by class, then by path, for a folder; in the order of the rows for a table.
        labels: Class number of each path, shape (samples,), int64; or 0 or 1 for each label
            column, shape (samples, columns), float32.
        class_names: Name of each class number or label column.
        validation: Mask of the validation files, if the data defines it.
    """

    paths: tuple[str, ...]
    labels: npt.NDArray[Any]
    class_names: tuple[str, ...]
    validation: npt.NDArray[np.bool_] | None = None


def list_folder(path: str | os.PathLike[str], class_names: Iterable[str] = ()) -> Listing:
    """List the images in a folder with one subfolder per class.

    Args:
        path: The folder.
        class_names: Subfolders in the order of their labels. Defaults to all subfolders, sorted.

    Raises:
        FileNotFoundError: If the folder or a named subfolder does not exist.
        ValueError: If there are no class folders or no images in them.
    """
    root = Path(path)
    if not root.is_dir():
        raise FileNotFoundError(f"No such folder: {root}")
    names = tuple(class_names) or tuple(
        sorted(entry.name for entry in os.scandir(root) if entry.is_dir() and _visible(entry.name))
    )
    for name in names:
        if not (root / name).is_dir():
            raise FileNotFoundError(f"class_names: no folder {name!r} in {root}")
    per_class = [sorted(_images(root / name)) for name in names]
    paths = tuple(file for files in per_class for file in files)
    if not paths:
        raise ValueError(_no_images(root, names))
    labels = np.repeat(np.arange(len(names)), [len(files) for files in per_class])
    return Listing(paths, labels, names)


def probe(paths: Iterable[str]) -> tuple[bool, bool]:
    """Whether any of these files is in colour, and whether all have 16 bits, by their headers."""
    headers = []
    for path in paths:
        # Reading its batch reports an unreadable file.
        with contextlib.suppress(UnreadableFileError):
            headers.append(read_header(path))
    deep = bool(headers) and all(header.bits == 16 for header in headers)
    return any(header.coloured for header in headers), deep


def _visible(name: str) -> bool:
    return not name.startswith(".")


def _images(folder: Path) -> Iterator[str]:
    for directory, _, files in os.walk(folder, followlinks=True):
        for file in files:
            if file.lower().endswith(SUFFIXES) and _visible(file):
                yield str(Path(directory, file))


def _no_images(root: Path, names: tuple[str, ...]) -> str:
    expected = f"Expected class folders with {KINDS} images, such as {root.name}/cats/1.png."
    if names:
        return f"No images in the subfolders of {root}. {expected} Received: {', '.join(names[:5])}"
    loose = len([e for e in os.scandir(root) if e.name.lower().endswith(SUFFIXES)])
    return f"No class folders in {root}. {expected} Received: {loose} loose images, no subfolder"
