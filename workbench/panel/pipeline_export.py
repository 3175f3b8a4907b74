"""The JSON file of a panel for data that the workbench reads itself."""

from __future__ import annotations

from pathlib import Path

from workbench.loaders.stored_loader import LoaderSettings
from workbench.settings import Settings, SettingsError
from workbench.settings.data import PATHS


class PipelineExport:
    """See `SubjectExport`.

    Args:
        initial: Settings at the start, with the panel's data.
    """

    warning = ""

    def __init__(self, initial: Settings) -> None:
        self._data = initial.data

    def stored(self, settings: Settings) -> Settings:
        """See `SubjectExport`."""
        return settings

    def restored(self, stored: Settings | LoaderSettings, file: Path) -> Settings:
        """See `SubjectExport`."""
        own = self._data
        if isinstance(stored, LoaderSettings) or stored.data.kind != own.kind:
            raise SettingsError(
                f"{file} is for data of kind {stored.data.kind!r}; this panel shows {own.kind!r}. "
                f"Open it with wb.Workbench({str(file)!r})"
            )
        if own.kind == "arrays":
            return stored.updated({"data": {"shape": own.shape, "dtype": own.dtype}})
        return stored.updated({"data": own.model_dump(include=PATHS)})

    def python(self, path: str) -> str:
        """See `SubjectExport`."""
        arrays = "x, y" if self._data.kind == "arrays" else ""
        subset = ", ".join(filter(None, [arrays, 'subset="validation"']))
        return (
            "import workbench as wb\n\n"
            f"tuned = wb.load({path!r})\n"
            f"train, validation = tuned.dataset({arrays}), tuned.dataset({subset})\n"
            "model.fit(train, validation_data=validation, shuffle=False)\n"
        )
