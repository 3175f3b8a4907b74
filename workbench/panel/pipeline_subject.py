"""Data of ours as the subject of a panel: pipelines of files, tables or arrays."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from workbench.api import settings_of
from workbench.loader import Loader
from workbench.loaders.factory_settings import LoaderSettings
from workbench.measure.line_profile import LineProfile
from workbench.panel import verdict
from workbench.panel.file_scan import FileScan
from workbench.panel.request import Request
from workbench.pipeline.cache.disk import disk_folder
from workbench.pipeline.cache.memory import memory_needed
from workbench.pipeline.pipeline import Pipeline, copies_bytes, split
from workbench.pipeline.sources.image_files import dtype_of, shape_of
from workbench.pipeline.sources.open_source import Source, open_source
from workbench.pipeline.statistics import fit
from workbench.preview.check_batches import check_batches
from workbench.preview.sample_grid import Preview, Tiles, draw, label_counts
from workbench.settings import Augmentation, Settings, SettingsError, Statistics
from workbench.settings.data import PATHS, ImageFiles
from workbench.tuned import Tuned

# Augment methods that need no import of seconds before the first picture.
WITHOUT_KERAS = ("none", "numpy_batch", "opencv")
# The article's first example: where the panel starts on data that has no settings yet.
EXAMPLE_1 = Augmentation(
    rotation_range=20,
    width_shift_range=0.2,
    height_shift_range=0.2,
    shear_range=0.2,
    zoom_range=0.2,
    horizontal_flip=True,
)


class PipelineSubject:
    """See `Subject`.

    Args:
        data: What `loaders.settings_of` takes.
        class_weight: What `fit` will be given.

    Raises:
        FileNotFoundError: If a path does not exist.
        TypeError: If the data is of another kind.
        ValueError: If there is nothing to show, or arrays do not fit each other.
    """

    noun = "images"
    heading = "CHANGES TRAINING"
    why_constant = about_export = ""
    pauses_in_cells = False

    def __init__(self, data: Any, class_weight: Mapping[Any, float] | None = None) -> None:
        settings, x, y = settings_of(data)
        source = open_source(settings, x, y)
        if not isinstance(data, Settings | Tuned) and not _is_json(data):
            settings = _first_view(settings, source)
        self.initial, self._name = settings, _name_of(data)
        self.fixed: dict[str, str] = {}
        self.constants: dict[str, str] = {}
        self.file_scan = FileScan(source)
        # One for each thread.
        self._drawn = self._measured = Pipeline(settings, source)
        self._tiles, self._labels = Tiles(), label_counts(source)
        self._warnings = [] if class_weight is None else _weight_faults(source, class_weight)

    def draw(self, request: Request, keras_ready: bool, tell: Callable[[str], None]) -> Preview:
        """See `Subject`."""
        settings = request.settings
        if settings.methods.augment not in WITHOUT_KERAS and not keras_ready:
            # The same picture to 1 grey level (keras_layers': alike), not waiting for TensorFlow.
            settings = settings.updated({"methods": {"augment": "opencv"}})
        pipeline = self._drawn.with_settings(settings)
        if pipeline.source.labels is not self._drawn.source.labels:
            self._labels = label_counts(pipeline.source)
        preview = draw(
            pipeline, self._tiles, request.first, request.epoch, self._labels, request.show
        )
        self._drawn = pipeline
        return preview

    def is_drawn_with_keras(self, settings: Settings) -> bool:
        """See `Subject`: in two cases the picture of Keras's code is its own."""
        brightness = settings.augmentation.brightness_range is not None
        return brightness or settings.methods.augment == "keras_layers"

    @contextmanager
    def loader(self, settings: Settings) -> Iterator[Loader]:
        """See `Subject`."""
        from workbench.pipeline.dataset import Dataset

        self._measured = self._measured.with_settings(settings)
        yield Loader(Dataset(self._measured))

    def inspect(self, loader: Loader, wanted: Callable[[], bool]) -> bool:
        """See `Subject`: the picture tells all of it at once."""
        return False

    def samples(self, loader: Loader) -> int:
        """See `Subject`."""
        return len(loader.original.pipeline.rows)

    def fingerprint(self, loader: Loader) -> str:
        """See `Subject`: SHA-256 over the bytes of batch 0 of epoch 0, which is the same on one
        machine and set of versions.
        """
        digest = hashlib.sha256()
        for array in loader.original.batch(0, 0):
            digest.update(array.tobytes())
        return f"sha256:{digest.hexdigest()}"

    def fit(
        self, settings: Settings, progress: Callable[[int, int], None] | None = None
    ) -> Statistics:
        """See `Subject`."""
        pipeline = self._measured.with_settings(settings)
        if progress is None:
            return fit(pipeline)
        total = len(pipeline.rows)
        progress(0, total)
        return fit(pipeline, lambda done: progress(done, total))

    def title(self, settings: Settings, shown: dict[str, Any]) -> list[str]:
        """See `Subject`."""
        total, samples = len(self._drawn.source), shown.get("samples")
        shape = "×".join(map(str, shown.get("shape", ())))
        return [
            self._name,
            f"{total} images" + (f", {samples} for training" if samples else ""),
            f"batch {settings.batch.size} × {shape} {settings.batch.dtype}" if shape else "",
            _memory(settings, total, samples or 0, shown.get("shape", ())),
        ]

    def facts(self) -> dict[str, Any]:
        """See `Subject`: the files are scanned beside."""
        return {"warnings": self._warnings}

    def suggestion(self, profile: LineProfile, settings: Settings) -> str:
        """See `Subject`."""
        return verdict.suggestion(profile, settings)

    def stored(self, settings: Settings) -> Settings:
        """See `Subject`."""
        return settings

    def restored(self, stored: Settings | LoaderSettings, file: Path) -> Settings:
        """See `Subject`."""
        own = self.initial.data
        if isinstance(stored, LoaderSettings) or stored.data.kind != own.kind:
            raise SettingsError(
                f"{file} is for data of kind {stored.data.kind!r}; this panel shows {own.kind!r}. "
                f"Open it with wb.Workbench({str(file)!r})"
            )
        if own.kind == "arrays":
            return stored.updated({"data": {"shape": own.shape, "dtype": own.dtype}})
        return stored.updated({"data": own.model_dump(include=PATHS)})

    def python(self, path: str) -> str:
        """See `Subject`."""
        arrays = "x, y" if self.initial.data.kind == "arrays" else ""
        subset = ", ".join(filter(None, [arrays, 'subset="validation"']))
        return (
            "import workbench as wb\n\n"
            f"tuned = wb.load({path!r})\n"
            f"train, validation = tuned.dataset({arrays}), tuned.dataset({subset})\n"
            "model.fit(train, validation_data=validation, shuffle=False)\n"
        )

    def wait_until_idle(self) -> None:
        """See `Subject`: ours has no state that a cell could disturb."""

    def close(self) -> None:
        """See `Subject`."""


def _first_view(settings: Settings, source: Source) -> Settings:
    """Where to start on new data: the article's slow example, so that the hot line is there."""
    training = len(split(source, settings.data.validation_split, "training"))
    return settings.updated(
        {
            "batch": {"size": max(1, min(32, training // 2))},
            "augmentation": EXAMPLE_1.model_dump(mode="json"),
            "methods": {"augment": "keras_loop"},
        }
    )


def _weight_faults(source: Source, class_weight: Mapping[Any, float]) -> list[str]:
    """What Keras would make of it with all labels of the source."""
    images = np.zeros((len(source), 1), np.float32)  # labels are what counts
    batch = (images,) if source.labels is None else (images, source.labels)
    found = check_batches([batch], class_names=source.class_names, class_weight=class_weight)
    return [warning for warning in found.warnings if warning.startswith("class_weight")]


def _memory(settings: Settings, total: int, trained: int, shape: Sequence[int]) -> str:
    """What files and copies take that stay; other ways take nothing, or are there."""
    data, methods = settings.data, settings.methods
    needed = {"memory": 0, "disk": 0}
    needed[methods.copies_in] = copies_bytes(settings, trained, tuple(shape))
    if isinstance(data, ImageFiles) and methods.read == "files_in_memory":
        needed["memory"] += memory_needed(total, shape_of(data), dtype_of(data))
    where = {"memory": "in memory", "disk": f"on disk in {disk_folder()}"}
    said = [f"{n / 1e6:,.1f} MB {where[w]} once all are made" for w, n in needed.items() if n]
    if methods.copies:
        said.append(f"each image augmented only {methods.copies} × in all epochs")
    return " · ".join(said)


def _is_json(data: Any) -> bool:
    return isinstance(data, str | os.PathLike) and Path(data).suffix == ".json"


def _name_of(data: Any) -> str:
    if isinstance(data, str | os.PathLike):
        return Path(data).resolve().name
    return "arrays" if isinstance(data, tuple | list) else "data"
