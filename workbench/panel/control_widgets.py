"""The ipywidgets control for one field of the settings."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, get_args, get_origin

import ipywidgets as widgets
from pydantic.fields import FieldInfo

from workbench.printable import visible
from workbench.settings import READ_METHODS, Editable, Settings

WIDE = {"width": "336px"}  # not a `Layout`, which panels would share and close
STYLE = {"description_width": "118px"}
SIZES = [(n, n) for n in (32, 64, 96, 128, 160, 192, 224, 256, 320, 384, 448, 512)]
# A dropdown shows nothing for the value None, so "off" is 0.
RESCALES = {"off": 0.0, "1/255": 1 / 255, "1/65535": 1 / 65535}


@dataclass
class Control:
    """A widget for one setting.

    Attributes:
        group: Group of the setting, such as "augmentation".
        field: Its name in the group.
        help: What it does, in a sentence or two.
        widget: Label, slider and number in one row.
        show: Converts the setting's value to the widget's.
        read: Converts the widget's value to the setting's.
    """

    group: str
    field: str
    help: str
    widget: Any
    show: Callable[[Any], Any]
    read: Callable[[Any], Any]


def make_control(group: str, name: str, field: FieldInfo, settings: Editable) -> Control:
    """Make the control for a field: a slider, check box, list or text box."""
    extra: dict[str, Any] = dict(field.json_schema_extra or {})  # type: ignore[arg-type]
    # A factory's keyword may have the name of one of our fields and another meaning.
    form = "" if group == "keywords" else name
    widget, show, read = _widget(form, field, extra.get("slider"), settings)
    if group == "keywords" and hasattr(widget, "continuous_update"):
        widget.continuous_update = False  # each change rebuilds the loader
    return Control(group, name, field.description or "", widget, show, read)


def _widget(
    name: str, field: FieldInfo, slider: Any, settings: Editable
) -> tuple[Any, Callable[[Any], Any], Callable[[Any], Any]]:
    """A widget, and the functions that convert its value: `Control.show` and `Control.read`."""
    look = {"description": field.title, "tooltip": field.description, "layout": WIDE}
    if field.annotation is bool and name != "use_multiprocessing":
        return widgets.Checkbox(indent=False, **look), _same, _same
    look["style"] = STYLE
    choices = _choices(name, field, settings)
    if name == "image_size":
        return widgets.SelectionSlider(options=choices, **look), tuple, _same
    if choices:
        return widgets.Dropdown(options=choices, **look), *_FORMS.get(name, (_same, _same))
    look |= dict(zip(("min", "max", "step"), slider or (), strict=False))
    if not slider or field.annotation is int:
        kind, show = (widgets.IntSlider, _same) if slider else (widgets.Text, visible)
        return kind(**look), show, _same
    fine = ".2f" if slider[2] >= 0.01 else ".3g"
    look["readout_format"] = ".0f" if float(slider[2]).is_integer() else fine
    if name in _FORMS:
        return widgets.FloatRangeSlider(**look), *_FORMS[name]
    return widgets.FloatSlider(**look), float, _same


def _choices(name: str, field: FieldInfo, settings: Editable) -> list[tuple[str, Any]]:
    """The options of a field as (text, value); empty for numbers and texts."""
    if name == "use_multiprocessing":
        return [("threads", False), ("processes", True)]
    if name == "rescale":
        return list(RESCALES.items())
    if name == "image_size":
        return [(_size_text(size), size) for size in SIZES]
    extra: dict[str, Any] = dict(field.json_schema_extra or {})  # type: ignore[arg-type]
    if "choices" in extra:
        return [(visible(str(value)), value) for value in extra["choices"]]
    reads = READ_METHODS[settings.data.kind] if isinstance(settings, Settings) else ()
    values = reads if name == "read" else ()
    if get_origin(field.annotation) is Literal:
        values = values or get_args(field.annotation)
    return [(value, value) for value in values]


def _same(value: Any) -> Any:
    return value


def _zoom_bounds(value: Any) -> tuple[float, float]:
    return tuple(value) if isinstance(value, tuple | list) else (1 - value, 1 + value)


# (show, read) of fields whose widget has another value; brightness 1 to 1 changes nothing.
_FORMS: dict[str, tuple[Callable[[Any], Any], Callable[[Any], Any]]] = {
    "zoom_range": (_zoom_bounds, list),
    "brightness_range": (
        lambda value: tuple(value or (1.0, 1.0)),
        lambda pair: None if tuple(pair) == (1.0, 1.0) else list(pair),
    ),
    "rescale": (lambda value: value or 0.0, lambda value: value or None),
}


def _size_text(size: tuple[int, int]) -> str:
    return f"{size[0]} × {size[1]}"


def extend_range(widget: Any, shown: Any, value: Any) -> None:
    """Make a control accept a value that is beyond its slider or not among its options.

    Settings from JSON may hold such values.
    """
    if isinstance(widget, widgets.Dropdown | widgets.SelectionSlider):
        if shown not in [option for _, option in widget.options]:
            text = _size_text(shown) if isinstance(shown, tuple) else f"{value:g}"
            widget.options = [*widget.options, (text, shown)]
        return
    if hasattr(widget, "max"):
        values = shown if isinstance(shown, tuple) else (shown,)
        widget.max, widget.min = max(widget.max, *values), min(widget.min, *values)
