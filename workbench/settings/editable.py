"""Make and change settings of several groups by nested dicts, with readable errors."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator, Mapping
from typing import Any, Self, get_args

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from workbench.printable import invalid_unicode
from workbench.settings.data import READ_METHODS
from workbench.settings.fields import Group, SettingsError

# Parameters of ImageDataGenerator that are left out on purpose, and what to do instead.
UNSUPPORTED = {
    "zca_whitening": "it needs all images in memory; put a whitening layer into the model",
    "preprocessing_function": "a function cannot be stored in JSON; put it into the model",
    "data_format": "batches are channels last: (batch, height, width, channels)",
}


UNION_MEMBERS = {
    *READ_METHODS,
    *("pipeline_settings", "loader_settings", "function-after", "tuple", "float", "int"),
}


class Editable(Group):
    """Settings of several groups, made and changed by nested dicts."""

    @classmethod
    def parse(cls, values: Mapping[str, Any]) -> Self:
        """Make settings from a nested dict, as stored in JSON.

        Raises:
            SettingsError: One line for each value that cannot be used.
        """
        try:
            text = json.dumps(values, default=_to_plain, ensure_ascii=False).encode()
            return cls.model_validate_json(text)
        except UnicodeEncodeError as error:
            raise SettingsError(f"settings: {invalid_unicode(error)}") from None
        except ValidationError as error:
            raise SettingsError("\n".join(faults(error, cls))) from None

    def updated(self, changes: Mapping[str, Mapping[str, Any] | Group | None]) -> Self:
        """A copy with some values changed, such as `{"batch": {"size": 64}}`.

        `{"statistics": fit(pipeline)}` sets a whole group, `{"statistics": None}` removes it.

        Raises:
            SettingsError: One line for each value that cannot be used.
        """
        values = self.model_dump(mode="json")
        for group, fields in changes.items():
            present = values.get(group) or {}  # statistics may be None
            values[group] = None if fields is None else {**present, **dict(fields)}
        return self.parse(values)


def _to_plain(value: Any) -> Any:
    """Convert NumPy scalars and arrays for `json`."""
    if hasattr(value, "tolist"):
        return value.tolist()
    raise SettingsError(
        f"expected a number, string or list. Received: {value!r} of type {type(value).__name__}"
    )


def knobs(settings: Editable) -> Iterator[tuple[str, str, FieldInfo]]:
    """Each field of these settings that the panel shows: (group, field name, field)."""
    for group in type(settings).model_fields:
        model = type(getattr(settings, group))
        if not issubclass(model, Group):
            continue
        for name, field in model.model_fields.items():
            if field.title:
                yield group, name, field


def control_name(name: str, field: FieldInfo) -> str:
    """The name of a field's control, as in `Workbench.set` and in `wb-...` on the page."""
    return str((field.json_schema_extra or {}).get("control") or name)  # type: ignore[union-attr]


def faults(error: ValidationError, model: type[BaseModel]) -> Iterator[str]:
    """Translate pydantic's errors, one line each."""
    for fault in error.errors():
        # pydantic puts the chosen member of a union into the path.
        path = [str(part) for part in fault["loc"]]
        path = path[:1] + [part for part in path[1:] if part not in UNION_MEMBERS]
        where = ".".join(path) or "settings"
        if fault["type"] == "extra_forbidden":
            yield _unknown_key(where, path, model)
        elif fault["type"] == "value_error":
            yield fault["msg"].removeprefix("Value error, ") + "."
        elif fault["type"] == "missing":
            yield f"{where}: required, but missing."
        else:
            received = str(fault["input"])
            received = received if len(received) <= 60 else received[:57] + "..."
            yield f"{where}: {fault['msg']}. Received: {received}"


def _unknown_key(where: str, path: list[str], model: type[BaseModel]) -> str:
    key = path[-1]
    if key in UNSUPPORTED:
        return f"{where}: not supported: {UNSUPPORTED[key]}."
    near = difflib.get_close_matches(key, sorted(_keys(model, path[:-1])), n=1, cutoff=0.5)
    return f"{where}: unknown key." + (f" Did you mean {near[0]!r}?" if near else "")


def _keys(model: type[BaseModel], path: list[str]) -> set[str]:
    if not path:
        return set(model.model_fields)
    field = model.model_fields.get(path[0])
    if field is None:
        return set()
    # `data` and `settings` are unions: search each member.
    return set().union(*(_keys(group, path[1:]) for group in _groups(field.annotation)))


def _groups(annotation: Any) -> Iterator[type[Group]]:
    if isinstance(annotation, type) and issubclass(annotation, Group):
        yield annotation
    for part in get_args(annotation):
        yield from _groups(part)
