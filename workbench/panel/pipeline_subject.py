"""Files, tables or arrays, read by our own pipeline, as the subject of a panel."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from workbench.inputs import settings_of
from workbench.loader import Loader
from workbench.measure.line_profile import LineProfile
from workbench.panel import verdict
from workbench.panel.file_scan import FileScan
from workbench.panel.pipeline_export import PipelineExport
from workbench.panel.request import Request
from workbench.panel.storage_needs import storage_needs
from workbench.panel.user_code_guard import PATIENCE
from workbench.pipeline.pipeline import Pipeline, split
from workbench.pipeline.sources.open_source import Source, open_source
from workbench.pipeline.statistics import fit
from workbench.preview.check_batches import check_batches
from workbench.preview.sample_grid import Preview, Tiles, draw, label_counts
from workbench.settings import Augmentation, Settings, Statistics
from workbench.tuned import Tuned

# Augment methods that need no Keras, whose import takes seconds.
WITHOUT_KERAS = ("none", "numpy_batch", "opencv")
# The article's first example: the panel's start on data without settings.
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
        data: Anything that `settings_of` takes.
        class_weight: As for Keras's `fit`.

    Raises:
        FileNotFoundError: If a path does not exist.
        TypeError: If the data is of another kind.
        ValueError: If there is nothing to show, or arrays do not fit each other.
    """

    noun = "images"
    heading = "Data and augmentation"
    why_constant = ""
    pauses_in_cells = finds_advice = False

    def __init__(self, data: Any, class_weight: Mapping[Any, float] | None = None) -> None:
        settings, x, y = settings_of(data)
        source = open_source(settings, x, y)
        if not isinstance(data, Settings | Tuned) and not _is_json(data):
            settings = _first_settings(settings, source)
        self.initial, self._name = settings, _name_of(data)
        self.fixed: dict[str, str] = {}
        self.constants: dict[str, str] = {}
        self.file_scan = FileScan(source)
        self.export = PipelineExport(settings)
        # One for each thread; equal at first.
        self._drawn = self._measured = Pipeline(settings, source)
        self._tiles, self._labels = Tiles(), label_counts(source)
        self._warnings = [] if class_weight is None else _weight_warnings(source, class_weight)

    def draw(self, request: Request, keras_ready: bool, tell: Callable[[str], None]) -> Preview:
        """See `Subject`."""
        settings = request.settings
        if settings.methods.augment not in WITHOUT_KERAS and not keras_ready:
            # The same picture within 1 grey level (keras_layers: a similar one), without waiting.
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
        """See `Subject`. Keras's brightness and layers give other pixels than OpenCV."""
        brightness = settings.augmentation.brightness_range is not None
        return brightness or settings.methods.augment == "keras_layers"

    @contextmanager
    def loader(self, settings: Settings) -> Iterator[Loader]:
        """See `Subject`."""
        from workbench.pipeline.dataset import Dataset

        self._measured = self._measured.with_settings(settings)
        yield Loader(Dataset(self._measured))

    def inspect(self, loader: Loader, wanted: Callable[[], bool]) -> bool:
        """See `Subject`. The source already says what batches hold."""
        return False

    def samples(self, loader: Loader) -> int:
        """See `Subject`."""
        return len(loader.original.pipeline.rows)

    def fingerprint(self, loader: Loader) -> str:
        """See `Subject`: SHA-256 of batch 0, equal on one machine and set of versions."""
        digest = hashlib.sha256()
        for array in loader.original.batch(0, 0):
            digest.update(array.tobytes())
        return f"sha256:{digest.hexdigest()}"

    def fit(self, settings: Settings, progress: Callable[[int, int], None] | None) -> Statistics:
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
            storage_needs(settings, total, samples or 0, shown.get("shape", ())),
        ]

    def facts(self) -> dict[str, Any]:
        """See `Subject`; `file_scan` reports the rest."""
        return {"warnings": self._warnings}

    def suggestion(self, profile: LineProfile, settings: Settings) -> str:
        """See `Subject`."""
        return verdict.suggestion(profile, settings)

    def wait_until_idle(self, seconds: float = 0.0) -> None:
        """See `Subject`. Our code has no state that a cell could disturb."""

    patience = PATIENCE

    def give_up(self) -> None:
        """See `Subject`."""

    def close(self) -> None:
        """See `Subject`."""


def _first_settings(settings: Settings, source: Source) -> Settings:
    """Settings to start with on new data: the article's slow example, which has a hot line."""
    training = len(split(source, settings.data.validation_split, "training"))
    return settings.updated(
        {
            "batch": {"size": max(1, min(32, training // 2))},
            "augmentation": EXAMPLE_1.model_dump(mode="json"),
            "methods": {"augment": "keras_loop"},
        }
    )


def _weight_warnings(source: Source, class_weight: Mapping[Any, float]) -> list[str]:
    """Warnings on the use of these weights with all labels of the source."""
    images = np.zeros((len(source), 1), np.float32)  # only labels matter
    batch = (images,) if source.labels is None else (images, source.labels)
    found = check_batches([batch], class_names=source.class_names, class_weight=class_weight)
    return [warning for warning in found.warnings if warning.startswith("class_weight")]


def _is_json(data: Any) -> bool:
    return isinstance(data, str | os.PathLike) and Path(data).suffix == ".json"


def _name_of(data: Any) -> str:
    if isinstance(data, str | os.PathLike):
        return Path(data).resolve().name
    return "arrays" if isinstance(data, tuple | list) else "data"
