"""Decode an image file. The only decoder: every way of reading files uses it."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from workbench.pipeline.images.decode_tiff import decode_tiff
from workbench.pipeline.images.file_bytes import JPEG, PNG, UnreadableFileError, read_whole_file

INTERPOLATIONS = {
    "area": cv2.INTER_AREA,
    "linear": cv2.INTER_LINEAR,
    # The pixels that Keras's flow_from_directory picks; INTER_NEAREST rounds differently.
    "nearest": cv2.INTER_NEAREST_EXACT,
}
TIFF = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
ORIENTATION = 274  # the EXIF tag
TRANSPOSED = 5  # from this orientation on, height and width are swapped
# The bits of OpenCV's IMREAD_REDUCED_*_2, _4 and _8.
REDUCED = {1: 0, 2: 16, 4: 32, 8: 64}


def decode(
    path: str,
    size: tuple[int, int],
    channels: int,
    bit_depth: int,
    interpolation: str,
    reduced_jpeg: bool = False,
) -> npt.NDArray[np.uint8] | npt.NDArray[np.uint16]:
    """Decode an image, apply its EXIF orientation, and resize it.

    Transparency is dropped, not blended: transparent pixels show their stored colour, as with
    Pillow's `convert("RGB")`, which Keras calls.

    Args:
        path: PNG, JPEG, BMP, TIFF (first page) or WebP file; gray, colour, palette; 8 or 16 bits.
        size: Height and width of the result in pixels.
        channels: 1 (gray) or 3 (RGB).
        bit_depth: 8 or 16; images of the other depth are scaled to it.
        interpolation: A key of `INTERPOLATIONS`.
        reduced_jpeg: Whether to decode a JPEG at 1/2, 1/4 or 1/8 scale if that is still at least
            `size`. Changes pixels, see the help of the setting.

    Returns:
        Array of shape (height, width, channels), uint8 or uint16.

    Raises:
        UnreadableFileError: If the file is missing, damaged, too large or not an image, or if its
            pixels have neither 8 nor 16 bits.
    """
    data = read_whole_file(path)
    scale = _jpeg_reduction(data, size) if reduced_jpeg else 1
    image = _to_depth(_pixels(path, data, channels, scale), bit_depth)
    height, width = size
    if image.shape[:2] != size:
        image = cv2.resize(image, (width, height), interpolation=INTERPOLATIONS[interpolation])
    return image.reshape(height, width, channels)


def _pixels(path: str, data: bytes, channels: int, scale: int) -> npt.NDArray[Any]:
    image: npt.NDArray[Any] | None = None
    if not data.startswith((JPEG, PNG)):
        image = decode_tiff(path, data, channels)
    if image is not None:
        return image
    # Asked for RGB, OpenCV 5.0 returns uninitialized memory for a 16-bit TIFF.
    blue_first = data.startswith(TIFF) and channels == 3
    colour = cv2.IMREAD_COLOR_BGR if blue_first else cv2.IMREAD_COLOR_RGB
    flags = cv2.IMREAD_ANYDEPTH | (colour if channels == 3 else cv2.IMREAD_GRAYSCALE)
    try:
        image = cv2.imdecode(np.frombuffer(data, np.uint8), flags | REDUCED[scale])
    except cv2.error as error:  # for example more pixels than OpenCV accepts
        raise UnreadableFileError(f"{path}: cannot be decoded: {error}") from None
    if image is None:
        raise UnreadableFileError(f"{path}: cannot be decoded as an image")
    if image.dtype not in (np.uint8, np.uint16):
        raise UnreadableFileError(f"{path}: expected 8 or 16 bits. Received: {image.dtype} pixels")
    return cv2.cvtColor(image, cv2.COLOR_BGR2RGB) if blue_first else image


def _jpeg_reduction(data: bytes, size: tuple[int, int]) -> int:
    """The greatest divisor at which a JPEG, once turned, is still as large as `size`."""
    from PIL import Image

    if not data.startswith(JPEG):
        return 1
    try:
        with Image.open(BytesIO(data)) as image:
            width, height = image.size
            turned = image.getexif().get(ORIENTATION, 1) >= TRANSPOSED
    except (OSError, ValueError, Image.DecompressionBombError):
        return 1  # the decoder reports what is wrong
    ratio = min(np.floor_divide((width, height) if turned else (height, width), size))
    return max(divisor for divisor in REDUCED if divisor <= max(1, ratio))


def _to_depth(image: npt.NDArray[Any], bit_depth: int) -> npt.NDArray[Any]:
    if image.dtype == np.uint8 and bit_depth == 16:
        return image.astype(np.uint16) * np.uint16(257)
    if image.dtype == np.uint16 and bit_depth == 8:
        return cv2.convertScaleAbs(image, alpha=1 / 257)
    return image
