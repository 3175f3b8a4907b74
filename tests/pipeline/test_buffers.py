"""Memory for reading that is used again."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

from tests.conftest import array_settings
from workbench.pipeline.cache.buffers import Buffers
from workbench.pipeline.pipeline import Pipeline
from workbench.pipeline.sources.arrays import ArraySource
from workbench.settings import Batch

BYTE, FLOAT = np.dtype(np.uint8), np.dtype(np.float32)


def test_what_was_lent_is_lent_again():
    buffers = Buffers()
    with buffers.borrow((2, 3), FLOAT) as first:
        first[...] = 7
    with buffers.borrow((4, 6), BYTE) as second:
        assert (second.shape, second.dtype) == ((4, 6), BYTE)
        assert np.shares_memory(first, second)


def test_what_is_lent_at_one_time_is_apart():
    buffers = Buffers()
    with buffers.borrow((5,), FLOAT) as first, buffers.borrow((5,), FLOAT) as second:
        assert not np.shares_memory(first, second)


def test_more_is_found_where_too_little_was_kept():
    buffers = Buffers()
    with buffers.borrow((2,), BYTE):
        pass
    with buffers.borrow((300,), FLOAT) as larger:
        assert larger.shape == (300,)


def test_it_comes_back_after_an_error():
    buffers = Buffers()
    with pytest.raises(ZeroDivisionError), buffers.borrow((5,), FLOAT) as first:
        raise ZeroDivisionError
    with buffers.borrow((5,), FLOAT) as second:
        assert np.shares_memory(first, second)


def test_a_copy_for_a_worker_carries_nothing_along():
    buffers = Buffers()
    with buffers.borrow((1000,), FLOAT):
        pass
    assert len(pickle.dumps(buffers)) < 200


@pytest.mark.parametrize("method", ["none", "opencv", "numpy_batch", "keras_loop"])
def test_a_batch_stays_as_it_is_when_the_next_is_made(method, rng):
    x = rng.random((8, 5, 5, 1), np.float32)
    settings = array_settings(x, batch=Batch(size=4, shuffle=False))
    settings = settings.updated({"methods": {"augment": method}})
    p = Pipeline(settings, ArraySource(x, None), subset=None)
    (first,) = p.batch(0, 0)
    before = first.copy()
    p.batch(1, 0)
    np.testing.assert_array_equal(first, before)


@pytest.mark.parametrize("order", ["C", "F"])
def test_rows_read_into_memory_that_is_there_are_the_rows(order, rng):
    x = np.array(rng.random((8, 5, 4, 3)), order=order)
    rows = np.array([3, 0, 7])
    room = np.empty((3, 5, 4, 3))
    images, kept = ArraySource(x, None).read(rows, room)
    assert np.shares_memory(images, room)
    np.testing.assert_array_equal(images, x[rows])
    np.testing.assert_array_equal(kept, rows)
