"""Every pixel of our methods against Keras's own `apply_transform`."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.generators.augment import METHODS
from workbench.generators.draws import draw
from workbench.settings import Augmentation, AugmentMethod

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
FILL_MODES = ["nearest", "constant", "reflect", "wrap"]
TOPS = {"uint8": 255, "uint16": 65535, "float32": 1.0}


def images(shape, dtype, seed=0):
    rng = np.random.default_rng(seed)
    if dtype == "float32":
        return rng.random(shape, np.float32)
    return rng.integers(0, TOPS[dtype] + 1, shape).astype(dtype)


def keras_reference(x, draws, fill_mode, cval):
    from tensorflow.keras.preprocessing.image import ImageDataGenerator

    keras = ImageDataGenerator(fill_mode=fill_mode, cval=cval, data_format="channels_last")
    rows = [keras.apply_transform(image.astype(np.float32), draws[i]) for i, image in enumerate(x)]
    return np.stack(rows)


def run(method, x, parameters, fill_mode, cval, dtype="float32"):
    draws = draw(np.arange(len(x)), 0, 3, Augmentation(**parameters), x.shape[1:])
    out = np.empty(x.shape, dtype)
    METHODS[method](x, draws, fill_mode=fill_mode, cval=cval, out=out)
    return out, keras_reference(x, draws, fill_mode, cval)


def test_the_registry_has_the_methods_that_settings_name():
    assert set(METHODS) == set(AugmentMethod.__args__)


@pytest.mark.parametrize("fill_mode", FILL_MODES)
@pytest.mark.parametrize("name", [*ALL, "all", "none"])
@pytest.mark.parametrize("method", METHODS)
def test_each_parameter_alone_and_all_together(method, name, fill_mode):
    parameters = {"all": ALL, "none": {}}.get(name) or ({name: ALL[name]} if name in ALL else {})
    x = images((8, 33, 20, 3), "uint8")
    ours, keras = run(method, x, parameters, fill_mode, 77.0)
    assert np.abs(ours - keras).max() <= 1


@settings(max_examples=60, deadline=None)
@given(
    size=st.tuples(st.integers(1, 24), st.integers(1, 24)),
    channels=st.integers(1, 4),
    dtype=st.sampled_from(sorted(TOPS)),
    fill_mode=st.sampled_from(FILL_MODES),
    seed=st.integers(0, 1000),
)
def test_opencv_agrees_with_keras_for_any_size_depth_and_border(
    size, channels, dtype, fill_mode, seed
):
    x = images((3, *size, channels), dtype, seed)
    parameters = {**ALL, "channel_shift_range": 0.1 * TOPS[dtype]}
    ours, keras = run("opencv", x, parameters, fill_mode, 0.3 * TOPS[dtype])
    assert np.abs(ours - keras).max() <= (1 if dtype == "uint8" else 0.005 * TOPS[dtype])


@pytest.mark.parametrize("size", [(1, 1), (2, 3), (1, 7), (7, 1)])
@pytest.mark.parametrize("fill_mode", FILL_MODES)
def test_the_smallest_images(size, fill_mode):
    ours, keras = run("opencv", images((6, *size, 1), "uint8"), ALL, fill_mode, 9.0)
    assert np.abs(ours - keras).max() <= 1


@pytest.mark.parametrize("channels", [1, 3])
def test_brightness_agrees_with_keras_on_8_bit_gray_and_rgb(channels):
    parameters = {"brightness_range": (0.3, 1.9)}
    ours, keras = run("opencv", images((8, 9, 9, channels), "uint8"), parameters, "nearest", 0.0)
    assert np.abs(ours - keras).max() <= 1


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
def test_an_integer_batch_is_the_rounded_float_batch(method, dtype):
    x = images((4, 12, 12, 1), dtype)
    parameters = {**ALL, "channel_shift_range": 0.0}
    whole, _ = run(method, x, parameters, "reflect", 0.0, dtype)
    real, _ = run(method, x, parameters, "reflect", 0.0)
    assert whole.dtype == dtype
    np.testing.assert_array_equal(whole, np.rint(real))


@pytest.mark.parametrize("method", METHODS)
def test_the_source_is_never_written_to(method):
    x = images((4, 8, 8, 3), "float32")
    before = x.copy()
    x.flags.writeable = False
    run(method, x, {**ALL, "brightness_range": (0.5, 1.5)}, "wrap", 0)
    np.testing.assert_array_equal(x, before)


def test_keras_loop_leaves_the_global_random_state_alone():
    before = np.random.get_state()[1].copy()
    run("keras_loop", images((4, 8, 8, 1), "uint8"), ALL, "nearest", 0.0)
    np.testing.assert_array_equal(before, np.random.get_state()[1])
