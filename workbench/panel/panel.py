"""The panel: `Workbench`, its methods, and the callbacks of its widgets."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, ClassVar

from workbench.advice.findings import Findings
from workbench.api import advise, measure_rate, profile_lines
from workbench.isolation.notebook_cells import note_cell
from workbench.jsonfile import file_at
from workbench.measure.line_profile import LineProfile
from workbench.measure.rate import Rate
from workbench.panel import verdict
from workbench.panel.cell_events import CellEvents
from workbench.panel.controls import Controls, StatisticsMissing
from workbench.panel.engine import Engine
from workbench.panel.evidence import evidence
from workbench.panel.layout import Layout
from workbench.panel.open_subject import open_subject
from workbench.panel.panel_display import PanelDisplay
from workbench.panel.request import Request
from workbench.panel.user_code_guard import PATIENCE
from workbench.preview.sample_grid import tiles_of
from workbench.settings import Settings, Statistics
from workbench.tuned import Tuned, load

MEASURE_SECONDS = 5.0
# How long the cell that makes a panel waits for its first picture. What the cell does next, such as
# setting a seed, would disturb the user's code, and the other way round.
FIRST_PICTURE_SECONDS = 0.5


class Workbench:
    """An interactive panel for one source of data; displays itself in JupyterLab.

    Opening another panel, or `close`, ends its threads. A batch that does not end soon is given up:
    its thread cannot be ended, but has no part in anything any more.

    Args:
        data: A folder of class folders, a folder with `data.npy`, a `.csv` table, an exported
            `.json`, a pair (x, y) of arrays, `Settings` or `Tuned`; or your own loader: a
            `PyDataset`, an iterator, a generator, a `tf.data.Dataset`, or a function or class that
            makes one.
        class_weight: As for Keras's `fit`. The panel warns you if the labels do not match it.
        controls: Keywords of that function or class whose names `Workbench` uses itself.
        **more_controls: Its other keywords. As in `ipywidgets.interact`, `batch_size=(8, 256)` or
            `rotation=(0.0, 45.0)` becomes a slider, `cache=True` a check box and `mode=["a", "b"]`
            a list; other values are passed unchanged. Keywords with a default get a control too.

    Raises:
        FileNotFoundError: If a path does not exist.
        TypeError: If data of this kind is not supported, or the function does not take a keyword.
        ValueError: If there are no samples, or the arrays' lengths differ.

    Example:
        >>> panel = wb.Workbench("scans")
        >>> panel.set(batch_size=64, augment_method="opencv")
        >>> panel.export("tuned.json")
        >>> wb.Workbench(make_dataset, batch_size=(8, 256), rotation=(0, 45))
    """

    # One panel per kernel: running its cell again must end the threads of the previous one.
    _open: ClassVar[Workbench | None] = None

    def __init__(
        self,
        data: Any,
        *,
        class_weight: Mapping[Any, float] | None = None,
        controls: Mapping[str, Any] | None = None,
        **more_controls: Any,
    ) -> None:
        subject = open_subject(data, {**(controls or {}), **more_controls}, class_weight)
        if Workbench._open is not None:
            Workbench._open.close()
        self._subject = subject
        self._controls = Controls(subject.initial, self._moved, subject.fixed)
        # Held from reading the controls to the request, so that requests keep their order.
        self._request_lock = threading.RLock()
        self._view = Layout(self._controls, subject)
        self._before: tuple[str, Any] = "", None  # label of Undo, and the settings it returns to
        self._display = PanelDisplay(
            self._view,
            subject,
            self._fitted,
            lambda: self._engine.first_measured,
            lambda: self._before[0],
        )
        self._engine = Engine(subject, self._display)
        self._cell_events = CellEvents(self._cell_starts, self._cell_ended)
        self._connect()
        self._cell_events.register()
        Workbench._open = self
        self._engine.start()
        if self._cell_events.is_in_cell:
            self._cell_starts(seconds=FIRST_PICTURE_SECONDS)

    def _ipython_display_(self) -> None:
        if Workbench._open is not self:
            print("This panel is closed. Make another one: wb.Workbench(data)")
            return
        self._display.show_in_cell()

    @property
    def settings(self) -> Any:
        """The settings that the controls show.

        Raises:
            SettingsError: If they do not fit together, or need statistics that are unknown.
        """
        return self._controls.settings()

    def set(self, /, **values: Any) -> None:
        """Move controls by name: `set(batch_size=64, rotation_range=10)`.

        Featurewise scaling needs the statistics of the training images. If they are unknown, this
        reads all of these images first.

        Raises:
            SettingsError: If a control does not exist or cannot have this value.
        """
        changes = self._controls.changes_for(values)
        try:
            settings = self._controls.settings(changes)
        except StatisticsMissing as wanted:
            with self._engine.alone():
                found = self._subject.fit(wanted.without, None)
            settings = wanted.settings_with(found)
        self._show(settings)

    def profile(
        self, seconds: float = 1.0, *, in_workers: bool = False, libraries: Iterable[str] = ()
    ) -> LineProfile:
        """Profile the lines of a batch with the settings shown.

        Args:
            seconds: How long to profile.
            in_workers: Profile in workers, as the controls say, instead of this thread.
            libraries: Packages whose lines are profiled too; see `workbench.profile_lines`.
        """
        feed = self.settings.feed
        with self._engine.alone(), self._subject.loader(self.settings) as loader:
            return profile_lines(
                loader,
                seconds=seconds,
                workers=feed.workers if in_workers else 0,
                use_multiprocessing=feed.use_multiprocessing,
                libraries=libraries,
            )

    def measure(self, seconds: float = MEASURE_SECONDS) -> Rate:
        """Measure the rate at which Keras gets samples with the settings shown."""
        feed = self.settings.feed.model_dump()
        with self._engine.alone(), self._subject.loader(self.settings) as loader:
            return measure_rate(loader, seconds=seconds, **feed)

    def advise(self) -> Findings:
        """Find faster code for slow lines, with the settings shown; see `wb.advise`."""
        with self._engine.alone(), self._subject.loader(self.settings) as loader:
            return advise(loader)

    def export(self, path: str | os.PathLike[str] | None = None) -> Path:
        """Write the settings shown and their measurements as JSON.

        Args:
            path: Defaults to the one in the panel.

        Raises:
            FileExistsError: If the file exists and is not a workbench file.
            OSError: If it cannot be written.
        """
        settings = self.settings
        before, now = self._engine.first_measured, self._engine.report.measured
        found = evidence(self._subject.initial, settings, before, now)
        tuned = Tuned(settings=self._subject.export.stored(settings), evidence=found)
        return tuned.save(path or self._view.path.value)

    def import_(self, path: str | os.PathLike[str] | None = None) -> None:
        """Move the controls to the settings of a JSON file; the panel keeps its data.

        Args:
            path: Defaults to the one in the panel.

        Raises:
            FileNotFoundError: If the file does not exist.
            SettingsError: If it is not a workbench file, or is for another kind of data.
        """
        file = file_at(path or self._view.path.value)
        self._show(self._subject.export.restored(load(file).settings, file))

    def close(self) -> None:
        """End the threads and remove the panel; safe to call twice."""
        if Workbench._open is self:
            Workbench._open = None  # first, so that another panel opens whatever happens here
        try:
            self._engine.close()
        finally:
            self._cell_events.unregister()
            self._view.close()

    # Callbacks: they may run on any thread, only leave a request, and return.

    def _moved(self) -> None:
        self._guarded(self._request, "fault")

    def _fitted(self, request: Request, found: Statistics) -> None:
        """Called on the measuring thread, so it sets no widget."""
        self._controls.known = request.settings.data, found
        self._moved()

    def _pressed(self, change: Any) -> None:
        request, pressed = self._engine.report.request, change["new"]
        actions = {
            "try": lambda: self.set(augment_method="opencv"),
            "others": lambda: self._request(first=request.first + tiles_of(request.show)),
            "show": lambda: self._request(show=pressed["show"]),
            "advise": self._engine.advise,
            "redraw": lambda: self._request(epoch=request.epoch + 1),
            "open": lambda: self._request(libraries=request.libraries | set(pressed["libraries"])),
            "close": lambda: self._request(libraries=frozenset()),
            "profile_in": lambda: self._request(in_workers=pressed["in_workers"]),
            "retry": self._request,
            "undo": self._undo,
        }
        self._guarded(actions[pressed["action"]], "fault")

    def _request(self, **changes: Any) -> None:
        with self._request_lock:
            try:
                settings, wanted = self.settings, False
            except StatisticsMissing as missing:
                settings, wanted = missing.without, True
            self._remember(settings)
            self._engine.request(settings=settings, fit=wanted, **changes)

    def _undo(self) -> None:
        self._show(self._before[1])
        self._before = "", None
        self._engine.tell()

    def _stop(self, _: Any) -> None:
        if self._engine.report.request.fit:
            self._controls.drop_featurewise()
        self._engine.stop()

    def _export(self, _: Any) -> None:
        def export() -> None:
            notice = f"Saved {self.export()}. {self._subject.export.warning}".strip()
            self._engine.tell(notice=notice, action_fault=None)

        self._guarded(export)

    def _import(self, _: Any) -> None:
        def move() -> None:
            self.import_()
            self._engine.tell(notice=f"Imported {self._view.path.value}.")

        self._guarded(move)

    def _reset(self, _: Any) -> None:
        def move() -> None:
            self._show(self._subject.initial)
            self._engine.tell(notice="Returned to the settings at the start.")

        self._guarded(move)

    def _guarded(self, action: Callable[[], object], kind: str = "action_fault") -> None:
        """Show an exception in the panel: ipywidgets would only log it."""
        try:
            action()
        except Exception as error:
            fault = verdict.Fault(verdict.error_text(error), "")
            self._engine.tell(notice="", **{kind: fault})

    def _remember(self, settings: Any) -> None:
        """Remember the settings before a change; those before the first of several like ones."""
        before = self._engine.report.request.settings
        names = self._controls.changed(before, settings)
        self._view.show_help()
        if names:
            control = self._controls.by_name[names[0]]
            label = control.widget.description if len(names) == 1 else "changes"
            if label != self._before[0]:
                self._before = label, before

    def _show(self, settings: Settings) -> None:
        with self._request_lock:
            self._controls.show(settings)
            self._remember(settings)
            self._engine.request(settings=settings, fit=False)

    def _connect(self) -> None:
        view, engine = self._view, self._engine
        view.live.observe(lambda change: engine.live(change["new"]), names="value")
        view.shell.observe(lambda _: engine.beat(), names="beat")
        for area in (view.head, view.preview, view.hot, view.profile):
            area.observe(self._pressed, names="pressed")
        view.measure.on_click(lambda _: engine.measure(MEASURE_SECONDS))
        view.stop.on_click(self._stop)
        view.export.on_click(self._export)
        view.import_.on_click(self._import)
        view.reset.on_click(self._reset)
        view.path.observe(lambda _: engine.tell(), names="value")  # for Copy as Python

    def _cell_starts(self, _: Any = None, seconds: float = PATIENCE) -> None:
        self._engine.cell_runs(True)
        self._subject.wait_until_idle(seconds)
        note_cell()

    def _cell_ended(self, _: Any = None) -> None:
        self._engine.cell_runs(False)
