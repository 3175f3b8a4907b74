"""The article's examples: ours do what they should; their literal forms show each fault."""

from __future__ import annotations

from itertools import islice

import numpy as np
import pytest

from tests.article import literal_examples as literal
from workbench.article import examples as ours


def both(*names, raises):
    """Ours, which must pass, and the literal form, which must fail."""
    mark = pytest.mark.xfail(strict=True, raises=raises, reason="the article's fault")
    cases = [pytest.param(getattr(ours, name), id=f"ours, {name}") for name in names]
    cases += [pytest.param(getattr(literal, n), id=f"literal, {n}", marks=mark) for n in names]
    return pytest.mark.parametrize("example", cases)


@pytest.fixture
def images(rng):
    return rng.integers(0, 256, (10, 12, 14, 3), np.uint8)


LABELS = np.arange(10)


def test_the_generator_imports_on_keras_3():
    assert ours._image_data_generator().rotation_range == 20


@pytest.mark.xfail(strict=True, raises=ImportError, reason="the article's fault")
def test_the_articles_import_is_gone():
    literal.image_data_generator()


@both("augment_with_flow", raises=AttributeError)
def test_flow_gives_batches(example, images):
    batches = list(islice(example(images, LABELS, 4), 3))
    assert [len(x) for x, _ in batches] == [4, 4, 2]


@both("augment_each_sample", raises=AssertionError)
def test_augmenting_leaves_numpys_global_state_alone(example, images):
    np.random.seed(5)
    expected = np.random.random(3)
    np.random.seed(5)
    next(example(images, LABELS, 4))
    np.testing.assert_array_equal(np.random.random(3), expected)


@both("augment_each_sample", raises=AssertionError)
def test_other_draws_do_not_change_the_augmentation(example, images):
    def batch(disturbed):
        np.random.seed(5)
        batches = example(images, LABELS, 4)
        next(batches)
        if disturbed:
            np.random.random()
        return next(batches)[0]

    np.testing.assert_array_equal(batch(True), batch(False))


def test_flow_leaves_numpys_global_state_alone(images):
    np.random.seed(5)
    expected = np.random.random(3)
    np.random.seed(5)
    next(ours.augment_with_flow(images, LABELS, 4))
    np.testing.assert_array_equal(np.random.random(3), expected)


def test_flow_goes_on_with_one_iterator(images, monkeypatch):
    from tensorflow.keras.preprocessing.image import ImageDataGenerator

    made, flow = [], ImageDataGenerator.flow
    monkeypatch.setattr(ImageDataGenerator, "flow", lambda *a, **k: made.append(1) or flow(*a, **k))
    first, *_, again = islice(ours.augment_with_flow(images, LABELS, 4), 4)
    assert made == [1]
    np.testing.assert_array_equal(first[1], again[1])
    assert (first[0] != again[0]).any(), "the second epoch draws anew"


def test_both_augment_by_the_same_code(images):
    """The same dice, thrown for the same images: `flow` is a loop too."""
    one = next(ours.augment_each_sample(images, LABELS, 10, seed=3))[0]
    other = next(ours.augment_with_flow(images, LABELS, 10, seed=3))[0]
    np.testing.assert_array_equal(one, other)


@both("scale_in_a_loop", raises=AssertionError)
def test_scaling_does_not_change_the_data_set(example, rng):
    features = rng.random((10, 6))
    before = features.copy()
    list(islice(example(features, LABELS, 4), 3))
    np.testing.assert_array_equal(features, before)


@both("scale_in_a_loop", raises=AssertionError)
def test_the_second_epoch_of_whole_numbers_is_the_first(example, rng):
    features = rng.integers(0, 256, (10, 6))
    first, _, _, second = islice(example(features, LABELS, 4), 4)
    assert np.unique(np.asarray(first[0], float)).size > 3, "not -1, 0 and 1 only"
    np.testing.assert_allclose(first[0], second[0])


@both("scale_vectorized", raises=AssertionError)
def test_each_image_is_scaled_by_its_own_mean_and_deviation(example, images):
    batch = next(example(images.astype(np.float32), LABELS, 4))[0]
    np.testing.assert_allclose(batch.mean(axis=(1, 2, 3)), 0, atol=1e-4)
    np.testing.assert_allclose(batch.std(axis=(1, 2, 3)), 1, atol=1e-4)
    first = images[0].astype(np.float64)
    np.testing.assert_allclose(batch[0], (first - first.mean()) / first.std(), atol=1e-4)


@pytest.mark.filterwarnings("ignore:invalid value")
@both("scale_in_a_loop", "scale_vectorized", raises=AssertionError)
def test_a_constant_sample_is_zeros(example):
    batch = next(example(np.full((4, 6), 7.0), LABELS[:4], 4))[0]
    np.testing.assert_array_equal(batch, np.zeros((4, 6)))


def test_loop_and_vectorized_scale_alike(images):
    loop, vectorized = (
        next(f(images, LABELS, 4))[0] for f in (ours.scale_in_a_loop, ours.scale_vectorized)
    )
    np.testing.assert_allclose(loop, vectorized, atol=1e-5)


@both("read_from_npy", raises=AssertionError)
def test_whoever_gets_a_batch_cannot_change_the_data_set(example, images, tmp_path):
    np.save(tmp_path / "data.npy", images)
    np.save(tmp_path / "labels.npy", LABELS)
    batches = example(tmp_path, 4)
    next(batches)[0][:] = 0
    _, _, again = next(batches), next(batches), next(batches)
    np.testing.assert_array_equal(again[0], images[:4])


def test_lists_and_npy_read_alike(images, tmp_path):
    np.save(tmp_path / "data.npy", images)
    np.save(tmp_path / "labels.npy", LABELS)
    lists = islice(ours.read_from_lists(list(images), list(LABELS), 4), 4)
    npy = islice(ours.read_from_npy(tmp_path, 4), 4)
    for one, other in zip(lists, npy, strict=True):
        np.testing.assert_array_equal(one[0], other[0])
        np.testing.assert_array_equal(one[1], other[1])


def test_no_samples_are_refused():
    with pytest.raises(ValueError, match="Received: 0 and 32"):
        next(ours.read_from_lists([], []))
