"""Loops that standardize each sample on its own: compute on whole arrays."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from workbench.advice.capture import Site
from workbench.advice.captured_call import CapturedCall
from workbench.advice.remedy import Remedy
from workbench.advice.slow_statements import EPSILON, IMAGES, OUT, StandardizingLoop

BLOCK_BYTES = 1_000_000  # as in `standardized_in_blocks`; smaller batches are a single block
SAME = 0.5  # grey levels: the same arithmetic, rounded in another order


def standardized(images: Any, out: Any = None, epsilon: Any = 0) -> Any:
    """Subtract each sample's mean and divide by its standard deviation, all samples at once."""
    axes = tuple(range(1, images.ndim))
    values = images - images.mean(axis=axes, keepdims=True)
    values /= images.std(axis=axes, keepdims=True) + epsilon
    if out is None:
        return values
    out[: len(images)] = values
    return out


def standardized_in_blocks(images: Any, out: Any = None, epsilon: Any = 0) -> Any:
    """Standardize each sample by its mean and standard deviation, in blocks that fit the cache."""
    if out is None:
        out = np.empty_like(images)
    axes = tuple(range(1, images.ndim))
    size = max(1, 1_000_000 // max(1, images[:1].nbytes))
    for start in range(0, len(images), size):
        block, result = images[start : start + size], out[start : start + size]
        deviation = block.std(axis=axes, keepdims=True) + epsilon
        np.subtract(block, block.mean(axis=axes, keepdims=True), out=result)
        result /= deviation
    return out


def match(site: Site, _: list[Site]) -> Remedy | None:
    """Match a loop or comprehension over the samples of an array."""
    mark = site.mark
    if not isinstance(mark, StandardizingLoop) or not all(map(_is_batch, site.calls)):
        return None
    large = all(map(_can_be_in_blocks, site.calls))
    blocks = "mean and std of whole blocks of samples, as many as fit the cache"
    return _remedy(
        site,
        mark,
        standardized,
        "mean and std of all samples at once, with axis and keepdims",
        (_remedy(site, mark, standardized_in_blocks, blocks),) if large else (),
    )


def _is_batch(call: CapturedCall) -> bool:
    images, out, _ = call.arguments
    known = (
        isinstance(images, np.ndarray) and images.ndim > 1 and images.size and images.dtype != bool
    )
    return bool(known) and (out is None or isinstance(out, np.ndarray))


def _can_be_in_blocks(call: CapturedCall) -> bool:
    """Whether the arrays are of floats and larger than a block; integers would be rounded."""
    images, out, _ = call.arguments
    known = images.dtype.kind == "f" and (out is None or out.dtype.kind == "f")
    return bool(known and images.nbytes > BLOCK_BYTES)


def _remedy(
    site: Site, mark: StandardizingLoop, helper: Any, instead: str, others: tuple[Remedy, ...] = ()
) -> Remedy:
    form = mark.form
    loop = _loop(mark)
    rest = [form.target, form.epsilon and f"epsilon={form.epsilon}"]
    code = f"{helper.__name__}({', '.join(filter(None, [form.source, *rest]))})"
    in_place = form.target == form.source
    return Remedy(
        what="A loop standardizes each sample by its own mean and standard deviation",
        instead=instead,
        old=tuple(_Scaling(loop, call, in_place) for call in site.calls),
        new=tuple(_Scaling(helper, call, in_place, named=False) for call in site.calls),
        # A bare comprehension gives a list; inside np.array no list is needed.
        code=f"list({code})" if mark.code.startswith("[") else code,
        node=mark.node,
        helpers=(helper,),
        most_different=SAME,
        others=others,
    )


class _Scaling:
    """Standardizes the arrays of one call, in the same memory each time.

    In place, a further call standardizes what is standardized already: as much work, without the
    time of a copy before each call.
    """

    def __init__(
        self, scale: Callable[..., Any], call: CapturedCall, in_place: bool, named: bool = True
    ) -> None:
        images, out, self._epsilon = call.arguments
        self._scale, self._names = scale, call.keywords if named else {}
        self._images = images.copy()
        self._out = self._images if in_place else out if out is None else out.copy()

    def __call__(self) -> Any:
        # A constant sample has deviation 0; the user's loop divides by it too.
        with np.errstate(divide="ignore", invalid="ignore"):
            return self._scale(self._images, self._out, self._epsilon, **self._names)


def _loop(mark: StandardizingLoop) -> Callable[..., Any]:
    """Compile the user's loop to a function of its arrays and free variables."""
    head = f"def loop({', '.join((IMAGES, OUT, EPSILON, *mark.names))}):\n"
    inside = mark.code if mark.form.target else f"return {mark.code}"
    if mark.form.target and mark.form.target != mark.form.source:
        inside += f"\nreturn {OUT}"
    elif mark.form.target:
        inside += f"\nreturn {IMAGES}"
    made: dict[str, Any] = {}
    exec(head + "".join(f"    {line}\n" for line in inside.split("\n")), made)
    function: Callable[..., Any] = made["loop"]
    return function
