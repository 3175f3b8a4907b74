"""Python functions that TensorFlow calls from threads of its own.

`tf.py_function`, `tf.numpy_function` and `Dataset.from_generator` all go through one registry.
Uses, as in TensorFlow 2.21: `script_ops.FuncRegistry.__call__`, `Dataset._functions` and
`Dataset._inputs`.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

SCRIPT_OPS = "tensorflow.python.ops.script_ops"


@contextmanager
def around_python_calls(around: Callable[[], AbstractContextManager[None]]) -> Iterator[None]:
    """Run each call in a context of its own, in the thread that TensorFlow makes it in."""
    registry: Any = getattr(sys.modules.get(SCRIPT_OPS), "FuncRegistry", None)
    if registry is None:
        yield
        return
    original = registry.__call__

    def call(self: Any, token: Any, device: Any, args: Any) -> Any:
        with around():
            return original(self, token, device, args)

    registry.__call__ = call
    try:
        yield
    finally:
        registry.__call__ = original


def calls_python(dataset: Any) -> bool:
    """Whether a `tf.data.Dataset` calls Python functions; False if that cannot be found out."""
    try:
        graphs = [function.function.graph.as_graph_def() for function in dataset._functions()]
        inputs = dataset._inputs()
    except Exception:  # subclasses of users need not have them
        return False
    # The operations are PyFunc, PyFuncStateless and EagerPyFunc.
    return any(b"PyFunc" in graph.SerializeToString() for graph in graphs) or any(
        map(calls_python, inputs)
    )
