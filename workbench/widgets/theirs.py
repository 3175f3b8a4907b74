"""A loader of the user's own as the subject of a panel: an object, or a factory that makes one."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from workbench.measure.lines.probe import leading_dimension
from workbench.measure.profile import LineProfile
from workbench.measure.untouched import untouched
from workbench.settings import Feed, Settings, SettingsError, Statistics
from workbench.theirs.belongings import Belongings
from workbench.theirs.explain import explained
from workbench.theirs.knobs import Factory, FactorySettings
from workbench.theirs.listen import Said, listening
from workbench.theirs.settings import LoaderSettings
from workbench.theirs.shapes import is_factory, name_of, opened
from workbench.theirs.streams import ENDLESS
from workbench.theirs.survey import Survey, survey
from workbench.theirs.view.draw import draw_batch
from workbench.theirs.view.names import class_names_of
from workbench.widgets.preview import Preview
from workbench.widgets.request import Request
from workbench.widgets.scanning import Scanning

# A cell waits so long for the batch that runs when it begins.
SETTLE_SECONDS = 2.0
ATTRIBUTES = 8  # of an object, shown as fixed
NO_FACTORY = (
    "Changing it on the object is not safe: many compute with it when they are made. Pass the "
    "function or class that makes it, wb.Workbench(make, batch_size=(8, 256)), to slide it."
)


class Theirs:
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
        self._data, self._class_weight = data, class_weight
        self._factory = Factory(data, controls) if is_factory(data) else None
        self._belongings = Belongings(data)
        self.scanning = Scanning()
        self._code = threading.RLock()
        self._said = Said()
        self._built_for: Any = None
        self._survey: Survey | None = None
        self._shown: tuple[Any, Any] = (None, None)  # which batch, and its copy
        self._number = self._start = 0
        self.initial: FactorySettings = (
            self._factory.settings if self._factory else FactorySettings(feed=_feed_of(data))
        )
        with self._guarded():
            self._loader = self._made(self.initial, lambda _: None)
        why = getattr(self._loader, "one_worker", "")
        names = ("workers", "worker_kind", "max_queue_size")
        self.fixed = dict.fromkeys(names, why) if why else {}

    # For the engine's threads.

    def draw(self, request: Request, keras_ready: bool, tell: Callable[[str], None]) -> Preview:
        """See `Subject`."""
        with self._guarded():
            loader = self._made(request.settings, tell)
            with untouched(loader):
                batch = self._batch(loader, request)
        names = class_names_of(getattr(loader, "original", loader))
        first = request.first - self._start
        checked = "" if self._survey is None else " · ".join(self._survey.checked.facts)
        title = f"batch {self._number}"
        whole = draw_batch(batch, class_names=names, first=first, title=title, check=checked)
        paths = {leaf["text"]: leaf["path"] for leaf in whole.data["leaves"]}
        if request.show not in paths or request.show == whole.data.get("show"):
            return whole
        path = paths[request.show]
        return draw_batch(
            batch, leaf=path, class_names=names, first=first, title=title, check=checked
        )

    def is_drawn_with_keras(self, settings: FactorySettings) -> bool:
        """See `Subject`."""
        return False

    @contextmanager
    def loader(self, settings: FactorySettings) -> Iterator[Any]:
        """See `Subject`."""
        with self._guarded():
            loader = self._made(settings, lambda _: None)
            with untouched(loader):
                yield loader

    def look(self, loader: Any) -> bool:
        """See `Subject`."""
        if self._survey is not None:
            return False
        names = class_names_of(getattr(loader, "original", loader))
        self._survey = survey(loader, names, self._class_weight)
        return True

    def samples(self, loader: Any) -> int | None:
        """See `Subject`: batches times the samples of the one shown."""
        length = getattr(loader, "epoch_batches", None) or len(loader)
        size = leading_dimension(self._shown[1])
        return length * size if length < ENDLESS and size else None

    def fingerprint(self, loader: Any) -> None:
        """See `Subject`: their batches may be random, and are as a rule."""

    def fit(self, settings: Any, progress: Any) -> Statistics:
        """See `Subject`; no control of theirs asks for it."""
        raise SettingsError("statistics: only of data that the workbench reads itself")

    # For the display.

    def head(self, settings: FactorySettings, shown: dict[str, Any]) -> list[str]:
        """See `Subject`."""
        loader, samples = self._loader, shown.get("samples")
        length = getattr(loader, "epoch_batches", None) or len(loader)
        kind = getattr(loader, "kind", type(loader).__name__)
        shape = "×".join(map(str, shown.get("shape", ())))
        return [
            kind if self._factory is None else f"{self._factory.name}(…)",
            f"{length} batches" if length < ENDLESS else "no length",
            f"batch {samples} × {shape}" if samples else "",
            "",
        ]

    def facts(self) -> dict[str, Any]:
        """See `Subject`."""
        said, found = str(self._said), self._survey
        changes = self._belongings.changes(self._shown[1])
        warnings = [f"It {change}." for change in changes]
        warnings += getattr(self._loader, "notes", ())
        rows = [("Fixed", ", ".join(_attributes(self._data)))] if self._factory is None else []
        summary = []
        if found is not None:
            warnings += found.checked.warnings
            summary += [*found.checked.facts, found.caching]
            rows += [_row(fact) for fact in found.checked.facts]
        if said:
            count = len(said.splitlines())
            summary.append(f"it said {count} line{'s' * (count > 1)}")
            rows.append(("It said", said))
        return {
            "summary": " · ".join(filter(None, summary)),
            "warnings": warnings,
            "rows": [row for row in rows if row[1]],
        }

    def suggestion(self, profile: LineProfile, settings: FactorySettings) -> str:
        """See `Subject`: methods are ours."""
        return ""

    # For files.

    def stored(self, settings: FactorySettings) -> LoaderSettings:
        """See `Subject`."""
        if self._factory is not None:
            return self._factory.stored(settings)
        return LoaderSettings(feed=settings.feed)

    def restored(self, stored: Settings | LoaderSettings, file: Path) -> FactorySettings:
        """See `Subject`."""
        if not isinstance(stored, LoaderSettings):
            raise SettingsError(
                f"{file} is for data of kind {stored.data.kind!r}; this panel shows a loader of "
                f"your own. Open it with wb.Workbench({str(file)!r})"
            )
        if self._factory is not None:
            return self._factory.restored(stored)
        return self.initial.updated({"feed": stored.feed})

    def python(self, path: str) -> str:
        """See `Subject`."""
        name = name_of(self._data) if self._factory is not None else "loader"
        return (
            "import workbench as wb\n\n"
            f"tuned = wb.load({path!r})\n"
            f"train = tuned.dataset(factory={name.split('.')[-1]})\n"
            "model.fit(train)\n"
        )

    def settle(self) -> None:
        """See `Subject`: its random state is put back after the batch, not within the cell."""
        if self._code.acquire(timeout=SETTLE_SECONDS):
            self._code.release()

    def close(self) -> None:
        """See `Subject`."""
        with self._code:
            self._loader, self._shown, self._built_for = None, (None, None), None

    @contextmanager
    def _guarded(self) -> Iterator[None]:
        """Around all code of the user's."""
        with self._code, untouched(None), listening(self._said), explained():
            yield

    def _made(self, settings: FactorySettings, tell: Callable[[str], None]) -> Any:
        """The loader for these keywords; made anew only when they have changed."""
        if self._built_for is not None and (
            self._factory is None or self._built_for == self._key(settings)
        ):
            return self._loader
        if self._factory is not None and self._built_for is not None:
            tell(f"Building {self._factory.name} …")
        if self._factory is None:
            self._loader = opened(self._data)
        else:
            self._loader = opened(self._factory.bound(settings))
        self._built_for, self._survey = self._key(settings), None
        return self._loader

    def _key(self, settings: FactorySettings) -> Any:
        """What the loader depends on: its keywords, and the feed where the factory takes it."""
        return settings.keywords, self._factory.feed(settings) if self._factory else None

    def _batch(self, loader: Any, request: Request) -> Any:
        """A copy of the batch that holds the first tile: it may be a buffer that is used again."""
        size = leading_dimension(self._shown[1])
        if request.first < self._start:
            self._number = self._start = 0
        elif size and request.first >= self._start + size:
            self._number, self._start = self._number + 1, request.first
        key = self._built_for, self._number, request.epoch
        if self._shown[0] != key:
            self._shown = key, _copied(loader[self._number % len(loader)])
        return self._shown[1]


def _row(fact: str) -> tuple[str, str]:
    """A fact such as "batch[0]: image, …" as what it is about, and what it says."""
    where, colon, what = fact.partition(": ")
    return (where, what) if colon else ("Batches", fact)


def _feed_of(loader: Any) -> Feed:
    """As the object has it, where it has."""
    found = {name: getattr(loader, name, None) for name in Feed.model_fields}
    usable = {name: value for name, value in found.items() if isinstance(value, bool | int)}
    if usable.get("workers", 1) < 1:
        usable["workers"] = 1
    return Feed.model_validate(usable)


def _attributes(loader: Any) -> list[str]:
    """Plain public attributes of an object: what its maker chose."""
    held = getattr(loader, "__dict__", {})
    plain = (bool, int, float, str)
    found = [
        f"{name} {value!r:.40}"
        for name, value in (held.items() if isinstance(held, dict) else ())
        if isinstance(value, plain) and not name.startswith("_") and name not in Feed.model_fields
    ]
    return found[:ATTRIBUTES]


def _copied(batch: Any) -> Any:
    if isinstance(batch, dict):
        return {key: _copied(value) for key, value in batch.items()}
    if isinstance(batch, tuple | list):
        return tuple(map(_copied, batch)) if isinstance(batch, tuple) else list(map(_copied, batch))
    return np.array(batch) if hasattr(batch, "__array__") else batch
