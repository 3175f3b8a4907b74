"""Images resized by scikit-image, Pillow or SciPy: resize them with OpenCV."""

from __future__ import annotations

from functools import partial
from typing import Any

import cv2
import numpy as np

from workbench.advice.capture import Site
from workbench.advice.captured_call import CapturedCall, LazyPicture, is_picture, reopen
from workbench.advice.remedy import Remedy, argument, argument_source, instance_source

RESIZE = "cv2.resize"
AREA = "To shrink an image, cv2.INTER_AREA averages over the area of each new pixel."
# Pillow's modes with interleaved 8-bit channels.
PLAIN_MODES = ("L", "RGB", "RGBA")


def resized(image: Any, shape: Any, preserve_range: Any = False) -> Any:
    """Like scikit-image's resize: integers become floats in 0..1 unless preserve_range."""
    height, width = shape[:2]
    smaller = height * width < image.shape[0] * image.shape[1]
    values = image.astype(np.float32)
    how = cv2.INTER_AREA if smaller else cv2.INTER_LINEAR
    values = cv2.resize(values, (width, height), interpolation=how)
    if image.dtype.kind == "u" and not preserve_range:
        values /= np.iinfo(image.dtype).max
    return values.reshape(height, width, *image.shape[2:])


def resized_picture(picture: Any, size: Any) -> Any:
    """Like Pillow's resize, for pictures of mode L, RGB or RGBA."""
    from PIL import Image

    smaller = size[0] * size[1] < picture.width * picture.height
    how = cv2.INTER_AREA if smaller else cv2.INTER_LINEAR
    return Image.fromarray(cv2.resize(np.asarray(picture), tuple(size), interpolation=how))


def zoomed(image: Any, factors: Any, order: Any = 3) -> Any:
    """Like SciPy's zoom of one image: aligns the corner pixels, without anti-aliasing."""
    factors = factors if np.iterable(factors) else (factors,) * image.ndim
    new = [round(n * f) for n, f in zip(image.shape[:2], factors[:2], strict=True)]
    old = image.shape[:2]
    down, across = ((a - 1) / max(1, b - 1) for a, b in zip(old, new, strict=True))
    matrix = np.array([[across, 0, 0], [0, down, 0]])
    how = cv2.WARP_INVERSE_MAP | (cv2.INTER_LINEAR if order == 1 else cv2.INTER_CUBIC)
    border = cv2.BORDER_REPLICATE
    values = cv2.warpAffine(image, matrix, new[::-1], flags=how, borderMode=border)
    return values.reshape(*new, *image.shape[2:])


def match(site: Site, _: list[Site]) -> Remedy | None:
    """Match a call of one of the three, for an image of up to four channels."""
    first = site.calls[0]
    match first.package, first.name:
        case "skimage", "resize":
            return _scikit_image(site)
        case "PIL", "resize":
            return _pillow(site)
        case "scipy", "zoom":
            return _scipy(site)
    return None


def _scikit_image(site: Site) -> Remedy | None:
    image, shape = argument_source(site, 0, "image"), argument_source(site, 1, "output_shape")
    if not image or not shape or not all(map(_plain_scikit_image, site.calls)):
        return None
    keeps_range = bool(argument(site.calls[0], 6, "preserve_range", False))
    return _remedy(
        site,
        "scikit-image resizes one image",
        RESIZE,
        resized,
        [
            [argument(c, 0, "image"), argument(c, 1, "output_shape"), keeps_range]
            for c in site.calls
        ],
        f"resized({image}, {shape}{', preserve_range=True' * keeps_range})",
    )


def _plain_scikit_image(call: CapturedCall) -> bool:
    """Whether a call resizes one image linearly and keeps its channels."""
    image, shape = argument(call, 0, "image"), argument(call, 1, "output_shape")
    if not _is_image(image) or len(shape) not in (2, image.ndim):
        return False
    return argument(call, 2, "order") in (None, 1) and tuple(shape[2:]) in ((), image.shape[2:])


def _pillow(site: Site) -> Remedy | None:
    size, picture = argument_source(site, 0, "size"), instance_source(site)
    if not size or not picture or not all(map(_plain_pillow, site.calls)):
        return None
    return _remedy(
        site,
        "Pillow resizes one image",
        RESIZE,
        resized_picture,
        [[call.instance, argument(call, 0, "size")] for call in site.calls],
        f"resized_picture({picture}, {size})",
    )


def _plain_pillow(call: CapturedCall) -> bool:
    """Whether a call resizes a whole picture and interpolates."""
    known = is_picture(call.instance) or isinstance(call.instance, LazyPicture)
    if not known or call.instance.mode not in PLAIN_MODES:
        return False
    nearest = argument(call, 1, "resample") == 0
    return not nearest and argument(call, 2, "box") is None


def _scipy(site: Site) -> Remedy | None:
    image, zoom = argument_source(site, 0, "input"), argument_source(site, 1, "zoom")
    if not image or not zoom or not all(map(_plain_scipy, site.calls)):
        return None
    order = argument_source(site, 3, "order")
    values = [
        [argument(c, 0, "input"), argument(c, 1, "zoom"), argument(c, 3, "order", 3)]
        for c in site.calls
    ]
    code = f"zoomed({image}, {zoom}{order and f', {order}'})"
    return _remedy(site, "SciPy zooms one image", "cv2.warpAffine", zoomed, values, code)


def _plain_scipy(call: CapturedCall) -> bool:
    """Whether a call interpolates along two axes, with default values for other arguments."""
    image, zoom = argument(call, 0, "input"), argument(call, 1, "zoom")
    if (
        not _is_image(image)
        or image.dtype.kind == "b"
        or argument(call, 3, "order", 3) not in (1, 2, 3)
    ):
        return False
    factors: list[Any] = np.ravel(zoom).tolist()
    if len(factors) == 1:
        return bool(image.ndim == 2)
    return len(factors) == image.ndim and all(factor == 1 for factor in factors[2:])


def _is_image(image: Any) -> bool:
    if not isinstance(image, np.ndarray) or image.ndim not in (2, 3):
        return False
    known = image.dtype in (np.uint8, np.uint16, np.float32, np.float64)
    return known and (image.ndim == 2 or image.shape[2] <= 4)


def _remedy(
    site: Site, what: str, instead: str, helper: Any, values: list[Any], code: str
) -> Remedy:
    return Remedy(
        what=f"{what} at a time",
        instead=instead,
        old=tuple(site.calls),
        new=tuple(partial(_run, helper, *each) for each in values),
        code=code,
        node=site.node,
        helpers=(helper,),
        notes=(AREA,) if instead == RESIZE else (),
    )


def _run(helper: Any, image: Any, *rest: Any) -> Any:
    return helper(reopen(image), *rest)
