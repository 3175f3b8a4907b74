"""List the image files and labels of a CSV table."""

from __future__ import annotations

import csv
import difflib
import os
import warnings
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

import numpy as np
import numpy.typing as npt

from workbench.pipeline.sources.folders import Listing
from workbench.pipeline.sources.table_labels import labels_of
from workbench.pipeline.sources.walk_folders import SUFFIXES
from workbench.printable import visible
from workbench.regular_file import other_kind
from workbench.settings.data import CsvData

DELIMITERS = ",;\t|"
STRAY_QUOTE = "Is a quotation mark missing, or one too many?"
MAX_NAMED = 5  # how many files or values an error lists


@dataclass(frozen=True)
class Table:
    """The cells of a CSV table, stripped of whitespace.

    Attributes:
        path: The file.
        columns: Cells of each column, by its name.
        rows: Row numbers as in a spreadsheet: the header is row 1.
    """

    path: Path
    columns: dict[str, tuple[str, ...]]
    rows: npt.NDArray[np.int64]

    def column(self, name: str, setting: str) -> tuple[str, ...]:
        """The cells of a column.

        Raises:
            ValueError: If there is no such column; names the setting.
        """
        if name not in self.columns:
            near = difflib.get_close_matches(name, self.columns, n=1)
            hint = f" Did you mean {near[0]!r}?" if near else ""
            raise ValueError(
                f"{setting}: expected a column of {self.path}: {', '.join(self.columns)}. "
                f"Received: {name!r}.{hint}"
            )
        return self.columns[name]

    def cells(self, name: str, setting: str) -> tuple[str, ...]:
        """The cells of a column in which none may be empty.

        Raises:
            ValueError: If a cell is empty or there is no such column.
        """
        cells = self.column(name, setting)
        if "" in cells:
            empty = self.rows[cells.index("")]
            raise ValueError(
                f"{self.path}: row {empty}, column {name!r} is empty ({cells.count('')} such rows)"
            )
        return cells

    def take(self, kept: npt.NDArray[np.bool_]) -> Table:
        """The table with these rows only."""
        columns = {
            name: tuple(cell for cell, keep in zip(cells, kept, strict=True) if keep)
            for name, cells in self.columns.items()
        }
        return Table(self.path, columns, self.rows[kept])


def read_table(path: str | os.PathLike[str]) -> Table:
    """Read a CSV file with a header, separated by commas, semicolons, tabs or bars.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If the file is not UTF-8, or has no header or rows, uneven rows, a column twice,
            or a quotation mark that joins rows.
    """
    file = Path(path)
    kind = other_kind(file)
    if kind:
        raise ValueError(f"{file}: expected a CSV table. Received: {kind}")
    try:
        text = file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"{file}: expected a CSV table in UTF-8: {error}") from None
    except OSError as error:
        raise FileNotFoundError(f"No such file: {file} ({error.strerror})") from None
    header = text.split("\n", 1)[0]
    delimiter = max(DELIMITERS, key=header.count)
    lines = _read_rows(file, text, delimiter)
    rows = [(row, [c.strip() for c in cells]) for row, cells in enumerate(lines, 1) if any(cells)]
    if len(rows) < 2:
        raise ValueError(f"{file}: expected a header and a row for each image. Received: no rows")
    if any(map(_is_image, rows[0][1])):
        raise ValueError(
            f"{file}: expected the names of the columns in row {rows[0][0]}, such as file, label. "
            f"Received: an image: {', '.join(rows[0][1])}"
        )
    return _build_table(file, rows[0][1], rows[1:])


def _read_rows(file: Path, text: str, delimiter: str) -> list[list[str]]:
    """The cells of all rows; a cell may contain line breaks.

    Raises:
        ValueError: If a cell is too long, or a stray quotation mark makes one cell of several rows.
    """
    rows = _parse(file, text, delimiter, strict=False)
    # Where no cell spans lines, a stray quotation mark does no harm.
    spanning = [(row, cells) for row, cells in enumerate(rows, 1) if "\n" in "".join(cells)]
    if not spanning:
        return rows
    for row, cells in spanning:
        lines = [line for cell in cells for line in cell.splitlines()[1:]]
        joined = [line for line in lines if any(map(_is_image, line.split(delimiter)))]
        if joined and (delimiter in joined[0] or len(cells) == 1):
            raise ValueError(f"{file}: row {row}: one cell also holds {joined[0]!r}. {STRAY_QUOTE}")
    return _parse(file, text, delimiter, strict=True)


def _parse(file: Path, text: str, delimiter: str, *, strict: bool) -> list[list[str]]:
    rows: list[list[str]] = []
    try:
        for cells in csv.reader(StringIO(text, newline=""), delimiter=delimiter, strict=strict):
            rows.append(cells)
    except csv.Error as error:
        raise ValueError(f"{file}: row {len(rows) + 1}: {error}. {STRAY_QUOTE}") from None
    return rows


def _is_image(cell: str) -> bool:
    return cell.strip().lower().endswith(SUFFIXES)


def list_table(data: CsvData) -> Listing:
    """List the files and labels of a table.

    Raises:
        FileNotFoundError: If the table or, with `unreadable` "error", an image does not exist.
        ValueError: If rows, columns or labels do not fit the settings.
    """
    table, validation = _filtered(read_table(data.path), data)
    names = table.cells(data.image_column, "data.image_column")
    paths = tuple(os.path.join(data.images, name) for name in names)  # noqa: PTH118 (100,000 times)
    labels, class_names = labels_of(table, data)
    _warn_about_repeats(table, names)
    if data.unreadable == "error":
        _check_files_exist(table, paths)
    return Listing(paths, labels, class_names, validation)


def missing_files(paths: tuple[str, ...]) -> list[str]:
    """Paths that are not files. Lists each folder once, which is faster than a check per file."""
    folders = {os.path.dirname(path) for path in paths}  # noqa: PTH120
    present = {folder: _names_in(folder) for folder in folders}
    absent = [p for p in paths if os.path.basename(p) not in present[os.path.dirname(p)]]  # noqa: PTH119, PTH120
    return [path for path in absent if not Path(path).is_file()]


def _names_in(folder: str) -> set[str]:
    try:
        return {entry.name for entry in os.scandir(folder or ".")}
    except OSError:
        return set()


def _build_table(file: Path, header: list[str], rows: list[tuple[int, list[str]]]) -> Table:
    twice = sorted({name for name in header if header.count(name) > 1})
    if twice:
        raise ValueError(f"{file}: expected each column once. Received twice: {', '.join(twice)}")
    for number, cells in rows:
        if len(cells) != len(header):
            raise ValueError(
                f"{file}: row {number}: expected {len(header)} cells, as in the header. "
                f"Received: {len(cells)}"
            )
    columns = zip(*(cells for _, cells in rows), strict=True)
    numbers = np.array([number for number, _ in rows])
    return Table(file, dict(zip(header, columns, strict=True)), numbers)


def _filtered(table: Table, data: CsvData) -> tuple[Table, npt.NDArray[np.bool_] | None]:
    """The rows of both subsets, and the mask of validation rows if the settings have filters."""
    if not data.training_rows:
        return table, None
    training = _matching(table, data.training_rows, "data.training_rows")
    validation = np.zeros(len(table.rows), bool)
    if data.validation_rows:
        validation = _matching(table, data.validation_rows, "data.validation_rows")
    both = table.rows[training & validation]
    if both.size:
        raise ValueError(
            f"{table.path}: row {both[0]} is both in data.training_rows {data.training_rows} and "
            f"data.validation_rows {data.validation_rows} ({both.size} such rows)"
        )
    kept = training | validation
    return table.take(kept), validation[kept]


def _matching(table: Table, wanted: Mapping[str, str], setting: str) -> npt.NDArray[np.bool_]:
    matches = np.ones(len(table.rows), bool)
    for name, value in wanted.items():
        matches &= np.array(table.column(name, setting)) == value
    if not matches.any():
        present = {name: sorted(set(table.columns[name]))[:MAX_NAMED] for name in wanted}
        raise ValueError(
            f"{setting}: expected values in {table.path}, such as {present}. Received: {wanted}"
        )
    return matches


def _warn_about_repeats(table: Table, names: tuple[str, ...]) -> None:
    counts = Counter(names)
    repeats = len(names) - len(counts)
    if repeats:
        first = counts.most_common(1)[0][0]
        warnings.warn(
            f"{table.path}: {repeats} rows name an image that another row names, such as "
            f"{visible(first)}. "
            "One of them may be for training and the other for validation",
            stacklevel=2,
        )


def _check_files_exist(table: Table, paths: tuple[str, ...]) -> None:
    absent = missing_files(paths)
    if absent:
        more = f" and {len(absent) - MAX_NAMED} more" if len(absent) > MAX_NAMED else ""
        raise FileNotFoundError(
            f"{table.path}: no such files: {', '.join(absent[:MAX_NAMED])}{more} (row "
            f"{table.rows[paths.index(absent[0])]}). Names start from the folder data.images"
        )
