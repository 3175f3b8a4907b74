"""Uses a panel as a person does, without a browser, and reads what it shows."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from math import inf
from typing import Any

import cv2
import numpy as np

import workbench as wb
from workbench.measure.line_profile import LineProfile
from workbench.panel.panel_report import FeedMeasurement, Report

LIMIT = 60.0  # seconds; a wait ends with its condition, so a generous limit costs nothing
# The areas that send an action; all other actions are buttons.
AREAS = {
    **dict.fromkeys(("try", "undo", "retry"), "head"),
    **dict.fromkeys(("advise", "profile_in"), "hot"),
    **dict.fromkeys(("others", "redraw", "show"), "preview"),
    **dict.fromkeys(("open", "close"), "profile"),
}


def until(
    condition: Callable[[], Any], shown: Callable[[], str] = str, every: float = 0.01
) -> None:
    """Wait for something that a thread does; `shown` says what else to tell if it does not."""
    end = time.monotonic() + LIMIT
    while not condition():
        assert time.monotonic() < end, f"not within {LIMIT:g} s {shown()}"
        time.sleep(every)


class PanelDriver:
    """The only code in the tests that reads private attributes of a `Workbench`.

    The panel's page counts as visible until `look_away`, however long a test takes.

    Args:
        panel: An open panel.
    """

    def __init__(self, panel: wb.Workbench) -> None:
        self.panel = panel
        self._view, self._engine = panel._view, panel._engine
        self._state = self._engine._state
        self._state.last_beat = inf

    # What a person does

    @property
    def controls(self) -> list[str]:
        """Names of the controls."""
        return list(self.panel._controls.by_name)

    def control(self, name: str) -> Any:
        """The widget of a control."""
        return self.panel._controls.by_name[name].widget

    def move(self, /, **values: Any) -> None:
        """Move controls, one after the other."""
        for name, value in values.items():
            self.control(name).value = value

    def widget(self, name: str) -> Any:
        """Any other widget: "live", "path", a button, an area, or "root"."""
        return getattr(self._view, name)

    def press(self, action: str, **details: Any) -> None:
        """Press a button: one of `AREAS`, or "export", "import_", "measure", "reset", "stop"."""
        if action not in AREAS:
            self.widget(action).click()
            return
        area = self.widget(AREAS[action])
        count = area.pressed.get("count", 0) + 1
        area.pressed = {"action": action, "count": count, **details}

    def measure(self, seconds: float) -> None:
        """Press Measure, for another time than its 5 s."""
        self._engine.measure(seconds)

    def look_away(self) -> None:
        """Stop the page's beats; `widget("shell").beat += 1` is one."""
        self._state.last_beat = 0.0

    @contextmanager
    def running_cell(self) -> Iterator[None]:
        """While a cell of the notebook runs."""
        self.panel._cell_starts()
        try:
            yield
        finally:
            self.panel._cell_ended()

    def measuring_elsewhere(self) -> AbstractContextManager[None]:
        """While something else is measured."""
        return self._engine.alone()

    # What it shows and knows

    def data(self, area: str) -> dict[str, Any]:
        """What an area shows: "head", "preview", "hot", "profile", "scan", "advice" or "copy"."""
        return self.widget(area).data  # type: ignore[no-any-return]

    def text(self, name: str) -> Any:
        """A text of the panel's head, such as "status", or its "message"; may be empty."""
        if name == "message":
            return self.data("message").get("text", "")
        return self.data("head").get(name, "")

    @property
    def jpeg(self) -> bytes:
        """The picture as it is sent to the page."""
        return self.widget("preview").image  # type: ignore[no-any-return]

    def picture(self) -> np.ndarray:
        """The picture in grey levels: (rows of tiles * height, columns * width)."""
        decoded = cv2.imdecode(np.frombuffer(self.jpeg, np.uint8), cv2.IMREAD_GRAYSCALE)
        assert decoded is not None
        return decoded.astype(int)

    @property
    def report(self) -> Report:
        """Everything that the threads have found."""
        return self._engine.report

    def tell(self, **news: Any) -> None:
        """Let the panel show something, by the names of `Report`'s attributes."""
        self._engine.tell(**news)

    @property
    def is_closing(self) -> bool:
        """Whether `close` has begun."""
        return self._state.closed

    def threads(self) -> list[str]:
        """Names of the panel's threads that are alive."""
        return [thread.name for thread in self._engine._threads if thread.is_alive()]

    def loader(self) -> AbstractContextManager[Any]:
        """What is measured with the settings shown."""
        return self.panel._subject.loader(self.panel.settings)

    # Waiting

    def wait_until(self, condition: Callable[[], Any]) -> None:
        """Wait for something that the panel does."""
        until(condition, lambda: f"({self.text('status')!r}, error {self.text('error')!r})")

    def drawn(self) -> dict[str, Any]:
        """Wait for the picture of the newest request; its data."""
        newest = self.report.request.generation
        self.wait_until(lambda: self._state.drawn >= newest)
        return self.data("preview")

    def refreshed(self) -> None:
        """Wait until all that is known now is shown."""
        self._refresh()  # may have begun before
        self._refresh()

    def _refresh(self) -> None:
        before = self.data("scan")
        self._engine.tell()
        self.wait_until(lambda: self.data("scan") is not before)

    def profiled(self) -> LineProfile:
        """Wait for a profile with hot lines."""
        self.wait_until(lambda: self.report.profile and self.report.profile.hot)
        assert self.report.profile is not None
        return self.report.profile

    def measured(self) -> FeedMeasurement:
        """Wait for a figure of the feed with the newest settings."""
        settings = self.report.request.settings
        self.wait_until(lambda: (m := self.report.measured) and m.request.settings == settings)
        assert self.report.measured is not None
        return self.report.measured
