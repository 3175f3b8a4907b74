"""Featurewise scaling in the panel: the pass over the training images and what becomes of it."""

from __future__ import annotations

import time

import cv2
import numpy as np
import pytest

import workbench as wb
from workbench.panel import pipeline_subject
from workbench.pipeline import statistics
from workbench.pipeline.images.file_bytes import UnreadableFileError
from workbench.settings import SettingsError


def fitted(driver):
    """Wait until statistics are known; those of the settings shown."""
    driver.wait_until(lambda: not driver.report.request.fit)
    return driver.panel.settings.statistics


def assert_own_statistics(panel):
    """They are those of the training images, decoded anew and all at once."""
    found = panel.settings.statistics
    pipeline = wb.Tuned(settings=panel.settings).dataset().pipeline
    files = [pipeline.source.listing.paths[row] for row in pipeline.rows]
    size = pipeline.source.shape[1::-1]
    read = [np.asarray(cv2.imread(file, cv2.IMREAD_GRAYSCALE)) for file in files]
    images = np.stack([cv2.resize(image, size, interpolation=cv2.INTER_AREA) for image in read])
    expected = images.mean(), images.std()
    np.testing.assert_allclose((found.mean[0], found.std[0]), expected, rtol=1e-6)
    assert found.n == 8


def test_a_featurewise_box_computes_the_statistics_and_the_picture_follows(panel, driver, tmp_path):
    driver.wait_until(lambda: driver.jpeg)
    driver.widget("live").value = False
    before = driver.jpeg
    driver.move(featurewise_center=True)
    found = fitted(driver)
    assert_own_statistics(panel)
    driver.wait_until(lambda: driver.jpeg != before)
    driver.wait_until(lambda: f"mean {found.mean[0]:.0f}, std " in driver.text("status"))
    assert " of 8 images." in driver.text("status")
    assert float(driver.data("preview")["range"].split()[2]) < 0, "pixels below the mean"
    tuned = wb.load(panel.export(tmp_path / "t.json"))
    assert tuned.settings == panel.settings
    assert panel.settings.statistics == found
    images = tuned.dataset().batch(0, 0)[0]
    plain = tuned.settings.updated({"augmentation": {"featurewise_center": False}})
    np.testing.assert_allclose(
        wb.Tuned(settings=plain).dataset().batch(0, 0)[0] - images, found.mean[0], rtol=1e-4
    )


def test_statistics_are_those_of_the_images_as_they_are_read(panel, driver, monkeypatch):
    fits = []

    def fit(*arguments):
        fits.append(arguments)
        return statistics.fit(*arguments)

    monkeypatch.setattr(pipeline_subject, "fit", fit)
    driver.move(featurewise_center=True, featurewise_std=True)
    first = fitted(driver)
    count = len(fits)
    driver.move(rotation_range=3, batch_size=2)
    assert fitted(driver) == first
    assert len(fits) == count, "neither rotation nor batch size changes what is read"
    driver.move(image_size=(32, 32))
    second = fitted(driver)
    assert len(fits) == count + 1
    assert second != first
    assert_own_statistics(panel)
    driver.move(featurewise_center=False, featurewise_std=False)
    assert panel.settings.statistics is None, "what nobody uses is not exported"
    driver.move(featurewise_center=True)
    assert fitted(driver) == second
    assert len(fits) == count + 1, "they are still known"


def test_set_computes_statistics_before_it_returns(panel, driver):
    panel.set(featurewise_center=True, featurewise_std=True, image_size=[64, 64])
    assert_own_statistics(panel)
    assert driver.control("featurewise_center").value
    panel.set(image_size=[32, 32])
    assert_own_statistics(panel)


def test_set_leaves_the_panel_as_it_is_when_statistics_cannot_be_had(panel, driver, class_folder):
    for file in class_folder.rglob("*.png"):
        file.write_bytes(b"no image")
    before = panel.settings
    with pytest.raises(UnreadableFileError, match=r"\.png"):
        panel.set(featurewise_center=True)
    with pytest.raises(SettingsError, match="uint8 cannot hold"):
        panel.set(featurewise_center=True, dtype="uint8")
    assert panel.settings == before
    assert not driver.control("featurewise_center").value


@pytest.fixture
def passes(driver, monkeypatch):
    """The panel computes statistics and does not come to an end; the passes begun, to count."""
    begun = []

    def endless(pipeline, progress):
        begun.append(0)
        while True:
            progress(begun[-1])
            begun[-1] += 1
            time.sleep(0.001)

    monkeypatch.setattr(pipeline_subject, "fit", endless)
    driver.move(featurewise_center=True)
    driver.wait_until(lambda: "of 8 training images" in driver.text("status"))
    return begun


@pytest.mark.usefixtures("passes")
def test_statistics_in_the_making_are_neither_used_nor_exported(panel, driver, tmp_path):
    assert driver.text("status").startswith("Statistics: ")
    with pytest.raises(SettingsError, match="not known yet for featurewise_center"):
        panel.export(tmp_path / "t.json")
    driver.widget("path").value = str(tmp_path / "t.json")
    driver.press("export")
    driver.wait_until(lambda: "statistics: not known yet" in driver.text("message"))
    assert not (tmp_path / "t.json").exists()


@pytest.mark.usefixtures("passes")
def test_stop_ends_the_pass_and_unchecks_the_boxes(panel, driver):
    assert driver.data("head")["busy"] is not None
    driver.press("stop")
    driver.wait_until(lambda: driver.text("status").startswith("Live: "))
    assert not driver.control("featurewise_center").value
    assert not panel.settings.augmentation.needs_statistics


@pytest.mark.usefixtures("passes")
def test_unchecking_ends_the_pass_and_live_goes_on(driver):
    driver.move(featurewise_center=False)
    driver.wait_until(lambda: driver.text("status").startswith("Live: "))


def test_another_rotation_lets_the_pass_go_on_and_another_size_does_not(
    panel, driver, passes, monkeypatch
):
    driver.move(rotation_range=3)
    driver.drawn()
    seen = passes[0]
    driver.wait_until(lambda: passes[0] > seen + 10)
    assert len(passes) == 1
    monkeypatch.setattr(pipeline_subject, "fit", statistics.fit)
    driver.move(image_size=(32, 32))
    fitted(driver)
    assert_own_statistics(panel)
    assert panel.settings.augmentation.rotation_range == 3


def test_a_pass_makes_way_for_who_measures_and_starts_again(driver, passes):
    with driver.measuring_elsewhere():
        driver.wait_until(lambda: "something else is measured" in driver.text("status"))
    driver.wait_until(lambda: "training images" in driver.text("status"))
    assert len(passes) == 2


@pytest.mark.usefixtures("passes")
def test_closing_ends_the_pass(panel, driver):
    panel.close()
    assert driver.threads() == []


def test_an_error_of_the_pass_shows_and_the_next_change_tries_again(driver, class_folder):
    driver.wait_until(lambda: driver.data("profile"))
    driver.widget("live").value = False
    good = {file: file.read_bytes() for file in class_folder.rglob("*.png")}
    for file in good:
        file.write_bytes(b"no image")
    driver.move(featurewise_center=True)
    driver.wait_until(lambda: "UnreadableFileError" in driver.text("error"))
    for file, content in good.items():
        file.write_bytes(content)
    driver.move(seed=5)
    assert fitted(driver).n == 8
    driver.wait_until(lambda: not driver.text("error"))


def test_imported_statistics_are_used_as_they_are(panel, driver, tmp_path, monkeypatch):
    panel.set(featurewise_center=True)
    wanted = panel.settings
    file = panel.export(tmp_path / "t.json")
    driver.press("reset")
    assert panel.settings.statistics is None
    monkeypatch.setattr(pipeline_subject, "fit", None)
    panel.import_(file)
    assert panel.settings == wanted
