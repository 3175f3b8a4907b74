"""A user's own loader as the subject of a panel: an object, or a factory that makes one."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np

from workbench.isolation.borrow import Borrowed
from workbench.isolation.checked_loader import checked
from workbench.isolation.growth import Growth
from workbench.loader import Loader
from workbench.loaders.adapt import adapt, is_factory, name_of
from workbench.loaders.attributes import MOST, attributes_of, feed_of
from workbench.loaders.factory_controls import Factory, FactorySettings
from workbench.measure.line_profile import LineProfile
from workbench.panel.file_scan import FileScan
from workbench.panel.loader_export import LoaderExport
from workbench.panel.loader_facts import loader_facts
from workbench.panel.request import Request
from workbench.panel.user_code_guard import PATIENCE, UserCodeGuard
from workbench.preview.check_batches import Checked
from workbench.preview.draw_batch import draw_batch
from workbench.preview.label_names import class_names_of
from workbench.preview.pages import Pages
from workbench.preview.sample_grid import Preview
from workbench.preview.survey import survey
from workbench.settings import SettingsError, Statistics

DRAW_PATIENCE = 0.2  # seconds that a picture waits for a batch on another thread, before it tells
NO_FACTORY = (
    "Changing it on the object is not safe: many compute with it when they are made. Pass the "
    "function or class that makes it, wb.Workbench(make, batch_size=(8, 256)), to slide it."
)
NOTHING_KNOWN = (
    "No argument of it can be read or changed here. Pass the function or class that makes it, "
    "wb.Workbench(make, batch_size=(8, 256)), to slide its keywords."
)


class LoaderSubject:
    """See `Subject`.

    Args:
        data: A loader of any shape, or a factory.
        controls: For the factory's keywords; see `knobs`.
        class_weight: As for Keras's `fit`.

    Raises:
        TypeError: If the data is neither, or the factory cannot be called with these keywords.
    """

    noun = "samples"
    pauses_in_cells = finds_advice = True

    def __init__(
        self,
        data: Any,
        controls: dict[str, Any],
        class_weight: Mapping[Any, float] | None = None,
    ) -> None:
        if controls and not is_factory(data):
            raise TypeError(
                f"{', '.join(controls)}: an object is there already, and keywords are for what "
                f"makes one: pass {type(data).__name__} itself, or a function"
            )
        self._data, self._name, self._class_weight = data, name_of(data), class_weight
        self._factory = Factory(data, controls) if is_factory(data) else None
        self.file_scan = FileScan()
        self._guard = UserCodeGuard()
        self._loader = Loader(())
        self._borrowed = Borrowed(self._loader)
        self._built_for: Any = None  # (keywords, feed)
        self._survey: Checked | None = None
        self._pages = Pages()
        self.initial: FactorySettings = (
            self._factory.settings if self._factory else FactorySettings(feed=feed_of(data))
        )
        self.export = LoaderExport(self._name, self._factory, self.initial)
        with self._guard.running():
            self._build(self.initial, lambda _: None)
        self._guard.is_expected = True
        self._find_constants()

    def _find_constants(self) -> None:
        why = self._loader.one_worker
        names = ("workers", "worker_kind", "max_queue_size")
        self.fixed = dict.fromkeys(names, why) if why else {}
        self.constants: dict[str, str] = {}
        self.heading, self.why_constant = f"Keywords of {self._name}", ""
        if self._factory is None:
            found = attributes_of(self._data)
            more = f" ({len(found) - MOST} more are not shown.)" if len(found) > MOST else ""
            self.constants = dict(list(found.items())[:MOST])
            self.heading = f"Fixed in {self._name}"
            self.why_constant = NO_FACTORY + more if found else NOTHING_KNOWN
        elif not self._factory.keywords(self.initial):
            self.why_constant = "It has none that a control could change."

    def draw(self, request: Request, keras_ready: bool, tell: Callable[[str], None]) -> Preview:
        """See `Subject`."""
        self._turn_to(request, tell)
        whole = self._draw(request)
        path = {leaf["text"]: leaf["path"] for leaf in whole.data["leaves"]}.get(request.show)
        return whole if path in (None, whole.data["leaf"]) else self._draw(request, path)

    def _turn_to(self, request: Request, tell: Callable[[str], None]) -> None:
        with self._guard.running(DRAW_PATIENCE):
            # The same draws whichever slider moves, and others after "Redraw".
            np.random.seed(request.epoch)
            random.seed(request.epoch)
            key = self._build(request.settings, tell), request.epoch
            with self._borrowed.used() as loader:
                find_buffers = self._borrowed.find_buffers
                self._pages.turn_to(request.first, loader, self._length, key, find_buffers)

    def _draw(self, request: Request, leaf: str | None = None) -> Preview:
        return draw_batch(
            self._pages.batch,
            leaf=leaf,
            class_names=class_names_of(self._loader.original),
            first=request.first - self._pages.start,
            title=f"batch {self._pages.number}",
            check="" if self._survey is None else " · ".join(self._survey.facts),
        )

    def title(self, settings: FactorySettings, shown: dict[str, Any]) -> list[str]:
        """See `Subject`."""
        loader, samples, length = self._loader, shown.get("samples"), self._loader.epoch_batches
        shape = "×".join(map(str, shown.get("shape", ())))
        return [
            loader.kind if self._factory is None else f"{self._name}(…)",
            f"{length} batches" if length else "no length",
            f"batch {samples} × {shape}" if samples else "",
            "",
        ]

    def facts(self) -> dict[str, Any]:
        """See `Subject`."""
        output = self._guard.output
        changes = [*self._borrowed.changes(), *self._guard.changes(), *self._growth.sentences()]
        return loader_facts(self._loader, self._survey, output, changes)

    def suggestion(self, profile: LineProfile, settings: FactorySettings) -> str:
        """See `Subject`. A user's loader has none of our methods."""
        return ""

    def is_drawn_with_keras(self, settings: FactorySettings) -> bool:
        """See `Subject`."""
        return False

    @contextmanager
    def loader(self, settings: FactorySettings) -> Iterator[Loader]:
        """See `Subject`."""
        with self._guard.running():
            self._build(settings, lambda _: None)
            with self._borrowed.used() as loader:
                yield checked(loader, self._check, self._guard.in_worker)

    def _check(self) -> None:
        self._guard.check()
        self._growth.check()

    def inspect(self, loader: Loader, wanted: Callable[[], bool]) -> bool:
        """See `Subject`."""
        if self._survey is not None:
            return False
        names = class_names_of(self._loader.original)
        self._survey = survey(loader, names, self._class_weight, wanted)
        return self._survey is not None

    def samples(self, loader: Loader) -> int | None:
        """See `Subject`: the batches of an epoch times the samples of the batch shown."""
        length, size = self._loader.epoch_batches, self._pages.size
        return length * size if length and size else None

    def fingerprint(self, loader: Loader) -> None:
        """See `Subject`. A user's batches are usually random."""

    def fit(self, settings: Any, progress: Any) -> Statistics:
        """See `Subject`. No control of a user's loader needs statistics."""
        raise SettingsError("statistics: only of data that the workbench reads itself")

    def wait_until_idle(self, seconds: float = PATIENCE) -> None:
        """See `Subject`. Random state is restored after the batch, and not during the cell."""
        self._guard.wait_until_idle(seconds)
        self._borrowed.note_cell()

    @property
    def patience(self) -> float:
        """See `Subject`."""
        return self._guard.patience

    def give_up(self) -> None:
        """See `Subject`."""
        self._guard.give_up()
        self._borrowed.give_back()

    def close(self) -> None:
        """See `Subject`. Runs the `finally` of a generator that is dropped here."""
        with self._guard.running():
            with self._borrowed.used():
                self._loader.restart()
            self._loader = Loader(())
            self._borrowed, self._built_for = Borrowed(self._loader), None
            self._pages.forget()
        self._guard.restore()

    def _build(self, settings: FactorySettings, tell: Callable[[str], None]) -> Any:
        """Make the loader if its keywords have changed; a key of the keywords it was made with."""
        key = settings.keywords, self._factory.feed(settings) if self._factory else None
        if self._built_for is not None and (self._factory is None or self._built_for == key):
            return self._built_for
        if self._built_for is not None:
            tell(f"Building {self._name} …")
        made = adapt(self._data if self._factory is None else self._factory.bound(settings))
        self._length, self._loader = len(made), made
        self._borrowed = Borrowed(made, self._data)
        self._growth = Growth(self._borrowed.saved, is_alone=False)
        self._built_for, self._survey = key, None
        return key
