"""A loader that takes a known time in known lines. Needs no TensorFlow: see `test_pythons`."""

from __future__ import annotations

import time

import numpy as np


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
