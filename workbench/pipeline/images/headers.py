"""What the header of one image file says, without decoding it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from workbench.pipeline.images.file_bytes import UnreadableFileError

ORIENTATION = 274  # the EXIF tag
SAMPLE_BITS = 258  # the TIFF tag
COLOURLESS = ("1", "L", "LA", "La")


@dataclass(frozen=True)
class Header:
    """An image file by its header.

    Attributes:
        format: As Pillow names it, such as "PNG".
        mode: Colours as Pillow names them, such as "RGB" or "P"; "L" for gray of any depth.
        bits: Per channel.
        size: Height and width in pixels, as stored.
        turned: Whether its EXIF orientation turns or mirrors it.
    """

    format: str
    mode: str
    bits: int
    size: tuple[int, int]
    turned: bool

    @property
    def coloured(self) -> bool:
        """Whether it may hold colours; a palette may."""
        return self.mode not in COLOURLESS


def read_header(path: str) -> Header:
    """Read the header of one image file.

    Raises:
        UnreadableFileError: If there is none that can be read.
    """
    from PIL import Image

    try:
        with Image.open(path) as image:
            mode = "L" if image.mode[0] in "IF" else image.mode
            size = image.height, image.width
            return Header(image.format or "?", mode, _bits(image), size, _orientation(image) != 1)
    except FileNotFoundError:
        raise UnreadableFileError(f"{path}: No such file or directory") from None
    # Pillow's readers let through what the broken bytes of each format make them stumble over.
    except Exception as error:
        why = str(error).replace(f" {path!r}", "")  # Pillow names the file, as we do
        raise UnreadableFileError(f"{path}: {type(error).__name__}: {why}") from None


def _bits(image: Any) -> int:
    """Bits per channel. Pillow opens 16-bit colour as if it had 8: the file's own fields tell."""
    if image.mode == "1":
        return 1
    if image.format == "TIFF":
        return int(max(image.tag_v2.get(SAMPLE_BITS, (1,))))
    if image.format == "PNG":
        return 16 if image.tile and "16" in str(image.tile[0].args) else 8
    return 32 if image.mode in ("I", "F") else 8


def _orientation(image: Any) -> int:
    # Asked for EXIF that its header does not have, Pillow decodes a PNG to its end.
    if image.format == "PNG" and "exif" not in image.info:
        return 1
    return int(image.getexif().get(ORIENTATION, 1))
