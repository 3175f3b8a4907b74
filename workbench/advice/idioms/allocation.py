"""Arrays allocated as float64 and filled with images: allocate float32."""

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
    """Match `np.zeros(shape)` that is filled image by image and returned."""
    mark, first = site.mark, site.calls[0]
    if not isinstance(mark, ArrayFill) or not all(map(_is_image, site.calls)):
        return None
    name, shape = ast.unparse(mark.allocation.func), first.keywords["shape"]
    allocate = getattr(np, name.partition(".")[2])
    values = [c.input_value for c in site.calls if c.keywords["shape"] == shape and c.batch == 0]
    source = ast.unparse(mark.allocation.args[0])
    return Remedy(
        what=f"{name} makes a float64 array, which is then filled with images",
        instead="dtype=np.float32",
        old=(partial(_fill, allocate, shape, np.float64, values),),
        new=(partial(_fill, allocate, shape, np.float32, values),),
        code=f"{name}({source}, dtype={name.partition('.')[0]}.float32)",
        node=mark.allocation,
        notes=(KERAS,),
        per_batch=site.calls_per_batch / shape[0],
    )


def _is_image(call: CapturedCall) -> bool:
    """Whether the value assigned is an image of the array's sample shape."""
    image, shape = call.input_value, call.keywords["shape"]
    if not isinstance(image, np.ndarray) or call.keywords["dtype"] != np.float64:
        return False
    # float32 holds integers up to 24 bits exactly.
    fits = image.dtype.kind == "f" or (image.dtype.kind in "buif" and image.dtype.itemsize <= 2)
    return fits and len(shape) > 2 and image.shape == shape[1:]


def _fill(allocate: Any, shape: Any, dtype: Any, values: list[Any]) -> Any:
    """Fill an array with the captured images, repeated if they are too few."""
    out = allocate(shape, dtype)
    for row in range(len(out)):
        out[row] = values[row % len(values)]
    return out
