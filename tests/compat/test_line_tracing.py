"""Canaries: what `compat.line_tracing` uses of line_profiler and `sys.monitoring`."""

from __future__ import annotations

import sys

import line_profiler
import pytest

from workbench.compat.line_tracing import (
    TOOL,
    TRACES_ITS_THREAD,
    Tracer,
    paddings,
    restore_paddings,
)

MOVED = f"line_profiler {line_profiler.__version__}: "


def traced():
    def function():
        return sum(range(3))

    tracer = Tracer()
    tracer.add_function(function)
    return tracer, function


def test_a_tracer_knows_its_code_objects():
    tracer, function = traced()
    assert function.__code__ in tracer.codes, MOVED + "code_hash_map has other keys"


def test_lines_are_counted_by_file_first_line_and_qualified_name():
    tracer, function = traced()
    with tracer:
        function()
    stats = tracer.get_stats()
    assert 0 < stats.unit <= 1e-3, MOVED + "the unit is no longer in seconds a tick"
    ((key, lines),) = [(key, lines) for key, lines in stats.timings.items() if lines]
    code = function.__code__
    assert key == (code.co_filename, code.co_firstlineno, code.co_qualname), MOVED + "other keys"
    assert [(line, hits) for line, hits, _ in lines] == [(code.co_firstlineno + 1, 1)]


def test_paddings_can_be_forgotten():
    before = paddings()
    traced()
    assert paddings() != before, MOVED + "_all_paddings does not grow with each function"
    restore_paddings(before)
    assert paddings() == before


@pytest.mark.skipif(TRACES_ITS_THREAD, reason="this Python traces threads, it has no monitoring")
def test_the_tool_id_is_the_one_in_use():
    tracer, function = traced()
    tracer.enable()
    try:
        assert sys.monitoring.get_tool(TOOL), MOVED + "tool_id is not what it registers"
        tracer.listen()
        function()
        tracer.stop_listening()
    finally:
        tracer.disable()
    assert sys.monitoring.get_tool(TOOL) is None
