"""Races: known times come out as they are; what cannot race is named."""

from __future__ import annotations

import itertools
import json
import queue
import subprocess
import sys
import threading
import time
import tracemalloc
import weakref
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from queue import SimpleQueue
from xml.etree import ElementTree

import numpy as np
import pytest

import workbench as wb
from tests.conftest import ROOT
from workbench.article import entrants
from workbench.measure import alternate
from workbench.measure.race import Entrant, Race, Races

HOSTILE = "<script>alert('$x_1$')</script>\n\x07&"


def of(**milliseconds):
    entrants = [Entrant(n, tuple(v / 1e3 for v in values)) for n, values in milliseconds.items()]
    return Race(tuple(entrants))


def test_known_times_come_out_with_their_ratio(clock):
    sleeps = {"slow": partial(time.sleep, 0.03), "fast": partial(time.sleep, 0.01)}
    race = wb.race(sleeps, seconds=1, batches_per_epoch=100)
    assert race["fast"].ms.median == pytest.approx(10)
    assert race.times_as_fast("fast").median == pytest.approx(3)
    assert race.verdict("fast") == "faster"
    assert race.epoch_seconds("slow").median == pytest.approx(3)


def test_equal_entrants_show_no_difference(clock):
    race = wb.race({name: partial(time.sleep, 0.005) for name in "ab"}, seconds=0.5)
    assert race.times_as_fast("b").median == pytest.approx(1)
    assert race.verdict("b") == "no difference seen"
    assert "no difference seen" in str(race)


def test_entrants_take_turns_and_raw_values_survive():
    order = []
    race = wb.race({name: partial(order.append, name) for name in "ABC"}, rounds=6)
    assert order[:21] == list("ABC") * 7, "a first round is not counted"
    assert [len(entrant.seconds) for entrant in race.entrants] == [6, 6, 6]
    again = json.loads(json.dumps(race.to_dict()))
    assert tuple(again["entrants"][2]["seconds"]) == race["C"].seconds


def test_it_ends_in_time_but_not_before_five_rounds(clock):
    nap = {"nap": partial(time.sleep, 0.01)}
    assert wb.race(nap, seconds=0.305, rounds=10_000).rounds == 30
    assert wb.race(nap, seconds=0).rounds == 5


def test_quartiles_agree_with_numpy_and_pairs_are_of_one_round():
    race = of(first=[10, 20, 30, 40, 50], second=[5, 5, 10, 40, 10])
    ratio = race.times_as_fast("second")
    expected = np.percentile([2, 4, 3, 1, 5], [25, 50, 75])
    assert (ratio.low, ratio.median, ratio.high, ratio.n) == pytest.approx((*expected, 5))


@pytest.mark.parametrize(
    ("second", "verdict"),
    [
        ([10.1] * 20, "no difference seen"),  # 1 %: the place in the round may do that
        ([11] * 20, "slower"),
        ([5] * 20, "faster"),
        ([5] * 16 + [20] * 4, "faster"),
        ([5] * 15 + [20] * 5, "no difference seen"),
        ([5] * 9 + [20] * 1, "faster"),  # one turn may have been disturbed
        ([5] * 8 + [20] * 2, "no difference seen"),
        ([5] * 4 + [20] * 1, "no difference seen"),  # of few rounds, all must agree
        ([5] * 10, "faster"),
    ],
)
def test_verdicts(second, verdict):
    race = of(first=[10] * len(second), second=second)
    assert race.verdict("second") == verdict


def batches(log):
    for number in range(3):
        log.put(number)
        yield number


class Loader:
    def __init__(self, count=3):
        self.count, self._asked = count, SimpleQueue()  # unlike a list, it is not restored

    def __len__(self):
        return self.count

    def __getitem__(self, index):
        self._asked.put(index)

    @property
    def asked(self):
        return [self._asked.get() for _ in range(self._asked.qsize())]


class Iterable:
    def __iter__(self):
        return iter(range(3))


def test_all_that_gives_batches_may_race():
    log, loader, made = SimpleQueue(), Loader(), Loader()
    entrants = {
        "function": lambda: None,
        "generator function": partial(batches, log),
        "generator": batches(SimpleQueue()),
        "iterator": itertools.count(),
        "loader": loader,
        "makes a loader": lambda: made,
        "class": Loader,
        "iterable": Iterable(),
        "folder": ROOT / "sample_data/arrays",
    }
    race = wb.race(entrants, rounds=5, seconds=0.5)
    assert race.rounds == 5
    assert race.in_blocks
    assert loader.asked[:6] == [0, 1, 2, 0, 1, 2], "in turn, and again"
    assert made.asked[:6] == [0, 1, 2, 0, 1, 2], "its work is timed, not its making"
    assert [log.get() for _ in range(6)] == [0, 1, 2, 0, 1, 2], "epoch after epoch"


class Ahead:
    """Batches made ahead by a thread, which sleeps for each and fills a queue."""

    def __init__(self, seconds, batch=0):
        self.queue, self.seconds, self.batch = queue.Queue(8), seconds, batch
        threading.Thread(target=self.fill, args=[weakref.ref(self)], daemon=True).start()

    @staticmethod
    def fill(owner):
        """Until nobody has the batches any more."""
        while (this := owner()) is not None:
            seconds, batches, batch = this.seconds, this.queue, this.batch
            del this
            time.sleep(seconds)
            with suppress(queue.Full):
                batches.put(batch, timeout=1)

    def __iter__(self):
        return self

    def __next__(self):
        return self.queue.get()


def pooled(seconds):
    with ThreadPoolExecutor(2) as pool:
        yield from pool.map(lambda _: time.sleep(2 * seconds), range(200))


class Prefetches(Loader):
    """A PyDataset may make the batches that follow while it is not asked for one."""

    def __init__(self, seconds):
        super().__init__()
        self.batches = Ahead(seconds)

    def __getitem__(self, index):
        return next(self.batches)


def prefetched(seconds):
    import tensorflow as tf

    slow = partial(tf.numpy_function, lambda _: (time.sleep(seconds), np.float32(0))[1])
    numbers = tf.data.Dataset.range(10_000).map(lambda i: slow([i], tf.float32))
    return numbers.prefetch(8)


@pytest.mark.parametrize(
    "way",
    [
        Ahead,
        pooled,
        Prefetches,
        prefetched,
        lambda seconds: partial(pooled, seconds),
        lambda seconds: partial(Ahead, seconds),
        lambda seconds: partial(next, Ahead(seconds)),
    ],
    ids=["iterator", "generator", "indexed", "tf.data", "generators", "iterators", "function"],
)
def test_batches_that_are_made_ahead_do_not_count(way):
    for _ in range(5):  # a median holds unless the machine is busy for most of a race
        race = wb.race({"slow": way(0.02), "fast": way(0.004)}, seconds=0.4)
        found = race.times_as_fast("fast").median
        if 4 < found < 6:
            break
    assert 4 < found < 6
    assert race.in_blocks
    assert "made ahead" in str(race)


def test_batches_in_bursts_count_from_one_wait_to_another(clock):
    naps = itertools.cycle((0, 0, 0, 0.04))  # four workers

    def stored_then_bursts():
        time.sleep(next(naps) if next(ready) >= 9 else 0)

    ready = itertools.count()
    assert alternate.seconds_in_block(stored_then_bursts, 0.1) == pytest.approx(0.01)


def test_a_generator_that_works_elsewhere_ends_before_the_next_entrant():
    open_ones = []

    def waits():
        open_ones.append(1)
        assert len(open_ones) == 1
        try:
            while True:
                time.sleep(0.01)
                yield 0
        finally:
            open_ones.pop()

    race = wb.race({"one": waits, "another": waits}, seconds=0)
    assert race.rounds == 5


def test_a_loader_and_the_global_random_state_stay_as_they_were():
    class Changing(Loader):
        def __getitem__(self, index):
            self.count = 2
            np.random.random()

    loader = Changing()
    state = np.random.get_state()[1].copy()
    wb.race({"changing": loader}, rounds=5)
    assert loader.count == 3
    np.testing.assert_array_equal(np.random.get_state()[1], state)


def test_one_entrant_and_two_rooms_for_text():
    race = wb.race({"only": lambda: None}, rounds=5)
    assert "only" in str(race)
    assert str(race) == repr(race)
    assert str(race) == str(race.chart())


@pytest.mark.parametrize(
    ("entrants", "options", "error", "words"),
    [
        ({}, {}, ValueError, "entrants: expected names"),
        ([1], {}, ValueError, "entrants: expected names"),
        ({1: print}, {}, TypeError, "Received: 1"),
        ({"number": 7}, {}, TypeError, "expected a function without arguments.*Received: 7"),
        ({"ends": iter(range(3))}, {}, ValueError, "ended after 3 batches and cannot start again"),
        ({"none": Loader(0)}, {}, ValueError, "Loader has no batches"),
        ({"none": lambda: iter(())}, {}, ValueError, "no batches"),
        ({"gone": "no/such/folder"}, {}, FileNotFoundError, "no/such/folder"),
        ({"a": print}, {"rounds": 4}, ValueError, "rounds: expected at least 5. Received: 4"),
        ({"a": print}, {"batches_per_epoch": 0}, ValueError, "batches_per_epoch: .*Received: 0"),
    ],
)
def test_what_cannot_race_is_said(entrants, options, error, words):
    with pytest.raises(error, match=words):
        wb.race(entrants, **options)


def test_an_error_says_which_entrant_it_was():
    def broken():
        raise KeyError("image_id")

    with pytest.raises(KeyError) as raised:
        wb.race({"good": lambda: None, "broken one": broken})
    assert "'broken one'" in raised.value.__notes__[0]
    with pytest.raises(KeyError, match="no entrant 'c'; there are: a, b"):
        of(a=[1], b=[2])["c"]


def test_memory_is_what_a_turn_allocates():
    race = wb.race(
        {"large": lambda: np.ones(10**7, np.uint8), "small": lambda: None}, memory=True, rounds=5
    )
    assert race["large"].peak_bytes == pytest.approx(10**7, rel=0.01)
    assert race["small"].peak_bytes < 10**5
    assert "MB allocated" in str(race)
    assert not tracemalloc.is_tracing()


ANONYMOUS = """
import os
import sys
import numpy as np
from pathlib import Path
from workbench.article import entrants
from workbench.measure import alternate

def anonymous():
    lines = Path("/proc/self/status").read_text().splitlines()
    return 1024 * int(next(l for l in lines if l.startswith("RssAnon")).split()[1])

small, large = sys.argv[1:]
for name, read in entrants.READERS.items():
    if os.fork():  # each in a process of its own
        os.wait()
        continue
    next(read(small, 32))  # what the first of its kind takes
    before = anonymous()
    reader = read(large, 32)
    batch = next(reader)
    print(name, anonymous() - before, sep="=", flush=True)
    os._exit(0)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_memory_agrees_with_what_the_system_says_of_a_process_of_its_own():
    x = entrants.made([(64, 64, 3)], samples=4096)["64×64×3 uint8"]  # 50 MB
    with entrants.npy_folder(x) as folder, entrants.npy_folder(x[:64]) as small:
        done = subprocess.run(
            [sys.executable, "-c", ANONYMOUS, str(small), str(folder)],
            capture_output=True, text=True, timeout=100, check=True, cwd=ROOT,
        )  # fmt: skip
        race = wb.race(entrants.opening(folder), memory=True, seconds=0)
    taken = dict(line.split("=") for line in done.stdout.splitlines())
    assert taken.keys() == entrants.READERS.keys()
    for name, grown in taken.items():
        measured = race[name].peak_bytes
        assert int(grown) == pytest.approx(measured, abs=0.1 * x.nbytes), name


@pytest.fixture(scope="module")
def races():
    race = of(**{"first <b>": [10, 11, 12, 10, 9], HOSTILE: [5, 5, 6, 5, 5]})
    return Races({"case & <i>": race, "$\\frac{": race})


def test_names_are_escaped_in_tables(races):
    for shown in (races._repr_html_(), races["case & <i>"]._repr_html_()):
        assert "<script>" not in shown
        assert "<b>" not in shown
        assert "&lt;script&gt;" in shown
        assert "\x07" not in shown + str(races)


def test_charts_follow_the_theme_and_show_names_as_text(races):
    ids = []
    for chart in (races.chart(), races["$\\frac{"].chart()):
        root = ElementTree.fromstring(chart.svg)
        texts = [node.text for node in root.iter("{http://www.w3.org/2000/svg}text")]
        assert any("<script>alert('$x_1$')" in text for text in texts)
        assert "currentColor" in chart.svg
        assert "#0101" not in chart.svg, "every colour is the theme's"
        assert "#ffffff" not in chart.svg, "no background"
        assert "#000000" not in chart.svg
        assert root.get("role") == "img"
        assert HOSTILE[:10] in root.get("aria-label")
        ids += [node.get("id") for node in root.iter() if node.get("id")]
    assert len(ids) == len(set(ids)), "two charts on a page share no id"


def test_one_round_has_no_quartiles():
    assert "10.0 (one value)" in str(of(first=[10], second=[5]))


def test_without_matplotlib_the_table_is_there_and_the_chart_says_what_is_missing(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    assert "first" in str(of(first=[1]))
    with pytest.raises(ImportError, match=r"'matplotlib'.*generator-workbench\[lab\]"):
        of(first=[1]).chart()


def test_races_say_where_an_entrant_pays():
    fast, slow = of(a=[10] * 5, b=[5] * 5, c=[5] * 5), of(a=[10] * 5, b=[20] * 5, c=[2] * 5)
    races = wb.Races({"small": fast, "large": slow})
    assert "b against a: faster with small (2.00×); slower with large (0.500×)." in str(races)
    assert "c against a: faster in all cases (2.00× to 5.00×)." in str(races)


def test_races_need_one_first_entrant():
    with pytest.raises(ValueError, match=r"same first entrant\. Received: 'a', 'b'"):
        wb.Races({"one": of(a=[1]), "other": of(b=[1])})
    with pytest.raises(ValueError, match="none"):
        wb.Races({})


@pytest.mark.parametrize("shape", [(5,), (6, 4, 3)])
def test_the_ways_of_scaling_that_race_do_the_same(shape):
    x = entrants.made([shape], samples=40)[next(iter(entrants.made([shape], samples=1)))]
    first, *others = (next(entrant)[0] for entrant in entrants.scaling(x).values())
    for other in others:
        np.testing.assert_allclose(other, first, atol=1e-4)


def test_the_ways_of_reading_that_race_do_the_same():
    readers = entrants.reading(ROOT / "sample_data/arrays").values()
    (x, y), *others = (next(entrant) for entrant in readers)
    for images, labels in others:
        np.testing.assert_array_equal(images, x)
        np.testing.assert_array_equal(labels, y)
