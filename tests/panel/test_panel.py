"""The panel on data of the workbench's own, without a browser."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading

import numpy as np
import pytest
from ipywidgets.widgets.widget import _instances as WIDGETS

import workbench as wb
from tests.conftest import array_settings
from workbench.panel import evidence
from workbench.panel.area_widget import AreaWidget
from workbench.panel.quiet_stderr import quiet_stderr
from workbench.settings import Batch, FolderData, SettingsError


def test_the_panel_draws_profiles_and_measures_by_itself(driver):
    driver.wait_until(lambda: driver.jpeg)
    driver.wait_until(lambda: "random_transform" in str(driver.text("slowest")))
    driver.wait_until(lambda: "an epoch takes at least" in driver.text("sentence"))
    assert driver.data("profile")["functions"][0]["name"] == "Dataset.__getitem__"
    assert driver.text("title").startswith("scans · 10 images, 8 for training · batch 4 ×")
    driver.wait_until(lambda: driver.text("slowest")[1].startswith("keras_loop.py:"))
    driver.wait_until(lambda: driver.text("suggestion") == "opencv")


def test_try_moves_to_the_suggested_method_and_the_picture_stays(panel, driver):
    driver.wait_until(lambda: driver.text("suggestion"))
    before = driver.picture()
    driver.press("try")
    driver.wait_until(lambda: not driver.text("suggestion"))
    assert panel.settings.methods.augment == "opencv"
    driver.drawn()
    assert np.abs(driver.picture() - before).max() <= 4  # 1 grey level, and JPEG's own loss
    driver.wait_until(lambda: driver.data("head").get("stale") is False)


def test_set_moves_the_controls_and_the_picture(panel, driver):
    driver.wait_until(lambda: driver.jpeg)
    before = driver.jpeg
    panel.set(rotation_range=90, batch_size=3)
    assert driver.control("rotation_range").value == 90
    assert panel.settings.batch.size == 3
    driver.wait_until(lambda: driver.jpeg != before)


def test_set_refuses_unknown_names_and_values_that_cannot_be_used(panel):
    with pytest.raises(SettingsError, match=r"rotation: no such control.*rotation_range"):
        panel.set(rotation=3)
    with pytest.raises(SettingsError, match=r"batch\.size"):
        panel.set(batch_size=0)
    for size in ([0, 5], [-1, 5], [5, 10**6]):
        with pytest.raises(SettingsError, match=r"data\.image_size"):
            panel.set(image_size=size)


def test_set_takes_numpy_numbers_and_what_a_dropdown_shows(panel, driver):
    panel.set(batch_size=np.int64(3), rotation_range=np.float32(4))
    assert panel.settings.batch.size == 3
    panel.set(worker_kind="processes", rescale="1/255")
    assert panel.settings.feed.use_multiprocessing
    assert panel.settings.augmentation.rescale == 1 / 255
    panel.set(worker_kind="threads", rescale="off")
    assert not panel.settings.feed.use_multiprocessing
    assert panel.settings.augmentation.rescale is None
    assert driver.control("rescale").label == "off"


def test_redraw_draws_anew_and_other_images_are_the_next_ones(class_folder, opened):
    for number in range(40):
        shutil.copy(
            class_folder / "clear" / f"{number % 6}.png", class_folder / f"nodule/x{number}.png"
        )
    driver = opened(class_folder)
    first = driver.drawn()["captions"]
    driver.press("redraw")
    driver.wait_until(lambda: "epoch 1" in driver.data("preview")["title"])
    redrawn = driver.data("preview")["captions"]
    assert [c["label"] for c in redrawn] == [c["label"] for c in first]
    assert [c["draw"] for c in redrawn] != [c["draw"] for c in first]
    driver.press("others")
    driver.wait_until(lambda: driver.data("preview")["title"] == "9-16 of 40 · epoch 1")


@pytest.mark.parametrize("kind", ["arrays", "npy", "json"])
def test_the_panel_opens_other_data(kind, tmp_path, rng, class_folder, opened):
    x, y = rng.integers(0, 256, (30, 12, 12, 1), np.uint8), np.arange(30) % 3
    data: object = x, y
    if kind == "npy":
        np.save(tmp_path / "data.npy", x)
        np.save(tmp_path / "labels.npy", y)
        data = tmp_path
    elif kind == "json":
        data = wb.Tuned(settings=wb.Settings.for_data(FolderData(path=str(class_folder)),
                        batch=Batch(size=2))).save(tmp_path / "tuned.json")  # fmt: skip
    driver = opened(data)
    driver.wait_until(lambda: driver.data("profile"))
    assert not driver.text("error")
    if kind == "json":
        assert driver.panel.settings.batch.size == 2
        return
    assert driver.panel.settings.methods.augment == "keras_loop"
    assert "0 10 / 1 10 / 2 10" in driver.data("preview")["check"]
    code = driver.data("copy")["code"]
    assert ("tuned.dataset(x, y), tuned.dataset(x, y, subset=" in code) == (kind == "arrays")


# Export and import


def test_export_then_import_gives_equal_settings(panel, tmp_path):
    panel.set(zoom_range=[0.8, 1.1], augment_method="opencv", workers=2, rescale=1 / 255)
    wanted = panel.settings
    file = panel.export(tmp_path / "tuned.json")
    panel.set(zoom_range=0.0, augment_method="keras_loop", workers=1, rescale=None)
    assert panel.settings != wanted
    panel.import_(file)
    assert panel.settings == wanted
    assert wb.load(file).dataset().pipeline.settings == wanted


def test_only_a_method_with_other_pictures_counts_as_altering_training(panel):
    start = panel.settings
    for method, alters in (
        ("keras_flow", []),
        ("keras_layers", ["methods.augment: keras_loop -> keras_layers"]),
        ("none", ["methods.augment: keras_loop -> none"]),
    ):
        panel.set(augment_method=method)
        assert evidence.changes(start, panel.settings) == alters


def test_the_exported_evidence_is_what_was_measured(panel, driver, tmp_path):
    driver.measured()
    with driver.running_cell():  # nothing is measured meanwhile
        panel.set(rotation_range=10)
        values = json.loads(panel.export(tmp_path / "a.json").read_text())["evidence"]
    assert values["now"] is None, "these settings were not measured yet"
    assert values["before"]["samples_per_second"]["n"] >= 1
    assert values["alters_training"] == ["augmentation.rotation_range: 20.0 -> 10.0"]
    driver.measured()
    values = json.loads(panel.export(tmp_path / "a.json").read_text())["evidence"]
    assert values["now"]["epoch_seconds"] > 0
    assert values["first_batch"].startswith("sha256:")
    assert {"cores", "memory_gb"} <= set(values["machine"])


def test_import_brings_the_split_and_the_counts_follow(panel, driver, tmp_path):
    settings = panel.settings.updated({"data": {"validation_split": 0.5}, "batch": {"size": 2}})
    panel.import_(wb.Tuned(settings=settings).save(tmp_path / "half.json"))
    driver.wait_until(lambda: "10 images, 5 for training" in driver.text("title"))
    assert driver.measured().samples == 5


def test_a_file_for_other_data_is_refused_in_words(panel, tmp_path, rng):
    x = rng.random((4, 4, 4, 1))
    file = wb.Tuned(settings=array_settings(x)).save(tmp_path / "arrays.json")
    with pytest.raises(SettingsError, match="kind 'arrays'; this panel shows 'folder'"):
        panel.import_(file)


def test_a_broken_file_shows_in_the_panel_and_is_not_overwritten(driver, tmp_path):
    (tmp_path / "broken.json").write_text("{")
    driver.widget("path").value = str(tmp_path / "broken.json")
    driver.press("import_")
    driver.wait_until(lambda: "broken JSON" in driver.text("message"))
    driver.press("export")
    driver.wait_until(lambda: "not a workbench file" in driver.text("message"))


# Errors


def test_an_unreadable_file_shows_in_the_panel_and_the_panel_lives_on(panel, driver, class_folder):
    driver.wait_until(lambda: driver.data("profile"))
    picture = driver.jpeg
    good = (class_folder / "clear" / "0.png").read_bytes()
    for file in class_folder.rglob("*.png"):
        file.write_bytes(b"no image")
    panel.set(image_size=[64, 64])
    driver.wait_until(lambda: "UnreadableFileError" in driver.text("error"))
    assert driver.text("error").startswith("Couldn't measure: UnreadableFileError")
    assert "Traceback" in driver.text("traceback")
    assert driver.jpeg == picture, "the last good picture stays"
    for file in class_folder.rglob("*.png"):
        file.write_bytes(good)
    panel.set(image_size=[32, 32])
    driver.wait_until(lambda: driver.jpeg != picture and not driver.text("error"))


def test_settings_that_do_not_fit_show_until_they_do(panel, driver, tmp_path):
    good = panel.export(tmp_path / "good.json")
    for mend in (
        lambda: driver.move(dtype="float32"),
        lambda: panel.set(dtype="float32"),
        lambda: panel.import_(good),
    ):
        driver.move(samplewise_center=True, dtype="uint8")
        driver.wait_until(lambda: "uint8 cannot hold rescaled" in driver.text("error"))
        mend()
        driver.wait_until(lambda: not driver.text("error"))


def test_a_batch_larger_than_the_data_shows_in_the_panel(driver):
    driver.move(batch_size=200)
    driver.wait_until(lambda: "at most the 8 samples" in driver.text("error"))


def test_a_failed_import_of_tensorflow_shows(class_folder, monkeypatch, opened):
    monkeypatch.setitem(sys.modules, "workbench.pipeline.dataset", None)
    driver = opened(class_folder)
    driver.wait_until(lambda: "workbench.pipeline.dataset" in driver.text("error"))
    assert driver.jpeg


def test_class_weights_that_do_not_fit_the_labels_are_warned_about(class_folder, opened):
    several = np.eye(3, dtype=np.float32)[np.arange(8) % 3]
    several[:, 0] = 1
    arrays = (np.zeros((8, 4, 4, 1), np.uint8), several)
    for data, weights, words in (
        (class_folder, {0: 2.0}, "class_weight misses"),
        (arrays, {0: 1.0, 1: 2.0, 2: 2.0}, "argmax"),
    ):
        driver = opened(data, class_weight=weights)
        driver.wait_until(lambda driver=driver: driver.data("scan").get("warnings"))
        assert any(words in w for w in driver.data("scan")["warnings"])


# The process around it


def test_a_closed_panel_says_so(panel, capsys):
    panel.close()
    panel._ipython_display_()
    assert "closed" in capsys.readouterr().out


def test_one_panel_a_kernel_and_no_thread_after_close(class_folder, opened):
    def threads():
        return [t.name for t in threading.enumerate() if t.name.startswith("workbench-")]

    assert threads() == []
    first, second = opened(class_folder), opened(class_folder)
    assert first.threads() == []
    assert threads() == second.threads() == ["workbench-picture", "workbench-measure"]
    first.panel.close()
    assert len(second.threads()) == 2
    second.wait_until(lambda: second.data("profile"))
    second.panel.close()
    second.panel.close()
    assert threads() == []


def test_a_closed_panel_leaves_no_widget_in_the_kernel(class_folder, opened):
    before = set(WIDGETS)
    driver = opened(class_folder)
    assert len(WIDGETS) > len(before) + 70
    driver.panel.close()
    assert set(WIDGETS) == before


def test_texts_that_no_message_can_hold_reach_the_page_as_symbols():
    area = AreaWidget(part="head")
    area.show({"a\x1b": ["b\udcff", ("c\nd", 3)], "e": {"f": b"\xff"}})
    assert area.data == {"a␛": ["b\\udcff", ["c\nd", 3]], "e": {"f": b"\xff"}}
    area.close()


def test_of_the_error_stream_only_the_start_up_notes_of_tensorflow_are_dropped(capfd):
    with quiet_stderr():
        os.write(2, b"I0000 00:00:1795600985.9 31781 port.cc:153] oneDNN is on.\n")
        subprocess.run([sys.executable, "-c", "import os; os.write(2, b'child\\n')"], check=True)
        os.write(2, b"WARNING: All log messages before absl::InitializeLog() is called ...\n")
        os.write(2, b"Segmentation fault")
    os.write(2, b"signal")
    assert capfd.readouterr().err == "child\nSegmentation faultsignal"
