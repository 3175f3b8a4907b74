from __future__ import annotations

import os
import pickle
from errno import EACCES
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

import workbench as wb
from tests.conftest import array_settings
from workbench.inputs import settings_of
from workbench.pipeline.images.decode import decode
from workbench.pipeline.images.file_bytes import UnreadableFileError
from workbench.pipeline.sources.arrays import ArraySource, open_npy
from workbench.pipeline.sources.folders import list_folder, probe
from workbench.pipeline.sources.open_source import open_source, reopen
from workbench.settings import FolderData, Settings


def folder_settings(folder, **data):
    data = {"color_mode": "grayscale", "image_size": (24, 24), **data}
    return Settings.for_data(FolderData(path=str(folder), **data))


def read_all(source):
    return source.read(np.arange(len(source)))


def test_labels_follow_the_sorted_subfolders_and_files(class_folder):
    listing = list_folder(class_folder)
    assert listing.class_names == ("clear", "nodule")
    assert listing.labels.tolist() == [0] * 6 + [1] * 4
    assert list(listing.paths) == sorted(listing.paths)


def test_named_classes_decide_the_labels(class_folder):
    listing = list_folder(class_folder, ["nodule"])
    assert listing.labels.tolist() == [0] * 4
    with pytest.raises(FileNotFoundError, match="no folder 'cat'"):
        list_folder(class_folder, ["cat"])


def test_files_are_decoded_as_pillow_decodes_them(class_folder):
    path = list_folder(class_folder).paths[0]
    with Image.open(path) as image:
        pixels = np.asarray(image)
    ours = decode(path, pixels.shape, 1, 8, "area")
    np.testing.assert_array_equal(ours[..., 0], pixels)


def test_colour_is_rgb_and_gray_files_can_be_read_as_colour(tmp_path):
    pixels = np.zeros((4, 5, 3), np.uint8)
    pixels[..., 0] = 200
    Image.fromarray(pixels).save(tmp_path / "red.png")
    Image.fromarray(pixels[..., 0]).save(tmp_path / "gray.png")
    assert decode(str(tmp_path / "red.png"), (4, 5), 3, 8, "area")[0, 0].tolist() == [200, 0, 0]
    gray = decode(str(tmp_path / "gray.png"), (4, 5), 3, 8, "area")
    assert gray[0, 0].tolist() == [200, 200, 200]


def test_16_bits_are_kept_or_scaled_and_8_bits_scaled_up(tmp_path):
    deep = np.array([[0, 257, 65535, 40000]], np.uint16)
    cv2.imwrite(str(tmp_path / "deep.png"), deep)
    cv2.imwrite(str(tmp_path / "flat.png"), np.array([[0, 1, 255, 156]], np.uint8))
    both = [str(tmp_path / name) for name in ("deep.png", "flat.png")]
    np.testing.assert_array_equal(decode(both[0], (1, 4), 1, 16, "area")[..., 0], deep)
    assert decode(both[0], (1, 4), 1, 8, "area").ravel().tolist() == [0, 1, 255, 156]
    assert decode(both[1], (1, 4), 1, 16, "area").ravel().tolist() == [0, 257, 65535, 156 * 257]
    assert probe(both[:1]) == (False, True)
    assert probe(both) == (False, False)


def test_exif_rotation_is_applied(tmp_path):
    pixels = np.zeros((8, 16, 3), np.uint8)
    pixels[:, :8] = 255
    image = Image.fromarray(pixels)
    exif = image.getexif()
    exif[0x0112] = 6  # to be turned by 90 degrees clockwise
    image.save(tmp_path / "turned.jpg", exif=exif, quality=95)
    for channels in (1, 3):
        turned = decode(str(tmp_path / "turned.jpg"), (16, 8), channels, 8, "area")
        assert turned[:6].min() > 200, "the left half must be on top"
        assert turned[10:].max() < 50


def test_nearest_takes_the_pixels_that_flow_from_directory_takes(tmp_path, rng):
    pixels = rng.integers(0, 256, (37, 53, 3), np.uint8)
    Image.fromarray(pixels).save(tmp_path / "a.png")
    with Image.open(tmp_path / "a.png") as image:
        expected = np.asarray(image.resize((20, 24), Image.Resampling.NEAREST))
    ours = decode(str(tmp_path / "a.png"), (24, 20), 3, 8, "nearest")
    np.testing.assert_array_equal(ours, expected)


@pytest.mark.parametrize("suffix", [".png", ".jpg"])
@pytest.mark.parametrize("damage", ["cut", "garbage", "empty", "missing"])
def test_an_undecodable_file_is_named_never_none_or_zeros(tmp_path, suffix, damage, rng):
    path = tmp_path / f"scan{suffix}"
    cv2.imwrite(str(path), rng.integers(0, 256, (64, 64), np.uint8))
    whole = path.read_bytes()
    if damage == "missing":
        path.unlink()
    else:
        path.write_bytes(
            {"cut": whole[: len(whole) // 2], "garbage": b"x" * 99, "empty": b""}[damage]
        )
    with pytest.raises(UnreadableFileError, match=path.name):
        decode(str(path), (8, 8), 1, 8, "area")


@pytest.mark.parametrize("suffix", [".png", ".jpg"])
def test_data_that_follows_an_image_is_no_damage(tmp_path, suffix, rng):
    path = tmp_path / f"scan{suffix}"
    Image.fromarray(rng.integers(0, 256, (40, 40), np.uint8)).save(path)
    alone = decode(str(path), (40, 40), 1, 8, "area")
    # Phones append a video; it may hold any bytes, also what looks like the start of a scan.
    path.write_bytes(path.read_bytes() + rng.bytes(100_000) + b"\xff\xda")
    np.testing.assert_array_equal(decode(str(path), (40, 40), 1, 8, "area"), alone)


def test_a_cut_photo_with_a_whole_thumbnail_is_damage(tmp_path, rng):
    from io import BytesIO

    thumbnail, path = BytesIO(), tmp_path / "photo.jpg"
    image = Image.fromarray(rng.integers(0, 256, (64, 64, 3), np.uint8))
    image.resize((16, 16)).save(thumbnail, "JPEG")
    image.save(path)
    whole = path.read_bytes()
    segment = b"Exif\0\0" + thumbnail.getvalue()
    length = (len(segment) + 2).to_bytes(2, "big")
    start = whole[:2] + b"\xff\xe1" + length + segment
    for rest in (whole[2:-200], b""):  # also where the file ends with the thumbnail's end marker
        path.write_bytes(start + rest)
        with pytest.raises(UnreadableFileError, match="truncated"):
            decode(str(path), (8, 8), 3, 8, "area")


NOT_FILES = {
    "a named pipe": os.mkfifo,
    "a device": lambda path: Path(path).symlink_to("/dev/zero"),
}


@pytest.mark.timeout(30)
@pytest.mark.parametrize("kind", NOT_FILES)
@pytest.mark.parametrize("name", ["data.npy", "labels.npy", "t.csv", "t.json", "a/x.png"])
def test_what_may_never_end_is_refused_and_not_read(tmp_path, class_folder, kind, name):
    (tmp_path / "a").mkdir()
    if name == "labels.npy":
        np.save(tmp_path / "data.npy", np.zeros((4, 5, 5)))
    NOT_FILES[kind](tmp_path / name)
    data = tmp_path / name if name.startswith("t.") else tmp_path
    with pytest.raises(ValueError, match=rf"{name}: expected .*Received: {kind}"):
        read_all(open_source(settings_of(data)[0]))


@pytest.mark.timeout(30)
def test_a_pipe_among_images_is_named_by_a_scan(class_folder):
    (class_folder / "clear" / "0.png").unlink()
    os.mkfifo(class_folder / "clear" / "0.png")
    assert list(wb.scan(class_folder).unreadable.values()) == [
        "expected an image file. Received: a named pipe"
    ]


def test_a_link_to_a_folder_above_it_lists_each_image_once(class_folder):
    (class_folder / "clear" / "again").symlink_to(class_folder / "clear")
    (class_folder / "nodule" / "up").symlink_to(class_folder)
    (class_folder / "nodule" / "up too").symlink_to(class_folder)
    found = wb.scan(class_folder)
    assert found.classes == {"clear": 6, "nodule": 4}
    assert set(found.repeated) == {
        str(class_folder / name) for name in ("clear/again", "nodule/up", "nodule/up too")
    }
    assert "links repeated" in str(found)
    assert len(open_source(settings_of(class_folder)[0])) == 10


def test_a_link_to_another_class_does_not_take_its_images(class_folder):
    (class_folder / "clear" / "nodules").symlink_to(class_folder / "nodule")
    assert wb.scan(class_folder).classes == {"clear": 6, "nodule": 4}


@pytest.fixture
def hidden(class_folder, monkeypatch):
    """A subfolder of a class that may not be listed."""
    folder = class_folder / "nodule" / "more"
    folder.mkdir()
    Image.fromarray(np.zeros((8, 8), np.uint8)).save(folder / "lost.png")
    scandir = os.scandir

    def denied(path="."):
        if str(path) == str(folder):
            raise PermissionError(EACCES, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", denied)  # the tests may run as root, who sees everything
    return folder


def test_a_folder_that_may_not_be_listed_is_named(hidden, class_folder):
    found = wb.scan(class_folder)
    assert found.files == 10
    assert found.unreadable == {str(hidden): "Permission denied"}
    with pytest.raises(UnreadableFileError, match=r"more: Permission denied.*missing"):
        settings_of(class_folder)
    skipping = folder_settings(class_folder, unreadable="skip")
    with pytest.warns(UserWarning, match="skipped: .*more: Permission denied"):
        assert len(open_source(skipping)) == 10


def test_a_class_whose_link_is_broken_is_named(class_folder):
    (class_folder / "gone").symlink_to(class_folder / "unmounted")
    with pytest.raises(UnreadableFileError, match="gone: No such file or directory"):
        settings_of(class_folder)
    assert len(open_source(folder_settings(class_folder, class_names=("clear", "nodule")))) == 10


@pytest.fixture(params=["folder", "pair"])
def mapped(request, tmp_path, rng):
    """A source of a mapped file, opened by us or by the user."""
    np.save(tmp_path / "data.npy", rng.integers(0, 256, (64, 64, 64), np.uint8))
    if request.param == "folder":
        return open_source(settings_of(tmp_path)[0])
    return open_source(*settings_of((np.load(tmp_path / "data.npy", mmap_mode="r"), None)))


def test_a_mapped_file_that_is_overwritten_is_noticed(mapped, tmp_path, rng):
    assert read_all(mapped)[0].shape == (64, 64, 64, 1)
    np.save(tmp_path / "data.npy", rng.integers(0, 256, (64, 64, 64), np.uint8))
    with pytest.raises(ValueError, match=r"data\.npy: changed while it was in use.*os\.replace"):
        read_all(mapped)


def test_a_mapped_file_that_is_cut_is_noticed_before_it_kills_the_process(mapped, tmp_path):
    times = (tmp_path / "data.npy").stat()
    os.truncate(tmp_path / "data.npy", 4096)
    os.utime(tmp_path / "data.npy", ns=(times.st_atime_ns, times.st_mtime_ns))
    with pytest.raises(ValueError, match=r"data\.npy: changed while it was in use"):
        mapped.mapped[0].check()
    os.rename(tmp_path / "data.npy", tmp_path / "elsewhere.npy")  # noqa: PTH104
    with pytest.raises(ValueError, match=r"data\.npy: changed while it was in use"):
        mapped.mapped[0].check()


def test_a_mapped_file_may_be_replaced_by_rename(mapped, tmp_path, rng):
    before = read_all(mapped)[0]
    np.save(tmp_path / "new.npy", rng.integers(0, 256, (9, 8, 8), np.uint8))
    os.replace(tmp_path / "new.npy", tmp_path / "data.npy")  # noqa: PTH105
    np.testing.assert_array_equal(read_all(mapped)[0], before)


def test_mapped_labels_are_watched_too(tmp_path, rng):
    np.save(tmp_path / "y.npy", np.arange(6))
    pair = rng.random((6, 5, 5)), np.load(tmp_path / "y.npy", mmap_mode="r")
    source = open_source(*settings_of(pair))
    assert len(read_all(pickle.loads(pickle.dumps(source)))[0]) == 6
    np.save(tmp_path / "y.npy", np.arange(6) + 1)
    with pytest.raises(ValueError, match=r"y\.npy: changed while it was in use"):
        read_all(source)


def test_a_spawned_worker_does_not_open_a_replaced_file(tmp_path, rng):
    np.save(tmp_path / "data.npy", rng.random((6, 5, 5)))
    sent = pickle.dumps(open_npy(tmp_path, "array"))
    assert len(pickle.loads(sent)) == 6
    np.save(tmp_path / "new.npy", rng.random((9, 5, 5)))
    os.replace(tmp_path / "new.npy", tmp_path / "data.npy")  # noqa: PTH105
    with pytest.raises(ValueError, match=r"data\.npy: changed"):
        pickle.loads(sent)


def npz(path):
    with path.open("wb") as file:
        np.savez(file, x=np.zeros((4, 5, 5)))


def damaged_header(path):
    np.save(path, np.zeros((4, 5, 5)))
    path.write_bytes(path.read_bytes().replace(b"'shape': (4", b"'shape': (("))


BROKEN = {
    "npz": (npz, "Received: an .npz archive of x"),
    "zip": (lambda path: path.write_bytes(b"PK\3\4" + bytes(50)), "expected a NumPy array"),
    "header": (damaged_header, "expected a NumPy array"),
    "empty": (Path.touch, "expected a NumPy array"),
    "folder": (Path.mkdir, "Received: a folder"),
}


@pytest.mark.parametrize(("write", "words"), BROKEN.values(), ids=BROKEN)
@pytest.mark.parametrize("method", ["memory_map", "array"])
def test_what_is_no_array_is_refused_with_its_name(tmp_path, write, words, method):
    write(tmp_path / "data.npy")
    with pytest.raises(ValueError, match=rf"data\.npy: .*{words}"):
        open_npy(tmp_path, method)


def test_binary_labels_need_two_classes(class_folder):
    (class_folder / "third").mkdir()
    with pytest.raises(
        ValueError, match=r"expected 2 class folders. Received: clear, nodule, third"
    ):
        open_source(folder_settings(class_folder, label_mode="binary"))


def test_loaded_arrays_are_not_loaded_again_for_other_settings(tmp_path, rng):
    np.save(tmp_path / "data.npy", rng.random((6, 5, 5)))
    for method in ("array", "memory_map"):
        settings = settings_of(tmp_path)[0].updated({"methods": {"read": method}})
        source = open_source(settings)
        assert isinstance(source.x, np.memmap) == (method == "memory_map")
        assert reopen(source, settings.updated({"batch": {"size": 2}})) is source


def test_unreadable_files_are_an_error_or_left_out_with_a_warning(class_folder):
    bad = class_folder / "clear" / "2.png"
    bad.write_bytes(b"no image")
    with pytest.raises(UnreadableFileError, match=r"clear.2\.png"):
        read_all(open_source(folder_settings(class_folder)))
    source = open_source(folder_settings(class_folder, unreadable="skip"))
    with pytest.warns(UserWarning, match=r"skipped: .*2\.png"):
        images, rows = read_all(source)
    assert rows.tolist() == [0, 1, 3, 4, 5, 6, 7, 8, 9]
    assert len(images) == 9


@pytest.mark.parametrize(
    ("mode", "dtype", "first"),
    [("int", np.int64, 0), ("binary", np.float32, [0.0]), ("categorical", np.float32, [1.0, 0.0])],
)
def test_label_modes_are_those_of_image_dataset_from_directory(class_folder, mode, dtype, first):
    labels = open_source(folder_settings(class_folder, label_mode=mode)).labels
    assert labels.dtype == dtype
    np.testing.assert_array_equal(labels[0], first)
    assert open_source(folder_settings(class_folder, label_mode="none")).labels is None


def test_a_mapped_file_is_not_read_into_memory_and_pickles_as_its_path(tmp_path, rng):
    x = rng.integers(0, 256, (2000, 32, 32, 1), np.uint8)
    np.save(tmp_path / "data.npy", x)
    np.save(tmp_path / "labels.npy", np.arange(2000))
    source = open_npy(tmp_path, "memory_map")
    assert isinstance(source.x, np.memmap)
    assert source.x.mode == "r"
    assert len(pickle.dumps(source)) < 1000
    images, _ = pickle.loads(pickle.dumps(source)).read(np.array([3, 1999]))
    np.testing.assert_array_equal(images, x[[3, 1999]])


def test_gray_images_without_a_channel_axis_get_one(rng):
    images, _ = ArraySource(rng.random((5, 4, 6)), None).read(np.array([1]))
    assert images.shape == (1, 4, 6, 1)


def test_another_image_size_does_not_list_the_folder_again(class_folder):
    source = open_source(folder_settings(class_folder))
    other = reopen(source, folder_settings(class_folder, image_size=(8, 8)))
    assert other.listing is source.listing
    assert reopen(source, folder_settings(class_folder)) is source, "or every slider reads anew"
    assert other.shape == (8, 8, 1)


Y = np.arange(4)


@pytest.mark.parametrize(
    ("x", "y", "words"),
    [
        (np.zeros((4, 8, 8, 1)), np.arange(3), ["equal lengths", "(4, 8, 8, 1)", "(3,)"]),
        (np.zeros((0, 8, 8, 1)), np.arange(0), ["expected samples", "(0, 8, 8, 1)"]),
        (np.zeros((4, 8)), Y, ["shape", "(4, 8)"]),
        (np.zeros((4, 3, 8, 8)), Y, ["(4, 3, 8, 8)", "channels first"]),
        (np.zeros((4, 8, 8, 5)), Y, ["1 to 4 channels", "(4, 8, 8, 5)"]),
        (np.array(["a", "b"]), Y, ["x: expected dtype", "str"]),
        (np.array([object()] * 4), Y, ["x: expected dtype", "object"]),
        (np.zeros((4, 8, 8), np.int64), Y, ["int64"]),
        (np.zeros((4, 8, 8)), np.array(list("abcd")), ["y: expected numbers", "'a'"]),
        ([[1, 2], [3]], Y, ["x: expected an array"]),
    ],
)
def test_arrays_that_are_no_images_are_refused_in_words(x, y, words):
    with pytest.raises(ValueError) as error:
        settings_of((x, y))
    for word in words:
        assert word in str(error.value)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_nan_is_an_error_that_names_the_sample(bad):
    x = np.zeros((6, 4, 4, 1), np.float32)
    x[4, 1, 2] = bad
    source = ArraySource(x, None)
    source.read(np.array([0, 1]))
    with pytest.raises(ValueError, match="Received: NaN or infinity in rows 4"):
        read_all(source)


def test_arrays_must_be_those_of_the_settings(rng):
    x = rng.random((5, 4, 4, 1)).astype(np.float32)
    settings = array_settings(x)
    with pytest.raises(ValueError, match=r"Pass x= and y="):
        open_source(settings)
    with pytest.raises(
        ValueError, match=r"expected float32 images.*Received: float32, \(8, 4, 1\)"
    ):
        open_source(settings, rng.random((5, 8, 4, 1)).astype(np.float32))


def test_folders_without_images_say_what_is_there(tmp_path, class_folder):
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(ValueError, match=r"No class folders.*0 loose images"):
        settings_of(empty)
    (empty / "a").mkdir()
    with pytest.raises(ValueError, match=r"No images in the subfolders.*Received: a"):
        settings_of(empty)
    with pytest.raises(ValueError, match=r"No class folders.*6 loose images"):
        settings_of(class_folder / "clear")
    with pytest.raises(FileNotFoundError, match="nowhere"):
        settings_of(tmp_path / "nowhere")


@pytest.mark.parametrize("data", [3, None, {"x": 1}, ("a", "b", "c")])
def test_other_things_are_refused_with_what_is_accepted(data):
    with pytest.raises(TypeError, match=r"a pair \(x, y\).*Received: "):
        settings_of(data)


def test_a_folder_is_recognised_for_what_it_holds(tmp_path, class_folder, rng):
    data = settings_of(class_folder)[0].data
    assert (data.color_mode, data.bit_depth, data.class_names) == (
        "grayscale",
        8,
        ("clear", "nodule"),
    )
    np.save(tmp_path / "data.npy", rng.random((4, 5, 5)))
    assert settings_of(tmp_path)[0].data.kind == "npy"
    (tmp_path / "data.npy").write_bytes(b"broken")
    with pytest.raises(ValueError, match=r"data\.npy: expected a NumPy array"):
        open_source(settings_of(tmp_path)[0])
