"""Image files decoded by Pillow, or a library built on it: decode them with OpenCV."""

from __future__ import annotations

import ast
from functools import partial
from os import PathLike
from typing import Any

import cv2
import numpy as np

from workbench.advice.capture import Site
from workbench.advice.captured_call import CapturedCall, LazyPicture, is_picture
from workbench.advice.remedy import (
    Remedy,
    argument,
    argument_source,
    compile_template,
    enclosing_site,
    input_node,
)
from workbench.pipeline.images.file_bytes import UnreadableFileError
from workbench.pipeline.images.headers import CLIPS, read_header

# Functions that decode at once: package, name, and their name for the file.
EAGER = {
    ("keras", "load_img"): "path",
    ("imageio", "imread"): "uri",
    ("skimage", "imread"): "fname",
    ("matplotlib", "imread"): "fname",
}
# Calls that decode a picture that Pillow has opened, and that may follow in the same expression.
STEPS = {("PIL", "convert"), ("numpy", "array"), ("numpy", "asarray"), ("keras", "img_to_array")}
EXIF = "Neither way applies the EXIF orientation."


def decoded(path: Any, flags: Any) -> Any:
    """Decode an image file. The EXIF orientation is ignored."""
    image = cv2.imread(str(path), flags | cv2.IMREAD_IGNORE_ORIENTATION)
    if image is None:
        raise OSError(f"cannot decode {path}")
    return image


def decoded_bytes(data: Any, flags: Any) -> Any:
    """Decode an image file held in memory. The EXIF orientation is ignored."""
    buffer = np.frombuffer(data, np.uint8)
    image = cv2.imdecode(buffer, flags | cv2.IMREAD_IGNORE_ORIENTATION)
    if image is None:
        raise OSError(f"cannot decode {len(buffer)} bytes")
    return image


def match(site: Site, sites: list[Site]) -> Remedy | None:
    """Match a call of a decoder, or the first use of a picture that Pillow has opened."""
    path, data = path_expression(site, sites), bytes_expression(site, sites)
    if not (path or data) or not all(map(_is_whole, site.calls)):
        return None
    helper, what = (decoded, "file") if path else (decoded_bytes, "image")
    chain = chain_from(site, sites)
    olds = tuple(partial(run_chain, calls) for calls in calls_of(chain))
    template = _template(site.calls[0], olds[0](), helper.__name__)
    if not template:
        return None
    new = compile_template(template, (helper,))
    return Remedy(
        what=f"{site.calls[0].name} decodes one {what} at a time with Pillow",
        instead="cv2.imread" if path else "cv2.imdecode",
        old=olds,
        new=tuple(partial(new, path_of(call) or bytes_of(call)) for call in site.calls),
        code=template.format(path or data),
        node=chain[-1].node,
        helpers=(helper,),
        once="from PIL import Image" if "Image." in template else "",
        notes=(EXIF, *_clipping(site)),
    )


def _clipping(site: Site) -> list[str]:
    """A note on images that the present code clips and the replacement scales."""
    count = sum(map(_is_clipped, site.calls))
    return [f"{count} of {len(site.calls)} images here: {CLIPS}; cv2 scales it."] if count else []


def _is_clipped(call: CapturedCall) -> bool:
    if isinstance(call.input_value, LazyPicture):
        to = argument(call, 0, "mode") if call.name == "convert" else None
        return call.input_value.mode.startswith("I;16") and to in ("L", "RGB", "RGBA")
    if call.name != "load_img" or argument(call, 1, "color_mode", "rgb") == "grayscale":
        return False
    try:
        return read_header(str(path_of(call))).deep_gray
    except UnreadableFileError:
        return False


def path_of(call: CapturedCall) -> Any:
    """Path of the file that a call decodes; None if it is not known to decode one."""
    if isinstance(call.input_value, LazyPicture):
        source = call.input_value.source
        return source if isinstance(source, str) and _decodes(call) else None
    name = EAGER.get((call.package, call.name))
    path = argument(call, 0, name) if name else None
    return path if isinstance(path, str | PathLike) else None


def bytes_of(call: CapturedCall) -> bytes | None:
    """Contents of the file that a call decodes, if the file is held in memory."""
    source = call.input_value.source if isinstance(call.input_value, LazyPicture) else None
    return source if isinstance(source, bytes) and _decodes(call) else None


def _decodes(call: CapturedCall) -> bool:
    return (call.package, call.name) in STEPS


def path_expression(site: Site, sites: list[Site]) -> str:
    """Source of the path; empty if a call decodes no file."""
    if any(path_of(call) is None for call in site.calls):
        return ""
    first = site.calls[0]
    if not isinstance(first.input_value, LazyPicture):
        return argument_source(site, 0, EAGER[first.package, first.name])
    return _opened(site, sites) or _attribute(site, "filename")


def bytes_expression(site: Site, sites: list[Site]) -> str:
    """Source of the file's contents; empty if a call decodes no file held in memory."""
    if any(bytes_of(call) is None for call in site.calls):
        return ""
    opened = _opened(site, sites)
    if not opened:
        return _attribute(site, "fp.getvalue()")
    call = ast.parse(opened, mode="eval").body
    buffers = ("io.BytesIO", "BytesIO")
    if isinstance(call, ast.Call) and ast.unparse(call.func) in buffers and len(call.args) == 1:
        return ast.unparse(call.args[0])
    return f"{opened}.getvalue()" if isinstance(call, ast.Name | ast.Attribute) else ""


def _opened(site: Site, sites: list[Site]) -> str:
    """Source of the argument of `Image.open` in the same expression; empty if there is none."""
    opener = next((each for each in sites if enclosing_site(each, sites) is site), None)
    if opener is None or (opener.calls[0].package, opener.calls[0].name) != ("PIL", "open"):
        return ""
    return argument_source(opener, 0, "fp")


def _attribute(site: Site, name: str) -> str:
    """Source of an attribute of the picture; empty if the picture has no name."""
    what = input_node(site)
    return f"{ast.unparse(what)}.{name}" if isinstance(what, ast.Name | ast.Attribute) else ""


def chain_from(site: Site, sites: list[Site]) -> list[Site]:
    """The site and the enclosing ones that convert its result, innermost first."""
    chain = [site]
    while (outer := enclosing_site(chain[-1], sites)) is not None:
        if (outer.calls[0].package, outer.calls[0].name) not in STEPS:
            break
        chain.append(outer)
    return chain


def calls_of(chain: list[Site]) -> list[tuple[CapturedCall, ...]]:
    """The calls of a chain, grouped by image."""
    return list(zip(*(site.calls for site in chain), strict=True))


def run_chain(calls: tuple[CapturedCall, ...]) -> Any:
    """Decode an image and convert it as the user's code does."""
    value = calls[0]()
    for call in calls[1:]:
        value = call.with_input(value)()
    if is_picture(value):
        value.load()
    return value


def _is_whole(call: CapturedCall) -> bool:
    """Whether a call decodes the whole file and keeps its dtype."""
    if call.name == "load_img":
        return not argument(call, 4, "keep_aspect_ratio", False)
    known = {"convert": 1, "img_to_array": 1, "imread": 1, "array": 1, "asarray": 1}
    extra = len(call.arguments) + len(call.keywords)
    return extra <= known.get(call.name, 0)


def _template(call: CapturedCall, result: Any, decoder: str) -> str:
    """Source that gives the same kind of result with OpenCV; empty if there is none."""
    picture, values = is_picture(result), np.asarray(result)
    channels = values.shape[2] if values.ndim == 3 else 0
    deep = values.dtype == np.uint16
    flag = "COLOR_RGB" if channels == 3 else "UNCHANGED" if deep else "GRAYSCALE"
    text = _sized(call, f"{decoder}({{0}}, cv2.IMREAD_{flag})")
    if channels not in (0, 1, 3) or values.ndim not in (2, 3) or not text:
        return ""
    if picture:
        return f"Image.fromarray({text})" if values.dtype == np.uint8 else ""
    text += "[..., None]" if channels == 1 else ""
    if values.dtype == np.float32 and (values.max() > 1):
        return f"{text}.astype(np.float32)"
    return text if values.dtype in (np.uint8, np.uint16) else ""


def _sized(call: CapturedCall, text: str) -> str:
    """Add the resizing that `load_img` does."""
    size = argument(call, 2, "target_size") if call.name == "load_img" else None
    if size is None:
        return text
    nearest = argument(call, 3, "interpolation", "nearest") == "nearest"
    how = "NEAREST_EXACT" if nearest else "AREA"
    return f"cv2.resize({text}, {(size[1], size[0])}, interpolation=cv2.INTER_{how})"
