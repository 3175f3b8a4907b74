"""Settings fields from the widget abbreviations of `ipywidgets.interact`.

(8, 256) or (0.0, 1.0, 0.1) is a slider, True a check box, ["a", "b"] a choice, "text" a text box.
"""

from __future__ import annotations

import enum
import math
from typing import Annotated, Any

from pydantic import AfterValidator

from workbench.settings.fields import knob

PLAIN = (bool, int, float, str, type(None))
# A longer list is data, such as file paths, and not a choice.
MOST_CHOICES = 50

# Type and `pydantic.Field` of a settings field.
Field = tuple[Any, Any]


def field_for(name: str, value: Any, default: Any, factory: str) -> Field | None:
    """A field for one keyword of a factory; None if the value is not an abbreviation.

    Args:
        name: The keyword.
        value: A widget abbreviation, or a number, which gets a slider around it.
        default: The parameter's default, at which a slider or choice starts if it can.
        factory: The factory's name, for the tooltip.

    Raises:
        TypeError: If a slider's limits or step are invalid.
    """
    label = name.replace("_", " ").strip().capitalize()
    about: dict[str, Any] = {
        "label": label,
        "help_text": f"Keyword {name} of {factory}.",
        "name": name,
    }
    if isinstance(value, list) and 0 < len(value) <= MOST_CHOICES and all(map(_is_plain, value)):
        start = default if _is_plain(default) and default in value else value[0]
        return _choice_type(name, value), knob(start, choices=value, **about)
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


def _slider(value: tuple[Any, ...], default: Any, about: dict[str, Any]) -> Field:
    low, high, *step = value
    if low > high or (step and step[0] <= 0):
        name = about["name"]
        raise TypeError(
            f"{name}: a slider is (lowest, highest) or (lowest, highest, step). Received: {value}. "
            f"To pass the tuple itself: functools.partial(..., {name}={value})"
        )
    whole = all(isinstance(n, int) for n in value) and not isinstance(default, float)
    start = default if _is_number(default) else (low + high) // 2 if whole else (low + high) / 2
    steps = step[0] if step else 1 if whole else float(f"{(high - low) / 100:.1g}") or 0.01
    kind: Any = int if whole else float
    return kind, knob(kind(start), slider=(low, high, steps), **about)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _is_plain(value: Any) -> bool:
    """Whether a value can be compared, shown in a list and stored in JSON."""
    inner = value if isinstance(value, tuple | list) else (value,)
    return all(isinstance(each, PLAIN) and not isinstance(each, enum.Enum) for each in inner)


def _choice_type(name: str, choices: list[Any]) -> Any:
    """The type of a value from a list. JSON turns a tuple into a list, which is accepted for it."""

    def validate(value: Any) -> Any:
        for choice in choices:
            same = list(choice) == list(value) if _are_sequences(choice, value) else choice == value
            if same and isinstance(choice, bool) == isinstance(value, bool):
                return choice
        expected = ", ".join(map(repr, choices))
        raise ValueError(f"{name}: expected one of {expected}. Received: {value!r}")

    return Annotated[Any, AfterValidator(validate)]


def _are_sequences(*values: Any) -> bool:
    return all(isinstance(value, list | tuple) for value in values)
