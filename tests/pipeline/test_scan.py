"""What a folder or table holds, told before anything runs."""

from __future__ import annotations

import json
import os

import numpy as np
import pytest
from PIL import Image

import workbench as wb
from tests.pipeline.test_decoding import png_of_16_bits, tiff_of_16_bits
from workbench.inputs import settings_of
from workbench.pipeline.images.file_bytes import UnreadableFileError
from workbench.pipeline.images.headers import read_header


def image(rng, height, width, channels=3):
    pixels = rng.integers(0, 256, (height, width, channels), np.uint8)
    return Image.fromarray(pixels[..., 0] if channels == 1 else pixels)


@pytest.fixture
def mixed(tmp_path, rng):
    """Ten files in two classes, of each sort that a scan tells apart."""
    root = tmp_path / "mixed"
    for name in ("clear", "nodule"):
        (root / name).mkdir(parents=True)
    turned = Image.Exif()
    turned[0x0112] = 6
    image(rng, 30, 40).save(root / "clear" / "turned.jpg", exif=turned)
    image(rng, 30, 40).save(root / "clear" / "straight.jpg")
    image(rng, 30, 40, 1).save(root / "clear" / "gray.png")
    image(rng, 10, 20).quantize(16).save(root / "clear" / "palette.png")
    image(rng, 10, 20, 4).save(root / "clear" / "clear.webp", lossless=True)
    image(rng, 50, 20).save(root / "nodule" / "a.bmp")
    image(rng, 50, 20, 1).convert("1").save(root / "nodule" / "a.tif")
    deep = rng.integers(0, 65536, (8, 9, 3), np.uint16)
    (root / "nodule" / "deep.png").write_bytes(png_of_16_bits(deep))
    (root / "nodule" / "deep.tiff").write_bytes(tiff_of_16_bits(deep[..., :1]))
    (root / "nodule" / "broken.png").write_bytes(b"no image")
    return root


def test_a_scan_tells_what_the_files_are(mixed):
    found = wb.scan(mixed)
    assert found.files == 10
    assert found.formats == {"PNG": 3, "JPEG": 2, "TIFF": 2, "WEBP": 1, "BMP": 1}
    assert found.modes == {"RGB": 4, "L": 2, "P": 1, "RGBA": 1, "1": 1}
    assert found.bits == {8: 6, 16: 2, 1: 1}
    assert (found.heights, found.widths) == ((8, 30, 50), (9, 20, 40))
    assert (found.sizes, found.turned) == (4, 1)
    assert found.classes == {"clear": 5, "nodule": 5}
    assert list(found.unreadable) == [str(mixed / "nodule" / "broken.png")]
    assert not found.decoded


def test_the_text_is_a_table_that_names_what_is_wrong(mixed):
    text = str(wb.scan(mixed))
    for words in ("files           10 (headers read)", "heights         8 … 30 … 50 pixels",
                  "turned by EXIF  1", "clear 5 (50%), nodule 5 (50%)", "unreadable      1",
                  "broken.png: UnidentifiedImageError"):  # fmt: skip
        assert words in text
    for number in range(8):
        (mixed / "clear" / f"bad{number}.png").touch()
    assert "  and 4 more" in str(wb.scan(mixed))


def test_files_that_are_not_read_are_counted(mixed):
    for name in ("phone.HEIC", "other.heic", "notes.txt", "readme", ".DS_Store"):
        (mixed / "clear" / name).touch()
    (mixed / "loose.png").touch()
    found = wb.scan(mixed)
    assert found.files == 10
    assert found.ignored == {
        ".heic": 2, ".txt": 1, "no extension": 1, ".png outside class folders": 1,
    }  # fmt: skip
    assert "not read        .heic 2, " in str(found)


def test_a_folder_of_nothing_else_says_what_is_there(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "phone.heic").touch()
    with pytest.raises(ValueError, match=r"No images.*Received: a \(1 \.heic\)"):
        wb.scan(tmp_path)


def test_16_bit_gray_is_said_to_be_clipped_by_others(mixed):
    assert wb.scan(mixed).deep_gray == 1
    assert 'convert("RGB"), and Keras' in wb.scan(mixed).table()["16-bit gray"]
    (mixed / "nodule" / "deep.tiff").unlink()
    assert "16-bit gray" not in wb.scan(mixed).table()


def test_the_html_of_a_scan_keeps_its_lines(mixed):
    (mixed / "clear" / "\x1b[31m.png").touch()
    page = wb.scan(mixed)._repr_html_()
    assert "\nformats " in page
    assert "␊" not in page
    assert "\x1b" not in page + str(wb.scan(mixed))


def test_a_scan_is_plain_data(mixed):
    found = wb.scan(mixed)
    values = json.loads(json.dumps(found.to_dict()))
    assert values["heights"] == [8, 30, 50]
    assert values["unreadable"] == found.unreadable


def test_a_file_broken_behind_its_header_is_found_by_decoding(mixed):
    cut = mixed / "clear" / "straight.jpg"
    cut.write_bytes(cut.read_bytes()[:-100])
    assert str(cut) not in wb.scan(mixed).unreadable
    found = wb.scan(mixed, decode=True)
    assert found.unreadable[str(cut)].startswith("truncated after")
    assert len(found.unreadable) == 2
    assert found.decoded


def write_table(mixed, rows):
    table = mixed.parent / "table.csv"
    table.write_text("\n".join(["file,edema,mass", *rows]))
    return table


def test_a_table_is_scanned_with_its_labels_and_missing_files(mixed):
    files = ["clear/gray.png,0,1", "clear/turned.jpg,1,1", "clear/none.png,0,0"]
    found = wb.scan(write_table(mixed, [f"mixed/{file}" for file in files]))
    assert found.files == 3
    assert found.classes == {"edema": 1, "mass": 2}
    assert list(found.unreadable.values()) == ["No such file or directory"]
    assert found.modes == {"RGB": 1, "L": 1}


def test_settings_are_scanned_as_they_say(mixed):
    settings = settings_of(mixed)[0].updated({"data": {"class_names": ["nodule"]}})
    assert wb.scan(settings).classes == {"nodule": 5}


def test_what_is_no_image_files_is_refused(tmp_path, rng):
    np.save(tmp_path / "data.npy", rng.random((3, 4, 4)))
    with pytest.raises(
        TypeError, match=r"expected a folder or table of images\. Received: kind 'npy'"
    ):
        wb.scan(tmp_path)
    with pytest.raises(FileNotFoundError, match="nowhere"):
        wb.scan(tmp_path / "nowhere")
    with pytest.raises(ValueError, match="No class folders"):
        (tmp_path / "empty").mkdir()
        wb.scan(tmp_path / "empty")


def test_a_folder_of_unreadable_files_is_told_and_no_error(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "1.png").write_bytes(b"x")
    found = wb.scan(tmp_path)
    assert (found.sizes, found.heights, len(found.unreadable)) == (0, (0, 0, 0), 1)
    assert "formats         none" in str(found)


@pytest.mark.parametrize(
    "broken", [b"", b"\x89PNG\r\n\x1a\n", b"II*\0\x08\0\0\0", b"BM" + b"\xff" * 60]
)
def test_any_broken_header_is_an_unreadable_file_with_its_name(tmp_path, broken):
    (tmp_path / "a.png").write_bytes(broken)
    with pytest.raises(UnreadableFileError, match=r"a\.png: "):
        read_header(str(tmp_path / "a.png"))


def test_a_reason_does_not_name_the_file_again(tmp_path):
    (tmp_path / "a.png").write_bytes(b"no image")
    with pytest.raises(UnreadableFileError) as caught:
        read_header(str(tmp_path / "a.png"))
    assert str(caught.value).count("a.png") == 1
    assert str(caught.value).endswith("UnidentifiedImageError: cannot identify image file")


def test_names_that_are_no_utf8_can_be_printed_and_are_refused_as_classes(tmp_path, rng):
    folder = tmp_path / os.fsdecode(b"caf\xe9")
    try:
        folder.mkdir()
    except OSError:
        pytest.skip("this file system has UTF-8 names only")
    image(rng, 8, 8).save(folder / "1.png")
    (folder / "2.png").touch()
    assert r"caf\udce9 2 (100%)" in str(wb.scan(tmp_path)).encode().decode()
    with pytest.raises(ValueError, match=r"class_names: 'caf\\udce9' is not valid UTF-8"):
        settings_of(tmp_path)
