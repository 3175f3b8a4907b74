"""Settings of several groups: made from nested dicts, changed by them, faults in words."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator, Mapping
from typing import Any, Self, get_args

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from workbench.settings.data import READ_METHODS
from workbench.settings.fields import Group, SettingsError

# ImageDataGenerator's parameters that are left out by decision, and what to do instead.
LEFT_OUT = {
    "zca_whitening": "it needs all images in memory; put a whitening layer into the model",
    "preprocessing_function": "a function cannot be stored in JSON; put it into the model",
    "data_format": "batches are channels last: (batch, height, width, channels)",
}


class Editable(Group):
    """Settings of several groups, made from nested dicts and changed by them."""

    @classmethod
    def parse(cls, values: Mapping[str, Any]) -> Self:
        """Settings from a nested dict, as JSON holds it.

        Raises:
            SettingsError: One line for each value that cannot be used.
        """
        try:
            return cls.model_validate_json(json.dumps(values, default=_plain))
        except ValidationError as error:
            raise SettingsError("\n".join(faults(error, cls))) from None

    def updated(self, changes: Mapping[str, Mapping[str, Any] | Group | None]) -> Self:
        """These settings with some values changed: `{"batch": {"size": 64}}`.

        `{"statistics": fit(pipeline)}` sets all of a group, `{"statistics": None}` none.

        Raises:
            SettingsError: One line for each value that cannot be used.
        """
        values = self.model_dump(mode="json")
        for group, fields in changes.items():
            # Statistics are there or not, and a Group is as good as a dict.
            known = values.get(group) or {}
            values[group] = None if fields is None else {**known, **dict(fields)}
        return self.parse(values)


def _plain(value: Any) -> Any:
    """NumPy's scalars and arrays as Python's; for anything else what `json` says."""
    if hasattr(value, "tolist"):
        return value.tolist()
    raise SettingsError(f"expected a plain value. Received: {value!r} of {type(value).__name__}")


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
    """The name of a field's control: what `Workbench.set` takes, `wb-...` on screen."""
    return str((field.json_schema_extra or {}).get("control") or name)  # type: ignore[union-attr]


def faults(error: ValidationError, model: type[BaseModel]) -> Iterator[str]:
    """A line for each fault that pydantic found, in our words."""
    for fault in error.errors():
        # pydantic names the chosen member of a union in the path; people do not.
        kinds = {*READ_METHODS, "ours", "theirs", "function-after", "tuple", "float", "int"}
        path = [str(part) for part in fault["loc"]]
        path = path[:1] + [part for part in path[1:] if part not in kinds]
        where = ".".join(path) or "settings"
        if fault["type"] == "extra_forbidden":
            yield _unknown_key(where, path, model)
        elif fault["type"] == "value_error":
            yield fault["msg"].removeprefix("Value error, ") + "."
        elif fault["type"] == "missing":
            yield f"{where}: missing, and it has no default."
        else:
            received = str(fault["input"])
            received = received if len(received) <= 60 else received[:57] + "..."
            yield f"{where}: {fault['msg']}. Received: {received}"


def _unknown_key(where: str, path: list[str], model: type[BaseModel]) -> str:
    key = path[-1]
    if key in LEFT_OUT:
        return f"{where}: left out of the workbench: {LEFT_OUT[key]}."
    near = difflib.get_close_matches(key, sorted(_keys(model, path[:-1])), n=1, cutoff=0.5)
    return f"{where}: unknown key." + (f" Did you mean {near[0]!r}?" if near else "")


def _keys(model: type[BaseModel], path: list[str]) -> set[str]:
    if not path:
        return set(model.model_fields)
    field = model.model_fields.get(path[0])
    if field is None:
        return set()
    # `data` and `settings` are unions; a misspelt key is looked for in each member.
    return set().union(*(_keys(group, path[1:]) for group in _groups(field.annotation)))


def _groups(annotation: Any) -> Iterator[type[Group]]:
    if isinstance(annotation, type) and issubclass(annotation, Group):
        yield annotation
    for part in get_args(annotation):
        yield from _groups(part)
