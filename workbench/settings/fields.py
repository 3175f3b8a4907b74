"""What a field of the settings is: strict, frozen, described well enough to make a slider."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, Strict

# A pair may be written as a list, as in JSON and in Keras.
Pair = Annotated[tuple[float, float], Strict(False)]
Pixels = Annotated[int, Field(ge=1, le=16_384)]
Size = Annotated[tuple[Pixels, Pixels], Strict(False)]


class SettingsError(ValueError):
    """Settings that cannot be used; one line for each fault."""


class Group(BaseModel):
    """Base of all settings: strict (`true` is no integer), frozen, unknown keys refused."""

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
        default: The value if nothing is said.
        label: On screen, with the unit.
        help_text: In plain words, on hover.
        name: The control's name if it differs from the field's.
        slider: Least and greatest value and step of the slider; JSON may hold values beyond it.
        choices: Values to choose from, where the type does not say.
        trains: Whether a change alters what the model learns, or speed only.
        **limits: Passed to `pydantic.Field` (`ge`, `le`, ...).
    """
    extra: dict[str, Any] = {"trains": trains}
    extra |= {"control": name} if name else {}
    extra |= {"slider": slider} if slider else {}
    extra |= {"choices": list(choices)} if choices else {}
    return Field(default, title=label, description=help_text, json_schema_extra=extra, **limits)
