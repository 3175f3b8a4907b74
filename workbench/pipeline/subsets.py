"""Which samples are for training and which for validation."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from workbench.pipeline.sources.open_source import Rows, Source

Subset = Literal["training", "validation"]


def split(source: Source, share: float, subset: Subset | None) -> Rows:
    """The rows of a subset: stratified by label, the same whatever the seed, disjoint.

    Args:
        source: Its length and labels are used; if it says which samples are for validation, that.
        share: Share of each class that goes to validation otherwise.
        subset: "training", "validation" or None for all rows.
    """
    everything = np.arange(len(source))
    if subset is None:
        return everything
    if source.validation is not None:
        return np.flatnonzero(source.validation == (subset == "validation"))
    # A fixed generator, not `batch.seed`: another seed must not leak validation samples.
    shuffled = np.random.default_rng(0).permutation(everything)
    validation = np.zeros(len(source), bool)
    for members in _strata(source.labels, shuffled):
        validation[members[: round(len(members) * share)]] = True
    return np.flatnonzero(validation == (subset == "validation"))


def _strata(labels: npt.NDArray[Any] | None, shuffled: Rows) -> list[Rows]:
    """The shuffled rows, apart for each class; all together where labels are no classes."""
    if labels is None or labels[0].size > 1000:
        return [shuffled]
    _, classes = np.unique(labels.reshape(len(labels), -1), axis=0, return_inverse=True)
    if classes.max() >= len(labels) / 2:
        return [shuffled]
    of_row = classes[shuffled]
    order = np.argsort(of_row, kind="stable")
    return np.split(shuffled[order], np.flatnonzero(np.diff(of_row[order])) + 1)
