"""Settings and their evidence as one JSON file: load, save, and build the dataset from it."""

from __future__ import annotations

import json
import os
import warnings
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag, ValidationError

from workbench import jsonfile
from workbench.loaders.factory_settings import LoaderSettings, build
from workbench.machine import machine
from workbench.pipeline.pipeline import Pipeline, Subset
from workbench.pipeline.sources.open_source import open_source
from workbench.settings import Settings, faults
from workbench.settings.data import PATHS, CsvData
from workbench.settings.fields import Group, SettingsError

FORMAT = "workbench"
VERSION = 1
LINE = 100  # lists of plain values that fit a line of the file stay on it


def _whose(settings: Any) -> str:
    """Which of the two kinds of settings a value is."""
    if isinstance(settings, dict):
        data = settings.get("data")
        kind = data.get("kind") if isinstance(data, dict) else None
        return "theirs" if kind == "factory" else "ours"
    return "theirs" if isinstance(settings, LoaderSettings) else "ours"


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
        Annotated[Settings, Tag("ours")] | Annotated[LoaderSettings, Tag("theirs")],
        Discriminator(_whose),
    ]
    evidence: dict[str, Any] = Field(
        {}, description="What was measured, when and where; loading never depends on it."
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
        """The dataset to train on.

        Args:
            x: For settings of arrays: the images, (samples, height, width[, channels]).
            y: The labels, one entry a sample.
            data: Where the data is on this machine: the folder, or the table, from which its images
                are looked for as before. Defaults to the path in the settings.
            subset: "training", "validation" (not augmented, not shuffled) or None for all.
            augment: Defaults to True for training, False for validation.
            factory: For settings of a loader of your own: what makes it, or the loader itself.
            allow_import: Allow what makes it to be imported, as the settings name it.

        Returns:
            A `workbench.pipeline.dataset.Dataset`; for a loader of your own, that, with workers
            and queue set as tuned where Keras looks for them on it.

        Raises:
            FileNotFoundError: If the data is not there.
            SettingsError: If it is not said what to build from.
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
        """Write the file; the data's paths are stored relative to it.

        Raises:
            FileExistsError: If there is a file that is not the workbench's.
            FileNotFoundError: If there is no such folder.
            OSError: If it cannot be written.
            ValueError: If the name does not end in .json.
        """
        target = jsonfile.claim(path, FORMAT)
        values = self.model_dump(mode="json")
        data = values["settings"]["data"]
        for name in _paths(self.settings):
            data[name] = _relative(data[name], target.parent)
        values["evidence"] = _rounded(values["evidence"])
        jsonfile.replace(target, _readable(values) + "\n")
        return target


def load(path: str | os.PathLike[str]) -> Tuned:
    """Read a file that `Tuned.save` or the panel's Export wrote.

    Raises:
        FileNotFoundError: If there is no such file.
        SettingsError: If it is no workbench file or its settings cannot be used.
    """
    file = Path(path).expanduser()
    values = jsonfile.read(file, FORMAT, VERSION, SettingsError)
    if not isinstance(values.get("evidence", {}), dict):
        warnings.warn(f"{file}: its evidence is no object and is left out", stacklevel=2)
        values["evidence"] = {}
    try:
        tuned = Tuned.model_validate_json(json.dumps(values))
    except ValidationError as error:
        lines = (f"{file}: {fault}" for fault in faults(error, Tuned))
        raise SettingsError("\n".join(lines)) from None
    _warn_if_measured_elsewhere(file, tuned.evidence.get("machine"))
    places = {
        name: os.path.normpath(file.parent / path) for name, path in _paths(tuned.settings).items()
    }
    settings = tuned.settings.updated({"data": places})
    return tuned.model_copy(update={"settings": settings})


def _paths(settings: Settings | LoaderSettings) -> dict[str, str]:
    """Where the data is, by the names of the fields that say so."""
    return settings.data.model_dump(include=PATHS)


def _warn_if_measured_elsewhere(file: Path, there: Any) -> None:
    if not isinstance(there, dict):
        return
    here = machine()
    # The accelerator is known only once TensorFlow is imported, so it does not count here.
    keys = ("cores", "memory_gb", "processor")
    if any(there.get(key) != here[key] for key in keys):
        then, now = (
            f"{m.get('cores')} cores, {m.get('memory_gb')} GB, {m.get('processor')}"
            for m in (there, here)
        )
        warnings.warn(
            f"{file}: its evidence was measured on another machine ({then}; here {now}). "
            "The settings hold; measure again before you rely on the figures.",
            stacklevel=3,
        )


def _moved(settings: Settings, path: str) -> dict[str, str]:
    """The data's paths when it is at another place; a table's images move with it."""
    data = settings.data
    if not isinstance(data, CsvData):
        return {"path": path}
    images = os.path.relpath(data.images, Path(data.path).parent)
    return {"path": path, "images": os.path.normpath(Path(path).parent / images)}


def _relative(path: str, folder: Path) -> str:
    return Path(os.path.relpath(path, folder)).as_posix()


def _rounded(value: Any) -> Any:
    """Floats to 3 significant digits, so that a review sees figures and not noise."""
    if isinstance(value, float):
        return float(f"{value:.3g}")
    if isinstance(value, dict):
        return {key: _rounded(item) for key, item in value.items()}
    return [_rounded(item) for item in value] if isinstance(value, list | tuple) else value


def _readable(value: Any, indent: str = "") -> str:
    """JSON for review: a line for each setting; lists of plain values on one line if they fit."""
    inner = indent + "  "
    if isinstance(value, dict) and value:
        items = [f"{json.dumps(k)}: {_readable(v, inner)}" for k, v in value.items()]
    elif isinstance(value, list) and value:
        line = json.dumps(value, ensure_ascii=False)
        if len(line) <= LINE and not any(isinstance(item, dict | list) for item in value):
            return line
        items = [_readable(item, inner) for item in value]
    else:
        return json.dumps(value, ensure_ascii=False)
    left, right = "{}" if isinstance(value, dict) else "[]"
    return f"{left}\n{inner}" + f",\n{inner}".join(items) + f"\n{indent}{right}"
