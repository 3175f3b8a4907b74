"""Names of Keras's private modules, to compare with the `__module__` of a class.

Importing the modules themselves would import TensorFlow.
"""

from __future__ import annotations

from typing import Any

IMAGES = "keras.src.legacy.preprocessing.image"  # ImageDataGenerator and its iterators
PY_DATASET = "keras.src.trainers.data_adapters.py_dataset_adapter"  # keras.utils.PyDataset


def is_keras_iterator(data: Any) -> bool:
    """Whether an object is an iterator of an `ImageDataGenerator`."""
    return type(data).__module__.startswith(IMAGES)
