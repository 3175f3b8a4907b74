"""Read and transform the images of a batch as Keras's iterator does."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from workbench.keras_iterators.keras_draws import Transform, as_draws
from workbench.pipeline.augment import opencv
from workbench.pipeline.augment.threads import MIN_VALUES_PER_THREAD, over_images
from workbench.pipeline.images.decode import decode
from workbench.pipeline.images.file_bytes import UnreadableFileError, check_regular
from workbench.pipeline.images.headers import read_header
from workbench.pipeline.sources.arrays import Images, Rows
from workbench.pipeline.sources.mapped_file import MappedFile

# Pillow's colour modes, with 8 bits per channel, that OpenCV decodes to exactly the pixels that
# Pillow gives Keras. Other files it converts to gray a little differently, turns, or keeps at 16
# bits.
SAME_PIXELS = {"rgb": ("RGB", "L"), "grayscale": ("L",), "rgba": ()}
FORMATS = ("PNG", "JPEG", "BMP")
# A transform that changes nothing; brightness is applied later.
IDENTITY = {
    **dict.fromkeys(("theta", "tx", "ty", "shear", "flip_horizontal", "flip_vertical"), 0),
    **{"zx": 1, "zy": 1, "channel_shift_intensity": None},
}


@dataclass(frozen=True)
class FileImages:
    """Image files, decoded for each batch.

    Attributes:
        paths: Paths of all samples.
        size: Height and width of the result, in pixels.
        color_mode: "rgb", "rgba" or "grayscale".
        interpolation: Keras's name of the interpolation.
        keep_aspect_ratio: Whether to crop the centre before resizing.
    """

    paths: list[str]
    size: tuple[int, int]
    color_mode: str
    interpolation: str
    keep_aspect_ratio: bool
    # By path. Reading a header takes a fifth of the time of decoding the file.
    _opencv_exact: dict[str, bool] = field(default_factory=dict, compare=False, repr=False)

    def read(self, rows: Rows) -> Images:
        """Images of these rows, shape (rows, height, width, channels)."""
        channels = {"rgb": 3, "rgba": 4, "grayscale": 1}[self.color_mode]
        # Keras keeps 16-bit gray; colours have 8 bits.
        dtype = np.float32 if channels == 1 else np.uint8
        images = np.empty((len(rows), *self.size, channels), dtype)

        def work(indices: Iterator[int]) -> None:
            for index in indices:
                images[index] = self._image(self.paths[rows[index]])

        # A small image may come from a large file, so each is worth a thread.
        over_images(work, len(rows), MIN_VALUES_PER_THREAD * len(rows))
        return images

    @property
    def nearest(self) -> bool:
        """Whether OpenCV can resize with the same pixels."""
        return self.interpolation == "nearest" and not self.keep_aspect_ratio

    def _image(self, path: str) -> Images:
        try:
            if self.nearest and self._opencv_can_decode(path):
                channels = 1 if self.color_mode == "grayscale" else 3
                return decode(path, self.size, channels, 8, "nearest")
        except UnreadableFileError:
            pass  # Pillow may be able to read it, or reports why not
        return self._load_with_keras(path)

    def _opencv_can_decode(self, path: str) -> bool:
        if path not in self._opencv_exact:
            header = read_header(path)
            self._opencv_exact[path] = (
                header.mode in SAME_PIXELS[self.color_mode]
                and header.bits == 8
                and header.format in FORMATS
                and not header.turned
            )
        return self._opencv_exact[path]

    def _load_with_keras(self, path: str) -> Images:
        from keras.utils import img_to_array, load_img

        check_regular(path)
        options = (self.color_mode, self.size, self.interpolation, self.keep_aspect_ratio)
        try:
            pixels: Images = img_to_array(load_img(path, *options), "channels_last", "float32")
        # Broken bytes make Pillow's readers raise exceptions of many types.
        except Exception as error:
            why = getattr(error, "strerror", None) or error
            raise UnreadableFileError(f"{path}: {why}") from error
        return pixels


@dataclass(frozen=True)
class ArrayImages:
    """Images in memory or mapped; `x` has the shape (samples, height, width, channels)."""

    x: Images
    mapped: tuple[MappedFile, ...] = ()

    def read(self, rows: Rows) -> Images:
        """Copies of these rows, float32."""
        for file in self.mapped:
            file.check()
        return self.x[rows].astype(np.float32, copy=False)


@dataclass(frozen=True)
class Transformer:
    """Transforms and standardizes images as an ImageDataGenerator does, given the draws.

    Attributes:
        generator: The ImageDataGenerator; its own code standardizes.
        warps: Whether our warp gives the pixels of its `apply_transform`, which is called if not.
        threads: Whether to use several threads. Not for users' own functions: Keras ran them on
            one.
    """

    generator: Any
    warps: bool
    threads: bool

    def apply(self, images: Images, transforms: list[Transform], batch: Images) -> None:
        """Transform and standardize images into `batch`.

        Args:
            images: Shape (samples, height, width, channels). Not changed.
            transforms: Result of `get_random_transform` for each sample.
            batch: Array to fill, in the generator's own dtype and layout.
        """
        channels_first = self.generator.data_format == "channels_first"
        # In place if possible: fresh memory for a large batch takes as long as its warp.
        copies = channels_first or batch.dtype != np.float32
        warped = np.empty(images.shape, np.float32) if copies else batch
        self._warp(images, transforms, warped)
        warped = np.moveaxis(warped, 3, 1) if channels_first else warped

        def work(indices: Iterator[int]) -> None:
            for index in indices:
                image = warped[index]
                standardized = self._standardized(image, transforms[index])
                if copies or standardized is not image:
                    batch[index] = standardized

        if self.threads:
            over_images(work, len(images), images.size)
        else:
            work(iter(range(len(images))))

    def _warp(self, images: Images, transforms: list[Transform], out: Images) -> None:
        if not self.warps or all(IDENTITY.items() <= each.items() for each in transforms):
            out[...] = images
            return
        g = self.generator
        opencv.augment(images, as_draws(transforms), fill_mode=g.fill_mode, cval=g.cval, out=out)

    def _standardized(self, image: Images, transform: Transform) -> Any:
        transformed: Any = image
        if not self.warps:
            transformed = self.generator.apply_transform(image, transform)
        elif transform["brightness"] is not None:
            # Keras converts to 8 bits, whatever the scale.
            brightness = {"brightness": transform["brightness"]}
            transformed = self.generator.apply_transform(image, brightness)
        return self.generator.standardize(transformed)
