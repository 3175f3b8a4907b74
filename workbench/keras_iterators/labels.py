"""Add labels and weights to the images of a batch, as Keras's iterator does."""

from __future__ import annotations

from typing import Any

import numpy as np

from workbench.pipeline.sources.arrays import Images, Rows


def batch_of(iterator: Any, images: Images, rows: Rows) -> Any:
    """The batch as Keras's iterator returns it.

    Args:
        iterator: From `flow`, `flow_from_directory` or `flow_from_dataframe`. Not changed.
        images: Images of these rows.
        rows: Indices of the samples.
    """
    if hasattr(iterator, "x"):
        return _of_arrays(iterator, images, rows)
    labels = _labels(iterator, images, rows)
    if labels is None:
        return images
    weights = iterator.sample_weight
    return (images, labels) if weights is None else (images, labels, weights[rows])


def _of_arrays(iterator: Any, images: Images, rows: Rows) -> Any:
    more = [x[rows] for x in iterator.x_misc]
    inputs = [images, *more] if more else images
    if iterator.y is None:
        return inputs
    weights = iterator.sample_weight
    labels = iterator.y[rows]
    return (inputs, labels) if weights is None else (inputs, labels, weights[rows])


def _labels(iterator: Any, images: Images, rows: Rows) -> Any:
    mode, labels = iterator.class_mode, np.zeros(len(rows), iterator.dtype)
    if mode == "input":
        return images.copy()
    if mode in ("binary", "sparse"):
        labels[:] = [iterator.classes[row] for row in rows]
        return labels
    if mode == "categorical":
        labels = np.zeros((len(rows), len(iterator.class_indices)), iterator.dtype)
        for index, row in enumerate(rows):
            labels[index, iterator.classes[row]] = 1  # may be a list of classes
        return labels
    if mode == "multi_output":
        return [output[rows] for output in iterator.labels]
    return iterator.labels[rows] if mode == "raw" else None
