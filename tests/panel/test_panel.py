"""The panel without a browser: controls, threads, errors, export and import."""

from __future__ import annotations

import json
import shutil
import sys
import threading
import time

import cv2
import numpy as np
import pytest

import workbench as wb
from tests.conftest import array_settings
from workbench.measure.rate import Rate
from workbench.measure.stats import Summary
from workbench.panel import evidence, file_scan, pipeline_subject, profile_rows, verdict
from workbench.panel.controls import Controls
from workbench.pipeline import statistics
from workbench.pipeline.images.file_bytes import UnreadableFileError
from workbench.pipeline.pipeline import Pipeline
from workbench.pipeline.sources.open_source import ArraySource, open_source
from workbench.preview import sample_grid
from workbench.preview.sample_grid import Tiles, display_range, draw, label_counts
from workbench.settings import Augmentation, Batch, FolderData, Settings, SettingsError


def until(condition, seconds=20):
    """Wait for something that a thread does."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"not within {seconds} s"
        time.sleep(0.02)


@pytest.fixture
def panel(class_folder):
    panel = wb.Workbench(class_folder)
    yield panel
    panel.close()


def text_of(panel, name):
    return panel._view.head.data.get(name, "")


# Controls


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


# The picture


def test_the_grid_shows_the_first_samples_of_batch_0(rng):
    x = rng.integers(0, 256, (40, 20, 30, 1), np.uint8)
    settings = array_settings(x, batch=Batch(size=16), augmentation=Augmentation(rotation_range=30))
    p = Pipeline(settings, ArraySource(x, np.arange(40) % 2), subset=None)
    drawn = draw(p, Tiles(), 0, 0, "")
    picture = cv2.imdecode(np.frombuffer(drawn.jpeg, np.uint8), cv2.IMREAD_GRAYSCALE)
    images, labels = p.batch(0, 0)
    for place in (0, 7, 8, 15):
        row, column = divmod(place, 8)
        tile = picture[row * 20 : row * 20 + 20, column * 30 : column * 30 + 30]
        assert np.abs(tile - images[place, ..., 0]).mean() < 6
        other = images[(place + 1) % 16, ..., 0]
        assert np.abs(tile - other).mean() > 40, "the check must be able to fail"
        assert drawn.data["captions"][place]["label"] == str(labels[place])


@pytest.mark.parametrize("count", [1, 2, 5, 10, 16, 17])
@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_the_grid_shows_any_number_of_any_images(count, channels, rng):
    x = rng.random((count, 9, 7, channels)).astype(np.float32)
    p = Pipeline(array_settings(x, batch=Batch(size=1)), ArraySource(x, None), subset=None)
    drawn = draw(p, Tiles(), 0, 0, "")
    assert len(drawn.data["captions"]) == min(count, 16)
    picture = cv2.imdecode(np.frombuffer(drawn.jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert picture.shape[:2] == (9 * (2 if count > 8 else 1), 7 * min(count, 8))


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
    tiles = cv2.imdecode(np.frombuffer(original.jpeg, np.uint8), cv2.IMREAD_UNCHANGED)
    np.testing.assert_allclose(tiles[:20, :30], x[rows[0], ..., 0], atol=30)  # JPEG of noise
    labels = [text["label"] for text in both.data["captions"]]
    assert labels == [str(row) for row in rows[:8] for _ in range(2)]
    pairs = cv2.imdecode(np.frombuffer(both.jpeg, np.uint8), cv2.IMREAD_UNCHANGED).astype(int)
    flipped = pipeline.draws(rows[:8], 0).flip_vertical
    assert flipped.any()
    for place, flips in enumerate(flipped[:4]):
        left, right = (pairs[:20, 30 * n : 30 * n + 30] for n in (2 * place, 2 * place + 1))
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
    said = sample_grid.check(images, 2)
    for words in ("float32", "NaN in 1 images", "1 images of one grey level", "1 shown twice",
                  "range 0 … 8", "2 unreadable skipped"):  # fmt: skip
        assert words in said


def test_labels_are_counted_by_class_name(class_folder):
    from workbench.pipeline.sources.open_source import open_source

    for mode in ("int", "categorical", "binary"):
        data = FolderData(path=str(class_folder), label_mode=mode)
        assert "clear 6 / nodule 4" in label_counts(open_source(Settings.for_data(data)))


# Sentences


def test_the_sentences_of_the_verdict():
    rate = Rate(
        Summary(70.61, 72.71, 74.81, 9), Summary(439.5, 440, 440.5, 9), 500, 9.0, 10, 1, False, 10
    )
    assert verdict.delivers(rate, 40_000) == (
        "Delivers 72.7 images/s ±2.1: an epoch takes at least 9 min 10 s."
    )
    assert verdict.not_measured(None) == "Not measured yet."
    fault = verdict.Fault("KeyError: 'image_id'", "data.py:61")
    assert verdict.cannot(fault, "14:02") == (
        "No figure: KeyError: 'image_id' (data.py:61) (picture and profile are from 14:02)."
    )


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.4, "0.4 s"), (41, "41 s"), (550, "9 min 10 s"), (7500, "2 h 5 min"), (59.99, "60 s")],
)
def test_durations_are_in_units_people_use(seconds, text):
    assert verdict.duration(seconds) == text


def test_a_fault_names_the_users_own_line():
    def inner():
        return json.loads("{")

    try:
        inner()
    except ValueError as error:
        fault = verdict.Fault.of(error)
    assert fault.where.startswith("test_panel.py:")
    assert fault.text.startswith("JSONDecodeError: ")


def test_listing_folds_docstrings_and_colours_tokens():
    source = ("    def f(x):", '        """Doc', '        more."""', '        return "<b>"')
    lines = profile_rows._tokens(source)
    assert [line == profile_rows.FOLDED for line in lines] == [False, False, True, False]
    assert ("keyword", "def") in lines[0]
    assert "".join(text for _, text in lines[3]) == '    return "<b>"'


# The whole panel


def test_the_panel_draws_profiles_and_measures_by_itself(panel):
    until(lambda: panel._view.preview.image)
    until(lambda: panel._view.profile.data)
    until(lambda: "Delivers" in text_of(panel, "sentence"))
    assert panel._view.profile.data["functions"][0]["name"] == "Dataset.__getitem__"
    assert text_of(panel, "title").startswith("scans · 10 images, 8 for training · batch 4 ×")
    source, place = text_of(panel, "slowest")
    assert "random_transform" in source
    assert place.startswith("keras_loop.py:")
    assert text_of(panel, "suggestion") == "opencv"


def test_try_moves_to_the_suggested_method_and_the_picture_stays(panel):
    until(lambda: text_of(panel, "suggestion"))
    decode = lambda: cv2.imdecode(np.frombuffer(panel._view.preview.image, np.uint8), 0).astype(int)  # noqa: E731
    before = decode()
    panel._view.head.pressed = {"action": "try", "count": 1}
    until(lambda: not text_of(panel, "suggestion"))
    assert panel.settings.methods.augment == "opencv"
    assert np.abs(decode() - before).max() <= 4  # 1 grey level, and what JPEG makes of it
    until(lambda: "stale" in panel._view.head.data and not panel._view.head.data["stale"])


def test_set_moves_the_controls_and_the_picture(panel):
    until(lambda: panel._view.preview.image)
    before = panel._view.preview.image
    panel.set(rotation_range=90, batch_size=3)
    assert panel._controls.by_name["rotation_range"].widget.value == 90
    assert panel.settings.batch.size == 3
    until(lambda: panel._view.preview.image != before)
    with pytest.raises(SettingsError, match=r"rotation: no such control.*rotation_range"):
        panel.set(rotation=3)
    with pytest.raises(SettingsError, match=r"batch\.size"):
        panel.set(batch_size=0)


def test_other_images_and_redraw(class_folder):
    for number in range(40):
        shutil.copy(
            class_folder / "clear" / f"{number % 6}.png", class_folder / f"nodule/x{number}.png"
        )
    panel = wb.Workbench(class_folder)
    until(lambda: panel._view.preview.image)
    first = panel._view.preview.data["captions"]
    panel._view.preview.pressed = {"action": "redraw", "count": 1}
    until(lambda: "epoch 1" in panel._view.preview.data["title"])
    redrawn = panel._view.preview.data["captions"]
    assert [c["label"] for c in redrawn] == [c["label"] for c in first]
    assert [c["draw"] for c in redrawn] != [c["draw"] for c in first]
    panel._view.preview.pressed = {"action": "others", "count": 2}
    until(lambda: panel._view.preview.data["title"] == "17-32 of 40 · epoch 1")
    panel.close()


def test_export_then_import_gives_equal_settings(panel, tmp_path):
    panel.set(zoom_range=[0.8, 1.1], augment_method="opencv", workers=2, rescale=1 / 255)
    wanted = panel.settings
    file = panel.export(tmp_path / "tuned.json")
    panel.set(zoom_range=0.0, augment_method="keras_loop", workers=1, rescale=None)
    assert panel.settings != wanted
    panel.import_(file)
    assert panel.settings == wanted
    assert wb.load(file).dataset().pipeline.settings == wanted


@pytest.mark.parametrize(
    ("method", "alters"),
    [
        ("keras_flow", []),
        ("keras_layers", ["methods.augment: keras_loop -> keras_layers"]),
        ("none", ["methods.augment: keras_loop -> none"]),
    ],
)
def test_a_method_with_other_pictures_counts_as_altering_training(panel, method, alters):
    start = panel.settings
    panel.set(augment_method=method)
    assert evidence.changes(start, panel.settings) == alters


def test_the_exported_evidence_is_what_was_measured(panel, tmp_path):
    until(lambda: panel._engine.report.measured)
    panel.set(rotation_range=10)
    values = json.loads(panel.export(tmp_path / "a.json").read_text())["evidence"]
    assert values["now"] is None, "these settings were not measured yet"
    assert values["before"]["samples_per_second"]["n"] >= 1
    assert values["alters_training"] == ["augmentation.rotation_range: 20.0 -> 10.0"]
    until(lambda: panel._engine.report.measured.request.settings == panel.settings)
    values = json.loads(panel.export(tmp_path / "a.json").read_text())["evidence"]
    assert values["now"]["epoch_seconds"] > 0
    assert values["first_batch"].startswith("sha256:")
    assert {"cores", "memory_gb"} <= set(values["machine"])


def test_a_fault_shows_in_the_panel_and_the_panel_lives_on(panel, class_folder):
    until(lambda: panel._view.profile.data)
    picture = panel._view.preview.image
    bad = class_folder / "clear" / "0.png"
    good = bad.read_bytes()
    for file in class_folder.rglob("*.png"):
        file.write_bytes(b"no image")
    panel.set(image_size=[64, 64])
    until(lambda: "UnreadableFileError" in text_of(panel, "error"))
    assert text_of(panel, "sentence").startswith("No figure: UnreadableFileError")
    assert panel._view.preview.image == picture, "the last good picture stays"
    for file in class_folder.rglob("*.png"):
        file.write_bytes(good)
    panel.set(image_size=[32, 32])
    until(lambda: panel._view.preview.image != picture and not text_of(panel, "error"))


def test_settings_that_do_not_fit_show_in_the_panel(panel):
    panel._controls.by_name["samplewise_center"].widget.value = True
    panel._controls.by_name["dtype"].widget.value = "uint8"
    until(lambda: "uint8 cannot hold rescaled" in text_of(panel, "error"))
    panel._controls.by_name["dtype"].widget.value = "float32"
    until(lambda: not text_of(panel, "error"))


def test_set_and_import_mend_what_does_not_fit(panel, tmp_path):
    good = panel.export(tmp_path / "good.json")
    for mend in (lambda: panel.set(dtype="float32"), lambda: panel.import_(good)):
        panel._controls.by_name["samplewise_center"].widget.value = True
        panel._controls.by_name["dtype"].widget.value = "uint8"
        until(lambda: "uint8 cannot hold rescaled" in text_of(panel, "error"))
        mend()
        until(lambda: not text_of(panel, "error"))


def test_a_measurement_that_was_cut_short_is_not_kept(panel):
    until(lambda: "Measuring" in text_of(panel, "status"))
    panel._cell_starts()
    until(lambda: text_of(panel, "status") == "Paused while a cell runs.")
    assert panel._engine.report.measured is None
    panel._cell_ended()
    until(lambda: panel._engine.report.measured)


def test_measure_pressed_during_a_measurement_is_done(panel):
    until(lambda: "Measuring" in text_of(panel, "status"))
    panel._engine.measure(2.5)
    until(lambda: "2.5 s" in text_of(panel, "status"))
    until(lambda: panel._engine.report.measured)
    assert panel._engine._state.measure_seconds == 0


def test_import_brings_the_split_and_the_counts_follow(panel, tmp_path):
    settings = panel.settings.updated({"data": {"validation_split": 0.5}, "batch": {"size": 2}})
    panel.import_(wb.Tuned(settings=settings).save(tmp_path / "half.json"))
    until(lambda: "10 images, 5 for training" in text_of(panel, "title"))
    until(lambda: panel._engine.report.measured and panel._engine.report.measured.samples == 5)


def test_set_takes_what_a_dropdown_shows(panel):
    panel.set(worker_kind="processes", rescale="1/255")
    assert panel.settings.feed.use_multiprocessing
    assert panel.settings.augmentation.rescale == 1 / 255
    panel.set(worker_kind="threads", rescale="off")
    assert not panel.settings.feed.use_multiprocessing
    assert panel.settings.augmentation.rescale is None
    assert panel._controls.by_name["rescale"].widget.label == "off"


def test_a_closed_panel_says_so(class_folder, capsys):
    panel = wb.Workbench(class_folder)
    panel.close()
    panel._ipython_display_()
    assert "closed" in capsys.readouterr().out


def profiled(panel):
    """The names of the functions in the profile of the newest settings, once it has a batch.

    Before that it holds the finished lines of the first one.
    """
    newest = panel._engine.report.request.generation
    until(lambda: panel._view.profile.data.get("settings") == newest)
    until(lambda: " 0 batches" not in caption(panel))
    return [f["name"] for f in panel._view.profile.data["functions"]]


def test_the_profile_switches_to_the_workers_as_set(panel):
    panel.set(workers=2)
    for kind, words in (("threads", "2 threads"), ("processes", "2 processes")):
        panel.set(worker_kind=kind)
        panel._view.profile_in.value = "the workers as set"
        until(lambda words=words: words in caption(panel), 30)
        assert "Dataset.__getitem__" in profiled(panel)
    panel._view.profile_in.value = "this thread"
    until(lambda: "this thread" in caption(panel), 30)
    found = panel.profile(0.3, in_workers=True)
    assert (found.workers, found.use_multiprocessing) == (2, True)


def caption(panel):
    return panel._view.profile.data.get("caption", "")


def test_a_click_goes_into_a_library_and_out_again(panel):
    names = profiled(panel)
    lines = [line for f in panel._view.profile.data["functions"] for line in f["lines"]]
    libraries = next(line["libraries"] for line in lines if "keras" in line["libraries"])
    assert "apply_affine_transform" not in names
    panel._view.profile.pressed = {"action": "open", "libraries": libraries, "count": 1}
    assert "apply_affine_transform" in profiled(panel)
    assert "keras" in panel._view.profile.data["opened"]
    assert text_of(panel, "suggestion") == "opencv", "deeper, but the same slow line"
    panel._view.profile.pressed = {"action": "close", "count": 2}
    assert "apply_affine_transform" not in profiled(panel)


def test_a_profile_mode_does_not_redraw_the_picture(panel):
    profiled(panel)
    drawn = panel._view.preview.image
    panel._view.profile_in.value = "the workers as set"
    newest = panel._engine.report.request.generation
    until(lambda: panel._view.preview.data["settings"] == newest)
    assert panel._view.preview.image is drawn


def test_numpy_numbers_are_numbers(panel):
    panel.set(batch_size=np.int64(3), rotation_range=np.float32(4))
    assert panel.settings.batch.size == 3


@pytest.mark.parametrize("size", [[0, 5], [-1, 5], [5, 10**6]])
def test_an_impossible_image_size_is_refused(panel, size):
    with pytest.raises(SettingsError, match=r"data\.image_size"):
        panel.set(image_size=size)


def test_a_failed_import_of_tensorflow_shows(class_folder, monkeypatch):
    monkeypatch.setitem(sys.modules, "workbench.pipeline.dataset", None)
    panel = wb.Workbench(class_folder)
    try:
        until(lambda: "workbench.pipeline.dataset" in text_of(panel, "error"))
        assert panel._view.preview.image
    finally:
        panel.close()


def test_a_batch_larger_than_the_data_shows_in_the_panel(panel):
    panel._controls.by_name["batch_size"].widget.value = 200
    until(lambda: "at most the 8 samples" in text_of(panel, "error"))


def test_a_broken_file_shows_in_the_panel(panel, tmp_path):
    (tmp_path / "broken.json").write_text("{")
    panel._view.path.value = str(tmp_path / "broken.json")
    panel._import(None)
    until(lambda: "broken JSON" in text_of(panel, "error"))
    panel._export(None)
    until(lambda: "not a workbench file" in text_of(panel, "error"))


def test_live_off_and_stop_end_the_measuring(panel):
    until(lambda: panel._view.profile.data)
    panel._view.live.value = False
    until(lambda: text_of(panel, "status") == "Live is off.")
    time.sleep(0.3)
    batches = panel._view.profile.data["caption"]
    time.sleep(0.6)
    assert panel._view.profile.data["caption"] == batches
    panel._view.live.value = True
    until(lambda: panel._view.profile.data["caption"] != batches)
    panel._stop(None)
    until(lambda: text_of(panel, "status") == "Live is off.")
    assert not panel._view.live.value


def test_measuring_pauses_while_a_cell_runs_and_when_nobody_looks(panel):
    until(lambda: panel._view.profile.data)
    panel._cell_starts()
    until(lambda: text_of(panel, "status") == "Paused while a cell runs.")
    panel._cell_ended()
    until(lambda: "Live" in text_of(panel, "status"))
    panel._engine._state.last_beat = 0
    until(lambda: text_of(panel, "status") == "Paused: nobody is looking.")
    panel._view.shell.beat += 1
    until(lambda: "Paused" not in text_of(panel, "status"))


def test_python_twins_measure_what_the_panel_shows(panel):
    until(lambda: "Live" in text_of(panel, "status"))
    panel.set(augment_method="opencv", image_size=[16, 16])
    began = time.monotonic()
    assert panel.profile(0.1).functions[0].name == "Dataset.__getitem__"
    assert panel.measure(0.2).samples_per_second.median > 0
    assert time.monotonic() - began < 10, "the live profile must make way"


def test_one_panel_a_kernel_and_no_thread_after_close(class_folder):
    def ours():
        return [t.name for t in threading.enumerate() if t.name.startswith("workbench-")]

    assert ours() == []
    first = wb.Workbench(class_folder)
    second = wb.Workbench(class_folder)
    assert len(ours()) == 2
    first.close()
    assert len(ours()) == 2
    until(lambda: second._view.profile.data)
    second.close()
    second.close()
    assert ours() == []


def test_data_that_cannot_be_shown_leaves_the_old_panel_alone(panel, tmp_path):
    with pytest.raises(FileNotFoundError):
        wb.Workbench(tmp_path / "nowhere")
    until(lambda: panel._view.preview.image)
    assert panel._engine._threads[0].is_alive()


@pytest.mark.parametrize("kind", ["arrays", "npy", "json"])
def test_the_panel_opens_other_data(kind, tmp_path, rng, class_folder):
    x, y = rng.integers(0, 256, (30, 12, 12, 1), np.uint8), np.arange(30) % 3
    if kind == "arrays":
        data = (x, y)
    elif kind == "npy":
        np.save(tmp_path / "data.npy", x)
        np.save(tmp_path / "labels.npy", y)
        data = tmp_path
    else:
        data = wb.Tuned(settings=wb.Settings.for_data(FolderData(path=str(class_folder)),
                        batch=Batch(size=2))).save(tmp_path / "tuned.json")  # fmt: skip
    panel = wb.Workbench(data)
    try:
        until(lambda: panel._view.profile.data)
        assert not text_of(panel, "error")
        if kind == "json":
            assert panel.settings.batch.size == 2
        else:
            assert panel.settings.methods.augment == "keras_loop"
            code = panel._subject.export.python(panel._view.path.value)
            assert ("tuned.dataset(x, y), tuned.dataset(x, y, subset=" in code) == (
                kind == "arrays"
            )
            assert "0 10 / 1 10 / 2 10" in panel._view.preview.data["check"]
    finally:
        panel.close()


def test_a_file_for_other_data_is_refused_in_words(panel, tmp_path, rng):
    x = rng.random((4, 4, 4, 1))
    file = wb.Tuned(settings=array_settings(x)).save(tmp_path / "arrays.json")
    with pytest.raises(SettingsError, match="kind 'arrays'; this panel shows 'folder'"):
        panel.import_(file)


# The scan


def scanned(panel):
    until(lambda: "rows" in panel._view.scan.data)
    return panel._view.scan.data


def test_the_panel_shows_what_the_files_are(panel, class_folder):
    data = scanned(panel)
    found = wb.scan(class_folder)
    (low, _, high), (left, _, right) = found.heights, found.widths
    assert data["summary"] == (
        f"10 files · PNG · gray 8-bit · {low}…{high} × {left}…{right}, {found.sizes} sizes · "
        "2 classes, 6 / 4 · all headers readable"
    )
    assert dict(data["rows"]) == found.table()
    assert data["warnings"] == []


def test_what_is_odd_about_the_files_is_said_without_opening(class_folder, rng):
    for number in range(60):
        size = (400, 30) if number % 2 else (30, 30)
        image = rng.integers(0, 65536, (*size, 3), np.uint16)
        cv2.imwrite(str(class_folder / "clear" / f"deep{number}.tiff"), image)
    evil = "<img src=x onerror=alert(1)>\n.png"
    (class_folder / "nodule" / evil).write_bytes(b"no image")
    (class_folder / "nodule" / "z\udcff.png").touch()  # on disk a byte that is no UTF-8
    panel = wb.Workbench(class_folder)
    try:
        data = scanned(panel)
    finally:
        panel.close()
    unreadable, colours, depths, uneven, sizes = data["warnings"]
    assert unreadable.startswith(
        f"Unreadable: nodule/{evil} (UnidentifiedImageError: cannot identify image file)"
    )
    assert unreadable.endswith(", and 1 more")
    assert colours.startswith("Mixed colours: RGB 60, gray 10.")
    assert depths.startswith("Mixed depths: 16-bit 60, 8-bit 10.")
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


def test_arrays_have_no_files_to_scan(rng):
    panel = wb.Workbench((rng.random((30, 8, 8, 1)), None))
    try:
        until(lambda: panel._view.profile.data)
        assert not any(panel._view.scan.data.values())
    finally:
        panel.close()


@pytest.fixture
def slow_scan(class_folder, monkeypatch):
    """A panel on 400 files of which each takes 10 ms to look at."""
    look_at = file_scan.look_at
    monkeypatch.setattr(
        file_scan, "look_at", lambda *arguments: (time.sleep(0.01), look_at(*arguments))[1]
    )
    for number in range(390):
        (class_folder / f"nodule/x{number}.png").hardlink_to(class_folder / "nodule/0.png")
    panel = wb.Workbench(class_folder)
    yield panel
    panel.close()


def test_a_long_scan_goes_on_between_batches_and_keeps_nobody_waiting(slow_scan):
    view = slow_scan._view
    assert view.scan.data.get("summary", "Scanning").startswith("Scanning")
    until(lambda: view.profile.data)
    assert "rows" not in view.scan.data, "the profile comes before the scan's end"
    assert view.scan.data["summary"].endswith(" of 400")
    slow_scan._cell_starts()
    until(lambda: text_of(slow_scan, "status") == "Paused while a cell runs.")
    time.sleep(0.3)
    before = view.scan.data
    time.sleep(0.5)
    assert view.scan.data == before, "nothing runs beside a cell"
    slow_scan._cell_ended()
    view.live.value = False
    assert scanned(slow_scan)["summary"].startswith("400 files")


@pytest.mark.alone
def test_a_long_scan_ends_with_the_panel(slow_scan):
    until(lambda: slow_scan._view.profile.data)
    began = time.monotonic()
    slow_scan.close()
    assert time.monotonic() - began < 1
    assert "rows" not in slow_scan._engine.report.scan


def test_an_unreadable_file_stops_the_profile_and_not_the_scan(class_folder):
    for file in class_folder.rglob("*.png"):
        file.write_bytes(b"no image")
    panel = wb.Workbench(class_folder)
    try:
        assert scanned(panel)["summary"].endswith("10 unreadable")
        until(lambda: "UnreadableFileError" in text_of(panel, "error"))
    finally:
        panel.close()


# Statistics


def box(panel, name="featurewise_center"):
    return panel._controls.by_name[name].widget


def numpys_own(panel):
    """Mean and standard deviation of the training images, decoded anew and all at once."""
    pipeline = panel._subject._drawn.with_settings(panel.settings)
    files = [pipeline.source.listing.paths[row] for row in pipeline.rows]
    size = pipeline.source.shape[1::-1]
    images = np.stack(
        [cv2.resize(cv2.imread(f, cv2.IMREAD_GRAYSCALE), size, interpolation=3) for f in files]
    )
    return images.mean(), images.std()


def fitted(panel):
    until(lambda: not panel._engine.report.request.fit)
    return panel.settings.statistics


def assert_own_statistics(panel, found):
    mean, std = numpys_own(panel)
    np.testing.assert_allclose((found.mean[0], found.std[0]), (mean, std), rtol=1e-6)
    assert found.n == 8


def test_a_featurewise_box_computes_the_statistics_and_the_picture_follows(panel, tmp_path):
    until(lambda: panel._view.preview.image)
    panel._view.live.value = False
    before = panel._view.preview.image
    box(panel).value = True
    found = fitted(panel)
    assert_own_statistics(panel, found)
    until(lambda: panel._view.preview.image != before)
    until(lambda: f"mean {found.mean[0]:.0f}, std " in text_of(panel, "status"))
    assert " of 8 images." in text_of(panel, "status")
    assert float(panel._view.preview.data["range"].split()[2]) < 0, "pixels below the mean"
    tuned = wb.load(panel.export(tmp_path / "t.json"))
    assert tuned.settings == panel.settings
    assert tuned.settings.statistics == found
    images = tuned.dataset().batch(0, 0)[0]
    plain = tuned.settings.updated({"augmentation": {"featurewise_center": False}})
    np.testing.assert_allclose(
        wb.Tuned(settings=plain).dataset().batch(0, 0)[0] - images, found.mean[0], rtol=1e-4
    )


def test_statistics_are_those_of_the_images_as_they_are_read(panel, monkeypatch):
    fits = []
    monkeypatch.setattr(pipeline_subject, "fit", lambda *a: (fits.append(a), statistics.fit(*a))[1])
    box(panel).value = True
    box(panel, "featurewise_std").value = True
    first = fitted(panel)
    count = len(fits)
    panel._controls.by_name["rotation_range"].widget.value = 3
    panel._controls.by_name["batch_size"].widget.value = 2
    assert fitted(panel) == first
    assert len(fits) == count, "neither rotation nor batch size changes what is read"
    panel._controls.by_name["image_size"].widget.value = (32, 32)
    second = fitted(panel)
    assert len(fits) == count + 1
    assert second != first
    assert_own_statistics(panel, second)
    box(panel).value = box(panel, "featurewise_std").value = False
    assert panel.settings.statistics is None, "what nobody uses is not exported"
    box(panel).value = True
    assert fitted(panel) == second
    assert len(fits) == count + 1, "they are still known"


def test_set_computes_statistics_before_it_returns(panel):
    panel.set(featurewise_center=True, featurewise_std=True, image_size=[64, 64])
    assert_own_statistics(panel, panel.settings.statistics)
    assert box(panel).value
    panel.set(image_size=[32, 32])
    assert_own_statistics(panel, panel.settings.statistics)


def test_set_leaves_the_panel_as_it_is_when_statistics_cannot_be_had(panel, class_folder):
    for file in class_folder.rglob("*.png"):
        file.write_bytes(b"no image")
    before = panel.settings
    with pytest.raises(UnreadableFileError, match=r"\.png"):
        panel.set(featurewise_center=True)
    with pytest.raises(SettingsError, match="uint8 cannot hold"):
        panel.set(featurewise_center=True, dtype="uint8")
    assert panel.settings == before
    assert not box(panel).value


def endless_fit(pipeline, progress):
    for done in range(10_000):
        progress(done)
        time.sleep(0.01)


@pytest.fixture
def computing(panel, monkeypatch):
    """A panel whose pass over the images does not come to its end."""
    monkeypatch.setattr(pipeline_subject, "fit", endless_fit)
    box(panel).value = True
    until(lambda: "of 8 training images" in text_of(panel, "status"))
    return panel


def test_statistics_in_the_making_are_neither_used_nor_exported(computing, tmp_path):
    assert text_of(computing, "status").startswith("Statistics: ")
    with pytest.raises(SettingsError, match="not known yet for featurewise_center"):
        computing.export(tmp_path / "t.json")
    computing._view.path.value = str(tmp_path / "t.json")
    computing._export(None)
    until(lambda: "statistics: not known yet" in text_of(computing, "error"))
    assert not (tmp_path / "t.json").exists()


def test_stop_ends_the_pass_and_unchecks_the_boxes(computing):
    computing._stop(None)
    until(lambda: text_of(computing, "status") == "Live is off.", 2)
    assert not box(computing).value
    assert not computing.settings.augmentation.needs_statistics


def test_unchecking_ends_the_pass_and_live_goes_on(computing):
    box(computing).value = False
    until(lambda: text_of(computing, "status").startswith("Live: "), 5)


def test_another_rotation_lets_the_pass_go_on_and_another_size_does_not(computing, monkeypatch):
    seen = lambda: int(text_of(computing, "status").split()[1].replace(",", ""))  # noqa: E731
    until(lambda: seen() > 50)
    computing._controls.by_name["rotation_range"].widget.value = 3
    time.sleep(0.5)
    assert seen() > 60
    monkeypatch.setattr(pipeline_subject, "fit", statistics.fit)
    computing._controls.by_name["image_size"].widget.value = (32, 32)
    assert_own_statistics(computing, fitted(computing))
    assert computing.settings.augmentation.rotation_range == 3


def test_a_pass_makes_way_for_who_measures_and_starts_again(computing):
    assert computing._engine.report.request.fit
    with computing._engine.alone():
        until(lambda: "something else is measured" in text_of(computing, "status"), 5)
    until(lambda: "training images" in text_of(computing, "status"), 5)


@pytest.mark.alone
def test_closing_ends_the_pass(computing):
    began = time.monotonic()
    computing.close()
    assert time.monotonic() - began < 1
    assert not any(t.name.startswith("workbench-") for t in threading.enumerate())


def test_an_error_of_the_pass_shows_and_the_next_change_tries_again(panel, class_folder):
    until(lambda: panel._view.profile.data)
    panel._view.live.value = False
    file = class_folder / "nodule" / "0.png"
    good = {file: file.read_bytes() for file in class_folder.rglob("*.png")}
    for file in good:
        file.write_bytes(b"no image")
    box(panel).value = True
    until(lambda: "UnreadableFileError" in text_of(panel, "error"))
    for file, content in good.items():
        file.write_bytes(content)
    panel._controls.by_name["seed"].widget.value = 5
    assert fitted(panel).n == 8
    until(lambda: not text_of(panel, "error"))


def test_imported_statistics_are_used_as_they_are(panel, tmp_path, monkeypatch):
    panel.set(featurewise_center=True)
    wanted = panel.settings
    file = panel.export(tmp_path / "t.json")
    panel._show(panel._subject.initial)
    assert panel.settings.statistics is None
    monkeypatch.setattr(pipeline_subject, "fit", None)
    panel.import_(file)
    assert panel.settings == wanted


def test_start_up_notes_of_libraries_stay_out_and_errors_do_not(capfd):
    import os

    from workbench.panel.process_state import quiet_stderr

    with quiet_stderr():
        os.write(2, b"noise")
    os.write(2, b"signal")
    assert capfd.readouterr().err == "signal"


def test_a_class_weight_that_misses_a_class_is_told(class_folder):
    panel = wb.Workbench(class_folder, class_weight={0: 2.0})
    try:
        until(lambda: panel._view.scan.data.get("warnings"))
        assert any("class_weight misses" in w for w in panel._view.scan.data["warnings"])
    finally:
        panel.close()


def test_a_class_weight_for_several_labels_a_sample_is_told():
    x, y = np.zeros((8, 4, 4, 1), np.uint8), np.eye(3, dtype=np.float32)[np.arange(8) % 3]
    y[:, 0] = 1
    panel = wb.Workbench((x, y), class_weight={0: 1.0, 1: 2.0, 2: 2.0})
    try:
        until(lambda: panel._view.scan.data.get("warnings"))
        assert any("argmax" in w for w in panel._view.scan.data["warnings"])
    finally:
        panel.close()
