"""A scan of files in words: a summary line, warnings and table rows."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from workbench.pipeline.images.headers import CLIPS
from workbench.pipeline.images.scan import Scan
from workbench.pipeline.sources.folders import KINDS, Listing

NAMED = 5  # classes whose counts the summary lists one by one
NAMED_FILES = 100  # unreadable files that the table lists
# At this ratio, always predicting the most frequent class is right nine times out of ten.
UNEVEN = 10
# At this ratio, one image size either enlarges small images or loses the detail of large ones.
SIZE_RANGE = 4
COLOURS = {"L": "gray", "LA": "gray + alpha", "1": "black and white", "P": "palette"}


def summarize_scan(scan: Scan, listing: Listing, root: str) -> dict[str, Any]:
    """Summarize a scan as data for the page.

    Args:
        scan: The scan of `listing`.
        listing: The files and their labels.
        root: The folder that file names are relative to.

    Returns:
        `summary`, one line; `warnings`, a line each; `rows`, pairs of name and text.
    """
    # Pillow's messages repeat the whole path.
    unreadable = [
        (_below(root, path), why.replace(f" {path!r}", "")) for path, why in scan.unreadable.items()
    ]
    rows = [*scan.table().items(), *unreadable[:NAMED_FILES]]
    more = len(unreadable) - NAMED_FILES
    return {
        "summary": " · ".join(_summary(scan, _noun(listing))),
        "warnings": list(_warnings(scan, unreadable, _noun(listing))),
        "rows": list(map(list, rows)) + ([["", f"and {more:,} more"]] if more > 0 else []),
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
    # A file with a good header may still be truncated.
    yield f"{bad:,} unreadable" if bad else "no unreadable files"


def _warnings(scan: Scan, unreadable: list[tuple[str, str]], noun: str) -> Iterator[str]:
    if unreadable:
        name, why = unreadable[0]
        more = f", and {len(unreadable) - 1:,} more" if unreadable[1:] else ""
        yield f"Unreadable: {name} ({why}){more}"
    if len(scan.modes) > 1:
        yield f"Mixed colours: {_counts(_colours(scan))}. All become what Color mode says."
    if len(scan.bits) > 1:
        depths = [f"{count:,} files are {bits}-bit" for bits, count in sorted(scan.bits.items())]
        clips = f" {CLIPS}." if scan.deep_gray else ""
        yield f"{', '.join(reversed(depths))}; all are converted to one depth.{clips}"
    elif scan.deep_gray:
        yield f"All {scan.deep_gray:,} are 16-bit gray. {CLIPS}; the workbench scales it."
    if scan.ignored:
        yield f"Not read: {_counts(scan.ignored)}. Only {KINDS} files are."
    if scan.repeated:
        link, count = next(iter(scan.repeated)), len(scan.repeated)
        yield f"Links to folders that are listed already, not followed: {count:,}, such as {link}"
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
