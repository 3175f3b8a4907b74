"""Check a few batches of a loader."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from time import perf_counter
from typing import Any

from workbench.loader import Loader
from workbench.loaders.adapt import is_tf_data
from workbench.measure.batch_log import BatchLog, read_clocks
from workbench.preview.check_batches import Checked, check_batches

BATCHES = 4
SECONDS = 0.5  # after which no further batch is read


def survey(
    loader: Loader,
    class_names: Sequence[str] = (),
    class_weight: Mapping[Any, float] | None = None,
    wanted: Callable[[], bool] = lambda: True,
) -> Checked | None:
    """Survey a loader from its second batch on: the first was read for the picture.

    Args:
        loader: The loader.
        class_names: Names of the labels 0, 1 and so on.
        class_weight: As for `fit`.
        wanted: Called between batches; the survey is given up once it returns False.

    Returns:
        Facts about the batches, and warnings; None if the survey was given up.
    """
    log = BatchLog(loader)  # a cache that is filled here shows in later measurements

    def batches() -> Iterator[Any]:
        began = perf_counter()
        for index in range(1, min(BATCHES, len(loader) - 1) + 1) if len(loader) > 1 else (0,):
            clocks = read_clocks()
            batch = loader[index]
            log.add(index, clocks)
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
    log.keep()
    return checked if wanted() else None
