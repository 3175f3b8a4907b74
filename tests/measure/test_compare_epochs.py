"""Samples and labels of two epochs: what a shuffle between them has done."""

from __future__ import annotations

import random

import keras
import numpy as np
import pytest

from workbench.inputs import as_loader
from workbench.measure.compare_epochs import compare_epochs


class Rows(keras.utils.PyDataset):
    def __init__(self):
        super().__init__()
        self.images = np.arange(40.0)[:, None]
        self.labels, self.order = np.arange(40) % 7, np.arange(40)

    def __len__(self):
        return 5

    def __getitem__(self, index):
        rows = self.order[8 * index : 8 * index + 8]
        return self.images[rows], self.labels[rows]


def without_labels(self):
    self.images = np.random.permutation(self.images)


def nothing(self):
    np.random.permutation(self.order)


def loses(self):
    self.images = self.images.copy()
    generator = random.Random(1)
    for last in range(39, 0, -1):  # as random.shuffle does, whose rows are views
        other = generator.randrange(last)
        self.images[last], self.images[other] = self.images[other], self.images[last]


def properly(self):
    self.order = np.random.permutation(40)


@pytest.mark.parametrize(
    ("shuffle", "words"),
    [
        (without_labels, "have another label in the next epoch"),
        (nothing, "the next epoch has the same order of samples"),
        (loses, "are missing in the next epoch; others occur twice"),
        (properly, ""),
    ],
)
def test_samples_and_labels_are_compared_across_epochs(shuffle, words):
    found = compare_epochs(as_loader(type("Shuffles", (Rows,), {"on_epoch_end": shuffle})()))
    assert [words in problem for problem, _ in found] == ([True] if words else [])


def test_the_order_of_labels_shows_a_shuffle_of_random_images_that_does_nothing():
    class Augmented(Rows):
        on_epoch_end = nothing

        def __getitem__(self, index):
            images, labels = super().__getitem__(index)
            return images + random.random(), labels

    assert "same order of labels" in compare_epochs(as_loader(Augmented()))[0][0]


def test_a_loader_that_is_not_to_shuffle_is_left_alone():
    class Off(Rows):
        shuffle = False
        on_epoch_end = nothing

    assert not compare_epochs(as_loader(Off()))
