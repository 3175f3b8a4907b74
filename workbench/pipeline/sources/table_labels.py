"""Turn the label columns of a table into class numbers, or into 0 and 1 for each column."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from workbench.settings.data import CsvData

BOOLEANS = {"0": 0, "1": 1, "0.0": 0, "1.0": 1, "false": 0, "true": 1}
SETTING = "data.label_columns"
# How a spreadsheet or pandas may write whole numbers.
WHOLE = re.compile(r"([+-]?\d+)\.0*")
FRACTION = re.compile(r"[+-]?(\d*\.\d+|\d+(\.\d*)?e[+-]?\d+)", re.IGNORECASE)


class Cells(Protocol):
    """The part of `tables.Table` that labels are made from."""

    @property
    def path(self) -> Any: ...  # noqa: D102
    @property
    def rows(self) -> npt.NDArray[np.int64]: ...  # noqa: D102
    def cells(self, name: str, setting: str) -> tuple[str, ...]: ...  # noqa: D102


def labels_of(table: Cells, data: CsvData) -> tuple[npt.NDArray[Any], tuple[str, ...]]:
    """Labels and class names of a table.

    Raises:
        ValueError: If a cell does not fit the settings, naming its row and column.
    """
    if data.label_mode == "none":
        return np.zeros(len(table.rows), np.int64), ()
    if data.label_mode == "multi_label":
        columns = [_booleans(table, name) for name in data.label_columns]
        return np.stack(columns, axis=1), data.label_columns
    return _classes(table, data)


def is_boolean(cells: Sequence[str]) -> bool:
    """Whether these cells are all 0 or 1."""
    return all(cell.lower() in BOOLEANS for cell in cells)


def has_fractions(cells: Sequence[str]) -> bool:
    """Whether any of these cells is a number with a fraction, which is not a class name."""
    return any(FRACTION.fullmatch(cell) for cell in map(class_name_of, cells))


def class_name_of(cell: str) -> str:
    """The class name in a cell: "2" for "2.0", as pandas writes 2 if other cells are empty."""
    whole = WHOLE.fullmatch(cell)
    return whole[1] if whole else cell


def _booleans(table: Cells, name: str) -> npt.NDArray[np.float32]:
    cells = table.cells(name, SETTING)
    for row, cell in zip(table.rows, cells, strict=True):
        if cell.lower() not in BOOLEANS:
            raise ValueError(
                f"{table.path}: row {row}, column {name!r}: expected 0 or 1. Received: {cell!r}"
            )
    return np.array([BOOLEANS[cell.lower()] for cell in cells], np.float32)


def _classes(table: Cells, data: CsvData) -> tuple[npt.NDArray[np.int64], tuple[str, ...]]:
    name = data.label_columns[0]
    cells = [class_name_of(cell) for cell in table.cells(name, SETTING)]
    names = data.class_names or tuple(sorted(set(cells), key=_sort_key))
    number = {class_name: index for index, class_name in enumerate(names)}
    for row, cell in zip(table.rows, cells, strict=True):
        expected = None
        if cell not in number:
            expected = f"one of {', '.join(names[:5])}"
        elif FRACTION.fullmatch(cell):
            expected = "a class name or a whole number"
        if expected:
            raise ValueError(
                f"{table.path}: row {row}, column {name!r}: expected {expected}. Received: {cell!r}"
            )
    if data.label_mode == "binary" and len(names) != 2:
        raise ValueError(
            f"label_mode binary: expected 2 classes in column {name!r}. "
            f"Received: {', '.join(names[:5])}"
        )
    return np.array([number[cell] for cell in cells]), names


def _sort_key(name: str) -> tuple[bool, int, str]:
    """Whole numbers first, in numerical order, so that 10 comes after 9; then names."""
    number = re.fullmatch(r"[+-]?\d+", name)
    return number is None, int(name) if number else 0, name
