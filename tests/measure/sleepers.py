"""Loaders that take a known time in known lines. Need no TensorFlow: see `test_pythons`."""

from __future__ import annotations

import functools
import time
import types

import numpy as np

from tests.measure import slow_helpers


def line_of(profile, function, text):
    """The first line of a function of a profile that has this text."""
    lines = next(f for f in profile.functions if f.name.endswith(function)).lines
    return next(line for line in lines if text in line.source)


class Sleeper:
    """Sleeps 20 ms in `__getitem__`: 4 in one helper, 12 in another, 4 in itself."""

    def __len__(self):
        return 7

    def __getitem__(self, index):
        time.sleep(0.004)
        self.read()
        return (augment(),)

    def read(self):
        time.sleep(0.004)


def augment():
    for _ in range(2):
        time.sleep(0.006)
    return np.zeros((8, 4, 4, 1), np.float32)


class Failing(Sleeper):
    def read(self):
        raise KeyError("image_id")


class Loader:
    def __len__(self):
        return 7


# The real line is one to five calls down.


class Base(Loader):
    def __getitem__(self, index):
        return (self._Base__load(index),)  # type: ignore[attr-defined]

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


# Functions whose own lines cannot be counted.


def loads(milliseconds):
    while True:
        time.sleep(0.002)
        load(milliseconds)
        yield milliseconds


class HoldsGenerators(Loader):
    """Two generators that are older than any profile: 2 ms of their own each, and 2 and 12 ms."""

    def __init__(self):
        self.quick, self.slow = loads(2), loads(12)

    def __getitem__(self, index):
        a = next(self.quick)
        b = next(self.slow)
        time.sleep(0.002)
        return (a, b)


class SharesGenerators(HoldsGenerators):
    """The same function also makes a generator in each batch, whose lines can be counted."""

    def __getitem__(self, index):
        a = next(self.quick)
        b = next(loads(12))
        time.sleep(0.002)
        return (a, b)


class MakesFromCode(Loader):
    """Makes its function from a code object, so that no other function leads to it."""

    def __init__(self):
        self.code = (lambda milliseconds: load(milliseconds) or 8).__code__

    def __getitem__(self, index):
        step = types.FunctionType(self.code, globals())
        step(8)
        time.sleep(0.002)
        return (index,)


class Steps:
    """A generator whose step is a lambda that another method made."""

    def prepare(self):
        self.step = lambda milliseconds: load(milliseconds) or 8
        return self

    def batches(self):
        while True:
            self.step(8)
            time.sleep(0.002)
            yield (1,)


class Uneven(Loader):
    """Two batches: 8 samples in 20 ms, 2 samples in 5 ms."""

    def __len__(self):
        return 2

    def __getitem__(self, index):
        time.sleep((0.020, 0.005)[index])
        return {"x": [np.zeros(((8, 2)[index], 3))]}
