"""Epochs and order as `fit` sees them: what is trained, recorded inside the training step."""

from __future__ import annotations

import subprocess
import sys
import time
import warnings

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.conftest import ROOT, array_settings
from workbench.pipeline.dataset import Dataset
from workbench.pipeline.pipeline import Pipeline
from workbench.pipeline.sources.open_source import ArraySource
from workbench.settings import Augmentation, Batch, Feed

FEEDS = {"1 worker": (1, False), "2 threads": (2, False), "2 processes": (2, True)}


class Recorder(keras.Model):
    """A model that learns nothing and writes down what it is trained on."""

    def __init__(self):
        super().__init__()
        self.seen = []

    def train_step(self, data):
        def note(labels, images):
            # With steps_per_epoch, a pool that has not been asked for all of a pass when fit's
            # epoch ends is never asked for the rest: Keras's, not ours to mend.
            time.sleep(0.02)
            self.seen.append((labels.tolist(), images.tobytes()))
            return np.int64(0)

        images, labels = data
        tf.numpy_function(note, [labels, images], tf.int64)
        return {"loss": tf.constant(0.0)}

    def test_step(self, data):
        return {"loss": tf.constant(0.0)}


def make(feed, size=(16, 16, 3), count=24, queue=10):
    x = np.random.default_rng(1).integers(0, 256, (count, *size), np.uint8)
    workers, use_multiprocessing = FEEDS[feed]
    settings = array_settings(
        x,
        batch=Batch(size=4, seed=5),
        augmentation=Augmentation(rotation_range=30, horizontal_flip=True),
        feed=Feed(workers=workers, use_multiprocessing=use_multiprocessing, max_queue_size=queue),
    )
    return Dataset(Pipeline(settings, ArraySource(x, np.arange(count))))


def trained(dataset, **options):
    """(epoch, index) of each trained batch; fails if its bytes are not `batch(index, epoch)`."""
    known = {}
    for epoch in range(10):
        for index in range(len(dataset)):
            images, labels = dataset.batch(index, epoch)
            known[images.tobytes()] = epoch, index, labels.tolist()
    model = Recorder()
    model.compile()
    model.fit(dataset, verbose=0, **{"shuffle": False, **options})
    found = []
    for labels, data in model.seen:
        epoch, index, expected = known[data]
        assert labels == expected
        found.append((epoch, index))
    return found


def passes(first, count, batches=6):
    return [(epoch, index) for epoch in range(first, first + count) for index in range(batches)]


@pytest.mark.parametrize("feed", FEEDS)
@pytest.mark.parametrize("validation", [False, True])
def test_fit_trains_each_batch_once_an_epoch_from_epoch_0(feed, validation):
    dataset = make(feed)
    options = {"validation_data": make(feed)} if validation else {}
    assert trained(dataset, epochs=3, **options) == passes(0, 3)
    assert dataset.epoch == 3


@pytest.mark.parametrize("feed", FEEDS)
def test_epochs_count_right_in_the_order_that_keras_shuffles(feed):
    dataset = make(feed)
    found = trained(dataset, epochs=4, shuffle=True)
    assert [sorted(found[start : start + 6]) for start in range(0, 24, 6)] == [
        passes(epoch, 1) for epoch in range(4)
    ]
    assert dataset.epoch == 4


@pytest.mark.parametrize("feed", FEEDS)
@pytest.mark.parametrize("steps", [2, 3])
def test_with_steps_per_epoch_the_data_goes_on_where_it_stopped(feed, steps):
    found = trained(make(feed), epochs=12 // steps, steps_per_epoch=steps)
    assert found == passes(0, 2)


@pytest.mark.parametrize("feed", FEEDS)
def test_steps_per_epoch_of_a_whole_pass_counts_as_without(feed):
    dataset = make(feed)
    assert trained(dataset, epochs=2, steps_per_epoch=6) == passes(0, 2)
    assert dataset.epoch == 2


@pytest.mark.parametrize("feed", FEEDS)
def test_training_resumes_at_the_epoch_that_was_set(feed):
    dataset = make(feed)
    dataset.epoch = 4
    assert trained(dataset, initial_epoch=4, epochs=6) == passes(4, 2)


@pytest.mark.parametrize("feed", FEEDS)
def test_a_second_fit_goes_on(feed):
    dataset = make(feed)
    assert trained(dataset, epochs=1) + trained(dataset, epochs=2) == passes(0, 3)


def test_real_sized_batches_are_the_same_from_processes():
    dataset = make("2 processes", size=(224, 224, 3), count=64)
    big = dataset.pipeline.settings.updated({"batch": {"size": 32}})
    dataset = Dataset(dataset.pipeline.with_settings(big))
    assert trained(dataset, epochs=2) == passes(0, 2, batches=2)


def test_getitem_serves_the_epoch_that_is_set_and_does_not_count():
    dataset = make("1 worker")
    for index in (5, 0, 5, 0):
        np.testing.assert_array_equal(dataset[index][0], dataset.batch(index, 0)[0])
    dataset.epoch = 2
    np.testing.assert_array_equal(dataset[1][0], dataset.batch(1, 2)[0])


@pytest.mark.parametrize("epoch", [-1, 1.5, "2", True])
def test_an_epoch_is_a_whole_number(epoch):
    with pytest.raises(ValueError, match="epoch: expected a whole number"):
        make("1 worker").epoch = epoch


WITHOUT_JUPYTER = """
import sys
for name in ("IPython", "jupyterlab", "ipywidgets", "matplotlib", "line_profiler", "anywidget",
             "psutil"):
    sys.modules[name] = None  # importing it raises ImportError
import numpy as np, keras, workbench as wb
tuned = wb.load(sys.argv[1])
train, validation = tuned.dataset(), tuned.dataset(subset="validation")
model = keras.Sequential([keras.layers.Flatten(), keras.layers.Dense(1)])
model.compile("adam", "mse")
history = model.fit(train, validation_data=validation, epochs=2, shuffle=False, verbose=0)
assert np.isfinite(history.history["val_loss"]).all()
try:
    wb.Workbench("x")
except ImportError as error:
    print("ok", len(train), len(validation), error)
"""


def test_training_from_json_needs_no_jupyter(tmp_path, class_folder):
    from workbench.inputs import settings_of
    from workbench.tuned import Tuned

    settings = settings_of(class_folder)[0].updated(
        {"data": {"image_size": [16, 16]}, "batch": {"size": 4}}
    )
    file = Tuned(settings=settings).save(tmp_path / "tuned.json")
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_JUPYTER, str(file)],
        cwd=ROOT, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("ok 2 1 ")
    assert "pip install 'generator-workbench[lab]'" in done.stdout


def test_a_plain_import_loads_nothing_heavy():
    code = (
        "import sys, workbench; print([m for m in ('keras', 'cv2', 'numpy') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_keras_warns_of_nothing(rng):
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        trained(make("1 worker"), epochs=1)


def test_measuring_a_trained_dataset_leaves_its_epoch():
    import workbench as wb

    dataset = make("1 worker")
    trained(dataset, epochs=1)
    wb.measure_rate(dataset, seconds=0.3)
    wb.profile_lines(dataset, seconds=0.1, workers=2)
    assert dataset.epoch == 1
    assert trained(dataset, epochs=1) == passes(1, 1)
