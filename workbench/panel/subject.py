"""What a panel is about, as its engine sees it: data of ours, or a loader of the user's own."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Protocol

from workbench.loader import Loader
from workbench.loaders.factory_settings import LoaderSettings
from workbench.measure.line_profile import LineProfile
from workbench.panel.file_scan import FileScan
from workbench.panel.request import Request
from workbench.preview.sample_grid import Preview
from workbench.settings import Settings, Statistics


class Subject(Protocol):
    """Draws batches, and gives loaders to be measured, for any of its settings.

    Attributes:
        initial: Settings that the controls start at.
        file_scan: Looks through the files, where there are any.
        fixed: Controls that cannot be moved, by name, and why.
        noun: What samples are called.
        heading: Stands over the controls that change training.
        constants: What no control can change, by name, with its value.
        why_constant: Why not; empty if there is nothing to say.
        pauses_in_cells: Whether nothing is drawn while a cell of the notebook runs.
    """

    initial: Any
    file_scan: FileScan
    fixed: dict[str, str]
    noun: str
    heading: str
    constants: dict[str, str]
    why_constant: str
    pauses_in_cells: bool

    # For the engine's threads.

    def draw(self, request: Request, keras_ready: bool, tell: Callable[[str], None]) -> Preview:
        """Draw a request, on the picture thread; `tell` reports what takes long before."""

    def is_drawn_with_keras(self, settings: Any) -> bool:
        """Whether the picture is another one once Keras is imported."""

    def loader(self, settings: Any) -> AbstractContextManager[Loader]:
        """What gives the batches, for the one thread that measures; put back afterwards."""

    def inspect(self, loader: Loader, wanted: Callable[[], bool]) -> bool:
        """Look at what batches hold, once and while it is wanted; whether the picture has more to
        say now.
        """

    def samples(self, loader: Loader) -> int | None:
        """Samples of an epoch, if that is known."""

    def fingerprint(self, loader: Loader) -> str | None:
        """A hash of the first batch, if that says anything."""

    def fit(self, settings: Any, progress: Callable[[int, int], None] | None) -> Statistics:
        """Statistics of the training images; called with how many of how many are read."""

    # For the display.

    def title(self, settings: Any, shown: dict[str, Any]) -> list[str]:
        """What it is, in a few words each; `shown` is the preview's data."""

    def facts(self) -> dict[str, Any]:
        """What was noticed of it, as `file_scan.shown` puts it; empty if that shows enough."""

    def suggestion(self, profile: LineProfile, settings: Any) -> str:
        """An augment method worth trying; empty if there is none."""

    # For files.

    def stored(self, settings: Any) -> Settings | LoaderSettings:
        """The settings as an export holds them."""

    @property
    def about_export(self) -> str:
        """What an export lacks, for who has just made one; empty if it is whole."""

    def restored(self, stored: Settings | LoaderSettings, file: Path) -> Any:
        """Settings of an export, for this data.

        Raises:
            SettingsError: If they are for another kind.
        """

    def python(self, path: str) -> str:
        """Code that trains from an export."""

    def wait_until_idle(self) -> None:
        """Wait until the user's code rests, because a cell begins; not for long."""

    def close(self) -> None:
        """Let go of what it holds."""
