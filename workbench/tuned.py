"""Settings and their evidence in one JSON file: load, save, and build the dataset."""

from __future__ import annotations

import json
import os
import warnings
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag, ValidationError

from workbench import jsonfile
from workbench.loaders.stored_loader import LoaderSettings, build
from workbench.machine import machine
from workbench.pipeline.pipeline import Pipeline, Subset
from workbench.pipeline.sources.open_source import open_source
from workbench.printable import printable_errors, visible
from workbench.settings import Settings, faults
from workbench.settings.data import PATHS, CsvData
from workbench.settings.fields import Group, SettingsError

FORMAT = "workbench"
VERSION = 1
LINE_LENGTH = 100  # a list of plain values within this length stays on one line


def _settings_kind(settings: Any) -> str:
    """The tag of a value's type of settings."""
    if isinstance(settings, dict):
        data = settings.get("data")
        kind = data.get("kind") if isinstance(data, dict) else None
        return "loader_settings" if kind == "factory" else "pipeline_settings"
    return "loader_settings" if isinstance(settings, LoaderSettings) else "pipeline_settings"


class Tuned(Group):
    """Chosen settings, and what was measured with them.

    Example:
        >>> tuned = wb.load("tuned.json")
        >>> train, validation = tuned.dataset(), tuned.dataset(subset="validation")
        >>> model.fit(train, validation_data=validation, shuffle=False)
    """

    format: Literal["workbench"] = "workbench"
    version: Literal[1] = 1
    settings: Annotated[
        Annotated[Settings, Tag("pipeline_settings")]
        | Annotated[LoaderSettings, Tag("loader_settings")],
        Discriminator(_settings_kind),
    ]
    evidence: dict[str, Any] = Field(
        {}, description="What was measured, when and where. Loading does not depend on it."
    )

    def dataset(
        self,
        x: Any = None,
        y: Any = None,
        *,
        data: str | os.PathLike[str] | None = None,
        subset: Subset | None = "training",
        augment: bool | None = None,
        factory: Any = None,
        allow_import: bool = False,
    ) -> Any:
        """Build the dataset to train on.

        Args:
            x: Images for settings of arrays, shape (samples, height, width[, channels]).
            y: Labels, one entry per sample.
            data: Path of the data on this machine: the folder, or the table, whose images are then
                at the same relative path. Defaults to the path in the settings.
            subset: "training", "validation" (not augmented, not shuffled) or None for all.
            augment: Whether to augment. Defaults to False for validation, else True.
            factory: For settings of your own loader: a function that makes it, or the loader.
            allow_import: Whether to import the factory that the settings name.

        Returns:
            A `workbench.pipeline.dataset.Dataset`; or your own loader, with the tuned workers and
            queue size if it has these attributes.

        Raises:
            FileNotFoundError: If the data does not exist.
            SettingsError: If the settings are of your own loader and no factory is given.
            ValueError: If the data does not fit the settings.
        """
        if isinstance(self.settings, LoaderSettings):
            return build(self.settings, factory, allow_import)
        from workbench.pipeline.dataset import Dataset

        settings = self.settings
        if data is not None:
            settings = settings.updated({"data": _moved(settings, os.fspath(data))})
        source = open_source(settings, x, y)
        return Dataset(Pipeline(settings, source, subset=subset, augment=augment))

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the file, with the paths of the data relative to it.

        Raises:
            FileExistsError: If the file exists and is not a workbench file.
            FileNotFoundError: If the folder does not exist.
            OSError: If the file cannot be written.
            ValueError: If the name does not end in .json, or a path or name of the data is not
                valid Unicode.
        """
        target = jsonfile.claim(path, FORMAT)
        values = self.model_dump(mode="json")
        data = values["settings"]["data"]
        for name in _paths(self.settings):
            data[name] = _relative(data[name], target.parent)
        values["evidence"] = _rounded(values["evidence"])
        jsonfile.replace(target, _readable(values) + "\n")
        return target


@printable_errors()
def load(path: str | os.PathLike[str]) -> Tuned:
    """Read a file written by `Tuned.save` or the panel's Export.

    Raises:
        FileNotFoundError: If there is no such file.
        SettingsError: If it is not a workbench file, or its settings cannot be used.
    """
    file = jsonfile.file_at(path)
    values = jsonfile.read(file, FORMAT, VERSION, SettingsError)
    if not isinstance(values.get("evidence", {}), dict):
        warnings.warn(f"{file}: evidence: expected an object. It is ignored", stacklevel=2)
        values["evidence"] = {}
    try:
        tuned = Tuned.model_validate_json(json.dumps(values))
    except ValidationError as error:
        lines = (f"{file}: {fault}" for fault in faults(error, Tuned))
        raise SettingsError("\n".join(lines)) from None
    _warn_if_measured_elsewhere(file, tuned.evidence.get("machine"))
    folder = jsonfile.link_target(file).parent
    paths = {name: os.path.normpath(folder / path) for name, path in _paths(tuned.settings).items()}
    settings = tuned.settings.updated({"data": paths})
    return tuned.model_copy(update={"settings": settings})


def _paths(settings: Settings | LoaderSettings) -> dict[str, str]:
    """The paths of the data, by field name."""
    return settings.data.model_dump(include=PATHS)


def _warn_if_measured_elsewhere(file: Path, measured_on: Any) -> None:
    if not isinstance(measured_on, dict):
        return
    here = machine()
    # Not the accelerator, which is known only after importing TensorFlow.
    keys = ("cores", "memory_gb", "processor")
    if any(measured_on.get(key) != here[key] for key in keys):
        then, now = (
            f"{m.get('cores')} cores, {m.get('memory_gb')} GB, {m.get('processor')}"
            for m in (measured_on, here)
        )
        warnings.warn(
            f"{file}: the evidence was measured on another machine ({visible(then)}; here {now}). "
            "The settings are valid, but measure again before you rely on the figures.",
            stacklevel=3,
        )


def _moved(settings: Settings, path: str) -> dict[str, str]:
    """The paths of moved data; the images of a table move with it."""
    data = settings.data
    if not isinstance(data, CsvData):
        return {"path": path}
    images = os.path.relpath(data.images, Path(data.path).parent)
    return {"path": path, "images": os.path.normpath(Path(path).parent / images)}


def _relative(path: str, folder: Path) -> str:
    return Path(os.path.relpath(path, folder)).as_posix()


def _rounded(value: Any) -> Any:
    """Round floats to 3 significant digits, so that diffs show no noise."""
    if isinstance(value, float):
        return float(f"{value:.3g}")
    if isinstance(value, dict):
        return {key: _rounded(item) for key, item in value.items()}
    return [_rounded(item) for item in value] if isinstance(value, list | tuple) else value


def _readable(value: Any, indent: str = "") -> str:
    """JSON with a line for each setting; lists of plain values stay on one line if they fit."""
    inner = indent + "  "
    if isinstance(value, dict) and value:
        items = [f"{json.dumps(k)}: {_readable(v, inner)}" for k, v in value.items()]
    elif isinstance(value, list) and value:
        line = json.dumps(value, ensure_ascii=False)
        if len(line) <= LINE_LENGTH and not any(isinstance(item, dict | list) for item in value):
            return line
        items = [_readable(item, inner) for item in value]
    else:
        return json.dumps(value, ensure_ascii=False)
    left, right = "{}" if isinstance(value, dict) else "[]"
    return f"{left}\n{inner}" + f",\n{inner}".join(items) + f"\n{indent}{right}"
