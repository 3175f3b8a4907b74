"""Each kind of image file against Pillow, or against the pixels that were written."""

from __future__ import annotations

import struct
import zlib
from io import BytesIO

import numpy as np
import pytest
from PIL import Image, ImageOps

from workbench.pipeline.images.decode import decode
from workbench.pipeline.images.file_bytes import MAX_PIXELS, UnreadableFileError
from workbench.pipeline.images.headers import read_header
from workbench.pipeline.sources.folders import SUFFIXES, list_folder

SIZE = (16, 20)
EXACT = {"png": {}, "bmp": {}, "tiff": {"compression": "tiff_lzw"}, "webp": {"lossless": True}}
SAVED = {
    **EXACT,
    "jpg": {"quality": 90},
    "tif": {},
    "webp lossy": {"quality": 80},
    "tif deflate": {"compression": "tiff_deflate"},
}
TURNED = (2, 3, 4, 5, 6, 7, 8)


@pytest.fixture
def rgba(rng):
    return rng.integers(0, 256, (*SIZE, 4), np.uint8)


def in_mode(rgba, mode):
    """An image of this Pillow mode; palettes with one see-through colour."""
    if mode == "P":
        return Image.fromarray(rgba[..., :3]).quantize(64)
    if mode in ("L", "LA"):
        return Image.fromarray(rgba[..., 0] if mode == "L" else rgba[..., [0, 3]])
    if mode == "1":
        return Image.fromarray(rgba[..., 0]).convert("1")
    return Image.fromarray(rgba[..., : len(mode)])


def as_pillow(path, mode):
    with Image.open(path) as image:
        return np.asarray(ImageOps.exif_transpose(image).convert(mode))


def ours(path, size, channels, **options):
    pixels = decode(str(path), size, channels, 8, "area", **options)
    return pixels[..., 0] if channels == 1 else pixels


def saved(image, tmp_path, kind, **more):
    path = tmp_path / f"image.{kind.split()[0]}"
    try:
        image.save(path, **SAVED[kind], **more)
    except (OSError, KeyError) as error:
        pytest.skip(f"Pillow writes no {image.mode} as {kind}: {error}")
    return path


@pytest.mark.parametrize("kind", SAVED)
@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA", "LA", "P", "1"])
def test_every_kind_of_file_is_decoded_as_pillow_decodes_it(tmp_path, rgba, mode, kind):
    path = saved(in_mode(rgba, mode), tmp_path, kind)
    np.testing.assert_array_equal(ours(path, SIZE, 3), as_pillow(path, "RGB"))
    gray, expected = ours(path, SIZE, 1).astype(int), as_pillow(path, "L").astype(int)
    # Colour -> gray: libpng and libjpeg weigh the channels in their own arithmetic.
    allowed = {"png": 1, "jpg": 4}.get(kind, 1) if mode not in ("L", "LA", "1") else 0
    assert np.abs(gray - expected).max() <= allowed


@pytest.mark.parametrize("kind", ["png", "webp", "tiff"])
def test_transparency_is_dropped_and_not_blended(tmp_path, rgba, kind):
    rgba[..., 3] = 1  # all but invisible
    path = tmp_path / f"a.{kind}"
    exact = {"exact": True} if kind == "webp" else {}
    Image.fromarray(rgba).save(path, **EXACT[kind], **exact)
    np.testing.assert_array_equal(ours(path, SIZE, 3), rgba[..., :3])


def test_a_see_through_colour_of_a_palette_is_dropped_too(tmp_path, rgba):
    image = in_mode(rgba, "P")
    image.save(tmp_path / "a.png", transparency=3)
    expected = np.asarray(image.convert("RGB"))
    np.testing.assert_array_equal(ours(tmp_path / "a.png", SIZE, 3), expected)


@pytest.mark.parametrize("kind", ["png", "jpg", "tiff", "webp"])
@pytest.mark.parametrize("orientation", TURNED)
@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_every_exif_orientation_is_applied(tmp_path, rgba, kind, orientation, mode):
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = saved(in_mode(rgba, mode), tmp_path, kind, exif=exif)
    expected = as_pillow(path, "RGB")
    assert expected.shape[:2] == (SIZE if orientation < 5 else SIZE[::-1])
    np.testing.assert_array_equal(ours(path, expected.shape[:2], 3), expected)


def png_of_16_bits(pixels):
    """A PNG by the book: Pillow writes no 16 bits of colour."""
    height, width, channels = pixels.shape
    colour = {1: 0, 3: 2, 4: 6}[channels]
    raw = b"".join(b"\0" + row.astype(">u2").tobytes() for row in pixels)
    parts = [
        (b"IHDR", struct.pack(">IIBBBBB", width, height, 16, colour, 0, 0, 0)),
        (b"IDAT", zlib.compress(raw)),
        (b"IEND", b""),
    ]
    chunks = (
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in parts
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def tiff_of_16_bits(pixels):
    """A TIFF of one strip by the book."""
    height, width, channels = pixels.shape
    data = pixels.astype("<u2").tobytes()
    bits = struct.pack("<" + "H" * channels, *[16] * channels)
    photometric = 2 if channels > 1 else 1
    inline = struct.unpack("<I", bits.ljust(4, b"\0")[:4])[0]
    tags = [
        (256, 4, 1, width), (257, 4, 1, height),
        (258, 3, channels, inline if channels <= 2 else 8),
        (259, 3, 1, 1), (262, 3, 1, photometric), (273, 4, 1, 8 + len(bits)),
        (277, 3, 1, channels), (278, 4, 1, height), (279, 4, 1, len(data)),
        *([(338, 3, 1, 2)] if channels == 4 else []),
    ]  # fmt: skip
    directory = struct.pack("<H", len(tags)) + b"".join(struct.pack("<HHII", *t) for t in tags)
    start = 8 + len(bits) + len(data)
    return b"II*\0" + struct.pack("<I", start) + bits + data + directory + b"\0\0\0\0"


@pytest.mark.parametrize("written", [png_of_16_bits, tiff_of_16_bits])
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_16_bits_are_kept_in_gray_colour_and_with_transparency(tmp_path, rng, written, channels):
    pixels = rng.integers(0, 65536, (*SIZE, channels), np.uint16)
    path = tmp_path / "deep"
    path.write_bytes(written(pixels))
    colour = decode(str(path), SIZE, 3, 16, "area")
    expected = pixels[..., :3] if channels > 1 else np.repeat(pixels, 3, axis=2)
    np.testing.assert_array_equal(colour, expected)
    shallow = decode(str(path), SIZE, 3, 8, "area")
    np.testing.assert_array_equal(shallow, np.rint(expected / 257).astype(np.uint8))
    if channels == 1:
        np.testing.assert_array_equal(decode(str(path), SIZE, 1, 16, "area"), pixels)


@pytest.mark.parametrize("dtype", [np.float32, np.int32])
def test_pixels_of_32_bits_are_refused_and_not_cast(tmp_path, rng, dtype):
    Image.fromarray((300 * rng.random(SIZE)).astype(dtype)).save(tmp_path / "a.tif")
    with pytest.raises(
        UnreadableFileError, match=rf"a\.tif: expected 8 or 16 bits.*{dtype.__name__}"
    ):
        ours(tmp_path / "a.tif", SIZE, 1)


@pytest.mark.parametrize("kind", SAVED)
@pytest.mark.parametrize("share", [0.05, 0.5, 0.98])
def test_a_file_cut_short_is_refused_and_named(tmp_path, rng, kind, share):
    image = Image.fromarray(rng.integers(0, 256, (64, 64, 3), np.uint8))
    path = saved(image, tmp_path, kind)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(UnreadableFileError, match=path.name):
        ours(path, (64, 64), 3)


def tiff_with_a_flipped_byte(tmp_path, rng, compression, position):
    image = Image.fromarray(rng.integers(0, 200, (40, 50, 3), np.uint8))
    path = tmp_path / f"{position}.tif"
    image.save(path, compression=compression)
    data = bytearray(path.read_bytes())
    with Image.open(path) as saved:
        start, length = saved.tag_v2[273][0], saved.tag_v2[279][0]
    data[start + position * length // 10] ^= 0x55
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("position", range(10))
def test_damage_anywhere_in_a_deflated_tiff_is_found_by_its_checksum(tmp_path, rng, position):
    path = tiff_with_a_flipped_byte(tmp_path, rng, "tiff_adobe_deflate", position)
    for channels in (1, 3):
        with pytest.raises(UnreadableFileError, match=rf"{position}\.tif: damaged"):
            ours(path, (40, 50), channels)


def test_damage_that_libtiff_sees_in_an_lzw_tiff_is_no_picture(tmp_path, rng):
    found = 0
    for position in range(10):
        path = tiff_with_a_flipped_byte(tmp_path, rng, "tiff_lzw", position)
        try:
            as_pillow(path, "RGB")
        except OSError:
            found += 1
            with pytest.raises(UnreadableFileError, match="damaged"):
                ours(path, (40, 50), 3)
    assert found


def test_a_deflated_16_bit_tiff_is_verified_too(tmp_path, rng):
    path = tmp_path / "deep.tif"
    Image.fromarray(rng.integers(0, 65536, (40, 50), np.uint16)).save(
        path, compression="tiff_adobe_deflate"
    )
    assert decode(str(path), (40, 50), 1, 16, "area").shape == (40, 50, 1)
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0x55
    path.write_bytes(data)
    with pytest.raises(UnreadableFileError, match="damaged"):
        decode(str(path), (40, 50), 1, 16, "area")


def with_size(kind, width, height):
    """A small file whose header claims this size."""
    pixels = Image.fromarray(np.zeros((8, 8), np.uint8))
    file = BytesIO()
    pixels.save(file, {"jpg": "JPEG", "tif": "TIFF"}.get(kind, kind))
    data = bytearray(file.getvalue())
    if kind == "png":
        data[16:24] = struct.pack(">II", width, height)
        data[29:33] = struct.pack(">I", zlib.crc32(data[12:29]))
    elif kind == "jpg":
        frame = data.index(b"\xff\xc0")
        data[frame + 5 : frame + 9] = struct.pack(">HH", height, width)
    elif kind == "bmp":
        data[18:26] = struct.pack("<ii", width, height)
    else:
        for tag, value in ((256, width), (257, height)):
            at = data.index(struct.pack("<HH", tag, 4))
            data[at + 8 : at + 12] = struct.pack("<I", value)
    return bytes(data)


@pytest.mark.parametrize("kind", ["png", "jpg", "bmp", "tif"])
def test_training_and_scanning_have_one_limit_of_size(tmp_path, kind):
    path = tmp_path / f"large.{kind}"
    path.write_bytes(with_size(kind, 16_000, MAX_PIXELS // 16_000 + 1))
    for read in (read_header, lambda name: decode(name, (8, 8), 1, 8, "area")):
        with pytest.raises(UnreadableFileError, match=r"large.*: expected at most 179 megapixels"):
            read(str(path))


def test_all_kinds_are_listed(tmp_path):
    (tmp_path / "a").mkdir()
    names = [f"{n}{suffix}" for n, suffix in enumerate((*SUFFIXES, *map(str.upper, SUFFIXES)))]
    for name in [*names, "notes.txt", ".hidden.png"]:
        (tmp_path / "a" / name).touch()
    assert sorted(names) == [p.rsplit("/", 1)[1] for p in list_folder(tmp_path).paths]


# JPEGs at reduced scale


def photo(rng, height=805, width=1210):
    """Something with edges and texture, on which scaled decoding is not exact."""
    coarse = Image.fromarray(rng.integers(0, 256, (20, 30, 3), np.uint8))
    smooth = np.asarray(coarse.resize((width, height), Image.Resampling.BICUBIC), np.int16)
    noise = rng.normal(0, 12, (height, width, 1))
    return Image.fromarray(np.clip(smooth + noise, 0, 255).astype(np.uint8))


@pytest.fixture
def jpeg(tmp_path, rng):
    photo(rng).save(tmp_path / "photo.jpg", quality=92)
    return tmp_path / "photo.jpg"


def full_and_reduced(path, size, channels=3):
    return (ours(path, size, channels, reduced_jpeg=r).astype(int) for r in (False, True))


@pytest.mark.parametrize("divisor", [2, 4, 8])
def test_a_reduced_jpeg_is_what_pillow_drafts_at_that_scale(tmp_path, rng, divisor):
    # Whole blocks and full colour: at edges and in thinned colour the two differ, as in full size.
    photo(rng, 800, 1200).save(tmp_path / "a.jpg", quality=92, subsampling=0)
    with Image.open(tmp_path / "a.jpg") as image:
        image.draft("RGB", (1200 // divisor, 800 // divisor))
        expected = np.asarray(image.convert("RGB")).astype(int)
    got = ours(tmp_path / "a.jpg", (800 // divisor, 1200 // divisor), 3, reduced_jpeg=True)
    assert expected.shape == got.shape
    assert np.abs(got - expected).max() <= 1


@pytest.mark.parametrize(("size", "changes"), [((402, 605), True), ((403, 605), False)])
def test_jpegs_are_reduced_only_where_the_image_is_large_enough(jpeg, size, changes):
    full, reduced = full_and_reduced(jpeg, size)
    assert (full != reduced).any() == changes


@pytest.mark.parametrize("size", [(224, 224), (100, 150), (400, 600)])
def test_reduced_jpegs_differ_by_what_the_settings_say(jpeg, size):
    full, reduced = full_and_reduced(jpeg, size)
    difference = np.abs(full - reduced).mean()
    assert 1 < difference < 7


@pytest.mark.parametrize("orientation", [1, 6])
def test_a_photo_is_measured_as_it_is_turned(tmp_path, rng, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    photo(rng, 320, 1280).save(tmp_path / "wide.jpg", exif=exif)
    for size, reduces in (((160, 640), orientation == 1), ((640, 160), orientation == 6)):
        full, reduced = full_and_reduced(tmp_path / "wide.jpg", size)
        assert (full != reduced).any() == reduces


@pytest.mark.parametrize("kind", EXACT)
def test_only_jpegs_are_reduced(tmp_path, rng, kind):
    path = saved(photo(rng, 160, 160), tmp_path, kind)
    full, reduced = full_and_reduced(path, (20, 20))
    np.testing.assert_array_equal(full, reduced)
