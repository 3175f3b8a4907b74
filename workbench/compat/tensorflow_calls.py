"""The C functions with which TensorFlow runs operations eagerly."""

from __future__ import annotations


def runs_operation(c_function: str) -> bool:
    """Whether a C function runs an operation, as `TFE_Py_FastPathExecute` does."""
    return c_function.startswith("TFE_Py_") and "Execute" in c_function
