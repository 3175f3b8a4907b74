"""Canaries: what `compat` uses of multiprocessing, TensorFlow and matplotlib."""

from __future__ import annotations

import multiprocessing
import sys
import threading
from contextlib import contextmanager
from multiprocessing.dummy import Pool as ThreadPool

import matplotlib as mpl
import pytest
import tensorflow as tf

from workbench.compat import process_pool
from workbench.compat.matplotlib_backend import backend, set_backend
from workbench.compat.python_in_tensorflow import around_python_calls, calls_python
from workbench.compat.tensorflow_calls import runs_operation
from workbench.isolation.profile_hook import profile_hook


@pytest.fixture
def pool():
    with multiprocessing.get_context("spawn").Pool(1) as made:
        yield made


def test_a_pool_of_processes_is_told_from_one_of_threads(pool):
    assert process_pool.has_processes(pool)
    assert all(worker.is_alive() for worker in process_pool.workers(pool))
    with ThreadPool(1) as threads:
        assert not process_pool.has_processes(threads)
        assert len(process_pool.workers(threads)) == 1


def test_waiting_results_can_be_failed_and_a_pool_ended():
    pool = multiprocessing.get_context("spawn").Pool(1)
    worker, result = process_pool.workers(pool)[0], pool.apply_async(sys.exit)
    process_pool.end(pool)
    process_pool.fail(pool, KeyError("ended"))
    with pytest.raises(KeyError, match="ended"):
        result.get(timeout=60)
    assert not worker.is_alive()


def test_tensorflow_runs_operations_by_the_names_we_look_for():
    names = set()

    def note(frame, event, function):
        if event == "c_call":
            names.add(getattr(function, "__name__", ""))

    numbers = tf.constant([1.0, 2.0])
    with profile_hook(note):
        tf.add(numbers, numbers)
    found = [name for name in names if runs_operation(name)]
    assert found, f"TensorFlow {tf.__version__}: no operation among {sorted(names)}"


def test_asking_for_matplotlibs_backend_chooses_none():
    before = backend()
    with mpl.rc_context():
        dict.__setitem__(mpl.rcParams, "backend", mpl.rcsetup._auto_backend_sentinel)
        assert backend() is mpl.rcsetup._auto_backend_sentinel
    set_backend(before)
    assert backend() == before


def test_python_functions_of_tensorflow_go_through_one_registry():
    ran = []

    @contextmanager
    def note():
        ran.append(threading.get_ident())
        yield

    def pipelines(function):
        numbers = tf.data.Dataset.range(2)
        yield numbers.map(lambda n: tf.numpy_function(function, [n], tf.int64))
        yield numbers.map(lambda n: tf.py_function(function, [n], tf.int64)).batch(1)
        spec = tf.TensorSpec((), tf.int64)
        yield tf.data.Dataset.from_generator(lambda: iter([0, 1]), output_signature=spec)

    for pipeline in pipelines(lambda n: n):
        assert calls_python(pipeline)
        ran.clear()
        with around_python_calls(note):
            assert len(list(pipeline)) == 2
        assert len(ran) >= 2, f"TensorFlow {tf.__version__}: it calls Python in another way"
        assert threading.get_ident() not in ran
    assert not calls_python(tf.data.Dataset.range(2).map(lambda n: n + 1))
