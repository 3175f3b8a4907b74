"""The panel: what a person sees and moves. Wires controls, engine and display together."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, ClassVar

from IPython import get_ipython
from IPython.display import HTML, DisplayHandle, display

from workbench.generators.file_source import dtype_of, shape_of
from workbench.generators.held import memory_needed
from workbench.generators.held_on_disk import disk_folder
from workbench.generators.pipeline import Pipeline, copies_bytes, split
from workbench.generators.sources import Source, open_source
from workbench.generators.statistics import fit
from workbench.kinds import PATHS, ImageFiles
from workbench.loaders import measure_rate, profile_lines, settings_of
from workbench.measure.machine import usable_cores
from workbench.measure.profile import LineProfile
from workbench.measure.rate import Rate
from workbench.settings import Augmentation, Settings, SettingsError, Statistics
from workbench.tuned import Tuned, load
from workbench.widgets import verdict
from workbench.widgets.controls import Controls, StatisticsWanted
from workbench.widgets.engine import Engine, Report, Request
from workbench.widgets.evidence import evidence
from workbench.widgets.layout import IN_WORKERS, Layout
from workbench.widgets.listing import hot_lines, rows
from workbench.widgets.preview import Preview, tiles_of

# The article's first example: where the panel starts on data that has no settings yet.
EXAMPLE_1 = Augmentation(
    rotation_range=20,
    width_shift_range=0.2,
    height_shift_range=0.2,
    shear_range=0.2,
    zoom_range=0.2,
    horizontal_flip=True,
)
MEASURE_SECONDS = 5.0
KEPT_AFTER = 1.0  # seconds of profiling after which a profile is worth keeping
KEPT = (
    '<div class="wb-kept"><p>The panel needs a running kernel: run this cell again. '
    "Here is its last profile.</p>{}</div>"
)


class Workbench:
    """An interactive panel for one source of data; shows itself in JupyterLab.

    Making another one, or `close`, ends its threads.

    Args:
        data: A folder of class folders, a folder with `data.npy`, a `.json` that was exported, a
            pair (x, y) of arrays, `Settings` or `Tuned`.

    Raises:
        FileNotFoundError: If a path does not exist.
        TypeError: If the data is of another kind.
        ValueError: If there is nothing to show, or arrays do not fit each other.

    Example:
        >>> panel = wb.Workbench("scans")
        >>> panel.set(batch_size=64, augment_method="opencv")
        >>> panel.export("tuned.json")
    """

    # One panel a kernel: running its cell again must not leave the old one's threads behind.
    _open: ClassVar[Workbench | None] = None

    def __init__(self, data: Any) -> None:
        settings, x, y = settings_of(data)
        source = open_source(settings, x, y)
        if not isinstance(data, Settings | Tuned) and not _is_json(data):
            settings = _first_view(settings, source)
        pipeline = Pipeline(settings, source)
        if Workbench._open is not None:
            Workbench._open.close()
        self._pipeline, self._initial, self._name = pipeline, settings, _name_of(data)
        self._controls = Controls(settings, self._moved)
        # From reading the controls until the request is out: the newer reading must come later.
        self._asking = threading.RLock()
        self._view = Layout(self._controls)
        self._engine = Engine(pipeline, self)
        self._drawn_at = ""
        self._kept: DisplayHandle | None = None
        self._kept_generation = 0
        self._connect()
        Workbench._open = self
        self._engine.start()

    def _ipython_display_(self) -> None:
        if Workbench._open is not self:
            print("This panel is closed. Make another one: wb.Workbench(data)")
            return
        display(self._view.root)
        # Widgets are not saved with a notebook: this output is, hidden while there is a panel.
        self._kept = display(HTML(""), display_id=True)

    @property
    def settings(self) -> Settings:
        """The settings that the controls stand at.

        Raises:
            SettingsError: If they do not fit together, or statistics are being computed for them.
        """
        return self._controls.settings()

    def set(self, **values: Any) -> None:
        """Move controls, by their names: `set(batch_size=64, rotation_range=10)`.

        Featurewise scaling needs statistics: where they are not known for the images as they are
        to be read, this reads all training images and returns when they are.

        Raises:
            SettingsError: If there is no such control or a value cannot be used.
        """
        changes = self._controls.changes_for(values)
        try:
            settings = self._controls.settings(changes)
        except StatisticsWanted as wanted:
            with self._engine.alone():
                found = fit(self._pipeline.with_settings(wanted.without))
            settings = wanted.settings_with(found)
        self._show(settings)

    def profile(
        self, seconds: float = 1.0, *, in_workers: bool = False, libraries: Iterable[str] = ()
    ) -> LineProfile:
        """Profile the lines of a batch with the settings shown.

        Args:
            seconds: How long.
            in_workers: In the workers as set, instead of in this thread.
            libraries: Packages to go into; see `workbench.profile_lines`.
        """
        feed = self.settings.feed
        with self._engine.alone():
            return profile_lines(
                self._dataset(),
                seconds=seconds,
                workers=feed.workers if in_workers else 0,
                use_multiprocessing=feed.use_multiprocessing,
                libraries=libraries,
            )

    def measure(self, seconds: float = MEASURE_SECONDS) -> Rate:
        """Measure what Keras gets, with the settings shown."""
        feed = self.settings.feed.model_dump()
        with self._engine.alone():
            return measure_rate(self._dataset(), seconds=seconds, **feed)

    def export(self, path: str | os.PathLike[str] | None = None) -> Path:
        """Write the settings shown, and what was measured of them, as JSON.

        Args:
            path: Defaults to the one in the panel.

        Raises:
            FileExistsError: If there is a file that is not the workbench's.
            OSError: If it cannot be written.
        """
        settings = self.settings
        before, now = self._engine.first_measured, self._engine.report.measured
        found = evidence(self._initial, settings, before, now)
        tuned = Tuned(settings=settings, evidence=found)
        return tuned.save(path or self._view.path.value)

    def import_(self, path: str | os.PathLike[str] | None = None) -> None:
        """Move to the settings of a JSON file; the data stays the panel's.

        Args:
            path: Defaults to the one in the panel.

        Raises:
            FileNotFoundError: If there is no such file.
            SettingsError: If it is no workbench file, or is for another kind of data.
        """
        file = Path(path or self._view.path.value).expanduser()
        wanted, own = load(file).settings, self._initial.data
        if wanted.data.kind != own.kind:
            raise SettingsError(
                f"{file} is for data of kind {wanted.data.kind!r}; this panel shows {own.kind!r}. "
                f"Open it with wb.Workbench({str(file)!r})"
            )
        if own.kind == "arrays":
            self._show(wanted.updated({"data": {"shape": own.shape, "dtype": own.dtype}}))
        else:
            self._show(wanted.updated({"data": own.model_dump(include=PATHS)}))

    def close(self) -> None:
        """End the threads and remove the panel; safe to call twice."""
        self._engine.close()
        shell = get_ipython()
        for event, hook in self._hooks().items():
            if shell is not None and hook in shell.events.callbacks[event]:
                shell.events.unregister(event, hook)
        self._view.close()
        if Workbench._open is self:
            Workbench._open = None

    # The display: called from the engine's picture thread.

    def picture(self, preview: Preview, request: Request, seconds: float) -> None:
        """Show a drawn grid."""
        self._drawn_at = datetime.now().strftime("%H:%M")
        more = {"drawn": f"drawn in {seconds * 1e3:.0f} ms", "settings": request.generation}
        self._view.preview.show({**preview.data, **more}, preview.jpeg)

    def report(self, report: Report) -> None:
        """Show everything but the picture."""
        settings, profile = report.request.settings, report.profile
        self._view.head.show({"title": self._title(settings), **self._sentences(report)})
        self._view.scan.show(report.scan)
        self._view.copy.show({"code": self._python()})
        if profile is not None and profile.seconds:
            self._view.hot.show(hot_lines(profile))
            shown = report.profile_request or report.request
            # A number that changes with the settings tells a new profile from a grown one.
            more = {"settings": shown.generation, "opened": sorted(shown.libraries)}
            self._view.profile.show({**rows(profile), **more})
            self._keep(profile, shown.generation)

    def fitted(self, request: Request, found: Statistics) -> None:
        """Use the statistics of the training images; on the measuring thread, so no widget is set
        here.
        """
        self._controls.known = request.settings.data, found
        self._moved()

    def _keep(self, profile: LineProfile, generation: int) -> None:
        """Leave the profile in the notebook, once for each generation: it counts as an edit."""
        if self._kept is None or generation == self._kept_generation:
            return
        if profile.seconds > KEPT_AFTER:
            self._kept_generation = generation
            self._kept.update(HTML(KEPT.format(profile._repr_html_())))

    def _sentences(self, report: Report) -> dict[str, Any]:
        measured, profile = report.measured, report.profile
        settings = report.request.settings
        stale = measured is not None and measured.request.settings != settings
        if report.fault is not None:
            sentence = verdict.cannot(report.fault, self._drawn_at)
        elif measured is not None:
            sentence = verdict.delivers(measured.rate, measured.samples)
        else:
            sentence = verdict.not_measured(profile)
        return {
            "sentence": sentence,
            "stale": stale,
            "detail": str(measured.rate) if measured else "",
            "slowest": verdict.slowest(profile) if profile else ("", ""),
            "suggestion": verdict.suggestion(profile, settings) if profile else "",
            "status": " ".join(
                filter(None, [report.notice, report.status, verdict.scaled_by(settings)])
            ),
            "error": "\n".join(str(e) for e in (report.fault, report.complaint) if e),
        }

    def _title(self, settings: Settings) -> str:
        data, total = self._view.preview.data, len(self._pipeline.source)
        samples, shape = data.get("samples"), "×".join(map(str, data.get("shape", ())))
        parts = [
            self._name,
            f"{total} images" + (f", {samples} for training" if samples else ""),
            f"batch {settings.batch.size} × {shape} {settings.batch.dtype}" if shape else "",
            f"{usable_cores()} cores usable",
            _memory(settings, total, samples or 0, data.get("shape", ())),
        ]
        return " · ".join(part for part in parts if part)

    # Callbacks: they run on any thread and only pass on what is wanted.

    def _moved(self) -> None:
        self._guarded(self._request, "fault")

    def _pressed(self, change: Any) -> None:
        request, pressed = self._engine.report.request, change["new"]
        actions = {
            "try": lambda: self.set(augment_method="opencv"),
            "others": lambda: self._request(first=request.first + tiles_of(request.show)),
            "show": lambda: self._request(show=pressed["show"]),
            "redraw": lambda: self._request(epoch=request.epoch + 1),
            "open": lambda: self._request(libraries=request.libraries | set(pressed["libraries"])),
            "close": lambda: self._request(libraries=frozenset()),
        }
        self._guarded(actions[pressed["action"]], "fault")

    def _profile_in(self, change: Any) -> None:
        self._guarded(lambda: self._request(in_workers=change["new"] == IN_WORKERS), "fault")

    def _request(self, **changes: Any) -> None:
        with self._asking:
            try:
                settings, wanted = self.settings, False
            except StatisticsWanted as missing:
                settings, wanted = missing.without, True
            self._engine.request(settings=settings, fit=wanted, **changes)

    def _stop(self, _: Any) -> None:
        self._view.live.value = False
        if self._engine.report.request.fit:
            self._controls.drop_featurewise()
        self._engine.stop()

    def _export(self, _: Any) -> None:
        self._guarded(lambda: self._engine.tell(notice=f"Saved {self.export()}.", complaint=None))

    def _import(self, _: Any) -> None:
        self._guarded(self.import_)

    def _guarded(self, action: Callable[[], object], kind: str = "complaint") -> None:
        """An exception in a callback would only reach a log that nobody reads."""
        try:
            action()
        except Exception as error:
            fault = verdict.Fault(f"{type(error).__name__}: {error}", "")
            self._engine.tell(notice="", **{kind: fault})

    def _show(self, settings: Settings) -> None:
        with self._asking:
            self._controls.show(settings)
            self._engine.request(settings=settings, fit=False)

    def _dataset(self) -> Any:
        from workbench.generators.dataset import Dataset

        return Dataset(self._pipeline.with_settings(self.settings))

    def _connect(self) -> None:
        view, engine = self._view, self._engine
        view.live.observe(lambda change: engine.live(change["new"]), names="value")
        view.shell.observe(lambda _: engine.beat(), names="beat")
        view.profile_in.observe(self._profile_in, names="value")
        for area in (view.head, view.preview, view.profile):
            area.observe(self._pressed, names="pressed")
        view.measure.on_click(lambda _: engine.measure(MEASURE_SECONDS))
        view.stop.on_click(self._stop)
        view.export.on_click(self._export)
        view.import_.on_click(self._import)
        view.reset.on_click(lambda _: self._guarded(lambda: self._show(self._initial)))
        view.path.observe(lambda _: engine.tell(), names="value")  # for Copy as Python
        shell = get_ipython()
        for event, hook in self._hooks().items():
            if shell is not None:
                shell.events.register(event, hook)

    def _hooks(self) -> dict[str, Callable[..., None]]:
        return {"pre_run_cell": self._cell_starts, "post_run_cell": self._cell_ended}

    def _cell_starts(self, _: Any = None) -> None:
        self._engine.cell_runs(True)

    def _cell_ended(self, _: Any = None) -> None:
        self._engine.cell_runs(False)

    def _python(self) -> str:
        arrays = "x, y" if self._initial.data.kind == "arrays" else ""
        subset = ", ".join(filter(None, [arrays, 'subset="validation"']))
        return (
            "import workbench as wb\n\n"
            f"tuned = wb.load({self._view.path.value!r})\n"
            f"train, validation = tuned.dataset({arrays}), tuned.dataset({subset})\n"
            "model.fit(train, validation_data=validation, shuffle=False)\n"
        )


def _first_view(settings: Settings, source: Source) -> Settings:
    """Where to start on new data: the article's slow example, so that the hot line is there."""
    training = len(split(source, settings.data.validation_split, "training"))
    return settings.updated(
        {
            "batch": {"size": max(1, min(32, training // 2))},
            "augmentation": EXAMPLE_1.model_dump(mode="json"),
            "methods": {"augment": "keras_loop"},
        }
    )


def _memory(settings: Settings, total: int, trained: int, shape: Sequence[int]) -> str:
    """What files and copies take that stay; other ways take nothing, or are there."""
    data, methods = settings.data, settings.methods
    needed = {"memory": 0, "disk": 0}
    needed[methods.copies_in] = copies_bytes(settings, trained, tuple(shape))
    if isinstance(data, ImageFiles) and methods.read == "files_in_memory":
        needed["memory"] += memory_needed(total, shape_of(data), dtype_of(data))
    where = {"memory": "in memory", "disk": f"on disk in {disk_folder()}"}
    said = [f"{n / 1e6:,.1f} MB {where[w]} once all are made" for w, n in needed.items() if n]
    if methods.copies:
        said.append(f"each image augmented only {methods.copies} × in all epochs")
    return " · ".join(said)


def _is_json(data: Any) -> bool:
    return isinstance(data, str | os.PathLike) and Path(data).suffix == ".json"


def _name_of(data: Any) -> str:
    if isinstance(data, str | os.PathLike):
        return Path(data).resolve().name
    return "arrays" if isinstance(data, tuple | list) else "data"
