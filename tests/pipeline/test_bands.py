"""A warp by bands of rows, from bordered parts of the source, is OpenCV's warp of the whole."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from workbench.pipeline.augment import bands

BORDERS = {"nearest": cv2.BORDER_REPLICATE, "reflect": cv2.BORDER_REFLECT}


def random_matrix(rng, height, width):
    """Any turn, zoom by 0.3 to 2, and shifts by up to two and a half images."""
    angle, (zx, zy) = rng.uniform(-np.pi, np.pi), rng.uniform(0.3, 2, 2)
    x, y = rng.uniform(-1.5, 2.5, 2) * (width, height)
    sin, cos = np.sin(angle), np.cos(angle)
    return np.array([[cos * zx, -sin * zy, x], [sin * zx, cos * zy, y]])


@pytest.mark.parametrize("border", BORDERS)
@pytest.mark.parametrize("dtype", ["float32", "uint8", "uint16"])
def test_bands_make_the_whole_warp(border, dtype, rng, monkeypatch):
    monkeypatch.setattr(bands, "MIN_VALUES_TO_CUT", 0)  # parts of small images too
    for _ in range(300):
        height, width = rng.integers(1, 50, 2).tolist()
        image = rng.integers(0, 256, (height, width, rng.choice([1, 3, 4]))).astype(dtype)
        matrix = random_matrix(rng, height, width)
        whole = cv2.warpAffine(
            image, matrix, (width, height), None, bands.INVERSE, BORDERS[border]
        ).reshape(image.shape)
        made = np.empty_like(image)
        for rows in bands.split_rows(height, rng.integers(1, 6)):
            bands.warp(image, matrix, BORDERS[border], rows, made)
        # Coordinates from another corner are rounded otherwise: a whole level where that decides.
        allowed = 0.02 if dtype == "float32" else 1
        assert np.abs(whole.astype(float) - made).max() <= allowed


@pytest.mark.parametrize(("height", "count"), [(1, 4), (7, 3), (16, 16), (100, 4)])
def test_bands_are_all_rows_once(height, count):
    rows = [row for part in bands.split_rows(height, count) for row in range(height)[part]]
    assert rows == list(range(height))


@pytest.mark.parametrize("border", BORDERS)
def test_a_part_holds_no_more_than_twice_the_image(border, rng):
    image = rng.integers(0, 256, (192, 192, 3), np.uint8)
    for _ in range(200):
        matrix = random_matrix(rng, 192, 192)
        for rows in bands.split_rows(192, 4):
            part, _, _ = bands._visible_part(image, matrix, BORDERS[border], rows)
            assert part.size <= bands.MAX_GROWTH * image.size
