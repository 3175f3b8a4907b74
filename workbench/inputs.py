"""Anything that a user passes, as `Settings` or as a `Loader`."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from workbench.loader import Loader
from workbench.loaders.adapt import adapt, described, is_factory, is_loader, made_by
from workbench.pipeline.pipeline import Pipeline
from workbench.pipeline.sources.arrays import as_array, check_arrays
from workbench.pipeline.sources.folders import probe
from workbench.pipeline.sources.guess_columns import guess
from workbench.pipeline.sources.open_source import list_files, open_source
from workbench.printable import printable_errors
from workbench.settings import Settings
from workbench.settings.data import ArraysData, CsvData, FolderData, NpyData
from workbench.tuned import Tuned, load

# Files whose headers are read for colour and bit depth: all of 100,000 would take minutes.
PROBED_FILES = 200
ACCEPTED = (
    "a folder of class folders, a folder with data.npy, a .csv table, a .json file of the "
    "workbench, a pair (x, y), Settings or Tuned"
)

Files = TypeVar("Files", FolderData, CsvData)


@printable_errors()
def settings_of(data: Any) -> tuple[Settings, Any, Any]:
    """Settings for data that the workbench reads itself.

    Args:
        data: See `ACCEPTED`.

    Returns:
        (settings, x, y): x and y are the arrays of a pair, else None.

    Raises:
        FileNotFoundError: If a path does not exist.
        TypeError: If the data has another form.
        ValueError: If there is nothing to read, or arrays do not fit together.
    """
    if isinstance(data, Tuned):
        return _pipeline_settings(data), None, None
    if isinstance(data, Settings):
        return data, None, None
    if isinstance(data, str | os.PathLike):
        return _path_settings(Path(data)), None, None
    if isinstance(data, tuple | list) and len(data) == 2:
        return _pair_settings(*data)
    raise TypeError(f"data: expected {ACCEPTED}. Received: {described(data)}")


def as_loader(data: Any) -> Loader:
    """A loader for anything that a user passes.

    Args:
        data: A user's object (see `loaders.adapt.EXPECTED`), data (see `ACCEPTED`) or a `Loader`.

    Raises:
        TypeError: If it has another form, or is a function that requires arguments.
    """
    if isinstance(data, Loader):
        return data
    if not isinstance(data, Settings | Tuned) and is_loader(data):
        return adapt(data)
    from workbench.pipeline.dataset import Dataset

    settings, x, y = settings_of(data)
    return Loader(Dataset(Pipeline(settings, open_source(settings, x, y))))


def as_entrant(value: Any) -> Loader | Callable[[], Any]:
    """What `race` times: a loader, or a function that makes a batch, which is called once here.

    Raises:
        TypeError: If the value is neither.
    """
    if isinstance(value, Loader) or is_data(value):
        return as_loader(value)
    if not is_loader(value):
        raise TypeError(
            "expected a function without arguments, an iterator, an object with __getitem__ and "
            f"__len__, or {ACCEPTED}. Received: {described(value)}"
        )
    made = made_by(value) if is_factory(value) else adapt(value)
    return made if isinstance(made, Loader) else value


@printable_errors()
def files_of(data: Any) -> FolderData | CsvData:
    """The folder or table of images to scan; its unreadable files are no error.

    Raises:
        TypeError: If the data is neither.
    """
    path = Path(data) if isinstance(data, str | os.PathLike) else None
    if path and path.is_dir() and not (path / "data.npy").exists():
        # The scan reads what `settings_of` would probe.
        return FolderData(path=str(path), unreadable="skip")
    found = guess(path) if path and path.suffix.lower() == ".csv" else settings_of(data)[0].data
    if isinstance(found, FolderData | CsvData):
        return found.model_copy(update={"unreadable": "skip"})
    raise TypeError(f"data: expected a folder or table of images. Received: kind {found.kind!r}")


def is_data(value: Any) -> bool:
    """Whether a value is data for `settings_of`, and not an object that yields batches."""
    kinds = (str, os.PathLike, tuple, list, Settings, Tuned)
    return isinstance(value, kinds) or hasattr(value, "__array__")


def _path_settings(path: Path) -> Settings:
    if not path.exists():
        raise FileNotFoundError(f"No such file or folder: {path}")
    if path.suffix == ".json":
        return _pipeline_settings(load(path))
    if path.suffix.lower() == ".csv":
        return Settings.for_data(_probed(guess(path)))
    if not path.is_dir():
        raise ValueError(f"data: expected {ACCEPTED}. Received: the file {path}")
    if (path / "data.npy").exists():
        return Settings.for_data(NpyData(path=str(path)))
    return Settings.for_data(_probed(FolderData(path=str(path))))


def _pipeline_settings(tuned: Tuned) -> Settings:
    if isinstance(tuned.settings, Settings):
        return tuned.settings
    raise TypeError(
        "These are settings of your own loader. Pass the loader, or the function that makes it, to "
        "wb.Workbench, and import them there: panel.import_(path)"
    )


def _probed(data: Files) -> Files:
    """The data with the colour mode, bit depth and class names of its files."""
    listing = list_files(data)
    step = max(1, len(listing.paths) // PROBED_FILES)
    colour, deep = probe(listing.paths[::step])
    classes = () if data.label_mode in ("multi_label", "none") else listing.class_names
    for name in classes:
        if name != name.encode(errors="replace").decode():
            raise ValueError(
                f"class_names: {name!r} is not valid UTF-8, which JSON requires. Rename the folder"
            )
    return data.model_copy(
        update={
            "color_mode": "rgb" if colour else "grayscale",
            "bit_depth": 16 if deep else 8,
            "class_names": classes,
        }
    )


def _pair_settings(x: Any, y: Any) -> tuple[Settings, Any, Any]:
    x = as_array("x", x)
    y = None if y is None else as_array("y", y)
    check_arrays(x, y)
    return Settings.for_data(ArraysData(shape=x.shape, dtype=x.dtype.name)), x, y
