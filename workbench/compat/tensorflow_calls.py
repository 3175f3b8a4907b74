"""The C function by which TensorFlow runs an operation eagerly."""

from __future__ import annotations


def runs_operation(c_function: str) -> bool:
    """Whether a C function of this name runs an operation: `TFE_Py_FastPathExecute` and others."""
    return c_function.startswith("TFE_Py_") and "Execute" in c_function
