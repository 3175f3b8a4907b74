"""Survey a few batches of a loader: check them, and see whether reading them again is faster."""

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
SECONDS = 0.5  # after which no further batch is read
# Ratio from which the second read counts as cached, by the system or by the loader: not noise.
CACHED_SPEEDUP = 1.5


@dataclass(frozen=True)
class Survey:
    """Result of a survey.

    Attributes:
        checked: Facts about the batches, and warnings.
        first: Samples per second of each batch, read for the first time.
        again: Samples per second of the same batches, read again; empty if that is impossible.
    """

    checked: Checked
    first: tuple[float, ...]
    again: tuple[float, ...]

    @property
    def caching(self) -> str:
        """A sentence if reading again is faster; else empty."""
        if not self.again:
            return ""
        first, again = statistics.median(self.first), statistics.median(self.again)
        if again <= CACHED_SPEEDUP * first:
            return ""
        return (
            f"first read {first:,.0f} samples/s, again {again:,.0f} (median of {len(self.first)} "
            "batches): the rate below is that of the second read, from a cache"
        )


def survey(
    loader: Loader,
    class_names: Sequence[str] = (),
    class_weight: Mapping[Any, float] | None = None,
    wanted: Callable[[], bool] = lambda: True,
) -> Survey | None:
    """Survey a loader from its second batch on: the first was read for the picture.

    Args:
        loader: The loader.
        class_names: Names of the labels 0, 1 and so on.
        class_weight: As for `fit`.
        wanted: Called between batches; the survey is given up once it returns False.

    Returns:
        The survey; None if it was given up.
    """
    first: dict[int, float] = {}

    def batches() -> Iterator[Any]:
        began = perf_counter()
        for index in range(1, min(BATCHES, len(loader) - 1) + 1) if len(loader) > 1 else (0,):
            batch, first[index] = _timed(loader, index)
            yield batch
            del batch
            if perf_counter() - began > SECONDS or not wanted():
                return

    checked = check_batches(
        batches(),
        class_names=class_names,
        class_weight=class_weight,
        from_generator=loader.forward_only and not is_tf_data(loader.original),
    )
    repeated = () if loader.forward_only else tuple(first)
    again = tuple(_timed(loader, index)[1] for index in repeated if wanted())
    return Survey(checked, tuple(first.values()), again) if wanted() else None


def _timed(loader: Loader, index: int) -> tuple[Any, float]:
    began = perf_counter()
    batch = loader[index]
    return batch, leading_dimension(batch) / (perf_counter() - began)
