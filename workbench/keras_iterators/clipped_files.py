"""Find files that Keras reads as white: 16-bit gray in a colour mode of 8 bits."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from workbench.pipeline.images.file_bytes import UnreadableFileError
from workbench.pipeline.images.headers import read_header

LOOKED_AT = 200  # files whose headers are read, evenly spaced: 20 ms


def clipped_files(iterator: Any) -> str:
    """How many of an iterator's files Keras clips to white; empty if none, or if it reads none."""
    paths = getattr(iterator, "filepaths", None)
    if not paths or iterator.color_mode == "grayscale":
        return ""
    some = tuple(paths[:: max(1, len(paths) // LOOKED_AT)])
    count = _deep_gray(some)
    if not count:
        return ""
    return (
        f"{count} of {len(some)} files looked at are 16-bit gray, which Keras clips to white above "
        f"255 with color_mode={iterator.color_mode!r}. With 'grayscale' it keeps all values."
    )


@lru_cache(maxsize=4)  # a panel asks with each report
def _deep_gray(paths: tuple[str, ...]) -> int:
    return sum(map(_is_deep_gray, paths))


def _is_deep_gray(path: str) -> bool:
    try:
        return read_header(path).deep_gray
    except UnreadableFileError:
        return False  # reading its batch reports it
