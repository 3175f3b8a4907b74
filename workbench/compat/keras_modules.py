"""Names of private modules of Keras, compared with where a class was defined.

Importing the modules themselves would import TensorFlow.
"""

from __future__ import annotations

from typing import Any

IMAGES = "keras.src.legacy.preprocessing.image"  # ImageDataGenerator and its iterators
PY_DATASET = "keras.src.trainers.data_adapters.py_dataset_adapter"  # keras.utils.PyDataset


def is_keras_iterator(data: Any) -> bool:
    """Whether an `ImageDataGenerator` made it."""
    return type(data).__module__.startswith(IMAGES)
