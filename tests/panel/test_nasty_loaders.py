"""Loaders that do what nobody should: the panel works or says why, lives on, leaves nothing."""

from __future__ import annotations

import asyncio
import functools
import gc
import os
import random
import sys
import threading
import weakref
from collections import namedtuple
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
import pytest
import scipy.sparse
import tensorflow as tf

import workbench as wb
from tests.panel.conftest import assert_shows, headings, own_threads, process_state, turn
from tests.panel.driver import until
from tests.panel.graded import Graded
from workbench.isolation import borrow, held_parts
from workbench.settings import SettingsError


def state():
    # Each phase of a test has streams and handlers of pytest's own.
    return {k: v for k, v in process_state().items() if k not in ("streams", "handlers")}


@pytest.fixture(autouse=True)
def _nothing_left_behind(capfd):
    """Whatever a test does: the process afterwards is the one before."""
    before, threads = state(), own_threads()
    folder, variables, backend = Path.cwd(), dict(os.environ), matplotlib.get_backend()
    yield
    assert state() == before
    assert not any(type(s).__module__.startswith("workbench") for s in (sys.stdout, sys.stderr))
    until(lambda: own_threads() <= threads)
    assert Path.cwd() == folder
    assert {**os.environ, "PYTEST_CURRENT_TEST": ""} == {**variables, "PYTEST_CURRENT_TEST": ""}
    assert matplotlib.get_backend() == backend
    out, err = capfd.readouterr()
    assert "Traceback" not in out + err
    assert "Exception ignored" not in out + err


# Objects that work, odd as they are


class RaisingProperties(Graded):
    @property
    def workers(self):
        raise RuntimeError("not yet")

    class_names = classes = class_indices = kind = notes = epoch_batches = workers  # type: ignore[assignment]


class AnswersToAnything(Graded):
    def __getattr__(self, name):
        return lambda *a: f"no {name}"


class LooksIntoADict(Graded):
    def __getattr__(self, name):
        return {}[name]


class Slots:
    __slots__ = ("count",)

    def __init__(self):
        self.count = 3

    def __len__(self):
        return 10

    def __getitem__(self, index):
        return Graded()[index]


class OddAttributes(Graded):
    def __init__(self):
        super().__init__()
        self.__dict__.update({"text": "x" * 10**7, "number": 10**5000, "label": "\udcff"})
        self.__dict__[3] = 4  # type: ignore[index]
        self.me, self.paths = self, [str(i) for i in range(10**6)]
        self.array = np.zeros((3000, 100, 100), np.float32)

    def __repr__(self):
        return repr(self)

    def __eq__(self, other):
        raise ValueError("do not compare me")

    __hash__ = None  # type: ignore[assignment]


class NotPicklable(Graded):
    def __init__(self):
        super().__init__()
        self.lock, self.file = threading.Lock(), sys.stderr

    def __deepcopy__(self, memo):
        raise TypeError("one of me is enough")

    def __reduce__(self):
        raise TypeError("not to be pickled")


class Meta(type):
    def __call__(cls, *arguments, **keywords):
        return super().__call__(*arguments, **keywords)


class OfMeta(Graded, metaclass=Meta):
    pass


class Reversed(Graded):
    """Its length may be asked for by one thread only, as that of some databases."""

    def __len__(self):
        return 10 if threading.current_thread() is threading.main_thread() else 9


ODD = [
    RaisingProperties,
    AnswersToAnything,
    LooksIntoADict,
    Slots,
    OddAttributes,
    NotPicklable,
    OfMeta,
    lambda: OfMeta,
    Reversed,
    lambda: functools.partial(functools.partial(Graded, scale=1.0), batch_size=4),
]


@pytest.mark.parametrize("make", ODD)
def test_odd_objects_are_shown_profiled_and_measured(make, opened):
    driver = opened(make())
    assert_shows(driver, Graded()[0][0])
    driver.wait_until(lambda: driver.profiled().batches > 2)
    assert driver.measured().rate.samples_per_second.median > 0
    driver.wait_until(lambda: driver.data("scan")["summary"])
    driver.move(workers=2)
    driver.drawn()
    assert not driver.text("error")


class Length:
    def __init__(self, length):
        self.length = length

    def __len__(self):
        if isinstance(self.length, Exception):
            raise self.length
        return self.length

    def __getitem__(self, index):
        return Graded()[index]


@pytest.mark.parametrize(
    ("length", "error", "words"),
    [
        (0, ValueError, "Length has no batches: its len\\(\\) is 0"),
        (None, TypeError, "Length.__len__ returned None"),
        (-1, ValueError, "Length has no batches: its len\\(\\) is -1"),
        (2.5, TypeError, "Length.__len__ returned 2.5: return int"),
        (KeyError("n"), KeyError, "n"),
    ],
)
def test_a_length_that_is_none_is_refused_in_the_cell(length, error, words):
    with pytest.raises(error, match=words):
        wb.Workbench(Length(length))


# Batches


Pair = namedtuple("Pair", "x y")


class Batch:
    """Gives what it is told to."""

    def __init__(self, *batches):
        self.batches = batches

    def __len__(self):
        return 10

    def __getitem__(self, index):
        given = self.batches[index % len(self.batches)]
        return given() if callable(given) else given


IMAGES = Graded()[0][0]
RAGGED = np.array([np.zeros((5, 6, 3)), np.ones((6, 5, 3))], dtype=object)
BATCHES = {
    "empty": ((np.zeros((0, 8, 8, 1)), np.zeros(0)), None),
    "NaN": ((np.full((4, 8, 8, 1), np.nan), np.zeros(4)), "NaN"),
    "infinite": ((np.full((4, 8, 8, 1), np.inf), np.zeros(4)), None),
    "None": (None, "NoneType"),
    "Nones": ((None, None), None),
    "nothing": ((), "tuple of 0"),
    "object array": ((RAGGED, np.zeros(2)), "rows differ in shape"),
    "objects": ((np.array([object(), object()]), np.zeros(2)), "Python objects"),
    "sparse": ((scipy.sparse.eye(4).tocsr(), np.zeros(4)), None),
    "sparse tensor": ((tf.sparse.from_dense(np.eye(4)), np.zeros(4)), None),
    "ragged tensor": ((tf.ragged.constant([[1.0], [2.0, 3.0]]), np.zeros(2)), None),
    "named tuple": (Pair(IMAGES, np.zeros(4)), None),
    "text": ("batch", "str"),
    "a number": (3.0, None),
    "scalars": ((np.float32(1), np.float32(2)), "without a sample axis"),
    "complex": ((np.zeros((4, 3), complex), np.zeros(4)), None),
    "dates": ((np.zeros(4, "datetime64[s]"), np.zeros(4)), None),
    "a generator": (lambda: (x for x in range(3)), "generator"),
    "a list of lists": ([[1, 2], [3, 4]], "a list of 2"),
    "different sizes": ((IMAGES, np.zeros(3)), "different numbers of samples"),
    "five axes more": ((np.zeros((2, 3, 4, 5, 6, 7)), np.zeros(2)), None),
    "itself": ({"x": IMAGES, 3: None, None: "x"}, None),
    "one pixel": ((np.zeros((1, 1, 1, 1)), np.zeros(1)), None),
    "big integers": ((np.full((2, 8, 8, 1), 2**63, np.uint64), np.zeros(2)), None),
}


@pytest.mark.parametrize("name", BATCHES)
def test_a_batch_of_anything_is_shown_or_told(name, opened):
    batch, words = BATCHES[name]
    driver = opened(Batch(batch))
    data = driver.drawn()
    assert driver.jpeg or "Nothing in this batch can be drawn" in data["title"]
    driver.wait_until(lambda: driver.data("scan").get("summary") or driver.text("error"))
    driver.measure(0.2)
    driver.wait_until(lambda: driver.report.measured or driver.text("error"))
    if words:
        told = str(driver.data("scan")) + driver.text("error")
        assert words in told
    turn(driver, "others")
    turn(driver, "redraw")


def test_structures_that_change_between_batches_are_told(opened):
    labels = np.zeros(4)
    driver = opened(Batch((IMAGES, labels), (IMAGES, labels, labels), {"x": IMAGES}))
    driver.wait_until(lambda: "differ in structure" in str(driver.data("scan").get("warnings")))
    for _ in range(3):
        turn(driver, "others")
        assert_shows(driver, IMAGES)


def test_a_leaf_that_is_no_longer_there_is_not_missed(opened):
    driver = opened(Batch({"a": IMAGES, "b": IMAGES * 2}, {"a": IMAGES}))
    shows = driver.drawn()["shows"]
    turn(driver, "show", show=next(text for text in shows if "'b'" in text))
    assert_shows(driver, IMAGES * 2)
    turn(driver, "others")
    assert_shows(driver, IMAGES)


# Exceptions


class OddMessage(Exception):
    def __str__(self):
        raise RuntimeError("no words")


RAISED: dict[str, tuple[Callable[[], Any], str]] = {
    "SystemExit": (lambda: sys.exit(3), "it raised SystemExit(3)"),
    "KeyboardInterrupt": (KeyboardInterrupt, "it raised KeyboardInterrupt()"),
    "GeneratorExit": (GeneratorExit, "it raised GeneratorExit()"),
    "StopIteration": (StopIteration, "StopIteration"),
    "no message": (ValueError, "ValueError, test_nasty"),
    "a broken message": (OddMessage, "OddMessage: (its message raised RuntimeError)"),
    "a long message": (lambda: ValueError("x" * 10**6), "ValueError: xxx"),
    "half a character": (lambda: ValueError("\udcff <b>"), "ValueError: \\udcff <b>"),
    "endless recursion": (lambda: endless() and None, "RecursionError"),
    "no memory": (MemoryError, "MemoryError"),
    "a group": (lambda: ExceptionGroup("two", [KeyError(1), KeyError(2)]), "two (2 sub-"),
    "a class of its own": (type("Odd", (BaseException,), {}), "it raised Odd()"),
}


def endless():
    return endless()


@pytest.mark.parametrize("when", [0, 2, 40])
@pytest.mark.parametrize("name", RAISED)
def test_whatever_a_batch_raises_is_shown_and_the_panel_lives_on(name, when, opened):
    make, words = RAISED[name]
    asked = []

    class Raising(Graded):
        def __getitem__(self, index):
            asked.append(index)
            if len(asked) > when and self.scale == 1:
                raise make()
            return super().__getitem__(index)

    driver = opened(lambda scale=1.0: Raising(4, scale))
    driver.wait_until(lambda: words in driver.text("error"))
    assert len(driver.text("error")) < 1200
    driver.move(scale=2.0)
    assert_shows(driver, Graded(4, 2.0)[0][0])
    driver.wait_until(lambda: not driver.text("error"))
    driver.wait_until(lambda: driver.data("scan")["summary"])
    assert len(driver.threads()) == 2


def test_what_ends_a_script_is_an_error_in_the_cell():
    with pytest.raises(RuntimeError, match=r"raised SystemExit\(1\)"):
        wb.Workbench(lambda: sys.exit(1))
    with pytest.raises(KeyboardInterrupt):  # Ctrl-C while the factory runs
        wb.Workbench(interrupted)


def interrupted():
    raise KeyboardInterrupt


# Generators and threads


def stubborn():
    try:
        while True:
            yield Graded()[0]
    finally:
        print("closing")
        raise RuntimeError("cannot close")


def test_a_generator_that_raises_when_it_is_closed(opened):
    driver = opened(stubborn)
    assert_shows(driver, Graded()[0][0])
    driver.profiled()
    driver.panel.close()


@pytest.fixture
def counted():
    """A generator function, and the generators that are not closed."""
    running = weakref.WeakSet()

    def batches():
        mine = Graded()
        running.add(mine)
        try:
            while True:
                yield Graded()[0]
        finally:
            running.discard(mine)

    return batches, running


def test_a_generator_is_closed_with_the_panel(opened, counted):
    """Also after it was measured, without waiting for the garbage collector."""
    batches, running = counted
    gc.disable()
    try:
        driver = opened(batches)
        driver.measured()
        driver.panel.close()
        assert not running
    finally:
        gc.enable()


def test_what_a_factory_made_is_dropped_with_the_panel(opened):
    made = weakref.WeakSet()

    def make():
        one = Graded()
        made.add(one)
        return one

    gc.disable()
    try:
        driver = opened(make)
        driver.measured()
        driver.panel.close()
        assert not made
    finally:
        gc.enable()


class WithThreads(Graded):
    def __init__(self):
        super().__init__()
        self.done = threading.Event()
        self.thread = threading.Thread(target=self.done.wait, daemon=True)
        self.thread.start()

    def __getitem__(self, index):
        found = []
        work = lambda: found.append(Graded.__getitem__(self, index))  # noqa: E731
        helper = threading.Thread(target=work)
        helper.start()
        helper.join()
        print("from a batch")
        return found[0]


def test_a_loader_with_threads_of_its_own(opened):
    loader = WithThreads()
    driver = opened(loader)
    assert_shows(driver, Graded()[0][0])
    assert driver.measured().rate.samples_per_second.median > 0
    driver.panel.close()
    assert loader.thread.is_alive(), "it is its owner's"
    loader.done.set()
    loader.thread.join()


# The process around it


class Messy(Graded):
    def __init__(self, folder):
        super().__init__()
        self.folder = folder

    def __getitem__(self, index):
        if index == 0:
            os.chdir(self.folder)
        assert Path.cwd() == self.folder, "it may rely on where it is"
        os.environ["WORKBENCH_TEST"] = str(index)
        matplotlib.use("svg")
        np.random.seed(55)
        random.seed(55)
        sys.stdout = sys.stderr
        return super().__getitem__(index)


def test_a_loader_that_changes_the_process_is_told_of_and_undone(tmp_path, opened):
    driver = opened(Messy(tmp_path))
    assert_shows(driver, Graded()[0][0])
    wanted = {
        f"It changes the working directory to {tmp_path}.",
        "It sets environment variables: WORKBENCH_TEST.",
    }
    driver.wait_until(lambda: wanted <= set(driver.data("scan").get("warnings", ())))
    assert not driver.text("error")
    driver.panel.close()
    assert "WORKBENCH_TEST" not in os.environ


def test_what_the_user_changes_meanwhile_is_left_alone(tmp_path, monkeypatch, opened):
    monkeypatch.chdir(Path.cwd())
    other = tmp_path / "other"
    other.mkdir()
    driver = opened(Messy(tmp_path))
    driver.drawn()
    driver.widget("live").value = False
    driver.wait_until(lambda: driver.text("status") == "Live is off.")
    os.chdir(other)
    driver.panel.close()
    assert Path.cwd() == other
    monkeypatch.undo()


# Factories


def test_a_factory_that_gives_the_same_object_each_time(opened):
    one = Graded()

    def make(scale=1.0):
        one.scale = scale
        return one

    driver = opened(make)
    driver.move(scale=2.0)
    assert_shows(driver, Graded(4, 2.0)[0][0])


def test_a_factory_that_gives_the_same_iterator_each_time(opened):
    one = iter([Graded()[0]] * 3)
    driver = opened(lambda size=1: one)
    driver.wait_until(
        lambda: "ended after 3 batches and cannot start again" in driver.text("error")
    )


def test_keywords_of_any_name(opened):
    def make(**keywords):
        assert set(keywords) <= {"self", "data", "controls", "factory", "make", "name", "scale"}
        return Graded(keywords.get("self", 4), keywords.get("data", 1.0))

    driver = opened(make, controls={"self": (2, 8), "data": (0.5, 2.0), "factory": True, "make": 3})
    driver.move(self=6, data=2.0, factory=False)
    assert_shows(driver, Graded(6, 2.0)[0][0])
    driver.panel.set(self=3)
    assert_shows(driver, Graded(3, 2.0)[0][0])
    driver = opened(make, controls={"controls": True}, name="x", scale=(1, 5))
    assert {"controls", "name", "scale"} <= set(driver.controls)
    with pytest.raises(SettingsError, match="data: no such control"):
        driver.panel.set(data=1)


def test_defaults_that_are_no_abbreviations_are_left_to_the_factory(opened):
    given = []

    def make(size=(224, 224), names=["a", "b"], limit=float("inf"), path=Path(), seed=None):  # noqa: B006
        given.append((size, names, limit, path, seed))
        return Graded()

    driver = opened(make)
    assert given == [((224, 224), ["a", "b"], float("inf"), Path(), None)]
    assert any("It has none that a control could change" in text for text in headings(driver))


def test_what_is_passed_as_it_is(opened):
    paths, arrays = [f"{i}.png" for i in range(1000)], [np.zeros(2), np.ones(2)]
    given: dict[str, Any] = {}

    def make(paths, arrays, size, scale=1.0):
        given.update(paths=paths, arrays=arrays, size=size)
        return Graded(4, scale)

    driver = opened(make, paths=paths, arrays=arrays, size=(64, 64), scale=(0.5, 2.0))
    assert given["paths"] is paths
    assert given["arrays"] is arrays
    assert given["size"] == (64, 64)
    assert "paths" not in driver.controls


async def coroutine():
    return Graded()


async def batches_in_time():
    yield Graded()[0]


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    ("data", "words"),
    [
        (lambda: coroutine, "coroutine is asynchronous"),
        (lambda: batches_in_time, "batches_in_time is asynchronous"),
        (batches_in_time, "asynchronous: Keras accepts plain generators"),
        (lambda: lambda: [batches_in_time()][0], "asynchronous|Expected"),
        (lambda: lambda: None, "returned None of type NoneType"),
        (lambda: lambda: lambda: None, "returned .*function"),
        (lambda: lambda: 3, "returned 3 of type int"),
        (lambda: lambda n, /: None, "missing a required argument: 'n'"),
        (lambda: print, "returned None"),
        (lambda: int, "returned 0 of type int"),
        (lambda: wb, "Received: <module"),
        (object, "Received: <object"),
    ],
)
def test_what_is_no_loader_is_refused_in_the_cell(data, words):
    with pytest.raises(TypeError, match=words):
        wb.Workbench(data())


def test_a_slider_the_wrong_way_round_is_refused():
    with pytest.raises(TypeError, match=r"scale: a slider is \(lowest, highest\)"):
        wb.Workbench(Graded, scale=(2.0, 1.0))
    with pytest.raises(TypeError, match="unexpected keyword argument 'bach_size'"):
        wb.Workbench(Graded, bach_size=(1, 2))
    with pytest.raises(TypeError, match="batch_size: an object is there already"):
        wb.Workbench(Graded(), batch_size=(1, 2))


def test_refused_data_leaves_the_old_panel_alone(opened, tmp_path):
    driver = opened(Graded)
    driver.drawn()
    with pytest.raises(ValueError, match="no batches"):
        wb.Workbench(Length(0))
    with pytest.raises(FileNotFoundError):
        wb.Workbench(tmp_path / "nowhere")
    assert len(driver.threads()) == 2
    driver.move(scale=2.0)
    assert_shows(driver, Graded(4, 2.0)[0][0])


def test_large_arrays_are_compared_seldom(opened, monkeypatch):
    now, looks = [0.0], []

    def change(part, before, content):
        looks.append(now[0])
        now[0] += 5  # a comparison that takes long

    monkeypatch.setattr(borrow, "perf_counter", lambda: now[0])
    monkeypatch.setattr(held_parts._LargeArray, "change", change)
    loader = Graded()
    loader.large = np.zeros(held_parts.COPIED_BYTES + 1, np.uint8)
    driver = opened(loader)
    driver.refreshed()
    now[0] += 200
    driver.refreshed()
    assert looks == [0], "at most a fiftieth of the time"
    now[0] += 100
    driver.refreshed()
    assert looks == [0, 305]


def test_asyncio_is_not_disturbed(opened):
    async def cell():
        driver = opened(Graded)
        await asyncio.sleep(0.1)
        return driver

    # A thread without a loop of its own, as this one may have since the browser tests.
    with ThreadPoolExecutor(1) as thread:
        driver = thread.submit(asyncio.run, cell()).result()
    assert_shows(driver, Graded()[0][0])
