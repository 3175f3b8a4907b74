"""An article's three fixes as entrants of races: its code before and after, and our methods.

What `notebooks/02_three_fixes_measured.ipynb` measures; `race` does the measuring.
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
from workbench.pipeline.normalize import Steps, cache_blocked
from workbench.pipeline.pipeline import Pipeline
from workbench.pipeline.sources.arrays import open_npy
from workbench.pipeline.sources.open_source import open_source
from workbench.settings import Augmentation, Batch, Methods, Settings
from workbench.settings.data import ArraysData, NpyData

Array = npt.NDArray[Any]
Entrants = dict[str, Any]

BATCH_SIZE = 32
SAMPLEWISE = Augmentation(samplewise_center=True, samplewise_std_normalization=True)
# How each step is done: as in the article's slow examples, in its fast ones, and by us.
WAYS = {
    "before": Methods(read="list", augment="keras_loop", normalize="loop"),
    "article": Methods(read="array", augment="keras_flow", normalize="vectorized"),
    "ours": Methods(read="memory_map", augment="opencv", normalize="cache_blocked"),
}


def made(
    shapes: Iterable[tuple[int, ...]], dtypes: Iterable[str] = ("uint8",), samples: int = 96
) -> dict[str, Array]:
    """Random samples from 0 to 255 by shape and type: here speed does not depend on the pixels.

    Returns:
        Arrays of shape (samples, *shape), by a name such as "64×64×3 uint8".
    """
    dice = np.random.default_rng(0)
    return {
        f"{_named(shape)} {dtype}": dice.integers(0, 256, (samples, *shape), np.uint8).astype(dtype)
        for shape, dtype in product(shapes, dtypes)
    }


@contextmanager
def npy_folder(images: Array) -> Iterator[Path]:
    """A temporary folder with these as `data.npy` and zeros as `labels.npy`."""
    with TemporaryDirectory(prefix="workbench-") as folder:
        np.save(Path(folder) / "data.npy", images)
        np.save(Path(folder) / "labels.npy", np.zeros(len(images), np.uint8))
        yield Path(folder)


def augmenting(images: Array) -> Entrants:
    """Example 1: batches of 32 images, shape (samples, height, width, channels)."""
    labels = np.zeros(len(images), np.uint8)
    return {
        "random_transform per sample": examples.augment_each_sample(images, labels, BATCH_SIZE),
        "flow per batch": examples.augment_with_flow(images, labels, BATCH_SIZE),
        "tensorflow_batch": _augmented(images, Methods(read="array", augment="tensorflow_batch")),
        "opencv": _augmented(images, Methods(read="array", augment="opencv")),
    }


def scaling(features: Array) -> Entrants:
    """Example 2: batches of 32 samples, shape (samples, features) or (samples, h, w, channels)."""
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
    """Example 3: batches of 32, once it is open."""
    return {name: read(folder, BATCH_SIZE) for name, read in READERS.items()}


def levels(folder: str | Path, epoch: Callable[[Dataset], Any]) -> dict[str, Entrants]:
    """Each fix alone, and all three: what they do to the step, to a batch and to an epoch.

    Before, article and ours differ in the fix that a case names; all else is as before.

    Args:
        folder: Has `data.npy` and `labels.npy`.
        epoch: Trains one on the data set that it is given.
    """
    cases: dict[str, Entrants] = {}
    for step in ("read", "augment", "normalize"):
        sets = {name: _dataset(folder, step, way) for name, way in WAYS.items()}
        cases[f"{step}: step"] = {name: _step(d, step) for name, d in sets.items()}
        cases |= _batch_and_epoch(step, sets, epoch)
    sets = {name: _dataset(folder, None, way) for name, way in WAYS.items()}
    return cases | _batch_and_epoch("all three", sets, epoch)


def scale_cache_blocked(features: Array, labels: Array, batch_size: int = 32) -> examples.Batches:
    """Example 2, ours: as many samples at a time as fit the cache; see `scale_in_a_loop`."""
    steps = Steps(SAMPLEWISE)
    while True:
        for start in range(0, len(features), batch_size):
            batch = features[start : start + batch_size].astype(np.float32)
            # A view: `cache_blocked` takes images, and a table's rows are one pixel high.
            cache_blocked(batch if batch.ndim == 4 else batch[:, None, :, None], steps)
            yield batch, labels[start : start + batch_size]


def read_from_appended(folder: str | Path, batch_size: int = 32) -> examples.Batches:
    """Example 3, before: samples appended to Python lists, then `read_from_lists`."""
    images: list[Array] = []
    labels: list[Array] = []
    for name, samples in (("data.npy", images), ("labels.npy", labels)):
        for sample in np.load(Path(folder) / name, mmap_mode="r"):
            samples.append(np.array(sample))  # what the example is about
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


def _named(shape: tuple[int, ...]) -> str:
    return "×".join(map(str, shape)) if len(shape) > 1 else f"{shape[0]:,} features"


def _first(read: Callable[..., examples.Batches], folder: str | Path) -> Any:
    return next(read(folder, BATCH_SIZE))


def _augmented(images: Array, methods: Methods) -> Dataset:
    """Batches in the samples' own order, as the article's generators have them."""
    settings = Settings.for_data(
        ArraysData(shape=images.shape, dtype=images.dtype.name),
        batch=Batch(size=BATCH_SIZE, shuffle=False),
        augmentation=Augmentation.model_validate(examples.AUGMENTATION),
        methods=methods,
    )
    return Dataset(Pipeline(settings, open_source(settings, images), subset=None))


def _dataset(folder: str | Path, step: str | None, way: Methods) -> Dataset:
    """As before but for one step, or for all."""
    chosen = way.model_dump() if step is None else {step: getattr(way, step)}
    settings = Settings.for_data(
        NpyData(path=str(folder)),
        batch=Batch(size=BATCH_SIZE),
        augmentation=SAMPLEWISE.model_copy(update=examples.AUGMENTATION),
        methods=WAYS["before"].model_copy(update=chosen),
    )
    return Dataset(Pipeline(settings, open_source(settings), subset=None))


def _batch_and_epoch(
    fix: str, sets: dict[str, Dataset], epoch: Callable[[Dataset], Any]
) -> dict[str, Entrants]:
    epochs: Entrants = {name: partial(epoch, dataset) for name, dataset in sets.items()}
    return {f"{fix}: batch": dict(sets), f"{fix}: epoch": epochs}


def _step(dataset: Dataset, step: str) -> Callable[[], Any]:
    """The step alone, on the first batch over and over."""
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
    # In place: what is scaled already takes as long to scale again.
    return partial(NORMALIZE[settings.methods.normalize], out, Steps(SAMPLEWISE))
