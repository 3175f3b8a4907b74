"""Read an image file, and refuse a truncated one."""

from __future__ import annotations

from pathlib import Path


class UnreadableFileError(ValueError):
    """A file that cannot be decoded as an image."""


def read_whole_file(path: str) -> bytes:
    """Read a file, and refuse a truncated JPEG or PNG: some decoders would fill the rest with grey.

    BMP, TIFF and WebP are not checked, because OpenCV refuses them when they are truncated.

    Raises:
        UnreadableFileError: If the file is missing or truncated.
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
        raise UnreadableFileError(f"{path}: truncated after {len(data)} bytes")
    return data


def _has_end_of_jpeg(data: bytes) -> bool:
    """Whether the main image has its end marker, ignoring that of a thumbnail."""
    position = 2
    while data[position : position + 1] == b"\xff" and data[position + 1 : position + 2] != b"\xda":
        position += 2 + int.from_bytes(data[position + 2 : position + 4], "big")
    # After the start of scan, 0xFF is escaped in the data, so an end marker there is real. The
    # search starts at the end, where it usually is.
    return data.rfind(b"\xff\xd9", position) != -1
