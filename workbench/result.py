"""The base class of results: plain data, shown as text and HTML, stored as JSON.

How a result is shown is up to `render`, which imports the results. Here it is imported by name, the
only such import in the package, so that measuring and training do not load it.
"""

from __future__ import annotations

import importlib
from dataclasses import asdict
from typing import Any


def renderer(module: str = "") -> Any:
    """Import `render`, or one of its modules."""
    return importlib.import_module(f"workbench.render{module and '.' + module}")


class Result:
    """Base of the frozen dataclasses that measurements return.

    `render.MODULES` names the module that renders each of them.
    """

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
