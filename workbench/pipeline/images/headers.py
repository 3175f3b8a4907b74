"""Read the header of an image file, without decoding it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from workbench.pipeline.images.file_bytes import (
    UnreadableFileError,
    check_regular,
    check_size,
    too_large,
)

ORIENTATION = 274  # the EXIF tag
SAMPLE_BITS = 258  # the TIFF tag
# What Pillow and Keras do with `Header.deep_gray`.
CLIPS = (
    'Pillow\'s convert("L") and convert("RGB"), and Keras\'s color_mode="rgb", clip 16-bit gray to '
    "white above 255"
)
GRAY_MODES = ("1", "L", "LA", "La")


@dataclass(frozen=True)
class Header:
    """What the header of an image file says.

    Attributes:
        format: Pillow's name of the format, such as "PNG".
        mode: Pillow's name of the colour mode, such as "RGB" or "P"; "L" for gray of any depth.
        bits: Bits per channel.
        size: Height and width in pixels, as stored.
        turned: Whether the EXIF orientation turns or mirrors the image.
    """

    format: str
    mode: str
    bits: int
    size: tuple[int, int]
    turned: bool

    @property
    def coloured(self) -> bool:
        """Whether the image may have colours; one with a palette may."""
        return self.mode not in GRAY_MODES

    @property
    def deep_gray(self) -> bool:
        """Whether this is 16-bit gray, which Pillow clips where it converts it; see `CLIPS`."""
        return self.bits == 16 and self.mode == "L"


def read_header(path: str) -> Header:
    """Read the header of one image file.

    Raises:
        UnreadableFileError: If the file is missing, has no readable header or more pixels than
            training reads.
    """
    from PIL import Image

    check_regular(path)
    try:
        with Image.open(path) as image:
            check_size(path, *image.size)
            mode = "L" if image.mode[0] in "IF" else image.mode
            size = image.height, image.width
            return Header(image.format or "?", mode, _bits(image), size, _orientation(image) != 1)
    except FileNotFoundError:
        raise UnreadableFileError(f"{path}: No such file or directory") from None
    except Image.DecompressionBombError as error:
        raise too_large(path, error) from None
    except UnreadableFileError:
        raise
    # Broken bytes make Pillow's readers raise exceptions of many types.
    except Exception as error:
        why = str(error).replace(f" {path!r}", "")  # Pillow names the file, as we do
        raise UnreadableFileError(f"{path}: {type(error).__name__}: {why}") from None


def _bits(image: Any) -> int:
    """Bits per channel, from the file's own fields: Pillow opens 16-bit colour as 8-bit."""
    if image.mode == "1":
        return 1
    if image.format == "TIFF":
        return int(max(image.tag_v2.get(SAMPLE_BITS, (1,))))
    if image.format == "PNG":
        return 16 if image.tile and "16" in str(image.tile[0].args) else 8
    return 32 if image.mode in ("I", "F") else 8


def _orientation(image: Any) -> int:
    # Pillow decodes a whole PNG to look for EXIF that its header does not have.
    if image.format == "PNG" and "exif" not in image.info:
        return 1
    return int(image.getexif().get(ORIENTATION, 1))
