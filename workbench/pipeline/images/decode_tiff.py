"""Decode TIFF files with Pillow, which reports damage, and verify their checksums."""

from __future__ import annotations

import zlib
from io import BytesIO
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from workbench.pipeline.images.file_bytes import UnreadableFileError, check_size, too_large
from workbench.pipeline.images.headers import GRAY_MODES

# Tags of TIFF.
BITS_PER_SAMPLE, COMPRESSION, ROWS_PER_STRIP, PLANAR, PREDICTOR = 258, 259, 278, 284, 317
STRIPS, TILES = (273, 279), (324, 325)  # where they start, and their lengths in bytes
DEFLATE = (8, 32946)  # both numbers of this compression
DEFLATE_BLOCK = 2**24  # bytes to decompress at a time


def decode_tiff(path: str, data: bytes, channels: int) -> npt.NDArray[Any] | None:
    """Decode a TIFF of up to 8 bits; None for other files, of which only the size is checked.

    OpenCV does not report damage in such a file, and multiplies the colours by transparency.

    Raises:
        UnreadableFileError: If the file is damaged, or the image is too large.
    """
    from PIL import Image, ImageOps
    from PIL.TiffImagePlugin import TiffImageFile

    try:
        image = Image.open(BytesIO(data))
    except Image.DecompressionBombError as error:
        raise too_large(path, error) from None
    except Exception:
        return None  # OpenCV may be able to read it, or reports why not
    with image:
        check_size(path, *image.size)
        if not isinstance(image, TiffImageFile):
            return None
        deep = max(image.tag_v2.get(BITS_PER_SAMPLE, (1,))) > 8
        try:
            if image.tag_v2.get(COMPRESSION) in DEFLATE and (deep or not _is_intact(image, data)):
                _decompress(image.tag_v2, data)
            if not deep:
                ImageOps.exif_transpose(image, in_place=True)
                image.load()
        # Broken bytes make Pillow's readers raise exceptions of many types.
        except Exception as error:
            raise UnreadableFileError(f"{path}: damaged: {error}") from None
        gray = image.mode in GRAY_MODES
        if deep or not (gray or image.mode in ("P", "RGB", "RGBA")):
            return None
        mode = "L" if gray else "RGB"
        pixels = np.asarray(image if image.mode == mode else image.convert(mode))
    if gray == (channels == 1):
        return pixels
    return cv2.cvtColor(pixels, cv2.COLOR_GRAY2RGB if gray else cv2.COLOR_RGB2GRAY)


def _is_intact(image: Any, data: bytes) -> bool:
    """Whether the decoded pixels of a deflated TIFF have the checksums that end its strips.

    libtiff, and thus Pillow and OpenCV, ignore them. False also for layouts other than the usual.
    """
    tags, bands = image.tag_v2, len(image.getbands())
    if STRIPS[0] not in tags or tags.get(PLANAR, 1) != 1 or image.mode not in ("L", "RGB", "RGBA"):
        return False
    pixels = np.asarray(image).reshape(image.height, image.width * bands)
    if tags.get(PREDICTOR, 1) == 2:
        pixels = np.concatenate([pixels[:, :bands], pixels[:, bands:] - pixels[:, :-bands]], axis=1)
    rows = tags.get(ROWS_PER_STRIP, image.height)
    return all(
        zlib.adler32(pixels[index * rows : (index + 1) * rows].tobytes()).to_bytes(4, "big")
        == data[start + length - 4 : start + length]
        for index, (start, length) in enumerate(zip(*map(tags.get, STRIPS), strict=True))
    )


def _decompress(tags: Any, data: bytes) -> None:
    """Decompress a deflated TIFF, which verifies its checksums, and drop the result.

    Raises:
        zlib.error: If compressed data is damaged.
    """
    for start, length in zip(*map(tags.get, STRIPS if STRIPS[0] in tags else TILES), strict=True):
        stream, rest = zlib.decompressobj(), data[start : start + length]
        while not stream.eof:
            if not stream.decompress(rest, DEFLATE_BLOCK) and not stream.eof:
                raise zlib.error("incomplete compressed data")
            rest = stream.unconsumed_tail
