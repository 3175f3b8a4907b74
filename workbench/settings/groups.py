"""Groups of settings that the panel's sliders edit: one field, one control.

The panel's controls, validation and the JSON Schema are all derived from each field's metadata
(range, unit, label, help).
"""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, Strict, model_validator

from workbench.settings.data import ReadMethod
from workbench.settings.fields import Group, Pair, knob

AugmentMethod = Literal[
    "none",
    "keras_loop",
    "keras_flow",
    "keras_layers",
    "numpy_batch",
    "tensorflow_batch",
    "opencv",
]
NormalizeMethod = Literal["loop", "vectorized", "cache_blocked"]


class Batch(Group):
    """Size, order and dtype of batches."""

    size: int = knob(
        32,
        "Batch size",
        "Number of samples per batch.",
        name="batch_size",
        slider=(1, 256, 1),
        ge=1,
    )
    shuffle: bool = knob(True, "Shuffle", "Draw a new order of the samples for each epoch.")
    seed: int = knob(
        0,
        "Seed",
        "Determines the order of the samples and the augmentation of each.",
        slider=(0, 100, 1),
        ge=0,
    )
    drop_remainder: bool = Field(
        False, description="Leave out the last batch of an epoch if it is smaller."
    )
    dtype: Literal["float32", "uint8", "uint16"] = knob(
        "float32",
        "Batch dtype",
        "Integers take a quarter or half of the bytes to transfer. Rescale in the model then.",
    )


class Augmentation(Group):
    """`ImageDataGenerator`'s parameters, with the same names, units and meanings."""

    rotation_range: float = knob(
        0,
        "Rotation ±°",
        "Rotate each image by up to this many degrees.",
        slider=(0, 180, 1),
        ge=0,
        le=180,
    )
    width_shift_range: float | int = knob(
        0.0,
        "Width shift ±",
        "Below 1: a fraction of the width. Otherwise pixels; a whole number draws whole pixels.",
        slider=(0, 0.5, 0.01),
        ge=0,
    )
    height_shift_range: float | int = knob(
        0.0,
        "Height shift ±",
        "Below 1: a fraction of the height. Otherwise pixels; a whole number draws whole pixels.",
        slider=(0, 0.5, 0.01),
        ge=0,
    )
    shear_range: float = knob(
        0.0,
        "Shear ±°",
        "Shear each image by up to this angle. In degrees as in Keras: 0.2 is hardly visible.",
        slider=(0, 45, 0.2),
        ge=0,
        lt=90,
    )
    zoom_range: float | Pair = knob(
        0.0,
        "Zoom ×",
        "0.2 draws factors from 0.8 to 1.2, separately for height and width. Below 1 enlarges.",
        slider=(0.5, 1.5, 0.05),
    )
    brightness_range: Pair | None = knob(
        None,
        "Brightness ×",
        "Multiply pixels by a factor from this range. keras_loop and keras_flow convert to 8 bits "
        "for this, as Keras does.",
        slider=(0.2, 2, 0.05),
    )
    channel_shift_range: float = knob(
        0.0,
        "Channel shift ±",
        "Add up to this value to all channels, clipped to the image's range. On the source's "
        "scale.",
        slider=(0, 100, 1),
        ge=0,
    )
    horizontal_flip: bool = knob(False, "Horizontal flip", "Mirror half of the images.")
    vertical_flip: bool = knob(False, "Vertical flip", "Flip half of the images upside down.")
    fill_mode: Literal["nearest", "constant", "reflect", "wrap"] = knob(
        "nearest", "Fill mode", "How to fill pixels from outside the image."
    )
    cval: float = knob(
        0.0,
        "Fill value",
        "Pixel value for fill mode constant.",
        slider=(0, 255, 1),
    )
    rescale: float | None = knob(
        None, "Rescale ×", "Multiply every pixel, after augmentation (1/255 gives 0..1)."
    )
    samplewise_center: bool = knob(False, "Center each sample", "Subtract each image's own mean.")
    samplewise_std_normalization: bool = knob(
        False,
        "Scale each sample",
        "Divide each image by its own standard deviation (plus 1e-6).",
        name="samplewise_std",
    )
    featurewise_center: bool = knob(
        False,
        "Subtract dataset mean",
        "Subtract each channel's mean over the training images.",
    )
    featurewise_std_normalization: bool = knob(
        False,
        "Divide by dataset std",
        "Divide each channel by its standard deviation over the training images (plus 1e-6).",
        name="featurewise_std",
    )

    @model_validator(mode="after")
    def _ranges_are_ordered(self) -> Self:
        low, high = self.zoom_bounds
        if not 0 < low <= high:
            raise ValueError(
                "zoom_range: expected a number from 0 to below 1, or a pair "
                f"0 < lower <= upper. Received: {self.zoom_range}"
            )
        if self.brightness_range and not 0 <= self.brightness_range[0] <= self.brightness_range[1]:
            raise ValueError(
                "brightness_range: expected a pair 0 <= lower <= upper. "
                f"Received: {self.brightness_range}"
            )
        return self

    @property
    def needs_statistics(self) -> bool:
        """Whether the mean or standard deviation of the training images is used."""
        return self.featurewise_center or self.featurewise_std_normalization

    @property
    def zoom_bounds(self) -> tuple[float, float]:
        """`zoom_range` as the pair (lower, upper), as Keras reads it."""
        if isinstance(self.zoom_range, tuple):
            return self.zoom_range
        return 1 - self.zoom_range, 1 + self.zoom_range


class Methods(Group):
    """How to do each step. Affects speed only: pixels agree within 1 grey level, except with
    `OTHER_PICTURES` and `copies`.
    """

    read: ReadMethod = knob(
        "files",
        "Read method",
        "files decodes images for each batch; files_in_memory keeps decoded images (height × width "
        "× channels bytes each, twice that for 16 bits); memory_map maps data.npy; array loads it "
        "into memory; list makes each batch from a Python list of samples.",
        name="read_method",
        trains=False,
    )
    augment: AugmentMethod = knob(
        "opencv",
        "Augment method",
        "keras_loop calls Keras's random_transform for each sample, keras_flow its flow for each "
        "batch; opencv and tensorflow_batch combine all geometry in one warp. tensorflow_batch and "
        "keras_layers do not run in worker processes. For comparison: numpy_batch, and "
        "keras_layers, whose pictures differ. none does not augment.",
        name="augment_method",
        trains=False,
    )
    normalize: NormalizeMethod = knob(
        "cache_blocked",
        "Normalize method",
        "One sample at a time, the whole batch at once, or as many samples as fit the cache.",
        name="normalize_method",
        trains=False,
    )
    copies: int = knob(
        0,
        "Pre-augmented copies",
        "0 augments anew in each epoch. Otherwise this many augmented copies of each sample are "
        "made once, kept (height × width × channels × 4 bytes each as float32) and used in turn: "
        "faster from then on, but the model sees no other variation.",
        slider=(0, 10, 1),
        ge=0,
        le=1000,
    )
    copies_in: Literal["memory", "disk"] = knob(
        "memory",
        "Store copies in",
        "On disk, copies take space in TMPDIR or /var/tmp while the dataset exists, and memory "
        "only while nothing else needs it. Spawned worker processes share only copies on disk.",
        trains=False,
    )


class Feed(Group):
    """How Keras runs the dataset: the arguments of `keras.utils.PyDataset`."""

    workers: int = knob(
        1,
        "Workers",
        "1 is one background thread. More make batches in parallel.",
        slider=(1, 16, 1),
        trains=False,
        ge=1,
    )
    use_multiprocessing: bool = knob(
        False,
        "Worker kind",
        "Threads share memory; processes send each batch through a pipe.",
        name="worker_kind",
        trains=False,
    )
    max_queue_size: int = knob(
        10,
        "Max queue size",
        "Number of batches that may wait for training; at least the number of workers.",
        slider=(1, 64, 1),
        trains=False,
        ge=1,
    )


Numbers = Annotated[tuple[float, ...], Strict(False), Field(min_length=1)]


class Statistics(Group):
    """Statistics of the training images as they are read, one number per channel.

    `workbench.pipeline.statistics.fit` computes them, and JSON stores them with the settings.
    """

    mean: Numbers = Field(description="Mean of each channel, on the source's own scale.")
    std: Numbers = Field(description="Standard deviation of each channel.")
    n: int = Field(ge=1, description="Number of images.")
