"""Keras's `ImageDataGenerator` and its iterators, which live in a private module.

Public names (`tf.keras.preprocessing.image`) exist for the classes, but importing them imports
TensorFlow, and the iterators' attributes are documented nowhere.
"""

from __future__ import annotations

from typing import Any

MODULE = "keras.src.legacy.preprocessing.image"


def is_keras_iterator(data: Any) -> bool:
    """Whether an `ImageDataGenerator` made it; does not import Keras."""
    return type(data).__module__.startswith(MODULE)
