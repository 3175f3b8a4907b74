"""Worker processes that hang, die or would not do: known before, or said in words; none is left.

Real time, as the workers are real. Limits are such that a machine at a load of six meets them; what
they forbid is to wait for a minute or forever.
"""

from __future__ import annotations

import multiprocessing
import multiprocessing.resource_tracker
import os
import signal
import subprocess
import sys
import tempfile
import textwrap
import threading
import time
import traceback
from pathlib import Path

import cv2
import keras
import numpy as np
import psutil
import pytest
import tensorflow as tf
from keras.src.trainers.data_adapters import py_dataset_adapter

import workbench as wb
from tests.conftest import ROOT, array_settings
from workbench.inputs import as_loader
from workbench.measure import feed
from workbench.measure.feed import measure
from workbench.measure.rate import Stopped
from workbench.measure.workers import worker_stacks
from workbench.measure.workers.worker_errors import WorkerError, WorkersRefused
from workbench.pipeline.dataset import Dataset
from workbench.pipeline.pipeline import Pipeline
from workbench.pipeline.sources.open_source import ArraySource

SOON = 25.0  # seconds, of the 60 that what is measured would take


class Loader(keras.utils.PyDataset):
    """Plain batches, but at 5."""

    def __len__(self):
        return 40

    def __getitem__(self, index):
        if index == 5:
            self.misbehave()
        time.sleep(0.01)
        return (np.zeros((8, 4), np.float32),)

    def misbehave(self):
        pass


def shift(images):
    return tf.raw_ops.ImageProjectiveTransformV3(
        images=images,
        transforms=np.array([[1, 0, 3, 0, 1, 0, 0, 0]], np.float32),
        output_shape=[224, 224],
        fill_value=0.0,
        interpolation="BILINEAR",
    )


class Hangs(Loader):
    """A real hang: a TensorFlow operation in a forked worker."""

    def misbehave(self):
        images = np.zeros((32, 224, 224, 3), np.float32)
        shift(images)


class Sleeps(Loader):
    def misbehave(self):
        release.wait(60)


class Exits(Loader):
    def misbehave(self):
        os._exit(3)


class Killed(Loader):
    def misbehave(self):
        os.kill(os.getpid(), signal.SIGKILL)


class Killing(Loader):
    """Somebody ends the worker while it has nothing to do, or hands over a large batch."""

    def __getitem__(self, index):
        parent = os.getppid() if multiprocessing.parent_process() else None
        if index == 5 and parent is not None:
            code = f"import os, time; time.sleep(0.3); os.kill({os.getpid()}, 9)"
            subprocess.Popen([sys.executable, "-c", code])
            return (np.zeros((8, 2_000_000), np.float64),)
        return (np.zeros((8, 2_000_000 if index > 5 else 4), np.float64),)


release = threading.Event()


def alive_threads():
    """Without those of TensorFlow that Python has once met, and lists forever."""
    return {t for t in threading.enumerate() if t.ident in sys._current_frames()}


def stacks(threads):
    frames = sys._current_frames()
    return "\n".join(
        f"{thread.name}:\n" + "".join(traceback.format_stack(frames[thread.ident]))
        for thread in threads
        if thread.ident in frames
    )


def is_tracker(process):
    """Python's own, one for all spawned processes, until it exits."""
    return process.pid == multiprocessing.resource_tracker._resource_tracker._pid


@pytest.fixture(autouse=True)
def nothing_left(tmp_path, monkeypatch):
    """No worker process, no thread, no temporary file, no loader."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(worker_stacks, "DUMP_SECONDS", SOON)  # it ends as soon as there is a stack
    release.clear()
    threads, children = alive_threads(), set(psutil.Process().children())
    yield
    assert {child for child in psutil.Process().children() if not is_tracker(child)} <= children
    assert not list(tmp_path.iterdir())
    assert not any(py_dataset_adapter._SHARED_SEQUENCES.values())
    release.set()
    until = time.monotonic() + SOON
    while alive_threads() - threads and time.monotonic() < until:
        time.sleep(0.02)
    left = alive_threads() - threads
    assert not left, stacks(left)


@pytest.fixture
def told(tmp_path_factory):
    """A folder in which workers tell where they are."""
    return tmp_path_factory.mktemp("told")


def line_of(text):
    lines = Path(__file__).read_text().splitlines()
    return next(number for number, line in enumerate(lines, 1) if line.strip() == text)


def test_a_hang_in_a_forked_worker_is_told_with_the_line():
    began = time.monotonic()
    check = wb.check_workers(Hangs(), workers=2, seconds=4)
    assert time.monotonic() - began < SOON
    assert not check.ok
    (stuck,) = [each for each in check.standing if each.state == "busy"]
    assert stuck.line == line_of("return tf.raw_ops.ImageProjectiveTransformV3(")
    assert stuck.file == __file__
    assert 0 < stuck.seconds < SOON
    told = f"Worker {stuck.worker} has been {stuck.seconds:.0f} s in return tf.raw_ops"
    assert told in str(check)
    assert f"(test_workers.py:{stuck.line}); it was forked after TensorFlow's" in str(check)
    assert "use_multiprocessing=False" in str(check)
    assert check.to_dict()["standing"][stuck.worker - 1]["line"] == stuck.line


def test_a_rate_is_not_waited_for_when_a_worker_hangs(monkeypatch):
    monkeypatch.setattr(feed, "PATIENCE", 3.0)
    monkeypatch.setattr(feed, "START", 0.0)
    with pytest.raises(WorkerError, match=r"No batch came for \d+ s.*test_workers.py:\d+"):
        wb.measure_rate(Hangs(), workers=2, use_multiprocessing=True, seconds=60)


def test_stop_ends_a_hang_of_worker_processes(monkeypatch, told):
    class Tells(Sleeps):
        def misbehave(self):
            (told / "hangs").touch()
            super().misbehave()

    def ask():
        while not (told / "hangs").exists():
            time.sleep(0.01)
        asked.append(time.monotonic())
        stop.set()

    monkeypatch.setattr(feed, "GRACE", 0.3)
    stop, asked = threading.Event(), []
    asker = threading.Thread(target=ask)
    asker.start()
    with pytest.raises(Stopped):
        measure(as_loader(Tells()), 2, True, 10, 60.0, stop)
    assert time.monotonic() - asked[0] < SOON
    asker.join()


@pytest.mark.parametrize("workers", [1, 2])
def test_a_hang_in_a_thread_is_told_and_the_thread_left(workers):
    check = wb.check_workers(Sleeps(), workers=workers, use_multiprocessing=False, seconds=2)
    assert not check.ok
    (stuck,) = [each for each in check.standing if each.state == "busy"]
    assert (stuck.line, stuck.source) == (line_of("release.wait(60)"), "release.wait(60)")
    assert "forked" not in str(check)


@pytest.mark.parametrize(
    ("loader", "words"), [(Exits(), "exit code 3"), (Killed(), "SIGKILL"), (Killing(), "SIGKILL")]
)
def test_a_worker_that_ends_is_told_at_once(loader, words):
    began = time.monotonic()
    with pytest.raises(WorkerError, match=rf"Worker \d .*{words}"):
        wb.measure_rate(loader, workers=2, use_multiprocessing=True, seconds=60)
    check = wb.check_workers(loader, workers=2, seconds=60)
    assert time.monotonic() - began < SOON
    assert not check.ok
    assert words in check.problems[0]


# One that is killed within milliseconds of its start, before its pool is known, is told late.
@pytest.mark.parametrize("batches", [1, 3, 8])
def test_killing_all_workers_at_any_moment_ends_the_measurement(batches, told):
    class Large(Loader):
        made = 0

        def __getitem__(self, index):
            self.made += 1
            if multiprocessing.parent_process() is not None and self.made >= batches:
                (told / str(os.getpid())).touch()
            return (np.zeros((8, 500_000), np.float32),)

    def kill():
        while len(list(told.iterdir())) < 2:
            time.sleep(0.001)
        for worker in told.iterdir():
            os.kill(int(worker.name), signal.SIGKILL)

    killer = threading.Thread(target=kill)
    killer.start()
    with pytest.raises(WorkerError, match="SIGKILL"):
        wb.measure_rate(Large(), workers=2, use_multiprocessing=True, seconds=60)
    killer.join()


def test_an_error_of_the_loader_is_the_problem():
    class Fails(Loader):
        def misbehave(self):
            raise KeyError("image_id")

    check = wb.check_workers(Fails(), workers=2, seconds=60)
    assert not check.ok
    assert "KeyError: 'image_id'" in str(check)


def test_what_works_is_ok_with_a_rate():
    check = wb.check_workers(Loader(), workers=2, seconds=60)
    assert check.ok
    assert not check.problems + check.advice + check.standing
    assert check.rate.samples_per_second.median > 0
    assert str(check).startswith("The loader works with 2 worker processes.")


def test_slow_is_not_taken_for_a_hang():
    class Slow(Loader):
        def __getitem__(self, index):
            time.sleep(0.4)
            return (np.zeros((8, 4)),)

    # Of two workers a silence of 2.4 s is usual.
    check = wb.check_workers(Slow(), workers=2, seconds=1.8)
    assert check.rate is None
    assert "too few for a figure" in str(check)
    assert check.standing == ()


def test_our_own_dataset_works_with_processes():
    x = np.zeros((32, 32, 32, 1), np.uint8)
    dataset = Dataset(Pipeline(array_settings(x), ArraySource(x, None), subset=None))
    assert wb.check_workers(dataset, workers=2, seconds=60).ok


class UsesTensorFlow(Loader):
    def __getitem__(self, index):
        return (shift(np.zeros((2, 8, 8, 3), np.float32)).numpy(),)


def test_tensorflow_in_getitem_is_refused_before_workers_are_forked():
    check = wb.check_workers(UsesTensorFlow(), workers=2)
    line = line_of("return tf.raw_ops.ImageProjectiveTransformV3(")
    assert not check.ok
    assert f"(test_workers.py:{line})" in check.problems[0]
    assert "NumPy or OpenCV" in check.advice[0]
    with pytest.raises(WorkersRefused, match="NumPy or OpenCV"):
        wb.measure_rate(UsesTensorFlow(), workers=2, use_multiprocessing=True)
    with pytest.raises(WorkersRefused, match="NumPy or OpenCV"):
        wb.find_repeats(UsesTensorFlow(), workers=2)
    assert wb.check_workers(UsesTensorFlow(), workers=2, use_multiprocessing=False).ok


def unpicklable():
    loader = Loader()
    loader.transform = lambda image: image
    return loader


def of_a_notebook(monkeypatch):
    """An object whose class is in `__main__`, which is no file."""
    main = sys.modules["__main__"]
    monkeypatch.delattr(main, "__file__", raising=False)
    cell = type("OfACell", (Loader,), {"__module__": "__main__"})
    monkeypatch.setattr(main, "OfACell", cell, raising=False)
    return cell()


def test_what_cannot_be_sent_to_spawned_workers_is_refused(spawn):
    check = wb.check_workers(unpicklable(), workers=2)
    assert not check.ok
    assert "cannot be sent" in check.problems[0]
    assert "lambda" in check.problems[0] + check.advice[0]


def test_what_a_notebook_defines_is_refused_with_spawn(spawn, monkeypatch):
    check = wb.check_workers(of_a_notebook(monkeypatch), workers=2)
    assert not check.ok
    assert "defined in the notebook" in check.problems[0]
    assert ".py file" in check.advice[0]


def test_both_are_fine_and_noted_with_fork(monkeypatch):
    for loader, words in (
        (unpicklable(), "cannot be sent"),
        (of_a_notebook(monkeypatch), "defined in the notebook"),
    ):
        check = wb.check_workers(loader, workers=2, seconds=60)
        assert check.ok
        assert words in check.notes[0]


class Blurs(Loader):
    def __getitem__(self, index):
        return (cv2.blur(np.zeros((8, 4), np.float32), (3, 3)),)


def test_opencv_in_forked_workers_is_noted_but_for_our_own():
    check = wb.check_workers(Blurs(), workers=2, seconds=60)
    assert check.ok
    assert "cv2.blur(" in check.notes[0]
    assert "cv2.setNumThreads(1)" in check.notes[0]
    threads = wb.check_workers(Blurs(), workers=2, use_multiprocessing=False, seconds=60)
    assert not any("OpenCV" in note for note in threads.notes)
    x = np.zeros((64, 32, 32, 1), np.uint8)
    ours = Dataset(Pipeline(array_settings(x), ArraySource(x, None), subset=None))
    assert not any("OpenCV" in note for note in wb.check_workers(ours, workers=2).notes)


def test_copies_that_do_not_fit_into_memory_are_refused_with_spawn(spawn, monkeypatch):
    loader = Loader()
    loader.images = np.zeros(1_000_000)
    memory = type("Memory", (), {"available": 30_000_000})
    monkeypatch.setattr(psutil, "virtual_memory", lambda: memory)
    check = wb.check_workers(loader, workers=4)
    assert not check.ok
    assert "Each worker process gets a copy of the loader: 32 MB for 4" in check.problems[0]


def test_spawned_workers_make_batches(spawn):
    check = wb.check_workers(Loader(), workers=1, seconds=60)
    assert check.ok
    assert "gets a copy of the loader" in check.notes[0]


INTERRUPTED = """
    import os, signal, threading, time
    import psutil
    import workbench as wb
    from tests.measure.test_workers import Loader, Sleeps, alive_threads

    # What the shell starts in the background ignores it.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    asked = []

    def interrupt():
        asked.append(time.monotonic())
        os.killpg(0, signal.SIGINT)

    def left():
        return len(psutil.Process().children()), len(alive_threads()) - before

    for ask, threads in ({asks}):
        before = len(alive_threads())
        threading.Timer(1.0, interrupt).start()
        try:
            ask()
        except KeyboardInterrupt:
            until = asked[-1] + {soon}
        while left() != (0, threads) and time.monotonic() < until:
            time.sleep(0.02)
        print(*left(), time.monotonic() < until)
"""
ASKS = {  # and how many threads it leaves: those that hang
    "wb.check_workers(Sleeps(), workers=2, seconds=60)": 0,
    "wb.measure_rate(Loader(), workers=2, use_multiprocessing=True, seconds=60)": 0,
    "wb.check_workers(Sleeps(), workers=2, use_multiprocessing=False, seconds=60)": 1,
}


def test_interrupt_ends_promptly_and_leaves_nothing():
    asks = ", ".join(f"(lambda: {ask}, {threads})" for ask, threads in ASKS.items())
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(INTERRUPTED).format(asks=asks, soon=SOON)],
        capture_output=True,
        text=True,
        timeout=120,
        start_new_session=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    expected = [f"0 {threads} True" for threads in ASKS.values()]
    assert done.stdout.splitlines() == expected, done.stderr


ENDED = """
    import os, threading, time
    from pathlib import Path
    import workbench as wb
    from tests.measure.test_workers import Loader

    def measure():
        wb.measure_rate(Loader(), workers=2, use_multiprocessing=True, seconds=60)

    threading.Thread(target=measure, daemon=True).start()
    shared = Path(os.environ["TMPDIR"])
    while len(list(shared.glob("workbench-*/*"))) < 2:  # one of each worker
        time.sleep(0.01)
    {end}
"""


@pytest.mark.parametrize("end", ["pass", "os.kill(os.getpid(), 9)"], ids=["exits", "is killed"])
def test_a_process_that_ends_within_a_measurement_leaves_no_file(tmp_path, end):
    subprocess.run(
        [sys.executable, "-c", textwrap.dedent(ENDED).format(end=end)],
        capture_output=True,  # until the workers have ended too, which have the same pipes
        timeout=60,
        env={**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": str(tmp_path)},
        check=False,
    )
    assert not list(tmp_path.iterdir())


def test_threads_need_no_file_at_all(tmp_path):
    seen = []

    class Looks(Loader):
        def misbehave(self):
            seen.append(list(tmp_path.iterdir()))

    wb.measure_rate(Looks(), workers=2, seconds=0.2)
    assert seen
    assert not any(seen)


def test_a_lock_that_a_dead_worker_of_fits_left_behind_hangs_nothing():
    from keras.src.trainers.data_adapters import py_dataset_adapter

    py_dataset_adapter.get_worker_id_queue()._wlock.acquire()
    assert wb.measure_rate(Loader(), workers=2, use_multiprocessing=True, seconds=0.2)
