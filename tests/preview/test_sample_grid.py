"""The sample grid: which samples it shows, how, and what it says about them."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from tests.conftest import array_settings
from workbench.pipeline.pipeline import Pipeline
from workbench.pipeline.sources.open_source import ArraySource, open_source
from workbench.preview.sample_grid import Tiles, check, display_range, draw, label_counts
from workbench.settings import Augmentation, Batch, FolderData, Settings


def decoded(jpeg, flags=cv2.IMREAD_UNCHANGED):
    picture = cv2.imdecode(np.frombuffer(jpeg, np.uint8), flags)
    assert picture is not None
    return picture


def test_the_grid_shows_the_first_samples_of_batch_0(rng):
    x = rng.integers(0, 256, (40, 20, 30, 1), np.uint8)
    settings = array_settings(x, batch=Batch(size=16), augmentation=Augmentation(rotation_range=30))
    p = Pipeline(settings, ArraySource(x, np.arange(40) % 2), subset=None)
    drawn = draw(p, Tiles(), 0, 0, "")
    picture = decoded(drawn.jpeg)
    images, labels = p.batch(0, 0)
    for place in (0, 3, 4, 7):
        row, column = divmod(place, 4)
        tile = picture[row * 20 : row * 20 + 20, column * 30 : column * 30 + 30]
        assert np.abs(tile - images[place, ..., 0]).mean() < 6
        other = images[(place + 1) % 8, ..., 0]
        assert np.abs(tile - other).mean() > 40, "the check must be able to fail"
        assert drawn.data["captions"][place]["label"] == str(labels[place])


@pytest.mark.parametrize("count", [1, 2, 5, 8, 9])
@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_the_grid_shows_any_number_of_any_images(count, channels, rng):
    x = rng.random((count, 9, 7, channels)).astype(np.float32)
    p = Pipeline(array_settings(x, batch=Batch(size=1)), ArraySource(x, None), subset=None)
    drawn = draw(p, Tiles(), 0, 0, "")
    assert len(drawn.data["captions"]) == min(count, 8)
    picture = decoded(drawn.jpeg, cv2.IMREAD_COLOR)
    assert picture.shape[:2] == (9 * (2 if count > 4 else 1), 7 * min(count, 4))


def test_original_and_augmented_show_the_same_samples(rng):
    x = rng.integers(0, 256, (40, 20, 30, 1), np.uint8)
    settings = array_settings(
        x, batch=Batch(size=16), augmentation=Augmentation(vertical_flip=True)
    )
    pipeline = Pipeline(settings, ArraySource(x, np.arange(40)), subset=None)
    original, both = (
        draw(pipeline, Tiles(), 0, 0, "", show) for show in ("original", "side by side")
    )
    rows = pipeline.order(0)
    tiles = decoded(original.jpeg)
    np.testing.assert_allclose(tiles[:20, :30], x[rows[0], ..., 0], atol=30)  # JPEG of noise
    labels = [text["label"] for text in both.data["captions"]]
    assert labels == [str(row) for row in rows[:4] for _ in range(2)]
    pairs = decoded(both.jpeg).astype(int)
    flipped = pipeline.draws(rows[:4], 0).flip_vertical
    assert flipped.any()
    for place, flips in enumerate(flipped):
        row, column = divmod(2 * place, 4)
        line = pairs[20 * row : 20 * row + 20]
        left, right = (line[:, 30 * n : 30 * n + 30] for n in (column, column + 1))
        assert np.abs((left[::-1] if flips else left) - right).mean() < 15
    assert "original" in both.data["captions"][0]["draw"]


def test_large_pictures_stay_under_200_kb(rng):
    x = cv2.GaussianBlur(rng.random((16 * 300, 300, 3)).astype(np.float32), (0, 0), 2)
    x = x.reshape(16, 300, 300, 3)
    p = Pipeline(array_settings(x, batch=Batch(size=1)), ArraySource(x, None), subset=None)
    assert len(draw(p, Tiles(), 0, 0, "").jpeg) < 200_000


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (0, 255, (0, 255, False)),
        (3, 200, (0, 255, False)),
        (0.1, 0.9, (0, 1, False)),
        (0, 40_000, (0, 65535, False)),
        (0, 20, (0, 20, True)),
        (-2.1, 3.4, (-2.1, 3.4, True)),
        (5, 5, (5, 5, True)),
    ],
)
def test_contrast_is_stretched_where_the_scale_is_unusual_or_barely_used(low, high, expected):
    assert display_range(np.array([low, high], np.float64)) == expected


def test_check_names_what_could_be_wrong():
    images = np.zeros((4, 3, 3, 1), np.float32)
    images[0, 0, 0] = np.nan
    images[1] += np.arange(9).reshape(3, 3, 1)
    images[2] = images[1]
    said = check(images, 2)
    for words in ("float32", "NaN in 1 image", "1 image of one flat colour", "1 duplicate ",
                  "range 0 … 8", "2 unreadable skipped"):  # fmt: skip
        assert words in said


def test_labels_are_counted_by_class_name(class_folder):
    for mode in ("int", "categorical", "binary"):
        data = FolderData(path=str(class_folder), label_mode=mode)
        assert "clear 6 / nodule 4" in label_counts(open_source(Settings.for_data(data)))
