"""Find image files in class folders."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from workbench.pipeline.images.file_bytes import UnreadableFileError
from workbench.pipeline.images.headers import read_header
from workbench.pipeline.sources.walk_folders import (
    SUFFIXES,
    FolderWalk,
    extension,
    is_visible,
)

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
        unlisted, repeated, ignored: See `FolderWalk`.
    """

    paths: tuple[str, ...]
    labels: npt.NDArray[Any]
    class_names: tuple[str, ...]
    validation: npt.NDArray[np.bool_] | None = None
    unlisted: dict[str, str] = field(default_factory=dict)
    repeated: dict[str, str] = field(default_factory=dict)
    ignored: dict[str, int] = field(default_factory=dict)


def list_folder(path: str | os.PathLike[str], class_names: Iterable[str] = ()) -> Listing:
    """List the images in a folder with one subfolder per class, each real folder once.

    Args:
        path: The folder.
        class_names: Subfolders in the order of their labels. Defaults to all subfolders, sorted.

    Raises:
        FileNotFoundError: If the folder or a named subfolder does not exist.
        UnreadableFileError: If the folder may not be listed.
        ValueError: If there are no class folders or no images in them.
    """
    root = Path(path)
    if not root.is_dir():
        raise FileNotFoundError(f"No such folder: {root}")
    walk = FolderWalk()
    walk.enter(str(root))
    names = tuple(class_names) or tuple(_class_folders(root, walk))
    for name in names:
        if not (root / name).is_dir():
            raise FileNotFoundError(f"class_names: no folder {name!r} in {root}")
    # All classes first, so that a link in one of them cannot take the images of another.
    entered = [walk.enter(str(root / name)) for name in names]
    per_class = [
        sorted(walk.images(str(root / name))) if first else []
        for name, first in zip(names, entered, strict=True)
    ]
    paths = tuple(file for files in per_class for file in files)
    if not paths and not walk.unlisted:
        raise ValueError(_no_images(root, names, walk))
    labels = np.repeat(np.arange(len(names)), [len(files) for files in per_class])
    return Listing(
        paths, labels, names, None, walk.unlisted, walk.repeated, dict(walk.ignored.most_common())
    )


def _class_folders(root: Path, walk: FolderWalk) -> list[str]:
    """The folders of the classes, sorted; counts images beside them, which belong to no class."""
    names = []
    try:
        entries = [entry for entry in os.scandir(root) if is_visible(entry.name)]
    except OSError as error:
        raise UnreadableFileError(f"{root}: {error.strerror}") from None
    for entry in entries:
        if os.path.isdir(entry.path):  # noqa: PTH112 (never raises)
            names.append(entry.name)
        elif not walk.is_lost(entry.path) and entry.name.lower().endswith(SUFFIXES):
            walk.ignored[f"{extension(entry.name)} outside class folders"] += 1
    return sorted(names)


def probe(paths: Iterable[str]) -> tuple[bool, bool]:
    """Whether any of these files is in colour, and whether all have 16 bits, by their headers."""
    headers = []
    for path in paths:
        # Reading its batch reports an unreadable file.
        with contextlib.suppress(UnreadableFileError):
            headers.append(read_header(path))
    deep = bool(headers) and all(header.bits == 16 for header in headers)
    return any(header.coloured for header in headers), deep


def _no_images(root: Path, names: tuple[str, ...], walk: FolderWalk) -> str:
    expected = f"Expected class folders with {KINDS} images, such as {root.name}/cats/1.png."
    others = ", ".join(f"{count} {kind}" for kind, count in walk.ignored.most_common(5))
    if names:
        received = ", ".join(names[:5]) + (f" ({others})" if others else "")
        return f"No images in the subfolders of {root}. {expected} Received: {received}"
    loose = len([e for e in os.scandir(root) if e.name.lower().endswith(SUFFIXES)])
    return f"No class folders in {root}. {expected} Received: {loose} loose images, no subfolder"
