"""From a finished measurement of the feed to a `Rate` of one epoch, with its remarks."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import Any

import numpy as np

from workbench.batch import leaves
from workbench.measure.batch_log import MOSTLY, BatchLog
from workbench.measure.batch_times import BatchTimes
from workbench.measure.rate import Rate, Stopped

# Batches between what arrives and what is made: Keras asks for two to learn their shapes.
MADE_EARLIER = 3
WAITS = (
    "The loader waits in {:.0%} of a batch, for files, a lock, or work in other threads or "
    "processes. Batches made ahead, before this measurement, are not counted. While a model "
    "trains, such threads share the cores with it."
)
NEW_PROCESSES = (
    "Keras starts new worker processes in each epoch: if the loader itself keeps the batches, each "
    "epoch is like the first."
)


FIRST, LATER = "the first epoch", "later epochs"


def summarize(times: BatchTimes, log: BatchLog, example: Any) -> Rate:
    """The rate of one epoch: of a later one if a cache makes them faster, else of all batches.

    Raises:
        Stopped: If there are too few batches.
    """
    size = sum(int(np.asarray(leaf).nbytes) for _, leaf in leaves(example))
    bytes_per_sample = size / times.batches[0][1] if times.batches else 0.0
    rate, notes, cached = times.rate(bytes_per_sample), [], log.cached()
    if cached is not None:
        rates = _by_epoch(times, log.epoch_batches or 0, bytes_per_sample)
        # What a worker process keeps is lost at the end of its epoch.
        processes = times.options.use_multiprocessing
        which = FIRST if processes and FIRST in rates else LATER
        rate = rates.get(which, rate)
        of = f"This rate is that of {which}." if which in rates else "This rate mixes both."
        notes.append(f"{cached} {of}{f' {NEW_PROCESSES}' if processes else ''}")
    if times.options.workers == 1 and log.waiting > MOSTLY:
        notes.append(WAITS.format(log.waiting))
    return replace(rate, notes=(*notes, *filter(None, [log.loader.runs_out])))


def _by_epoch(times: BatchTimes, epoch: int, bytes_per_sample: float) -> dict[str, Rate]:
    """The rates of the first epoch and of later ones, if there are enough batches."""
    parts = {FIRST: times.part(0, max(0, epoch - MADE_EARLIER)), LATER: times.part(epoch)}
    rates = {}
    for name, part in parts.items():
        with suppress(Stopped):
            rates[name] = part.rate(bytes_per_sample)
    return rates
