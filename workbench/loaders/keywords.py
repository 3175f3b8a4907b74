"""From a factory's keywords to settings with a slider, box or list for each.

Abbreviations are those of `ipywidgets.interact`: (8, 256) or (0.0, 1.0, 0.1) is a slider, True a
check box, ["a", "b"] a choice, "text" a text box.
"""

from __future__ import annotations

import enum
import functools
import inspect
import math
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal, get_args, get_origin, get_type_hints

from pydantic import AfterValidator, BaseModel, ConfigDict, create_model

from workbench.loaders.adapt import check_arguments, name_of
from workbench.loaders.factory_settings import FactoryData, LoaderSettings, import_path
from workbench.settings import Editable, Feed, SettingsError
from workbench.settings.fields import Group, knob

# These belong to the feed: a factory that takes them gets what its controls stand at.
FEED = frozenset(Feed.model_fields)
# A longer list is data, such as the paths of files, and no choice.
MOST_CHOICES = 50


class Keywords(Group):
    """Base of the keywords of one factory; a field for each that can be changed."""

    model_config = ConfigDict(protected_namespaces=())


class FactorySettings(Editable):
    """What the panel's controls stand at, for a factory."""

    keywords: Keywords = Keywords()
    feed: Feed = Feed()


class Factory:
    """A function or class that makes loaders, and its keywords.

    Args:
        make: What is called.
        given: Abbreviations or values for its keywords. Others that have a default of a plain type
            become knobs as well.

    Raises:
        TypeError: If it cannot be called with these keywords.

    Attributes:
        settings: All knobs at their starts: the default, if there is one, or the middle.
        fixed: Keywords that are passed as they are.
    """

    def __init__(self, make: Callable[..., Any], given: Mapping[str, Any]) -> None:
        self.make, self.name = make, name_of(make)
        check_arguments(make, given)
        self._parameters = _parameters(make)
        fields: dict[str, Any] = {}
        self.fixed: dict[str, Any] = {}
        for name, value in {**_defaults(self._parameters, make), **given}.items():
            default = getattr(self._parameters.get(name), "default", inspect.Parameter.empty)
            field = _field(name, value, default, self.name)
            if name in FEED or (field is None and name not in given):
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
        """What makes a loader with these settings."""
        given = {**self.fixed, **self.keywords(settings), **self.feed(settings)}
        return functools.partial(self.make, **given)

    def feed(self, settings: FactorySettings) -> dict[str, Any]:
        """The part of the feed that the factory takes as keywords."""
        return {k: v for k, v in settings.feed.model_dump().items() if k in self._parameters}

    def keywords(self, settings: FactorySettings) -> dict[str, Any]:
        """The knobs' values by the names that the factory knows."""
        values = settings.keywords
        return {
            str((field.json_schema_extra or {})["control"]): getattr(values, name)  # type: ignore[index]
            for name, field in type(values).model_fields.items()
        }

    def stored(self, settings: FactorySettings) -> LoaderSettings:
        """What goes into JSON."""
        plain = {k: v for k, v in self.fixed.items() if isinstance(v, _PLAIN)}
        path = import_path(self.make) if len(plain) == len(self.fixed) else None
        keywords = {**plain, **self.keywords(settings)}
        data = FactoryData.model_validate({"import": path, "keywords": keywords})
        return LoaderSettings(data=data, feed=settings.feed)

    def restored(self, stored: LoaderSettings) -> FactorySettings:
        """The knobs as they were stored.

        Raises:
            SettingsError: If there is no such knob, or its value cannot be used.
        """
        known = self.keywords(self.settings)
        for name in stored.data.keywords.keys() - known.keys() - self.fixed.keys():
            raise SettingsError(
                f"{name}: stored, but no control of {self.name} has this name. "
                f"There are: {', '.join(known) or 'none'}"
            )
        keywords = {_field_name(k): v for k, v in stored.data.keywords.items() if k in known}
        return self.settings.updated({"keywords": keywords, "feed": stored.feed})


_PLAIN = (bool, int, float, str, type(None))


def _parameters(make: Callable[..., Any]) -> Mapping[str, inspect.Parameter]:
    try:
        return inspect.signature(make).parameters
    except (TypeError, ValueError):  # some classes written in C do not say
        return {}


def _defaults(
    parameters: Mapping[str, inspect.Parameter], make: Callable[..., Any]
) -> dict[str, Any]:
    """Of parameters that can be given by name; a `Literal` annotation is a list to choose from.

    Lists and tuples are left to the factory: as a default, (224, 224) is a size, not a slider.
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
    except Exception:  # annotations may name what is not there
        return {}


def _field_name(name: str) -> str:
    """Pydantic's own names, and those with an underscore in front, cannot be fields."""
    return f"keyword_{name}" if name.startswith("_") or hasattr(BaseModel, name) else name


def _field(name: str, value: Any, default: Any, factory: str) -> tuple[Any, Any] | None:
    """(type, field) of a knob; None if the value is no abbreviation of one."""
    label = name.replace("_", " ").strip().capitalize()
    about: dict[str, Any] = {
        "label": label,
        "help_text": f"Keyword {name} of {factory}.",
        "name": name,
    }
    if isinstance(value, list) and 0 < len(value) <= MOST_CHOICES and all(map(_is_plain, value)):
        start = default if _is_plain(default) and default in value else value[0]
        return _one_of(name, value), knob(start, choices=value, **about)
    if isinstance(value, enum.Enum):
        return None
    if isinstance(value, bool | str):
        kind: Any = bool if isinstance(value, bool) else str
        return kind, knob(kind(value), **about)
    if isinstance(value, tuple) and len(value) in (2, 3) and all(map(_is_number, value)):
        return None if value[0] == value[1] else _slider(value, default, about)
    if _is_number(value):
        low, high = (value * 3, -value) if value < 0 else (0, value * 3 or 1)
        least = 1 if isinstance(value, int) and value > 0 else low
        return _slider((least, high), value, about)
    return None


def _slider(value: tuple[Any, ...], default: Any, about: dict[str, Any]) -> tuple[Any, Any]:
    low, high, *step = value
    if low > high or (step and step[0] <= 0):
        name = about["name"]
        raise TypeError(
            f"{name}: a slider is (lowest, highest) or (lowest, highest, step). Received: {value}. "
            f"To pass the tuple itself: functools.partial(..., {name}={value})"
        )
    whole = all(isinstance(number, int) for number in value)
    if whole and isinstance(default, float):
        whole = default.is_integer() and isinstance(default, int)
    start = default if _is_number(default) else (low + high) // 2 if whole else (low + high) / 2
    steps = step[0] if step else 1 if whole else float(f"{(high - low) / 100:.1g}") or 0.01
    kind: Any = int if whole else float
    return kind, knob(kind(start), slider=(low, high, steps), **about)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _is_plain(value: Any) -> bool:
    """Whether it can be compared, shown in a list and stored in JSON."""
    inner = value if isinstance(value, tuple | list) else (value,)
    return all(isinstance(each, _PLAIN) and not isinstance(each, enum.Enum) for each in inner)


def _one_of(name: str, choices: list[Any]) -> Any:
    """The type of a value from a list, given as it is or as JSON gives it back."""

    def chosen(value: Any) -> Any:
        for choice in choices:
            same = list(choice) == list(value) if _are_sequences(choice, value) else choice == value
            if same and isinstance(choice, bool) == isinstance(value, bool):
                return choice
        there = ", ".join(map(repr, choices))
        raise ValueError(f"{name}: expected one of {there}. Received: {value!r}")

    return Annotated[Any, AfterValidator(chosen)]


def _are_sequences(*values: Any) -> bool:
    return all(isinstance(value, list | tuple) for value in values)
