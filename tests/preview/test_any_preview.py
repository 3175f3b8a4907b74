"""Batches of any structure: what is found in them, drawn of them and told about them."""

from __future__ import annotations

import gc
import weakref

import cv2
import numpy as np
import pytest

from tests.loaders.loaders_zoo import LOADERS
from workbench.loaders.adapt import adapt
from workbench.preview import contrast, tiles
from workbench.preview.check_batches import BatchChecker, check_batches
from workbench.preview.check_class_weight import LabelCounts, check_class_weight
from workbench.preview.choose_leaf import choose_leaf, list_choices
from workbench.preview.draw_batch import draw_batch
from workbench.preview.draw_images import draw_images
from workbench.preview.draw_masks import COLOURS, draw_masks
from workbench.preview.draw_plots import draw_sequences, draw_vectors
from workbench.preview.label_names import class_names_of
from workbench.preview.leaves import find_leaves

RAMP = np.arange(20 * 30, dtype=np.float32).reshape(20, 30)
LABELS = np.array([0, 1, 1, 0])


def batch_of(*shape, dtype=np.float32):
    return np.random.default_rng(5).normal(0, 40, shape).astype(dtype)


def roles(batch):
    return {leaf.path: (leaf.role, leaf.axes) for leaf in find_leaves(batch)}


def decoded(preview):
    return cv2.imdecode(np.frombuffer(preview.jpeg, np.uint8), cv2.IMREAD_COLOR)[..., ::-1]


def cell_of(preview, number):
    """A tile of the encoded grid."""
    data = preview.data
    row, column = divmod(number, data["columns"])
    top, left = row * data["height"], column * data["width"]
    cell = decoded(preview)[top : top + data["height"], left : left + data["width"]]
    return cell.astype(int)


def tiles_of(batch, path=None, names=(), rows=(0, 1, 2, 3)):
    """The tiles before they are encoded."""
    leaf = choose_leaf(find_leaves(batch), path).leaf
    return draw_masks(leaf, rows, names) if leaf.role == "mask" else draw_images(leaf, rows)


# What is found


@pytest.mark.parametrize(
    ("array", "role", "axes"),
    [
        (batch_of(4, 32, 32, 3), "image", "NHWC"),
        (batch_of(4, 32, 32, 1), "image", "NHWC"),
        (batch_of(4, 3, 32, 32), "image", "NCHW"),
        (batch_of(4, 1, 64, 48), "image", "NCHW"),
        (batch_of(4, 4, 64, 4), "image", "NHWC"),
        (batch_of(4, 28, 28), "image", "NHW"),
        (batch_of(4, 28, 28, dtype=np.uint8), "image", "NHW"),
        (batch_of(4, 100, 6), "sequence", "NTF"),
        (batch_of(4, 400, 40), "sequence", "NTF"),
        (batch_of(4, 16, 64, 48), "volume", "NDHW"),
        (batch_of(4, 16, 64, 64), "volume", "NDHW"),
        (batch_of(4, 64, 64, 16), "volume", "NHWD"),
        (batch_of(4, 24, 24, 24), "volume", "NDHW"),
        (batch_of(4, 8, 32, 32, 1), "volume", "NDHWC"),
        (batch_of(4, 1, 8, 32, 32), "volume", "NCDHW"),
        (batch_of(4, 64), "vector", "NF"),
        (batch_of(32, 128, 3, dtype=np.uint8), "image", "HWC"),
        (batch_of(2, 3, 4, 5, 6, 7), "other", ""),
        (np.zeros((0, 32, 32, 3)), "other", ""),
    ],
    ids=lambda value: str(value.shape) if hasattr(value, "shape") else str(value),
)
def test_the_role_and_axes_of_inputs_are_told_from_shape_and_values(array, role, axes):
    assert roles(array) == {"batch": (role, axes)}


@pytest.mark.parametrize(
    ("target", "role"),
    [
        (LABELS, "label"),
        (LABELS[:, None].astype(np.float32), "label"),
        (LABELS == 1, "label"),
        (LABELS * 1.5, "value"),
        (np.eye(3)[LABELS], "one-hot"),
        (np.array([[1, 1, 0], [0, 0, 0], [0, 0, 1], [1, 0, 0]]), "multi-hot"),
        (np.array([[0.7, 0.3], [0, 1], [0.5, 0.5], [1, 0]], np.float32), "probabilities"),
        (batch_of(4, 5), "vector"),
        (["a", "b", "c", "d"], "text"),
        (np.array(["a", "b", "c", "d"], object), "text"),
        (list(LABELS), "label"),
        (None, "other"),
        ({1, 2}, "other"),
    ],
    ids=str,
)
def test_the_role_of_targets_is_told_from_their_values(target, role):
    found = find_leaves((batch_of(4, 32, 32, 3), target))
    assert found[1].role == role
    assert found[0].role == "image"


@pytest.mark.parametrize(
    "mask",
    [
        (RAMP > 200)[None].repeat(4, 0),
        np.int32(RAMP // 200)[None].repeat(4, 0)[..., None],
        np.float32(RAMP // 200)[None].repeat(4, 0),
        np.eye(3, dtype=np.float32)[np.int32(RAMP // 200)][None].repeat(4, 0),
        np.uint8(RAMP > 9)[None].repeat(4, 0) * 255,
    ],
    ids=["bool", "int", "float", "one-hot", "0 and 255"],
)
def test_masks_are_known_by_the_size_of_their_image_and_their_few_values(mask):
    assert roles((batch_of(4, 20, 30, 3), mask))["batch[1]"][0] == "mask"
    assert roles({"image": batch_of(4, 20, 30), "mask": mask})["batch['mask']"][0] == "mask"


def test_pictures_among_the_targets_are_no_masks():
    gray = np.random.default_rng(1).integers(0, 256, (4, 64, 64, 1), np.uint8)
    assert roles((gray, gray))["batch[1]"][0] == "image"
    assert roles((gray / 255, gray / 255))["batch[1]"][0] == "image"
    assert roles((gray, gray[:, :32] // 200))["batch[1]"][0] == "image", "of another size"


def test_leaves_of_nested_structures_are_found_with_their_paths():
    batch = (
        {"image": batch_of(4, 32, 32, 3), "age": np.array([3.5, 4, 5, 6])},
        {"cls": LABELS, "box": [batch_of(4, 10), batch_of(4, 2)]},
        {"cls": np.ones(4)},
    )
    assert roles(batch) == {
        "batch[0]['image']": ("image", "NHWC"),
        "batch[0]['age']": ("value", ""),
        "batch[1]['cls']": ("label", ""),
        "batch[1]['box'][0]": ("vector", "NF"),
        "batch[1]['box'][1]": ("vector", "NF"),
        "batch[2]['cls']": ("weights", ""),
    }


def test_lists_of_images_are_samples_also_where_these_differ_in_size():
    same = [batch_of(32, 40, 3) for _ in range(3)]
    ragged = [batch_of(32, 40 + n, 3) for n in range(3)]
    as_objects = np.empty(3, object)
    as_objects[:] = ragged
    for x in (same, ragged, as_objects):
        leaf = find_leaves((x, [0, 1, 0]))[0]
        assert (leaf.role, leaf.axes, len(leaf)) == ("image", "NHWC", 3)
        assert len(draw_batch((x, [0, 1, 0])).data["captions"]) == 3


def test_a_list_of_inputs_or_targets_is_told_from_a_list_of_samples():
    shapes = [(4, 32, 32, 3), (4, 7), (4, 100, 6), (4, 8, 8, 3, 7), (4,)]
    several = [batch_of(*shape) for shape in shapes]
    images = [batch_of(32, 40, 3) for _ in range(4)]
    count = lambda batch: [len(find_leaves((batch, y))) for y in (LABELS, [LABELS[:, None]] * 6)]  # noqa: E731
    assert count(several) == [6, 11]
    assert count([batch_of(4, 7)] * 6) == [7, 12], "of one shape"
    assert count(images) == [2, 2 + 5]
    assert len(find_leaves(several)) == 5
    assert roles(([batch_of(4, 100, 3)] * 2, LABELS))["batch[0][1]"] == ("sequence", "NTF")
    boxes = [batch_of(n, 5) for n in (3, 1, 2, 9)]
    assert len(find_leaves((batch_of(4, 32, 32, 3), boxes))) == 2
    assert draw_batch((several, LABELS)).data["leaf"] == "batch[0][0]"


def test_one_sample_without_an_axis_of_samples_is_drawn():
    assert roles((batch_of(64, 48, 3), 5))["batch[0]"] == ("image", "HWC")
    preview = draw_batch((np.float32(RAMP), np.float64(2)))
    assert (preview.data["width"], preview.data["height"], preview.data["rows"]) == (30, 20, 1)


def test_a_number_beside_a_batch_does_not_make_it_one_sample():
    found = roles({"x": batch_of(32, 128, 3), "y": np.zeros(32), "step": 5})
    assert found["batch['x']"] == ("sequence", "NTF")


def test_masks_of_large_volumes_are_told_from_few_pixels(monkeypatch):
    x, unique, sizes = np.zeros((2, 64, 128, 128), np.float32), np.unique, []
    monkeypatch.setattr(np, "unique", lambda a: sizes.append(a.size) or unique(a))
    assert roles((x, x.astype(np.uint8)))["batch[1]"] == ("mask", "NDHW")
    assert max(sizes) < 60_000, "of two million"


def test_tensors_of_tensorflow_are_leaves():
    tf = pytest.importorskip("tensorflow")
    batch = {"x": tf.constant(batch_of(4, 32, 32, 3)), "y": tf.constant(["a", "b", "c", "d"]),
             "r": tf.ragged.constant([[1.0, 2.0], [3.0], [], [4.0]])}  # fmt: skip
    assert [leaf.role for leaf in find_leaves(batch)] == ["image", "text", "vector"]
    assert draw_batch(batch).data["captions"][1]["label"] == "b"
    samples = list(tf.unstack(batch["x"]))
    assert roles((samples, LABELS))["batch[0]"] == ("image", "NHWC")


class Awkward:
    shape = (3,)

    def __array__(self, *_, **__):
        raise RuntimeError("no")


@pytest.mark.parametrize(
    "batch",
    [None, 3, "text", [], (), {}, object(), Awkward(), np.array([{}, 1], object), np.float64(3),
     np.zeros((4, 0, 8, 3)), (np.zeros(4, complex),), np.datetime64("2020-01-01"),
     ([], LABELS), {"a": {"b": None}}, (LABELS, LABELS)],
    ids=lambda value: repr(value).split(" at 0x")[0][:30],
)  # fmt: skip
def test_what_cannot_be_drawn_is_said(batch):
    preview = draw_batch(batch)
    assert preview.jpeg == b""
    assert preview.data["title"].startswith("Nothing in this batch can be drawn: ")
    assert "captions" not in preview.data
    for leaf in find_leaves(batch):
        assert leaf.path in preview.data["title"]
    assert check_batches([batch]).batches == 1


@pytest.mark.parametrize("name", LOADERS)
def test_batches_of_loaders_of_all_shapes_are_drawn(name):
    batch = adapt(LOADERS[name]())[0]
    preview = draw_batch(batch)
    assert len(preview.data["captions"]) in (2, 4)
    assert decoded(preview).shape[:2] == (
        preview.data["height"],
        len(preview.data["captions"]) * preview.data["width"],
    )


# Pixels


def test_channels_first_and_last_give_the_same_tiles():
    x = batch_of(4, 40, 50, 3)
    last, first = tiles_of((x, LABELS)), tiles_of((x.transpose(0, 3, 1, 2), LABELS))
    for one, other in zip(last.tiles, first.tiles, strict=True):
        np.testing.assert_array_equal(one, other)
    low, high = x.min(), x.max()
    expected = np.rint((x[2] - low) * (255 / (high - low)))
    np.testing.assert_allclose(last.tiles[2], expected, atol=1)


@pytest.mark.parametrize(("axes", "order"), [("NDHW", (0, 1, 2, 3)), ("NHWD", (0, 2, 3, 1))])
def test_volumes_show_their_middle_slice(axes, order):
    x = np.random.default_rng(1).integers(0, 256, (4, 9, 40, 40), np.uint8)
    batch = (x.transpose(order), LABELS)
    assert roles(batch)["batch[0]"] == ("volume", axes)
    drawn = tiles_of(batch)
    np.testing.assert_array_equal(drawn.tiles[3][..., 0], x[3, 4])
    assert "slice 5 of 9" in drawn.description


@pytest.mark.parametrize("kind", ["int", "float", "one-hot", "one-hot, channels first"])
def test_masks_have_a_colour_for_each_label_at_its_pixels(kind):
    labels = np.zeros((4, 200, 300), int)
    labels[:, 20:60, 20:60], labels[1, 100:, 200:] = 1, 2
    one_hot = np.eye(3, dtype=np.float32)[labels]
    mask = {"int": labels, "float": labels[..., None].astype(np.float32), "one-hot": one_hot,
            "one-hot, channels first": one_hot.transpose(0, 3, 1, 2)}[kind]  # fmt: skip
    drawn = tiles_of((batch_of(4, 200, 300, 3), mask), "batch[1]", ("none", "lung", "nodule"))
    assert drawn.tiles[1].shape == (96, 144, 3)
    for row, column in ((5, 5), (15, 15), (70, 130), (47, 71)):
        label = labels[1, int((row + 0.5) * 200 / 96), int((column + 0.5) * 300 / 144)]
        colour = (0, 0, 0) if not label else list(COLOURS.values())[label - 1]
        assert tuple(drawn.tiles[1][row, column]) == colour
    colours = {tuple(c) for c in drawn.tiles[1].reshape(-1, 3)}
    assert len(colours) == 3, "no mixtures at the borders"
    assert drawn.description == "mask: none black, lung red, nodule blue"
    assert drawn.notes == ["lung", "lung, nodule", "lung", "lung"]


def test_an_image_stands_beside_itself_under_its_mask():
    image = np.full((4, 20, 30, 1), 100, np.uint8)
    image[:, 0, 0] = 250
    mask = np.zeros((4, 20, 30), np.uint8)
    mask[:, 5:10, 5:10] = 1
    preview = draw_batch((image, mask))
    assert preview.data["leaf"] == "batch[0] + batch[1]"
    assert [c["draw"] for c in preview.data["captions"][:2]] == ["image", "mask: 1"]
    picture = decoded(preview).astype(int)
    assert picture.shape == (40, 120, 3)
    red = (100 + np.array(COLOURS["red"])) // 2
    assert np.abs(picture[7, 7] - 100).max() < 12
    assert np.abs(picture[7, 37] - red).max() < 40, "JPEG halves the colours' resolution"
    assert np.abs(picture[15, 50] - 100).max() < 12
    assert len(draw_batch((image, mask), leaf="batch[0]").data["captions"]) == 4


@pytest.mark.parametrize("scale", [1, 2])
@pytest.mark.parametrize(
    "form", ["4-D", "flat with a channel", "flat one-hot", "flat one-hot, channels first"]
)
def test_flat_and_smaller_masks_lie_over_their_image(form, scale):
    labels = np.zeros((4, 32 // scale, 48 // scale), int)
    labels[:, 16 // scale :, : 16 // scale] = 1
    one_hot = np.eye(3, dtype=np.float32)[labels].reshape(4, -1, 3)
    mask = {"4-D": labels[..., None], "flat with a channel": labels.reshape(4, -1, 1),
            "flat one-hot": one_hot,
            "flat one-hot, channels first": one_hot.transpose(0, 2, 1)}[form]  # fmt: skip
    assert_lies_over_its_image(mask)
    assert find_leaves((np.zeros((4, 32, 48, 3)), mask))[1].array.shape == mask.shape


@pytest.mark.parametrize("dtype", [bool, np.uint8, np.float64])
def test_flat_masks_of_labels_lie_over_their_image(dtype):
    labels = np.zeros((4, 32, 48), dtype)
    labels[:, 16:, :16] = 1
    assert_lies_over_its_image(labels.reshape(4, -1))


def assert_lies_over_its_image(mask):
    image = np.full((4, 32, 48, 3), 0.5, np.float32)
    image[:, 0, 0] = 0, 1, 0
    preview = draw_batch((image, mask))
    assert preview.data["leaf"] == "batch[0] + batch[1]"
    assert preview.data["range"] == "shown on 0 … 1 · mask: 0 black, 1 red"
    plain, masked = cell_of(preview, 6), cell_of(preview, 7)
    assert plain.shape == masked.shape == (32, 48, 3)
    red = (128 + np.array(COLOURS["red"])) // 2
    assert np.abs(masked[24, 8] - red).max() < 12
    for pixel in (plain[24, 8], masked[24, 24], masked[8, 8]):
        assert np.abs(pixel - 128).max() < 12


def test_targets_that_are_no_masks_stand_next_to_their_image():
    rng = np.random.default_rng(1)
    image = rng.random((4, 32, 48, 3)).astype(np.float32)
    soft = np.linspace(0, 200, 4 * 32 * 48).reshape(4, 32, 48, 1).astype(np.float32)
    for target in (soft, soft.reshape(4, -1)):
        preview = draw_batch((image, target))
        assert preview.data["show"] == "batch[0] next to batch[1]"
        assert preview.data["range"] == "shown on 0 … 1 · target shown on 0 … 255"
        assert [c["draw"] for c in preview.data["captions"][:2]] == ["image", "target"]
        shown = cell_of(preview, 7).mean(axis=2)
        np.testing.assert_allclose(shown, soft[3, ..., 0], atol=8)
    apart = draw_batch((image, (soft[:, ::2, :16] > 90).astype(np.uint8)))
    assert apart.data["leaf"] == "batch[0] + batch[1]", "of other proportions"


@pytest.mark.parametrize(
    "target",
    [
        np.eye(1024, dtype=np.float32)[[5, 6, 7, 8]],
        np.zeros((4, 1, 1, 1)),
        batch_of(4, 1024, 5),
        np.zeros((4, 13, 13, 3, 85)),
    ],
    ids=["one-hot of 1024 classes", "1 x 1", "features", "boxes on a grid"],
)
def test_other_targets_are_neither_masks_nor_shown_next_to_the_image(target):
    assert draw_batch((batch_of(4, 32, 32, 3), target)).data["leaf"] == "batch[0]"


def test_a_mask_may_come_before_its_image_if_its_key_says_so():
    mask = np.uint8(RAMP > 200)[None].repeat(4, 0)
    batch = {"mask": mask, "image": batch_of(4, 20, 30, 3)}
    assert draw_batch(batch).data["leaf"] == "batch['image'] + batch['mask']"
    unnamed = {"a": mask, "image": batch_of(4, 20, 30, 3)}
    assert draw_batch(unnamed).data["leaf"] == "batch['a']"


@pytest.mark.parametrize(
    ("low", "high", "said"),
    [
        (0, 1, "shown on 0 … 1"),
        (-1, 1, "shown on -1 … 1"),
        (0, 255, "shown on 0 … 255"),
        (-124, 151, "contrast stretched -124 … 151"),
        (-2.5, 3.25, "contrast stretched -2.5 … 3.25"),
        (-1000, 1400, "contrast stretched -1000 … 1400"),
        (0, 0.01, "contrast stretched 0 … 0.01"),
    ],
)
def test_the_usual_ranges_fill_the_contrast_and_are_said(low, high, said):
    x = np.linspace(low, high, 4 * 20 * 30, dtype=np.float32).reshape(4, 20, 30, 1)
    drawn = tiles_of((x, LABELS))
    assert drawn.description == said
    assert (drawn.tiles[0].min(), drawn.tiles[3].max()) == (0, 255)


def test_one_far_value_does_not_darken_the_picture():
    x = batch_of(4, 64, 64, 1)
    x[0, 0, 0] = 30_000
    drawn = tiles_of((x, LABELS))
    assert "values from -1" in drawn.description
    assert "to 30000" in drawn.description
    assert np.ptp(drawn.tiles[2]) > 200


@pytest.mark.parametrize(
    ("black", "white"), [(True, True), (True, False), (False, True)], ids=["all", "dark", "light"]
)
@pytest.mark.parametrize("first", [False, True], ids=["channels last", "channels first"])
def test_vgg_inputs_are_shown_in_their_colours(black, white, first):
    rgb = np.random.default_rng(1).integers(20, 200, (4, 32, 32, 3)).astype(np.float32)
    rgb[..., 0] += 30
    rgb[:, 0, 0], rgb[:, 0, 1] = (0 if black else 99), (255 if white else 99)
    bgr = rgb[..., ::-1] - contrast.IMAGENET_MEAN
    drawn = tiles_of((bgr.transpose(0, 3, 1, 2) if first else bgr, LABELS))
    assert drawn.description.endswith(contrast.BGR)
    if black and white:
        np.testing.assert_allclose(drawn.tiles[2], rgb[2], atol=1)
    assert np.argmax(drawn.tiles[2].mean(axis=(0, 1))) == 0, "red"


def test_other_inputs_are_not_taken_for_bgr():
    rgb = np.random.default_rng(1).integers(0, 256, (4, 32, 32, 3)).astype(np.float32)
    caffe = rgb - contrast.IMAGENET_MEAN
    for x in (rgb, rgb / 255, rgb - 128, caffe[..., ::-1], caffe * 2, caffe[..., :2]):
        assert "BGR" not in tiles_of((x, LABELS)).description


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("side", [40, 300])
def test_what_is_no_number_is_marked_where_it_is(value, side):
    x = np.random.default_rng(1).random((4, side, side, 1)).astype(np.float32)
    x[1, side // 2 :, side // 2 :] = value
    drawn = tiles_of((x, LABELS))
    marked = (drawn.tiles[1] == tiles.INVALID).all(axis=2)
    half = len(marked) // 2
    assert marked[half + 1 :, half + 1 :].all()
    assert not marked[: half - 1].any()
    assert drawn.description == "shown on 0 … 1"
    assert decoded(draw_batch((x, LABELS))).shape[2] == 3, "beside tiles in grey"
    x[:] = value
    assert "no finite values" in draw_batch((x, LABELS)).data["range"]


@pytest.mark.parametrize(
    "dtype", ["bool", "int8", "uint8", "int16", "uint16", "int32", "int64", "float16", "float32",
              "float64"],
)  # fmt: skip
@pytest.mark.parametrize("side", [20, 200])
def test_images_of_all_types_are_drawn(dtype, side):
    x = (np.random.default_rng(1).random((4, side, side, 3)) * 60 - 1).clip(0).astype(dtype)
    tile = tiles_of((x, LABELS)).tiles[0]
    stretched = x[0].astype(float) * (255 / float(x.max()))
    if side > 144:
        stretched = cv2.resize(stretched, (144, 144), interpolation=cv2.INTER_AREA)
    # Means of bytes are rounded before they are stretched by 4.3.
    np.testing.assert_allclose(tile, stretched, atol=3 if side > 144 else 0.51)


def test_features_are_bars_or_a_line_on_a_common_scale():
    x = np.zeros((4, 10), np.float32)
    x[0, 3], x[1, 3], x[2, 5] = 1, 2, np.nan
    leaf = find_leaves((x, LABELS))[0]
    drawn = draw_vectors(leaf, range(4))
    filled = [int((tile == 255).all(axis=2).sum()) for tile in drawn.tiles]
    base = filled[3]
    assert 1.9 < (filled[1] - base) / (filled[0] - base) < 2.1
    columns = np.flatnonzero((drawn.tiles[1][20] == 255).all(axis=1))
    assert 3 * 13.8 + 3 <= columns.min() < columns.max() <= 4 * 13.8 + 3
    assert (drawn.tiles[2] == tiles.INVALID).all(axis=2).any()
    assert drawn.description == "plotted on 0 … 2 · 10 features"
    line = draw_vectors(find_leaves(batch_of(4, 100))[0], range(4)).tiles[0]
    assert 100 < line.any(axis=2).sum() < 4000


def test_sequences_are_lines_or_rows_of_an_image():
    x = np.zeros((4, 50, 8), np.float32)
    x[1, 25:, 6] = 1
    drawn = draw_sequences(find_leaves((x, LABELS))[0], range(4))
    assert drawn.tiles[1].shape[:2] == (96, 144)
    assert drawn.tiles[1][6 * 12 + 6, 100:].min() == 255
    assert drawn.tiles[1][6 * 12 + 6, :70].max() == 0
    assert "50 steps, 8 features" in drawn.description
    assert "plotted on" in draw_sequences(find_leaves((x[..., 5:7], LABELS))[0], [0]).description


# Captions and choices


def test_captions_name_labels_and_weights():
    x, names = batch_of(4, 20, 20, 3), ("cat", "dog", "bird")
    label = lambda y, **k: draw_batch((x, y), class_names=names, **k).data["captions"][1]["label"]  # noqa: E731
    assert label(LABELS) == "dog"
    assert label(np.eye(3)[LABELS]) == "dog"
    assert label(np.array([[1, 0, 0], [1, 0, 1], [0, 0, 0], [0, 1, 0]])) == "cat + bird"
    assert label(np.array([[1, 0, 0], [0.25, 0.75, 0], [0, 0, 1], [0, 1, 0]])) == "dog 0.75"
    assert label(LABELS + 5) == "6", "no name of theirs"
    assert label(LABELS * 1.5) == "1.5"
    assert label({"a": LABELS, "b": ["p", "q", "r", "s"]}) == "dog · q"
    assert label(None) == "#2"
    weighted = draw_batch((x, LABELS, np.array([1, 0.25, 1, 1]))).data["captions"][1]
    assert weighted["draw"] == "weight 0.25"
    assert weighted["title"] == "sample 2: batch[1] 1, batch[2] weight 0.25"


def test_class_names_of_labels_are_not_given_to_masks():
    x, mask = batch_of(4, 20, 20, 3), np.ones((4, 20, 20), np.uint8)
    both = draw_batch({"x": x, "mask": mask, "y": LABELS}, class_names=("cat", "dog"))
    assert "dog" not in both.data["range"]
    assert "dog" in draw_batch((x, mask), class_names=("cat", "dog")).data["range"]


def test_text_of_the_user_stays_plain_text():
    batch = {"<b>x</b>": batch_of(4, 20, 20, 3), "y": ["<script>"] * 4}
    data = draw_batch(batch, class_names=("<i>",)).data
    assert data["captions"][0]["label"] == "<script>"
    assert data["shows"] == ["batch['<b>x</b>']: image, float32 (4, 20, 20, 3)"]


def test_any_leaf_may_be_picked():
    x, y = batch_of(4, 20, 24, 3), np.eye(3)[LABELS]
    assert [c.path for c in list_choices(find_leaves((x, y)))] == ["batch[0]", "batch[1]"]
    data = draw_batch((x, y), leaf="batch[1]").data
    assert (data["leaf"], data["shape"], data["show"]) == ("batch[1]", [3], data["shows"][1])
    assert data["leaves"][1] == {"path": "batch[1]", "text": "batch[1]: one-hot, float64 (4, 3)"}


@pytest.mark.parametrize("path", ["batch[7]", "batch[1]"])
def test_a_choice_that_is_not_there_is_refused_in_words(path):
    with pytest.raises(ValueError) as error:
        draw_batch((batch_of(4, 20, 24, 3), ["a"] * 4, np.ones(4)), leaf=path)
    assert f"Received: {path!r}" in str(error.value)
    assert "batch[0]: image" in str(error.value)


def test_tiles_begin_where_asked_and_come_round():
    x = np.repeat(np.arange(10, dtype=np.uint8) * 25, 400).reshape(10, 20, 20)
    preview = draw_batch((x, np.arange(10)), first=8, tiles=4, title="batch 3")
    assert preview.data["title"] == "batch 3 · 9-2 of 10"
    assert [c["label"] for c in preview.data["captions"]] == ["8", "9", "0", "1"]
    shown = decoded(preview)[10, 10:80:20, 0]
    np.testing.assert_allclose(shown, [200, 225, 0, 25], atol=4)


class Names:
    def __init__(self, **attributes):
        self.__dict__.update(attributes)


class Raising:
    class_names = ("a", "b")

    @property
    def class_indices(self):
        raise OSError("no file")


@pytest.mark.parametrize(
    ("loader", "names"),
    [
        (Names(class_indices={"dog": 1, "cat": 0}, classes=np.zeros(9, int)), ("cat", "dog")),
        (Names(class_names=["x", "y"]), ("x", "y")),
        (Names(classes=np.array(["x", "y"])), ("x", "y")),
        (Names(classes=[0, 1, 1]), ()),
        (Names(classes="ab"), ()),
        (Names(class_indices={"a": 0, "b": 2}), ()),
        (Names(class_indices={"a": None}), ()),
        (Raising(), ("a", "b")),
        (None, ()),
    ],
)
def test_class_names_are_found_on_the_loader(loader, names):
    assert class_names_of(loader) == names


# What it costs and keeps


def test_nothing_of_the_batch_is_kept_or_changed():
    x = batch_of(16, 224, 224, 3)
    x[1, :50] = np.nan
    before, released = x.copy(), weakref.ref(x)
    preview = draw_batch((x, np.arange(16)))
    checked = check_batches([(x, np.arange(16))])
    np.testing.assert_array_equal(x, before)
    assert all(type(v) in (str, int, list, dict) for v in preview.data.values())
    del x
    gc.collect()
    assert released() is None
    assert checked.batches == 1


def test_a_full_grid_takes_less_than_200_kb():
    noise = np.random.default_rng(1).random((16, 224, 224, 3)).astype(np.float32)
    assert len(draw_batch(noise).jpeg) < 200_000, "the worst for JPEG"
    x = np.stack([cv2.GaussianBlur(image, (0, 0), 2) for image in noise])
    preview = draw_batch((x, np.arange(16)))
    assert len(preview.data["captions"]) == 8
    assert 20_000 < len(preview.jpeg) < 200_000


# Check


def test_a_sound_batch_has_facts_and_no_warnings():
    x = np.random.default_rng(1).random((32, 16, 16, 3)).astype(np.float32)
    y = np.arange(32) % 2
    checked = check_batches([(x, y), (x[:12] / 2, y[:12])], class_names=("cat", "dog"))
    assert checked.warnings == ()
    assert (checked.batches, checked.samples) == (2, 44)
    text = str(checked)
    for words in ("2 batches", "batch[0]: image, 32 (the last 12) × 16 × 16 × 3 float32",
                  "no NaN", "cat 22 / dog 22", "no duplicate samples"):  # fmt: skip
        assert words in text
    assert checked.labels[0].counts == {0: 22, 1: 22}


def faults_of(*batches, **more):
    return "\n".join(check_batches(batches, **more).warnings)


def test_each_fault_is_told_with_how_often():
    good = np.random.default_rng(1).random((4, 20, 20, 3)).astype(np.float32)
    bad = good.copy()
    bad[0], bad[1], bad[2, 3, 3, 0] = 0, 0.5, np.nan
    bad[3, 0, 0] = np.inf
    found = faults_of((bad, LABELS))
    assert "batch[0]: NaN in 1 of 4 samples" in found
    assert "batch[0]: infinite values in 1 of 4 samples" in found
    assert "batch[0]: 2 of 4 samples are one flat colour (1 black)" in found
    assert "float64" in faults_of((good.astype(float), LABELS))
    assert "float64" not in faults_of((good, np.eye(2)[LABELS], np.ones(4)))
    assert "samples of 2 shapes: (20, 20, 3), (18, 20, 3)" in faults_of(
        (good, LABELS), (good[:, 2:], LABELS)
    )
    assert "changes its dtype: float32, uint8" in faults_of(
        (good, LABELS), (good.astype(np.uint8), LABELS)
    )
    assert "differ in structure" in faults_of((good, LABELS), (good, LABELS, np.ones(4)))
    assert "negative weights, down to -2" in faults_of((good, LABELS, LABELS * -2.0))
    assert "label 4, but only 2 class names" in faults_of(
        (good, LABELS * 4), class_names=("a", "b")
    )
    assert "no list within a batch" in faults_of((good, [0, 1, 1, 0]))
    assert "tuples only" in faults_of([good, LABELS], from_generator=True)
    many = good.repeat(5, 0) + np.arange(20, dtype=np.float32)[:, None, None, None]
    assert "all 20 samples are a" in faults_of((many, np.zeros(20)), class_names=("a", "b"))


def test_the_same_sample_is_found_within_and_across_batches():
    x = np.random.default_rng(1).random((4, 20, 20, 3)).astype(np.float32)
    twice = x.copy()
    twice[2] = twice[0]
    assert "1 duplicate samples (1 within a batch, 0 across batches)" in faults_of((twice, LABELS))
    assert "4 duplicate samples (0 within a batch, 4 across batches)" in faults_of(
        (x, LABELS), (x, LABELS)
    )
    assert not faults_of((x, LABELS), (x[:, ::-1], LABELS)), "another augmentation"
    constant = check_batches([(np.zeros_like(x), LABELS)])
    assert "duplicate samples (" not in str(constant), "black samples are told as such"


def test_labels_of_all_kinds_are_counted():
    x, names = batch_of(4, 20, 20, 3), ("a", "b", "c")
    said = lambda y: str(check_batches([(x, y), (x + 1, y)], class_names=names).labels[0])  # noqa: E731
    assert said(LABELS) == "a 4 / b 4"
    assert said(np.eye(3)[LABELS]) == "a 4 / b 4 / c 0"
    assert said(np.array([[1, 1, 0], [0, 0, 0], [0, 1, 0], [0, 0, 1]])) == "a 2 / b 4 / c 2"
    assert said(np.array([[0.8, 0.2, 0], [0, 1, 0], [0, 0, 1], [0.1, 0, 0.9]])) == "a 2 / b 2 / c 4"
    assert said(np.array([0.5, 1.5, 2, 7.25])) == "4 values, 0.5 … 7.25"
    assert check_batches([x]).labels == ()


def test_multi_hot_labels_are_known_although_one_batch_looks_one_hot():
    x, one = batch_of(4, 20, 20, 3), np.eye(3)[LABELS]
    several = np.array([[1, 1, 0], [0, 0, 1], [0, 1, 0], [0, 0, 1]])
    labels = check_batches([(x, one), (x + 1, several)]).labels[0]
    assert (labels.role, labels.multi_label) == ("multi-hot", 1)


def test_only_one_batch_is_alive_while_they_are_checked():
    alive = []

    def batches():
        for _ in range(4):
            gc.collect()
            alive.append(sum(reference() is not None for reference in references))
            x = batch_of(4, 64, 64, 3)
            references.append(weakref.ref(x))
            yield x, LABELS
            del x

    references = []
    check_batches(batches())
    assert max(alive) == 0


def test_a_check_may_be_asked_while_batches_come():
    x, checking = batch_of(4, 20, 20, 3), BatchChecker()
    assert checking.result().batches == 0
    for number in range(1, 4):
        checking.add((x + number, LABELS))
        assert checking.result().samples == 4 * number


def test_no_batches_are_an_error():
    with pytest.raises(ValueError, match="at least one batch"):
        check_batches([])


# class_weight: what Keras does is asked of Keras


def keras_weights(y, class_weight):
    from keras.src.trainers.data_adapters.data_adapter_utils import class_weight_to_sample_weights

    return class_weight_to_sample_weights(y, class_weight).tolist()


def weight_warnings(y, class_weight, *more, **options):
    x = batch_of(len(y), 20, 20, 3)
    warnings = check_batches([(x, y, *more)], class_weight=class_weight, **options).warnings
    return " / ".join(w for w in warnings if w.startswith("class_weight"))


def test_a_class_that_class_weight_misses_is_named():
    assert keras_weights(LABELS, {0: 5.0}) == [5, 1, 1, 5]
    for y in (LABELS, LABELS[:, None] * 1.0, np.eye(3)[LABELS]):
        said = weight_warnings(y, {0: 5.0}, class_names=("cat", "dog", "bird"))
        assert said == "class_weight misses dog; Keras silently uses 1.0" or y.shape == (
            4,
            1,
        )
        assert "misses" in said
    assert weight_warnings(LABELS, {0: 5.0, 1: 1}) == ""
    assert weight_warnings(np.eye(3)[LABELS], {np.int64(0): 5.0, 1.0: 1}) == ""


def test_class_weight_on_several_classes_is_said_to_take_the_argmax():
    y = np.array([[0, 1, 1], [0, 0, 0], [0, 0, 1], [1, 0, 1]])
    assert keras_weights(y, {0: 5.0, 1: 7, 2: 9}) == [7, 5, 9, 5]
    said = weight_warnings(y, {0: 5.0, 1: 7, 2: 9})
    assert "multi-hot" in said
    assert "2 samples have several classes" in said
    assert "argmax" in said
    shares = np.array([[0.4, 0.6], [1, 0], [0, 1], [0.5, 0.5]])
    assert keras_weights(shares, {0: 5.0, 1: 7}) == [7, 5, 7, 5]
    assert "argmax" in weight_warnings(shares, {0: 5.0, 1: 7})


def test_other_targets_and_keys_that_class_weight_cannot_take_are_told():
    assert keras_weights(LABELS, {"0": 5.0, "1": 7}) == [1, 1, 1, 1]
    said = weight_warnings(LABELS, {"0": 5.0, "1": 7})
    assert "'0' is not an integer" in said
    assert "misses 0, 1" in said
    assert keras_weights(LABELS * 1.4, {0: 5.0, 1: 7}) == [5, 7, 7, 5]
    assert "rounds" in weight_warnings(LABELS * 1.4, {0: 5.0, 1: 7})
    assert "rejects" in weight_warnings(LABELS, {0: 1, 1: 2}, np.ones(4))
    assert "rejects it for generators" in weight_warnings(LABELS, {0: 1, 1: 2}, from_generator=True)
    mask = np.ones((4, 20, 20, 1), np.uint8)
    with pytest.raises(TypeError):
        keras_weights(mask, {0: 1, 1: 2})
    assert "one label per sample" in weight_warnings(mask, {0: 1, 1: 2})


def test_the_function_for_class_weight_needs_only_label_counts():
    labels = LabelCounts("batch[1]", "y", "label", {0: 10, 1: 3, 2: 1}, names=("a", "b", "c"))
    assert list(check_class_weight({0: 1.0}, [labels])) == [
        "class_weight misses b, c; Keras silently uses 1.0"
    ]
