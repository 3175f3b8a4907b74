"""The widgets of a panel and their arrangement; `panel` connects them, panel.css places them."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from typing import Any, ClassVar

import ipywidgets as widgets

from workbench.panel.area_widget import AreaWidget
from workbench.panel.control_widgets import STYLE, WIDE
from workbench.panel.controls import Controls
from workbench.panel.subject import Subject
from workbench.printable import visible

SPEED = ("batch_size", "workers", "worker_kind", "augment_method")
FLIPS = ("horizontal_flip", "vertical_flip")
# Controls that are used more rarely. All others are in view from the start.
GROUPS = {
    "Reading": ("read_method", "image_size", "color_mode", "interpolation", "reduced_jpeg"),
    "Scaling and colour": (
        "brightness_range",
        "channel_shift_range",
        "rescale",
        "samplewise_center",
        "samplewise_std",
        "featurewise_center",
        "featurewise_std",
        "normalize_method",
    ),
    "More": ("max_queue_size", "dtype", "shuffle", "seed", "cval", "copies", "copies_in"),
}
AREAS = ("head", "preview", "hot", "profile", "copy", "shell", "scan", "advice", "message")


class Layout:
    """All widgets of a panel, by name; `root` holds them.

    Args:
        controls: The controls of the settings.
        subject: Supplies the heading and the constants of their column.
    """

    # Groups stay open when the cell is run again.
    _open_groups: ClassVar[set[str]] = set()

    def __init__(self, controls: Controls, subject: Subject) -> None:
        areas = {part: AreaWidget(part=part) for part in AREAS}
        self.head, self.preview, self.hot, self.profile = (areas[part] for part in AREAS[:4])
        self.copy, self.shell, self.scan, self.advice, self.message = (
            areas[part] for part in AREAS[4:]
        )
        self._controls = controls
        self.show_help()
        self.live = widgets.ToggleButton(
            True,
            description="Live",
            icon="circle",
            tooltip="Profile batches all the time",
            layout={"width": "70px"},
        )
        self.live.add_class("wb-live")
        self.measure = _button("Measure", "Measure the rate at which Keras gets samples, for 5 s")
        self.measure.description = "Measure 5 s"
        self.stop = _button("Stop", "Stop measuring")
        self.path = widgets.Text("tuned.json", layout={"width": "200px"})
        self.path.add_class("wb-export-path")
        self.export = _button("Export", "Write settings and evidence as JSON")
        self.import_ = _button("Import", "Move to the settings of this file")
        self.reset = _button("Reset", "Return to the settings at the start")
        self.root = self._arrange(controls, subject)

    def show_help(self) -> None:
        """Send the help texts, which depend on the settings."""
        self.shell.show({"help": self._controls.help()})

    def close(self) -> None:
        """Remove all widgets from the page and from the kernel."""
        for widget in [*_inside(self.root), self.root]:
            # Each has a layout, and most have a style, that are widgets themselves.
            parts = [getattr(widget, name) for name in ("layout", "style") if name in widget.keys]
            for part in [widget, *parts]:
                part.close()

    def _arrange(self, controls: Controls, subject: Subject) -> Any:
        column = _box("wb-controls", *self._rows(controls, subject))
        buttons = _box("wb-buttons", self.live, self.measure, self.stop)
        export = _box("wb-export-row", self.path, self.export, self.import_, self.reset, self.copy)
        samples = _box("wb-samples", self.preview, self.hot)
        parts = [self.head, buttons, column, samples, self.shell, export, self.message]
        body = _box("wb-body", *parts, self.scan, self.advice, self.profile)
        return _box("wb-workbench", body)

    def _rows(self, controls: Controls, subject: Subject) -> list[Any]:
        """The column of controls, with the reasons why some are fixed."""
        rest = dict(controls.by_name)
        ours = {name: c for name, c in rest.items() if c.group != "keywords"}

        def take(names: tuple[str, ...]) -> list[Any]:
            return [rest.pop(name).widget for name in names if name in ours]

        speed, flips = take(SPEED), take(FLIPS)
        groups = {title: rows for title, names in GROUPS.items() if (rows := take(names))}
        main = [control.widget for control in rest.values()]
        if flips:
            main.insert(-1, _box("wb-flips", *flips))  # before the fill mode
        return [
            _section("Speed"),
            *speed,
            *map(_note, dict.fromkeys(subject.fixed.values())),
            _section(subject.heading),
            *main,
            *(_constant(name, value) for name, value in subject.constants.items()),
            *([_note(subject.why_constant)] if subject.why_constant else []),
            *self._groups(groups),
        ]

    def _groups(self, groups: dict[str, list[Any]]) -> Iterator[Any]:
        """A row of buttons, and the controls that each shows or hides."""
        buttons, boxes = [], []
        for title, rows in groups.items():
            button, box = widgets.ToggleButton(description=title), _box("wb-group", *rows)
            button.layout.width = "auto"
            for widget in (button, box):
                widget.add_class("wb-group-" + title.split()[0].lower())

            def toggle(change: Any, title: str = title, box: Any = box) -> None:
                box.layout.display = None if change["new"] else "none"
                (self._open_groups.add if change["new"] else self._open_groups.discard)(title)

            button.observe(toggle, names="value")
            box.layout.display = "none"
            button.value = title in self._open_groups
            buttons.append(button)
            boxes.append(box)
        yield _box("wb-groups", *buttons)
        yield from boxes


def _inside(box: Any) -> Iterator[Any]:
    for child in getattr(box, "children", ()):
        yield from _inside(child)
        yield child


def _box(css: str, *children: Any) -> Any:
    box = widgets.Box(children)
    box.add_class(css)
    return box


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
    button = widgets.Button(description=text, tooltip=tooltip, layout={"width": "auto"})
    button.add_class(f"wb-{text.lower()}")
    return button
