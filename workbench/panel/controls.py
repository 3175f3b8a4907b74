"""One ipywidgets control for each knob of the settings, and the settings that they stand at."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args, get_origin

import ipywidgets as widgets
from pydantic.fields import FieldInfo

from workbench.settings import (
    READ_METHODS,
    Editable,
    Settings,
    SettingsError,
    Statistics,
    control_name,
    knobs,
)
from workbench.settings.data import Data

Changes = dict[str, dict[str, Any]]  # {group: {field: value}}
WIDE = widgets.Layout(width="335px")
STYLE = {"description_width": "125px"}
SIZES = [(n, n) for n in (32, 64, 96, 128, 160, 192, 224, 256, 320, 384, 448, 512)]
# A dropdown shows nothing for a value of None, so off is 0 there.
RESCALES = {"off": 0.0, "1/255": 1 / 255, "1/65535": 1 / 65535}

FEATUREWISE = ("featurewise_center", "featurewise_std_normalization")
# Stands for statistics that are not known yet, while all else is checked.
UNKNOWN = Statistics(mean=(0.0,), std=(1.0,), n=1)


class StatisticsMissing(SettingsError):
    """Featurewise scaling is wished for, and the statistics of these images are not known.

    Args:
        settings: All that is wished for, right but for its statistics.

    Attributes:
        without: The same without featurewise scaling: what can be used until then.
    """

    def __init__(self, settings: Settings) -> None:
        wished = [name for name in FEATUREWISE if getattr(settings.augmentation, name)]
        super().__init__(
            f"statistics: not known yet for {' and '.join(wished)}. The panel computes them from "
            "the training images: its status line says how far it is, or what is wrong"
        )
        self._wished = settings
        off = dict.fromkeys(FEATUREWISE, False)
        self.without = settings.updated({"augmentation": off, "statistics": None})

    def settings_with(self, found: Statistics) -> Settings:
        """All that is wished for."""
        return self._wished.updated({"statistics": found})


@dataclass
class Control:
    """A widget and how it shows a setting.

    Attributes:
        group: Group of the setting, such as "augmentation".
        field: Its name there.
        trains: Whether a change alters what the model learns.
        widget: Label, slider and number in one row.
        show: From the setting's value to the widget's.
        read: From the widget's value to the setting's.
    """

    group: str
    field: str
    trains: bool
    widget: Any
    show: Callable[[Any], Any]
    read: Callable[[Any], Any]


class Controls:
    """All controls for some settings.

    A control that stands where the settings put it leaves its setting as it was: a zoom written
    as 0.2 or as (0.8, 1.2) survives, whichever it is.

    Args:
        settings: Decide which controls there are, and where they start.
        changed: Called, in no particular thread, after any control has moved.
        fixed: Names of controls that cannot be moved, and why.

    Attributes:
        known: Statistics, and the data that they are of: with another image size, colour or
            split they would be others. Nothing else of the settings matters to them.
    """

    def __init__(
        self,
        settings: Editable,
        changed: Callable[[], None],
        fixed: Mapping[str, str] | None = None,
    ) -> None:
        self.fixed = fixed or {}
        self._base, self._changed, self._quiet = settings, changed, False
        self.known: tuple[Data, Statistics] | None = None
        self.by_name = {
            control_name(name, field): _control(group, name, field, settings)
            for group, name, field in knobs(settings)
        }
        for name, control in self.by_name.items():
            # A keyword of the user's may be any text, and what a page takes as a class may not.
            control.widget.add_class("wb-" + re.sub(r"[\W_]+", "-", name))
            if name in self.fixed:
                control.widget.disabled, control.widget.tooltip = True, self.fixed[name]
        self.show(settings)
        for control in self.by_name.values():
            control.widget.observe(self._moved, names="value")

    def settings(self, more: Changes | None = None) -> Any:
        """The settings that the controls stand at.

        Args:
            more: Further changes, as `Settings.updated` takes them.

        Raises:
            StatisticsMissing: If they need statistics that are not known.
            SettingsError: If they do not fit together.
        """
        base, changes = self._base, Changes()
        for control in self.by_name.values():
            before = getattr(getattr(base, control.group), control.field)
            if control.widget.value != control.show(before):
                value = control.read(control.widget.value)
                changes.setdefault(control.group, {})[control.field] = value
        for group, fields in (more or {}).items():
            changes[group] = {**changes.get(group, {}), **fields}
        return self._with_statistics(changes) if changes else base

    def _with_statistics(self, changes: Changes) -> Editable:
        """The base with changes, and with the statistics of the data as it is then read."""
        if not isinstance(self._base, Settings):
            return self._base.updated(changes)
        wished = self._base.updated({**changes, "statistics": UNKNOWN})
        needed = wished.augmentation.needs_statistics
        if self.known is not None and self.known[0] == wished.data:
            kept = needed or self._base.statistics is not None
            return wished.updated({"statistics": self.known[1] if kept else None})
        if needed:
            raise StatisticsMissing(wished)
        return wished.updated({"statistics": None})

    def drop_featurewise(self) -> None:
        """Uncheck featurewise scaling; only in a callback, as it sets input widgets."""
        for control in self.by_name.values():
            if control.field in FEATUREWISE:
                control.widget.value = False

    def show(self, settings: Editable) -> None:
        """Move all controls to these settings; reports no change."""
        self._quiet, self._base = True, settings
        if isinstance(settings, Settings) and settings.statistics is not None:
            self.known = settings.data, settings.statistics
        try:
            for control in self.by_name.values():
                value = getattr(getattr(settings, control.group), control.field)
                _make_room(control.widget, control.show(value), value)
                control.widget.value = control.show(value)
        finally:
            self._quiet = False

    def changes_for(self, values: dict[str, Any]) -> Changes:
        """Changes for `Settings.updated` from control names and values.

        Raises:
            SettingsError: If there is no such control.
        """
        changes = Changes()
        for name, value in values.items():
            if name not in self.by_name:
                raise SettingsError(
                    f"{name}: no such control. Received: {value!r}. "
                    f"There are: {', '.join(sorted(self.by_name))}"
                )
            if name in self.fixed:
                raise SettingsError(f"{name}: fixed. {self.fixed[name]}")
            control, plain = self.by_name[name], value
            if isinstance(value, str) and isinstance(control.widget, widgets.Dropdown):
                # What the dropdown shows is as good as what it stands for: "processes", "off".
                shown = dict(control.widget.options)
                plain = control.read(shown[value]) if value in shown else value
            changes.setdefault(control.group, {})[control.field] = plain
        return changes

    def widgets(self, *, trains: bool) -> Iterator[Any]:
        """The controls that change training, or those that change speed only."""
        return (c.widget for c in self.by_name.values() if c.trains == trains)

    def _moved(self, _: Any) -> None:
        if not self._quiet:
            self._changed()


def _control(group: str, name: str, field: FieldInfo, settings: Editable) -> Control:
    extra: dict[str, Any] = dict(field.json_schema_extra or {})  # type: ignore[arg-type]
    # A keyword of the user's means what they mean by it, whatever its name.
    form = "" if group == "keywords" else name
    widget, show, read = _widget(form, field, extra.get("slider"), settings)
    if group == "keywords" and hasattr(widget, "continuous_update"):
        widget.continuous_update = False  # each change makes the loader anew
    return Control(group, name, bool(extra.get("trains")), widget, show, read)


def _widget(
    name: str, field: FieldInfo, slider: Any, settings: Editable
) -> tuple[Any, Callable[[Any], Any], Callable[[Any], Any]]:
    """A widget for a field, and how to show and read its value."""
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
        return (widgets.IntSlider if slider else widgets.Text)(**look), _same, _same
    fine = ".2f" if slider[2] >= 0.01 else ".3g"
    look["readout_format"] = ".0f" if float(slider[2]).is_integer() else fine
    if name in _FORMS:
        return widgets.FloatRangeSlider(**look), *_FORMS[name]
    return widgets.FloatSlider(**look), float, _same


def _choices(name: str, field: FieldInfo, settings: Editable) -> list[tuple[str, Any]]:
    """What can be chosen for a field, as (text, value); empty for numbers."""
    if name == "use_multiprocessing":
        return [("threads", False), ("processes", True)]
    if name == "rescale":
        return list(RESCALES.items())
    if name == "image_size":
        return [(_size_text(size), size) for size in SIZES]
    extra: dict[str, Any] = dict(field.json_schema_extra or {})  # type: ignore[arg-type]
    if "choices" in extra:
        return [(str(value), value) for value in extra["choices"]]
    reads = READ_METHODS[settings.data.kind] if isinstance(settings, Settings) else ()
    values = reads if name == "read" else ()
    if get_origin(field.annotation) is Literal:
        values = values or get_args(field.annotation)
    return [(value, value) for value in values]


def _same(value: Any) -> Any:
    return value


def _zoom_bounds(value: Any) -> tuple[float, float]:
    return tuple(value) if isinstance(value, tuple | list) else (1 - value, 1 + value)


# How values are shown and read back; brightness 1 to 1 is no brightness at all.
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


def _make_room(widget: Any, shown: Any, value: Any) -> None:
    """Let a control show a value from JSON that is beyond its slider or not among its options."""
    if isinstance(widget, widgets.Dropdown | widgets.SelectionSlider):
        if shown not in [option for _, option in widget.options]:
            text = _size_text(shown) if isinstance(shown, tuple) else f"{value:g}"
            widget.options = [*widget.options, (text, shown)]
        return
    if hasattr(widget, "max"):
        values = shown if isinstance(shown, tuple) else (shown,)
        widget.max, widget.min = max(widget.max, *values), min(widget.min, *values)
