"""What a loader holds or was given has its contents back after each call."""

from __future__ import annotations

import random
import threading
from collections import defaultdict, deque
from typing import ClassVar

import keras
import numpy as np
import pytest

import workbench as wb
from workbench.isolation import growth, held_parts
from workbench.isolation.capture_output import CapturedOutput, capture_output
from workbench.isolation.growth import KeepsGrowing
from workbench.isolation.held_state import HeldState

CALLS = {
    "profile_lines": lambda data: wb.profile_lines(data, seconds=0.05),
    "measure_rate": lambda data: wb.measure_rate(data, seconds=0.05),
    "advise": lambda data: wb.advise(data, seconds=0.05),
    "check_workers": lambda data: wb.check_workers(data, workers=1, use_multiprocessing=False),
    "find_repeats": lambda data: wb.find_repeats(data, workers=1, use_multiprocessing=False),
    "race": lambda data: wb.race({"it": data}, seconds=0.05, rounds=5),
}


class Wrapped:
    """Held by a loader; changes all that it holds in place."""

    __slots__ = ("entries", "position", "table")

    def __init__(self, table):
        self.position, self.table, self.entries = 0, table, {"a": [3, 1, 2]}

    def change(self):
        self.position += 1
        self.entries["a"].sort()
        self.entries["b"] = []
        self.table /= 2


class Changing(keras.utils.PyDataset):
    seen: ClassVar[deque] = deque([1, 2], maxlen=5)

    def __init__(self, paths, **keywords):
        super().__init__(**keywords)
        self.paths, self.wrapped = paths, Wrapped(np.arange(6.0))
        self.groups, self.names = defaultdict(list, x=[1]), {"first"}
        self.rng, self.random = np.random.default_rng(3), random.Random(4)
        self.old_rng, self.seeds = np.random.RandomState(5), keras.random.SeedGenerator(6)

    def __len__(self):
        return 4

    def __getitem__(self, index):
        self.wrapped.change()
        self.paths.append(self.paths.pop(0))
        self.groups[index].append(index)
        self.names.add(index)
        self.seen.append(index)
        self.seeds.next()
        draws = self.rng.random() + self.random.random() + self.old_rng.rand()
        return np.full((2, 3), draws), np.zeros(2)

    def state(self):
        return [
            *(self.paths[:], self.wrapped.position, self.wrapped.table.tolist()),
            *({k: v[:] for k, v in self.wrapped.entries.items()}, dict(self.groups)),
            *(set(self.names), list(self.seen), self.workers, self.rng.bit_generator.state),
            *(self.random.getstate(), self.old_rng.get_state()[1:3], self.seeds.state.numpy()),
        ]


@pytest.mark.parametrize("call", CALLS)
def test_all_that_a_loader_holds_has_its_contents_back(call):
    paths = [f"{n}.png" for n in range(5)]
    data = Changing(paths, workers=3)
    before = data.state()

    CALLS[call](data)

    for one, other in zip(data.state(), before, strict=True):
        np.testing.assert_equal(one, other)
    assert data.paths is paths


@pytest.mark.parametrize("call", CALLS)
def test_what_a_function_was_given_has_its_contents_back(call):
    files, weights, rng = list(range(9)), np.ones(4), np.random.default_rng(1)

    def batches(files, *, weights=weights):
        while True:
            rng.shuffle(files)
            weights[:] = rng.random(4)
            yield np.zeros((2, 3)), np.zeros(2)

    state = rng.bit_generator.state
    CALLS[call](lambda: batches(files)) if call == "race" else CALLS[call](batches(files))

    if call != "race":  # a function that makes batches for a race is not asked what it uses
        assert files == list(range(9))
        assert weights.tolist() == [1] * 4
    assert rng.bit_generator.state == state


class Writing:
    def __init__(self, x):
        self.x = x

    def __len__(self):
        return 4

    def __getitem__(self, index):
        self.x[index] += 1
        return np.zeros((2, 3)), np.zeros(2)


@pytest.mark.parametrize("call", CALLS)
def test_an_array_that_is_too_large_to_be_restored_is_named(call):
    data = Writing(np.zeros((4, held_parts.COPIED_BYTES // 8)))

    found = CALLS[call](data)

    sentence = "The loader writes into your array x, which is too large to be restored (4 MB)."
    assert str(found).splitlines()[-1] == sentence
    assert sentence in found.to_html()


class Keeping:
    def __init__(self, kept, size):
        self.kept, self.size = kept, size

    def __len__(self):
        return 10

    def __getitem__(self, index):
        self.kept.append(np.ones(self.size // 8))
        return np.zeros((2, 3)), np.zeros(2)


@pytest.mark.parametrize("call", [call for call in CALLS if call != "race"])
def test_what_a_loader_keeps_is_reported_per_batch_and_removed(call):
    kept = []

    last = str(CALLS[call](Keeping(kept, 80_000))).splitlines()[-1]

    assert kept == []
    assert last.startswith("The loader added ")
    assert last.endswith(": 80 kB per batch.")


@pytest.mark.parametrize("call", ["profile_lines", "measure_rate"])
def test_a_loader_that_would_fill_the_memory_is_stopped(call, monkeypatch):
    monkeypatch.setattr(growth, "LOOK_SECONDS", 0.0)
    monkeypatch.setattr(growth.psutil, "virtual_memory", lambda: Memory(available=200_000_000))
    kept = []
    long = {
        "profile_lines": lambda data: wb.profile_lines(data, seconds=30),
        "measure_rate": lambda data: wb.measure_rate(data, seconds=30),
    }

    text = str(long[call](Keeping(kept, 500_000)))

    assert "0.5 MB per batch" in text
    assert int(text.split("The loader added ")[1].split(maxsplit=1)[0]) < 80  # 20 % of the memory


class Memory:
    def __init__(self, available):
        self.available = available


def test_memory_that_is_kept_elsewhere_counts(monkeypatch):
    monkeypatch.setattr(growth, "LOOK_SECONDS", 0.0)
    sizes = iter(range(0, 10**9, 10**6))
    monkeypatch.setattr(growth, "_own_bytes", lambda: next(sizes))
    monkeypatch.setattr(growth.psutil, "virtual_memory", lambda: Memory(available=10**8))
    held = HeldState([])

    with pytest.raises(KeepsGrowing, match="per batch, not in a list or dict"):
        for _ in range(100):
            held.growth.check()


def test_an_object_of_a_library_is_left_alone():
    class Threads:
        def __init__(self):
            self.done, self.lines = threading.Event(), CapturedOutput()

        def __len__(self):
            return 3

        def __getitem__(self, index):
            self.done.set()
            return np.zeros((2, 3)), np.zeros(2)

    data = Threads()
    wb.profile_lines(data, seconds=0.05)
    assert data.done.is_set()


def test_another_thread_keeps_its_streams(capsys):
    captured, entered, done = CapturedOutput(), threading.Event(), threading.Event()

    def work():
        with capture_output(captured):
            entered.set()
            done.wait()
            print("from the loader")

    def bystander():
        print("from another thread")

    threads = [threading.Thread(target=each) for each in (work, bystander)]
    threads[0].start()
    entered.wait()
    threads[1].start()
    threads[1].join()
    done.set()
    threads[0].join()

    assert capsys.readouterr().out == "from another thread\n"
    assert str(captured) == "from the loader"
