"""`fit` and featurewise scaling against Keras's own."""

from __future__ import annotations

import numpy as np
import pytest

from tests.conftest import array_settings
from workbench.inputs import settings_of
from workbench.pipeline import statistics
from workbench.pipeline.pipeline import Pipeline
from workbench.pipeline.sources.open_source import ArraySource, open_source
from workbench.pipeline.statistics import fit
from workbench.settings import Augmentation, Batch, Methods, SettingsError, Statistics
from workbench.tuned import Tuned, load

FEATUREWISE = {"featurewise_center": True, "featurewise_std_normalization": True}
KINDS = {"uint8": 255, "uint16": 65535, "float32": 1}


def images(rng, dtype, shape=(30, 12, 10, 3)):
    x = rng.uniform(0.2, 0.9, shape) * np.array([1, 0.5, 0.1])[: shape[-1]]
    return (x * KINDS[dtype]).astype(dtype)


def pipeline(x, subset=None, **groups):
    settings = array_settings(x, batch=Batch(size=4, shuffle=False), **groups)
    return Pipeline(settings, ArraySource(x, None), subset=subset)


def keras_fitted(x, **options):
    from tensorflow.keras.preprocessing.image import ImageDataGenerator

    keras = ImageDataGenerator(**FEATUREWISE, **options)
    keras.fit(x.astype(np.float32))
    return keras


@pytest.mark.parametrize("dtype", KINDS)
@pytest.mark.parametrize("block", [1, 1000, 10**9])
def test_fit_finds_what_keras_finds_whatever_the_block(dtype, block, rng, monkeypatch):
    monkeypatch.setattr(statistics, "BLOCK_VALUES", block)
    x = images(rng, dtype)
    found, keras = fit(pipeline(x)), keras_fitted(x)
    np.testing.assert_allclose(found.mean, keras.mean.ravel(), rtol=1e-4)
    np.testing.assert_allclose(found.std, keras.std.ravel(), rtol=1e-4)
    np.testing.assert_allclose(found.mean, x.mean(axis=(0, 1, 2), dtype=np.float64), rtol=1e-12)
    np.testing.assert_allclose(found.std, x.astype(np.float64).std(axis=(0, 1, 2)), rtol=1e-9)
    assert found.n == 30


@pytest.mark.parametrize("options", [{}, {"samplewise_center": True}])
@pytest.mark.parametrize("normalize", ["loop", "vectorized", "cache_blocked"])
def test_batches_are_keras_standardized(normalize, options, rng):
    x = images(rng, "float32")
    p = pipeline(x, methods=Methods(read="array", normalize=normalize))
    changes = {"statistics": fit(p), "augmentation": FEATUREWISE | options}
    p = p.with_settings(p.settings.updated(changes))
    keras = keras_fitted(x, **options)
    wanted = np.stack([keras.standardize(image.copy()) for image in x[:4]])
    np.testing.assert_allclose(p.batch(0, 0)[0], wanted, rtol=1e-3, atol=1e-3)


def test_progress_is_told_and_may_end_the_pass(rng):
    p, told = pipeline(images(rng, "uint8", (70, 4, 4, 1))), []
    fit(p, told.append)
    assert told == [32, 64, 70]

    def stop(done):
        raise InterruptedError(done)

    with pytest.raises(InterruptedError, match="32"):
        fit(p, stop)


def test_statistics_are_rescaled_with_the_images(rng):
    x = images(rng, "uint8")
    p = pipeline(x)
    changes = {"statistics": fit(p), "augmentation": {**FEATUREWISE, "rescale": 1 / 255}}
    p = p.with_settings(p.settings.updated(changes))
    everything = np.concatenate([p.batch(index, 0)[0] for index in range(len(p))])
    np.testing.assert_allclose(everything.mean(axis=(0, 1, 2)), 0, atol=1e-3)
    np.testing.assert_allclose(everything.std(axis=(0, 1, 2)), 1, atol=1e-3)


def test_only_the_training_rows_count(rng):
    x = images(rng, "float32")
    settings = array_settings(x, batch=Batch(size=4)).updated({"data": {"validation_split": 0.5}})
    p = Pipeline(settings, ArraySource(x, None), subset="training")
    found = fit(p)
    assert found.n == 15
    np.testing.assert_allclose(found.mean, x[p.rows].mean(axis=(0, 1, 2), dtype=float), rtol=1e-9)


def test_a_folder_is_read_through_its_source(class_folder):
    settings, x, y = settings_of(class_folder)
    settings = settings.updated({"batch": {"size": 2}, "data": {"image_size": [16, 16]}})
    p = Pipeline(settings, open_source(settings, x, y))
    read = p.source.read(p.rows)[0].astype(float)
    np.testing.assert_allclose(fit(p).mean, read.mean(axis=(0, 1, 2)))


@pytest.mark.parametrize("name", FEATUREWISE)
def test_featurewise_without_statistics_is_refused_in_words(name, rng):
    settings = pipeline(images(rng, "float32")).settings
    with pytest.raises(SettingsError, match=r"statistics: missing.*statistics\.fit\(pipeline\)"):
        settings.updated({"augmentation": {name: True}})


def test_statistics_of_other_channels_are_refused(rng):
    p = pipeline(images(rng, "float32"))
    settings = p.settings.updated({"statistics": Statistics(mean=(1.0,), std=(1.0,), n=3)})
    with pytest.raises(ValueError, match=r"each of 3 channels\. Received: 1 and 1"):
        p.with_settings(settings)


def test_integer_batches_cannot_be_featurewise(rng):
    p = pipeline(images(rng, "uint8"))
    changes = {"statistics": fit(p), "batch": {"dtype": "uint8"}, "augmentation": FEATUREWISE}
    with pytest.raises(SettingsError, match=r"batch\.dtype: uint8 cannot hold"):
        p.settings.updated(changes)


def test_statistics_travel_with_the_file(tmp_path, class_folder):
    settings = settings_of(class_folder)[0]
    found = Statistics(mean=(0.1,), std=(1 / 3,), n=8)
    settings = settings.updated({"statistics": found, "augmentation": FEATUREWISE})
    again = load(Tuned(settings=settings).save(tmp_path / "tuned.json")).settings
    assert again.statistics == found
    assert again.augmentation == Augmentation(**FEATUREWISE)
    without = {"statistics": None, "augmentation": dict.fromkeys(FEATUREWISE, False)}
    assert again.updated(without).statistics is None
