"""The base class of results: plain data, shown as text and HTML, stored as JSON.

How a result is shown is up to `render`, which imports the results. Here it is imported by name, the
only such import in the package, so that measuring and training do not load it.
"""

from __future__ import annotations

import importlib
from dataclasses import asdict, dataclass
from typing import Any, ClassVar, Self


def renderer(module: str = "") -> Any:
    """Import `render`, or one of its modules."""
    return importlib.import_module(f"workbench.render{module and '.' + module}")


class Result:
    """Base of the frozen dataclasses that measurements return.

    `render.MODULES` names the module that renders each of them.

    Attributes:
        remarks: What the measurement could not undo, as sentences. Not stored.
    """

    remarks: ClassVar[tuple[str, ...]] = ()

    def with_remarks(self, remarks: tuple[str, ...]) -> Self:
        """The result itself, with remarks that its text ends with."""
        if remarks:
            object.__setattr__(self, "remarks", remarks)
        return self

    def to_dict(self) -> dict[str, Any]:
        """The result as dicts, tuples and plain values, which `json` can write."""
        return asdict(self)  # type: ignore[call-overload, no-any-return]

    def to_html(self) -> str:
        """The result as an HTML document without scripts or links, light or dark as preferred."""
        page: str = renderer().document(self)
        return page

    def __str__(self) -> str:
        text: str = renderer().text(self)
        return text

    __repr__ = __str__  # for dataclasses with repr=False

    def _repr_html_(self) -> str:
        fragment: str = renderer().fragment(self)
        return fragment

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text(str(self))

    def __init_subclass__(cls) -> None:
        # IPython prefers the __repr__ of a dataclass to the _repr_pretty_ of its base.
        cls._repr_pretty_ = Result._repr_pretty_  # type: ignore[method-assign]


@dataclass(frozen=True, repr=False)
class Chart:
    """A chart, and a table of its figures for terminals.

    Attributes:
        svg: The chart, without a background; its text has the colour of the page's text.
        text: The table.
    """

    svg: str
    text: str

    def __repr__(self) -> str:
        return self.text

    def _repr_html_(self) -> str:
        return f'<div style="overflow-x:auto">{self.svg}</div>'
