"""`wb.faster` against Keras's own iterators: draws and labels to the bit, pixels to 1 level."""

from __future__ import annotations

import itertools
import os
import pickle
import random
import re
import warnings

import cv2
import keras
import numpy as np
import pytest
import tensorflow as tf
from PIL import Image
from tensorflow.keras.preprocessing.image import ImageDataGenerator

import workbench as wb
from tests.conftest import ROOT
from workbench.pipeline.images.file_bytes import UnreadableFileError

# The folder of all kinds of files has one of 16-bit gray.
pytestmark = pytest.mark.filterwarnings("ignore:wb.faster.*16-bit gray")

README = (ROOT / "README.md").read_text()
EXAMPLE_1 = {
    **{"rotation_range": 20, "width_shift_range": 0.2, "height_shift_range": 0.2},
    **{"shear_range": 0.2, "zoom_range": 0.2, "horizontal_flip": True, "fill_mode": "nearest"},
}
PARAMETERS = {
    "nothing": {},
    "example 1": EXAMPLE_1,
    "rotation": {"rotation_range": 90},
    "shifts in pixels": {"width_shift_range": 5, "height_shift_range": 3},
    "shifts from a list": {"width_shift_range": [-4, 0, 9], "height_shift_range": (0.1, 0.3)},
    "shear": {"shear_range": 25.0},
    "zoom": {"zoom_range": (0.6, 1.5)},
    "flips": {"horizontal_flip": True, "vertical_flip": True},
    "channel shift": {"channel_shift_range": 40.0},
    "constant": {**EXAMPLE_1, "fill_mode": "constant", "cval": 200.0},
    "reflect": {**EXAMPLE_1, "fill_mode": "reflect"},
    "wrap": {**EXAMPLE_1, "fill_mode": "wrap"},
    "mirror": {**EXAMPLE_1, "fill_mode": "mirror"},  # SciPy's; Keras passes it on
    "cubic": {**EXAMPLE_1, "interpolation_order": 3},
    "all": {**EXAMPLE_1, "vertical_flip": True, "channel_shift_range": 20.0},
}


@pytest.fixture
def mixed(tmp_path, rng):
    """Class folders with every kind of file that Keras reads."""
    height, width = 37, 52
    rgb = rng.integers(0, 256, (height // 4 + 1, width // 4 + 1, 3), np.uint8)
    rgb = cv2.resize(rgb, (width, height), interpolation=cv2.INTER_CUBIC)
    gray, colour = Image.fromarray(rgb[..., 0]), Image.fromarray(rgb)
    turned = Image.Exif()
    turned[274] = 6
    files = {
        "a/rgb.png": (colour, {}),
        "a/gray.png": (gray, {}),
        "a/rgba.png": (Image.fromarray(np.dstack([rgb, rgb[..., 1]])), {}),
        "a/palette.png": (colour.quantize(64), {}),
        "a/see_through_palette.png": (colour.quantize(64), {"transparency": 3}),
        "a/one_bit.png": (gray.convert("1"), {}),
        "b/deep.png": (Image.fromarray(rgb[..., 0].astype(np.uint16) * 250), {}),
        "b/colour.jpg": (colour, {"quality": 90}),
        "b/gray.jpg": (gray, {}),
        "b/turned.jpg": (colour, {"exif": turned}),
        "b/cmyk.jpg": (colour.convert("CMYK"), {}),
        "b/colour.bmp": (colour, {}),
        "b/colour.tif": (colour, {}),
    }
    for name, (image, options) in files.items():
        path = tmp_path / "mixed" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        image.save(path, **options)
    return tmp_path / "mixed"


def folder(generator, where, **options):
    options = {"target_size": (32, 32), "batch_size": 5, "seed": 42, **options}
    return generator.flow_from_directory(str(where), **options)


def frame(generator, where, **options):
    pandas = pytest.importorskip("pandas")
    files = sorted(str(path.relative_to(where)) for path in where.rglob("*.*"))
    table = pandas.DataFrame(
        {
            "filename": files,
            "class": [name[0] for name in files],
            "several": [["p", "q"] if place % 3 else ["q", "r"] for place in range(len(files))],
            "age": np.arange(len(files)) / 3,
            "weight": np.linspace(0.5, 2, len(files)),
        }
    )
    options = {"target_size": (32, 32), "batch_size": 5, "seed": 42, **options}
    return generator.flow_from_dataframe(table, str(where), **options)


def arrays(generator, where=None, **options):
    x = np.random.default_rng(3).integers(0, 256, (23, 24, 30, 3), np.uint8)
    options = {"y": np.arange(23), "batch_size": 5, "seed": 42, **options}
    return generator.flow(options.pop("x", x), **options)


KINDS = {"flow": arrays, "flow_from_directory": folder, "flow_from_dataframe": frame}


def recorded(iterator):
    """What Keras's get_random_transform returns, from here on."""
    generator, found = iterator.image_data_generator, []
    draw = generator.get_random_transform
    generator.get_random_transform = lambda *a, **k: found.append(draw(*a, **k)) or found[-1]
    return found


def leaves(batch):
    return keras.tree.flatten(batch)


def assert_alike(old, new, level=1.0):
    """The same structure and labels to the bit; images, and images as labels, to a grey level."""
    keras.tree.assert_same_structure(old, new)
    assert isinstance(new, type(old))
    images, *others = leaves(new)
    expected, *wanted = leaves(old)
    assert (images.shape, images.dtype) == (expected.shape, expected.dtype)
    assert np.abs(images.astype(np.float64) - expected).max() <= level
    for other, want in zip(others, wanted, strict=True):
        assert other.dtype == want.dtype
        if other.shape == images.shape:
            np.testing.assert_allclose(other, want, atol=level)
        else:
            np.testing.assert_array_equal(other, want)


def assert_epochs_alike(old, new, epochs=3, level=1.0):
    """Batch for batch as Keras's iterator, the global random state untouched."""
    assert len(old) == len(new)
    for _ in range(epochs):
        for index in range(len(old)):
            expected = old[index]
            before = np.random.get_state()
            assert_alike(expected, new[index], level)
            for left, right in zip(before, np.random.get_state(), strict=True):
                np.testing.assert_array_equal(left, right)
        old.on_epoch_end()
        new.on_epoch_end()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("parameters", PARAMETERS)
def test_draws_are_kerass_to_the_bit_and_pixels_to_a_grey_level(kind, parameters, mixed):
    make, options = KINDS[kind], PARAMETERS[parameters]
    old = make(ImageDataGenerator(**options), mixed)
    new = wb.faster(make(ImageDataGenerator(**options), mixed))
    drawn = recorded(old)
    ours = []
    for _ in range(3):
        for index in range(len(old)):
            ours += new.position.replay.transforms(new.position.plan(index, 0).call)
            assert_alike(old[index], new[index])
        old.on_epoch_end()
        new.on_epoch_end()
    assert len(drawn) == 3 * old.n
    assert ours == drawn
    assert new.report.holds == "same pixels"


@pytest.mark.parametrize("kind", KINDS)
def test_brightness_goes_through_8_bits_as_in_keras(kind, mixed):
    options = {**EXAMPLE_1, "brightness_range": (0.5, 1.5)}
    old, new = (KINDS[kind](ImageDataGenerator(**options), mixed) for _ in range(2))
    new = wb.faster(new)
    for index in range(len(old)):
        off = np.abs(leaves(old[index])[0] - leaves(new[index])[0])
        assert off.max() <= 2
        assert (off > 1).mean() < 1e-3
    assert new.report.holds == "same draws"
    assert "brightness_range" in str(new.report)


def test_brightness_of_deep_gray_is_crushed_as_in_keras():
    options = {"brightness_range": (0.5, 1.5)}
    x = np.random.default_rng(1).integers(0, 65536, (6, 8, 8, 1)).astype(np.float32)
    old, new = (arrays(ImageDataGenerator(**options), x=x, y=None) for _ in range(2))
    np.testing.assert_array_equal(old[0], wb.faster(new)[0])


@pytest.mark.parametrize("mode", ["rgb", "rgba", "grayscale"])
@pytest.mark.parametrize("interpolation", ["nearest", "bilinear", "bicubic", "lanczos", "box"])
@pytest.mark.parametrize("keep", [False, True])
def test_files_are_decoded_and_resized_to_the_bit(mode, interpolation, keep, mixed):
    options = {"color_mode": mode, "interpolation": interpolation, "keep_aspect_ratio": keep}
    old, new = (folder(ImageDataGenerator(), mixed, shuffle=False, **options) for _ in range(2))
    new = wb.faster(new)
    for index in range(len(old)):
        assert_alike(old[index], new[index], level=0)
    ours = mode != "rgba" and interpolation == "nearest" and not keep
    assert ("Pillow reads" in str(new.report)) == (not ours)


@pytest.mark.parametrize("mode", ["binary", "categorical", "sparse", "input", None])
def test_labels_of_a_folder(mode, mixed):
    generator = ImageDataGenerator(**EXAMPLE_1)
    old, new = (folder(generator, mixed, class_mode=mode) for _ in range(2))
    assert_epochs_alike(old, wb.faster(new), epochs=2)


@pytest.mark.parametrize(
    "options",
    [
        {"class_mode": "binary", "weight_col": "weight"},
        {"class_mode": "sparse"},
        {"class_mode": "categorical", "y_col": "several"},
        {"class_mode": "raw", "y_col": "age", "weight_col": "weight"},
        {"class_mode": "raw", "y_col": ["age", "weight"]},
        {"class_mode": "multi_output", "y_col": ["age", "weight"]},
        {"class_mode": "input"},
        {"class_mode": None},
    ],
    ids=str,
)
def test_labels_of_a_table(options, mixed):
    generator = ImageDataGenerator(**EXAMPLE_1)
    old, new = (frame(generator, mixed, **options) for _ in range(2))
    assert_epochs_alike(old, wb.faster(new), epochs=2)


@pytest.mark.parametrize(
    "options",
    [
        {"y": None},
        {"sample_weight": np.linspace(0, 1, 23)},
        {"y": np.eye(23, dtype=np.float32)},
        {"x": (np.random.default_rng(0).random((23, 9, 9, 4)) * 255, np.arange(23))},
        {"x": np.random.default_rng(0).random((23, 9, 9, 1))},
        {"shuffle": False},
        {"batch_size": 64},
        {"batch_size": 1},
    ],
    ids=", ".join,
)
def test_what_flow_takes(options):
    generator = ImageDataGenerator(**EXAMPLE_1)
    old, new = (arrays(generator, **options) for _ in range(2))
    top = np.max(old.x)
    assert_epochs_alike(old, wb.faster(new), level=1 if top > 1 else 1 / 255)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("subset", ["training", "validation"])
def test_subsets(kind, subset, mixed):
    generator = ImageDataGenerator(validation_split=0.4, **EXAMPLE_1)
    labels = {"y": np.arange(23) % 2} if kind == "flow" else {}
    old, new = (KINDS[kind](generator, mixed, subset=subset, **labels) for _ in range(2))
    assert_epochs_alike(old, wb.faster(new), epochs=2)


def halved(image):
    """Returns another array, as some preprocessing functions do."""
    return image / 2


def centred(image):
    """Works in place, as others do."""
    image -= 100
    return image


@pytest.mark.parametrize(
    "options",
    [
        {"rescale": 1 / 255},
        {"samplewise_center": True, "samplewise_std_normalization": True},
        {"featurewise_center": True, "featurewise_std_normalization": True, "rescale": 1 / 255},
        {"preprocessing_function": halved, "rescale": 1 / 255},
        {"preprocessing_function": centred, "samplewise_center": True},
        {"data_format": "channels_first", "rescale": 0.1, "featurewise_center": True},
        {"dtype": "float64", "rescale": 1 / 255},
    ],
    ids=", ".join,
)
@pytest.mark.parametrize("kind", KINDS)
def test_standardization_is_kerass_own(options, kind, mixed):
    generator = ImageDataGenerator(**EXAMPLE_1, **options)
    data = {}
    first = options.get("data_format") == "channels_first"
    if kind == "flow" and first:
        data["x"] = np.moveaxis(arrays(ImageDataGenerator()).x, 3, 1)
    if generator.featurewise_center:
        x = np.random.default_rng(2).integers(0, 256, (9, 16, 16, 3)).astype(np.float32)
        generator.fit(np.moveaxis(x, 3, 1) if first else x)
    old, new = (KINDS[kind](generator, mixed, **data) for _ in range(2))
    assert_epochs_alike(old, wb.faster(new), epochs=1, level=0.02)


def test_own_methods_of_the_generator_are_called(mixed):
    class Darker(ImageDataGenerator):
        def apply_transform(self, x, transform_parameters):
            return super().apply_transform(x, transform_parameters) / 3

        def standardize(self, x):
            return super().standardize(x) + 1

    old, new = (folder(Darker(**EXAMPLE_1), mixed) for _ in range(2))
    new = wb.faster(new)
    assert_epochs_alike(old, new, epochs=1)
    assert "Darker.apply_transform" in str(new.report)


def test_next_and_reset_go_as_in_keras(mixed):
    old, new = (folder(ImageDataGenerator(**EXAMPLE_1), mixed) for _ in range(2))
    new = wb.faster(new)
    for step in range(14):
        assert_alike(next(old), next(new))
        if step == 4:
            old.reset()
            new.reset()
        if step in (6, 9):
            assert_alike(old[0], new[0])
            old.on_epoch_end()
            new.on_epoch_end()
        assert new.total_batches_seen == old.total_batches_seen
        np.testing.assert_array_equal(new.index_array, old.index_array)


def test_it_goes_on_where_the_iterator_was(mixed):
    old = folder(ImageDataGenerator(**EXAMPLE_1), mixed)
    next(old)
    new = wb.faster(old)
    assert_epochs_alike(old, new, epochs=2)


def test_files_that_the_iterator_saved_are_counted_among_its_draws(mixed, tmp_path):
    saved = tmp_path / "saved"
    saved.mkdir()
    generator = ImageDataGenerator(**EXAMPLE_1)
    old, new = (folder(generator, mixed, save_to_dir=str(saved)) for _ in range(2))
    with pytest.warns(UserWarning, match="save_to_dir='.*saved': no files are written"):
        new = wb.faster(new)
    new[0]
    assert not list(saved.iterdir())
    assert_epochs_alike(old, new, epochs=3)
    assert new.report.not_carried


@pytest.mark.parametrize("kind", KINDS)
def test_attributes_are_the_iterators(kind, mixed):
    old = KINDS[kind](ImageDataGenerator(**EXAMPLE_1), mixed)
    old.workers, old.max_queue_size = 3, 7
    new = wb.faster(old)
    names = "n batch_size seed shuffle dtype workers max_queue_size use_multiprocessing"
    for name in names.split():
        assert getattr(new, name) == getattr(old, name)
    if kind == "flow":
        assert new.x is old.x
        with pytest.raises(AttributeError, match="filenames"):
            _ = new.filenames
    else:
        of_files = "samples class_indices filenames filepaths image_shape class_mode"
        for name in of_files.split():
            assert getattr(new, name) == getattr(old, name)
        np.testing.assert_array_equal(new.classes, old.classes)
    with pytest.raises(AttributeError):
        new.batch_size = 3  # would have no effect, which must not pass unnoticed
    with pytest.raises(IndexError, match="batch 99 of an epoch of"):
        _ = new[99]
    assert wb.faster(new) is new


def test_one_and_two_threads_give_the_same_batches():
    generator = ImageDataGenerator(**EXAMPLE_1, samplewise_center=True, brightness_range=(0.5, 1.5))
    where = ROOT / "sample_data/scans"
    made, before = [], cv2.getNumThreads()
    try:
        for threads in (1, 2):
            cv2.setNumThreads(threads)
            new = wb.faster(folder(generator, where, target_size=(224, 224), batch_size=32))
            made.append([new[0][0], new.batch(1, 2)[0]])
    finally:
        cv2.setNumThreads(before)
    np.testing.assert_array_equal(made[0], made[1])


def test_a_copy_sent_to_a_process_gives_the_same(mixed):
    new = wb.faster(folder(ImageDataGenerator(**EXAMPLE_1), mixed))
    sent = pickle.loads(pickle.dumps(new))
    assert_alike(new.batch(1, 3), sent.batch(1, 3), level=0)


class Recorder(keras.Model):
    """Learns nothing and writes down what it is trained and evaluated on."""

    def __init__(self):
        super().__init__()
        self.trained, self.evaluated = [], []

    def _note(self, data, where):
        tf.numpy_function(
            lambda *batch: where.append([part.copy() for part in batch]) or np.int64(0),
            list(data), tf.int64,
        )  # fmt: skip
        return {"loss": tf.constant(0.0)}

    def train_step(self, data):
        return self._note(data, self.trained)

    def test_step(self, data):
        return self._note(data, self.evaluated)


def fitted(train, validation=None, fits=1, **options):
    model = Recorder()
    model.compile()
    for _ in range(fits):
        options = {"epochs": 3, "shuffle": False, "verbose": 0, **options}
        model.fit(train, validation_data=validation, **options)
    return model


@pytest.mark.parametrize("workers", [(1, False), (2, False), (2, True)], ids=str)
def test_fit_trains_what_kerass_iterator_would_give(workers):
    fits, generator = 2, ImageDataGenerator(**EXAMPLE_1)
    old, new = arrays(generator), wb.faster(arrays(generator))
    held = [arrays(generator, shuffle=False, seed=1) for _ in range(2)]
    next(old), next(new)  # a look beforehand, as notebooks take it
    new.workers, new.use_multiprocessing = workers
    expected = fitted(old, held[0], fits)
    found = fitted(new, wb.faster(held[1]), fits)
    for name in ("trained", "evaluated"):
        before, after = getattr(expected, name), getattr(found, name)
        assert len(before) == len(after) == fits * 3 * len(old)
        for want, batch in zip(before, after, strict=True):
            assert_alike(tuple(want), tuple(batch))
    assert new.epoch == fits * 3
    assert new.total_batches_seen == old.total_batches_seen


@pytest.mark.parametrize("workers", [1, 2])
def test_fits_own_shuffling_trains_each_sample_once_an_epoch(workers):
    new = wb.faster(arrays(ImageDataGenerator(**EXAMPLE_1)))
    new.workers = workers
    random.seed(0)
    trained = fitted(new, shuffle=True).trained
    assert new.epoch == 3
    for epoch in range(3):
        labels = np.concatenate([y for _, y in trained[epoch * 5 : epoch * 5 + 5]])
        assert sorted(labels) == list(range(23))
    assert len({images.tobytes() for images, _ in trained}) == 15


@pytest.mark.parametrize("steps", [2, 4, 8])
def test_steps_per_epoch_goes_on_in_the_data(steps):
    new = wb.faster(arrays(ImageDataGenerator(**EXAMPLE_1), batch_size=3))
    trained = fitted(new, epochs=16 // steps, steps_per_epoch=steps).trained
    for epoch in range(2):
        labels = np.concatenate([y for _, y in trained[epoch * 8 : epoch * 8 + 8]])
        assert sorted(labels) == list(range(23))
    assert len({images.tobytes() for images, _ in trained}) == 16


def test_the_readmes_script_trains_to_the_same_loss_with_and_without_its_new_lines(monkeypatch):
    """A training script of old, and the same with one line changed."""
    lines = README.split("```diff\n")[1].split("```")[0].splitlines()
    scripts = [
        "\n".join(line[2:] for line in lines if line[:1] in starts) for starts in (" ", " +")
    ]
    assert [line for line in lines if line.startswith("+")] == [
        "+ import workbench as wb",
        "+ train = wb.faster(train)",
    ]
    monkeypatch.chdir(ROOT)
    losses = []
    for script in scripts:
        keras.utils.set_random_seed(3)
        names = {}
        # Fit's own shuffling has draws go by when a batch comes, in Keras; see Faster.
        exec(script.replace("epochs=2", "epochs=2, shuffle=False, verbose=0"), names)
        losses.append(names["history"].history["loss"])
    assert type(names["train"]).__name__ == "Faster"
    np.testing.assert_allclose(losses[1], losses[0], rtol=1e-4)
    assert losses[0][0] != losses[0][1]


def test_resuming_serves_the_epoch_that_is_set():
    new = wb.faster(arrays(ImageDataGenerator(**EXAMPLE_1)))
    later = new.batch(2, 4)
    new.epoch = 4
    assert_alike(later, new[2], level=0)
    for wrong in (-1, 1.5, True):
        with pytest.raises(ValueError, match="epoch: expected a whole number"):
            new.epoch = wrong


def test_measuring_leaves_it_as_it_was():
    new = wb.faster(arrays(ImageDataGenerator(**EXAMPLE_1)))
    first = new.batch(0, 0)
    wb.measure_rate(new, seconds=0.2)
    wb.profile_lines(new, seconds=0.1, workers=2)
    assert new.epoch == 0
    assert_alike(first, new[0], level=0)


def test_without_a_seed_draws_have_the_same_distribution_and_repeat_with_numpys():
    generator = ImageDataGenerator(rotation_range=30, zoom_range=0.4, horizontal_flip=True)

    def drawn():
        new = wb.faster(arrays(generator, seed=None))
        assert new.report.holds == "same distribution"
        calls = [new.position.plan(i, e).call for e in range(40) for i in range(len(new))]
        return [each for call in calls for each in new.position.replay.transforms(call)]

    np.random.seed(5)
    before = np.random.get_state()[1].copy()
    first, second = drawn(), drawn()
    np.testing.assert_array_equal(before, np.random.get_state()[1])
    assert first != second  # two iterators must not share their draws
    theta = np.array([each["theta"] for each in first])
    assert len(np.unique(theta)) == len(theta) == 920
    # A uniform mean of 920 has a deviation of 0.57; a flip's share of 0.016.
    assert abs(theta.mean()) < 3
    assert theta.min() < -29 and theta.max() > 29
    assert abs(np.mean([each["flip_horizontal"] for each in first]) - 0.5) < 0.08


def test_the_same_state_of_numpy_gives_the_same_batches_in_another_run(monkeypatch):
    import subprocess
    import sys

    from workbench.keras_iterators import faster

    code = (
        "import numpy as np, workbench as wb\n"
        "from tensorflow.keras.preprocessing.image import ImageDataGenerator as G\n"
        "np.random.seed(5)\n"
        "new = wb.faster(G(rotation_range=9).flow(np.ones((8, 4, 4, 1)), np.arange(8)))\n"
        "labels = new[0][1].tolist()\n"
    )
    another = subprocess.run(
        [sys.executable, "-c", f"{code}print(labels)"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    monkeypatch.setattr(faster, "_unseeded", itertools.count())  # this run's first
    names = {}
    exec(code, names)
    assert another == f"{names['labels']}\n"
    assert sorted(names["labels"]) == list(range(8))


def test_a_fixed_order_without_augmentation_needs_no_seed(mixed):
    new = folder(ImageDataGenerator(rescale=1 / 255), mixed, seed=None, shuffle=False)
    assert wb.faster(new).report.holds == "same pixels"


def test_report_reads_well(mixed):
    generator = ImageDataGenerator(preprocessing_function=halved, **EXAMPLE_1)
    report = wb.faster(folder(generator, mixed, interpolation="bilinear")).report
    assert str(report).startswith("Same pixels: ")
    assert "preprocessing_function halved" in str(report)
    assert "interpolation='bilinear'" in report._repr_html_().replace("&#x27;", "'")
    assert report.to_dict()["holds"] == "same pixels"


@pytest.mark.parametrize(
    ("received", "hint"),
    [
        (ImageDataGenerator(), "Did you mean wb.faster(generator.flow(x, y))"),
        (ImageDataGenerator().flow_from_directory, "Call it first"),
        ((batch for batch in ()), "A Python generator does not reveal what it reads"),
        (zip((), (), strict=True), "before zipping"),
        ("scans", "Received: 'scans' of type str"),
        (None, "of type NoneType"),
    ],
)
def test_what_is_no_iterator_is_refused_with_the_likely_slip(received, hint):
    expected = "expected what flow, flow_from_directory or flow_from_dataframe"
    with pytest.raises(TypeError, match=expected) as error:
        wb.faster(received)
    assert hint in str(error.value)


def test_what_cannot_be_replayed_is_refused(mixed, tmp_path):
    class Lucky(ImageDataGenerator):
        def get_random_transform(self, img_shape, seed=None):
            return {}

    with pytest.raises(TypeError, match=r"Lucky\.get_random_transform"):
        wb.faster(arrays(Lucky()))
    iterator = arrays(ImageDataGenerator())
    iterator.image_data_generator.get_random_transform = lambda *_: {}
    with pytest.raises(TypeError, match=r"ImageDataGenerator\.get_random_transform"):
        wb.faster(iterator)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        whitening = ImageDataGenerator(zca_whitening=True)
    with pytest.raises(ValueError, match=r"zca_whitening: .* Leave it out"):
        wb.faster(arrays(whitening))
    with pytest.raises(ValueError, match=r"dtype: expected a float type.*uint8"):
        wb.faster(arrays(ImageDataGenerator(dtype="uint8")))
    (tmp_path / "empty").mkdir()
    with pytest.raises(ValueError, match=r"at least one image.*empty: are the images in class"):
        wb.faster(folder(ImageDataGenerator(), tmp_path / "empty"))


def test_an_unreadable_file_is_named(mixed):
    broken = mixed / "a/rgb.png"
    broken.write_bytes(broken.read_bytes()[:200])
    new = wb.faster(folder(ImageDataGenerator(), mixed, batch_size=99))
    with pytest.raises(ValueError, match=re.escape(str(broken))):
        _ = new[0]


def attributes(iterator):
    """What an iterator holds; arrays by their contents."""
    return {
        name: value.copy() if isinstance(value, np.ndarray) else value
        for name, value in vars(iterator).items()
    }


def test_compare_shows_both_and_leaves_all_as_it_was(mixed):
    (mixed / "a/rgb.png").rename(mixed / "a/<b>&.png")
    generator = ImageDataGenerator(rescale=1 / 255, **EXAMPLE_1)
    old = folder(generator, mixed)
    old[0]
    new = wb.faster(old)
    before, state, position = attributes(old), np.random.get_state(), new.position
    found = new.compare(n=8)
    for name, value in attributes(old).items():
        same = np.array_equal if isinstance(value, np.ndarray) else lambda a, b: a is b
        assert same(value, before[name]), name
    assert not old.lock.locked()
    assert generator.rescale == 1 / 255
    np.testing.assert_array_equal(np.random.get_state()[1], state[1])
    assert new.position is position
    assert len(found.pairs) == 8
    rows = old.index_array[:8]
    assert [pair.name for pair in found.pairs] == [old.filenames[row][2:] for row in rows]
    assert 0 < max(pair.largest for pair in found.pairs) < 0.1
    assert found.same_labels and found.largest < 1e-3
    assert found.old_ms.n == found.new_ms.n == found.ratio.n >= 3
    assert found.ratio.low <= found.ratio.median <= found.ratio.high
    assert "times as fast" in str(found)
    page = found._repr_html_()
    assert "<b>&" not in page.replace("<b>&amp;", "")
    assert page.count("<img ") == page.count(" alt=") == 24
    assert "pictures" not in found.to_dict()["pairs"][0]
    picture = cv2.imdecode(np.frombuffer(found.pairs[0].pictures[1], np.uint8), cv2.IMREAD_COLOR)
    assert picture.shape == (32, 32, 3)


def test_compare_finds_a_difference(mixed, monkeypatch):
    """The comparison must be able to fail: other draws, and other labels."""
    new = wb.faster(folder(ImageDataGenerator(**EXAMPLE_1), mixed))
    draw = type(new.position.replay).transforms
    monkeypatch.setattr(
        type(new.position.replay),
        "transforms",
        lambda self, call: [{**each, "theta": each["theta"] + 3} for each in draw(self, call)],
    )
    found = new.compare(n=4)
    assert max(pair.largest for pair in found.pairs) > 20
    assert found.same_labels
    monkeypatch.setattr(
        "workbench.keras_iterators.faster_dataset.batch_of",
        lambda iterator, images, rows: (images, rows),
    )
    assert not new.compare(n=4).same_labels


@pytest.mark.parametrize("n", [0, -1, 2.5, True])
def test_compare_takes_a_number_of_images(n):
    with pytest.raises(ValueError, match="n: expected a whole number from 1"):
        wb.faster(arrays(ImageDataGenerator())).compare(n)


def iterator_of_16_bits(tmp_path, color_mode):
    """Three files, the last of which is 16-bit gray, all above 255."""
    (tmp_path / "a").mkdir()
    for name, image in enumerate((np.uint8(200), np.uint8(201), np.uint16(30_000))):
        cv2.imwrite(str(tmp_path / "a" / f"{name}.png"), np.full((8, 8), image))
    return ImageDataGenerator().flow_from_directory(
        tmp_path, (8, 8), color_mode=color_mode, shuffle=False
    )


def test_16_bit_files_that_keras_clips_to_white_are_reported(tmp_path):
    iterator = iterator_of_16_bits(tmp_path, "rgb")
    assert iterator[0][0][2].min() == iterator[0][0][2].max() == 255
    with pytest.warns(UserWarning, match=r"1 of 3 files looked at are 16-bit gray.*clips to white"):
        fast = wb.faster(iterator)
    assert "clips to white above 255 with color_mode='rgb'" in str(fast.report)


def test_nothing_is_clipped_in_grayscale(tmp_path):
    iterator = iterator_of_16_bits(tmp_path, "grayscale")
    assert iterator[0][0].max() == 30_000
    assert "white" not in str(wb.faster(iterator).report)


@pytest.mark.timeout(30)
def test_a_pipe_among_the_files_is_refused(tmp_path):
    iterator = iterator_of_16_bits(tmp_path, "grayscale")
    (tmp_path / "a" / "0.png").unlink()
    os.mkfifo(tmp_path / "a" / "0.png")
    with pytest.raises(UnreadableFileError, match=r"0\.png: expected an image file.*named pipe"):
        wb.faster(iterator)[0]
