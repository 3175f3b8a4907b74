"""`ImageDataGenerator` iterators within a user's generator: `wb.faster` for each."""

from __future__ import annotations

import linecache
import sys
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from workbench.advice.capture import Site
from workbench.advice.remedy import Remedy
from workbench.advice.watch_calls import BATCHES, Use, site_of
from workbench.batch import leaves
from workbench.compat.keras_module_names import IMAGES
from workbench.keras_iterators.report import Report
from workbench.loader import Loader

MOST_BATCHES = 2  # that are compared and timed
MOST_DIFFERENT = 2  # grey levels: one before standardization and brightness
KINDS = {"DirectoryIterator": "flow_from_directory", "DataFrameIterator": "flow_from_dataframe"}
MADE_IN = "{} = wb.faster({})  # once, where it is made"
UNNAMED = "wb.faster(generator.{0}(...))  # in place of generator.{0}(...)"
HOLDS = {
    "same pixels": "Rows, labels and random transforms are those of Keras's iterator.",
    "same draws": "Rows, labels and random transforms are those of Keras's iterator.",
    "same distribution": "Compared with the same draws. Without a seed it has its own.",
}


def methods() -> list[tuple[type, str]]:
    """The methods that make an iterator's batches; none if Keras's iterators are not imported."""
    iterator = getattr(sys.modules.get(IMAGES), "Iterator", None)
    return [(iterator, name) for name in ("__next__", "__getitem__")] if iterator else []


def remedies(uses: list[Use], loader: Loader) -> Iterator[tuple[Site, Remedy]]:
    """A remedy for each iterator that gave a part of each batch."""
    by_iterator: dict[int, list[Use]] = {}
    for use in uses:
        if use.here and any(isinstance(use.subject, owner) for owner, _ in methods()):
            by_iterator.setdefault(id(use.subject), []).append(use)
    for several in by_iterator.values():
        # An iterator that is made anew for each batch would have to be made fast each time.
        always = len({use.batch for use in several}) == BATCHES
        remedy = _remedy(several, loader) if always else None
        if remedy is not None:
            yield remedy


def _remedy(uses: list[Use], loader: Loader) -> tuple[Site, Remedy] | None:
    # Here, because this imports Keras.
    from workbench.keras_iterators.compare_keras import Sides, difference
    from workbench.keras_iterators.faster import make_fast

    iterator, name, kind = uses[0].subject, uses[0].name, type(uses[0].subject).__name__
    try:
        fast = make_fast(iterator)
    except (TypeError, ValueError):
        return None
    sides = Sides(fast, fast.keras_iterator)
    indices = range(min(len(fast), MOST_BATCHES))
    if not difference(sides.old(0), sides.new(0))[1]:
        return None
    flow = KINDS.get(kind, "flow")
    made = MADE_IN.format(name, name) if name else UNNAMED.format(flow)
    site = site_of(uses[0], loader)
    site.count, site.batches = len(uses), BATCHES
    source = linecache.getline(site.function.file, uses[0].line).strip()
    return site, Remedy(
        what=f"{kind}{name and ' '}{name} ({_size(iterator)}) prepares one image at a time",
        instead=f"wb.faster({name or 'iterator'})",
        old=tuple(partial(_images, sides.old, index) for index in indices),
        new=tuple(partial(_images, sides.new, index) for index in indices),
        code=source or f"generator.{flow}(...)",
        node=site.node,
        once=f"import workbench as wb\n\n{made}",
        notes=_notes(fast.report),
        most_different=MOST_DIFFERENT,
    )


def _images(make: Callable[[int], Any], index: int) -> Any:
    return next(leaf for _, leaf in leaves(make(index)))


def _size(iterator: Any) -> str:
    shape = iterator.x.shape[1:] if hasattr(iterator, "x") else iterator.image_shape
    return f"{iterator.n} images of {' × '.join(map(str, shape))}"


def _notes(report: Report) -> tuple[str, ...]:
    lost = (f"Not carried over: {line}" for line in report.not_carried)
    return (HOLDS[report.holds], *report.differences, *lost, *report.notes)
