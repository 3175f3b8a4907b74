"""The JSON file of a panel for a user's loader."""

from __future__ import annotations

from pathlib import Path

from workbench.loaders.factory_controls import Factory, FactorySettings
from workbench.loaders.stored_loader import LoaderSettings
from workbench.settings import Settings, SettingsError

FEED_ONLY = (
    "It holds the feed and what was measured, nothing of the loader: an object's arguments cannot "
    "be read from it. Pass the function or class that makes it to store them too."
)
NO_IMPORT = (
    "{} cannot be imported from a module by its name: who loads the file passes it, "
    "wb.load(path).dataset(factory=...)."
)


class LoaderExport:
    """See `SubjectExport`.

    Args:
        name: Name of the loader or factory.
        factory: The factory; None for an object.
        initial: Settings at the start.
    """

    def __init__(self, name: str, factory: Factory | None, initial: FactorySettings) -> None:
        self._name, self._factory, self._initial = name, factory, initial

    @property
    def warning(self) -> str:
        """See `SubjectExport`."""
        if self._factory is None:
            return FEED_ONLY
        importable = self._factory.stored(self._initial).data.import_ is not None
        return "" if importable else NO_IMPORT.format(self._name)

    def stored(self, settings: FactorySettings) -> LoaderSettings:
        """See `SubjectExport`."""
        if self._factory is not None:
            return self._factory.stored(settings)
        return LoaderSettings(feed=settings.feed)

    def restored(self, stored: Settings | LoaderSettings, file: Path) -> FactorySettings:
        """See `SubjectExport`."""
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
        return self._initial.updated({"feed": stored.feed})

    def python(self, path: str) -> str:
        """See `SubjectExport`."""
        given = self._name.split(".")[-1] if self._factory is not None else "loader"
        return (
            "import workbench as wb\n\n"
            f"tuned = wb.load({path!r})\n"
            f"train = tuned.dataset(factory={given if given.isidentifier() else 'make'})\n"
            "model.fit(train)\n"
        )
