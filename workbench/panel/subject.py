"""What a panel shows and measures, as its engine sees it: a pipeline of ours or a user's loader."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Protocol

from workbench.loader import Loader
from workbench.loaders.stored_loader import LoaderSettings
from workbench.measure.line_profile import LineProfile
from workbench.panel.file_scan import FileScan
from workbench.panel.request import Request
from workbench.preview.sample_grid import Preview
from workbench.settings import Settings, Statistics


class SubjectExport(Protocol):
    """How a subject's settings are stored in JSON. Called in callbacks, on any thread."""

    @property
    def warning(self) -> str:
        """Warning to show after an export; empty if the export is complete."""

    def stored(self, settings: Any) -> Settings | LoaderSettings:
        """The settings to write."""

    def restored(self, stored: Settings | LoaderSettings, file: Path) -> Any:
        """Settings for this subject, from those of a file.

        Raises:
            SettingsError: If they are for another kind of data.
        """

    def python(self, path: str) -> str:
        """Code that trains from an export."""


class Subject(Protocol):
    """Draws batches and gives loaders to measure, for any of its settings.

    Attributes:
        initial: Settings at the start.
        file_scan: Reads the headers of the files, if there are any.
        fixed: Controls that cannot be moved, as {name: reason}.
        noun: Plural noun for samples.
        heading: Heading of the controls that change training.
        constants: Arguments that no control can change, as {name: value}.
        why_constant: The reason for that; empty if there is none to give.
        pauses_in_cells: Whether drawing pauses while a cell of the notebook runs.
        finds_advice: Whether there can be advice on its code.
    """

    initial: Any
    file_scan: FileScan
    fixed: dict[str, str]
    noun: str
    heading: str
    constants: dict[str, str]
    why_constant: str
    pauses_in_cells: bool
    finds_advice: bool

    @property
    def export(self) -> SubjectExport:
        """Stores settings in JSON."""

    # On the picture thread.

    def draw(self, request: Request, keras_ready: bool, tell: Callable[[str], None]) -> Preview:
        """Draw the picture of a request.

        Args:
            request: What to draw.
            keras_ready: Whether Keras is imported.
            tell: Called with a status before anything slow.
        """

    def title(self, settings: Any, shown: dict[str, Any]) -> list[str]:
        """Parts of the panel's title; `shown` is the preview's data."""

    def facts(self) -> dict[str, Any]:
        """What is known of the data, in the form of `summarize_scan`; empty if nothing."""

    def suggestion(self, profile: LineProfile, settings: Any) -> str:
        """An augment method worth trying; empty if there is none."""

    # On the measuring thread, or on another one while it waits (`Engine.alone`).

    def is_drawn_with_keras(self, settings: Any) -> bool:
        """Whether the picture differs once Keras is imported."""

    def loader(self, settings: Any) -> AbstractContextManager[Loader]:
        """The loader to measure; its state is restored afterwards."""

    def inspect(self, loader: Loader, wanted: Callable[[], bool]) -> bool:
        """Inspect some batches, once, while `wanted()`; whether the picture has to be redrawn."""

    def samples(self, loader: Loader) -> int | None:
        """Samples of an epoch; None if unknown."""

    def fingerprint(self, loader: Loader) -> str | None:
        """Hash of the first batch; None if batches are random."""

    def fit(self, settings: Any, progress: Callable[[int, int], None] | None) -> Statistics:
        """Compute the statistics of the training images, calling `progress(done, total)`."""

    # On any thread.

    def wait_until_idle(self, seconds: float = ...) -> None:
        """Wait a little until none of the user's code runs; called when a cell starts."""

    @property
    def patience(self) -> float:
        """Seconds that closing may wait for what runs."""

    def give_up(self) -> None:
        """Restore what the user's code has changed, while it runs and may never end."""

    def close(self) -> None:
        """Release everything held."""
