"""Split samples into training and validation."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from workbench.pipeline.sources.open_source import Rows, Source

Subset = Literal["training", "validation"]


def split(source: Source, share: float, subset: Subset | None) -> Rows:
    """Rows of a subset: stratified by label, disjoint, and the same for every seed.

    Args:
        source: The samples. If it has a `validation` mask, the mask decides.
        share: Share of each class that goes to validation, without a mask.
        subset: "training", "validation" or None for all rows.
    """
    everything = np.arange(len(source))
    if subset is None:
        return everything
    if source.validation is not None:
        return np.flatnonzero(source.validation == (subset == "validation"))
    # Not `batch.seed`: with another seed, validation samples would leak into training.
    shuffled = np.random.default_rng(0).permutation(everything)
    validation = np.zeros(len(source), bool)
    for members in _strata(source.labels, shuffled):
        validation[members[: round(len(members) * share)]] = True
    return np.flatnonzero(validation == (subset == "validation"))


def _strata(labels: npt.NDArray[Any] | None, shuffled: Rows) -> list[Rows]:
    """The shuffled rows grouped by class; in one group if the labels are not classes."""
    if labels is None or labels[0].size > 1000:
        return [shuffled]
    _, classes = np.unique(labels.reshape(len(labels), -1), axis=0, return_inverse=True)
    if classes.max() >= len(labels) / 2:
        return [shuffled]
    of_row = classes[shuffled]
    order = np.argsort(of_row, kind="stable")
    return np.split(shuffled[order], np.flatnonzero(np.diff(of_row[order])) + 1)
