"""Memory and disk space that kept files and augmented copies take."""

from __future__ import annotations

from collections.abc import Sequence

from workbench.pipeline.cache.disk import disk_folder
from workbench.pipeline.cache.memory import memory_needed
from workbench.pipeline.pipeline import copies_bytes
from workbench.pipeline.sources.image_files import dtype_of, shape_of
from workbench.settings import Settings
from workbench.settings.data import ImageFiles


def storage_needs(settings: Settings, total: int, trained: int, shape: Sequence[int]) -> str:
    """Describe what settings keep in memory and on disk; empty if that is nothing.

    Args:
        settings: Decide what is kept.
        total: Images of the source.
        trained: Images of the training subset.
        shape: Of a sample: (height, width, channels).
    """
    data, methods = settings.data, settings.methods
    needed = {"memory": 0, "disk": 0}
    needed[methods.copies_in] = copies_bytes(settings, trained, tuple(shape))
    if isinstance(data, ImageFiles) and methods.read == "files_in_memory":
        needed["memory"] += memory_needed(total, shape_of(data), dtype_of(data))
    where = {"memory": "in memory", "disk": f"on disk in {disk_folder()}"}
    parts = [f"{n / 1e6:,.1f} MB {where[w]} once all are made" for w, n in needed.items() if n]
    if methods.copies:
        parts.append(f"each image augmented only {methods.copies} × in all epochs")
    return " · ".join(parts)
