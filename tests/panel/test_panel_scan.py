"""What the panel shows of the files, and how a long scan shares the measuring thread."""

from __future__ import annotations

import json
import threading

import cv2
import numpy as np
import pytest

import workbench as wb
from workbench.panel import file_scan
from workbench.pipeline.sources.open_source import open_source
from workbench.settings import FolderData, Settings


def scanned(driver):
    driver.wait_until(lambda: "rows" in driver.data("scan"))
    return driver.data("scan")


def test_the_panel_shows_what_the_files_are(driver, class_folder):
    data = scanned(driver)
    found = wb.scan(class_folder)
    (low, _, high), (left, _, right) = found.heights, found.widths
    assert data["summary"] == (
        f"10 files · PNG · gray 8-bit · {low}…{high} × {left}…{right}, {found.sizes} sizes · "
        "2 classes, 6 / 4 · no unreadable files"
    )
    assert dict(data["rows"]) == found.table()
    assert data["warnings"] == []


def test_what_is_odd_about_the_files_is_said_without_opening(class_folder, rng, opened):
    for number in range(60):
        size = (400, 30) if number % 2 else (30, 30)
        image = rng.integers(0, 65536, (*size, 3), np.uint16)
        cv2.imwrite(str(class_folder / "clear" / f"deep{number}.tiff"), image)
    evil = "<img src=x onerror=alert(1)>\n.png"
    (class_folder / "nodule" / evil).write_bytes(b"no image")
    (class_folder / "nodule" / "z\udcff.png").touch()  # on disk a byte that is no UTF-8
    data = scanned(opened(class_folder))
    unreadable, colours, depths, uneven, sizes = data["warnings"]
    assert unreadable.startswith(
        f"Unreadable: nodule/{evil} (UnidentifiedImageError: cannot identify image file)"
    )
    assert unreadable.endswith(", and 1 more")
    assert colours.startswith("Mixed colours: RGB 60, gray 10.")
    assert depths.startswith("60 files are 16-bit, 10 files are 8-bit;")
    assert uneven == "Uneven classes: clear 66, nodule 6 (11×)"
    assert "…400, widths " in sizes
    assert data["rows"][-2][0] == f"nodule/{evil}"
    assert data["rows"][-1][0] == "nodule/z\\udcff.png"
    json.dumps(data, ensure_ascii=False).encode()  # as Jupyter sends it


def test_of_many_unreadable_files_a_hundred_are_named(class_folder):
    for number in range(130):
        (class_folder / "clear" / f"bad{number}.png").touch()
    source = open_source(Settings.for_data(FolderData(path=str(class_folder))))
    data = file_scan.FileScan(source).advance(60)
    assert data["rows"][-1] == ["", "and 30 more"]
    assert sum("bad" in name for name, _ in data["rows"]) == 100
    assert data["summary"].endswith("130 unreadable")


def test_arrays_have_no_files_to_scan(rng, opened):
    driver = opened((rng.random((30, 8, 8, 1)), None))
    driver.wait_until(lambda: driver.data("profile"))
    assert not any(driver.data("scan").values())


class SlowLooks:
    """Looks at files, one in 50 ms until `hurry` is set, and counts them."""

    def __init__(self, look_at):
        self.count, self.hurry, self._look_at = 0, threading.Event(), look_at

    def __call__(self, *arguments):
        self.hurry.wait(0.05)
        self.count += 1
        return self._look_at(*arguments)


@pytest.fixture
def looks(class_folder, monkeypatch):
    """A folder of 400 files whose headers come slowly."""
    for number in range(390):
        (class_folder / f"nodule/x{number}.png").hardlink_to(class_folder / "nodule/0.png")
    slow = SlowLooks(file_scan.look_at)
    monkeypatch.setattr(file_scan, "look_at", slow)
    return slow


def test_a_long_scan_goes_on_between_batches_and_keeps_nobody_waiting(looks, driver):
    assert driver.data("scan").get("summary", "Scanning").startswith("Scanning")
    driver.wait_until(lambda: driver.data("profile"))
    assert "rows" not in driver.data("scan"), "the profile comes before the scan's end"
    assert driver.data("scan")["summary"].endswith(" of 400")
    with driver.running_cell():
        driver.wait_until(lambda: driver.text("status") == "Paused while a cell runs.")
        before = looks.count
        driver.refreshed()
        assert looks.count == before, "nothing runs beside a cell"
    looks.hurry.set()
    driver.widget("live").value = False
    assert scanned(driver)["summary"].startswith("400 files")


def test_a_long_scan_ends_with_the_panel(looks, panel, driver):
    driver.wait_until(lambda: driver.data("profile"))
    panel.close()
    assert driver.threads() == []
    assert looks.count < 400


def test_an_unreadable_file_stops_the_profile_and_not_the_scan(class_folder, opened):
    for file in class_folder.rglob("*.png"):
        file.write_bytes(b"no image")
    driver = opened(class_folder)
    assert scanned(driver)["summary"].endswith("10 unreadable")
    driver.wait_until(lambda: "UnreadableFileError" in driver.text("error"))
