"""Where in the data Keras's iterator would be: which call, with which number, each batch is.

Keras numbers its calls in the order in which they come. Here the batch at `index` of a pass has the
number it has when batches are asked for one after the other, so that workers may ask in any order.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple, Self

from workbench.keras_iterators.keras_draws import Call, Replay, Start
from workbench.pipeline.epochs import EpochCounter
from workbench.pipeline.sources.arrays import Rows


class Wanted(NamedTuple):
    """What a batch is made of."""

    rows: Rows
    call: Call


@dataclass(frozen=True, eq=False)
class Pass(EpochCounter):
    """A pass over the data, and how far it is. Each method gives the pass that follows.

    Attributes:
        replay: What is drawn.
        start: Where the series of passes began.
        last: The furthest call outside of training: `next`, or a look at a batch.
    """

    replay: Replay
    start: Start
    last: Call | None = None

    def wanted(self, index: int, epoch: int) -> Wanted:
        """The batch at `index` of this epoch or a later one."""
        if epoch < self.start.epoch:
            raise IndexError(f"epoch {epoch} is over: draws begin with epoch {self.start.epoch}")
        order = self.replay.order(self.start, epoch)
        return Wanted(order[self.replay.part(index)], self.replay.call(self.start, epoch, index))

    @property
    def number(self) -> int:
        """Keras's `total_batches_seen`."""
        if self.last is not None:
            return self.last.number + 1
        return self.replay.call(self.start, self.epoch, 0).number

    def looked(self, index: int) -> Self:
        """After a look at a batch by the user, or by `fit` to learn the shapes."""
        call = self.replay.call(self.start, self.epoch, index)
        further = self.last is None or call.number > self.last.number
        return replace(self, last=call) if further else self

    def after_fetch(self, index: int) -> Self:
        """After Keras fetched a batch without a pool."""
        # A batch that is fetched again before all were: another fit, whose draws are new ones.
        here = self.next_epoch() if self.fetched >> index & 1 else self
        return replace(super(Pass, here).after_fetch(index), last=None)

    def drawn_next(self, place: int) -> tuple[Self, Wanted]:
        """After `next`, which is at batch `place`: Keras shuffles there whenever that is 0."""
        part, number = self.replay.part(place), self.number
        call = Call(number, part.stop - part.start, shuffles=place == 0)
        order = self.replay.first_order(number) if place == 0 else self.order
        after = replace(self, start=Start(number + 1, order, self.epoch), last=call)
        return after, Wanted(order[part], call)

    def after_begin(self) -> Self:
        """After `on_epoch_begin`; workers that asked already do so for training."""
        return replace(super().after_begin(), last=None)

    def after_end(self, epoch_over: bool) -> Self:
        """After `on_epoch_end`, which also shuffles after calls outside of training."""
        end = self.replay.call(self.start, self.epoch, self.batches - 1)
        after = super().after_end(epoch_over or self.last == end)
        if after.last is None:
            return after  # the epoch is over, or fit goes on in the data (steps_per_epoch)
        order = self.replay.order_after(after.last)
        return replace(after, start=Start(self.number, order, self.epoch), last=None)

    def next_epoch(self) -> Self:
        """The pass after this one."""
        return replace(super().next_epoch(), last=None)

    @property
    def order(self) -> Rows:
        """All samples in the order of this pass."""
        return self.replay.order(self.start, self.epoch)
