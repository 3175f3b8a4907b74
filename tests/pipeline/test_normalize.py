from __future__ import annotations

import numpy as np
import pytest

from workbench.pipeline import normalize
from workbench.pipeline.normalize import METHODS, Normalization
from workbench.settings import Augmentation, NormalizeMethod

SCALED = Augmentation(rescale=1 / 255, samplewise_center=True, samplewise_std_normalization=True)


BOTH = Normalization(SCALED)


def keras_reference(images, augmentation):
    from tensorflow.keras.preprocessing.image import ImageDataGenerator

    keras = ImageDataGenerator(
        rescale=augmentation.rescale,
        samplewise_center=augmentation.samplewise_center,
        samplewise_std_normalization=augmentation.samplewise_std_normalization,
    )
    return np.stack([keras.standardize(image.copy()) for image in images])


def test_the_registry_has_the_methods_that_settings_name():
    assert set(METHODS) == set(NormalizeMethod.__args__)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    "augmentation",
    [Augmentation(), Augmentation(rescale=1 / 255), Augmentation(samplewise_center=True), SCALED],
)
def test_agrees_with_keras_standardize(method, augmentation, rng):
    images = rng.uniform(0, 255, (9, 40, 30, 3)).astype(np.float32)
    expected = keras_reference(images, augmentation)
    METHODS[method](images, Normalization(augmentation))
    np.testing.assert_allclose(images, expected, rtol=2e-4, atol=2e-4)


@pytest.mark.parametrize("method", METHODS)
def test_a_constant_sample_becomes_zeros_and_not_nan(method):
    images = np.full((3, 5, 5, 1), 7, np.float32)
    METHODS[method](images, BOTH)
    np.testing.assert_allclose(images, 0, atol=0.05)
    assert np.isfinite(images).all()


@pytest.mark.parametrize("method", METHODS)
def test_integers_without_scaling_stay_as_they_are(method, rng):
    images = rng.integers(0, 256, (3, 5, 5, 1), np.uint8)
    before = images.copy()
    METHODS[method](images, Normalization(Augmentation()))
    np.testing.assert_array_equal(images, before)


@pytest.mark.parametrize("method", METHODS)
def test_an_empty_batch_stays_empty(method):
    images = np.empty((0, 5, 5, 1), np.float32)
    METHODS[method](images, BOTH)
    assert images.shape == (0, 5, 5, 1)


@pytest.mark.parametrize("value", [np.nan, np.inf])
@pytest.mark.parametrize("method", METHODS)
def test_a_pixel_that_is_no_number_spoils_no_other_image(method, value, rng):
    images = rng.uniform(0, 255, (5, 9, 9, 1)).astype(np.float32)
    clean, images[2, 4, 4] = images.copy(), value
    METHODS[method](clean, BOTH)
    with np.errstate(invalid="ignore"):  # NumPy warns of infinity less infinity, as it should
        METHODS[method](images, BOTH)
    np.testing.assert_array_equal(images[[0, 1, 3, 4]], clean[[0, 1, 3, 4]])
    assert np.isnan(images[2]).any()


@pytest.mark.parametrize(
    ("normalization", "blocks"),
    [(Normalization(Augmentation(rescale=0.5)), [40]), (BOTH, [10, 10, 10, 10])],
)
def test_cache_blocked_takes_a_cache_of_samples_where_they_are_read_more_than_once(
    normalization, blocks, monkeypatch
):
    found = []
    monkeypatch.setattr(Normalization, "apply", lambda _, images: found.append(len(images)))
    monkeypatch.setattr(normalize, "CACHE_BYTES", 10 * 8 * 8 * 4)
    METHODS["cache_blocked"](np.zeros((40, 8, 8, 1), np.float32), normalization)
    assert found == blocks
