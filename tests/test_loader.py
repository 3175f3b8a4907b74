"""`Loader`: what it asks of a user's object, and what it leaves alone."""

from __future__ import annotations

import copy

import numpy as np
import pytest

import workbench as wb
from workbench.isolation.restore_state import instance_attributes
from workbench.loader import ENDLESS, Loader

IMAGES, LABELS = np.zeros((4, 8, 8, 3), np.float32), np.zeros(4)


class Batches:
    """The least that Keras needs."""

    def __len__(self):
        return 5

    def __getitem__(self, index):
        return IMAGES + index, LABELS


class Sized(Batches):
    def __init__(self, length):
        self.length = length

    def __len__(self):
        return self.length


def test_batches_come_by_index():
    loader = Loader(Batches())

    assert len(loader) == loader.epoch_batches == 5
    assert loader[3][0].max() == 3
    assert (loader.kind, loader.notes, loader.one_worker) == ("Batches", (), "")
    assert not loader.forward_only


@pytest.mark.parametrize(
    ("length", "error"), [(None, TypeError), ("5", TypeError), (2.0, TypeError), (-1, ValueError)]
)
def test_an_invalid_length_is_noted_with_the_class(length, error):
    with pytest.raises(error) as caught:
        len(Loader(Sized(length)))

    assert caught.value.__notes__ == [
        "len() of Sized failed: it must return the number of batches."
    ]


def test_an_object_without_batches_is_refused():
    with pytest.raises(ValueError, match=r"Sized has no batches: its len\(\) is 0"):
        len(Loader(Sized(0)))


def test_an_endless_length_is_no_number_of_batches():
    assert Loader(Sized(ENDLESS)).epoch_batches is None
    assert Loader(Sized(ENDLESS - 1)).epoch_batches == ENDLESS - 1


class Epochs(Batches):
    def __init__(self):
        self.calls = []

    def on_epoch_begin(self):
        self.calls.append("begin")

    def on_epoch_end(self):
        self.calls.append("end")


def test_epochs_begin_and_end_where_the_class_says_how():
    loader = Loader(Epochs())

    loader.begin_epoch()
    loader.end_epoch()

    assert loader.original.calls == ["begin", "end"]


class AnswersToAnything(Batches):
    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)

        def refuse(*_):
            pytest.fail(f"{name} was called")

        return refuse


class RaisesForAnything(Batches):
    def __getattr__(self, name):
        raise KeyError(name)


class NamedLikeOurs(Batches):
    """Has the attributes of a `Loader`, with other meanings."""

    def __init__(self):
        self.original, self.notes, self.kind = "scan.png", 3, None
        self.one_worker, self.forward_only, self.epoch_batches = "no", True, -1
        self.begin_anew = self.restart = self.begin_epoch = self.end_epoch = self._refuse

    def _refuse(self):
        pytest.fail("this method is the user's")


ODD = pytest.mark.parametrize("odd", [AnswersToAnything, RaisesForAnything, NamedLikeOurs])


@ODD
def test_epochs_of_an_object_without_such_methods_do_nothing(odd):
    loader = Loader(odd())

    loader.begin_epoch()
    loader.end_epoch()
    loader.restart()


@ODD
def test_odd_attributes_are_neither_used_nor_changed(odd):
    data = odd()
    before = copy.copy(instance_attributes(data))

    profile = wb.profile_lines(data, seconds=0.02)
    rate = wb.measure_rate(data, workers=2, seconds=0.05)

    assert profile.functions[0].name == "Batches.__getitem__"
    assert profile.notes == ()
    assert rate.samples_per_second.median > 0
    assert instance_attributes(data) == before
