"""The images of a batch, as Keras's iterator reads and transforms them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from workbench.keras_iterators.keras_draws import Transform, as_draws
from workbench.pipeline.augment import opencv
from workbench.pipeline.augment.threads import LEAST_VALUES, over_images
from workbench.pipeline.images.decode import decode
from workbench.pipeline.images.file_bytes import UnreadableFileError
from workbench.pipeline.images.headers import read_header
from workbench.pipeline.sources.arrays import Images, Rows

# Of these, 8 bits a channel, OpenCV gives the pixels that Pillow gives Keras: the same, all of
# them. It turns others to gray a little differently, heeds EXIF, or keeps 16 bits.
ALIKE = {"rgb": ("RGB", "L"), "grayscale": ("L",), "rgba": ()}
FORMATS = ("PNG", "JPEG", "BMP")
# A transform that moves nothing; brightness comes later.
STILL = {
    **dict.fromkeys(("theta", "tx", "ty", "shear", "flip_horizontal", "flip_vertical"), 0),
    **{"zx": 1, "zy": 1, "channel_shift_intensity": None},
}


@dataclass(frozen=True)
class Files:
    """Image files, decoded for each batch.

    Attributes:
        paths: Of all samples.
        size: Height and width.
        color_mode: "rgb", "rgba" or "grayscale".
        interpolation: As Keras names it.
        keep_aspect_ratio: Whether to cut the middle out before resizing.
    """

    paths: list[str]
    size: tuple[int, int]
    color_mode: str
    interpolation: str
    keep_aspect_ratio: bool
    # Whether OpenCV gives a file's pixels: reading its header takes a fifth of decoding it.
    _known: dict[str, bool] = field(default_factory=dict, compare=False, repr=False)

    def read(self, rows: Rows) -> Images:
        """Images of these rows, shape (rows, height, width, channels)."""
        channels = {"rgb": 3, "rgba": 4, "grayscale": 1}[self.color_mode]
        # Keras keeps 16 bits of gray; colours have 8.
        dtype = np.float32 if channels == 1 else np.uint8
        images = np.empty((len(rows), *self.size, channels), dtype)

        def work(places: Iterator[int]) -> None:
            for place in places:
                images[place] = self._image(self.paths[rows[place]])

        # A small picture may come from a large file: always worth a thread.
        over_images(work, len(rows), LEAST_VALUES * len(rows))
        return images

    @property
    def nearest(self) -> bool:
        """Whether files are resized as OpenCV can do it to the pixel."""
        return self.interpolation == "nearest" and not self.keep_aspect_ratio

    def _image(self, path: str) -> Images:
        try:
            if self.nearest and self._alike(path):
                channels = 1 if self.color_mode == "grayscale" else 3
                return decode(path, self.size, channels, 8, "nearest")
        except UnreadableFileError:
            pass  # Pillow may read what OpenCV does not, or says that it cannot either
        return self._as_keras(path)

    def _alike(self, path: str) -> bool:
        if path not in self._known:
            self._known[path] = self._has_alike_header(path)
        return self._known[path]

    def _has_alike_header(self, path: str) -> bool:
        header = read_header(path)
        return (
            header.mode in ALIKE[self.color_mode]
            and header.bits == 8
            and header.format in FORMATS
            and not header.turned
        )

    def _as_keras(self, path: str) -> Images:
        from keras.utils import img_to_array, load_img

        options = (self.color_mode, self.size, self.interpolation, self.keep_aspect_ratio)
        try:
            pixels: Images = img_to_array(load_img(path, *options), "channels_last", "float32")
        # Pillow's readers let through what broken bytes make them stumble over.
        except Exception as error:
            why = getattr(error, "strerror", None) or error
            raise UnreadableFileError(f"{path}: {why}") from error
        return pixels


@dataclass(frozen=True)
class Array:
    """Images in memory; `x` has the shape (samples, height, width, channels)."""

    x: Images

    def read(self, rows: Rows) -> Images:
        """Copies of these rows, float32."""
        return self.x[rows].astype(np.float32, copy=False)


@dataclass(frozen=True)
class Changes:
    """What an ImageDataGenerator does to images, given the draws.

    Attributes:
        generator: The ImageDataGenerator; its own code standardizes.
        warps: Whether our warp gives the pixels of its `apply_transform`; else that is called.
        threads: Whether several may run it: not what users wrote, which Keras ran on one.
    """

    generator: Any
    warps: bool
    threads: bool

    def apply(self, images: Images, transforms: list[Transform], batch: Images) -> None:
        """Transform and standardize images into `batch`.

        Args:
            images: Shape (samples, height, width, channels); left as they are.
            transforms: What each sample's `get_random_transform` returned.
            batch: Filled; of the generator's own type and layout.
        """
        first = self.generator.data_format == "channels_first"
        # A large batch in memory once rather than twice: its fresh pages take as long as its warp.
        own = first or batch.dtype != np.float32
        warped = np.empty(images.shape, np.float32) if own else batch
        self._warp(images, transforms, warped)
        warped = np.moveaxis(warped, 3, 1) if first else warped

        def work(places: Iterator[int]) -> None:
            for place in places:
                image = warped[place]
                done = self._finished(image, transforms[place])
                if own or done is not image:
                    batch[place] = done

        if self.threads:
            over_images(work, len(images), images.size)
        else:
            work(iter(range(len(images))))

    def _warp(self, images: Images, transforms: list[Transform], out: Images) -> None:
        if not self.warps or all(STILL.items() <= each.items() for each in transforms):
            out[...] = images
            return
        g = self.generator
        opencv.augment(images, as_draws(transforms), fill_mode=g.fill_mode, cval=g.cval, out=out)

    def _finished(self, image: Images, transform: Transform) -> Any:
        done: Any = image
        if not self.warps:
            done = self.generator.apply_transform(image, transform)
        elif transform["brightness"] is not None:
            # Through 8 bits, whatever the scale: what Keras's code makes of it is kept.
            done = self.generator.apply_transform(image, {"brightness": transform["brightness"]})
        return self.generator.standardize(done)
