"""Shared fixtures. TensorFlow's start-up notes stay out of the reports."""

from __future__ import annotations

import multiprocessing
import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")

from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.clock import clock  # noqa: F401  (a fixture for all)
from workbench.settings import ArraysData, Settings

ROOT = Path(__file__).parents[1]


def array_settings(x, **groups):
    """Settings for an array, all of it training data."""
    data = ArraysData(shape=x.shape, dtype=x.dtype.name, validation_split=0.0)
    return Settings.for_data(data, **groups)


@pytest.fixture
def rng():
    return np.random.default_rng(7)


@pytest.fixture
def class_folder(tmp_path, rng):
    """Two classes of gray PNG scans of differing sizes: `clear` has 6, `nodule` 4."""
    folder = tmp_path / "scans"
    for name, count in (("clear", 6), ("nodule", 4)):
        (folder / name).mkdir(parents=True)
        for number in range(count):
            size = rng.integers(20, 40, 2)
            image = rng.integers(0, 256, size, np.uint8)
            assert cv2.imwrite(str(folder / name / f"{number}.png"), image)
    return folder


@pytest.fixture
def spawn(monkeypatch):
    """Worker processes are spawned, as on macOS and Windows."""
    from keras.src.trainers.data_adapters import py_dataset_adapter

    method = multiprocessing.get_start_method()
    multiprocessing.set_start_method("spawn", force=True)
    monkeypatch.setattr(py_dataset_adapter, "_WORKER_ID_QUEUE", None)  # it belongs to its method
    yield
    multiprocessing.set_start_method(method, force=True)
