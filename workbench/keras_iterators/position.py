"""Where in the data Keras's iterator would be, and which of its calls gives a batch.

Keras numbers calls as they come. Here the batch at `index` of an epoch has the number it would have
if batches were fetched in order, so workers may fetch them in any order.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple, Self

from workbench.keras_iterators.keras_draws import Call, Replay, Start
from workbench.pipeline.epochs import EpochCounter
from workbench.pipeline.sources.arrays import Rows


class BatchPlan(NamedTuple):
    """The samples and the draws of a batch."""

    rows: Rows
    call: Call


@dataclass(frozen=True, eq=False)
class Position(EpochCounter):
    """An `EpochCounter` that also follows the numbers of Keras's calls.

    Attributes:
        replay: The iterator's draws.
        start: Where its epochs began.
        last: The latest call outside training, by `next` or a preview, in this epoch.
    """

    replay: Replay
    start: Start
    last: Call | None = None

    def plan(self, index: int, epoch: int) -> BatchPlan:
        """The batch at `index` of this epoch or a later one."""
        if epoch < self.start.epoch:
            raise IndexError(f"epoch: expected at least {self.start.epoch}. Received: {epoch}")
        order = self.replay.order(self.start, epoch)
        return BatchPlan(order[self.replay.part(index)], self.replay.call(self.start, epoch, index))

    @property
    def number(self) -> int:
        """Keras's `total_batches_seen`."""
        if self.last is not None:
            return self.last.number + 1
        return self.replay.call(self.start, self.epoch, 0).number

    def after_preview(self, index: int) -> Self:
        """After a batch was fetched by the user, or by `fit` to learn the shapes."""
        call = self.replay.call(self.start, self.epoch, index)
        is_later = self.last is None or call.number > self.last.number
        return replace(self, last=call) if is_later else self

    def after_fetch(self, index: int) -> Self:
        """After Keras fetched a batch without a pool."""
        # Fetched again before all were: another fit, which needs new draws.
        position = self.next_epoch() if self.fetched >> index & 1 else self
        return replace(super(Position, position).after_fetch(index), last=None)

    def after_next(self, index: int) -> tuple[Self, BatchPlan]:
        """After `next` gave the batch at `index`, with that batch. Keras shuffles at index 0."""
        part, number = self.replay.part(index), self.number
        call = Call(number, part.stop - part.start, shuffles=index == 0)
        order = self.replay.first_order(number) if index == 0 else self.order
        after = replace(self, start=Start(number + 1, order, self.epoch), last=call)
        return after, BatchPlan(order[part], call)

    def after_begin(self) -> Self:
        """After `on_epoch_begin`. Batches that workers fetched before it are for training too."""
        return replace(super().after_begin(), last=None)

    def after_end(self, epoch_over: bool) -> Self:
        """After `on_epoch_end`, which also shuffles after calls outside training."""
        end = self.replay.call(self.start, self.epoch, self.batches - 1)
        after = super().after_end(epoch_over or self.last == end)
        if after.last is None:
            return after  # the epoch is over, or fit continues in the data (steps_per_epoch)
        order = self.replay.order_after(after.last)
        return replace(after, start=Start(self.number, order, self.epoch), last=None)

    def next_epoch(self) -> Self:
        """The start of the next epoch."""
        return replace(super().next_epoch(), last=None)

    @property
    def order(self) -> Rows:
        """All samples in the order of this epoch."""
        return self.replay.order(self.start, self.epoch)
