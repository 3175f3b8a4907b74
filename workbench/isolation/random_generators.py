"""Save and restore random generators of NumPy, Python, PyTorch, TensorFlow and Keras."""

from __future__ import annotations

import random
import sys
from collections.abc import Callable
from typing import Any

import numpy as np

Restore = Callable[[], object]


def saved_generator(value: Any) -> Restore | None:
    """What restores a random generator to its present state; None if it is not one.

    Generators of augmentation libraries, such as albumentations' and imgaug's, hold one of these.
    """
    if isinstance(value, np.random.Generator):
        value = value.bit_generator
    if isinstance(value, np.random.BitGenerator):
        return _attribute_restorer(value, value.state)
    if isinstance(value, np.random.RandomState):
        state = value.get_state()
        return lambda: value.set_state(state)
    if isinstance(value, random.Random) and not isinstance(value, random.SystemRandom):
        python_state = value.getstate()
        return lambda: value.setstate(python_state)
    return _saved_tensor_generator(value)


def saved_global_generators() -> list[Restore]:
    """What restores the generators that NumPy, Python and PyTorch share among all their users."""
    numpy_state, python_state = np.random.get_state(), random.getstate()
    found: list[Restore] = [
        lambda: np.random.set_state(numpy_state),
        lambda: random.setstate(python_state),
    ]
    if (torch := sys.modules.get("torch")) is not None and hasattr(torch, "get_rng_state"):
        torch_state = torch.get_rng_state()
        found.append(lambda: torch.set_rng_state(torch_state))
    return found


def _attribute_restorer(value: Any, state: Any) -> Restore:
    return lambda: setattr(value, "state", state)


def _saved_tensor_generator(value: Any) -> Restore | None:
    kind = type(value)
    package = kind.__module__.partition(".")[0]
    if package == "torch" and kind.__name__ == "Generator":
        state = value.get_state()
        return lambda: value.set_state(state)
    # `keras.random.SeedGenerator` and `tf.random.Generator` keep theirs in a variable.
    if package in ("keras", "tensorflow") and kind.__name__ in ("SeedGenerator", "Generator"):
        variable: Any = getattr(value, "state", None)
        if hasattr(variable, "assign"):
            numbers = np.array(variable.numpy())
            return lambda: variable.assign(numbers)
    return None
