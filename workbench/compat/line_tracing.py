"""line_profiler, and the `sys.monitoring` events that it uses from Python 3.12 on.

Uses, as in line_profiler 5: `LineProfiler.tool_id`, `._managers`, `._all_paddings`,
`.code_hash_map`, `get_stats().timings` and `.unit`.
"""

from __future__ import annotations

import os
import sys
from types import CodeType
from typing import Any, ClassVar

from line_profiler import LineProfiler

monitoring: Any = getattr(sys, "monitoring", None)
# Up to Python 3.11 line_profiler traces the thread that enables it. From 3.12 on it uses
# `sys.monitoring`, for all threads at once: enabling it in two threads that overlap raises
# "tool 2 is not in use" within them.
TRACES_ITS_THREAD = monitoring is None or os.environ.get("LINE_PROFILER_CORE") == "legacy"
# A free id: line_profiler's default is cProfile's too, and a generator that uses either of them
# would fail.
TOOL = 4


class Tracer(LineProfiler):  # type: ignore[misc,unused-ignore]
    """A line profiler that can run while the user's own, or cProfile, runs."""

    tool_id = TOOL
    _managers: ClassVar[dict[int, Any]] = {}

    @property
    def codes(self) -> list[CodeType]:
        """The profiled code objects."""
        return list(self.code_hash_map)

    def listen(self) -> None:
        """Make Python report lines of the profiled functions only, since others would cost time."""
        events = monitoring.events
        monitoring.set_events(TOOL, events.RAISE | events.RERAISE)  # these are for all code
        # Python 3.13 reports a function's first line only if its start is reported.
        wanted = events.LINE | events.PY_RETURN | events.PY_YIELD | events.PY_START
        for code in self.codes:
            monitoring.set_local_events(TOOL, code, wanted)

    def stop_listening(self) -> None:
        """Undo `listen`."""
        for code in self.codes:
            monitoring.set_local_events(TOOL, code, 0)


def paddings() -> dict[Any, Any]:
    """How far line_profiler has padded each code object; it adds padding each time, forever."""
    return dict(LineProfiler._all_paddings)


def restore_paddings(before: dict[Any, Any]) -> None:
    """Forget the paddings that were added since `before`."""
    LineProfiler._all_paddings.clear()
    LineProfiler._all_paddings.update(before)
