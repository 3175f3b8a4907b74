"""Loaders of the shapes that people write, each with one slow line, marked SLOW, that is a leaf.

Written for these tests, after what public generators look like: most have no length and never end,
the slow line is one to five calls down, batches are tuples, lists or dicts. None draws from a
generator of its own that tests would have to seed.
"""

from __future__ import annotations

import functools
import time
from collections.abc import Iterator
from typing import Any

import numpy as np

try:
    from keras.utils import PyDataset
except ImportError:  # `test_pythons` runs without TensorFlow
    PyDataset = object

SIZE, EPOCH = 4, 6
BATCH = np.arange(SIZE * 8 * 8 * 3, dtype=np.float32).reshape(SIZE, 8, 8, 3)
LABELS = np.arange(SIZE) % 2


def wait() -> None:
    time.sleep(0.006)  # SLOW


def load(index: int) -> np.ndarray:
    wait()
    return BATCH + index


def pair(index: int) -> tuple[np.ndarray, np.ndarray]:
    return load(index), LABELS


class Direct(PyDataset):
    def __len__(self):
        return EPOCH

    def __getitem__(self, index):
        time.sleep(0.001)
        return load(index), LABELS


class Base(PyDataset):
    def __len__(self):
        return EPOCH

    def __getitem__(self, index):
        images = self._images(index)
        return {"image": images}, {"label": LABELS}

    def _images(self, index):
        return self._Base__read(index)

    def __read(self, index):
        return load(index)


class Inherited(Base):
    pass


class OldSequence:
    """Written for an old `Sequence`, by duck typing; gives lists."""

    def __init__(self) -> None:
        self.order = list(range(EPOCH))

    def __len__(self):
        return EPOCH

    def __getitem__(self, index):
        return [load(self.order[index]), LABELS]

    def on_epoch_end(self):
        np.random.shuffle(self.order)


class Wrapping(PyDataset):
    """Asks another data set for single samples."""

    def __init__(self, inner: Any) -> None:
        super().__init__()
        self.inner = inner

    def __len__(self):
        return EPOCH

    def __getitem__(self, index):
        x, y = zip(*(self.inner[index * SIZE + i] for i in range(SIZE)), strict=True)
        return np.stack(x), np.array(y)


class Samples:
    def __len__(self):
        return EPOCH * SIZE

    def __getitem__(self, index):
        time.sleep(0.002)  # SLOW
        return BATCH[index % SIZE], index % 2


class WithoutLength:
    def __getitem__(self, index):
        if index >= EPOCH:
            raise IndexError(index)
        return load(index), LABELS


def endless(size: int = SIZE) -> Iterator[Any]:
    while True:
        for index in range(EPOCH):
            yield load(index)[:size], LABELS[:size]


def finite(weights: bool = True) -> Iterator[Any]:
    for index in range(EPOCH):
        x = load(index)
        yield (x, LABELS, np.ones(SIZE)) if weights else (x, LABELS)


def in_the_body() -> Iterator[Any]:
    index = 0
    while True:
        time.sleep(0.006)  # SLOW
        index += 1
        yield BATCH + index, LABELS


def nested() -> Iterator[Any]:
    def images():
        for index in range(EPOCH):
            yield load(index)

    for x in images():
        yield x, LABELS


class Counting:
    """An iterator class that begins anew."""

    def __iter__(self):
        self.index = 0
        return self

    def __next__(self):
        if self.index >= EPOCH:
            raise StopIteration
        self.index += 1
        return load(self.index), LABELS


class Iterable:
    def __iter__(self):
        for index in range(EPOCH):
            yield load(index), LABELS


class Project:
    """Generators are often methods, with what they need on the object."""

    size = SIZE

    def batches(self, augment: bool = False) -> Iterator[Any]:
        while True:
            yield load(0)[: self.size], LABELS[: self.size]


def make_sequence(scale: float = 1.0) -> PyDataset:
    return Direct()


def make_generator(size: int = SIZE) -> Iterator[Any]:
    return endless(size)


class ReusedBuffer:
    def __init__(self) -> None:
        self.buffer = np.zeros((SIZE, 16, 16))

    def __len__(self):
        return EPOCH

    def __getitem__(self, index):
        wait()
        self.buffer[:] = index
        return self.buffer, LABELS


LOADERS = {
    "PyDataset": Direct,
    "dict of dicts, inherited": Inherited,
    "old Sequence, lists": OldSequence,
    "wraps a data set of samples": lambda: Wrapping(Samples()),
    "no __len__": WithoutLength,
    "re-used buffer": ReusedBuffer,
    "generator function, endless": lambda: endless,
    "generator function, finite, weights": lambda: finite,
    "generator function, slow in its body": lambda: in_the_body,
    "generator function with an inner generator": lambda: nested,
    "generator object": endless,
    "generator object, slow in its body": in_the_body,
    "partial": lambda: functools.partial(endless, size=2),
    "bound method": lambda: Project().batches,
    "iterator class": lambda: Counting,
    "iterator object": Counting,
    "iterable": Iterable,
    "map object": lambda: map(pair, range(10_000)),
    "class": lambda: Direct,
    "factory of a PyDataset": lambda: make_sequence,
    "factory of generators": lambda: make_generator,
}
