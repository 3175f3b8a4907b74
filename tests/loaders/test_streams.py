"""Loaders of any shape, profiled; without Keras, so that `test_pythons` runs it on each Python."""

from __future__ import annotations

import linecache

import numpy as np
import pytest

import workbench as wb
from tests.loaders import loaders_zoo as zoo
from workbench.inputs import as_loader
from workbench.loaders.streams import ALREADY_STARTED

EACH = pytest.mark.parametrize("name", zoo.LOADERS)


@EACH
def test_the_hottest_line_is_the_slow_leaf(name, clock):
    profile = wb.profile_lines(zoo.LOADERS[name](), seconds=0.15)

    hottest = profile.hot[0]
    assert hottest.file == zoo.__file__
    assert hottest.source.rstrip().endswith("# SLOW")
    assert linecache.getline(hottest.file, hottest.line).rstrip().endswith("# SLOW")
    assert hottest.self_share == pytest.approx(
        6 / 7 if "PyDataset" in name or name == "class" else 1
    )
    assert profile.samples > 0
    shares = [line.self_share for f in profile.functions for line in f.lines]
    assert sum(shares) + sum(profile.outside.values()) == pytest.approx(1)


def test_a_generator_with_a_closure_and_all_kinds_of_arguments_is_made_again():
    offset = 7

    def batches(first, /, *rest, step=1, **more):
        yield np.full((2, 3), first + sum(rest) + step + sum(more.values()) + offset)

    loader = as_loader(batches(1, 10, step=100, more=1000))

    for _ in range(3):
        assert loader[0][0, 0] == 1 + 10 + 100 + 1000 + 7


def test_two_closures_of_one_function_are_told_apart():
    def make(offset):
        def batches():
            yield np.full((2, 3), offset)

        return batches

    kept = [make(1), make(2)]
    loaders = [as_loader(each()) for each in kept]

    assert [loader[0][0, 0] for loader in loaders] == [1, 2]


def test_a_generator_that_has_begun_goes_on_and_says_so(clock):
    generator = zoo.endless()
    next(generator)

    profile = wb.profile_lines(generator, seconds=0.05)

    assert ALREADY_STARTED in profile.notes
    assert "was already running" in str(profile)
    assert profile.hot[0].source.endswith("# SLOW")  # in a function that it calls


def test_one_that_ends_and_cannot_begin_anew_is_told():
    generator = zoo.finite()
    next(generator)

    with pytest.raises(ValueError, match="ended after 5 batches and cannot start again"):
        wb.profile_lines(generator, seconds=1)


def test_an_empty_one_is_told():
    with pytest.raises(ValueError, match="yielded no batches"):
        wb.profile_lines(iter(()))
    with pytest.raises(ValueError, match="yielded no batches"):
        wb.profile_lines(lambda: iter(()))


def test_a_pass_is_counted_and_the_next_begins_anew():
    loader = as_loader(zoo.Counting)

    given = [loader[0][0][0, 0, 0, 0] for _ in range(2 * zoo.EPOCH)]

    assert given == [*range(1, zoo.EPOCH + 1)] * 2
    assert loader.epoch_batches == zoo.EPOCH


@pytest.mark.parametrize("make", [lambda: zoo.finite, zoo.finite, lambda: map(zoo.pair, range(9))])
def test_a_generator_that_ends_tells_when_training_runs_out_of_data(make):
    try:
        shown = str(wb.profile_lines(make(), seconds=0.15))
    except ValueError as error:  # an iterator that cannot start again
        shown = str(error)

    count = 9 if "iterator" in shown else zoo.EPOCH
    assert f"training will run out of data after {count} batches" in " ".join(shown.split())


@pytest.mark.parametrize("make", [lambda: zoo.endless, zoo.Iterable, zoo.Direct])
def test_what_does_not_end_or_starts_again_in_fit_does_not_run_out(make):
    assert "run out of data" not in str(wb.profile_lines(make(), seconds=0.1))


def test_an_empty_batch_ends_an_object_without_length_that_slices_an_array():
    class Slices:
        def __getitem__(self, index):
            return zoo.BATCH[index * 2 : index * 2 + 2], zoo.LABELS[index * 2 : index * 2 + 2]

    loader = as_loader(Slices())

    given = [len(loader[index][0]) for index in range(5)]

    assert given == [2] * 5
    assert len(loader) == zoo.SIZE // 2


def test_an_object_without_length_is_counted_at_its_end():
    loader = as_loader(zoo.WithoutLength())

    given = [loader[index][0][0, 0, 0, 0] for index in range(zoo.EPOCH + 2)]

    assert given == [*range(zoo.EPOCH), 0, 1]
    assert len(loader) == zoo.EPOCH
