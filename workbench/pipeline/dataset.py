"""The `keras.utils.PyDataset` that `fit` trains on. Importing this imports Keras."""

from __future__ import annotations

from workbench.pipeline.epochs import EpochCounter, EpochDataset
from workbench.pipeline.pipeline import Pipeline
from workbench.pipeline.sources.open_source import Images


class Dataset(EpochDataset[EpochCounter]):
    """Batches of a `Pipeline`, with Keras's workers and a correct epoch count.

    Train with `model.fit(dataset, shuffle=False)`: the dataset shuffles itself from its seed, while
    Keras's own shuffling reorders batches by the global `random`.

    `epoch` is the pass over the data that `__getitem__` serves; `fit` trains 0 first. With
    `steps_per_epoch`, Keras continues in the data where it stopped, and `epoch` still counts passes
    over the data, not fit's epochs. `steps_per_epoch` must divide `len(dataset)`, or Keras drops
    batches ("ran out of data"). A pool of workers fetches ahead of training: set `epoch` yourself
    to resume such a run.

    Args:
        pipeline: What batches are made of.
    """

    def __init__(self, pipeline: Pipeline) -> None:
        first = EpochCounter(batches=len(pipeline))
        super().__init__(first, **pipeline.settings.feed.model_dump())
        self.pipeline = pipeline

    def __len__(self) -> int:
        return len(self.pipeline)

    def __getitem__(self, index: int) -> tuple[Images, ...]:
        return self.pipeline.batch(index, self._fetching(index).epoch)

    def batch(self, index: int, epoch: int) -> tuple[Images, ...]:
        """The batch at `index` of any epoch; see `Pipeline.batch`."""
        return self.pipeline.batch(index, epoch)
