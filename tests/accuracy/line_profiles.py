"""Line profiles of loaders whose cost is known, or which time themselves. Needs no TensorFlow."""

from __future__ import annotations

import multiprocessing
import time
from functools import partial

import cv2
import numpy as np

import workbench as wb
from tests.accuracy.case import Case, Cases, middle, relative
from tests.measure.sleepers import (
    CULPRITS,
    Delegates,
    Loader,
    Rarely,
    Sleeper,
    Uneven,
    Varies,
    line_of,
)
from workbench.measure.line_profile import LineProfile
from workbench.measure.lines.calibrate_overhead import calibrate

KINDS = {"this thread": (0, False), "threads": (2, False), "processes": (2, True)}


def cases(repeats: int) -> Cases:
    """Shares of lines, the profiler's own cost, waiting for the interpreter lock."""
    for name, kind in KINDS.items():
        yield from middle(partial(_sleeps, name, kind), repeats)
        yield from middle(partial(_own_clock, name, kind), repeats)
        yield from middle(partial(_varying, name, kind), repeats)
    for measure in (_spawned, _tight, _calls_tightly, _waiting, _branches, _uneven):
        yield from middle(measure, repeats)
    for culprit, text in CULPRITS.items():
        yield from middle(partial(_hot_line, culprit, text), repeats)
    cost = calibrate()
    yield Case("cost of a hit", 5, 1e6 * (cost.hit_self + cost.hit_caller), sense="≤", unit="µs")


def _profile(
    loader: object, kind: tuple[int, bool] = (0, False), seconds: float = 1.0
) -> LineProfile:
    workers, processes = kind
    return wb.profile_lines(loader, seconds=seconds, workers=workers, use_multiprocessing=processes)


def _sleeps(name: str, kind: tuple[int, bool]) -> list[Case]:
    found = _profile(Sleeper(), kind)
    long = line_of(found, "augment", "time.sleep")
    called = line_of(found, "__getitem__", "self.read")
    return [
        Case(f"share of 12 ms sleep in 20, {name}", 0.6, long.self_share, 0.03),
        Case(f"share of a call that sleeps 4 ms in 20, {name}", 0.2, called.share, 0.03),
        relative(f"a sleep of 6 ms, {name}", 6, 1e3 * long.seconds / long.hits, 0.1, "ms"),
        relative(f"a batch of 20 ms, {name}", 20, 1e3 * found.batch_seconds, 0.1, "ms"),
        Case(f"slowdown of sleeps, {name}", 1, found.slowdown, 0.1),
        Case(f"who sleeps waits for nobody, {name}", 0.03, found.outside["waiting"], sense="≤"),
    ]


class OwnClock(Loader):
    """Times its own three lines; workers add into shared memory."""

    def __init__(self) -> None:
        rng = np.random.default_rng(7)
        self.numbers = rng.random(30_000)
        self.image = rng.random((300, 300)).astype(np.float32)
        self.turn = cv2.getRotationMatrix2D((150, 150), 20, 1)
        self.spent = multiprocessing.RawArray("d", 3)

    def __getitem__(self, index: int) -> object:
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


def _own_clock(name: str, kind: tuple[int, bool]) -> list[Case]:
    loader = OwnClock()
    found = _profile(loader, kind)
    whole = found.functions[0].share  # its own clock does not see how a batch is passed on
    return [
        Case(
            f"share of {text} by its own clock, {name}",
            spent / sum(loader.spent),
            line_of(found, "__getitem__", text).share / whole,
            0.03,
        )
        for text, spent in zip(
            ("time.sleep", "np.sort", "cv2.warpAffine"), loader.spent, strict=True
        )
    ]


def _varying(name: str, kind: tuple[int, bool]) -> list[Case]:
    share = line_of(_profile(Varies(), kind), "load", "# in load").self_share
    return [Case(f"a helper that varies from call to call, {name}", 0.816, share, 0.05)]


def _spawned() -> list[Case]:
    before = multiprocessing.get_start_method()
    multiprocessing.set_start_method("spawn", force=True)
    try:
        found = _profile(Sleeper(), KINDS["processes"], seconds=0.5)
    finally:
        multiprocessing.set_start_method(before, force=True)
    share = line_of(found, "augment", "time.sleep").self_share
    return [Case("share of 12 ms sleep in 20, spawned processes", 0.6, share, 0.03)]


class Tight(Loader):
    """A loop of Python lines beside an OpenCV call that takes about as long."""

    def __init__(self) -> None:
        self.image = np.random.default_rng(7).random((700, 700)).astype(np.float32)
        self.loop = self.rest = 0.0

    def __getitem__(self, index: int) -> object:
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


def _tight() -> list[Case]:
    plain = Tight()
    _run(plain, 30)
    found = _profile(Tight())
    _run(plain, 30)  # before and after: how fast the machine is may change
    texts = ("for number", "total += number", "total += len")
    share = sum(line_of(found, "__getitem__", text).share for text in texts)
    truth = plain.loop / (plain.loop + plain.rest)
    return [Case(f"a tight loop, slowed down {found.slowdown:.1f} times", truth, share, 0.1)]


class CallsTightly(Loader):
    """A sleep beside a loop that calls a function of one line."""

    def __init__(self) -> None:
        self.slept = self.whole = 0.0

    def __getitem__(self, index: int) -> object:
        began = time.perf_counter()
        time.sleep(0.002)
        self.slept += time.perf_counter() - began
        total = sum([self.pixel(number) for number in range(4000)])
        self.whole += time.perf_counter() - began
        return (total,)

    def pixel(self, number: int) -> int:
        return number * 2 + 1


def _calls_tightly() -> list[Case]:
    plain = CallsTightly()
    _run(plain, 60)
    found = _profile(CallsTightly())
    _run(plain, 60)
    share = line_of(found, "__getitem__", "time.sleep").share
    return [Case("a sleep beside calls in a tight loop", plain.slept / plain.whole, share, 0.1)]


class Contended(Loader):
    """Pure Python, for which threads wait for each other, and a sleep, for which they do not."""

    def __getitem__(self, index: int) -> object:
        time.sleep(0.01)
        return (sum(divmod(n, 7)[1] for n in range(240_000)),)


def _waiting() -> list[Case]:
    alone, together = (_profile(Contended(), kind, 1.2) for kind in ((0, False), (4, False)))
    line, sleep = (line_of(together, "__getitem__", text) for text in ("divmod", "time.sleep"))
    truth, own = (
        1e3 * line_of(found, "__getitem__", "divmod").self_share * found.batch_seconds
        for found in (alone, together)
    )
    return [
        Case("waiting for the interpreter lock, 4 threads", 0.4, line.waiting, sense="≥"),
        relative("work beside that waiting, as in one thread", truth, own, 0.25, "ms"),
        # Who has slept needs the lock too, once.
        Case("a sleep among them waits", line.waiting / 2, sleep.waiting, sense="≤"),
    ]


def _branches() -> list[Case]:
    rare = line_of(_profile(Rarely()), "rare", "# rarely").self_share
    found = _profile(Delegates())
    inner = line_of(found, "inner", "# inner").self_share
    outer = line_of(found, "outer", "time.sleep").self_share
    return [
        Case("a branch of one batch in seven", 2 / 3, rare, 0.1),
        Case("an inner generator through yield from", 2 / 3, inner, 0.03),
        Case("the outer one", 1 / 3, outer, 0.03),
    ]


def _uneven() -> list[Case]:
    found = _profile(Uneven())
    return [
        relative("batches of 20 and 5 ms", 12.5, 1e3 * found.batch_seconds, 0.1, "ms"),
        Case("their slowdown", 1, found.slowdown, 0.1),
    ]


def _hot_line(culprit: type[Loader], text: str) -> list[Case]:
    hot = _profile(culprit(), seconds=0.2).hot
    share = next(line.self_share for line in hot if text in line.source)
    name = f"the only slow line, {culprit.__name__}: {text.removeprefix('# ')}"
    return [Case(name, 1, share, 0.06)]


def _run(loader: Loader, batches: int) -> None:
    for index in range(batches):
        loader[index]
