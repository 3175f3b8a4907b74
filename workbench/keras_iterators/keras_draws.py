"""What Keras's iterator would draw, and in which order: on dice of our own, never the global ones.

Keras 3.15 seeds `np.random` with `seed + total_batches_seen` for each batch and then draws, in this
order: the samples' order where there is none yet, each sample's transform, and a number for each
file that `save_to_dir` writes. `on_epoch_end` shuffles with what the last batch left of that
stream. So all follows from the number of a call, and that from the calls before it.
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
    """One call for a batch.

    Attributes:
        number: Keras's `total_batches_seen` before it.
        size: Samples of the batch.
        shuffles: Whether it draws the order of the samples first.
    """

    number: int
    size: int
    shuffles: bool = False


@dataclass(frozen=True, eq=False)
class Start:
    """Where passes over the data begin.

    Attributes:
        number: Of the first call.
        order: The samples as the first pass takes them; None if its first call draws that.
        epoch: Of the first pass.
    """

    number: int
    order: Rows | None
    epoch: int = 0


@dataclass(frozen=True, eq=False)
class Replay:
    """The draws of one iterator.

    Attributes:
        generator: The ImageDataGenerator.
        n: Samples.
        batch_size: The last batch of a pass may be smaller.
        shuffle: Whether each pass has its own order.
        seed: Keras's.
        shape: Of one image, as `get_random_transform` is given it.
        saves: What `save_to_dir` draws a number below for each image; 0 if nothing is saved.
    """

    generator: Any
    n: int
    batch_size: int
    shuffle: bool
    seed: int
    shape: tuple[int, ...]
    saves: int

    def __len__(self) -> int:
        """Batches of a pass."""
        return (self.n + self.batch_size - 1) // self.batch_size

    def part(self, index: int) -> slice:
        """Where in a pass's order the batch at `index` is."""
        return slice(index * self.batch_size, min(self.n, (index + 1) * self.batch_size))

    def call(self, start: Start, epoch: int, index: int) -> Call:
        """The call that gives this batch if all of the series are made one after the other."""
        done = (epoch - start.epoch) * len(self) + index
        part = self.part(index)
        return Call(start.number + done, part.stop - part.start, done == 0 and start.order is None)

    def order(self, start: Start, epoch: int) -> Rows:
        """All samples as the pass of this epoch takes them."""
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
        return self._played(call)[0]

    def order_after(self, call: Call) -> Rows:
        """The order that `on_epoch_end` draws after this call."""
        return _order_after(self, call)

    def _played(self, call: Call) -> tuple[list[Transform], np.random.RandomState]:
        dice = np.random.RandomState(self.seed + call.number)
        if call.shuffles:
            self._shuffled(dice)
        draw = with_dice(type(self.generator).get_random_transform, dice)
        drawn = [draw(self.generator, self.shape) for _ in range(call.size)]
        if self.saves:
            for _ in range(call.size):
                dice.randint(self.saves)
        return drawn, dice

    def _shuffled(self, dice: np.random.RandomState) -> Rows:
        return dice.permutation(self.n) if self.shuffle else np.arange(self.n)


# Every batch of a pass asks for it; passes of a few iterators overlap in the workers.
@lru_cache(maxsize=8)
def _order_after(replay: Replay, call: Call) -> Rows:
    return replay._shuffled(replay._played(call)[1])


def with_dice(function: Any, dice: np.random.RandomState) -> Callable[..., Any]:
    """Keras's own function, in which `np.random` is `dice`; the global random state stays."""
    globals_ = {**function.__globals__, "np": _Numpy(dice)}
    return FunctionType(function.__code__, globals_, None, function.__defaults__)


class _Numpy:
    """NumPy with other dice."""

    def __init__(self, dice: np.random.RandomState) -> None:
        self.random = dice

    def __getattr__(self, name: str) -> Any:
        return getattr(np, name)


def as_draws(transforms: list[Transform]) -> Draws:
    """As our ways of augmenting take them. Brightness is left out: Keras's own code applies it."""
    columns = {name: np.array([t[name] for t in transforms]) for name in COLUMNS}
    shifted = columns["channel_shift_intensity"].dtype != object  # object: an array of None
    return Draws(
        **{name: columns[name].astype(np.float64) for name in COLUMNS[:6]},
        flip_horizontal=columns["flip_horizontal"].astype(bool),
        flip_vertical=columns["flip_vertical"].astype(bool),
        channel_shift_intensity=columns["channel_shift_intensity"] if shifted else None,
        brightness=None,
    )
