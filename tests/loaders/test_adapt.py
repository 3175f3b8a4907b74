"""Loaders of any shape through Keras: measured, and left as they were. See also `test_streams`."""

from __future__ import annotations

import itertools
import random
import threading
import time
from multiprocessing.dummy import DummyProcess

import keras
import numpy as np
import pytest
import tensorflow as tf

import workbench as wb
from tests.loaders import loaders_zoo as zoo
from workbench.loaders.streams import CALLS_PYTHON, NO_LINES
from workbench.measure.workers.worker_errors import WorkersRefused

EACH = pytest.mark.parametrize("name", zoo.LOADERS)


@EACH
def test_what_keras_gets_is_measured(name):
    size = 2 if name == "partial" else zoo.SIZE

    rate = wb.measure_rate(zoo.LOADERS[name](), seconds=0.05)

    # Of an even number of intervals neither median is one that was measured.
    in_a_batch = rate.samples_per_second.median * rate.batch_ms.median / 1e3
    assert in_a_batch == pytest.approx(size, rel=0.3)


@EACH
def test_everything_is_left_as_it_was(name):
    loader = zoo.LOADERS[name]()
    attributes = dict(getattr(loader, "__dict__", {}))
    code = {f: f.__code__ for f in (zoo.wait, zoo.load, zoo.endless, zoo.finite, zoo.in_the_body)}
    numbers, standard = np.random.get_state()[1].tolist(), random.getstate()

    wb.profile_lines(loader, seconds=0.05)
    wb.measure_rate(loader, seconds=0.05)

    assert {f: f.__code__ for f in code} == code
    assert np.random.get_state()[1].tolist() == numbers
    assert random.getstate() == standard
    if name != "old Sequence, lists":  # its own on_epoch_end shuffles
        after = dict(getattr(loader, "__dict__", {}))
        assert after.keys() == attributes.keys()
        assert all(after[key] is attributes[key] for key in after)


def test_a_generator_object_is_not_used_up():
    generator = zoo.finite()

    wb.profile_lines(generator, seconds=0.05)
    wb.measure_rate(generator, seconds=0.05)

    assert len(list(generator)) == zoo.EPOCH


def test_several_workers_for_a_generator_are_refused_with_the_reason():
    with pytest.raises(WorkersRefused, match="one after another, in one thread"):
        wb.measure_rate(zoo.endless, workers=2)
    with pytest.raises(WorkersRefused, match="one after another, in one thread"):
        wb.profile_lines(zoo.endless, workers=1, use_multiprocessing=True)


def test_a_generator_is_checked_with_the_one_thread_that_keras_gives_it():
    check = wb.check_workers(zoo.endless, workers=2, seconds=1)
    assert check.ok
    assert (check.workers, check.use_multiprocessing) == (1, False)
    assert str(check).startswith("The loader works with one worker thread, and cannot have more.")
    assert "already executing" not in str(check)
    assert "batches of a generator function" in check.one_worker
    endless = map(zoo.endless().send, itertools.repeat(None))
    assert "batches of an iterator" in wb.check_workers(endless, workers=2, seconds=1).one_worker


def test_two_threads_make_batches_of_a_sequence_without_length_at_the_same_time():
    meeting, asked = threading.Barrier(2), itertools.count()

    class Meets(zoo.WithoutLength):
        def __getitem__(self, index):
            if isinstance(threading.current_thread(), DummyProcess) and next(asked) < 2:
                meeting.wait(30)  # breaks if one has to wait for the other's end
            return super().__getitem__(index)

    assert wb.measure_rate(Meets(), workers=2, seconds=0.05)
    assert next(asked) > 2


def test_a_tf_data_pipeline_is_timed_by_its_elements():
    def pause(x):
        time.sleep(0.01)
        return x

    native = tf.data.Dataset.from_tensor_slices(np.zeros((8, 4, 4, 1), np.float32)).batch(4)
    data = native.map(
        lambda x: tf.ensure_shape(tf.numpy_function(pause, [x], tf.float32), (4, 4, 4, 1))
    )

    profile, nothing = (wb.profile_lines(each, seconds=0.2) for each in (data, native))
    rate = wb.measure_rate(data, seconds=0.1)

    with pytest.raises(WorkersRefused, match="which has its own"):
        wb.measure_rate(native, workers=2)
    with pytest.raises(WorkersRefused, match="hold the interpreter"):
        wb.measure_rate(data, workers=2)
    assert nothing.notes[0] == NO_LINES
    assert "No lines were profiled" in str(nothing)
    assert CALLS_PYTHON in profile.notes
    assert NO_LINES not in profile.notes
    assert "time.sleep(0.01)" in profile.hot[0].source
    assert profile.batch_seconds > 0.009, "the sleep"
    assert rate.samples_per_second.median * rate.batch_ms.median / 1e3 == pytest.approx(4, rel=0.3)


def test_an_image_data_generator_is_profiled_in_its_own_lines():
    flow = keras.src.legacy.preprocessing.image.ImageDataGenerator(rotation_range=20).flow(
        np.zeros((16, 32, 32, 3)), np.zeros(16), 8
    )

    profile = wb.profile_lines(flow, seconds=0.2)

    assert any(f.name == "ImageDataGenerator.apply_transform" for f in profile.functions)
    assert flow.total_batches_seen == 0


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (lambda path: iter(()), "path.*functools.partial"),
        (lambda: 3, r"returned 3 of type int"),
        (lambda: lambda: iter(()), "returned .*function"),
        (3, "Received: 3 of type int"),
        (None, "Received: None of type NoneType"),
    ],
)
def test_what_gives_no_batches_is_refused_in_words(data, words):
    with pytest.raises(TypeError, match=words):
        wb.profile_lines(data)


REFUSED = {
    "a list from a generator": (
        lambda: iter([[zoo.BATCH, zoo.LABELS]]),
        "tuples only.*a list of 2",
    ),
    "a dict from a generator": (lambda: iter([{"x": zoo.BATCH}]), "tuples only.*a dict of 1"),
    "a list for an array": (
        lambda: iter([(zoo.BATCH, [0, 1, 0, 1])]),
        r"batch\[1\] is a list of 4",
    ),
    "a list of inputs": (lambda: iter([([zoo.BATCH] * 2, zoo.LABELS)]), r"batch\[0\].*a tuple"),
    "strings": (lambda: iter([(np.array(["a"] * 4), zoo.LABELS)]), "strings.*vocabulary"),
    "dates": (lambda: iter([(np.zeros(4, "datetime64[s]"), zoo.LABELS)]), "datetime64"),
    "rows that differ": (
        lambda: iter([(np.array([zoo.LABELS, zoo.LABELS[:1]], dtype=object),)]),
        "rows differ in shape",
    ),
    "four parts": (lambda: iter([(zoo.BATCH,) * 4]), "1 to 3 parts.*a tuple of 4"),
    "sizes that differ": (
        lambda: iter([(zoo.BATCH, zoo.LABELS[:2])]),
        "different numbers of samples",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_batch_that_keras_refuses_is_explained(name):
    make, words = REFUSED[name]
    with pytest.raises(ValueError, match=words):
        wb.measure_rate(make)

    # Keras itself refuses it too.
    model = keras.Sequential([keras.layers.Flatten(), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    with pytest.raises(Exception):  # noqa: B017  (of several kinds, and that is the point)
        model.fit(make(), verbose=0)
