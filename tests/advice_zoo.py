"""Loaders with lines that are slow in ways that are known; each such line is marked with its kind.

Apart from the tests, because pytest rewrites functions of test modules.
"""

from __future__ import annotations

import sys

import numpy as np
import scipy.ndimage
import tensorflow as tf
from keras.utils import img_to_array, load_img
from PIL import Image
from PIL.Image import open as opened

SIZE = 6
GENERATOR = tf.keras.preprocessing.image.ImageDataGenerator(
    rotation_range=20, width_shift_range=0.2, zoom_range=0.2, horizontal_flip=True
)


def smooth(height, width, channels, seed=0):
    """A picture with shades and edges, uint8."""
    rng = np.random.default_rng(seed)
    small = rng.integers(0, 256, (height // 16 + 2, width // 16 + 2, channels)).astype(np.float32)
    big = scipy.ndimage.zoom(small, (16, 16, 1), order=1)[:height, :width]
    return np.clip(big, 0, 255).astype(np.uint8)


class Loader:
    def __len__(self):
        return 5


class Transforms(Loader):
    def __init__(self):
        self.x = np.stack([smooth(96, 96, 3, n) for n in range(SIZE)])

    def __getitem__(self, index):
        out = np.empty((SIZE, 96, 96, 3), np.float32)
        for place, image in enumerate(self.x):
            out[place] = self._augmented(image)
        return out, np.arange(SIZE)

    def _augmented(self, image):
        return GENERATOR.random_transform(image)  # transform


class Zooms(Loader):
    def __init__(self):
        self.x = [smooth(96, 80, 1, n).astype(np.float32) for n in range(SIZE)]

    def __getitem__(self, index):
        return np.stack([scipy.ndimage.zoom(x, (0.5, 0.5, 1), order=1) for x in self.x])  # zoom


class Pictures(Loader):
    """Resizes in a comprehension, within other calls, as an argument written over lines."""

    def __init__(self):
        self.x = [Image.fromarray(smooth(900, 800, 3, n)) for n in range(SIZE)]

    def __getitem__(self, index):
        return np.array(
            [
                np.asarray(
                    x.resize((64, 48), Image.Resampling.LANCZOS)  # picture
                )
                for x in self.x
            ]
        )


class Files(Loader):
    def __init__(self, folder, suffix):
        self.files = []
        for n in range(SIZE):
            self.files.append(str(folder / f"{n}{suffix}"))
            Image.fromarray(smooth(600, 800, 3, n)).save(self.files[-1])

    def __getitem__(self, index):
        return np.stack([np.array(opened(file).convert("RGB")) for file in self.files])  # files


class Loads(Files):
    size = (64, 64)

    def __getitem__(self, index):
        out = []
        for file in self.files:
            out.append(img_to_array(load_img(file, target_size=self.size)))  # load_img
        return np.stack(out)


class Random(Files):
    """Other files each time."""

    def __getitem__(self, index):
        files = np.random.permutation(self.files)[:1]
        return np.stack([np.array(opened(file).convert("RGB")) for file in files])


class Scales(Loader):
    def __init__(self):
        self.x = np.stack([smooth(256, 256, 3, n) for n in range(SIZE)])

    def __getitem__(self, index):
        x = self.x
        return x / 255.0, np.zeros(SIZE)  # scale


class Lists(Loader):
    def __init__(self):
        self.x = [smooth(160, 160, 3, n).tolist() for n in range(2 * SIZE)]

    def __getitem__(self, index):
        return np.array(self.x[index : index + SIZE]), np.zeros(SIZE)  # list


class FastAlready(Loader):
    """Nothing to say: OpenCV, and small lists."""

    def __init__(self):
        self.x = [smooth(512, 512, 3, n) for n in range(SIZE)]

    def __getitem__(self, index):
        import cv2

        small = [cv2.resize(x, (64, 64), interpolation=cv2.INTER_AREA) for x in self.x]
        return np.array(small), np.array([np.zeros(3), np.ones(3)])


class Fails(Transforms):
    """Fails in the batch in which its values are caught."""

    def __getitem__(self, index):
        caller = sys._getframe(1).f_code
        if caller.co_name == "sites_of":
            raise RuntimeError("no more")
        return super().__getitem__(index)


def endless():
    """A generator whose own line is slow."""
    x = np.stack([smooth(96, 96, 3, n) for n in range(SIZE)])
    while True:
        yield np.stack([GENERATOR.random_transform(image) for image in x]), np.zeros(SIZE)  # yields
