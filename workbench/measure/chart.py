"""A chart as plain data."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, repr=False)
class Chart:
    """A chart for notebooks, and the same figures as text.

    Attributes:
        svg: The chart, with text in the page's colour and without a background.
        text: The figures as a table.
    """

    svg: str
    text: str

    def __repr__(self) -> str:
        return self.text

    def _repr_html_(self) -> str:
        return f'<div style="overflow-x:auto">{self.svg}</div>'
