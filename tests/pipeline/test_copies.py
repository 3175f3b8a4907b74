"""Augmented copies: made once, kept, and used in turn."""

from __future__ import annotations

import multiprocessing
import pickle

import numpy as np
import pytest

from tests.conftest import array_settings
from workbench.inputs import settings_of
from workbench.pipeline.pipeline import Pipeline, copies_bytes
from workbench.pipeline.sources.open_source import open_source
from workbench.settings import Augmentation, SettingsError

COUNT = 20
TURNED = Augmentation(
    rotation_range=30, width_shift_range=0.2, zoom_range=0.2, horizontal_flip=True, rescale=0.5
)


@pytest.fixture
def x(rng):
    return rng.integers(0, 256, (COUNT, 12, 10, 3), np.uint8)


def made(x, copies, subset=None, **changes):
    settings = array_settings(x, augmentation=TURNED).updated(
        {"batch": {"size": 6}, "methods": {"copies": copies}, **changes}
    )
    return Pipeline(settings, open_source(settings, x, np.arange(COUNT)), subset=subset)


def by_sample(p, epoch):
    """All images of an epoch in the order of their samples (the labels number them)."""
    images, labels = zip(*(p.batch(i, epoch) for i in range(len(p))), strict=True)
    return np.concatenate(images)[np.argsort(np.concatenate(labels))]


@pytest.mark.parametrize("augment", ["keras_loop", "opencv"])
def test_the_first_epochs_are_those_without_copies_and_then_come_again(x, augment):
    without = made(x, 0, methods={"augment": augment})
    kept = made(x, 3, methods={"augment": augment, "copies": 3})
    fresh = [by_sample(without, epoch) for epoch in range(4)]
    for epoch in (0, 1, 2, 3, 4, 5, 7):
        np.testing.assert_array_equal(by_sample(kept, epoch), fresh[epoch % 3])
    assert not np.array_equal(fresh[0], fresh[3]), "without copies each epoch is new"


def test_the_order_of_an_epoch_is_its_own(x):
    kept, without = made(x, 2), made(x, 0)
    for epoch in range(4):
        np.testing.assert_array_equal(kept.batch(1, epoch)[1], without.batch(1, epoch)[1])


def test_any_order_of_asking_gives_the_same(x):
    one, two = made(x, 2), made(x, 2)
    there = {(e, i): one.batch(i, e)[0] for e in range(4) for i in range(len(one))}
    for (epoch, index), images in reversed(there.items()):
        np.testing.assert_array_equal(two.batch(index, epoch)[0], images)


def test_nothing_is_read_or_augmented_a_second_time(x, monkeypatch):
    p, calls = made(x, 2), []
    monkeypatch.setattr(p, "transform", lambda *a: calls.append(1) or Pipeline.transform(p, *a))
    for epoch in range(5):
        batch = p.batch(0, epoch)[0]
        by_sample(p, epoch)
        batch[:] = -1
        assert by_sample(p, epoch).min() >= 0, "a batch is the caller's own"
    assert len(calls) == 2 * len(p)


def test_what_they_take_is_known_before(x, monkeypatch):
    p = made(x, 3, data={"validation_split": 0.25}, subset="training")
    assert copies_bytes(p.settings, 15, (12, 10, 3)) == 3 * 15 * 12 * 10 * 3 * 4
    integers = made(x, 3, batch={"dtype": "uint8", "size": 2}, augmentation={"rescale": None})
    assert copies_bytes(integers.settings, COUNT, (12, 10, 3)) == 3 * COUNT * 12 * 10 * 3
    assert copies_bytes(made(x, 0).settings, COUNT, (12, 10, 3)) == 0
    monkeypatch.setattr("workbench.pipeline.cache.memory._machine_memory", lambda: 8e4)
    with pytest.raises(MemoryError, match=r"methods\.copies needs .* for 60 images"):
        made(x, 3)


def test_validation_has_no_copies(x):
    p = made(x, 3, data={"validation_split": 0.25}, subset="validation")
    assert p._cache is None
    np.testing.assert_array_equal(p.batch(0, 2)[0], 0.5 * x[p.rows[:6]])


def test_a_pickled_copy_makes_the_same(x):
    p = made(x, 2)
    by_sample(p, 0)
    np.testing.assert_array_equal(by_sample(pickle.loads(pickle.dumps(p)), 2), by_sample(p, 0))


def test_forked_processes_share_them(x):
    p = made(x, 1)
    child = multiprocessing.get_context("fork").Process(target=by_sample, args=(p, 0))
    child.start()
    child.join(30)
    assert child.exitcode == 0
    assert p._cache._stored.all()
    np.testing.assert_array_equal(by_sample(p, 1), by_sample(made(x, 0), 0))


def test_an_unreadable_file_is_skipped_in_each_epoch(class_folder):
    (class_folder / "clear" / "2.png").write_bytes(b"no image")
    settings = settings_of(class_folder)[0].updated(
        {
            "data": {"unreadable": "skip", "image_size": [8, 8]},
            "batch": {"size": 5},
            "methods": {"copies": 1},
        }
    )
    p = Pipeline(settings, open_source(settings), subset=None)
    for epoch in range(3):
        with pytest.warns(UserWarning, match=r"skipped: .*2\.png"):
            sizes = [len(labels) for _, labels in (p.batch(i, epoch) for i in range(2))]
        assert sorted(sizes) == [4, 5]


def test_a_negative_number_of_copies_is_refused(x):
    with pytest.raises(SettingsError, match=r"methods\.copies: .* Received: -1"):
        made(x, -1)
