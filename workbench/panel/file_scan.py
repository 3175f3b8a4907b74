"""Read the headers of a panel's files, a few at a time, and summarize them in words."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from time import perf_counter
from typing import Any

from workbench.pipeline.images.headers import Header
from workbench.pipeline.images.scan import Scan, look_at, summarize
from workbench.pipeline.sources.folders import Listing
from workbench.pipeline.sources.image_files import FileSource
from workbench.pipeline.sources.open_source import Source
from workbench.settings.data import CsvData

NAMED = 5  # how many classes or colours the summary names before it counts
NAMED_FILES = 100  # how many unreadable files the table names before it counts
# From here on always naming the commonest class is right nine times out of ten.
UNEVEN = 10
# Resized to one size, either the small ones are blown up or the large ones lose their detail.
SIZE_RANGE = 4
COLOURS = {"L": "gray", "LA": "gray + alpha", "1": "black and white", "P": "palette"}


class FileScan:
    """Looks at the headers of all files, a moment at a time, on the thread that calls `advance`.

    In one thread, because headers in the system's cache take Python's time, not the disk's: a
    pool of threads waits for the interpreter lock (176 files, 2 cores, medians of 21: 4.0 ms in
    one thread, 9.7 ms in a pool of two).

    Args:
        source: Whose files; other data has none, and nothing to be scanned.
    """

    def __init__(self, source: Source | None = None) -> None:
        self._files = source if isinstance(source, FileSource) else None
        self._paths = iter(source.listing.paths if isinstance(source, FileSource) else ())
        self._found: list[Header | str] = []
        self.done = self._files is None

    @property
    def progress(self) -> dict[str, Any]:
        """How many files were seen, as the panel shows it; empty where there are none."""
        if self._files is None:
            return {}
        seen, total = len(self._found), len(self._files.listing.paths)
        return {"summary": f"Scanning files … {seen:,} of {total:,}"}

    def advance(self, seconds: float) -> dict[str, Any]:
        """Look at further files for so long, and at one at least; what the panel shows of them.

        Returns:
            `progress` while there are more files; then what `shown` says.
        """
        end = perf_counter() + seconds
        for path in self._paths:  # an iterator: it goes on where it was left
            self._found.append(look_at(path, False))
            if perf_counter() > end:
                break
        if self._files is None or len(self._found) < len(self._files.listing.paths):
            return self.progress
        self.done = True
        listing, data = self._files.listing, self._files.data
        root = data.images if isinstance(data, CsvData) else data.path
        return shown(summarize(listing, self._found, False), listing, root)


def shown(scan: Scan, listing: Listing, root: str) -> dict[str, Any]:
    """A scan as the plain data that its area is drawn from.

    Args:
        scan: Of the listing.
        listing: Whose labels tell classes from label columns.
        root: The folder that file names are relative to.

    Returns:
        `summary`, one line; `warnings`, a line each; `rows`, pairs of what and text.
    """
    # Pillow's reasons say the whole path once more.
    unreadable = [
        (_below(root, path), why.replace(f" {path!r}", "")) for path, why in scan.unreadable.items()
    ]
    rows = [*scan.table().items(), *unreadable[:NAMED_FILES]]
    more = len(unreadable) - NAMED_FILES
    return {
        "summary": sendable(" · ".join(_summary(scan, _noun(listing)))),
        "warnings": [sendable(text) for text in _warnings(scan, unreadable, _noun(listing))],
        "rows": [[sendable(name), sendable(text)] for name, text in rows]
        + ([["", f"and {more:,} more"]] if more > 0 else []),
    }


def _summary(scan: Scan, noun: str) -> Iterator[str]:
    yield f"{scan.files:,} files"
    if scan.formats:
        yield ", ".join(scan.formats)
        yield f"{'/'.join(_colours(scan))} {'/'.join(map(str, scan.bits))}-bit"
        sizes = f", {scan.sizes:,} sizes" if scan.sizes > 1 else ""
        yield f"{_range(scan.heights)} × {_range(scan.widths)}{sizes}"
    counts = list(scan.classes.values())
    if not counts:
        yield "no labels"
    elif len(counts) <= NAMED:
        yield f"{len(counts)} {noun}, {' / '.join(f'{count:,}' for count in counts)}"
    else:
        yield f"{len(counts):,} {noun}, {min(counts):,} … {max(counts):,} each"
    bad = len(scan.unreadable)
    # Headers only: a file may still be cut short behind its own.
    yield f"{bad:,} unreadable" if bad else "all headers readable"


def _warnings(scan: Scan, unreadable: list[tuple[str, str]], noun: str) -> Iterator[str]:
    if unreadable:
        name, why = unreadable[0]
        more = f", and {len(unreadable) - 1:,} more" if unreadable[1:] else ""
        yield f"Unreadable: {name} ({why}){more}"
    if len(scan.modes) > 1:
        yield f"Mixed colours: {_counts(_colours(scan))}. All become what Color mode says."
    if len(scan.bits) > 1:
        depths = {f"{bits}-bit": count for bits, count in scan.bits.items()}
        yield f"Mixed depths: {_counts(depths)}. All are scaled to the same."
    if scan.classes and max(scan.classes.values()) >= UNEVEN * min(scan.classes.values()):
        most, least = (pick(scan.classes.items(), key=lambda c: c[1]) for pick in (max, min))
        times = f" ({most[1] / least[1]:.0f}×)" if least[1] else ""
        yield f"Uneven {noun}: {most[0]} {most[1]:,}, {least[0]} {least[1]:,}{times}"
    if any(high >= SIZE_RANGE * max(1, low) for low, _, high in (scan.heights, scan.widths)):
        yield (
            f"Sizes differ much: heights {_range(scan.heights)}, widths {_range(scan.widths)} "
            "pixels. All are resized to Image size."
        )


def _noun(listing: Listing) -> str:
    return "labels" if listing.labels.ndim == 2 else "classes"


def _colours(scan: Scan) -> dict[str, int]:
    return {COLOURS.get(mode, mode): count for mode, count in scan.modes.items()}


def _counts(counts: dict[str, int]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in counts.items())


def _range(extent: tuple[int, float, int]) -> str:
    low, _, high = extent
    return f"{low}…{high}" if low != high else f"{low}"


def _below(root: str, path: str) -> str:
    return str(Path(path).relative_to(root)) if Path(path).is_relative_to(root) else path


def sendable(text: str) -> str:
    """File names need not be valid Unicode; a message to the page has to be."""
    return text.encode("utf-8", "backslashreplace").decode()
