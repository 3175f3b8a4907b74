"""Rates, and profiles of our own datasets, against known sleeps and known culprits."""

from __future__ import annotations

import signal
import threading
import time

import keras
import numpy as np
import psutil
import pytest
import tensorflow as tf

import workbench as wb
from tests.conftest import array_settings, timed
from tests.measure import sleepers
from workbench.loader import Loader
from workbench.measure.feed import measure
from workbench.measure.rate import Stopped
from workbench.pipeline.dataset import Dataset
from workbench.pipeline.pipeline import Pipeline
from workbench.pipeline.sources.open_source import ArraySource
from workbench.settings import Augmentation, Batch, Methods

pytestmark = pytest.mark.alone


class Sleeper(sleepers.Sleeper, keras.utils.PyDataset):
    """Which `fit` takes too."""


class Failing(Sleeper):
    read = sleepers.Failing.read


def planted(step, monkeypatch):
    """A dataset in which one step takes 10 ms a batch more, and that step's function."""
    import workbench.pipeline.augment as augment_methods
    import workbench.pipeline.normalize as normalize_methods
    from workbench.pipeline.sources import open_source

    x = np.zeros((16, 32, 32, 1), np.uint8)

    def slow_read(self, rows, out=None):
        time.sleep(0.010)
        return real_read(self, rows, out)

    def slow_augment(images, draws, **options):
        time.sleep(0.010)
        real_augment(images, draws, **options)

    def slow_normalize(images, augmentation):
        time.sleep(0.010)

    real_read = open_source.ArraySource.read
    real_augment = augment_methods.METHODS["opencv"]
    if step == "read":
        monkeypatch.setattr(open_source.ArraySource, "read", slow_read)
    elif step == "augment":
        monkeypatch.setitem(augment_methods.METHODS, "opencv", slow_augment)
    else:
        monkeypatch.setitem(normalize_methods.METHODS, "cache_blocked", slow_normalize)
    settings = array_settings(x, batch=Batch(size=8), augmentation=Augmentation(rotation_range=9))
    return Dataset(Pipeline(settings, ArraySource(x, None), subset=None))


@pytest.mark.parametrize("step", ["read", "augment", "normalize"])
def test_each_planted_culprit_comes_out_first(step, monkeypatch):
    profile = wb.profile_lines(planted(step, monkeypatch), seconds=0.3)
    assert profile.hot[0].function.endswith(f"slow_{step}")
    assert "time.sleep(0.010)" in profile.hot[0].source
    assert profile.hot[0].self_share > 0.6


FEEDS = [(1, False, 50), (2, False, 100), (2, True, 100)]


@pytest.mark.parametrize(("workers", "processes", "expected"), FEEDS)
@timed
def test_a_generator_that_sleeps_20_ms_gives_50_batches_a_second_and_worker(
    workers, processes, expected
):
    rate = wb.measure_rate(Sleeper(), workers=workers, use_multiprocessing=processes, seconds=1.0)
    assert rate.samples_per_second.median == pytest.approx(8 * expected, rel=0.1)
    assert rate.batch_ms.median == pytest.approx(1000 / expected, rel=0.1)
    assert 5 <= rate.samples_per_second.n <= 10
    per_second = rate.samples_per_second.median * 4 * 4 * 4 / 1e6
    assert rate.megabytes_per_second == pytest.approx(per_second)
    assert rate.peak_memory_bytes > 50e6


@pytest.mark.parametrize(("workers", "processes", "_"), FEEDS)
@timed
def test_the_rate_is_what_fit_gets(workers, processes, _):
    class Idle(keras.Model):
        def train_step(self, data):
            return {"loss": tf.constant(0.0)}

    class Longer(Sleeper):
        def __len__(self):
            return 60

    loader = Longer(workers=workers, use_multiprocessing=processes)
    model = Idle()
    model.compile()
    model.fit(Sleeper(), verbose=0)  # traces the training function
    stamps = []
    callback = keras.callbacks.LambdaCallback(
        on_train_batch_end=lambda *_, **__: stamps.append(time.perf_counter())
    )
    model.fit(loader, shuffle=False, verbose=0, callbacks=[callback])
    fitted = (len(stamps) - 11) / (stamps[-1] - stamps[10])
    rate = wb.measure_rate(loader, workers=workers, use_multiprocessing=processes, seconds=1.0)
    assert 1000 / rate.batch_ms.median == pytest.approx(fitted, rel=0.15)


def assert_ended(threads):
    """No more threads than there were: pools may take a moment to end."""
    until = time.monotonic() + 3
    while threading.active_count() > threads and time.monotonic() < until:
        time.sleep(0.02)
    assert threading.active_count() <= threads


@pytest.mark.parametrize(("workers", "processes", "_"), FEEDS)
def test_measuring_leaves_no_thread_and_no_process(workers, processes, _):
    before, children = threading.active_count(), psutil.Process().children()
    wb.measure_rate(Sleeper(), workers=workers, use_multiprocessing=processes, seconds=0.2)
    assert_ended(before)
    assert set(psutil.Process().children()) <= set(children)


def test_measuring_stops_when_it_is_asked_to():
    stop = threading.Event()
    threading.Timer(0.5, stop.set).start()
    began = time.perf_counter()
    rate = measure(Loader(Sleeper()), 2, False, 10, 60.0, stop)
    assert time.perf_counter() - began < 2
    assert rate.batch_ms.median == pytest.approx(10, rel=0.2)
    with pytest.raises(Stopped):
        measure(Loader(Sleeper()), 1, False, 10, 60.0, stop)


@pytest.mark.parametrize(("workers", "processes", "_"), FEEDS)
def test_an_error_of_the_generator_is_the_error_that_comes_out(workers, processes, _):
    class Late(Failing):
        def __getitem__(self, index):
            return super().__getitem__(index) if index > 3 else (np.zeros((8, 4)),)

    before, children = threading.active_count(), psutil.Process().children()
    with pytest.raises(KeyError, match="image_id"):
        wb.measure_rate(Late(), workers=workers, use_multiprocessing=processes, seconds=1)
    assert_ended(before)
    assert set(psutil.Process().children()) <= set(children)


@timed
def test_an_interrupt_of_the_process_group_does_not_hang_the_measurement():
    """Jupyter's Interrupt reaches worker processes too."""

    def interrupt():
        for child in set(psutil.Process().children()) - set(before):
            child.send_signal(signal.SIGINT)

    before = psutil.Process().children()
    threading.Timer(0.6, interrupt).start()
    rate = wb.measure_rate(Sleeper(), workers=2, use_multiprocessing=True, seconds=1.2)
    assert rate.batch_ms.median == pytest.approx(10, rel=0.2)
    assert set(psutil.Process().children()) <= set(before)


@pytest.mark.parametrize("workers", [0, -1])
def test_no_workers_are_refused(workers):
    with pytest.raises(ValueError, match=f"workers={workers}"):
        wb.measure_rate(Sleeper(), workers=workers)


def test_our_own_dataset_profiles_from_getitem_down():
    x = np.zeros((32, 64, 64, 1), np.uint8)
    methods = Methods(read="array", augment="keras_loop")
    turned = Augmentation(rotation_range=20)
    settings = array_settings(x, batch=Batch(size=16), augmentation=turned, methods=methods)
    profile = wb.profile_lines(Dataset(Pipeline(settings, ArraySource(x, None), subset=None)))
    assert profile.functions[0].name == "Dataset.__getitem__"
    assert "random_transform" in profile.hot[0].source
    assert "ms a batch unprofiled" in str(profile)
    assert profile.to_dict()["functions"][0]["lines"]
