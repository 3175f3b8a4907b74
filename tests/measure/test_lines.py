"""Line profiles against known truths, in this thread, in threads and in processes.

Shares are exact by a clock that the loaders move (see `tests.clock`); what real clocks give is in
`tests.accuracy`. Uses no Keras, so that `test_pythons` can run it on every Python of the machine.
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
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.pool import ThreadPool

import cv2
import numpy as np
import psutil
import pytest

import workbench as wb
from tests.measure.sleepers import (
    CULPRITS,
    DefinesAnew,
    Delegates,
    Failing,
    HoldsGenerators,
    Loader,
    MakesFromCode,
    Rarely,
    SharesGenerators,
    Sleeper,
    Steps,
    Uneven,
    Varies,
    augment,
    line_of,
    load,
)
from workbench.inputs import as_loader
from workbench.measure.lines.calibrate_overhead import calibrate
from workbench.measure.lines.library_call import LibraryCall
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


def assert_adds_to_one(profile):
    lines = [line for f in profile.functions for line in f.lines]
    own = sum(line.self_share for line in lines)
    assert own + sum(profile.outside.values()) == pytest.approx(1, abs=1e-6)
    assert sum(line.waiting for line in lines) == pytest.approx(profile.outside["waiting"])
    assert all(line.self_share >= 0 and line.share <= 1.001 for line in lines)


@KINDS
def test_shares_of_known_sleeps_are_exact(kind, clock):
    # Processes have clocks of their own, so that this one never shows that time is up.
    found = profile(Sleeper(), kind, seconds=0 if kind == PROCESSES else 1.0)
    assert [f.name for f in found.functions] == ["Sleeper.__getitem__", "augment", "Sleeper.read"]
    assert found.batch_seconds == pytest.approx(0.02)
    assert found.slowdown == pytest.approx(1)
    whole, part = "Sleeper.__getitem__", pytest.approx
    assert line_of(found, whole, "augment()").share == part(0.6)
    assert line_of(found, whole, "self.read").share == part(0.2)
    assert line_of(found, whole, "augment()").self_share == part(0), "it is its callee's"
    sleeping = line_of(found, "augment", "time.sleep")
    assert sleeping.self_share == part(0.6)
    assert sleeping.hits == 2 * found.batches
    assert sleeping.seconds / sleeping.hits == part(0.006)
    assert sleeping.spread == part(0, abs=1e-8), "but for the rounding of a root"
    assert not sleeping.approximate
    assert found.samples == 8 * found.batches
    assert str(found.hot[0]).startswith("time.sleep(0.006)  sleepers.py:")
    assert_adds_to_one(found)
    assert found.outside == {"keras": 0, "conversion": 0, "waiting": 0, "other": part(0)}


def test_a_profile_takes_as_long_as_it_is_asked_to(clock):
    began = clock.perf_counter()
    found = profile(Sleeper(), seconds=1.0)
    # Some batches find the functions and the memory; each other one is profiled.
    assert 1.0 < clock.perf_counter() - began < 1.3
    assert found.batches == pytest.approx(1.0 / 0.02 / 2, abs=2)


# By real clocks: whenever a busy machine lets nothing run, some line has that time too.


@KINDS
def test_shares_of_known_sleeps_add_to_one(kind):
    found = profile(Sleeper(), kind, seconds=0.2)
    assert line_of(found, "augment", "time.sleep").self_share > 0.1
    assert found.unprofiled_seconds / found.batches > 0.02
    assert_adds_to_one(found)


@pytest.mark.parametrize("loader", CULPRITS, ids=lambda kind: kind.__name__)
def test_line_profiler_times_the_slow_line_wherever_it_is(loader):
    found = profile(loader(), seconds=0.05)
    slow = next(line for line in found.hot if CULPRITS[loader] in line.source)
    assert slow.self_share > 0.1
    assert_adds_to_one(found)


class Tight(Loader):
    """One line that runs often and is quick, and one that takes as long in one go."""

    def __getitem__(self, index):
        for _ in range(200):
            time.sleep(0.5e-6)  # quick
        time.sleep(100e-6)  # long
        return (np.zeros((2, 2)),)


def test_a_line_too_quick_to_be_timed_is_marked_approximate(clock):
    found = profile(Tight(), seconds=0.005)
    quick, long = (line_of(found, "__getitem__", text) for text in ("# quick", "# long"))
    assert (quick.hits, long.hits) == (200 * found.batches, found.batches)
    assert (quick.share, long.share) == (pytest.approx(0.5), pytest.approx(0.5))
    assert (quick.approximate, long.approximate) == (True, False)


def test_the_cost_of_a_hit_is_calibrated():
    cost = calibrate()
    assert 0 < cost.hit_self + cost.hit_caller < 50e-6


class Contended(Loader):
    """A sleep, and work that takes three times as long where threads wait for each other."""

    def __init__(self):
        self.alone = threading.get_ident()

    def __getitem__(self, index):
        time.sleep(0.010)
        time.sleep(0.005 if threading.get_ident() == self.alone else 0.015)  # work
        return (np.zeros((2, 2)),)


def test_waiting_for_the_interpreter_lock_is_told_from_work(clock):
    alone, together = (profile(Contended(), kind, seconds=0.5) for kind in (THREAD, (4, False)))
    assert alone.outside["waiting"] == 0
    assert alone.batch_seconds == pytest.approx(0.015)
    assert together.batch_seconds == pytest.approx(0.025)
    work, sleep = (line_of(together, "__getitem__", text) for text in ("# work", "sleep(0.010)"))
    assert work.self_share == pytest.approx(0.005 / 0.025)
    assert work.waiting == pytest.approx(0.010 / 0.025)
    assert (sleep.self_share, sleep.waiting) == (pytest.approx(0.010 / 0.025), 0)
    assert together.outside["waiting"] == work.waiting
    assert_adds_to_one(together)


# Following the time: the real line is one to five calls down.


@KINDS
@pytest.mark.parametrize("loader", CULPRITS, ids=lambda kind: kind.__name__)
def test_the_hot_line_is_found_wherever_it_is(loader, kind, clock):
    found = profile(loader(), kind, seconds=0)
    assert found.hot[0].source.count(CULPRITS[loader])
    assert found.hot[0].self_share == pytest.approx(1)
    assert all(f.share <= 1 + 1e-9 for f in found.functions)
    assert_adds_to_one(found)


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


def test_functions_of_notebook_cells_are_found_after_they_are_redefined(clock):
    namespace = {"time": time, "Loader": Loader}
    run_cell(namespace, 1, 0.004)
    old = namespace["Cell"]()
    assert profile(old).hot[0].source.strip() == "time.sleep(0.004)"
    run_cell(namespace, 2, 0.006)
    # The old object's class is gone by name; its method calls the new function.
    assert profile(old).hot[0].source.strip() == "time.sleep(0.006)"
    assert profile(namespace["Cell"]()).hot[0].file.endswith("/2.py")


def test_functions_without_source_have_lines_without_text(clock):
    namespace = {"time": time, "Loader": Loader}
    source = "class Made(Loader):\n def __getitem__(self, i):\n  time.sleep(0.005)\n  return (1,)\n"
    exec(compile(source, "<nowhere>", "exec"), namespace)
    found = profile(namespace["Made"]())
    assert [line.source for line in found.functions[0].lines] == ["", ""]
    assert found.hot[0].line == 3


class Long(Loader):
    """1,000 lines, made below."""


def test_a_function_of_1000_lines_is_profiled():
    namespace = {"np": np}
    body = "".join(f"    x{n} = np.sum(a)\n" for n in range(1000))
    source = f"def __getitem__(self, i):\n    a = np.ones(100)\n{body}    return (a,)\n"
    linecache.cache["long.py"] = (len(source), None, source.splitlines(True), "long.py")
    exec(compile(source, "long.py", "exec"), namespace)
    Long.__getitem__ = namespace["__getitem__"]
    found = profile(Long(), seconds=0)
    assert len(found.functions[0].lines) == 1003
    assert found.functions[0].lines[500].hits == found.batches


# What batches do not have in common.


@KINDS
def test_a_helpers_time_stays_its_own_where_it_differs_from_call_to_call(kind, clock):
    found = profile(Varies(), kind, seconds=0 if kind == PROCESSES else 1.0)
    lines = [line for f in found.functions for line in f.lines]
    sleep = next(line for line in lines if line.source.strip() == "time.sleep(0.002)")
    assert sleep.self_share == pytest.approx(0.002 / found.batch_seconds)
    assert line_of(found, "load", "# in load").self_share == pytest.approx(1 - sleep.self_share)
    calls = [line for line in lines if line.source.strip()[:5] == "load("]
    assert sum(line.self_share for line in calls) == pytest.approx(0, abs=1e-9)
    assert_adds_to_one(found)


def test_a_branch_that_is_rare_is_followed_once_it_was_seen(clock):
    found = profile(Rarely(), seconds=1.0)
    rare, load = (
        line_of(found, function, "time.sleep").self_share for function in ("rare", "load")
    )
    assert rare == pytest.approx(2 / 3, abs=0.05), "the last epoch is not whole"
    assert rare + load == pytest.approx(1)
    assert_adds_to_one(found)


def test_a_generators_time_is_its_own_through_yield_from():
    found = profile(Delegates(), seconds=0.2)
    # By the real clock: from the second value on line_profiler does not see the outer generator.
    # How the time divides is tested in `test_attribution`; here, that each keeps some of its own.
    assert line_of(found, "inner", "# inner").self_share > 0.1
    assert line_of(found, "outer", "time.sleep").self_share > 0.02
    assert_adds_to_one(found)


# Functions whose own lines cannot be counted, between a line and the function that it leads to.


def own_shares(profile):
    """Self shares in milliseconds by source."""
    batch = profile.batch_seconds * 1e3
    return {
        hot.source.strip(): pytest.approx(hot.self_share * batch)
        for hot in profile.hot
        if hot.self_share > 1e-9
    }


def test_a_running_generators_own_time_is_in_the_line_that_asks_for_its_next_value(clock):
    found = profile(HoldsGenerators())
    assert own_shares(found) == {
        "time.sleep(milliseconds / 1000)  # in load": 14,
        "a = next(self.quick)": 2,
        "b = next(self.slow)": 2,
        "time.sleep(0.002)": 2,
    }
    assert [f.name for f in found.functions] == ["HoldsGenerators.__getitem__", "load"]
    assert line_of(found, "__getitem__", "self.slow").share == pytest.approx(14 / 20)
    assert line_of(found, "__getitem__", "self.slow").unprofiled == (
        "loads (a generator that was already running)",
    )
    assert "lines that are not profiled: loads" in str(found)
    assert_adds_to_one(found)


def test_generators_of_one_function_are_told_apart_if_only_some_are_profiled(clock):
    found = profile(SharesGenerators())
    shares = own_shares(found)
    assert shares.pop("time.sleep(milliseconds / 1000)  # in load") == 14
    assert shares == {
        "a = next(self.quick)": 2,
        "time.sleep(0.002)": 2,  # in `loads`, and another one in `__getitem__`
    }
    assert line_of(found, "loads", "load(").share == pytest.approx(12 / 20)
    assert_adds_to_one(found)


@KINDS
def test_a_function_that_is_not_found_counts_as_part_of_the_line_that_calls_it(kind, clock):
    found = profile(MakesFromCode(), kind, seconds=0)
    assert own_shares(found) == {
        "time.sleep(milliseconds / 1000)  # in load": 8,
        "time.sleep(0.002)": 2,
    }
    (reason,) = line_of(found, "__getitem__", "step(8)").unprofiled
    assert reason.startswith("<lambda> (")
    assert_adds_to_one(found)


def test_functions_that_a_factory_makes_anew_are_profiled(clock):
    found = profile(lambda: Steps().prepare().batches())
    names = {"Steps.batches", "Steps.prepare.<locals>.<lambda>", "load"}
    assert {f.name for f in found.functions} == names
    assert found.hot[0].self_share == pytest.approx(0.8)
    assert_adds_to_one(found)


# Functions that others run.


def in_pool(number):
    return number


def in_executor(number):
    return number


class Shares(Loader):
    """Gives functions to a pool that is made in each batch, and to an executor that is kept."""

    def __init__(self):
        self.executor = ThreadPoolExecutor(2)

    def __getitem__(self, index):
        with ThreadPool(2) as pool:
            a = pool.map(functools.partial(in_pool), range(4))
        b = list(self.executor.map(in_executor, range(4)))
        c = list(self.executor.map(abs, range(4)))
        return (a, b, c)


def test_what_a_line_gives_to_a_pool_is_named():
    loader = Shares()
    found = profile(loader, seconds=0)
    loader.executor.shutdown()
    assert {line.unprofiled for f in found.functions for line in f.lines if line.unprofiled} == {
        ("in_pool (in a ThreadPool)",),
        ("in_executor (in a ThreadPoolExecutor)",),
    }
    assert "lines that are not profiled: in_pool (in a ThreadPool)" in str(found)


# Libraries.


class Composes(Loader):
    """One line that calls several things in a library."""

    def __init__(self):
        self.steps = [np.poly1d([1.0] * 120), np.vectorize(abs)]  # about as long as each other
        self.numbers = np.linspace(0.0, 1.0, 10_000)

    def __getitem__(self, index):
        out = [step(self.numbers) for step in self.steps]
        return (out[0],)


def test_a_line_that_calls_a_library_is_split_by_what_it_called():
    line = line_of(profile(Composes(), seconds=0.1), "__getitem__", "out = [step")
    # Which of them is large enough to be divided in its turn is a matter of the machine's load:
    # `test_library_calls_divide_where_they_differ` says when.
    assert line.parts
    assert sum(part.share for part in line.parts) <= line.self_share + 1e-9


def calls(seconds, **children):
    return LibraryCall(1, seconds, children=children)


def test_library_calls_divide_where_they_differ():
    even = calls(3.0, poly1d=calls(1.0), vectorize=calls(2.0, f=calls(1.9)))
    assert even.parts() == {"poly1d": 1.0, "vectorize": 2.0}
    mostly_one = calls(10.0, poly1d=calls(1.0), vectorize=calls(9.0, f=calls(4.0), g=calls(4.0)))
    assert mostly_one.parts() == {"f": 4.0, "g": 4.0}
    hardly_divided = calls(10.0, poly1d=calls(1.0), vectorize=calls(9.0, f=calls(1.0)))
    assert hardly_divided.parts() == {"poly1d": 1.0, "vectorize": 9.0}
    assert calls(1.0, alone=calls(1.0)).parts() == {}


class Resizes(Loader):
    def __getitem__(self, index):
        image = np.zeros((500, 500, 3), np.uint8)
        return (cv2.GaussianBlur(cv2.resize(image, (2000, 2000)), (9, 9), 0),)


def test_c_functions_of_a_line_are_told_apart():
    line = line_of(profile(Resizes(), seconds=0.1), "__getitem__", "cv2.GaussianBlur")
    assert {"GaussianBlur", "resize"} <= {part.name for part in line.parts}


class UsesNumpy(Loader):
    def __getitem__(self, index):
        return (np.median(np.ones((300, 3000)), axis=1),)


def test_libraries_are_followed_on_request():
    found = profile(UsesNumpy(), seconds=0.1)
    assert [f.name for f in found.functions] == ["UsesNumpy.__getitem__"]
    assert line_of(found, "__getitem__", "np.median").libraries == ("numpy",)
    opened = profile(UsesNumpy(), seconds=0.1, libraries=["numpy"])
    assert "median" in [f.name for f in opened.functions]
    assert_adds_to_one(opened)


# Memory.


class Allocates(Loader):
    def __getitem__(self, index):
        first = np.ones(1_000_000)  # 8 MB
        second = first + 1  # 8 MB more
        del first
        return (second.astype(np.float32),)  # 4 MB more, when 8 have gone


def test_the_peak_of_newly_allocated_memory_is_measured():
    assert profile(Allocates(), seconds=0).peak_bytes == pytest.approx(16e6, rel=0.01)


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
        profile(loader, kind, seconds=0)
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
    profile(Draws(), seconds=0)
    np.testing.assert_array_equal(states[0], np.random.get_state()[1])
    assert states[1:] == (random.getstate(), warnings.filters)


def test_an_exception_within_a_profiled_batch_restores_the_functions():
    code = Sleeper.read.__code__
    with pytest.raises(ZeroDivisionError), LineSession(as_loader(Sleeper())) as session:
        session.step()
        assert Sleeper.read.__code__ is not code
        raise ZeroDivisionError
    assert Sleeper.read.__code__ is code


def test_sessions_do_not_pad_the_byte_code_more_and_more():
    sizes = []
    for _ in range(3):
        with LineSession(as_loader(Sleeper())):
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
    with LineSession(as_loader(Sleeper())), pytest.raises(RuntimeError, match="one at a time"):
        profile(Sleeper(), seconds=0)
    assert profile(Sleeper(), seconds=0).batches


def test_a_profile_within_cprofile_leaves_it_running():
    outer = cProfile.Profile()
    outer.enable()
    try:
        assert profile(Sleeper(), seconds=0).batches
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
    assert "Switches.__getitem__" in [f.name for f in profile(Switches(), seconds=0).functions]


class Typed(Sleeper):
    dtype = np.float32


def test_a_loader_may_have_a_dtype():
    assert profile(Typed(), seconds=0).batches


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
    monkeypatch.setattr("workbench.measure.workers.worker_stacks.DUMP_SECONDS", 20)
    with pytest.raises(
        WorkerError, match=r"Worker [12] has been \d+ s in time.sleep\(1000\) \(test_lines.py:"
    ):
        profile(Hangs(), PROCESSES)


def test_spawned_processes_find_the_lines_for_themselves():
    before = multiprocessing.get_start_method()
    multiprocessing.set_start_method("spawn", force=True)
    try:
        found = profile(Sleeper(), PROCESSES, seconds=0)
    finally:
        multiprocessing.set_start_method(before, force=True)
    assert found.hot[0].source.strip() == "time.sleep(0.006)"


class Heavy(Loader):
    def __getitem__(self, index):
        return (np.zeros((4, 224, 224, 3), np.float32),)


def test_handing_batches_over_from_a_process_is_shown_as_conversion():
    found = profile(Heavy(), PROCESSES, seconds=0)
    assert found.outside["conversion"] > 0.3
    assert profile(Heavy(), THREADS, seconds=0).outside["conversion"] == 0
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
    assert profile(Unsendable(), PROCESSES, seconds=0).batches, "a forked one has it already"


@pytest.mark.parametrize("kind", [THREADS, PROCESSES], ids=["threads", "processes"])
def test_snapshots_may_be_taken_while_workers_run(kind):
    done, seen = threading.Event(), []

    def watch():
        while not done.wait(0.02):
            seen.append(session.snapshot())

    with LineSession(as_loader(Sleeper()), *kind) as session:
        watcher = threading.Thread(target=watch)
        watcher.start()
        for _ in range(8):
            session.step()
        done.set()
        watcher.join()
    counts = [found.batches for found in seen]
    assert counts == sorted(counts)
    assert len(set(counts)) > 2
    assert line_of(seen[-1], "augment", "time.sleep").hits == 2 * seen[-1].batches


def test_lines_that_have_finished_show_within_the_first_batch():
    class Slow(Sleeper):
        def __getitem__(self, index):
            time.sleep(0.01)
            if watched.is_set():
                reached.set()
                release.wait(20)
            return super().__getitem__(index)

    def watch():
        reached.wait(20)
        seen.append(session.snapshot())
        release.set()

    watched, reached, release, seen = threading.Event(), threading.Event(), threading.Event(), []
    with LineSession(as_loader(Slow())) as session:
        watched.set()
        watcher = threading.Thread(target=watch)
        watcher.start()
        session.step()
        watcher.join()
    assert line_of(seen[0], "__getitem__", "time.sleep(0.01)").hits == 1
    assert seen[0].batches == 0


def test_a_loader_without_batches_is_refused():
    class Empty(Sleeper):
        def __len__(self):
            return 0

    with pytest.raises(ValueError, match="Empty has no batches"):
        profile(Empty())
    with pytest.raises(ValueError, match="Received: -1"):
        profile(Sleeper(), (-1, False))


def test_unequal_batches_are_measured_fairly(clock):
    found = profile(Uneven(), seconds=0.7)
    small = (8 * found.batches - found.samples) / 6
    assert small == found.batches // 2
    assert found.seconds == pytest.approx(0.005 * small + 0.020 * (found.batches - small))
    assert found.unprofiled_seconds == pytest.approx(found.seconds)
    assert found.slowdown == pytest.approx(1), "each ran both ways"
