"""What the columns of a table of images are likely to mean."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from workbench.pipeline.sources.folders import SUFFIXES
from workbench.pipeline.sources.table_labels import is_measure, is_truth, plain
from workbench.pipeline.sources.tables import Table, read_table
from workbench.settings.data import CsvData

LOOKED_AT = 50  # cells of a column that are tried as file names
SUBFOLDERS = 200  # beside the table, where the images may be
CLASSES = 1000  # more values than this are no class names
TRAINING = {"train", "training"}
VALIDATION = {"val", "valid", "validation", "dev"}
OTHERS = {"test", "testing", "holdout"}
USUAL = ("label", "class", "category", "target", "diagnosis", "class_name", "labels")
INSTEAD = (
    'Say which: wb.Settings.parse({"data": {"kind": "csv", "path": ..., "images": ..., '
    '"image_column": ..., "label_columns": [...]}})'
)


def guess(path: str | os.PathLike[str]) -> CsvData:
    """Data settings for a table: its image column, label columns and split.

    The image column is the one that names image files which exist, beside the table or in a folder
    there. Of the others, one whose cells are training and validation is the split. Labels are
    the column called `label`, `class`, ...; or else all columns of 0 and 1; or else the only
    column whose values repeat.

    Raises:
        FileNotFoundError: If there is no such table.
        ValueError: If no column fits, saying what was expected.
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
    found: dict[tuple[str, str], int] = {}
    for name, cells in table.columns.items():
        files = [c for c in cells[:LOOKED_AT] if c.lower().endswith(SUFFIXES)]
        for folder in _folders(table.path.parent) if files else ():
            found[str(folder), name] = sum((folder / file).is_file() for file in files)
    best = max(found, key=lambda key: found[key], default=None)
    if best is None or not found[best]:
        raise ValueError(
            f"{table.path}: expected a column of image files that exist in {table.path.parent} or "
            f"a folder there. Received: columns {', '.join(table.columns)}. {INSTEAD}"
        )
    return best


def _folders(parent: Path) -> list[Path]:
    below = sorted(entry.path for entry in os.scandir(parent) if entry.is_dir())
    return [parent, *map(Path, below[:SUBFOLDERS])]


def _split(columns: dict[str, tuple[str, ...]]) -> dict[str, Any]:
    """Filters for training and validation, if a column's cells are nothing but such words."""
    for name, cells in columns.items():
        words = {cell: cell.lower() for cell in set(cells)}
        training = [cell for cell, word in words.items() if word in TRAINING]
        validation = [cell for cell, word in words.items() if word in VALIDATION]
        known = TRAINING | VALIDATION | OTHERS
        if len(training) == len(validation) == 1 and known.issuperset(words.values()):
            filters = {"training_rows": training[0], "validation_rows": validation[0]}
            return {key: {name: value} for key, value in filters.items()} | {"column": {name}}
    return {}


def _labels(table: Table, columns: dict[str, tuple[str, ...]]) -> dict[str, Any]:
    """`label_columns` and `label_mode`."""
    likely = [name for name, cells in columns.items() if _could_be_classes(cells)]
    usual = [name for name in likely if name.lower() in USUAL]
    flags = [name for name in likely if is_truth(columns[name])]
    if not columns:
        return {"label_columns": (), "label_mode": "none"}
    if len(usual) == 1 or len(likely) == 1:
        return {"label_columns": tuple(usual or likely), "label_mode": "int"}
    if flags and flags == likely:
        return {"label_columns": tuple(flags), "label_mode": "multi_label"}
    raise ValueError(
        f"{table.path}: expected one column of class names, one called 'label' or 'class', or "
        f"only columns of 0 and 1. Received: {', '.join(likely or columns)}. {INSTEAD}"
    )


def _could_be_classes(cells: tuple[str, ...]) -> bool:
    """Values that repeat, and that are no measures such as 0.37."""
    classes = set(map(plain, cells))
    repeat = len(classes) <= min(CLASSES, max(2, len(cells) // 2))
    return repeat and (is_truth(cells) or not is_measure(cells))
