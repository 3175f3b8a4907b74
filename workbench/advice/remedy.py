"""What a pattern says: another way to compute an expression."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from workbench.advice.capture import Site
from workbench.advice.values import Captured


@dataclass(frozen=True)
class Remedy:
    """Another way.

    Attributes:
        what: What the line does, in words.
        instead: What to use instead.
        old: For each captured call, how it is computed now.
        new: For each captured call, how else.
        code: The expression to write instead of the node.
        node: What is replaced.
        helpers: Functions that `code` needs, to be defined once.
        once: Lines that `code` needs elsewhere, such as in `__init__`.
        notes: What else to know.
        kept_bytes: Memory that it takes for the images of each batch of an epoch.
        per_batch: How often a batch does it; None if as often as the expression is computed.
        most_different: Grey levels that results may differ by, where they should be the same.
        others: Further ways, for when they save more.
    """

    what: str
    instead: str
    old: tuple[Callable[[], Any], ...]
    new: tuple[Callable[[], Any], ...]
    code: str
    node: ast.expr | ast.stmt
    helpers: tuple[Callable[..., Any], ...] = ()
    once: str = ""
    notes: tuple[str, ...] = ()
    kept_bytes: float = 0.0
    per_batch: float | None = None
    most_different: float = np.inf
    others: tuple[Remedy, ...] = ()


# Given an expression, and all that were seen, since some ways replace the one around it as well.
Match = Callable[[Site, list[Site]], Remedy | None]


def argument(call: Captured, place: int, name: str, default: Any = None) -> Any:
    """An argument by its place or its name."""
    if len(call.arguments) > place:
        return call.arguments[place]
    return call.keywords.get(name, default)


def expression(site: Site, place: int, name: str) -> str:
    """The source of an argument by its place or its name; empty where it is not written out."""
    node = site.node
    if not isinstance(node, ast.Call) or any(isinstance(a, ast.Starred) for a in node.args):
        return ""
    if len(node.args) > place:
        return ast.unparse(node.args[place])
    return next((ast.unparse(k.value) for k in node.keywords if k.arg == name), "")


def subject(site: Site) -> str:
    """The source of the object of a method call; empty if it is not written as one."""
    func = site.node.func if isinstance(site.node, ast.Call) else None
    return ast.unparse(func.value) if isinstance(func, ast.Attribute) else ""


def operand(site: Site) -> ast.expr | None:
    """What it works on: the object of a method, or the first argument."""
    node = site.node
    if isinstance(node, ast.BinOp):
        return node.left
    if not isinstance(node, ast.Call) or site.mark is not None:
        return None
    if site.calls[0].subject is not None and isinstance(node.func, ast.Attribute):
        return node.func.value
    return node.args[0] if node.args and not isinstance(node.args[0], ast.Starred) else None


def around(site: Site, sites: list[Site]) -> Site | None:
    """The expression that works on this one's result at once, as `np.array(f(x))` on `f(x)`."""
    for other in sites:
        inner = operand(other)
        if (
            other.function == site.function
            and inner is not None
            and _where(inner) == _where(site.node)
        ):
            return other if len(other.calls) == len(site.calls) else None
    return None


def _where(node: ast.expr | ast.stmt) -> tuple[int, int, int | None, int | None]:
    return node.lineno, node.col_offset, node.end_lineno, node.end_col_offset


def function_of(template: str, helpers: Iterable[Callable[..., Any]] = ()) -> Callable[..., Any]:
    """What an expression of ours computes, so that what is timed is what is shown.

    Args:
        template: With `{0}` for the argument.
        helpers: Functions in it.
    """
    names: dict[str, Any] = {helper.__name__: helper for helper in helpers}
    if "Image." in template:
        from PIL import Image

        names["Image"] = Image
    body = template.format("value")
    made: Callable[..., Any] = eval(f"lambda value: {body}", {"cv2": cv2, "np": np, **names})
    return made
