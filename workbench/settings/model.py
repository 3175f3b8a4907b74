"""The settings of a dataset: its data and all groups, and which values go together."""

from __future__ import annotations

from typing import Any, Self

from pydantic import model_validator

from workbench.settings.data import READ_METHODS, Data
from workbench.settings.editable import Editable
from workbench.settings.fields import Group
from workbench.settings.groups import (
    Augmentation,
    AugmentMethod,
    Batch,
    Feed,
    Methods,
    Statistics,
)

# Methods that hang in forked worker processes, where TensorFlow's threads do not exist.
NO_PROCESSES: tuple[AugmentMethod, ...] = ("keras_layers", "tensorflow_batch")

# Methods whose pictures differ. All others agree within 1 grey level.
OTHER_PICTURES: tuple[AugmentMethod, ...] = ("none", "keras_layers")


class Settings(Editable):
    """All settings of a dataset.

    Raises:
        SettingsError: From `parse` and `updated`, for values that cannot be used.

    Example:
        >>> s = Settings.for_data(FolderData(path="scans"))
        >>> s.updated({"batch": {"size": 64}}).batch.size
        64
    """

    data: Data
    batch: Batch = Batch()
    augmentation: Augmentation = Augmentation()
    methods: Methods = Methods()
    feed: Feed = Feed()
    statistics: Statistics | None = None

    @model_validator(mode="before")
    @classmethod
    def _read_as_the_data_is(cls, values: Any) -> Any:
        """Fill in the default read method of the data, unless there is one."""
        if not isinstance(values, dict):
            return values
        data, methods = values.get("data"), values.get("methods", {})
        kind = data.get("kind") if isinstance(data, dict) else getattr(data, "kind", None)
        given = methods.model_dump(exclude_unset=True) if isinstance(methods, Methods) else methods
        reads = READ_METHODS.get(kind) if isinstance(kind, str) else None
        if reads is None or not isinstance(given, dict):
            return values
        return {**values, "methods": {"read": reads[0], **given}}

    @model_validator(mode="after")
    def _fit_together(self) -> Self:
        reads = READ_METHODS[self.data.kind]
        if self.methods.read not in reads:
            raise ValueError(
                f"methods.read: expected {' or '.join(reads)} for data of kind {self.data.kind!r}. "
                f"Received: {self.methods.read!r}"
            )
        if self.feed.use_multiprocessing and self.methods.augment in NO_PROCESSES:
            raise ValueError(
                f"feed.use_multiprocessing: {self.methods.augment} expects False, because "
                "TensorFlow hangs in worker processes. Received: True. Choose threads, or "
                "another methods.augment"
            )
        a = self.augmentation
        if a.needs_statistics and self.statistics is None:
            raise ValueError(
                "statistics: missing, but required by augmentation.featurewise_center and "
                "featurewise_std_normalization. Received: None. "
                "workbench.pipeline.statistics.fit(pipeline) computes them"
            )
        scaled = (
            a.rescale is not None
            or a.samplewise_center
            or a.samplewise_std_normalization
            or a.needs_statistics
        )
        if scaled and self.batch.dtype != "float32":
            raise ValueError(
                f"batch.dtype: {self.batch.dtype} cannot hold rescaled or standardized pixels. "
                "Choose float32, or rescale in the model"
            )
        return self

    @classmethod
    def for_data(cls, data: Data, **groups: Group) -> Self:
        """Settings for this data, with these groups."""
        return cls(data=data, **groups)  # type: ignore[arg-type]
