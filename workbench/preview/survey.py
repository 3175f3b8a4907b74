"""A first look at a loader: what a few batches hold, and whether reading them again is faster."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import Any

from workbench.batch import leading_dimension
from workbench.loader import Loader
from workbench.loaders.adapt import is_tf_data
from workbench.preview.check_batches import Checked, check_batches

BATCHES = 4
SECONDS = 0.5  # after which no further batch is looked at
# From here on the difference is no noise: files come from the system's cache, or are kept.
FASTER_AGAIN = 1.5


@dataclass(frozen=True)
class Survey:
    """What was seen.

    Attributes:
        checked: What the batches hold.
        first: Samples per second of each batch when it was read first.
        again: The same for the same batches, read again; empty where that cannot be done.
    """

    checked: Checked
    first: tuple[float, ...]
    again: tuple[float, ...]

    @property
    def caching(self) -> str:
        """Whether reading again is faster, in words; empty if it is not."""
        if not self.again:
            return ""
        first, again = statistics.median(self.first), statistics.median(self.again)
        if again <= FASTER_AGAIN * first:
            return ""
        return (
            f"first read {first:,.0f} samples/s, again {again:,.0f} (median of {len(self.first)} "
            "batches): what is measured below is the second, from a cache"
        )


def survey(
    loader: Loader,
    class_names: Sequence[str] = (),
    class_weight: Mapping[Any, float] | None = None,
    wanted: Callable[[], bool] = lambda: True,
) -> Survey | None:
    """Look at some batches, not the first, which was looked at to be shown.

    Args:
        loader: Gives the batches.
        class_names: Names of the labels 0, 1 and so on.
        class_weight: What `fit` will be given.
        wanted: Asked between batches; once it is not, there is no survey.
    """
    first: list[float] = []
    indices: list[int] = []

    def batches() -> Iterator[Any]:
        began = perf_counter()
        for index in range(1, min(BATCHES, len(loader) - 1) + 1) if len(loader) > 1 else (0,):
            indices.append(index)
            batch, rate = _timed(loader, index)
            first.append(rate)
            yield batch
            del batch
            if perf_counter() - began > SECONDS or not wanted():
                return

    from_generator = loader.forward_only and not is_tf_data(loader.original)
    checked = check_batches(
        batches(),
        class_names=class_names,
        class_weight=class_weight,
        from_generator=from_generator,
    )
    again: list[float] = []
    for index in () if loader.forward_only else indices:
        if wanted():
            again.append(_timed(loader, index)[1])
    return Survey(checked, tuple(first), tuple(again)) if wanted() else None


def _timed(loader: Loader, index: int) -> tuple[Any, float]:
    began = perf_counter()
    batch = loader[index]
    return batch, leading_dimension(batch) / (perf_counter() - began)
