"""Controls: the settings they show, read back and leave alone."""

from __future__ import annotations

import pytest

from workbench.panel.controls import Controls
from workbench.settings import Augmentation, Batch, FolderData, Settings


def controls(**groups):
    settings = Settings.for_data(FolderData(path="scans"), **groups)
    moved = []
    return Controls(settings, lambda: moved.append(1)), settings, moved


def test_a_moved_control_changes_its_setting_and_nothing_else():
    c, settings, moved = controls()
    c.by_name["rotation_range"].widget.value = 12.0
    assert c.settings() == settings.updated({"augmentation": {"rotation_range": 12.0}})
    assert moved == [1]


@pytest.mark.parametrize(
    "augmentation",
    [
        {"zoom_range": 0.2},
        {"zoom_range": (0.8, 1.2)},
        {"zoom_range": (0.8, 1.9)},
        {"brightness_range": (0.5, 3.0)},
        {"width_shift_range": 12},
        {"rescale": 1 / 127.5},
        {"rescale": 1 / 255},
        {"cval": -1000.0},
        {"shear_range": 0.137},
    ],
)
def test_settings_that_no_control_has_touched_survive(augmentation):
    c, settings, moved = controls(augmentation=Augmentation(**augmentation))
    assert c.settings() == settings
    other, _, _ = controls()
    other.show(settings)
    other.by_name["workers"].widget.value = 3
    assert other.settings() == settings.updated({"feed": {"workers": 3}})
    assert not moved


def test_sliders_grow_for_values_beyond_them():
    c, _, _ = controls(batch=Batch(size=1000), augmentation=Augmentation(zoom_range=(0.1, 3.0)))
    assert c.by_name["batch_size"].widget.value == 1000
    assert c.by_name["zoom_range"].widget.value == (0.1, 3.0)
    odd, settings, _ = controls()
    settings = settings.updated({"data": {"image_size": [100, 300]}})
    odd.show(settings)
    assert odd.settings() == settings


def test_the_ranges_read_back_as_pairs():
    c, _, _ = controls()
    c.by_name["zoom_range"].widget.value = (0.8, 1.1)
    c.by_name["brightness_range"].widget.value = (0.5, 1.5)
    assert c.settings().augmentation.zoom_range == (0.8, 1.1)
    assert c.settings().augmentation.brightness_range == (0.5, 1.5)
    c.by_name["brightness_range"].widget.value = (1.0, 1.0)
    assert c.settings().augmentation.brightness_range is None
