"""What a pattern says: another way to compute an expression."""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from workbench.theirs.advice.capture import Captured, Site


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
    """

    what: str
    instead: str
    old: tuple[Callable[[], Any], ...]
    new: tuple[Callable[[], Any], ...]
    code: str
    node: ast.expr
    helpers: tuple[Callable[..., Any], ...] = ()
    once: str = ""
    notes: tuple[str, ...] = ()


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
