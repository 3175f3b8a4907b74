"""Loaders with lines that are slow in ways that are known; each such line is marked with its kind.

Apart from the tests, because pytest rewrites functions of test modules.
"""

from __future__ import annotations

import io
import multiprocessing
import multiprocessing.dummy
import sys
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.pool import ThreadPool

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
        self.x = [Image.fromarray(smooth(450, 400, 3, n)) for n in range(SIZE)]

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
            Image.fromarray(smooth(300, 400, 3, n)).save(self.files[-1])

    def __getitem__(self, index):
        return np.stack([np.array(opened(file).convert("RGB")) for file in self.files])  # files


class Loads(Files):
    size = (64, 64)

    def __getitem__(self, index):
        out = []
        for file in self.files:
            out.append(img_to_array(load_img(file, target_size=self.size)))  # load_img
        return np.stack(out)


class Drawn(Files):
    """One file a batch, from a given order whose last file repeats forever."""

    order = (0,)

    def __getitem__(self, index):
        now, *later = self.order
        self.order = later or [now]
        file = self.files[now]
        return np.array(opened(file).convert("RGB"))[None]


class Scales(Loader):
    def __init__(self):
        self.x = np.stack([smooth(256, 256, 3, n) for n in range(SIZE)])

    def __getitem__(self, index):
        x = self.x
        return x / 255.0, np.zeros(SIZE)  # scale


class Lists(Loader):
    def __init__(self):
        self.x = [smooth(64, 64, 3, n).tolist() for n in range(2 * SIZE)]

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
        caller = sys._getframe(3).f_code  # beyond the `Loader` and its check
        if caller.co_name == "sites_of":
            raise RuntimeError("no more")
        return super().__getitem__(index)


def endless():
    """A generator whose own line is slow."""
    x = np.stack([smooth(96, 96, 3, n) for n in range(SIZE)])
    while True:
        yield np.stack([GENERATOR.random_transform(image) for image in x]), np.zeros(SIZE)  # yields


class Scaled(Loader):
    """Samples of any shape, float32."""

    def __init__(self, *shape, dtype=np.float32):
        self.x = np.random.default_rng(5).normal(100, 20, shape).astype(dtype)
        self.epsilon = 1e-3


class LoopScaled(Scaled):
    """As in an article on speeding up Keras generators."""

    def __getitem__(self, index):
        batch = self.x.copy()
        for i in range(len(batch)):  # loop
            batch[i] = (batch[i] - np.mean(batch[i])) / np.std(batch[i])
        return batch, np.zeros(len(batch))


class EnumerateScaled(Scaled):
    def __getitem__(self, index):
        out = np.empty(self.x.shape, self.x.dtype)
        for place, sample in enumerate(self.x):  # enumerate
            mean = sample.mean()
            centred = sample - mean
            out[place] = centred / (self.epsilon + centred.std())
        return out, np.zeros(len(out))


class ComprehensionScaled(Scaled):
    def __getitem__(self, index):
        x = self.x
        return np.array([(s - s.mean()) / (s.std() + 1e-7) for s in x]), 0  # comprehension


class Filled(Loader):
    """The batch of the most copied Keras generator, in float64."""

    def __init__(self, size=256):
        self.x = np.stack([smooth(size, size, 3, n) for n in range(SIZE)]) / np.float32(255)

    def __getitem__(self, index):
        X = np.empty((SIZE, *self.x.shape[1:]))  # empty
        y = np.empty((SIZE,), dtype=int)
        for i, image in enumerate(self.x):
            X[i,] = image
            y[i] = i
        return X, y


class DividesInPlace(Loader):
    def __init__(self):
        self.x = np.stack([smooth(256, 256, 3, n) for n in range(SIZE)])

    def __getitem__(self, index):
        batch, by = self.x.astype(float), 255.0
        batch /= by  # in place
        return batch, np.zeros(SIZE)


class Divides(DividesInPlace):
    def __getitem__(self, index):
        batch, by = self.x.astype(float), 255.0
        return batch / by, np.zeros(SIZE)  # double


class Affine(Loader):
    def __init__(self):
        self.x = [smooth(96, 96, 3, n).astype(np.float32) for n in range(SIZE)]

    def __getitem__(self, index):
        turn = tf.keras.preprocessing.image.apply_affine_transform
        out = []
        for n, image in enumerate(self.x):
            out.append(
                turn(image, 10 * n, zx=1.1, row_axis=0, col_axis=1, channel_axis=2)  # affine
            )
        return np.stack(out), np.zeros(SIZE)


class Held(Loader):
    """Image files held in memory, as from a database or an archive."""

    def __init__(self, suffix="PNG"):
        self.files = []
        for n in range(SIZE):
            file = io.BytesIO()
            Image.fromarray(smooth(300, 400, 3, n)).save(file, suffix)
            self.files.append(file.getvalue())

    def __getitem__(self, index):
        return np.stack(
            [np.array(opened(io.BytesIO(f)).convert("RGB")) for f in self.files]  # bytes
        )


class HeldApart(Held):
    """The same in several statements."""

    def __getitem__(self, index):
        out = []
        for data in self.files:
            picture = opened(io.BytesIO(data))
            rgb = picture.convert("RGB")  # convert
            out.append(np.asarray(rgb))
        return np.stack(out)


def iterator(channels, seed=3, **more):
    """An iterator of Keras's, as for images or for their masks."""
    x = np.stack([smooth(48, 64, channels, n) for n in range(2 * SIZE)]).astype(np.float32)
    return GENERATOR.flow(x, np.arange(2 * SIZE), batch_size=SIZE, seed=seed, **more)


def integers():
    """An iterator of a dtype that `wb.faster` refuses."""
    generator = tf.keras.preprocessing.image.ImageDataGenerator(dtype="uint8")
    return generator.flow(np.zeros((2 * SIZE, 8, 8, 3)), np.arange(2 * SIZE), batch_size=SIZE)


def zipped(images, masks):
    for (x, y), (mask, _) in zip(images, masks, strict=False):  # zipped
        yield x, mask, y


class Wrapped(Loader):
    def __init__(self):
        self.parts = {"images": iterator(3), "masks": iterator(1)}

    def __getitem__(self, index):
        mask, _ = self._part("masks", index)
        return self._part("images", index)[0], mask > 127

    def _part(self, name, index):
        return self.parts[name][index % 2]  # wrapped


def flows_anew():
    """An iterator made anew for each batch, which nothing can make fast once."""
    while True:
        yield next(iterator(3))


KEPT = []


class Pools(Loader):
    """Makes a pool of threads in each batch, in one of several ways."""

    threads = 3

    def __init__(self, name, random=False):
        self.make, self.random = getattr(self, name), random

    def __getitem__(self, index):
        self.x = np.zeros((SIZE, 4, 4))
        self.make()
        return self.x, np.zeros(SIZE)

    def fill(self, n):
        self.x[n] = np.random.rand() if self.random else n

    def assigned(self):
        pool = ThreadPool(self.threads)  # assigned
        pool.map(self.fill, range(SIZE))
        pool.close()
        pool.join()

    def closed(self):
        with ThreadPool(processes=self.threads) as pool:  # closed
            pool.map(self.fill, range(SIZE))

    def not_waited_for(self):
        pool = multiprocessing.dummy.Pool(3)  # not waited for
        for n in range(SIZE):
            pool.apply_async(self.fill, (n,))
        pool.close()
        pool.join()

    def executor(self):
        with ThreadPoolExecutor(self.threads) as pool:  # executor
            pool.map(self.fill, range(SIZE))

    def at_first(self):
        if not KEPT:
            KEPT.append(ThreadPool(self.threads))
        KEPT[0].map(self.fill, range(SIZE))

    def nested(self):
        with ThreadPool(1) as outer:
            outer.apply(self.closed)


def pools():
    while True:
        pool = ThreadPool(2)  # pools
        yield np.stack(pool.map(np.ones, [(4, 4)] * SIZE))
        pool.terminate()


def pool_of_all_batches():
    with ThreadPool(2) as pool:
        while True:
            yield np.stack(pool.map(np.ones, [(4, 4)] * SIZE))
