from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from tests.conftest import array_settings
from workbench.pipeline.pipeline import Pipeline, split
from workbench.pipeline.sources.open_source import ArraySource
from workbench.settings import Augmentation, Batch, Methods

TURNED = Augmentation(rotation_range=30, width_shift_range=0.2)


def numbered(count, size=4):
    """Images of which each pixel is the sample's number."""
    x = np.zeros((count, size, size, 1), np.float32)
    x += np.arange(count, dtype=np.float32)[:, None, None, None]
    return x


def pipeline(x, y=None, subset=None, **groups):
    split_share = groups.pop("validation_split", 0.0)
    settings = array_settings(x, **groups).updated({"data": {"validation_split": split_share}})
    return Pipeline(settings, ArraySource(x, y), subset=subset)


def epoch_of(p, epoch):
    return [p.batch(index, epoch) for index in range(len(p))]


@pytest.mark.parametrize(("drop", "batches"), [(False, 4), (True, 3)])
def test_every_sample_comes_once_an_epoch(drop, batches):
    p = pipeline(numbered(10), np.arange(10), batch=Batch(size=3, drop_remainder=drop))
    labels = np.concatenate([y for _, y in epoch_of(p, 0)])
    assert len(p) == batches
    assert len(labels) == len(set(labels)) == (9 if drop else 10)
    assert sorted(labels) != list(labels)
    for x, y in epoch_of(p, 0):
        np.testing.assert_array_equal(x[:, 0, 0, 0], y)


def test_the_order_differs_between_epochs_and_seeds():
    orders = [
        pipeline(numbered(50), batch=Batch(size=5, seed=s)).order(e)
        for s, e in ((0, 0), (0, 1), (1, 0))
    ]
    assert not any(np.array_equal(a, b) for a, b in pairwise(orders))
    unshuffled = pipeline(numbered(50), batch=Batch(size=5, shuffle=False))
    assert unshuffled.order(3).tolist() == list(range(50))


def test_the_order_is_not_drawn_from_the_generator_of_the_draws():
    order = pipeline(numbered(50), batch=Batch(size=5)).order(0)
    assert not np.array_equal(order, np.random.default_rng([0, 0, 0]).permutation(50))


def test_a_batch_is_a_function_of_epoch_and_index_alone(rng):
    x = rng.random((20, 8, 8, 1)).astype(np.float32)
    one, two = (pipeline(x, batch=Batch(size=4), augmentation=TURNED) for _ in range(2))
    there = {(e, i): one.batch(i, e)[0] for e in (0, 1) for i in range(5)}
    for (epoch, index), images in reversed(there.items()):
        np.testing.assert_array_equal(two.batch(index, epoch)[0], images)
    assert not np.array_equal(there[0, 0], there[1, 0])


def test_another_batch_size_redraws_nothing(rng):
    x = rng.random((20, 8, 8, 1)).astype(np.float32)
    small, large = (
        np.concatenate(
            [b[0] for b in epoch_of(pipeline(x, batch=Batch(size=n), augmentation=TURNED), 2)]
        )
        for n in (3, 10)
    )
    np.testing.assert_array_equal(small, large)


def test_negative_indices_count_from_the_end_and_others_are_errors():
    p = pipeline(numbered(10), batch=Batch(size=3))
    np.testing.assert_array_equal(p.batch(-1, 0)[0], p.batch(3, 0)[0])
    for index in (4, -5):
        with pytest.raises(IndexError, match=f"batch {index} of an epoch of 4"):
            p.batch(index, 0)


def test_the_split_is_stratified_disjoint_and_the_same_for_any_seed():
    y = np.array([0] * 80 + [1] * 20)
    source = ArraySource(numbered(100), y)
    training, validation = split(source, 0.25, "training"), split(source, 0.25, "validation")
    assert sorted([*training, *validation]) == list(range(100))
    assert np.bincount(y[validation]).tolist() == [20, 5]
    assert split(source, 0.25, None).tolist() == list(range(100))
    groups = {"validation_split": 0.25, "subset": "validation"}
    seeds = [pipeline(numbered(100), y, batch=Batch(size=4, seed=s), **groups) for s in (0, 9)]
    np.testing.assert_array_equal(seeds[0].rows, seeds[1].rows)
    np.testing.assert_array_equal(seeds[0].rows, validation)


@pytest.mark.parametrize(
    "y", [None, np.linspace(0, 1, 40), np.random.default_rng(0).random((40, 9))]
)
def test_labels_that_are_no_classes_are_split_as_one(y):
    source = ArraySource(numbered(40), y)
    assert len(split(source, 0.25, "validation")) == 10


def test_one_hot_labels_are_stratified():
    y = np.eye(2, dtype=np.float32)[[0] * 30 + [1] * 10]
    validation = split(ArraySource(numbered(40), y), 0.2, "validation")
    assert y[validation].sum(axis=0).tolist() == [6, 2]


def test_validation_is_neither_augmented_nor_shuffled_and_keeps_its_last_batch():
    p = pipeline(
        numbered(50, 8),
        subset="validation",
        validation_split=0.2,
        batch=Batch(size=4, drop_remainder=True),
        augmentation=TURNED.model_copy(update={"channel_shift_range": 50.0, "rescale": 0.5}),
    )
    assert len(p) == 3
    images = np.concatenate([b[0] for b in epoch_of(p, 1)])
    np.testing.assert_array_equal(images, 0.5 * numbered(50, 8)[p.rows])


@pytest.mark.parametrize("augment", ["keras_loop", "opencv"])
def test_the_source_is_unchanged_after_two_standardized_epochs(augment, rng):
    x = rng.random((8, 6, 6, 1)).astype(np.float32)
    before = x.copy()
    scaled = Augmentation(samplewise_center=True, samplewise_std_normalization=True)
    p = pipeline(
        x, batch=Batch(size=4), augmentation=scaled, methods=Methods(read="array", augment=augment)
    )
    for epoch in (0, 1):
        for (images,) in epoch_of(p, epoch):
            np.testing.assert_allclose(images.mean(axis=(1, 2, 3)), 0, atol=1e-5)
            np.testing.assert_allclose(images.std(axis=(1, 2, 3)), 1, atol=1e-4)
    np.testing.assert_array_equal(x, before)


def test_integer_batches_keep_the_sources_type(rng):
    x = rng.integers(0, 256, (8, 6, 6, 3), np.uint8)
    p = pipeline(x, batch=Batch(size=4, dtype="uint8"), augmentation=TURNED)
    assert p.batch(0, 0)[0].dtype == np.uint8
    wide = pipeline(x, batch=Batch(size=4, dtype="uint16", shuffle=False))
    np.testing.assert_array_equal(wide.batch(0, 0)[0], x[:4].astype(np.uint16))


@pytest.mark.parametrize(
    ("x", "groups", "words"),
    [
        (numbered(10), {"batch": Batch(size=11)}, "batch.size: expected at most the 10 samples"),
        (
            numbered(2),
            {"batch": Batch(size=1), "validation_split": 0.9},
            "training subset is empty",
        ),
        (
            numbered(9),
            {"batch": Batch(size=2, dtype="uint8")},
            "uint8 cannot hold the source's float32",
        ),
        (
            numbered(9).astype(np.uint16),
            {"batch": Batch(size=2, dtype="uint8")},
            "uint8 cannot hold the source's uint16",
        ),
    ],
)
def test_what_does_not_fit_the_data_is_refused_in_words(x, groups, words):
    with pytest.raises(ValueError, match=words):
        pipeline(x, np.arange(len(x)) % 2, subset="training", **groups)


def test_other_settings_reuse_the_source_and_the_split(rng):
    x = rng.random((20, 8, 8, 1)).astype(np.float32)
    p = pipeline(x, batch=Batch(size=4))
    other = p.with_settings(p.settings.updated({"batch": {"size": 5}}))
    assert other.source is p.source
    assert other.rows is p.rows
    assert len(other) == 4
