"""Summarize a folder or table of images from the headers of all its files."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from statistics import median
from typing import Any

import numpy as np

from workbench.pipeline.images.decode import decode
from workbench.pipeline.images.file_bytes import UnreadableFileError
from workbench.pipeline.images.headers import CLIPS, Header, read_header
from workbench.pipeline.sources.folders import Listing
from workbench.result import Result

NAMED = 5  # classes named before the rest is counted


@dataclass(frozen=True)
class Scan(Result):
    """The files of a folder or table, before anything runs; `str` gives a table to read.

    Attributes:
        files: Number of files.
        formats: Number of files per format, such as {"PNG": 90, "JPEG": 10}, most frequent first.
        modes: Number of files per colour mode, by Pillow's names; "L" is gray.
        bits: Number of files per number of bits per channel.
        heights: Minimum, median and maximum height in pixels, as stored.
        widths: Minimum, median and maximum width in pixels, as stored.
        sizes: Number of distinct sizes.
        turned: Number of files that their EXIF orientation turns or mirrors. The workbench applies
            it; Pillow, TensorFlow and Keras do not.
        classes: Number of files per class, in the order of the labels; with several label columns,
            the number of files whose label is 1.
        deep_gray: Number of 16-bit gray files, which Pillow and Keras may clip to white.
        unreadable: Unreadable files and folders, with the reason.
        ignored: Number of files in the folders that are not read, by extension.
        repeated: Links to folders that are listed already, with their paths; not followed.
        decoded: Whether the files were decoded, or only their headers read.
    """

    files: int
    formats: dict[str, int]
    modes: dict[str, int]
    bits: dict[int, int]
    heights: tuple[int, float, int]
    widths: tuple[int, float, int]
    sizes: int
    turned: int
    classes: dict[str, int]
    deep_gray: int
    unreadable: dict[str, str]
    ignored: dict[str, int]
    repeated: dict[str, str]
    decoded: bool

    def table(self) -> dict[str, str]:
        """All counts in words: what each row is about, and what it says."""
        heights, widths = map(_spread, (self.heights, self.widths))
        how = "decoded" if self.decoded else "headers read"
        return {
            "files": f"{self.files} ({how})",
            "formats": _shares(self.formats),
            "colour modes": _shares(self.modes),
            "bits a channel": _shares({f"{n}-bit": count for n, count in self.bits.items()}),
            **({"16-bit gray": f"{self.deep_gray}. {CLIPS}"} if self.deep_gray else {}),
            "heights": f"{heights} pixels",
            "widths": f"{widths} pixels",
            "distinct sizes": f"{self.sizes}",
            "turned by EXIF": f"{self.turned}",
            "classes": _shares(self.classes) if self.classes else "no labels",
            "unreadable": f"{len(self.unreadable)}",
            "not read": ", ".join(f"{name} {n}" for name, n in self.ignored.items()) or "none",
            **({"links repeated": ", ".join(self.repeated)} if self.repeated else {}),
        }


def scan_listing(listing: Listing, *, decodes: bool) -> Scan:
    """Inspect all files of a listing.

    Args:
        listing: The files.
        decodes: Whether to decode the files too, which finds damage behind an intact header.
    """
    look = partial(look_at, decodes=decodes)
    # Decoding releases the interpreter lock; reading headers does not, so threads would not help.
    if decodes:
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            found = list(pool.map(look, listing.paths))
    else:
        found = list(map(look, listing.paths))
    return summarize(listing, found, decodes)


def summarize(listing: Listing, found: Sequence[Header | str], decodes: bool) -> Scan:
    """Count what `look_at` found for each path of a listing."""
    headers = [header for header in found if isinstance(header, Header)]
    sizes = np.array([header.size for header in headers]).reshape(-1, 2)
    return Scan(
        files=len(listing.paths),
        formats=_counts(header.format for header in headers),
        modes=_counts(header.mode for header in headers),
        bits=_counts(header.bits for header in headers),
        heights=_extent(sizes[:, 0].tolist()),
        widths=_extent(sizes[:, 1].tolist()),
        sizes=len({header.size for header in headers}),
        turned=sum(header.turned for header in headers),
        classes=_class_counts(listing),
        deep_gray=sum(header.deep_gray for header in headers),
        unreadable=listing.unlisted
        | {
            path: why
            for path, why in zip(listing.paths, found, strict=True)
            if isinstance(why, str)
        },
        ignored=listing.ignored,
        repeated=listing.repeated,
        decoded=decodes,
    )


def look_at(path: str, decodes: bool) -> Header | str:
    """The file's header, or the reason why it cannot be read."""
    try:
        header = read_header(path)
        if decodes:
            decode(path, header.size, 3 if header.coloured else 1, 8, "nearest")
    except UnreadableFileError as error:
        return str(error).removeprefix(f"{path}: ")
    return header


def _class_counts(listing: Listing) -> dict[str, int]:
    names = listing.class_names
    if listing.labels.ndim == 2:
        counts = listing.labels.sum(axis=0).astype(int)
    else:
        counts = np.bincount(listing.labels, minlength=len(names))
    return dict(zip(names, counts.tolist(), strict=False))  # no names without labels


def _counts(values: Iterable[Any]) -> dict[Any, int]:
    return dict(Counter(values).most_common())


def _extent(values: list[int]) -> tuple[int, float, int]:
    return (min(values), median(values), max(values)) if values else (0, 0, 0)


def _spread(extent: tuple[int, float, int]) -> str:
    low, middle, high = extent
    return f"{low} … {middle:g} … {high}" if low != high else f"{low}"


def _shares(counts: dict[Any, int]) -> str:
    total, shown = sum(counts.values()), list(counts.items())[: 2 * NAMED]
    parts = [f"{name} {count} ({count / max(1, total):.0%})" for name, count in shown]
    more = len(counts) - len(shown)
    return ", ".join([*parts, *([f"and {more} more"] if more else [])]) or "none"
