"""Line profiles of Python functions that tf.data pipelines call."""

from __future__ import annotations

import time

import numpy as np
import pytest
import tensorflow as tf
from tensorflow.python.ops import script_ops

import workbench as wb
from tests.measure.sleepers import line_of
from workbench.loaders.streams import CALLS_PYTHON


def load(number):
    return pause(number)


def pause(number):
    time.sleep(0.005)
    return np.float32(number)


def numbers():
    while True:
        yield pause(1)


def mapped(operation, calls=None):
    data = tf.data.Dataset.range(64).repeat()
    return data.map(lambda n: operation(load, [n], tf.float32), num_parallel_calls=calls).batch(4)


def generated():
    made = tf.data.Dataset.from_generator(numbers, output_signature=tf.TensorSpec((), tf.float32))
    return made.batch(4)


@pytest.mark.parametrize(
    ("make", "caller"),
    [
        (lambda: mapped(tf.numpy_function), "load"),
        (lambda: mapped(tf.py_function), "load"),
        (generated, "numbers"),
    ],
    ids=["numpy_function", "py_function", "from_generator"],
)
def test_python_functions_of_a_pipeline_are_profiled(make, caller):
    found = wb.profile_lines(make(), seconds=0.3)
    assert {f.name for f in found.functions} == {caller, "pause"}
    assert found.hot[0].source.strip() == "time.sleep(0.005)"
    assert found.hot[0].self_share > 0.3, "the rest is TensorFlow's"
    sleep = line_of(found, "pause", "time.sleep")
    assert sleep.seconds / sleep.hits > 0.003, "5 ms, but for calls that a round cut"
    assert sleep.hits >= 2 * found.batches
    own = sum(line.self_share for f in found.functions for line in f.lines)
    assert own + sum(found.outside.values()) == pytest.approx(1)
    assert CALLS_PYTHON in found.notes
    assert "num_parallel_calls speeds up only what releases the lock" in " ".join(
        str(found).split()
    )


def test_times_of_parallel_calls_are_sums_over_threads():
    found = wb.profile_lines(mapped(tf.numpy_function, calls=4), seconds=0.5)
    sleep = line_of(found, "pause", "time.sleep")
    assert sleep.seconds / sleep.hits > 0.003, "5 ms, but for calls that a round cut"
    assert sum(line.self_share for f in found.functions for line in f.lines) <= 1 + 1e-6
    (note,) = (note for note in found.notes if "threads ran these functions at once" in note)
    assert float(note.split()[2]) > 1.5


def test_memory_is_not_measured_while_other_threads_enter_python():
    """Switching `tracemalloc` on and off crashes then."""
    assert wb.profile_lines(mapped(tf.numpy_function), seconds=0.1).peak_bytes is None


def test_the_line_that_waits_for_a_pipeline_names_its_functions():
    def batches():
        for batch in mapped(tf.numpy_function):
            yield (batch.numpy(),)

    found = wb.profile_lines(batches, seconds=0.1)
    waits = line_of(found, "batches", "for batch in")
    assert waits.unprofiled == ("load (in TensorFlow's threads)",)
    assert waits.self_share > 0.3


def test_tensorflow_is_left_as_it_was(monkeypatch):
    before = script_ops.FuncRegistry.__call__

    def fails(number):
        raise KeyError("image_id")

    monkeypatch.setitem(globals(), "load", fails)
    with pytest.raises(tf.errors.OpError, match="image_id"):
        wb.profile_lines(mapped(tf.numpy_function), seconds=0)
    assert script_ops.FuncRegistry.__call__ is before
