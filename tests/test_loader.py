"""`Loader`: what it asks of a user's object, and what it leaves alone."""

from __future__ import annotations

import copy

import keras
import numpy as np
import pytest

import workbench as wb
from workbench.inputs import as_loader
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


class InBatches(keras.utils.PyDataset):
    """Keras reads `num_batches`, which a class may define instead of `__len__`, or besides."""

    def __init__(self, number):
        super().__init__()
        self.number = number

    num_batches = property(lambda self: self.number)

    def __getitem__(self, index):
        return IMAGES[index * 2 : index * 2 + 2], LABELS[index * 2 : index * 2 + 2]


class InBothWays(InBatches):
    def __len__(self):
        return 99


ENTRY_POINTS = {
    "profile_lines": wb.profile_lines,
    "measure_rate": wb.measure_rate,
    "race": lambda data: wb.race({"a": data}),
    "check_workers": lambda data: wb.check_workers(data, workers=2),
    "find_repeats": wb.find_repeats,
    "advise": wb.advise,
}


@pytest.mark.parametrize("name", ENTRY_POINTS)
@pytest.mark.parametrize("make", [Sized, InBatches])
def test_a_length_that_is_no_integer_is_explained_everywhere(name, make):
    attribute = "__len__" if make is Sized else "num_batches"
    with pytest.raises(TypeError, match=rf"{make.__name__}.{attribute} returned 3\.0: return int"):
        ENTRY_POINTS[name](make(np.ceil(2.5)))


@pytest.mark.parametrize("length", [None, "5", [5]])
def test_other_invalid_lengths_are_shown(length):
    with pytest.raises(TypeError) as caught:
        len(Loader(Sized(length)))

    assert f"Sized.__len__ returned {length!r}" in str(caught.value)


def test_a_negative_length_is_refused():
    with pytest.raises(ValueError, match=r"Sized has no batches: its len\(\) is -1"):
        len(Loader(Sized(-1)))


@pytest.mark.parametrize("make", [InBatches, InBothWays])
def test_num_batches_is_the_length_where_keras_reads_it(make):
    loader = as_loader(make(2))

    assert len(loader) == loader.epoch_batches == 2
    assert loader.last_index == 1
    profile = wb.profile_lines(make(2), seconds=0.02)
    assert profile.samples == 2 * profile.batches
    assert wb.check_workers(make(2), workers=2, use_multiprocessing=False, seconds=4).rate
    assert wb.measure_rate(make(2), seconds=0.05).samples_per_second.median > 0


def test_data_without_an_end_has_no_number_of_batches():
    loader = as_loader(InBatches(None))

    assert loader.epoch_batches is None
    assert loader.last_index == 0


def test_batches_beyond_the_end_are_named_where_the_length_counts_samples():
    with pytest.raises(ValueError, match="Batch 2 of InBatches has no samples"):
        wb.measure_rate(InBatches(4), seconds=0.1)


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
