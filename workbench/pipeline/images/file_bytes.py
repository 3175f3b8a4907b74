"""The bytes of an image file: there, and whole or cut short."""

from __future__ import annotations

from pathlib import Path


class UnreadableFileError(ValueError):
    """A file that cannot be decoded as an image."""


def whole_file(path: str) -> bytes:
    """The file's bytes, refused when cut short: some decoders would fill the rest with grey.

    BMP, TIFF and WebP are not looked at: OpenCV refuses them when they are cut.

    Raises:
        UnreadableFileError: If the file is missing or cut short.
    """
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        raise UnreadableFileError(f"{path}: {error.strerror}") from None
    if data.startswith(b"\xff\xd8"):
        whole = _has_end_of_jpeg(data)
    else:
        whole = not data.startswith(b"\x89PNG") or data.rfind(b"IEND\xaeB`\x82") != -1
    if not data or not whole:
        raise UnreadableFileError(f"{path}: cut short after {len(data)} bytes")
    return data


def _has_end_of_jpeg(data: bytes) -> bool:
    """Whether the main image has its end marker; a thumbnail's, or data that follows, is not it."""
    place = 2
    while data[place : place + 1] == b"\xff" and data[place + 1 : place + 2] != b"\xda":
        place += 2 + int.from_bytes(data[place + 2 : place + 4], "big")
    # From the start of scan on, 0xFF is escaped in the data: an end marker found there is real.
    # Looked for from the end, where it mostly is.
    return data.rfind(b"\xff\xd9", place) != -1
