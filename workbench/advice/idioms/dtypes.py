"""Numbers of 64 bits made from images, and 32 bits in their place."""

from __future__ import annotations

import ast
import operator
from functools import partial
from typing import Any

import numpy as np

from workbench.advice.capture import Site
from workbench.advice.captured_call import CapturedCall
from workbench.advice.remedy import Remedy, argument, argument_source, compile_template, input_node
from workbench.advice.slow_statements import InPlaceScaling

KERAS = "Keras trains in float32, and would convert float64 itself; it takes twice the memory."


REBOUND = "Makes a new array of it; not needed where it is made in float32."

REBOUND = "Makes a new array of it; not needed where it is made in float32 from the start."


def match(site: Site, _: list[Site]) -> Remedy | None:
    """A division or multiplication by a number, or a conversion, that gives float64."""
    if isinstance(site.mark, InPlaceScaling):
        return _in_place(site, site.mark)
    if isinstance(site.node, ast.BinOp):
        return _of_operation(site, site.node)
    template, what = _template(site), input_node(site)
    if not template or what is None:
        return None
    new = compile_template(template)
    return Remedy(
        what=f"{site.calls[0].name} gives float64",
        instead="float32",
        old=tuple(site.calls),
        new=tuple(partial(new, call.input_value) for call in site.calls),
        code=template.format(ast.unparse(what)),
        node=site.node,
        notes=(KERAS,),
    )


def _of_operation(site: Site, node: ast.BinOp) -> Remedy | None:
    """`x / 255.0` of whole numbers or float64."""
    divides = isinstance(node.op, ast.Div)
    if not all(_is_by_number(call, divides) for call in site.calls):
        return None
    return Remedy(
        what=f"{'dividing' if divides else 'multiplying'} by a number gives float64",
        instead="float32",
        old=tuple(site.calls),
        new=tuple(partial(_scaled, call.arguments, divides) for call in site.calls),
        code=_scaled_source(node.left, node.right, divides),
        node=node,
        notes=(KERAS,),
    )


def _in_place(site: Site, mark: InPlaceScaling) -> Remedy | None:
    """`x /= 255.0` of float64; run again, it divides what it has divided."""
    divides = isinstance(mark.node.op, ast.Div)
    if not all(_is_by_number(call, divides) for call in site.calls):
        return None
    operation = operator.itruediv if divides else operator.imul
    pairs = [call.arguments for call in site.calls]
    return Remedy(
        what=f"{'dividing' if divides else 'multiplying'} float64 by a number",
        instead="float32",
        old=tuple(partial(operation, array.copy(), number) for array, number in pairs),
        new=tuple(partial(_scaled, pair, divides) for pair in pairs),
        code=f"{mark.name} = {_scaled_source(mark.node.target, mark.node.value, divides)}",
        node=mark.node,
        notes=(KERAS, REBOUND),
    )


def _scaled(values: tuple[Any, ...], divides: bool) -> Any:
    array, number = values
    return np.multiply(array, np.float32(1 / number if divides else number), dtype=np.float32)


def _scaled_source(array: ast.expr, number: ast.expr, divides: bool) -> str:
    """What `_scaled` does, with the names of the code."""
    simple = isinstance(number, ast.Constant | ast.Name | ast.Attribute)
    by = ast.unparse(number) if simple else f"({ast.unparse(number)})"
    factor = f"1 / {by}" if divides else by
    return f"np.multiply({ast.unparse(array)}, np.float32({factor}), dtype=np.float32)"


def _template(site: Site) -> str:
    first = site.calls[0]
    if first.name == "astype" and all(map(_widens, site.calls)) and _only(site, 1):
        return "{0}.astype(np.float32)"
    made = first.package == "numpy" and first.name in ("array", "asarray")
    if made and all(map(_makes, site.calls)) and _only(site, 2):
        return f"np.{first.name}({{0}}, dtype=np.float32)"
    return ""


def _is_by_number(call: CapturedCall, divides: bool) -> bool:
    """Whether an array of whole numbers, or images in float64, meet a number."""
    left, right = call.arguments
    if not isinstance(left, np.ndarray) or not left.ndim:
        return False
    whole = left.dtype.kind in "ui"
    number = isinstance(right, float) or (isinstance(right, int) and (divides or not whole))
    return (whole or (left.dtype == np.float64 and left.ndim > 2)) and number and right != 0


def _widens(call: CapturedCall) -> bool:
    """Whether it is `.astype(float)` of an array that had less."""
    wanted = argument(call, 0, "dtype")
    return isinstance(call.instance, np.ndarray) and _is_double(wanted, call.instance)


def _makes(call: CapturedCall) -> bool:
    """Whether it is `np.array(images, dtype=float)`."""
    value: Any = call.input_value
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
        argument_source(site, most - 1, "dtype")
    )
