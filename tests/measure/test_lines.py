"""Line profiles against known truths, in this thread, in threads and in processes.

Uses no Keras, so that `test_pythons` can run it quickly on every Python of the machine.
"""

from __future__ import annotations

import cProfile
import functools
import linecache
import multiprocessing
import os
import random
import sys
import threading
import time
import warnings

import cv2
import numpy as np
import psutil
import pytest

import workbench as wb
from tests.conftest import timed
from tests.measure import slow_helpers
from tests.measure.sleepers import Failing, Sleeper, augment
from workbench.loader import Loader as Wrapped
from workbench.measure.lines.profiler_overhead import calibrate
from workbench.measure.lines.session import LineSession
from workbench.measure.workers.worker_errors import WorkerError, WorkersRefused

THREAD, THREADS, PROCESSES = (0, False), (2, False), (2, True)
KINDS = pytest.mark.parametrize(
    "kind", [THREAD, THREADS, PROCESSES], ids=["this thread", "threads", "processes"]
)


def profile(loader, kind=THREAD, seconds=0.5, **options):
    workers, processes = kind
    return wb.profile_lines(
        loader, seconds=seconds, workers=workers, use_multiprocessing=processes, **options
    )


def line_of(profile, function, text):
    lines = next(f for f in profile.functions if f.name.endswith(function)).lines
    return next(line for line in lines if text in line.source)


def assert_adds_to_one(profile):
    lines = [line for f in profile.functions for line in f.lines]
    own = sum(line.self_share for line in lines)
    assert own + sum(profile.outside.values()) == pytest.approx(1, abs=1e-6)
    assert sum(line.waiting for line in lines) == pytest.approx(profile.outside["waiting"])
    assert all(line.self_share >= 0 and line.share <= 1.001 for line in lines)


class Loader:
    def __len__(self):
        return 7


@KINDS
@timed
def test_shares_of_known_sleeps_are_true(kind):
    found = profile(Sleeper(), kind, seconds=1.0)
    names = [f.name for f in found.functions]
    assert names == ["Sleeper.__getitem__", "augment", "Sleeper.read"]
    assert found.batch_seconds == pytest.approx(0.02, rel=0.1)
    assert found.slowdown == pytest.approx(1, abs=0.1)
    whole, part = "Sleeper.__getitem__", pytest.approx
    assert line_of(found, whole, "augment()").share == part(0.6, abs=0.03)
    assert line_of(found, whole, "self.read").share == part(0.2, abs=0.03)
    assert line_of(found, whole, "augment()").self_share < 0.02, "it is its callee's"
    sleeping = line_of(found, "augment", "time.sleep")
    assert sleeping.self_share == part(0.6, abs=0.03)
    assert sleeping.hits == 2 * found.batches
    assert sleeping.seconds / sleeping.hits == part(0.006, rel=0.1)
    assert sleeping.spread < 0.1 * 0.012
    assert found.samples == 8 * found.batches
    assert str(found.hot[0]).startswith("time.sleep(0.006)  sleepers.py:")
    assert_adds_to_one(found)
    assert found.outside["other"] < 0.03
    assert found.outside["waiting"] < 0.03, "who sleeps waits for nobody"


class Timed(Loader):
    """Times its own three lines; workers add into shared memory."""

    def __init__(self):
        rng = np.random.default_rng(7)
        self.numbers = rng.random(30_000)
        self.image = rng.random((300, 300)).astype(np.float32)
        self.turn = cv2.getRotationMatrix2D((150, 150), 20, 1)
        self.spent = multiprocessing.RawArray("d", 3)

    def __getitem__(self, index):
        clock = time.perf_counter
        began = clock()
        time.sleep(0.003)
        slept = clock()
        for _ in range(10):
            np.sort(self.numbers)
        sorting = clock()
        for _ in range(10):
            cv2.warpAffine(self.image, self.turn, (300, 300))
        warped = clock()
        self.spent[0] += slept - began
        self.spent[1] += sorting - slept
        self.spent[2] += warped - sorting
        return (self.image[:1],)


@KINDS
@timed
def test_shares_of_sleeps_numpy_and_opencv_are_what_the_generator_itself_times(kind):
    loader = Timed()
    found = profile(loader, kind, seconds=1.0)
    truth = np.array(loader.spent) / sum(loader.spent)
    lines = [line_of(found, "__getitem__", t) for t in ("time.sleep", "np.sort", "cv2.warpAffine")]
    # Its own clock does not see how long a process takes to pass a batch on.
    shares = [line.share / found.functions[0].share for line in lines]
    np.testing.assert_allclose(shares, truth, atol=0.03)
    assert not any(line.approximate for line in lines)
    assert_adds_to_one(found)


class Tight(Loader):
    """A loop of Python lines beside an OpenCV call that takes about as long."""

    def __init__(self):
        self.image = np.random.default_rng(7).random((700, 700)).astype(np.float32)
        self.loop = self.rest = 0.0

    def __getitem__(self, index):
        began = time.perf_counter()
        total = 0
        for number in range(6_000):
            total += number
            total += len(f"{number:09d}"[::-1])
        looped = time.perf_counter()
        for _ in range(4):
            cv2.GaussianBlur(self.image, (0, 0), 2)
        self.loop += looped - began
        self.rest += time.perf_counter() - looped
        return (self.image[None],)


@timed
def test_a_tight_loops_total_is_true_within_10_points_and_marked_approximate():
    loader = Tight()
    assert loader[0]
    loader.loop = loader.rest = 0.0
    for index in range(30):
        loader[index]
    truth = loader.loop / (loader.loop + loader.rest)
    found = profile(loader, seconds=1.0)
    assert found.slowdown > 1.2, "or this shows nothing"
    texts = ("for number", "total += number", "total += len")
    loop = [line_of(found, "__getitem__", text) for text in texts]
    assert sum(line.share for line in loop) == pytest.approx(truth, abs=0.1)
    assert all(line.approximate for line in loop)
    assert loop[2].share == max(line.share for line in loop), "the line that does most"
    assert not line_of(found, "__getitem__", "cv2.GaussianBlur").approximate
    assert_adds_to_one(found)


def test_the_cost_of_a_hit_is_calibrated():
    cost = calibrate()
    assert 0 < cost.hit_self + cost.hit_caller < 5e-6


class Contended(Loader):
    """Pure Python, for which threads wait for each other, and a sleep, for which they do not."""

    def __getitem__(self, index):
        time.sleep(0.01)
        return (sum(divmod(n, 7)[1] for n in range(240_000)),)


@timed
def test_waiting_for_the_interpreter_lock_is_told_from_work():
    alone, together = (profile(Contended(), kind, seconds=1.2) for kind in (THREAD, (4, False)))
    assert alone.outside["waiting"] == 0
    line, sleep = (line_of(together, "__getitem__", text) for text in ("divmod", "time.sleep"))
    assert line.waiting > 0.4
    own = line.self_share * together.batch_seconds
    assert own == pytest.approx(
        line_of(alone, "__getitem__", "divmod").self_share * alone.batch_seconds, rel=0.25
    )
    # Who has slept needs the lock too, once.
    assert sleep.waiting < line.waiting / 2
    assert_adds_to_one(together)


# Following the time: the real line is one to five calls down.


class Base(Loader):
    def __getitem__(self, index):
        return (self._Base__load(index),)

    def __load(self, index):
        time.sleep(0.006)  # mangled
        return np.zeros((2, 2))


class Inherits(Base):
    pass


class Wraps(Loader):
    def __init__(self):
        self.inner = Base()

    def __getitem__(self, index):
        return self.inner[index]


class Generates(Loader):
    def __getitem__(self, index):
        return (list(self.images()),)

    def images(self):
        for number in range(3):
            time.sleep(0.002)  # within a generator
            yield number


class Lambda(Loader):
    read = staticmethod(lambda index: time.sleep(0.006))  # a lambda

    def __getitem__(self, index):
        self.read(index)
        return (index,)


class Closures(Loader):
    """Two closures that share their code."""

    def __init__(self):
        self.steps = [self.made(0.002), self.made(0.004)]

    def made(self, seconds):
        def step():
            time.sleep(seconds)  # a closure

        return step

    def __getitem__(self, index):
        for step in self.steps:
            step()
        return (index,)


def logged(function):
    @functools.wraps(function)
    def wrapper(*arguments):
        return function(*arguments)

    return wrapper


class Decorated(Loader):
    @logged
    def __getitem__(self, index):
        return (self.read,)

    @property
    def read(self):
        time.sleep(0.006)  # a property


class DefinesAnew(Loader):
    """Defines its helper in each call, and in that one another."""

    def __getitem__(self, index):
        def outer():
            def inner():
                time.sleep(0.006)  # defined anew

            inner()

        outer()
        return (index,)


class OneLine(Loader):
    def __getitem__(self, index): time.sleep(0.006); return (index,)  # noqa: E702  # one line  # fmt: skip


class Module(Loader):
    def __getitem__(self, index):
        return (slow_helpers.first(index),)


def sleep_deeper(depth):
    time.sleep(0.002)  # at each depth
    if depth:
        sleep_deeper(depth - 1)


class Recursive(Loader):
    def __getitem__(self, index):
        sleep_deeper(4)
        return (index,)


CULPRITS = {
    Inherits: "# mangled",
    Wraps: "# mangled",
    Generates: "# within a generator",
    Lambda: "# a lambda",
    Closures: "# a closure",
    Decorated: "# a property",
    DefinesAnew: "# defined anew",
    OneLine: "# one line",
    Module: "# five calls down",
    Recursive: "# at each depth",
}


@pytest.mark.parametrize("kind", [THREAD, THREADS], ids=["this thread", "threads"])
@pytest.mark.parametrize("loader", CULPRITS, ids=lambda kind: kind.__name__)
@timed
def test_the_hot_line_is_found_wherever_it_is(loader, kind):
    found = profile(loader(), kind, seconds=0.1)
    assert found.hot[0].source.count(CULPRITS[loader])
    assert found.hot[0].self_share == pytest.approx(1, abs=0.06)
    assert all(f.share < 1.03 for f in found.functions)
    assert_adds_to_one(found)


@pytest.mark.parametrize("loader", [DefinesAnew, Closures])
@timed
def test_the_hot_line_is_found_in_processes_too(loader):
    found = profile(loader(), PROCESSES, seconds=0.1)
    assert found.hot[0].source.count(CULPRITS[loader])


CELL = """
class Cell(Loader):
    def __getitem__(self, index):
        return work(index)

def work(index):
    time.sleep(%s)
    return (index,)
"""


def run_cell(namespace, number, seconds):
    """As IPython runs a cell: compiled under a name that linecache knows."""
    name, text = f"/tmp/ipykernel_1/{number}.py", CELL % seconds
    linecache.cache[name] = (len(text), None, text.splitlines(True), name)
    exec(compile(text, name, "exec"), namespace)


@timed
def test_functions_of_notebook_cells_are_found_after_they_are_redefined():
    namespace = {"time": time, "Loader": Loader}
    run_cell(namespace, 1, 0.004)
    old = namespace["Cell"]()
    assert profile(old, seconds=0.1).hot[0].source.strip() == "time.sleep(0.004)"
    run_cell(namespace, 2, 0.006)
    # The old object's class is gone by name; its method calls the new function.
    assert profile(old, seconds=0.1).hot[0].source.strip() == "time.sleep(0.006)"
    assert profile(namespace["Cell"](), seconds=0.1).hot[0].file.endswith("/2.py")


def test_functions_without_source_have_lines_without_text():
    namespace = {"time": time, "Loader": Loader}
    source = "class Made(Loader):\n def __getitem__(self, i):\n  time.sleep(0.005)\n  return (1,)\n"
    exec(compile(source, "<nowhere>", "exec"), namespace)
    found = profile(namespace["Made"](), seconds=0.1)
    assert [line.source for line in found.functions[0].lines] == ["", ""]
    assert found.hot[0].line == 3


class Long(Loader):
    """2,000 lines, made below."""


def test_a_function_of_2000_lines_is_profiled():
    namespace = {"np": np}
    body = "".join(f"    x{n} = np.sum(a)\n" for n in range(2000))
    source = f"def __getitem__(self, i):\n    a = np.ones(100)\n{body}    return (a,)\n"
    linecache.cache["long.py"] = (len(source), None, source.splitlines(True), "long.py")
    exec(compile(source, "long.py", "exec"), namespace)
    Long.__getitem__ = namespace["__getitem__"]
    found = profile(Long(), seconds=0.1)
    assert len(found.functions[0].lines) == 2003
    assert found.functions[0].lines[1000].hits == found.batches


# What batches do not have in common.


def load(milliseconds):
    time.sleep(milliseconds / 1000)  # in load


class Varies(Loader):
    """Calls one helper from two lines, for the first of which it takes longer in some batches."""

    def __getitem__(self, index):
        load(10 if index >= 4 else 1)
        load(4)
        time.sleep(0.002)
        return (index,)


class Rarely(Loader):
    """A branch of one batch in seven, which is not among the first."""

    def __getitem__(self, index):
        load(2)
        if index == 6:
            self.rare()
        return (index,)

    def rare(self):
        time.sleep(0.028)  # rarely


@KINDS
@timed
def test_a_helpers_time_stays_its_own_where_it_differs_from_call_to_call(kind):
    found = profile(Varies(), kind, seconds=1.0)
    assert line_of(found, "load", "# in load").self_share == pytest.approx(0.8, abs=0.05)
    calls = [
        line for f in found.functions for line in f.lines if line.source.strip()[:5] == "load("
    ]
    assert sum(line.self_share for line in calls) < 0.03
    assert_adds_to_one(found)


@timed
def test_a_branch_that_is_rare_is_followed_once_it_was_seen():
    found = profile(Rarely(), seconds=1.0)
    assert line_of(found, "rare", "# rarely").self_share == pytest.approx(2 / 3, abs=0.1)
    assert_adds_to_one(found)


class Delegates(Loader):
    def __getitem__(self, index):
        return (list(self.outer()),)

    def outer(self):
        time.sleep(0.004)
        yield from self.inner()

    def inner(self):
        for number in range(4):
            time.sleep(0.002)  # inner
            yield number


@timed
def test_a_generators_time_is_its_own_through_yield_from():
    found = profile(Delegates())
    assert line_of(found, "inner", "# inner").self_share == pytest.approx(2 / 3, abs=0.03)
    assert line_of(found, "outer", "time.sleep").self_share == pytest.approx(1 / 3, abs=0.03)
    assert_adds_to_one(found)


class CallsTightly(Loader):
    """A sleep beside a loop that calls a function of one line."""

    def __init__(self):
        self.slept = self.whole = 0.0

    def __getitem__(self, index):
        began = time.perf_counter()
        time.sleep(0.002)
        self.slept += time.perf_counter() - began
        total = sum([self.pixel(number) for number in range(4000)])
        self.whole += time.perf_counter() - began
        return (total,)

    def pixel(self, number):
        return number * 2 + 1


@timed
def test_a_sleep_keeps_its_share_beside_calls_in_a_tight_loop():
    loader, plain = CallsTightly(), CallsTightly()
    for index in range(60):
        plain[index]
    found = profile(loader, seconds=1.0)
    for index in range(60):  # before and after: how fast the machine is may change
        plain[index]
    truth = plain.slept / plain.whole
    assert line_of(found, "__getitem__", "time.sleep").share == pytest.approx(truth, abs=0.1)
    assert_adds_to_one(found)


# Libraries.


class Composes(Loader):
    """One line that calls several things in a library."""

    def __init__(self):
        self.steps = [np.poly1d([1.0] * 60), np.vectorize(abs)]
        self.numbers = np.arange(10_000.0)

    def __getitem__(self, index):
        out = [step(self.numbers) for step in self.steps]
        return (out[0],)


@timed
def test_a_line_that_calls_a_library_is_split_by_what_it_called():
    line = profile(Composes()).hot[0]
    assert line.source.strip().startswith("out = [step")
    assert {"poly1d", "vectorize"} <= {part.name for part in line.parts}
    assert sum(part.share for part in line.parts) <= line.self_share + 1e-9


class Resizes(Loader):
    def __getitem__(self, index):
        image = np.zeros((500, 500, 3), np.uint8)
        return (cv2.GaussianBlur(cv2.resize(image, (2000, 2000)), (9, 9), 0),)


@timed
def test_c_functions_of_a_line_are_told_apart():
    line = profile(Resizes()).hot[0]
    names = [part.name for part in line.parts]
    assert names[0] == "GaussianBlur"
    assert "resize" in names


class UsesNumpy(Loader):
    def __getitem__(self, index):
        return (np.median(np.ones((300, 3000)), axis=1),)


@timed
def test_libraries_are_followed_on_request():
    found = profile(UsesNumpy())
    assert [f.name for f in found.functions] == ["UsesNumpy.__getitem__"]
    assert line_of(found, "__getitem__", "np.median").libraries == ("numpy",)
    opened = profile(UsesNumpy(), libraries=["numpy"])
    assert "median" in [f.name for f in opened.functions]
    assert opened.hot[0].file != __file__
    assert_adds_to_one(opened)


# Memory.


class Allocates(Loader):
    def __getitem__(self, index):
        first = np.ones(1_000_000)  # 8 MB
        second = first + 1  # 8 MB more
        del first
        return (second.astype(np.float32),)  # 4 MB more, when 8 have gone


def test_the_peak_of_newly_allocated_memory_is_measured():
    assert profile(Allocates(), seconds=0.2).peak_bytes == pytest.approx(16e6, rel=0.01)


# What is left behind, and what goes wrong.


@KINDS
@pytest.mark.parametrize(
    "loader", [Sleeper(), Failing(), DefinesAnew()], ids=lambda x: type(x).__name__
)
def test_profiling_leaves_everything_as_it_was(loader, kind):
    functions = [type(loader).__getitem__, Sleeper.read, Sleeper.__getitem__, augment]
    codes = [f.__code__ for f in functions]
    states = np.random.get_state()[1].copy(), random.getstate(), sys.getprofile(), sys.gettrace()
    filters, threads = list(warnings.filters), set(threading.enumerate())
    children = set(psutil.Process().children())
    try:
        profile(loader, kind, seconds=0.1)
    except KeyError as error:
        assert isinstance(loader, Failing)
        assert "image_id" in str(error)
    assert all(a is b.__code__ for a, b in zip(codes, functions, strict=True))
    np.testing.assert_array_equal(states[0], np.random.get_state()[1])
    assert states[1:] == (random.getstate(), sys.getprofile(), sys.gettrace())
    assert warnings.filters == filters
    assert set(threading.enumerate()) <= threads
    assert set(psutil.Process().children()) <= children


class Draws(Loader):
    """Changes all global state that it can."""

    def __getitem__(self, index):
        np.random.seed(55)
        warnings.simplefilter("ignore")
        time.sleep(random.random() / 1000 + np.random.random() / 1000)
        return (index,)


def test_global_state_that_the_generator_changes_is_put_back():
    states = np.random.get_state()[1].copy(), random.getstate(), list(warnings.filters)
    profile(Draws(), seconds=0.1)
    np.testing.assert_array_equal(states[0], np.random.get_state()[1])
    assert states[1:] == (random.getstate(), warnings.filters)


def test_an_exception_within_a_profiled_batch_restores_the_functions():
    code = Sleeper.read.__code__
    with pytest.raises(ZeroDivisionError), LineSession(Wrapped(Sleeper())) as session:
        session.step()
        assert Sleeper.read.__code__ is not code
        raise ZeroDivisionError
    assert Sleeper.read.__code__ is code


def test_sessions_do_not_pad_the_byte_code_more_and_more():
    sizes = []
    for _ in range(3):
        with LineSession(Wrapped(Sleeper())):
            sizes.append(len(Sleeper.read.__code__.co_code))
    assert sizes[0] == sizes[2]


class Exits(Loader):
    def __getitem__(self, index):
        sys.exit("bad image")


@pytest.mark.parametrize("kind", [THREAD, THREADS], ids=["this thread", "threads"])
def test_a_generator_that_exits_does_not_hang_a_pool(kind):
    with pytest.raises(SystemExit, match="bad image"):
        profile(Exits(), kind)


def test_two_profiles_at_a_time_are_refused(monkeypatch):
    monkeypatch.setattr("workbench.measure.lines.session.ALONE_SECONDS", 0.1)
    with LineSession(Wrapped(Sleeper())), pytest.raises(RuntimeError, match="one at a time"):
        profile(Sleeper(), seconds=0.1)
    assert profile(Sleeper(), seconds=0.1).batches


def test_a_profile_within_cprofile_leaves_it_running():
    outer = cProfile.Profile()
    outer.enable()
    try:
        assert profile(Sleeper(), seconds=0.1).batches
        load(1)
    finally:
        outer.disable()
    assert any(
        entry.code.co_name == "load" for entry in outer.getstats() if hasattr(entry.code, "co_name")
    )


class Switches(Sleeper):
    def __getitem__(self, index):
        sys.setprofile(None)
        return super().__getitem__(index)


def test_a_generator_that_switches_profiling_off_is_seen_all_the_same():
    assert "Switches.__getitem__" in [f.name for f in profile(Switches(), seconds=0.1).functions]


class Typed(Sleeper):
    dtype = np.float32


def test_a_loader_may_have_a_dtype():
    assert profile(Typed(), seconds=0.1).batches


class Dies(Loader):
    """Its workers die."""

    def __init__(self):
        self.parent = os.getpid()

    def __getitem__(self, index):
        if os.getpid() != self.parent and index > 2:
            os._exit(3)
        return (index,)


def test_a_worker_that_dies_is_named():
    with pytest.raises(WorkerError, match=r"Worker [12] ended itself with exit code 3"):
        profile(Dies(), PROCESSES)


class Hangs(Dies):
    def __getitem__(self, index):
        if os.getpid() != self.parent and index > 2:
            time.sleep(1000)
        return (index,)


def test_a_worker_that_hangs_is_named(monkeypatch):
    monkeypatch.setattr("workbench.measure.lines.session.LEAST_LIMIT", 0.5)
    began = time.monotonic()
    with pytest.raises(
        WorkerError, match=r"Worker [12] has been [01] s in time.sleep\(1000\) \(test_lines.py:"
    ):
        profile(Hangs(), PROCESSES)
    assert time.monotonic() - began < 5


@timed
def test_spawned_processes_find_the_lines_for_themselves():
    before = multiprocessing.get_start_method()
    multiprocessing.set_start_method("spawn", force=True)
    try:
        found = profile(Sleeper(), PROCESSES, seconds=0.5)
    finally:
        multiprocessing.set_start_method(before, force=True)
    assert line_of(found, "augment", "time.sleep").self_share == pytest.approx(0.6, abs=0.03)


class Heavy(Loader):
    def __getitem__(self, index):
        return (np.zeros((32, 224, 224, 3), np.float32),)


def test_handing_batches_over_from_a_process_is_shown_as_conversion():
    found = profile(Heavy(), PROCESSES)
    assert found.outside["conversion"] > 0.3
    assert profile(Heavy(), THREADS).outside["conversion"] == 0
    assert_adds_to_one(found)


class Unsendable(Sleeper):
    """Has what no other process can be given."""

    def __init__(self):
        self.lock = threading.Lock()


def test_what_cannot_be_sent_to_processes_is_refused_before_they_start():
    before = multiprocessing.get_start_method()
    multiprocessing.set_start_method("spawn", force=True)
    try:
        with pytest.raises(WorkersRefused, match="cannot be sent to worker processes"):
            profile(Unsendable(), PROCESSES)
    finally:
        multiprocessing.set_start_method(before, force=True)
    assert profile(Unsendable(), PROCESSES, seconds=0.1).batches, "a forked one has it already"


@pytest.mark.parametrize("kind", [THREADS, PROCESSES], ids=["threads", "processes"])
@timed
def test_snapshots_may_be_taken_while_workers_run(kind):
    done, seen = threading.Event(), []

    def watch():
        while not done.wait(0.02):
            seen.append(session.snapshot())

    with LineSession(Wrapped(Sleeper()), *kind) as session:
        watcher = threading.Thread(target=watch)
        watcher.start()
        for _ in range(8):
            session.step()
        done.set()
        watcher.join()
    counts = [found.batches for found in seen]
    assert counts == sorted(counts)
    assert len(set(counts)) > 2
    assert line_of(seen[-1], "augment", "time.sleep").self_share == pytest.approx(0.6, abs=0.1)


def test_lines_that_have_finished_show_within_the_first_batch():
    class Slow(Sleeper):
        def __getitem__(self, index):
            time.sleep(0.1)
            release.wait(0 if free.is_set() else 10)
            return super().__getitem__(index)

    release, free = threading.Event(), threading.Event()
    free.set()
    with LineSession(Wrapped(Slow())) as session:
        free.clear()
        batch = threading.Timer(0.4, release.set)
        seen = []
        watcher = threading.Timer(0.3, lambda: seen.append(session.snapshot()))
        batch.start()
        watcher.start()
        session.step()
        watcher.join()
        batch.join()
    assert line_of(seen[0], "__getitem__", "time.sleep(0.1)").hits == 1
    assert seen[0].batches == 0


def test_a_loader_without_batches_is_refused():
    class Empty(Sleeper):
        def __len__(self):
            return 0

    with pytest.raises(ValueError, match="Empty has no batches"):
        profile(Empty())
    with pytest.raises(ValueError, match="Received: -1"):
        profile(Sleeper(), (-1, False))


class Uneven(Loader):
    """Two batches: 8 samples in 20 ms, 2 samples in 5 ms."""

    def __len__(self):
        return 2

    def __getitem__(self, index):
        time.sleep((0.020, 0.005)[index])
        return {"x": [np.zeros(((8, 2)[index], 3))]}


@timed
def test_an_even_number_of_unequal_batches_is_measured_fairly():
    found = profile(Uneven(), seconds=0.7)
    assert found.batch_seconds == pytest.approx(0.0125, rel=0.1)
    assert found.slowdown == pytest.approx(1, abs=0.1)
    assert found.samples / found.seconds == pytest.approx(10 / 0.025, rel=0.1)
