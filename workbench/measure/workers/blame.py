"""Why a batch that fails in a worker can be made in this thread."""

from __future__ import annotations

import multiprocessing

from workbench.loader import Loader
from workbench.measure.workers.batch_error import BatchError
from workbench.measure.workers.shared_state import Finding, shared_by_processes, shared_by_threads

TRIES = 3  # the position of a file that was shared with workers may be wrong here once


def blame(loader: Loader, failed: BatchError, use_multiprocessing: bool) -> list[Finding]:
    """What the loader holds that workers cannot share; empty if the batch fails here as well."""
    if loader.forward_only:
        return []
    if not any(_works(loader, failed.index) for _ in range(TRIES)):
        return []
    workers = "worker processes" if use_multiprocessing else "worker threads"
    works = f"This process can make the batch at index {failed.index}; it fails in {workers}."
    return [(works, ""), *causes(loader, use_multiprocessing)]


def _works(loader: Loader, index: int) -> bool:
    try:
        loader[index]
    except Exception:
        return False
    return True


def causes(loader: Loader, use_multiprocessing: bool) -> list[Finding]:
    """What the loader holds that workers cannot share."""
    if not use_multiprocessing:
        return shared_by_threads(loader)
    # A process that was not forked gets a copy, and open files cannot be copied.
    return shared_by_processes(loader) if multiprocessing.get_start_method() == "fork" else []
