"""Rates through Keras's feed, and profiles of our own datasets with known culprits.

How fast the feed is shows in `tests.accuracy`; how a rate follows from times shows in
`test_batch_times`.
"""

from __future__ import annotations

import itertools
import multiprocessing
import os
import signal
import sys
import threading
import time
from multiprocessing.dummy import DummyProcess

import keras
import numpy as np
import psutil
import pytest
import tensorflow as tf

import workbench as wb
from tests.conftest import array_settings
from tests.measure import sleepers
from workbench.inputs import as_loader
from workbench.measure.feed import measure
from workbench.measure.rate import Stopped
from workbench.pipeline.dataset import Dataset
from workbench.pipeline.pipeline import Pipeline
from workbench.pipeline.sources.open_source import ArraySource
from workbench.settings import Augmentation, Batch, Methods


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
def test_each_planted_culprit_comes_out_first(step, monkeypatch, clock):
    profile = wb.profile_lines(planted(step, monkeypatch), seconds=0.1)
    assert profile.hot[0].function.endswith(f"slow_{step}")
    assert "time.sleep(0.010)" in profile.hot[0].source
    assert profile.hot[0].self_share == pytest.approx(1)


FEEDS = pytest.mark.parametrize(("workers", "processes"), [(1, False), (2, False), (2, True)])
TWO = pytest.mark.parametrize("processes", [False, True], ids=["threads", "processes"])


class InWorkers(keras.utils.PyDataset):
    """Batches of 8 samples; `work` is called in workers alone, with a number that counts up."""

    def __init__(self, work, **options):
        super().__init__(**options)
        self._work, self._asked = work, itertools.count()

    def __len__(self):
        return 60

    def __getitem__(self, index):
        in_pool = isinstance(threading.current_thread(), DummyProcess)
        if in_pool or multiprocessing.parent_process() is not None:
            self._work(next(self._asked))
        return (np.zeros((8, 32), np.float32),)


@FEEDS
def test_a_rate_counts_samples_and_bytes(workers, processes):
    rate = wb.measure_rate(Sleeper(), workers=workers, use_multiprocessing=processes, seconds=0.1)
    # Of an even number of intervals neither median is one that was measured.
    in_a_batch = rate.samples_per_second.median * rate.batch_ms.median / 1e3
    assert in_a_batch == pytest.approx(8, rel=0.3)
    assert 1 <= rate.samples_per_second.n <= 10
    assert rate.first_batch_ms > 0
    per_second = rate.samples_per_second.median * 4 * 4 * 4 / 1e6
    assert rate.megabytes_per_second == pytest.approx(per_second)
    assert rate.peak_memory_bytes > 50e6
    assert (rate.workers, rate.use_multiprocessing) == (workers, processes)


@TWO
def test_two_workers_make_batches_at_the_same_time(processes):
    kind = multiprocessing if processes else threading
    meeting = kind.Barrier(2)

    def meet(number):
        if not number:  # the first of each process; of all threads the first two
            meeting.wait(30)

    def meet_in_threads(number):
        if number < 2:
            meeting.wait(30)

    loader = InWorkers(meet if processes else meet_in_threads)
    # It would break if one had to wait for the other's end.
    assert wb.measure_rate(loader, workers=2, use_multiprocessing=processes, seconds=0.1)


@TWO
def test_batches_are_made_where_fit_makes_them(processes, tmp_path):
    """The way through Keras, which is private, is the one that `fit` takes."""

    def note(number):
        frame, names = sys._getframe(2), []
        while frame is not None:
            names.append(f"{frame.f_globals.get('__name__')}.{frame.f_code.co_qualname}")
            frame = frame.f_back
        # Our feed passes the batch on.
        kept = [name for name in names if not name.startswith(("workbench.", "contextlib."))]
        (tmp_path / f"{os.getpid()}-{threading.get_ident()}-{number}").write_text("\n".join(kept))

    def ways():
        found = {file.read_text() for file in tmp_path.iterdir()}
        for file in tmp_path.iterdir():
            file.unlink()
        return found

    class Idle(keras.Model):
        def train_step(self, data):
            return {"loss": tf.constant(0.0)}

    model = Idle()
    model.compile()
    loader = InWorkers(note, workers=2, use_multiprocessing=processes)
    model.fit(loader, shuffle=False, verbose=0, steps_per_epoch=20)
    fitted = ways()
    wb.measure_rate(loader, workers=2, use_multiprocessing=processes, seconds=0.1)
    measured = ways()
    assert "keras" in "".join(fitted)
    assert measured == fitted


def assert_ended(threads):
    """No more threads than there were: pools may take a moment to end."""
    until = time.monotonic() + 3
    while threading.active_count() > threads and time.monotonic() < until:
        time.sleep(0.02)
    assert threading.active_count() <= threads


@FEEDS
def test_measuring_leaves_no_thread_and_no_process(workers, processes):
    before, children = threading.active_count(), psutil.Process().children()
    wb.measure_rate(Sleeper(), workers=workers, use_multiprocessing=processes, seconds=0.2)
    assert_ended(before)
    assert set(psutil.Process().children()) <= set(children)


def test_measuring_stops_when_it_is_asked_to():
    stop, asked = threading.Event(), []

    def work(number):
        asked.append(number)
        if number == 20:
            stop.set()

    rate = measure(as_loader(InWorkers(work)), 2, False, 10, 60.0, stop)
    assert rate.batch_ms.median > 0
    assert len(asked) <= 22, "what was begun ends, and no more is asked for"
    with pytest.raises(Stopped):
        measure(as_loader(Sleeper()), 1, False, 10, 60.0, stop)


@FEEDS
def test_an_error_of_the_generator_is_the_error_that_comes_out(workers, processes):
    class Late(Failing):
        def __getitem__(self, index):
            return super().__getitem__(index) if index > 3 else (np.zeros((8, 4)),)

    before, children = threading.active_count(), psutil.Process().children()
    with pytest.raises(KeyError, match="image_id"):
        wb.measure_rate(Late(), workers=workers, use_multiprocessing=processes, seconds=1)
    assert_ended(before)
    assert set(psutil.Process().children()) <= set(children)


def test_an_interrupt_of_the_process_group_does_not_hang_the_measurement(tmp_path):
    """Jupyter's Interrupt reaches worker processes too."""

    def note(number):
        (tmp_path / str(os.getpid())).touch()
        if interrupted.value and number > 30:
            after.set()
        time.sleep(0.002)

    def interrupt():
        while len(pids := [int(file.name) for file in tmp_path.iterdir()]) < 2:
            time.sleep(0.01)
        for pid in pids:
            os.kill(pid, signal.SIGINT)
        interrupted.value = 1
        after.wait(60)
        stop.set()

    before, stop = psutil.Process().children(), threading.Event()
    interrupted, after = multiprocessing.RawValue("b", 0), multiprocessing.Event()
    interrupter = threading.Thread(target=interrupt)
    interrupter.start()
    assert measure(as_loader(InWorkers(note)), 2, True, 10, 60.0, stop).batch_ms.median > 0
    interrupter.join()
    assert after.is_set(), "they went on"
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
    profile = wb.profile_lines(
        Dataset(Pipeline(settings, ArraySource(x, None), subset=None)), seconds=0.2
    )
    assert profile.functions[0].name == "Dataset.__getitem__"
    assert any("random_transform" in line.source for line in profile.hot[:3])
    assert "ms per batch without profiling" in str(profile)
    assert profile.to_dict()["functions"][0]["lines"]
