"""The controls of all settings that the panel can change, and the settings that they show."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

import ipywidgets as widgets

from workbench.panel.control_widgets import Control, extend_range, make_control
from workbench.settings import (
    Editable,
    Settings,
    SettingsError,
    Statistics,
    control_name,
    knobs,
)
from workbench.settings.data import Data

Changes = dict[str, dict[str, Any]]  # {group: {field: value}}
FEATUREWISE = ("featurewise_center", "featurewise_std_normalization")
# Geometry and colour, which only an augment method applies.
AUGMENTATION = (
    "rotation_range",
    "width_shift_range",
    "height_shift_range",
    "shear_range",
    "zoom_range",
    "brightness_range",
    "channel_shift_range",
    "horizontal_flip",
    "vertical_flip",
    "fill_mode",
    "cval",
)
# A placeholder for unknown statistics, while everything else is checked.
UNKNOWN = Statistics(mean=(0.0,), std=(1.0,), n=1)


class StatisticsMissing(SettingsError):
    """Featurewise scaling is on, and the statistics of these images are unknown.

    Args:
        settings: The settings shown, with placeholder statistics.

    Attributes:
        without: The same settings without featurewise scaling, to use until then.
    """

    def __init__(self, settings: Settings) -> None:
        wanted = [name for name in FEATUREWISE if getattr(settings.augmentation, name)]
        super().__init__(
            f"statistics: not known yet for {' and '.join(wanted)}. The panel computes them from "
            "the training images: its status line says how far it is, or what is wrong"
        )
        self._wanted = settings
        off = dict.fromkeys(FEATUREWISE, False)
        self.without = settings.updated({"augmentation": off, "statistics": None})

    def settings_with(self, found: Statistics) -> Settings:
        """The settings shown, with these statistics."""
        return self._wanted.updated({"statistics": found})


class Controls:
    """All controls for some settings.

    A control that was not moved leaves its setting as it was: a zoom written as 0.2 or as
    (0.8, 1.2) keeps its form.

    Args:
        settings: Decide which controls there are, and their start values.
        changed: Called after any control has moved, on any thread.
        fixed: Controls that cannot be moved, as {name: reason}.

    Attributes:
        by_name: All controls.
        known: The newest statistics, and the data settings that they were computed with. They
            depend on these (image size, colour, split) and on no other settings.
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
            control_name(name, field): make_control(group, name, field, settings)
            for group, name, field in knobs(settings)
        }
        for name, control in self.by_name.items():
            control.widget.add_class(_css(name))
        self.show(settings)
        for control in self.by_name.values():
            control.widget.observe(self._moved, names="value")

    def settings(self, more: Changes | None = None) -> Any:
        """The settings that the controls show.

        Args:
            more: Further changes, as for `Settings.updated`.

        Raises:
            StatisticsMissing: If they need statistics that are unknown.
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
        """The base with changes, and with the statistics of the images as read then."""
        if not isinstance(self._base, Settings):
            return self._base.updated(changes)
        wanted = self._base.updated({**changes, "statistics": UNKNOWN})
        needed = wanted.augmentation.needs_statistics
        if self.known is not None and self.known[0] == wanted.data:
            kept = needed or self._base.statistics is not None
            return wanted.updated({"statistics": self.known[1] if kept else None})
        if needed:
            raise StatisticsMissing(wanted)
        return wanted.updated({"statistics": None})

    def help(self) -> dict[str, str]:
        """What each control does, or why it does nothing, by its CSS class."""
        return {_css(name): control.widget.tooltip for name, control in self.by_name.items()}

    def _disable_idle(self) -> None:
        """Disable the controls that cannot be moved or have no effect, and say why."""
        for name, control in self.by_name.items():
            why = self.fixed.get(name) or self._no_effect(name)
            control.widget.disabled, control.widget.tooltip = bool(why), why or control.help

    def _no_effect(self, name: str) -> str:
        """Why a control of ours has no effect as the others are; empty if it has one."""
        if self.by_name[name].group == "keywords":
            return ""
        shown = {n: c.widget.value for n, c in self.by_name.items() if c.group != "keywords"}
        if name in AUGMENTATION and shown.get("augment_method") == "none":
            return "No effect: the augment method is none."
        if name == "cval" and shown["fill_mode"] != "constant":
            return "No effect: only the fill mode constant uses it."
        if name == "copies_in" and not shown["copies"]:
            return "No effect: there are no augmented copies."
        if name == "worker_kind" and shown["workers"] == 1 and not shown[name]:
            return "No effect: 1 worker is a background thread."
        return ""

    def drop_featurewise(self) -> None:
        """Uncheck featurewise scaling. Sets input widgets, so call it in callbacks only."""
        for control in self.by_name.values():
            if control.field in FEATUREWISE:
                control.widget.value = False

    def show(self, settings: Editable) -> None:
        """Move all controls to these settings, without calling `changed`."""
        self._quiet, self._base = True, settings
        if isinstance(settings, Settings) and settings.statistics is not None:
            self.known = settings.data, settings.statistics
        try:
            for control in self.by_name.values():
                value = getattr(getattr(settings, control.group), control.field)
                extend_range(control.widget, control.show(value), value)
                control.widget.value = control.show(value)
            self._disable_idle()
        finally:
            self._quiet = False

    def changed(self, before: Editable, now: Editable) -> list[str]:
        """Names of the controls that show these two settings differently."""

        def shown(control: Control, settings: Editable) -> Any:
            return control.show(getattr(getattr(settings, control.group), control.field))

        controls = self.by_name.items()
        return [name for name, c in controls if shown(c, before) != shown(c, now)]

    def changes_for(self, values: dict[str, Any]) -> Changes:
        """Changes for `Settings.updated`, from values by control name.

        Raises:
            SettingsError: If a control does not exist or is fixed.
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
                # The text of an option works as its value does: "processes", "off".
                shown = dict(control.widget.options)
                plain = control.read(shown[value]) if value in shown else value
            changes.setdefault(control.group, {})[control.field] = plain
        return changes

    def _moved(self, _: Any) -> None:
        if not self._quiet:
            self._disable_idle()
            self._changed()


def _css(name: str) -> str:
    """CSS class of a control. A factory's keyword may hold characters that a class may not."""
    return "wb-" + re.sub(r"[\W_]+", "-", name)
