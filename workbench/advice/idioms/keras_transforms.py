"""Images transformed one by one by Keras, which uses SciPy: use one OpenCV warp."""

from __future__ import annotations

import ast
from functools import partial
from typing import Any

import cv2
import numpy as np

from workbench.advice.capture import Site
from workbench.advice.captured_call import CapturedCall
from workbench.advice.remedy import Remedy, argument, argument_source, instance_source

# For "constant" and "wrap", SciPy and OpenCV differ at the border.
BORDERS = ("nearest", "reflect")
INSTEAD = "one cv2.warpAffine"


def warped(image: Any, parameters: Any, fill_mode: str = "nearest") -> Any:
    """Like ImageDataGenerator.apply_transform, for channels last and without brightness."""
    get = parameters.get
    height, width, channels = image.shape
    angle, slant = np.deg2rad([get("theta", 0), get("shear", 0)])
    cos, sin = np.cos(angle), np.sin(angle)
    rotation = np.array([[cos, -sin, 0], [sin, cos, 0], [0, 0, 1]])
    shift = np.array([[1, 0, get("tx", 0)], [0, 1, get("ty", 0)], [0, 0, 1]])
    shear = np.array([[1, -np.sin(slant), 0], [0, np.cos(slant), 0], [0, 0, 1]])
    zoom = np.diag([get("zx", 1), get("zy", 1), 1])
    centre = np.array([[1, 0, height / 2 - 0.5], [0, 1, width / 2 - 0.5], [0, 0, 1]])
    flip = np.eye(3)
    if get("flip_horizontal"):
        flip[0, 0], flip[0, 2] = -1, width - 1
    if get("flip_vertical"):
        flip[1, 1], flip[1, 2] = -1, height - 1
    matrix = centre @ rotation @ shift @ shear @ zoom @ np.linalg.inv(centre) @ flip
    border = {"nearest": cv2.BORDER_REPLICATE, "reflect": cv2.BORDER_REFLECT}[fill_mode]
    how = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    values = cv2.warpAffine(image, matrix[:2], (width, height), flags=how, borderMode=border)
    if get("channel_shift_intensity") is not None:
        low, high = values.min(), values.max()
        values = np.clip(values + get("channel_shift_intensity"), low, high)
    return values.reshape(height, width, channels)


# Positions of apply_affine_transform's arguments, and for axes: position, default, what we need.
AFFINE = {"theta": 1, "tx": 2, "ty": 3, "shear": 4, "zx": 5, "zy": 6}
AXES = {"row_axis": (7, 1, 0), "col_axis": (8, 2, 1), "channel_axis": (9, 0, 2)}


def match(site: Site, _: list[Site]) -> Remedy | None:
    """Match an `ImageDataGenerator`'s transformation, or a call of `apply_affine_transform`."""
    first = site.calls[0]
    if (first.package, first.name) == ("keras", "apply_affine_transform"):
        return _affine(site)
    names = ("random_transform", "apply_transform")
    if first.package != "keras" or first.name not in names:
        return None
    if not all(_can_be_warped(call) for call in site.calls):
        return None
    image, generator = argument_source(site, 0, "x"), instance_source(site)
    if not image or not generator:
        return None
    draws = [(call, _parameters(call)) for call in site.calls]
    if any(parameters.get("brightness") is not None for _, parameters in draws):
        return None
    mode = first.instance.fill_mode
    return Remedy(
        what=f"{first.name} warps one image at a time, channel by channel",
        instead=INSTEAD,
        old=tuple(partial(_apply_keras, *each) for each in draws),
        new=tuple(partial(_apply_warp, *each, mode) for each in draws),
        code=_code(site, image, generator, mode),
        node=site.node,
        helpers=(warped,),
        notes=("Compared with the same draws from ImageDataGenerator.get_random_transform.",),
    )


def _affine(site: Site) -> Remedy | None:
    """Replace a direct call of `apply_affine_transform`."""
    image = argument_source(site, 0, "x")
    if not image or not all(map(_is_plain_affine, site.calls)):
        return None
    modes = {_fill_mode(call) for call in site.calls}
    given = {name: argument_source(site, at, name) for name, at in AFFINE.items()}
    values = ", ".join(f"{name!r}: {text}" for name, text in given.items() if text)
    if len(modes) > 1:
        return None
    mode = modes.pop()
    return Remedy(
        what="apply_affine_transform warps one image at a time, channel by channel",
        instead=INSTEAD,
        old=tuple(site.calls),
        new=tuple(
            partial(warped, call.input_value, _affine_values(call), mode) for call in site.calls
        ),
        code=_warped_source(image, f"{{{values}}}", mode),
        node=site.node,
        helpers=(warped,),
    )


def _affine_values(call: CapturedCall) -> dict[str, Any]:
    given = {name: argument(call, at, name) for name, at in AFFINE.items()}
    return {name: value for name, value in given.items() if value is not None}


def _is_plain_affine(call: CapturedCall) -> bool:
    axes = all(argument(call, at, name, usual) == ok for name, (at, usual, ok) in AXES.items())
    plain = _fill_mode(call) in BORDERS and argument(call, 12, "order", 1) == 1
    return axes and plain and _is_image(argument(call, 0, "x"))


def _fill_mode(call: CapturedCall) -> Any:
    return argument(call, 10, "fill_mode", "nearest")


def _can_be_warped(call: CapturedCall) -> bool:
    keras = call.instance
    if keras.fill_mode not in BORDERS or keras.interpolation_order != 1 or keras.channel_axis != 3:
        return False
    return _is_image(argument(call, 0, "x"))


def _is_image(image: Any) -> bool:
    known = isinstance(image, np.ndarray) and image.ndim == 3 and image.shape[2] in (1, 3, 4)
    return known and image.dtype in (np.uint8, np.uint16, np.float32, np.float64)


def _parameters(call: CapturedCall) -> Any:
    if call.name == "apply_transform":
        return argument(call, 1, "transform_parameters")
    return call.instance.get_random_transform(argument(call, 0, "x").shape)


def _apply_keras(call: CapturedCall, parameters: Any) -> Any:
    image = argument(call, 0, "x")
    if call.name == "random_transform":
        call.instance.get_random_transform(image.shape)  # both ways are timed with their draw
    return call.instance.apply_transform(image, parameters)


def _apply_warp(call: CapturedCall, parameters: Any, fill_mode: str) -> Any:
    image = argument(call, 0, "x")
    if call.name == "random_transform":
        call.instance.get_random_transform(image.shape)
    return warped(image, parameters, fill_mode)


def _code(site: Site, image: str, generator: str, mode: str) -> str:
    parameters = argument_source(site, 1, "transform_parameters")
    if site.calls[0].name == "random_transform":
        seed = argument_source(site, 1, "seed")
        more = f", {seed}" if seed else ""
        simple = isinstance(ast.parse(image, mode="eval").body, ast.Name | ast.Subscript)
        shape = image if simple else "image"
        parameters = f"{generator}.get_random_transform({shape}.shape{more})"
        if not simple:
            image = f"image := {image}"
    return _warped_source(f"({image})" if ":=" in image else image, parameters, mode)


def _warped_source(image: str, parameters: str, mode: str) -> str:
    tail = "" if mode == "nearest" else f", {mode!r}"
    return f"warped({image}, {parameters}{tail})"
