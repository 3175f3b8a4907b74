"""The panel's own widget: draws plain data in the page."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import anywidget
import traitlets

from workbench.printable import visible_lines

HERE = Path(__file__).parent


class AreaWidget(anywidget.AnyWidget):
    """One area of the panel.

    Attributes:
        part: Which area: a key of `PARTS` in panel.js.
        data: What to show. The page never interprets text as markup.
        image: JPEG bytes, for the part "preview".
        pressed: Set by the page after a click: {"action": name, "count": n, ...}.
        beat: Counted up by the page once a second while it is open.
    """

    _esm = (HERE / "panel.js").read_text(encoding="utf-8")
    _css = (HERE / "panel.css").read_text(encoding="utf-8")
    part = traitlets.Unicode().tag(sync=True)
    data = traitlets.Dict().tag(sync=True)
    image = traitlets.Bytes(b"").tag(sync=True)
    pressed = traitlets.Dict().tag(sync=True)
    beat = traitlets.Int(0).tag(sync=True)

    def show(self, data: dict[str, Any], image: bytes | None = None) -> None:
        """Send data and a picture in one message."""
        with self.hold_sync():
            self.data = _printable(data)
            if image is not None:
                self.image = image


def _printable(value: Any) -> Any:
    """The same data, with all texts as `visible_lines`: a message cannot hold a lone surrogate."""
    if isinstance(value, str):
        return value if value.isprintable() else visible_lines(value)
    if isinstance(value, dict):
        return {_printable(key): _printable(item) for key, item in value.items()}
    return [_printable(item) for item in value] if isinstance(value, list | tuple) else value
