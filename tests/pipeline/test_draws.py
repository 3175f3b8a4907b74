from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from workbench.pipeline.draws import BLOCK, COLUMNS, draw
from workbench.settings import Augmentation

EVERYTHING = Augmentation(
    rotation_range=30,
    width_shift_range=0.2,
    height_shift_range=0.1,
    shear_range=5.0,
    zoom_range=(0.8, 1.3),
    channel_shift_range=20.0,
    brightness_range=(0.5, 1.5),
    horizontal_flip=True,
    vertical_flip=True,
)
SHAPE = (100, 50, 1)


def test_a_draw_belongs_to_the_sample_and_not_to_its_batch():
    together = draw(np.arange(100), 3, 7, EVERYTHING, SHAPE)
    apart = draw(np.array([99, 4]), 3, 7, EVERYTHING, SHAPE)
    assert apart[0] == together[99]
    assert apart[1] == together[4]


def test_one_range_does_not_shift_another_parameters_numbers():
    rows = np.arange(50)
    alone = draw(rows, 0, 7, Augmentation(shear_range=5.0), SHAPE)
    np.testing.assert_array_equal(alone.shear, draw(rows, 0, 7, EVERYTHING, SHAPE).shear)


@pytest.mark.parametrize(("seed", "epoch"), [(8, 3), (7, 4)])
def test_another_seed_or_epoch_draws_anew(seed, epoch):
    rows = np.arange(50)
    first, other = (draw(rows, e, s, EVERYTHING, SHAPE) for s, e in ((7, 3), (seed, epoch)))
    assert not np.any(first.theta == other.theta)


def test_rows_beyond_the_first_block_come_from_their_own_generator():
    row = np.array([BLOCK + 5])
    expected = np.random.default_rng([7, 2, 1]).random((BLOCK, len(COLUMNS)))[5]
    assert draw(row, 2, 7, EVERYTHING, SHAPE).theta[0] == pytest.approx(-30 + 60 * expected[0])


def test_nothing_is_drawn_from_the_global_state():
    before = np.random.get_state()[1].copy()
    draw(np.arange(9), 0, 1, EVERYTHING, SHAPE)
    np.testing.assert_array_equal(before, np.random.get_state()[1])


PARAMETERS = {
    "rotation_range": (30, "theta"),
    "height_shift_range": (0.1, "tx"),
    "width_shift_range": (0.2, "ty"),
    "shear_range": (5.0, "shear"),
    "zoom_range": ((0.8, 1.3), "zx"),
    "channel_shift_range": (20.0, "channel_shift_intensity"),
    "brightness_range": ((0.5, 1.5), "brightness"),
    "horizontal_flip": (True, "flip_horizontal"),
}


@pytest.mark.parametrize(
    ("name", "value", "column"),
    [
        *((name, value, column) for name, (value, column) in PARAMETERS.items()),
        ("height_shift_range", 4, "tx"),
        ("width_shift_range", 6, "ty"),
        ("width_shift_range", 3.5, "ty"),
        ("zoom_range", 0.3, "zy"),
    ],
)
def test_distribution_is_that_of_keras_get_random_transform(name, value, column):
    from tensorflow.keras.preprocessing.image import ImageDataGenerator

    value = list(value) if isinstance(value, tuple) else value
    keras = ImageDataGenerator(**{name: value}, data_format="channels_last")
    state = np.random.get_state()
    np.random.seed(0)
    theirs = np.array([keras.get_random_transform(SHAPE)[column] for _ in range(4000)], float)
    np.random.set_state(state)
    field = tuple(value) if isinstance(value, list) else value
    ours = getattr(draw(np.arange(4000), 0, 0, Augmentation(**{name: field}), SHAPE), column)
    assert stats.ks_2samp(theirs, ours.astype(float)).pvalue > 1e-3
    assert np.ptp(ours.astype(float)) == pytest.approx(np.ptp(theirs), rel=0.02)
    if name.endswith("shift_range") and isinstance(value, int):
        assert set(ours) == set(theirs)  # whole pixels
