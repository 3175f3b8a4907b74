"""Guess which columns of a table hold images, labels and the split."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from workbench.pipeline.sources.table_labels import class_name_of, has_fractions, is_boolean
from workbench.pipeline.sources.tables import Table, read_table
from workbench.pipeline.sources.walk_folders import SUFFIXES
from workbench.settings.data import CsvData

PROBED_CELLS = 50  # cells per column to try as file names
MAX_SUBFOLDERS = 200  # next to the table, to look for images in
MAX_CLASSES = 1000  # a column with more distinct values does not hold classes
TRAINING = {"train", "training"}
VALIDATION = {"val", "valid", "validation", "dev"}
OTHER_SUBSETS = {"test", "testing", "holdout"}
LABEL_NAMES = ("label", "class", "category", "target", "diagnosis", "class_name", "labels")
SAY_WHICH = (
    'Name the columns: wb.Settings.parse({"data": {"kind": "csv", "path": ..., "images": ..., '
    '"image_column": ..., "label_columns": [...]}})'
)


def guess(path: str | os.PathLike[str]) -> CsvData:
    """Guess the data settings of a table: image column, label columns and split.

    The image column names files that exist next to the table or in a folder there. A column with
    only values such as "train" and "val" is the split. Labels are the column called `label`,
    `class`, ..., or else all columns of 0 and 1, or else the only column whose values repeat.

    Raises:
        FileNotFoundError: If the table does not exist.
        ValueError: If no column fits.
    """
    table = read_table(path)
    images, image_column = _images(table)
    others = {name: cells for name, cells in table.columns.items() if name != image_column}
    split = _split(others)
    others = {name: cells for name, cells in others.items() if name not in split.pop("column", ())}
    return CsvData(
        path=str(path),
        images=images,
        image_column=image_column,
        **_labels(table, others),
        **split,
    )


def _images(table: Table) -> tuple[str, str]:
    """The folder of the images and the column that names them."""
    counts: dict[tuple[str, str], int] = {}
    for name, cells in table.columns.items():
        files = [c for c in cells[:PROBED_CELLS] if c.lower().endswith(SUFFIXES)]
        for folder in _folders(table.path.parent) if files else ():
            counts[str(folder), name] = sum((folder / file).is_file() for file in files)
    best = max(counts, key=lambda key: counts[key], default=None)
    if best is None or not counts[best]:
        raise ValueError(
            f"{table.path}: expected a column of image files that exist in {table.path.parent} or "
            f"a folder there. Received: columns {', '.join(table.columns)}. {SAY_WHICH}"
        )
    return best


def _folders(parent: Path) -> list[Path]:
    below = sorted(entry.path for entry in os.scandir(parent) if entry.is_dir())
    return [parent, *map(Path, below[:MAX_SUBFOLDERS])]


def _split(columns: dict[str, tuple[str, ...]]) -> dict[str, Any]:
    """`training_rows`, `validation_rows` and the column, if one has only names of subsets."""
    for name, cells in columns.items():
        words = {cell: cell.lower() for cell in set(cells)}
        training = [cell for cell, word in words.items() if word in TRAINING]
        validation = [cell for cell, word in words.items() if word in VALIDATION]
        known = TRAINING | VALIDATION | OTHER_SUBSETS
        if len(training) == len(validation) == 1 and known.issuperset(words.values()):
            filters = {"training_rows": training[0], "validation_rows": validation[0]}
            return {key: {name: value} for key, value in filters.items()} | {"column": {name}}
    return {}


def _labels(table: Table, columns: dict[str, tuple[str, ...]]) -> dict[str, Any]:
    """`label_columns` and `label_mode`."""
    likely = [name for name, cells in columns.items() if _could_be_classes(cells)]
    usual = [name for name in likely if name.lower() in LABEL_NAMES]
    flags = [name for name in likely if is_boolean(columns[name])]
    if not columns:
        return {"label_columns": (), "label_mode": "none"}
    if len(usual) == 1 or len(likely) == 1:
        return {"label_columns": tuple(usual or likely), "label_mode": "int"}
    if flags and flags == likely:
        return {"label_columns": tuple(flags), "label_mode": "multi_label"}
    raise ValueError(
        f"{table.path}: expected one column of class names, one called 'label' or 'class', or "
        f"only columns of 0 and 1. Received: {', '.join(likely or columns)}. {SAY_WHICH}"
    )


def _could_be_classes(cells: tuple[str, ...]) -> bool:
    """Whether values repeat and are not measurements, such as 0.37."""
    classes = set(map(class_name_of, cells))
    repeated = len(classes) <= min(MAX_CLASSES, max(2, len(cells) // 2))
    return repeated and (is_boolean(cells) or not has_fractions(cells))
