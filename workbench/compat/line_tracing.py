"""line_profiler, and the `sys.monitoring` events that it listens to from Python 3.12 on.

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
# A free id: line_profiler's own is also cProfile's, and a generator that uses one of the two
# would fail.
TOOL = 4


class Tracer(LineProfiler):  # type: ignore[misc,unused-ignore]
    """A line profiler next to which the user's own, or cProfile, may run."""

    tool_id = TOOL
    _managers: ClassVar[dict[int, Any]] = {}

    @property
    def codes(self) -> list[CodeType]:
        """The code objects that it profiles."""
        return list(self.code_hash_map)

    def listen(self) -> None:
        """Have Python report the lines of profiled functions only: others would cost time."""
        events = monitoring.events
        monitoring.set_events(TOOL, events.RAISE | events.RERAISE)  # these are for all code
        # Python 3.13 reports no line that holds the function's start unless starts are reported.
        wanted = events.LINE | events.PY_RETURN | events.PY_YIELD | events.PY_START
        for code in self.codes:
            monitoring.set_local_events(TOOL, code, wanted)

    def stop_listening(self) -> None:
        """Undo `listen`."""
        for code in self.codes:
            monitoring.set_local_events(TOOL, code, 0)


def paddings() -> dict[Any, Any]:
    """How line_profiler has padded code objects so far: more each time, and for ever."""
    return dict(LineProfiler._all_paddings)


def restore_paddings(before: dict[Any, Any]) -> None:
    """Forget the paddings that came since."""
    LineProfiler._all_paddings.clear()
    LineProfiler._all_paddings.update(before)
