"""Settings with a field for each keyword of a factory, so that the panel shows a control for it."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from typing import Any, Literal, get_args, get_origin, get_type_hints

from pydantic import BaseModel, ConfigDict, create_model

from workbench.loaders.adapt import check_arguments, name_of
from workbench.loaders.slider_fields import PLAIN, field_for
from workbench.loaders.stored_loader import FactoryData, LoaderSettings, import_path
from workbench.settings import Editable, Feed, SettingsError
from workbench.settings.fields import Group


class Keywords(Group):
    """Base of the keywords of one factory: a field for each that has a control."""

    model_config = ConfigDict(protected_namespaces=())


class FactorySettings(Editable):
    """Values of the panel's controls for a factory."""

    keywords: Keywords = Keywords()
    feed: Feed = Feed()


class Factory:
    """A function or class that makes loaders, and its keywords.

    Args:
        make: The function or class.
        given: Widget abbreviations, or values to pass unchanged, by keyword. Other keywords get a
            control if their default is a plain value.

    Raises:
        TypeError: If the factory cannot be called with these keywords.

    Attributes:
        settings: Initial values: the defaults, or the middle of a slider without one.
        fixed: Keywords without a control, which are passed unchanged.
    """

    def __init__(self, make: Callable[..., Any], given: Mapping[str, Any]) -> None:
        self.make, self.name = make, name_of(make)
        check_arguments(make, given)
        self._parameters = _parameters(make)
        fields: dict[str, Any] = {}
        self.fixed: dict[str, Any] = {}
        for name, value in {**_defaults(self._parameters, make), **given}.items():
            default = getattr(self._parameters.get(name), "default", inspect.Parameter.empty)
            field = field_for(name, value, default, self.name)
            # The feed's controls set keywords of the feed's names.
            if name in Feed.model_fields or (field is None and name not in given):
                continue
            if field is None:
                self.fixed[name] = value
            else:
                fields[_field_name(name)] = field
        keywords = create_model("Keywords", __base__=Keywords, **fields)
        model = create_model(
            "FactorySettings", __base__=FactorySettings, keywords=(keywords, keywords())
        )
        self.settings: FactorySettings = model()

    def bound(self, settings: FactorySettings) -> functools.partial[Any]:
        """The factory with the keywords of these settings."""
        given = {**self.fixed, **self.keywords(settings), **self.feed(settings)}
        return functools.partial(self.make, **given)

    def feed(self, settings: FactorySettings) -> dict[str, Any]:
        """The feed's values that the factory accepts as keywords."""
        return {k: v for k, v in settings.feed.model_dump().items() if k in self._parameters}

    def keywords(self, settings: FactorySettings) -> dict[str, Any]:
        """The controls' values by keyword."""
        values = settings.keywords
        return {
            str((field.json_schema_extra or {})["control"]): getattr(values, name)  # type: ignore[index]
            for name, field in type(values).model_fields.items()
        }

    def stored(self, settings: FactorySettings) -> LoaderSettings:
        """The settings as JSON stores them."""
        plain = {k: v for k, v in self.fixed.items() if isinstance(v, PLAIN)}
        path = import_path(self.make) if len(plain) == len(self.fixed) else None
        keywords = {**plain, **self.keywords(settings)}
        data = FactoryData.model_validate({"import": path, "keywords": keywords})
        return LoaderSettings(data=data, feed=settings.feed)

    def restored(self, stored: LoaderSettings) -> FactorySettings:
        """The controls' values from stored settings.

        Raises:
            SettingsError: If a stored keyword has no control, or its value is invalid.
        """
        known = self.keywords(self.settings)
        for name in stored.data.keywords.keys() - known.keys() - self.fixed.keys():
            raise SettingsError(
                f"{name}: stored, but no control of {self.name} has this name. "
                f"There are: {', '.join(known) or 'none'}"
            )
        keywords = {_field_name(k): v for k, v in stored.data.keywords.items() if k in known}
        return self.settings.updated({"keywords": keywords, "feed": stored.feed})


def _parameters(make: Callable[..., Any]) -> Mapping[str, inspect.Parameter]:
    try:
        return inspect.signature(make).parameters
    except (TypeError, ValueError):  # some classes written in C have no signature
        return {}


def _defaults(
    parameters: Mapping[str, inspect.Parameter], make: Callable[..., Any]
) -> dict[str, Any]:
    """Defaults of the parameters that can be passed by keyword; the choices of a `Literal`.

    A list or tuple becomes None, which is no abbreviation: as a default, (224, 224) is a size.
    """
    positional = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.VAR_POSITIONAL)
    hints, found = _hints(make), {}
    for name, parameter in parameters.items():
        if parameter.default is inspect.Parameter.empty or parameter.kind in positional:
            continue
        hint = hints.get(name)
        choices = list(get_args(hint)) if get_origin(hint) is Literal else None
        default = None if isinstance(parameter.default, list | tuple) else parameter.default
        found[name] = choices or default
    return found


def _hints(make: Callable[..., Any]) -> dict[str, Any]:
    inner = make.func if isinstance(make, functools.partial) else make
    try:
        return get_type_hints(vars(inner)["__init__"] if isinstance(inner, type) else inner)
    except Exception:  # an annotation may use a name that is not defined
        return {}


def _field_name(name: str) -> str:
    """A valid field name: pydantic reserves its own, and those that start with an underscore."""
    return f"keyword_{name}" if name.startswith("_") or hasattr(BaseModel, name) else name
