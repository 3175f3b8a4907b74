"""Base class and field function of settings, with what a slider needs to know."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, Strict

# Not strict: a pair may be a list, as in JSON and Keras.
Pair = Annotated[tuple[float, float], Strict(False)]
Pixels = Annotated[int, Field(ge=1, le=16_384)]
Size = Annotated[tuple[Pixels, Pixels], Strict(False)]


class SettingsError(ValueError):
    """Raised for unusable settings, with a line for each fault."""


class Group(BaseModel):
    """Base of all settings: strict (`true` is not an integer), frozen, without unknown keys."""

    model_config = ConfigDict(
        strict=True, frozen=True, extra="forbid", allow_inf_nan=False, serialize_by_alias=True
    )


def knob(
    default: Any,
    label: str,
    help_text: str,
    *,
    name: str | None = None,
    slider: tuple[float, float, float] | None = None,
    choices: Sequence[Any] = (),
    trains: bool = True,
    **limits: Any,
) -> Any:
    """A field that the panel shows.

    Args:
        default: The default value.
        label: Label on screen, with the unit.
        help_text: Text to show on hover.
        name: Name of the control. Defaults to the name of the field.
        slider: Minimum, maximum and step of the slider; JSON may hold values beyond it.
        choices: Values to choose from, if the type does not list them.
        trains: Whether a change alters what the model learns, rather than speed only.
        **limits: Passed to `pydantic.Field` (`ge`, `le`, ...).
    """
    extra: dict[str, Any] = {"trains": trains}
    extra |= {"control": name} if name else {}
    extra |= {"slider": slider} if slider else {}
    extra |= {"choices": list(choices)} if choices else {}
    return Field(default, title=label, description=help_text, json_schema_extra=extra, **limits)
