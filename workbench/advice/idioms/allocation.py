"""Arrays of 64 bits that are made to be filled with images, and 32 bits in their place."""

from __future__ import annotations

import ast
from functools import partial
from typing import Any

import numpy as np

from workbench.advice.capture import Site
from workbench.advice.captured_call import CapturedCall
from workbench.advice.idioms.dtypes import KERAS
from workbench.advice.remedy import Remedy
from workbench.advice.slow_statements import ArrayFill


def match(site: Site, _: list[Site]) -> Remedy | None:
    """`np.zeros(shape)` that is filled image by image, and returned."""
    mark, first = site.mark, site.calls[0]
    if not isinstance(mark, ArrayFill) or not all(map(_is_image, site.calls)):
        return None
    name, shape = ast.unparse(mark.allocation.func), first.keywords["shape"]
    made = getattr(np, name.partition(".")[2])
    values = [c.input_value for c in site.calls if c.keywords["shape"] == shape and c.batch == 0]
    source = ast.unparse(mark.allocation.args[0])
    return Remedy(
        what=f"{name} makes float64, and it is filled with images",
        instead="dtype=np.float32",
        old=(partial(_filled, made, shape, np.float64, values),),
        new=(partial(_filled, made, shape, np.float32, values),),
        code=f"{name}({source}, dtype={name.partition('.')[0]}.float32)",
        node=mark.allocation,
        notes=(KERAS,),
        per_batch=site.calls_per_batch / shape[0],
    )


def _is_image(call: CapturedCall) -> bool:
    """Whether an image is put into a place of its size."""
    image, shape = call.input_value, call.keywords["shape"]
    if not isinstance(image, np.ndarray) or call.keywords["dtype"] != np.float64:
        return False
    # Whole numbers beyond 16 bits need not fit.
    fits = image.dtype.kind == "f" or (image.dtype.kind in "buif" and image.dtype.itemsize <= 2)
    return fits and len(shape) > 2 and image.shape == shape[1:]


def _filled(made: Any, shape: Any, dtype: Any, values: list[Any]) -> Any:
    """As many images as it has room for, of those that were caught."""
    out = made(shape, dtype)
    for place in range(len(out)):
        out[place] = values[place % len(values)]
    return out
