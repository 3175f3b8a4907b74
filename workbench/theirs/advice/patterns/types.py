"""Numbers of 64 bits made from images, and 32 bits in their place."""

from __future__ import annotations

import ast
from functools import partial
from typing import Any

import numpy as np

from workbench.theirs.advice.capture import Captured, Site
from workbench.theirs.advice.remedy import Remedy, argument, expression, function_of, operand

KERAS = "Keras trains in float32, and would convert float64 itself; it takes twice the memory."


def match(site: Site, _: list[Site]) -> Remedy | None:
    """A division or multiplication of whole numbers, or a conversion, that gives float64."""
    template = _template(site)
    what = operand(site)
    if not template or what is None:
        return None
    new = function_of(template)
    return Remedy(
        what=f"{_NAMES.get(site.calls[0].name, site.calls[0].name)} gives float64",
        instead="float32",
        old=tuple(site.calls),
        new=tuple(partial(new, call.operand) for call in site.calls),
        code=template.format(ast.unparse(what)),
        node=site.node,
        notes=(KERAS,),
    )


_NAMES = {"truediv": "dividing whole numbers", "mul": "multiplying whole numbers by a fraction"}


def _template(site: Site) -> str:
    if isinstance(site.node, ast.BinOp):
        return _of_operation(site, site.node)
    first = site.calls[0]
    if first.name == "astype" and all(map(_widens, site.calls)) and _only(site, 1):
        return "{0}.astype(np.float32)"
    made = first.package == "numpy" and first.name in ("array", "asarray")
    if made and all(map(_makes, site.calls)) and _only(site, 2):
        return f"np.{first.name}({{0}}, dtype=np.float32)"
    return ""


def _of_operation(site: Site, node: ast.BinOp) -> str:
    if not all(map(_whole_by_number, site.calls)):
        return ""
    # Known to be a number: what it is called may hold braces.
    by = ast.unparse(node.right).replace("{", "{{").replace("}", "}}")
    simple = isinstance(node.right, ast.Constant | ast.Name | ast.Attribute)
    by = by if simple else f"({by})"
    by = f"1 / {by}" if isinstance(node.op, ast.Div) else by
    return f"np.multiply({{0}}, np.float32({by}), dtype=np.float32)"


def _whole_by_number(call: Captured) -> bool:
    left, right = call.arguments
    whole = isinstance(left, np.ndarray) and left.dtype.kind in "ui" and left.ndim > 0
    number = isinstance(right, float) or (isinstance(right, int) and call.name == "truediv")
    return whole and number and right != 0


def _widens(call: Captured) -> bool:
    """Whether it is `.astype(float)` of an array that had less."""
    wanted = argument(call, 0, "dtype")
    return isinstance(call.subject, np.ndarray) and _is_double(wanted, call.subject)


def _makes(call: Captured) -> bool:
    """Whether it is `np.array(images, dtype=float)`."""
    value: Any = call.operand
    first = value[0] if isinstance(value, list) and value else value
    return isinstance(first, np.ndarray) and _is_double(argument(call, 1, "dtype"), first)


def _is_double(wanted: Any, of: Any) -> bool:
    if wanted is None or of.dtype.kind not in "uif" or of.dtype.itemsize > 4:
        return False
    return bool(np.dtype(wanted) == np.float64)


def _only(site: Site, most: int) -> bool:
    """Whether nothing is said but the array and its type."""
    call = site.calls[0]
    return len(call.arguments) + len(call.keywords) <= most and bool(
        expression(site, most - 1, "dtype")
    )
