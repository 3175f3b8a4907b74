"""A faster way to compute an expression, and helpers for the idioms that suggest one."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from workbench.advice.capture import Site
from workbench.advice.captured_call import CapturedCall


@dataclass(frozen=True)
class Remedy:
    """A faster way to compute an expression.

    Attributes:
        what: What the line does now, as a clause for the user.
        instead: What to use or do instead, as a phrase for the user.
        old: Repeats each captured call as the user wrote it.
        new: Computes the result of each captured call in the faster way.
        code: Source of the expression that replaces `node`.
        node: The expression or statement to replace.
        helpers: Functions that `code` calls; their source is shown above it.
        once: Source that must run once, such as in `__init__`, before `code` is used.
        notes: Further sentences for the user.
        kept_bytes: Memory needed for the images of one batch, in bytes, kept for all batches.
        per_batch: Runs per batch; None if the expression runs as often as it was captured.
        most_different: Largest difference allowed between old and new results, in grey levels.
        is_whole_batch: Whether old and new make a whole batch.
        is_random: Whether results differ each time, so that they cannot be compared.
        others: Alternatives, used if they save more.
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
    is_whole_batch: bool = False
    is_random: bool = False
    others: tuple[Remedy, ...] = ()


# Takes a site and all captured sites: some remedies replace the enclosing expression as well.
Match = Callable[[Site, list[Site]], Remedy | None]


def argument(call: CapturedCall, position: int, name: str, default: Any = None) -> Any:
    """The value of an argument, passed by position or by name."""
    if len(call.arguments) > position:
        return call.arguments[position]
    return call.keywords.get(name, default)


def argument_source(site: Site, position: int, name: str) -> str:
    """The source of an argument, passed by position or by name; empty if it is not found."""
    node = site.node
    if not isinstance(node, ast.Call) or any(isinstance(a, ast.Starred) for a in node.args):
        return ""
    if len(node.args) > position:
        return ast.unparse(node.args[position])
    return next((ast.unparse(k.value) for k in node.keywords if k.arg == name), "")


def instance_source(site: Site) -> str:
    """The source of `x` in a method call `x.f()`; empty for other calls."""
    func = site.node.func if isinstance(site.node, ast.Call) else None
    return ast.unparse(func.value) if isinstance(func, ast.Attribute) else ""


def input_node(site: Site) -> ast.expr | None:
    """The node of `x` in `x.f()`, `f(x)` or `x / 2`: what becomes `CapturedCall.input_value`."""
    node = site.node
    if isinstance(node, ast.BinOp):
        return node.left
    if not isinstance(node, ast.Call) or site.mark is not None:
        return None
    if site.calls[0].instance is not None and isinstance(node.func, ast.Attribute):
        return node.func.value
    return node.args[0] if node.args and not isinstance(node.args[0], ast.Starred) else None


def enclosing_site(site: Site, sites: list[Site]) -> Site | None:
    """The expression that takes this one's result directly, as `np.array(f(x))` takes `f(x)`."""
    for other in sites:
        inner = input_node(other)
        if inner is None or other.function != site.function:
            continue
        if _position(inner) == _position(site.node):
            return other if len(other.calls) == len(site.calls) else None
    return None


def _position(node: ast.expr | ast.stmt) -> tuple[int, int, int | None, int | None]:
    return node.lineno, node.col_offset, node.end_lineno, node.end_col_offset


def compile_template(
    template: str, helpers: Iterable[Callable[..., Any]] = ()
) -> Callable[..., Any]:
    """Compile the code shown to the user to a function, so that the same code is timed.

    Args:
        template: Source of an expression with `{0}` for its argument.
        helpers: Functions that the expression calls.
    """
    names: dict[str, Any] = {helper.__name__: helper for helper in helpers}
    if "Image." in template:
        from PIL import Image

        names["Image"] = Image
    body = template.format("value")
    made: Callable[..., Any] = eval(f"lambda value: {body}", {"cv2": cv2, "np": np, **names})
    return made
