"""Image files: find them in class folders, decode one. The only decoder there is."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

SUFFIXES = (".png", ".jpg", ".jpeg")
INTERPOLATIONS = {
    "area": cv2.INTER_AREA,
    "linear": cv2.INTER_LINEAR,
    # The pixels that Keras's flow_from_directory takes; INTER_NEAREST rounds differently.
    "nearest": cv2.INTER_NEAREST_EXACT,
}


class UnreadableFileError(ValueError):
    """A file that cannot be decoded as an image."""


@dataclass(frozen=True)
class Listing:
    """The image files of a class folder.

    Attributes:
        paths: Sorted by class, then by path.
        labels: Class number of each path, shape (samples,), int64.
        class_names: Subfolder of each class number.
    """

    paths: tuple[str, ...]
    labels: npt.NDArray[np.int64]
    class_names: tuple[str, ...]


def list_folder(path: str | os.PathLike[str], class_names: Iterable[str] = ()) -> Listing:
    """List the images below a folder with one subfolder for each class.

    Args:
        path: The folder.
        class_names: Subfolders in the order of their labels. Defaults to all, sorted.

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
            raise FileNotFoundError(f"No folder for class {name!r} in {root}")
    per_class = [sorted(_images(root / name)) for name in names]
    paths = tuple(file for files in per_class for file in files)
    if not paths:
        raise ValueError(_nothing_found(root, names))
    labels = np.repeat(np.arange(len(names)), [len(files) for files in per_class])
    return Listing(paths, labels, names)


def decode(
    path: str, size: tuple[int, int], channels: int, bit_depth: int, interpolation: str
) -> npt.NDArray[np.uint8] | npt.NDArray[np.uint16]:
    """Decode one image, turned as its EXIF orientation says, and resize it.

    Args:
        path: PNG or JPEG file; gray, colour, palette; 8 or 16 bits.
        size: Height and width of the result in pixels.
        channels: 1 (gray) or 3 (RGB).
        bit_depth: 8 or 16; images of the other depth are scaled to it.
        interpolation: A key of `INTERPOLATIONS`.

    Returns:
        Array of shape (height, width, channels), uint8 or uint16.

    Raises:
        UnreadableFileError: If the file is missing, cut short or no image.
    """
    flags = cv2.IMREAD_ANYDEPTH | (cv2.IMREAD_COLOR_RGB if channels == 3 else cv2.IMREAD_GRAYSCALE)
    image = cv2.imdecode(_whole_file(path), flags)
    if image is None:
        raise UnreadableFileError(f"{path}: cannot be decoded as an image")
    image = _to_depth(image, bit_depth)
    height, width = size
    if image.shape[:2] != size:
        image = cv2.resize(image, (width, height), interpolation=INTERPOLATIONS[interpolation])
    return image.reshape(height, width, channels)  # type: ignore[return-value]


def probe(paths: Iterable[str]) -> tuple[bool, bool]:
    """Whether any of these files is in colour, and whether all have 16 bits; reads headers only."""
    from PIL import Image

    colour, deep = False, []
    for path in paths:
        try:
            with Image.open(path) as image:
                colour |= image.mode not in ("1", "L", "LA") and not image.mode.startswith("I")
                deep.append(image.mode.startswith("I"))
        except OSError:
            continue  # an unreadable file is reported when its batch is read
    return colour, bool(deep) and all(deep)


def _visible(name: str) -> bool:
    return not name.startswith(".")


def _images(folder: Path) -> Iterator[str]:
    for directory, _, files in os.walk(folder, followlinks=True):
        for file in files:
            if file.lower().endswith(SUFFIXES) and _visible(file):
                yield str(Path(directory, file))


def _nothing_found(root: Path, names: tuple[str, ...]) -> str:
    expected = f"Expected class folders with PNG or JPEG images, such as {root.name}/cats/1.png."
    if names:
        return f"No images in the subfolders of {root}. {expected} Received: {', '.join(names[:5])}"
    loose = len([e for e in os.scandir(root) if e.name.lower().endswith(SUFFIXES)])
    return f"No class folders in {root}. {expected} Received: {loose} loose images, no subfolder"


def _whole_file(path: str) -> npt.NDArray[np.uint8]:
    """The file's bytes, refused when cut short: decoders would fill the rest with grey."""
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        raise UnreadableFileError(f"{path}: {error.strerror}") from None
    if data.startswith(b"\xff\xd8"):
        whole = _has_end_of_jpeg(data)
    else:
        whole = not data.startswith(b"\x89PNG") or b"IEND\xaeB`\x82" in data
    if not data or not whole:
        raise UnreadableFileError(f"{path}: cut short after {len(data)} bytes")
    return np.frombuffer(data, np.uint8)


def _has_end_of_jpeg(data: bytes) -> bool:
    """Whether the main image has its end marker; a thumbnail's, or data that follows, is not it."""
    place = 2
    while data[place : place + 1] == b"\xff" and data[place + 1 : place + 2] != b"\xda":
        place += 2 + int.from_bytes(data[place + 2 : place + 4], "big")
    # From the start of scan on, 0xFF is escaped in the data: an end marker found there is real.
    return data.find(b"\xff\xd9", place) != -1


def _to_depth(image: npt.NDArray[Any], bit_depth: int) -> npt.NDArray[Any]:
    if image.dtype == np.uint8 and bit_depth == 16:
        return image.astype(np.uint16) * np.uint16(257)
    if image.dtype == np.uint16 and bit_depth == 8:
        return cv2.convertScaleAbs(image, alpha=1 / 257)
    return image
