"""Replay what Keras's iterator draws, without the global random state.

For each batch, Keras 3.15 seeds `np.random` with `seed + total_batches_seen` and then draws the
order of the samples if there is none yet, each sample's transform, and a number for each file that
`save_to_dir` writes. `on_epoch_end` shuffles with the state after the last batch. So everything
follows from the number of a call.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from types import FunctionType
from typing import Any

import numpy as np

from workbench.pipeline.draws import COLUMNS, Draws
from workbench.pipeline.sources.arrays import Rows

Transform = dict[str, Any]


@dataclass(frozen=True)
class Call:
    """One call of Keras's iterator for a batch.

    Attributes:
        number: Keras's `total_batches_seen` before the call.
        size: Samples in the batch.
        shuffles: Whether it draws the order of the samples first.
    """

    number: int
    size: int
    shuffles: bool = False


@dataclass(frozen=True, eq=False)
class Start:
    """Where a series of epochs starts.

    Attributes:
        number: Number of the first call.
        order: Samples in the order of the first epoch; None if its first call draws the order.
        epoch: Number of the first epoch.
    """

    number: int
    order: Rows | None
    epoch: int = 0


@dataclass(frozen=True, eq=False)
class Replay:
    """The draws of one iterator.

    Attributes:
        generator: The ImageDataGenerator.
        n: Number of samples.
        batch_size: Samples per batch; the last batch of an epoch may be smaller.
        shuffle: Whether each epoch has its own order.
        seed: The seed, as in Keras.
        shape: Shape of an image, as `get_random_transform` gets it.
        saves: Upper bound of the number that `save_to_dir` draws for each image; 0 if unused.
    """

    generator: Any
    n: int
    batch_size: int
    shuffle: bool
    seed: int
    shape: tuple[int, ...]
    saves: int

    def __len__(self) -> int:
        """Batches in an epoch."""
        return (self.n + self.batch_size - 1) // self.batch_size

    def part(self, index: int) -> slice:
        """Where in the order of an epoch the batch at `index` is."""
        return slice(index * self.batch_size, min(self.n, (index + 1) * self.batch_size))

    def call(self, start: Start, epoch: int, index: int) -> Call:
        """The call that gives this batch if all batches since `start` are fetched in order."""
        done = (epoch - start.epoch) * len(self) + index
        part = self.part(index)
        return Call(start.number + done, part.stop - part.start, done == 0 and start.order is None)

    def order(self, start: Start, epoch: int) -> Rows:
        """All samples in the order of this epoch."""
        if not self.shuffle:
            return np.arange(self.n)
        if epoch > start.epoch:
            return self.order_after(self.call(start, epoch - 1, len(self) - 1))
        return self.first_order(start.number) if start.order is None else start.order

    def first_order(self, number: int) -> Rows:
        """The order that a call with this number draws before its samples."""
        return self._shuffled(np.random.RandomState(self.seed + number))

    def transforms(self, call: Call) -> list[Transform]:
        """What `get_random_transform` returns for each sample of the batch."""
        return self._drawn(call)[0]

    def order_after(self, call: Call) -> Rows:
        """The order that `on_epoch_end` draws after this call."""
        return _order_after(self, call)

    def _drawn(self, call: Call) -> tuple[list[Transform], np.random.RandomState]:
        rng = np.random.RandomState(self.seed + call.number)
        if call.shuffles:
            self._shuffled(rng)
        draw = with_rng(type(self.generator).get_random_transform, rng)
        drawn = [draw(self.generator, self.shape) for _ in range(call.size)]
        if self.saves:
            for _ in range(call.size):
                rng.randint(self.saves)
        return drawn, rng

    def _shuffled(self, rng: np.random.RandomState) -> Rows:
        return rng.permutation(self.n) if self.shuffle else np.arange(self.n)


# Every batch needs it. Epochs of a few iterators overlap in the workers.
@lru_cache(maxsize=8)
def _order_after(replay: Replay, call: Call) -> Rows:
    return replay._shuffled(replay._drawn(call)[1])


def with_rng(function: Any, rng: np.random.RandomState) -> Callable[..., Any]:
    """Keras's own function, with `np.random` replaced by `rng`."""
    globals_ = {**function.__globals__, "np": _NumpyWithRng(rng)}
    return FunctionType(function.__code__, globals_, None, function.__defaults__)


class _NumpyWithRng:
    """NumPy with another `random`."""

    def __init__(self, rng: np.random.RandomState) -> None:
        self.random = rng

    def __getattr__(self, name: str) -> Any:
        return getattr(np, name)


def as_draws(transforms: list[Transform]) -> Draws:
    """Convert for our methods. Brightness is left out, because Keras's own code applies it."""
    columns = {name: np.array([t[name] for t in transforms]) for name in COLUMNS}
    shifted = columns["channel_shift_intensity"].dtype != object  # object: all are None
    return Draws(
        **{name: columns[name].astype(np.float64) for name in COLUMNS[:6]},
        flip_horizontal=columns["flip_horizontal"].astype(bool),
        flip_vertical=columns["flip_vertical"].astype(bool),
        channel_shift_intensity=columns["channel_shift_intensity"] if shifted else None,
        brightness=None,
    )
