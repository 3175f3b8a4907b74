"""Every pixel of our methods against Keras's own `apply_transform`."""

from __future__ import annotations

import multiprocessing
import random
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.conftest import ROOT
from workbench.pipeline.augment import METHODS
from workbench.pipeline.draws import draw
from workbench.settings import NO_PROCESSES, OTHER_PICTURES, Augmentation, AugmentMethod

# flow says so of 2 channels and of 5.
pytestmark = pytest.mark.filterwarnings("ignore:NumpyArrayIterator is set")

ALL = {
    "rotation_range": 40,
    "width_shift_range": 0.2,
    "height_shift_range": 0.3,
    "shear_range": 20.0,
    "zoom_range": (0.7, 1.4),
    "channel_shift_range": 20.0,
    "horizontal_flip": True,
    "vertical_flip": True,
}
EXACT = [name for name in METHODS if name not in OTHER_PICTURES]
FILL_MODES = ["nearest", "constant", "reflect", "wrap"]
TOPS = {"uint8": 255, "uint16": 65535, "float32": 1.0}


def images(shape, dtype, seed=0):
    rng = np.random.default_rng(seed)
    if dtype == "float32":
        return rng.random(shape, np.float32)
    return rng.integers(0, TOPS[dtype] + 1, shape).astype(dtype)


def tolerance(dtype):
    return 1 if dtype == "uint8" else 0.005 * TOPS[dtype]


def keras_reference(x, draws, fill_mode, cval):
    from tensorflow.keras.preprocessing.image import ImageDataGenerator

    keras = ImageDataGenerator(fill_mode=fill_mode, cval=cval, data_format="channels_last")
    rows = [keras.apply_transform(image.astype(np.float32), draws[i]) for i, image in enumerate(x)]
    return np.stack(rows)


def drawn(x, parameters):
    return draw(np.arange(len(x)), 0, 3, Augmentation(**parameters), x.shape[1:])


def augmented(method, x, parameters, fill_mode="nearest", cval=0.0, dtype="float32"):
    out = np.empty(x.shape, dtype)
    METHODS[method](x, drawn(x, parameters), fill_mode=fill_mode, cval=cval, out=out)
    return out


def run(method, x, parameters, fill_mode, cval):
    ours = augmented(method, x, parameters, fill_mode, cval)
    return ours, keras_reference(x, drawn(x, parameters), fill_mode, cval)


def test_the_registry_has_the_methods_that_settings_name():
    assert set(METHODS) == set(AugmentMethod.__args__)


@pytest.mark.parametrize("fill_mode", FILL_MODES)
@pytest.mark.parametrize("name", [*ALL, "all", "none"])
@pytest.mark.parametrize("method", EXACT)
def test_each_parameter_alone_and_all_together(method, name, fill_mode):
    parameters = {"all": ALL, "none": {}}.get(name) or ({name: ALL[name]} if name in ALL else {})
    x = images((8, 33, 20, 3), "uint8")
    ours, keras = run(method, x, parameters, fill_mode, 77.0)
    assert np.abs(ours - keras).max() <= 1


@pytest.mark.parametrize("method", EXACT)
@settings(max_examples=100, deadline=None)
@given(
    size=st.tuples(st.integers(1, 24), st.integers(1, 24)),
    channels=st.integers(1, 4),
    dtype=st.sampled_from(sorted(TOPS)),
    fill_mode=st.sampled_from(FILL_MODES),
    names=st.sets(st.sampled_from(sorted(ALL))),
    seed=st.integers(0, 1000),
)
def test_any_size_depth_border_and_set_of_parameters_agrees_with_keras(
    method, size, channels, dtype, fill_mode, names, seed
):
    x = images((3, *size, channels), dtype, seed)
    parameters = {name: ALL[name] for name in names}
    if "channel_shift_range" in names:
        parameters["channel_shift_range"] = 0.1 * TOPS[dtype]
    ours, keras = run(method, x, parameters, fill_mode, 0.3 * TOPS[dtype])
    assert np.abs(ours - keras).max() <= tolerance(dtype)


@pytest.mark.parametrize("size", [(1, 1), (2, 3), (1, 7), (7, 1)])
@pytest.mark.parametrize("fill_mode", FILL_MODES)
@pytest.mark.parametrize("method", EXACT)
def test_the_smallest_images(method, size, fill_mode):
    ours, keras = run(method, images((6, *size, 1), "uint8"), ALL, fill_mode, 9.0)
    assert np.abs(ours - keras).max() <= 1


@pytest.mark.parametrize("fill_mode", FILL_MODES)
@pytest.mark.parametrize("method", EXACT)
def test_a_shift_by_whole_pixels_puts_the_border_where_keras_does(method, fill_mode):
    parameters = {"width_shift_range": 5, "height_shift_range": 4, "horizontal_flip": True}
    x = images((16, 17, 23, 1), "uint8")
    ours, keras = run(method, x, parameters, fill_mode, 99.0)
    assert np.abs(ours - keras).max() <= 1


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("method", EXACT)
def test_brightness_agrees_with_keras_on_8_bit_gray_and_rgb(method, channels):
    parameters = {"brightness_range": (0.3, 1.9)}
    ours, keras = run(method, images((8, 9, 9, channels), "uint8"), parameters, "nearest", 0.0)
    assert np.abs(ours - keras).max() <= 1


@pytest.mark.parametrize("channels", [5, 7])
@pytest.mark.parametrize("fill_mode", FILL_MODES)
@pytest.mark.parametrize("method", EXACT)
def test_more_channels_than_colours_agree_too(method, channels, fill_mode):
    x = images((4, 11, 14, channels), "uint8")
    ours, keras = run(method, x, ALL, fill_mode, 50.0)
    assert np.abs(ours - keras).max() <= 1


LAYOUTS = {
    "reversed": lambda x: x[::-1, ::-1],
    "every other": lambda x: np.repeat(x, 2, axis=2)[:, :, ::2],
    "Fortran": np.asfortranarray,
    "channels first": lambda x: np.moveaxis(np.ascontiguousarray(np.moveaxis(x, 3, 1)), 1, 3),
}


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("method", METHODS)
def test_how_an_array_lies_in_memory_does_not_matter(method, layout):
    x = LAYOUTS[layout](images((4, 9, 12, 3), "uint8"))
    x.flags.writeable = False
    expected = augmented(method, np.ascontiguousarray(x), ALL)
    np.testing.assert_array_equal(augmented(method, x, ALL), expected)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
def test_an_integer_batch_is_the_rounded_float_batch(method, dtype):
    x = images((4, 12, 12, 1), dtype)
    parameters = {**ALL, "channel_shift_range": 0.0}
    whole = augmented(method, x, parameters, "reflect", dtype=dtype)
    real = augmented(method, x, parameters, "reflect")
    assert whole.dtype == dtype
    np.testing.assert_array_equal(whole, np.rint(real))


@pytest.mark.parametrize("method", METHODS)
def test_the_source_is_never_written_to(method):
    x = images((4, 8, 8, 3), "float32")
    before = x.copy()
    augmented(method, x, {**ALL, "brightness_range": (0.5, 1.5)}, "wrap")
    np.testing.assert_array_equal(x, before)


@pytest.mark.parametrize("method", METHODS)
def test_an_empty_batch_stays_empty(method):
    assert augmented(method, images((0, 8, 8, 3), "uint8"), ALL).shape == (0, 8, 8, 3)


@pytest.mark.parametrize("value", [np.nan, np.inf])
@pytest.mark.parametrize("method", METHODS)
def test_a_pixel_that_is_no_number_spoils_no_other_image(method, value):
    x = images((4, 8, 8, 1), "float32")
    clean = augmented(method, x, ALL)
    x[1, 4, 4] = value
    spoilt = augmented(method, x, ALL)
    np.testing.assert_array_equal(spoilt[[0, 2, 3]], clean[[0, 2, 3]])
    assert not np.isfinite(spoilt[1]).all()


@pytest.mark.parametrize("method", METHODS)
def test_a_sample_is_the_same_in_any_batch_and_from_any_thread(method):
    x = images((8, 40, 30, 3), "uint8")
    together = augmented(method, x, ALL, "constant", 9.0)
    out = np.empty((2, 4, 40, 30, 3), np.float32)
    draws = drawn(x, ALL)

    def half(number):
        part = slice(4 * number, 4 * number + 4)
        own = type(draws)(*(None if v is None else v[part] for v in vars(draws).values()))
        METHODS[method](x[part], own, fill_mode="constant", cval=9.0, out=out[number])

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(half, (0, 1)))
    np.testing.assert_array_equal(out.reshape(x.shape), together)


def real_batch(method):
    x = images((32, 224, 224, 3), "uint8")
    return augmented(method, x, {**ALL, "channel_shift_range": 0.0}).tobytes()


@pytest.mark.parametrize("method", [name for name in METHODS if name not in NO_PROCESSES])
def test_forked_processes_give_the_same_real_sized_batch(method):
    expected = real_batch(method)
    with multiprocessing.get_context("fork").Pool(2) as pool:
        for found in pool.map_async(real_batch, [method] * 2).get(timeout=60):
            assert found == expected


@pytest.mark.parametrize("method", METHODS)
def test_the_global_random_state_is_left_alone(method):
    x = images((4, 8, 8, 1), "uint8")
    before = np.random.get_state()[1].copy(), random.getstate()
    augmented(method, x, ALL, "reflect", 0.5)
    np.testing.assert_array_equal(before[0], np.random.get_state()[1])
    assert before[1] == random.getstate()


def test_keras_layers_moves_pictures_the_way_that_keras_does():
    x = np.zeros((6, 48, 48, 1), np.float32)
    x[:, 8:30, 12:20] = 1  # a bar: turning it the wrong way round would show
    for name in ("rotation_range", "width_shift_range", "height_shift_range", "zoom_range"):
        parameters = {name: ALL[name], "horizontal_flip": True}
        ours, keras = run("keras_layers", x, parameters, "constant", 0.0)
        assert np.abs(ours - keras).mean() < 0.02, name


def test_methods_import_keras_only_when_they_are_used():
    code = (
        "import sys, workbench.pipeline.pipeline;"
        "print([m for m in ('keras', 'tensorflow', 'scipy') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
