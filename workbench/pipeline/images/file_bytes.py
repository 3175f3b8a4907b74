"""Read an image file, and refuse one that is truncated, too large or no regular file."""

from __future__ import annotations

import struct
from pathlib import Path

from workbench.printable import visible_lines
from workbench.regular_file import other_kind

JPEG, PNG = b"\xff\xd8", b"\x89PNG"
# Pillow refuses larger images as well, with which a small file could fill the memory.
MAX_PIXELS = 178_956_970
# Markers of a JPEG's frame, which gives its size.
FRAMES = {0xC0, 0xC1, 0xC2, 0xC3, 0xC5, 0xC6, 0xC7, 0xC9, 0xCA, 0xCB, 0xCD, 0xCE, 0xCF}


class UnreadableFileError(ValueError):
    """A file that cannot be decoded as an image."""

    def __str__(self) -> str:
        return visible_lines(super().__str__())


def read_whole_file(path: str) -> bytes:
    """Read a file, and refuse a truncated JPEG or PNG: some decoders would fill the rest with grey.

    Other formats are not checked: decoders refuse them when they are truncated.

    Raises:
        UnreadableFileError: If the file is missing, truncated or not a regular file, or a JPEG or
            PNG has more than `MAX_PIXELS` pixels.
    """
    check_regular(path)
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        raise UnreadableFileError(f"{path}: {error.strerror}") from None
    size = 0, 0
    if data.startswith(JPEG):
        whole, size = _end_and_size_of_jpeg(data)
    elif data.startswith(PNG):
        whole = len(data) > 24 and data.rfind(b"IEND\xaeB`\x82") != -1
        size = struct.unpack_from(">II", data, 16) if whole else size
    else:
        whole = bool(data)
    if not whole:
        raise UnreadableFileError(f"{path}: truncated after {len(data)} bytes")
    check_size(path, *size)
    return data


def check_regular(path: str) -> None:
    """Check that a path does not lead to a pipe or device, reading which might not end.

    Raises:
        UnreadableFileError: If it leads to anything but a file, or nowhere.
    """
    kind = other_kind(path)
    if kind:
        raise UnreadableFileError(f"{path}: expected an image file. Received: {kind}")


def check_size(path: str, width: int, height: int) -> None:
    """Check that an image is within `MAX_PIXELS`.

    Raises:
        UnreadableFileError: If it is larger.
    """
    if width * height > MAX_PIXELS:
        raise too_large(path, f"Received: {width} × {height} pixels")


def too_large(path: str, received: object) -> UnreadableFileError:
    """The error for an image of more than `MAX_PIXELS`."""
    return UnreadableFileError(
        f"{path}: expected at most {MAX_PIXELS / 1e6:.0f} megapixels. {received}"
    )


def _end_and_size_of_jpeg(data: bytes) -> tuple[bool, tuple[int, int]]:
    """Whether the main image has its end marker, ignoring that of a thumbnail; width and height."""
    position, size = 2, (0, 0)
    while data[position : position + 1] == b"\xff" and data[position + 1 : position + 2] != b"\xda":
        if len(data) >= position + 9 and data[position + 1] in FRAMES:
            height, width = struct.unpack_from(">HH", data, position + 5)
            size = width, height
        position += 2 + int.from_bytes(data[position + 2 : position + 4], "big")
    # After the start of scan, 0xFF is escaped in the data, so an end marker there is real. The
    # search starts at the end, where it usually is.
    return data.rfind(b"\xff\xd9", position) != -1, size
