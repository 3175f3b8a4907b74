"""How much memory a batch takes while it is made."""

from __future__ import annotations

import tracemalloc

import cv2
import pytest

from tests.conftest import array_settings
from workbench.pipeline.cache.buffers import Buffers
from workbench.pipeline.pipeline import Pipeline
from workbench.pipeline.sources.open_source import ArraySource
from workbench.settings import Augmentation, Batch

WARPED = {"rotation_range": 20, "width_shift_range": 0.2, "zoom_range": 0.2}
# Threads and the like, however large the images are.
BOOKKEEPING = 2**16
SCALED = {"samplewise_center": True, "samplewise_std_normalization": True}


def peak_and_batch(p):
    p.batch(0, 0)  # tables of draws that stay
    p._buffers = Buffers()  # and memory for what is read, which counts
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        images = p.batch(1, 0)[0]
        return tracemalloc.get_traced_memory()[1] - before, images
    finally:
        tracemalloc.stop()


def check(rng, read, made, threads, shape=(64, 128, 128, 3), **augmentation):
    x = rng.integers(0, 256, shape).astype(read)
    settings = array_settings(
        x, batch=Batch(dtype=made), augmentation=Augmentation(**{**WARPED, **augmentation})
    )
    before = cv2.getNumThreads()
    cv2.setNumThreads(threads)
    try:
        peak, images = peak_and_batch(Pipeline(settings, ArraySource(x, None), subset=None))
    finally:
        cv2.setNumThreads(before)
    assert images.dtype == made
    assert peak <= x[:32].nbytes + images.nbytes + images.nbytes // 2 + BOOKKEEPING
    assert peak >= images.nbytes, "tracemalloc sees NumPy's memory"


@pytest.mark.parametrize("fill_mode", ["nearest", "constant", "reflect", "wrap"])
@pytest.mark.parametrize("read", ["uint8", "float32"])
@pytest.mark.parametrize(
    "more", [SCALED, {"channel_shift_range": 9, "brightness_range": (0.5, 1.5)}]
)
def test_a_batch_takes_what_is_read_what_is_made_and_half_of_that(read, more, fill_mode, rng):
    check(rng, read, "float32", 2, **more, fill_mode=fill_mode)


@pytest.mark.parametrize("threads", [1, 2, 8])
@pytest.mark.parametrize("made", ["uint8", "uint16"])
@pytest.mark.parametrize("fill_mode", ["nearest", "constant", "reflect", "wrap"])
@pytest.mark.parametrize(
    "more", [{}, {"channel_shift_range": 9}, {"channel_shift_range": 9, "brightness_range": (1, 2)}]
)
def test_so_does_an_integer_batch(more, fill_mode, made, threads, rng):
    check(rng, "uint8", made, threads, **more, fill_mode=fill_mode)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("rotation", [45, 180])
@pytest.mark.parametrize("fill_mode", ["nearest", "constant", "reflect", "wrap"])
def test_so_does_a_batch_of_bytes_however_far_it_is_turned(fill_mode, rotation, channels, rng):
    turned = {"rotation_range": rotation, "brightness_range": (1, 2)}
    shape = (64, 128, 128, channels)
    check(rng, "uint8", "uint8", 2, shape=shape, **turned, fill_mode=fill_mode)
