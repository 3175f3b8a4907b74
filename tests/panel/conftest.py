"""Open panels, and what tests of several kinds of data ask of them."""

from __future__ import annotations

import logging
import random
import re
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import workbench as wb
from tests.loaders import loaders_zoo as zoo
from tests.panel.driver import PanelDriver
from workbench.panel import measure_jobs, picture_thread

FUNCTIONS = (zoo.wait, zoo.load, zoo.pair, zoo.endless, zoo.finite, zoo.in_the_body, zoo.nested)


@pytest.fixture(autouse=True)
def _short_rests(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody moves these sliders any more, and no figure is looked at."""
    monkeypatch.setattr(measure_jobs, "REST", 0.05)
    monkeypatch.setattr(measure_jobs, "RATE_SECONDS", 0.1)
    monkeypatch.setattr(picture_thread, "REFRESH", 0.05)
    monkeypatch.setattr(picture_thread, "PICTURE_GAP", 0.01)


@pytest.fixture
def opened() -> Iterator[Callable[..., PanelDriver]]:
    """Opens panels, and closes them however the test ends."""
    panels: list[wb.Workbench] = []

    def open_(*data: Any, **controls: Any) -> PanelDriver:
        panels.append(wb.Workbench(*data, **controls))
        return PanelDriver(panels[-1])

    yield open_
    for panel in panels:
        panel.close()


@pytest.fixture
def driver(class_folder, opened) -> PanelDriver:
    """Drives a panel on a folder of ten scans, eight of them for training."""
    return opened(class_folder)


@pytest.fixture
def panel(driver) -> wb.Workbench:
    """The panel that `driver` drives."""
    return driver.panel


def turn(driver: PanelDriver, action: str, **details: Any) -> dict[str, Any]:
    """Press a button that leads to another picture; the picture's data."""
    driver.press(action, **details)
    return driver.drawn()


def assert_shows(driver: PanelDriver, images: Any) -> None:
    """The first tiles are these images, stretched from their least to their greatest value."""
    low, high = (float(n) for n in re.findall(r"-?[\d.]+", driver.drawn()["range"])[:2])
    images = np.asarray(images, np.float64)
    # Three digits are shown.
    assert low == pytest.approx(images.min(), rel=0.01)
    assert high == pytest.approx(images.max(), rel=0.01)
    picture, (count, height, width) = driver.picture(), images.shape[:3]
    for place in range(min(count, 8)):
        row, column = divmod(place, min(4, count))
        top, left = row * height, column * width
        tile = picture[top : top + height, left : left + width]
        wanted = (images[place] - low) * 255 / ((high - low) or 1)
        wanted = wanted.mean(axis=-1) if wanted.ndim == 3 else wanted
        assert np.abs(tile - wanted).mean() < 6, f"tile {place}"


def column(driver: PanelDriver) -> list[Any]:
    """The widgets in the column of controls."""

    def inside(widget: Any) -> Iterator[Any]:
        yield widget
        for child in getattr(widget, "children", ()):
            yield from inside(child)

    (box,) = (w for w in inside(driver.widget("root")) if "wb-controls" in w._dom_classes)
    return list(box.children)


def headings(driver: PanelDriver) -> list[str]:
    """The texts in the column of controls that are no control."""
    return [w.value for w in column(driver) if type(w).__name__ in ("Label", "HTML")]


def own_threads() -> set[threading.Thread]:
    """Threads of panels and loaders; those of TensorFlow's and Python's pools stay."""
    names = ("workbench-", "Thread-")
    return {thread for thread in threading.enumerate() if thread.name.startswith(names)}


def process_state() -> dict[str, Any]:
    """What a loader may change in its process and a panel has to restore."""
    return {
        "code": [f.__code__ for f in FUNCTIONS],
        "numpy": np.random.get_state()[1].tolist(),  # type: ignore[index]
        "random": random.getstate(),
        "streams": (sys.stdout, sys.stderr),
        "handlers": logging.getLogger().handlers[:],
        "warnings": (warnings.filters[:], warnings.showwarning),
        "switch": sys.getswitchinterval(),
    }
