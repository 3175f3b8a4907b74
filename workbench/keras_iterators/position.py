"""Where in the data Keras's iterator would be: which call, with which number, each batch is.

Keras numbers its calls in the order in which they come. Here the batch at `index` of a pass has the
number it has when batches are asked for one after the other, so that workers may ask in any order.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

from workbench.keras_iterators.keras_draws import Call, Replay, Start
from workbench.pipeline.sources.arrays import Rows


class Wanted(NamedTuple):
    """What a batch is made of."""

    rows: Rows
    call: Call


@dataclass(frozen=True, eq=False)
class Pass:
    """A pass over the data, and how far it is. Each method gives the pass that follows.

    Attributes:
        replay: What is drawn.
        start: Where the series of passes began.
        epoch: Of this pass.
        fed: Batches that Keras's feed has asked for in it, where it has no pool of workers.
        last: The furthest call outside of training: `next`, or a look at a batch.
        training: Whether `fit` is between its `on_epoch_begin` and `on_epoch_end`.
    """

    replay: Replay
    start: Start
    epoch: int = 0
    fed: frozenset[int] = frozenset()
    last: Call | None = None
    training: bool = False

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

    def looked(self, index: int) -> Pass:
        """After a look at a batch by the user, or by `fit` to learn the shapes."""
        call = self.replay.call(self.start, self.epoch, index)
        further = self.last is None or call.number > self.last.number
        return replace(self, last=call) if further else self

    def fed_with(self, index: int) -> Pass:
        """After Keras's feed asked for a batch, for training."""
        # One generator gives each batch once a pass, in any order; then the next pass begins.
        here = self.next_epoch() if index in self.fed else self
        return replace(here, fed=here.fed | {index}, last=None)

    def drawn_next(self, place: int) -> tuple[Pass, Wanted]:
        """After `next`, which is at batch `place`: Keras shuffles there whenever that is 0."""
        part, number = self.replay.part(place), self.number
        call = Call(number, part.stop - part.start, shuffles=place == 0)
        order = self.replay.first_order(number) if place == 0 else self.order
        after = replace(self, start=Start(number + 1, order, self.epoch), last=call)
        return after, Wanted(order[part], call)

    def begun(self) -> Pass:
        """After `on_epoch_begin`; workers that asked already do so for training."""
        return replace(self, training=True, last=None)

    def ended(self, pool: bool) -> Pass:
        """After `on_epoch_end`, which Keras calls before the first epoch, too.

        Args:
            pool: Whether a pool of workers was asked for all batches.
        """
        here = replace(self, training=False)
        if self.training and (pool or self._whole):
            return here.next_epoch()
        if self.last is None:
            return here  # with steps_per_epoch, in the midst of the data
        order = self.replay.order_after(self.last)
        return replace(here, start=Start(self.number, order, self.epoch), last=None)

    def next_epoch(self) -> Pass:
        """The pass after this one."""
        return replace(self, epoch=self.epoch + 1, fed=frozenset(), last=None)

    @property
    def order(self) -> Rows:
        """All samples in the order of this pass."""
        return self.replay.order(self.start, self.epoch)

    @property
    def _whole(self) -> bool:
        batches = len(self.replay)
        end = self.replay.call(self.start, self.epoch, batches - 1)
        return len(self.fed) == batches or (self.last is not None and self.last == end)
