"""The base of all results: plain data that can be shown as text and HTML, and stored as JSON.

What a result looks like is the business of `render`, which imports the results. It is reached
here by name, the only such import in the package, so that measuring and training load none of it.
"""

from __future__ import annotations

import importlib
from dataclasses import asdict, dataclass
from typing import Any


def renderer(module: str = "") -> Any:
    """The room `render`, or a module of it."""
    return importlib.import_module(f"workbench.render{module and '.' + module}")


class Result:
    """Base of frozen dataclasses that a measurement returns.

    `render.MODULES` names the module that shows each of them.
    """

    def to_dict(self) -> dict[str, Any]:
        """As plain dicts and tuples, for JSON."""
        return asdict(self)  # type: ignore[call-overload, no-any-return]

    def to_html(self) -> str:
        """An HTML document of its own: no script, no links, light or dark as the reader prefers."""
        page: str = renderer().document(self)
        return page

    def __str__(self) -> str:
        text: str = renderer().text(self)
        return text

    __repr__ = __str__  # of classes whose fields say nothing by themselves (repr=False)

    def _repr_html_(self) -> str:
        fragment: str = renderer().fragment(self)
        return fragment

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        # Notebooks and IPython would print a dataclass's fields otherwise.
        printer.text(str(self))


@dataclass(frozen=True, repr=False)
class Chart:
    """A picture for notebooks, and the same figures as text.

    Attributes:
        svg: To be placed in a page: text in its colour, no background.
        text: The table.
    """

    svg: str
    text: str

    def __repr__(self) -> str:
        return self.text

    def _repr_html_(self) -> str:
        return f'<div style="overflow-x:auto">{self.svg}</div>'
