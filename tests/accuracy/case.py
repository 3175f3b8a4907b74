"""What is known, what was measured, and how far apart they may be."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import Any, Literal

REPEATS = 3


@dataclass(frozen=True)
class Case:
    """One figure against its truth.

    Attributes:
        name: What was measured.
        truth: What is known, or a bound.
        measured: The figure.
        allowed: How far it may be from the truth; beyond a bound 0 as a rule.
        sense: Whether the truth is a value, or the least or most that is allowed.
        unit: Of all four.
    """

    name: str
    truth: float
    measured: float
    allowed: float = 0.0
    sense: Literal["=", "≥", "≤"] = "="
    unit: str = ""

    @property
    def error(self) -> float:
        """How far beyond the truth it is; of a bound, below 0 is on the other side of it."""
        return self.measured - self.truth

    @property
    def is_ok(self) -> bool:
        """Whether it is within what is allowed."""
        beyond = {"=": abs(self.error), "≥": -self.error, "≤": self.error}[self.sense]
        return beyond <= self.allowed

    def to_dict(self) -> dict[str, Any]:
        """As plain data, for JSON."""
        return {**asdict(self), "error": self.error, "ok": self.is_ok}


Cases = Iterator[Case]
Suite = Callable[[int], Cases]  # takes how often each case is measured


def middle(measure: Callable[[], list[Case]], repeats: int) -> list[Case]:
    """Of some cases, measured together several times, each as it was with the middle error."""
    rounds = [measure() for _ in range(repeats)]
    return [
        sorted(cases, key=lambda case: case.error)[len(cases) // 2]
        for cases in zip(*rounds, strict=True)
    ]


def relative(name: str, truth: float, measured: float, allowed: float, unit: str = "") -> Case:
    """A case that may be off by a share of the truth."""
    return Case(name, truth, measured, allowed * truth, unit=unit)


def table(pythons: dict[str, Any]) -> str:
    """Markdown of all cases: one row each, what is off last in its line."""
    lines = [
        "| Python | case | truth | measured | error | allowed | |",
        "|---|---|---:|---:|---:|---:|---|",
    ]
    lines += [
        _row(python, case)
        for python, found in pythons.items()
        for cases in found["suites"].values()
        for case in cases
    ]
    return "\n".join(lines)


def _row(python: str, case: dict[str, Any]) -> str:
    sense, unit = case["sense"].replace("=", ""), f" {case['unit']}" if case["unit"] else ""
    truth, measured = (f"{case[key]:.4g}{unit}" for key in ("truth", "measured"))
    allowed = "±" if case["sense"] == "=" else ""
    verdict = "ok" if case["ok"] else "**off**"
    cells = (
        python,
        case["name"],
        f"{sense} {truth}".strip(),
        measured,
        f"{case['error']:+.2g}",
        f"{allowed}{case['allowed']:.2g}",
        verdict,
    )
    return f"| {' | '.join(cells)} |"
