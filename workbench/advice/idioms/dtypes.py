"""Images converted to float64: use float32."""

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

KERAS = "Keras trains in float32 and converts float64 itself; float64 takes twice the memory."
REBOUND = "Makes a new array. Not needed if the array is float32 from the start."


def match(site: Site, _: list[Site]) -> Remedy | None:
    """Match a division or multiplication by a number, or a conversion, that gives float64."""
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
    """Replace `x / 255.0`, where `x` holds integers or float64."""
    divides = isinstance(node.op, ast.Div)
    if not all(_is_by_number(call, divides) for call in site.calls):
        return None
    return Remedy(
        what=f"{'Dividing' if divides else 'Multiplying'} by a number gives float64",
        instead="float32",
        old=tuple(site.calls),
        new=tuple(partial(_scale, call.arguments, divides) for call in site.calls),
        code=_scale_source(node.left, node.right, divides),
        node=node,
        notes=(KERAS,),
    )


def _in_place(site: Site, mark: InPlaceScaling) -> Remedy | None:
    """Replace `x /= 255.0`, where `x` is float64.

    Repeating the operation divides the same copy again, which takes the same time.
    """
    divides = isinstance(mark.node.op, ast.Div)
    if not all(_is_by_number(call, divides) for call in site.calls):
        return None
    operation = operator.itruediv if divides else operator.imul
    pairs = [call.arguments for call in site.calls]
    return Remedy(
        what=f"{'Divides' if divides else 'Multiplies'} a float64 array by a number",
        instead="float32",
        old=tuple(partial(operation, array.copy(), number) for array, number in pairs),
        new=tuple(partial(_scale, pair, divides) for pair in pairs),
        code=f"{mark.name} = {_scale_source(mark.node.target, mark.node.value, divides)}",
        node=mark.node,
        notes=(KERAS, REBOUND),
    )


def _scale(values: tuple[Any, ...], divides: bool) -> Any:
    array, number = values
    return np.multiply(array, np.float32(1 / number if divides else number), dtype=np.float32)


def _scale_source(array: ast.expr, number: ast.expr, divides: bool) -> str:
    """Source of what `_scale` does."""
    simple = isinstance(number, ast.Constant | ast.Name | ast.Attribute)
    by = ast.unparse(number) if simple else f"({ast.unparse(number)})"
    factor = f"1 / {by}" if divides else by
    return f"np.multiply({ast.unparse(array)}, np.float32({factor}), dtype=np.float32)"


def _template(site: Site) -> str:
    first = site.calls[0]
    converts = first.name == "astype" and all(map(_converts_to_float64, site.calls))
    if converts and _only_dtype(site, 1):
        return "{0}.astype(np.float32)"
    makes = first.package == "numpy" and first.name in ("array", "asarray")
    if makes and all(map(_makes_float64, site.calls)) and _only_dtype(site, 2):
        return f"np.{first.name}({{0}}, dtype=np.float32)"
    return ""


def _is_by_number(call: CapturedCall, divides: bool) -> bool:
    """Whether an integer array, or float64 images, are divided or multiplied by a number."""
    left, right = call.arguments
    if not isinstance(left, np.ndarray) or not left.ndim:
        return False
    whole = left.dtype.kind in "ui"
    number = isinstance(right, float) or (isinstance(right, int) and (divides or not whole))
    return (whole or (left.dtype == np.float64 and left.ndim > 2)) and number and right != 0


def _converts_to_float64(call: CapturedCall) -> bool:
    """Whether a call is `x.astype(float)`, where `x` has 32 bits or fewer."""
    wanted = argument(call, 0, "dtype")
    return isinstance(call.instance, np.ndarray) and _widens(wanted, call.instance)


def _makes_float64(call: CapturedCall) -> bool:
    """Whether a call is `np.array(images, dtype=float)`."""
    value: Any = call.input_value
    first = value[0] if isinstance(value, list) and value else value
    return isinstance(first, np.ndarray) and _widens(argument(call, 1, "dtype"), first)


def _widens(wanted: Any, array: Any) -> bool:
    if wanted is None or array.dtype.kind not in "uif" or array.dtype.itemsize > 4:
        return False
    return bool(np.dtype(wanted) == np.float64)


def _only_dtype(site: Site, most: int) -> bool:
    """Whether a call has no arguments but the array and the dtype."""
    call = site.calls[0]
    if len(call.arguments) + len(call.keywords) > most:
        return False
    return bool(argument_source(site, most - 1, "dtype"))
