"""The article's three fixes as entrants for `race`: before, after, and with our methods.

`notebooks/02_three_fixes_measured.ipynb` races them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import numpy.typing as npt

from workbench.article import examples
from workbench.pipeline.augment import METHODS as AUGMENT
from workbench.pipeline.dataset import Dataset
from workbench.pipeline.normalize import METHODS as NORMALIZE
from workbench.pipeline.normalize import Normalization, cache_blocked
from workbench.pipeline.pipeline import Pipeline
from workbench.pipeline.sources.arrays import open_npy
from workbench.pipeline.sources.open_source import open_source
from workbench.settings import Augmentation, Batch, Methods, Settings
from workbench.settings.data import ArraysData, NpyData

Array = npt.NDArray[Any]
Entrants = dict[str, Any]

BATCH_SIZE = 32
SAMPLEWISE = Augmentation(samplewise_center=True, samplewise_std_normalization=True)
# The method of each step in the article's slow examples, in its fast ones, and ours.
METHOD_SETS = {
    "before": Methods(read="list", augment="keras_loop", normalize="loop"),
    "article": Methods(read="array", augment="keras_flow", normalize="vectorized"),
    "ours": Methods(read="memory_map", augment="opencv", normalize="cache_blocked"),
}


def made(
    shapes: Iterable[tuple[int, ...]], dtypes: Iterable[str] = ("uint8",), samples: int = 96
) -> dict[str, Array]:
    """Make random samples from 0 to 255 for each shape and dtype.

    Returns:
        Arrays of shape (samples, *shape), by names such as "64×64×3 uint8".
    """
    rng, arrays = np.random.default_rng(0), {}
    for shape, dtype in product(shapes, dtypes):
        values = rng.integers(0, 256, (samples, *shape), np.uint8)
        arrays[f"{_shape_name(shape)} {dtype}"] = values.astype(dtype)
    return arrays


@contextmanager
def npy_folder(images: Array) -> Iterator[Path]:
    """A temporary folder with these images as `data.npy` and zeros as `labels.npy`."""
    with TemporaryDirectory(prefix="workbench-") as folder:
        np.save(Path(folder) / "data.npy", images)
        np.save(Path(folder) / "labels.npy", np.zeros(len(images), np.uint8))
        yield Path(folder)


def augmenting(images: Array) -> Entrants:
    """Example 1: augment batches of 32 images, shape (samples, height, width, channels)."""
    labels = np.zeros(len(images), np.uint8)
    return {
        "random_transform per sample": examples.augment_each_sample(images, labels, BATCH_SIZE),
        "flow per batch": examples.augment_with_flow(images, labels, BATCH_SIZE),
        "tensorflow_batch": _augmented(images, Methods(read="array", augment="tensorflow_batch")),
        "opencv": _augmented(images, Methods(read="array", augment="opencv")),
    }


def scaling(features: Array) -> Entrants:
    """Example 2: standardize batches of 32 samples, tables or images."""
    labels = np.zeros(len(features), np.uint8)
    return {
        "loop": examples.scale_in_a_loop(features, labels, BATCH_SIZE),
        "vectorized": examples.scale_vectorized(features, labels, BATCH_SIZE),
        "cache_blocked": scale_cache_blocked(features, labels, BATCH_SIZE),
    }


def opening(folder: str | Path) -> Entrants:
    """Example 3: open `data.npy` and `labels.npy` and read the first batch of 32."""
    return {name: partial(_first, read, folder) for name, read in READERS.items()}


def reading(folder: str | Path) -> Entrants:
    """Example 3: read batches of 32, after opening."""
    return {name: read(folder, BATCH_SIZE) for name, read in READERS.items()}


def levels(folder: str | Path, epoch: Callable[[Dataset], Any]) -> dict[str, Entrants]:
    """Each fix alone, and all three together, timed for the step, a batch and an epoch.

    Within a case, the entrants differ only in the fix that the case names.

    Args:
        folder: Folder with `data.npy` and `labels.npy`.
        epoch: Trains an epoch on the dataset that it is given.
    """
    cases: dict[str, Entrants] = {}
    for step in ("read", "augment", "normalize"):
        sets = {name: _dataset(folder, step, methods) for name, methods in METHOD_SETS.items()}
        cases[f"{step}: step"] = {name: _step(d, step) for name, d in sets.items()}
        cases |= _batch_and_epoch(step, sets, epoch)
    sets = {name: _dataset(folder, None, methods) for name, methods in METHOD_SETS.items()}
    return cases | _batch_and_epoch("all three", sets, epoch)


def scale_cache_blocked(features: Array, labels: Array, batch_size: int = 32) -> examples.Batches:
    """Example 2, ours: as many samples at a time as fit the cache; see `scale_in_a_loop`."""
    normalization = Normalization(SAMPLEWISE)
    while True:
        for start in range(0, len(features), batch_size):
            batch = features[start : start + batch_size].astype(np.float32)
            # `cache_blocked` takes images, so a table's rows become images one pixel high.
            cache_blocked(batch if batch.ndim == 4 else batch[:, None, :, None], normalization)
            yield batch, labels[start : start + batch_size]


def read_from_appended(folder: str | Path, batch_size: int = 32) -> examples.Batches:
    """Example 3, before: samples appended to Python lists, then `read_from_lists`."""
    images: list[Array] = []
    labels: list[Array] = []
    for name, samples in (("data.npy", images), ("labels.npy", labels)):
        for sample in np.load(Path(folder) / name, mmap_mode="r"):
            samples.append(np.array(sample))  # the slow line of the example
    return examples.read_from_lists(images, labels, batch_size)


def read_from_map(folder: str | Path, batch_size: int = 32) -> examples.Batches:
    """Example 3, ours: rows of a memory map, copied batch by batch."""
    source = open_npy(Path(folder), "memory_map")
    while True:
        for start in range(0, len(source), batch_size):
            rows = np.arange(start, min(start + batch_size, len(source)))
            images, rows = source.read(rows)
            yield images, np.zeros(0) if source.labels is None else source.labels[rows]


READERS: dict[str, Callable[[str | Path, int], examples.Batches]] = {
    "Python lists": read_from_appended,
    "np.load": examples.read_from_npy,
    "memory map": read_from_map,
}


def _shape_name(shape: tuple[int, ...]) -> str:
    return "×".join(map(str, shape)) if len(shape) > 1 else f"{shape[0]:,} features"


def _first(read: Callable[..., examples.Batches], folder: str | Path) -> Any:
    return next(read(folder, BATCH_SIZE))


def _augmented(images: Array, methods: Methods) -> Dataset:
    """Batches in the order of the samples, as from the article's generators."""
    settings = Settings.for_data(
        ArraysData(shape=images.shape, dtype=images.dtype.name),
        batch=Batch(size=BATCH_SIZE, shuffle=False),
        augmentation=Augmentation.model_validate(examples.AUGMENTATION),
        methods=methods,
    )
    return Dataset(Pipeline(settings, open_source(settings, images), subset=None))


def _dataset(folder: str | Path, step: str | None, methods: Methods) -> Dataset:
    """A dataset with the slow methods, except for one step or (`None`) all."""
    chosen = methods.model_dump() if step is None else {step: getattr(methods, step)}
    settings = Settings.for_data(
        NpyData(path=str(folder)),
        batch=Batch(size=BATCH_SIZE),
        augmentation=SAMPLEWISE.model_copy(update=examples.AUGMENTATION),
        methods=METHOD_SETS["before"].model_copy(update=chosen),
    )
    return Dataset(Pipeline(settings, open_source(settings), subset=None))


def _batch_and_epoch(
    fix: str, sets: dict[str, Dataset], epoch: Callable[[Dataset], Any]
) -> dict[str, Entrants]:
    epochs: Entrants = {name: partial(epoch, dataset) for name, dataset in sets.items()}
    return {f"{fix}: batch": dict(sets), f"{fix}: epoch": epochs}


def _step(dataset: Dataset, step: str) -> Callable[[], Any]:
    """The step alone, repeated on the first batch."""
    pipeline = dataset.pipeline
    settings, rows = pipeline.settings, pipeline.order(0)[:BATCH_SIZE]
    if step == "read":
        return lambda: pipeline.source.read(rows)
    images, _ = pipeline.source.read(rows)
    out = images.astype(np.float32)
    if step == "augment":
        augment, draws = AUGMENT[settings.methods.augment], pipeline.draws(rows, 0)
        fill = settings.augmentation.fill_mode
        return lambda: augment(images, draws, fill_mode=fill, cval=0.0, out=out)
    # In place: scaling again takes as long.
    return partial(NORMALIZE[settings.methods.normalize], out, Normalization(SAMPLEWISE))
