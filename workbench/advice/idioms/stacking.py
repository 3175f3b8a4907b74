"""Arrays made from lists: fill an array, or keep the samples in one."""

from __future__ import annotations

import ast
from functools import partial
from typing import Any

import numpy as np

from workbench.advice.capture import Site
from workbench.advice.captured_call import CapturedCall
from workbench.advice.remedy import Remedy, argument, argument_source


def filled(images: Any, dtype: Any = None) -> Any:
    """Like np.array, for a list of arrays of the same shape."""
    out = np.empty((len(images), *images[0].shape), dtype or images[0].dtype)
    for i, image in enumerate(images):
        out[i] = image
    return out


def match(site: Site, _: list[Site]) -> Remedy | None:
    """Match `np.array` of a list of arrays, or of a slice of a list."""
    first = site.calls[0]
    made = first.package == "numpy" and first.name in ("array", "asarray", "stack")
    if not made or not isinstance(site.node, ast.Call) or not site.node.args:
        return None
    if len(first.arguments) + len(first.keywords) > 1 + bool(argument_source(site, 1, "dtype")):
        return None
    what = site.node.args[0]
    if isinstance(what, ast.Subscript) and isinstance(what.slice, ast.Slice):
        return _indexed(site, what)
    return _filled(site) if all(map(_is_uniform, site.calls)) else None


def _is_uniform(call: CapturedCall) -> bool:
    """Whether the argument is a list of arrays of the same shape and dtype."""
    images = call.input_value
    if not isinstance(images, list) or len(images) < 2:
        return False
    if not all(isinstance(image, np.ndarray) and image.ndim for image in images):
        return False
    return len({(image.shape, image.dtype) for image in images}) == 1


def _filled(site: Site) -> Remedy | None:
    name = "axis" if site.calls[0].name == "stack" else "dtype"
    if name == "axis" and argument_source(site, 1, name):
        return None
    dtype = argument_source(site, 1, "dtype")
    return Remedy(
        what=f"np.{site.calls[0].name} makes an array from a list of arrays",
        instead="allocate it with np.empty and fill it",
        old=tuple(site.calls),
        new=tuple(partial(filled, c.input_value, argument(c, 1, "dtype")) for c in site.calls),
        code=f"filled({argument_source(site, 0, 'object')}{dtype and f', {dtype}'})",
        node=site.node,
        helpers=(filled,),
    )


def _indexed(site: Site, what: ast.Subscript) -> Remedy | None:
    """Keep the samples in an array instead of a list that is converted slice by slice."""
    if site.calls[0].name == "stack" or argument_source(site, 1, "dtype"):
        return None
    if not all(isinstance(call.input_value, list) and call.input_value for call in site.calls):
        return None
    arrays = [np.array(call.input_value) for call in site.calls]
    if any(array.dtype.kind not in "buif" for array in arrays):
        return None
    base, part = ast.unparse(what.value), ast.unparse(what.slice)
    return Remedy(
        what=f"np.{site.calls[0].name} converts a slice of a list to an array in every batch",
        instead="convert the whole list once and take slices of the array",
        old=tuple(site.calls),
        new=tuple(partial(_copy_of, array) for array in arrays),
        code=f"{base}[{part}].copy()",
        node=site.node,
        once=f"{base} = np.array({base})  # once, where the list is complete",
        notes=("The slice is copied, so that changing the batch does not change the data.",),
    )


def _copy_of(array: Any) -> Any:
    return array[0 : len(array)].copy()
