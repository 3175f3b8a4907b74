"""The widgets of a panel and their arrangement; `panel` connects them."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from typing import Any

import ipywidgets as widgets

from workbench.panel.area_widget import AreaWidget
from workbench.panel.control_widgets import STYLE, WIDE
from workbench.panel.controls import Controls
from workbench.panel.subject import Subject
from workbench.printable import visible

IN_THREAD, IN_WORKERS = "this thread", "the workers as set"


class Layout:
    """All widgets of a panel, by name; `root` holds them.

    Args:
        controls: The controls of the settings.
        subject: Supplies the heading and the constants of their column.
    """

    def __init__(self, controls: Controls, subject: Subject) -> None:
        self.head, self.preview, self.hot = (
            AreaWidget(part="head"),
            AreaWidget(part="preview"),
            AreaWidget(part="hot"),
        )
        self.profile, self.copy, self.shell, self.scan, self.advice = (
            AreaWidget(part=part) for part in ("profile", "copy", "shell", "scan", "advice")
        )
        self.live = widgets.ToggleButton(
            True,
            description="Live",
            icon="circle",
            tooltip="Profile batches all the time",
            layout={"width": "90px"},
        )
        self.live.add_class("wb-live")
        self.measure = _button("Measure", "Measure what Keras's feed delivers, for 5 s")
        self.stop = _button("Stop", "End what is being measured")
        self.profile_in = widgets.ToggleButtons(
            options=(IN_THREAD, IN_WORKERS),
            tooltips=(
                "One batch at a time, as if nothing else ran",
                "As many batches at a time as Workers says, in threads or processes",
            ),
            style={"button_width": "auto"},
        )
        self.profile_in.add_class("wb-profile-in")
        self.path = widgets.Text("tuned.json", description="Save to", layout={"width": "260px"})
        self.path.add_class("wb-export-path")
        self.export = _button("Export", "Write settings and evidence as JSON")
        self.import_ = _button("Import", "Move to the settings of this file")
        self.reset = _button("Reset", "Back to the settings at the start")
        self.root = self._arrange(_rows(controls, subject))

    def close(self) -> None:
        """Remove all widgets from the page and from the kernel."""
        for widget in [*_inside(self.root), self.root]:
            # Each has a layout, and most have a style, that are widgets themselves.
            parts = [getattr(widget, name) for name in ("layout", "style") if name in widget.keys]
            for part in [widget, *parts]:
                part.close()

    def _arrange(self, rows: list[Any]) -> Any:
        left = {"width": "365px", "height": "440px", "overflow": "hidden auto", "flex": "0 0 auto"}
        column = widgets.VBox(rows, layout=left)
        column.add_class("wb-controls")
        right = {"flex": "1 1 420px", "min_width": "0"}
        picture = widgets.VBox([self.preview, self.hot], layout=right)
        buttons = widgets.HBox([self.live, self.measure, self.stop], layout={"flex": "0 0 auto"})
        wrapping = {"flex_flow": "row wrap", "justify_content": "space-between"}
        root = widgets.VBox(
            [
                # In a narrow window the right column wraps below the left one.
                widgets.HBox([self.head, buttons], layout=wrapping),
                self.scan,
                widgets.HBox([column, picture], layout=wrapping),
                self.advice,
                widgets.HBox([widgets.Label("Profile in"), self.profile_in]),
                self.profile,
                widgets.HBox([self.path, self.export, self.import_, self.reset, self.copy]),
                self.shell,
            ]
        )
        root.add_class("wb-workbench")
        return root


def _inside(box: Any) -> Iterator[Any]:
    for child in getattr(box, "children", ()):
        yield from _inside(child)
        yield child


def _rows(controls: Controls, subject: Subject) -> list[Any]:
    """The column of controls, with the reasons why some are fixed."""
    reasons = dict.fromkeys(subject.fixed.values())
    return [
        _section("CHANGES SPEED ONLY"),
        *controls.widgets(trains=False),
        *map(_note, reasons),
        _section(subject.heading),
        *controls.widgets(trains=True),
        *(_constant(name, value) for name, value in subject.constants.items()),
        *([_note(subject.why_constant)] if subject.why_constant else []),
    ]


def _constant(name: str, value: str) -> Any:
    label = name.replace("_", " ").capitalize()
    row = widgets.Text(visible(value), description=label, disabled=True, layout=WIDE, style=STYLE)
    row.add_class("wb-constant")
    return row


def _note(text: str) -> Any:
    # Instead of ipywidgets's 28 px per line.
    look = "line-height: 1.4; color: var(--jp-ui-font-color2, #555)"
    note = widgets.HTML(f'<div style="{look}">{escape(visible(text))}</div>', layout=WIDE)
    note.add_class("wb-reason")
    return note


def _section(text: str) -> Any:
    label = widgets.Label(text)
    label.add_class("wb-section")
    return label


def _button(text: str, tooltip: str) -> Any:
    look = {"width": "90px", "flex": "0 0 auto"}
    button = widgets.Button(description=text, tooltip=tooltip, layout=look)
    button.add_class(f"wb-{text.lower()}")
    return button
