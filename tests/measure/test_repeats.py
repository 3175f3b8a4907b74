"""Draws that workers or epochs repeat: all known cases are found, and nothing else is."""

from __future__ import annotations

import os
import random

import keras
import numpy as np
import pytest

import workbench as wb
from tests.conftest import array_settings
from workbench.measure.workers.compare_draws import Judged
from workbench.measure.workers.same_batch import WorkerBatch
from workbench.pipeline.dataset import Dataset
from workbench.pipeline.pipeline import Pipeline
from workbench.pipeline.sources.open_source import ArraySource
from workbench.settings import Augmentation, Batch, Feed


class Loader(keras.utils.PyDataset):
    """Eight samples in a batch; a draw is what is added to each."""

    def __len__(self):
        return 5

    def __getitem__(self, index):
        images = np.full((8, 3, 3, 1), float(index))
        return images + np.reshape(self.draw(index), (-1, 1, 1, 1)), np.arange(8)

    def draw(self, index):
        return 0


class GlobalNumpy(Loader):
    def draw(self, index):
        return np.random.uniform(-1, 1, 8)


class HeldNumpy(Loader):
    def __init__(self):
        super().__init__()
        self.rng = np.random.default_rng(3)

    def draw(self, index):
        return self.rng.uniform(-1, 1, 8)


class StandardLibrary(Loader):
    def draw(self, index):
        return [random.random() for _ in range(8)]


class Mended(Loader):
    """What the advice says."""

    epoch = 0

    def draw(self, index):
        return np.random.default_rng([7, self.epoch, index]).uniform(-1, 1, 8)

    def on_epoch_end(self):
        self.epoch += 1


class Shuffled(GlobalNumpy):
    """As most are written: another order of samples each epoch, so images hide the draws."""

    def __init__(self):
        super().__init__()
        self.order = np.arange(40)

    def __getitem__(self, index):
        images, labels = super().__getitem__(index)
        rows = self.order[8 * index : 8 * index + 8]
        return images + 100 * rows[:, None, None, None], labels

    def on_epoch_end(self):
        self.order = np.random.permutation(40)


def ours(**feed):
    x = np.arange(64 * 64, dtype=np.uint8).reshape(16, 16, 16, 1)
    groups = {"augmentation": Augmentation(rotation_range=20), "feed": Feed(**feed)}
    settings = array_settings(x, batch=Batch(size=8), **groups)
    return Dataset(Pipeline(settings, ArraySource(x, None), subset=None))


@pytest.fixture(autouse=True)
def random_states_stay():
    """Those of this process are afterwards what they were."""
    before = np.random.get_state()[1].copy(), np.random.get_state()[2], random.getstate()
    yield
    np.testing.assert_array_equal(np.random.get_state()[1], before[0])
    assert (np.random.get_state()[2], random.getstate()) == before[1:]


@pytest.mark.parametrize("make", [GlobalNumpy, HeldNumpy])
def test_forked_workers_repeat_numpy_draws_and_so_do_epochs(make):
    repeats = wb.find_repeats(make())
    assert repeats.nature == "random"
    assert (repeats.batches, repeats.distinct_batches) == (16, 2)
    assert (repeats.drawn, repeats.distinct) == (128, 16)
    assert repeats.across_epochs == 8
    assert len(repeats.found) == 2
    assert "workers repeat each other: 4 workers, 1 distinct" in repeats.found[0]
    assert repeats.found[1] == "Epoch 2 repeats epoch 1."
    assert "np.random.default_rng([seed, self.epoch, index])" in repeats.advice[0]
    assert "use_multiprocessing=False" in str(repeats)
    assert repeats.to_dict()["start_method"] == "fork"


def test_a_single_worker_process_repeats_the_epoch_only():
    repeats = wb.find_repeats(GlobalNumpy(), workers=1)
    assert repeats.found == ("Epoch 2 repeats epoch 1.",)


def test_images_that_differ_do_not_hide_equal_draws():
    repeats = wb.find_repeats(Shuffled())
    assert "workers repeat each other" in repeats.found[0]


def test_forked_workers_do_not_repeat_the_standard_library():
    repeats = wb.find_repeats(StandardLibrary())
    assert not repeats.found + repeats.advice
    assert (repeats.batches, repeats.distinct_batches) == (16, 16)
    assert (repeats.drawn, repeats.distinct) == (128, 128)
    assert str(repeats).startswith("No repeats.\n")


@pytest.mark.parametrize("workers", [1, 4])
@pytest.mark.parametrize("make", [GlobalNumpy, HeldNumpy, StandardLibrary])
def test_threads_repeat_nothing(make, workers):
    repeats = wb.find_repeats(make(), workers=workers, use_multiprocessing=False)
    assert not repeats.found
    assert repeats.distinct == repeats.drawn == 2 * 2 * 8 * workers
    assert (repeats.workers, repeats.across_epochs) == (workers, 0)


@pytest.mark.parametrize(("make", "found"), [(GlobalNumpy, 0), (HeldNumpy, 1), (ours, 0)])
def test_spawned_workers_repeat_only_what_is_sent_to_them(make, found, spawn):
    repeats = wb.find_repeats(make(), workers=2, epochs=1)
    assert repeats.start_method == "spawn"
    assert repeats.workers == 2
    assert len(repeats.found) == found
    assert repeats.distinct == (16 if found else 8 if make is ours else 32)


@pytest.mark.parametrize("make", [Mended, ours, lambda: ours(workers=4)])
@pytest.mark.parametrize(("workers", "processes"), [(4, True), (4, False), (1, True), (1, False)])
def test_batches_that_follow_from_epoch_and_index_pass(make, workers, processes):
    loader = make()
    repeats = wb.find_repeats(loader, workers=workers, use_multiprocessing=processes)
    assert repeats.nature == "by epoch"
    assert not repeats.found + repeats.advice
    assert repeats.distinct_batches == 2, "one each epoch, whichever worker makes it"
    assert loader.epoch == 0


def test_an_epoch_that_does_not_reach_the_workers_is_found():
    class Unreached(Mended):
        """Counts in __getitem__: in a process of its own, and never in this one."""

        def __getitem__(self, index):
            if index == len(self) - 1:
                self.epoch += 1
            return super().__getitem__(index)

        def on_epoch_end(self):
            pass

    assert wb.find_repeats(Unreached()).found == ("Epoch 2 repeats epoch 1.",)
    assert not wb.find_repeats(Unreached(), workers=1, use_multiprocessing=False).found


@pytest.mark.parametrize("processes", [True, False])
def test_a_loader_that_draws_nothing_is_told_apart(processes):
    repeats = wb.find_repeats(Loader(), use_multiprocessing=processes)
    assert repeats.nature == "fixed"
    assert not repeats.found
    assert repeats.distinct_batches == 1
    assert str(repeats).startswith("No repeats.\nNo randomness seen.")


def test_few_possible_draws_are_not_taken_for_repeats():
    """One image that is flipped or not: chance alone repeats half of the draws."""

    class Flips(Loader):
        def draw(self, index):
            return [random.random() < 0.5] + [0] * 7

    assert [wb.find_repeats(Flips()).found for _ in range(3)] == [()] * 3


def test_the_loader_is_left_as_it_was():
    loader = ours(workers=3, max_queue_size=5)
    before = dict(vars(loader))
    wb.find_repeats(loader, workers=2, use_multiprocessing=False)
    assert vars(loader) == before


def test_no_epochs_are_refused():
    with pytest.raises(ValueError, match="epochs=0"):
        wb.find_repeats(Loader(), epochs=0)


def albumentations_loader():
    albumentations = pytest.importorskip("albumentations")

    class Augmented(Loader):
        def __init__(self):
            super().__init__()
            brightness = albumentations.RandomBrightnessContrast(p=1)
            self.transform = albumentations.Compose([brightness], seed=1)

        def __getitem__(self, index):
            image = np.full((4, 4, 3), 100, np.uint8)
            return np.stack([self.transform(image=image)["image"] for _ in range(8)]), np.arange(8)

    return Augmented()


class HeldPython(Loader):
    def __init__(self):
        super().__init__()
        self.dice = random.Random(3)

    def draw(self, index):
        return [self.dice.random() for _ in range(8)]


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (GlobalNumpy, "default_rng([seed, self.epoch, index]), not from np.random"),
        (HeldNumpy, "default_rng([seed, self.epoch, index]), not from self.rng"),
        (HeldPython, "not from self.dice"),
        (albumentations_loader, "call self.transform.set_random_seed("),
    ],
)
def test_the_advice_names_the_generator_that_was_drawn_from(make, words):
    repeats = wb.find_repeats(make(), workers=2)
    assert str(repeats).startswith("Repeats.\n")
    assert len(repeats.advice) == 1
    assert words in repeats.advice[0]


class Half(Loader):
    """One draw of each sample is copied by a fork, the other is not."""

    def draw(self, index):
        copied = np.random.uniform(size=8)
        return [value + (random.random() < 0.5) * random.random() for value in copied]


def test_draws_that_repeat_in_part_are_found():
    repeats = wb.find_repeats(Half())
    assert repeats.verdict == "Repeats"
    assert "Workers repeat a part of each other's draws" in repeats.found[0]
    assert "Epochs repeat a part of each other's draws" in repeats.found[1]


def test_workers_that_disagree_although_nothing_is_random_are_the_verdict():
    class Process(Loader):
        """Different in each process, and always the same in one."""

        def draw(self, index):
            return os.getpid() % 1000

    repeats = wb.find_repeats(Process(), workers=2)
    assert str(repeats).startswith(
        "Workers give different batches for one index although nothing is random.\n"
    )
    assert not any("default_rng" in advice for advice in repeats.advice)


def batches_of(rows):
    """By epoch, round and worker: each sample is a number."""
    return [
        WorkerBatch(epoch, worker, tuple(bytes([sample]) for sample in samples))
        for epoch, rounds in enumerate(rows)
        for made in rounds
        for worker, samples in enumerate(made)
    ]


def test_few_possible_draws_are_judged_by_what_chance_repeats():
    coin = random.Random(5)
    by_chance = [[[[coin.random() < 0.5, 9] for _ in "abcd"] for _ in range(16)] for _ in "12"]
    judged = Judged.of(batches_of(by_chance), "random")
    assert (judged.found, judged.undecided) == ((), False)

    copied = [[[[coin.random() < 0.5, 9]] * 4 for _ in range(16)] for _ in "12"]
    assert "workers repeat each other" in Judged.of(batches_of(copied), "random").found[0]


def test_a_coincidence_in_few_rounds_is_undecided():
    assert Judged.of(batches_of([[[[1], [1]], [[2], [1]]]]), "random").undecided
