"""Notice when a cell of the notebook starts and ends."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from IPython import get_ipython


class CellEvents:
    """Calls two functions, on the main thread, when a cell starts and ends.

    Does nothing outside IPython.

    Args:
        starts: Called before a cell runs, with IPython's information on it.
        ended: Called afterwards, with the result.
    """

    def __init__(self, starts: Callable[[Any], None], ended: Callable[[Any], None]) -> None:
        self._callbacks = {"pre_run_cell": starts, "post_run_cell": ended}

    @property
    def is_in_cell(self) -> bool:
        """Whether a cell runs whose end will be noticed, unlike that of Jupyter's silent code."""
        running = getattr(getattr(get_ipython(), "displayhook", None), "exec_result", None)
        return running is not None and not running.info.silent

    def register(self) -> None:
        """Begin to call the functions."""
        if (shell := get_ipython()) is not None:
            for event, callback in self._callbacks.items():
                shell.events.register(event, callback)

    def unregister(self) -> None:
        """Stop calling them; safe to call twice."""
        if (shell := get_ipython()) is not None:
            for event, callback in self._callbacks.items():
                if callback in shell.events.callbacks[event]:
                    shell.events.unregister(event, callback)
