"""The thread that draws pictures and shows results; only this one draws on the display.

It owns the preview that is shown.
"""

from __future__ import annotations

import threading
from time import monotonic, perf_counter

from workbench.panel.panel_report import Display
from workbench.panel.request import Request
from workbench.panel.state import State
from workbench.panel.subject import Subject
from workbench.panel.user_code_guard import Busy
from workbench.preview.sample_grid import Preview

REFRESH = 0.2  # seconds between two updates of the profile
# Longer profiles are updated less often, in proportion: Jupyter's server drops messages beyond 1 MB
# per second, and a line takes about 300 bytes.
LINES_PER_REFRESH = 400
PICTURE_GAP = 0.1  # seconds between two pictures, at least


class PictureThread(threading.Thread):
    """Draws the newest request, and shows each new report.

    Args:
        state: Says what is wanted and known.
        subject: What is drawn.
        display: Shows it.
    """

    def __init__(self, state: State, subject: Subject, display: Display) -> None:
        super().__init__(name="workbench-picture", daemon=True)
        self._state, self._subject, self._display = state, subject, display
        self._picture: tuple[Preview, Request, float] | None = None

    def run(self) -> None:
        """Work until the panel is closed."""
        state, shown, drawn_at = self._state, None, 0.0
        while not state.closed:
            request, is_busy = state.report.request, False
            if request.generation > state.drawn and not self._waits_for_cell:
                is_busy = not self._draw(request)
                drawn_at = monotonic()
            if self._is_closed:
                return  # perhaps long ago, while the picture was drawn
            try:
                state.take_snapshot()
                if state.report is not shown:
                    shown = state.report
                    self._display.report(shown)
            except Exception as error:
                state.fail(request, error)
            if not is_busy:
                self._wait_for_change(request, drawn_at)

    @property
    def _is_closed(self) -> bool:
        return self._state.closed

    @property
    def _waits_for_cell(self) -> bool:
        """Whether drawing has to wait for a cell that the user's code would disturb."""
        # The first picture does not wait: after "Run All Cells" the next cells may train for hours.
        in_cell = self._state.cell_runs and self._subject.pauses_in_cells
        return in_cell and self._picture is not None

    def _wait_for_change(self, request: Request, drawn_at: float) -> None:
        """Wait for a new request or the next refresh, at least for `PICTURE_GAP`."""
        state = self._state
        with state.changed:
            state.changed.wait_for(lambda: state.closed, drawn_at + PICTURE_GAP - monotonic())
            profile = state.report.profile
            lines = sum(len(f.lines) for f in profile.functions) if profile else 0
            state.changed.wait_for(
                lambda: state.closed or state.report.request is not request,
                REFRESH * max(1.0, lines / LINES_PER_REFRESH),
            )

    def _draw(self, request: Request) -> bool:
        """Draw the picture; return whether that was possible now."""
        state, last, began = self._state, self._picture, perf_counter()
        try:
            if last is not None and state.drawn and request.draws_same_picture(last[1]):
                self._display.picture(last[0], request, last[2])
            else:
                preview = self._subject.draw(request, state.keras_ready, self._building)
                if state.closed:
                    return False
                self._picture = preview, request, perf_counter() - began
                self._display.picture(*self._picture)
        except Busy:
            return False
        except Exception as error:
            self._picture = None
            state.fail(request, error)
        with state.changed:
            state.drawn = request.generation
            state.changed.notify_all()
        return True

    def _building(self, status: str) -> None:
        """Show a status at once, before something slow; the picture stays."""
        self._state.tell(status=status)
        self._display.report(self._state.report)
