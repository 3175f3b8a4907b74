"""A loader of the user's own as the subject of a panel: an object, or a factory that makes one."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, perf_counter
from typing import Any

import numpy as np

from workbench.compat.keras_modules import is_keras_iterator
from workbench.isolation.borrow import Borrowed
from workbench.isolation.capture_output import Said, listening
from workbench.isolation.detect_changes import Belongings
from workbench.isolation.environment import Surroundings
from workbench.isolation.explain_errors import contained, explained
from workbench.isolation.restore_state import restored_state
from workbench.loader import Loader
from workbench.loaders.adapt import adapt, is_factory, name_of
from workbench.loaders.attributes import MOST, attributes_of, feed_of
from workbench.loaders.factory_settings import LoaderSettings
from workbench.loaders.keywords import Factory, FactorySettings
from workbench.measure.line_profile import LineProfile
from workbench.panel.file_scan import FileScan
from workbench.panel.request import Request
from workbench.preview.draw_batch import draw_batch
from workbench.preview.label_names import class_names_of
from workbench.preview.pages import Pages
from workbench.preview.sample_grid import Preview
from workbench.preview.survey import Survey, survey
from workbench.settings import Settings, SettingsError, Statistics

# A cell waits so long for the batch that runs when it begins.
SETTLE_SECONDS = 2.0
# Seconds between two looks at what a loader changes; more where a look takes long.
LOOK_AGAIN, LOOK_SHARE = 1.0, 0.02
NO_FACTORY = (
    "Changing it on the object is not safe: many compute with it when they are made. Pass the "
    "function or class that makes it, wb.Workbench(make, batch_size=(8, 256)), to slide it."
)
NOTHING_KNOWN = (
    "No argument of it can be read or changed here. Pass the function or class that makes it, "
    "wb.Workbench(make, batch_size=(8, 256)), to slide its keywords."
)
FEED_ONLY = (
    "It holds the feed and what was measured, nothing of the loader: an object's arguments cannot "
    "be read from it. Pass the function or class that makes it to store them too."
)
NO_IMPORT = (
    "{} cannot be imported from a module by its name: who loads the file passes it, "
    "wb.load(path).dataset(factory=...)."
)
FASTER = (
    "Keras's own iterator: wb.faster(iterator) gives these batches with OpenCV, and "
    "wb.faster(iterator).compare() measures what that saves here."
)


class LoaderSubject:
    """See `Subject`. One thread at a time runs the user's code, so that it need not be safe for
    several; what it prints is kept, and random states and attributes are put back.

    Args:
        data: A loader of any shape, or a factory.
        controls: For the factory's keywords; see `knobs`.
        class_weight: What `fit` will be given.

    Raises:
        TypeError: If it is none, or cannot be called like this.
    """

    noun = "samples"
    pauses_in_cells = True

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
        self._data, self._name = data, name_of(data)
        self._class_weight = class_weight
        self._factory = Factory(data, controls) if is_factory(data) else None
        self._belongings = Belongings(data)
        self._changes: list[str] = []
        self._look_at = 0.0  # when belongings are looked at again
        self.file_scan = FileScan()
        self._code, self._was_drawn = threading.RLock(), threading.Event()
        self._said, self._surroundings = Said(), Surroundings()
        self._loader = Loader(())
        self._borrowed = Borrowed(self._loader)
        self._built_for: Any = None  # keywords and feed
        self._survey: Survey | None = None
        self._pages = Pages()
        self.initial: FactorySettings = (
            self._factory.settings if self._factory else FactorySettings(feed=feed_of(data))
        )
        with self._guarded():
            self._made(self.initial, lambda _: None)
        self._say_what_is_fixed()

    def _say_what_is_fixed(self) -> None:
        why = self._loader.one_worker
        names = ("workers", "worker_kind", "max_queue_size")
        self.fixed = dict.fromkeys(names, why) if why else {}
        self.constants: dict[str, str] = {}
        self.heading, self.why_constant = f"KEYWORDS OF {self._name}", ""
        if self._factory is None:
            found = attributes_of(self._data)
            more = f" ({len(found) - MOST} more are not shown.)" if len(found) > MOST else ""
            self.constants = dict(list(found.items())[:MOST])
            self.heading = f"FIXED IN {self._name}"
            self.why_constant = NO_FACTORY + more if found else NOTHING_KNOWN
        elif not self._factory.keywords(self.initial):
            self.why_constant = "It has none that a control could change."

    # For the engine's threads.

    def draw(self, request: Request, keras_ready: bool, tell: Callable[[str], None]) -> Preview:
        """See `Subject`."""
        try:
            self._turn(request, tell)
        finally:
            self._was_drawn.set()
        whole = self._drawn(request)
        path = {leaf["text"]: leaf["path"] for leaf in whole.data["leaves"]}.get(request.show)
        return whole if path in (None, whole.data["leaf"]) else self._drawn(request, path)

    def _turn(self, request: Request, tell: Callable[[str], None]) -> None:
        with self._guarded():
            # The same draws whatever slider is moved; others after "Redraw".
            np.random.seed(request.epoch)
            random.seed(request.epoch)
            key = self._made(request.settings, tell), request.epoch
            with self._borrowed.used() as loader:
                note = self._belongings.note
                self._pages.turn_to(request.first, loader, self._length, key, note)

    def _drawn(self, request: Request, leaf: str | None = None) -> Preview:
        return draw_batch(
            self._pages.batch,
            leaf=leaf,
            class_names=class_names_of(self._loader.original),
            first=request.first - self._pages.start,
            title=f"batch {self._pages.number}",
            check="" if self._survey is None else " · ".join(self._survey.checked.facts),
        )

    def is_drawn_with_keras(self, settings: FactorySettings) -> bool:
        """See `Subject`."""
        return False

    @contextmanager
    def loader(self, settings: FactorySettings) -> Iterator[Loader]:
        """See `Subject`."""
        with self._guarded():
            self._made(settings, lambda _: None)
            with self._borrowed.used() as loader:
                yield loader

    def inspect(self, loader: Loader, wanted: Callable[[], bool]) -> bool:
        """See `Subject`."""
        if self._survey is not None:
            return False
        names = class_names_of(self._loader.original)
        self._survey = survey(loader, names, self._class_weight, wanted)
        return self._survey is not None

    def samples(self, loader: Loader) -> int | None:
        """See `Subject`: batches times the samples of the one shown."""
        length, size = self._loader.epoch_batches, self._pages.size
        return length * size if length and size else None

    def fingerprint(self, loader: Loader) -> None:
        """See `Subject`: their batches may be random, and are as a rule."""

    def fit(self, settings: Any, progress: Any) -> Statistics:
        """See `Subject`; no control of theirs asks for it."""
        raise SettingsError("statistics: only of data that the workbench reads itself")

    # For the display.

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
        said, found = str(self._said), self._survey
        changes = [*self._changed_belongings(), *self._surroundings.changes()]
        warnings = [f"It {change}." for change in changes]
        warnings += self._loader.notes
        warnings += [FASTER] if is_keras_iterator(self._loader.original) else ()
        rows, summary = [], []
        if found is not None:
            warnings += found.checked.warnings
            summary += [found.caching, *found.checked.facts]
            rows += [_row(fact) for fact in found.checked.facts]
        if said:
            count = len(said.splitlines())
            # First: the line is cut where the page ends, and the facts stand below the picture too.
            summary.insert(0, f"It said {count} line{'s' * (count > 1)}")
            rows.append(("It said", said))
        return {
            "summary": " · ".join(filter(None, summary)),
            "warnings": warnings,
            "rows": rows,
        }

    def _changed_belongings(self) -> list[str]:
        began = perf_counter()
        if began >= self._look_at:
            self._changes = self._belongings.changes()
            ended = perf_counter()
            self._look_at = ended + max(LOOK_AGAIN, (ended - began) / LOOK_SHARE)
        return self._changes

    def suggestion(self, profile: LineProfile, settings: FactorySettings) -> str:
        """See `Subject`: methods are ours."""
        return ""

    # For files.

    def stored(self, settings: FactorySettings) -> LoaderSettings:
        """See `Subject`."""
        if self._factory is not None:
            return self._factory.stored(settings)
        return LoaderSettings(feed=settings.feed)

    @property
    def about_export(self) -> str:
        """See `Subject`."""
        if self._factory is None:
            return FEED_ONLY
        importable = self._factory.stored(self.initial).data.import_ is not None
        return "" if importable else NO_IMPORT.format(self._name)

    def restored(self, stored: Settings | LoaderSettings, file: Path) -> FactorySettings:
        """See `Subject`."""
        if not isinstance(stored, LoaderSettings):
            raise SettingsError(
                f"{file} is for data of kind {stored.data.kind!r}; this panel shows a loader of "
                f"your own. Open it with wb.Workbench({str(file)!r})"
            )
        if self._factory is not None:
            return self._factory.restored(stored)
        if stored.data.keywords:
            raise SettingsError(
                f"{file} holds keywords of a factory ({', '.join(stored.data.keywords)}); this "
                "panel shows an object. Open it with wb.Workbench(factory)"
            )
        return self.initial.updated({"feed": stored.feed})

    def python(self, path: str) -> str:
        """See `Subject`."""
        given = self._name.split(".")[-1] if self._factory is not None else "loader"
        return (
            "import workbench as wb\n\n"
            f"tuned = wb.load({path!r})\n"
            f"train = tuned.dataset(factory={given if given.isidentifier() else 'make'})\n"
            "model.fit(train)\n"
        )

    def wait_until_idle(self) -> None:
        """See `Subject`: its random state is put back after the batch, not within the cell."""
        end = monotonic() + SETTLE_SECONDS
        self._was_drawn.wait(SETTLE_SECONDS)
        if self._code.acquire(timeout=max(0.0, end - monotonic())):
            self._code.release()

    def close(self) -> None:
        """See `Subject`. A generator that is dropped here runs its `finally`."""
        with self._guarded():
            self._loader = Loader(())
            self._borrowed, self._built_for = Borrowed(self._loader), None
            self._pages.forget()
        self._surroundings.restore()

    @contextmanager
    def _guarded(self) -> Iterator[None]:
        """Around all code of the user's."""
        with (
            self._code,
            self._surroundings.watched(),
            restored_state(),
            listening(self._said),
            explained(),
            contained(),
        ):
            yield

    def _made(self, settings: FactorySettings, tell: Callable[[str], None]) -> Any:
        """Make the loader for these keywords, if they have changed; what it was made for."""
        key = settings.keywords, self._factory.feed(settings) if self._factory else None
        if self._built_for is not None and (self._factory is None or self._built_for == key):
            return self._built_for
        if self._built_for is not None:
            tell(f"Building {self._name} …")
        made = adapt(self._data if self._factory is None else self._factory.bound(settings))
        self._length, self._loader, self._borrowed = len(made), made, Borrowed(made)
        self._built_for, self._survey = key, None
        return key


def _row(fact: str) -> tuple[str, str]:
    """A fact such as "batch[0]: image, …" as what it is about, and what it says."""
    where, colon, what = fact.partition(": ")
    return (where, what) if colon else ("Batches", fact)
