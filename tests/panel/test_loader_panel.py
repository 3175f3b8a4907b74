"""The panel on loaders of the user's own, without a browser. See `test_nasty_loaders` as well."""

from __future__ import annotations

import json
import logging
import random
import re
import sys
import threading
import time
import warnings

import cv2
import numpy as np
import pytest
import tensorflow as tf

import workbench as wb
from tests.loaders import loaders_zoo as zoo
from tests.panel.test_panel import text_of, until
from workbench.loaders.streams import NO_LINES
from workbench.panel.loader_export import FEED_ONLY
from workbench.panel.loader_subject import NO_FACTORY, NOTHING_KNOWN
from workbench.settings import SettingsError


@pytest.fixture
def opened():
    """Opens panels, and closes them however the test ends."""
    panels = []

    def open_(*data, **controls):
        panels.append(wb.Workbench(*data, **controls))
        return panels[-1]

    yield open_
    for panel in panels:
        panel.close()


def tiles(panel):
    """The grid, decoded, in grey levels: (rows of tiles * height, columns * width)."""
    encoded = np.frombuffer(panel._view.preview.image, np.uint8)
    return cv2.imdecode(encoded, cv2.IMREAD_GRAYSCALE)


def pictured(panel):
    """Wait for the picture of the newest request."""
    newest = panel._engine.report.request.generation
    until(lambda: panel._engine._state.drawn >= newest)  # and handed over
    return panel._view.preview.data


def assert_shows(panel, images):
    """The first tiles are these images, stretched from their least to their greatest value."""
    low, high = (float(n) for n in re.findall(r"-?[\d.]+", pictured(panel)["range"])[:2])
    images = np.asarray(images, np.float64)
    # Three digits are shown.
    assert low == pytest.approx(images.min(), rel=0.01)
    assert high == pytest.approx(images.max(), rel=0.01)
    picture, (count, height, width) = tiles(panel), images.shape[:3]
    for place in range(min(count, 8)):
        tile = picture[:height, place * width : (place + 1) * width].astype(float)
        wanted = (images[place] - low) * 255 / ((high - low) or 1)
        wanted = wanted.mean(axis=-1) if wanted.ndim == 3 else wanted
        assert np.abs(tile - wanted).mean() < 6, f"tile {place}"


def facts(panel):
    return panel._view.scan.data


def profiled(panel):
    until(lambda: panel._engine.report.profile and panel._engine.report.profile.hot)
    return panel._engine.report.profile


def measured(panel, seconds=0.3):
    profiled(panel)
    panel._engine.measure(seconds)
    until(lambda: panel._engine.report.measured)
    return panel._engine.report.measured.rate


def first_batch(loader):
    """Without any of our code."""
    if callable(loader):
        loader = loader()
    return loader[0] if hasattr(loader, "__getitem__") else next(iter(loader))


def images_of(batch):
    images = batch[0]
    return images["image"] if isinstance(images, dict) else images


FUNCTIONS = (zoo.wait, zoo.load, zoo.pair, zoo.endless, zoo.finite, zoo.in_the_body, zoo.nested)


def world():
    """Everything that must be as it was, but threads of TensorFlow's and Python's pools."""
    return {
        "code": [f.__code__ for f in FUNCTIONS],
        "numpy": np.random.get_state()[1].tolist(),
        "random": random.getstate(),
        "streams": (sys.stdout, sys.stderr),
        "handlers": logging.getLogger().handlers[:],
        "warnings": (warnings.filters[:], warnings.showwarning),
        "switch": sys.getswitchinterval(),
    }


def own_threads():
    return [t for t in threading.enumerate() if t.name.startswith(("workbench-", "Thread-"))]


@pytest.mark.parametrize("name", zoo.LOADERS)
def test_each_is_shown_profiled_measured_and_left_as_it_was(name, opened):
    loader, expected = zoo.LOADERS[name](), first_batch(zoo.LOADERS[name]())
    attributes, before = dict(getattr(loader, "__dict__", {})), world()
    threads = set(own_threads())

    panel = opened(loader)
    until(lambda: panel._view.preview.image)
    shown = images_of(expected)
    rate = measured(panel).samples_per_second.median
    hottest = panel._engine.report.profile.hot[0]
    assert_shows(panel, shown)
    until(lambda: facts(panel)["summary"])
    panel.close()

    assert hottest.file == zoo.__file__
    assert hottest.source.rstrip().endswith("# SLOW")
    slow = 0.002 * zoo.SIZE if name == "wraps a data set of samples" else 0.006
    # A busy machine may take many times as long, but never less than the sleep.
    assert 0.05 * len(shown) / slow < rate < len(shown) / slow
    assert world() == before
    assert set(own_threads()) <= threads
    if name != "old Sequence, lists":  # its own on_epoch_end shuffles
        after = dict(getattr(loader, "__dict__", {}))
        assert after.keys() == attributes.keys()
        assert all(after[key] is attributes[key] for key in after)


def test_a_tensorflow_data_set_is_shown_and_timed_by_its_elements(opened):
    images = np.arange(8 * 6 * 6, dtype=np.float32).reshape(8, 6, 6, 1) - 9
    data = tf.data.Dataset.from_tensor_slices((images, np.arange(8) % 2)).batch(4)
    panel = opened(data)

    assert_shows(panel, images[:4])
    until(lambda: NO_LINES in facts(panel).get("warnings", ()))
    until(lambda: panel._engine.report.measured)
    until(lambda: text_of(panel, "sentence").startswith("Delivers "))
    assert "2 batches" in text_of(panel, "title")
    until(lambda: "No lines were profiled" in str(panel._engine.report.profile))
    assert not text_of(panel, "error")


# Factories


class Graded:
    """Batches that tell which they are: pixels rise along the rows, by 50 more
    for each.
    """

    class_names = ("cat", "dog")
    # On no usual scale, so that it is stretched and its range told.
    slope = np.linspace(-100, 700, 12 * 12, dtype=np.float32).reshape(1, 12, 12, 1)

    def __init__(self, batch_size=4, scale=1.0):
        self.batch_size, self.scale = batch_size, scale

    def __len__(self):
        return 10

    def __getitem__(self, index):
        images = np.repeat(self.slope, self.batch_size, axis=0) * self.scale + 50 * index
        return images, np.arange(self.batch_size) % 2


class Builds:
    """A factory that notes what it was asked for, and waits or fails if it is told to."""

    def __init__(self):
        self.calls, self.gate, self.error = [], threading.Event(), None
        self.gate.set()

    def __call__(self, batch_size=4, scale=1.0, mirror=False, mode="plain", workers=1):
        self.calls.append((batch_size, scale, mirror, mode, workers))
        assert self.gate.wait(10)
        if self.error:
            raise self.error
        return Graded(batch_size, scale)


@pytest.fixture
def make():
    return Builds()


def move(panel, **values):
    """As a person does: widget by widget."""
    for name, value in values.items():
        panel._controls.by_name[name].widget.value = value


def test_the_keywords_of_a_factory_get_controls_and_each_change_builds_anew(make, opened):
    panel = opened(make, batch_size=(2, 8), mode=["plain", "odd"])
    controls = panel._controls.by_name
    batch_size = controls["batch_size"].widget
    assert (batch_size.min, batch_size.max, batch_size.value) == (2, 8, 4)
    assert type(controls["scale"].widget).__name__ == "FloatSlider"
    assert type(controls["mirror"].widget).__name__ == "Checkbox"
    assert type(controls["mode"].widget).__name__ == "Dropdown"
    pictured(panel)
    assert make.calls == [(4, 1.0, False, "plain", 1)]

    move(panel, batch_size=3)
    assert_shows(panel, Graded(3)[0][0])
    assert pictured(panel)["samples"] == 3
    move(panel, scale=2.0)
    assert_shows(panel, Graded(3, 2.0)[0][0])
    move(panel, mirror=True)
    pictured(panel)
    move(panel, mode="odd")
    pictured(panel)

    assert make.calls[1:] == [
        (3, 1.0, False, "plain", 1),
        (3, 2.0, False, "plain", 1),
        (3, 2.0, True, "plain", 1),
        (3, 2.0, True, "odd", 1),
    ]
    assert "batch 3 × 12×12×1" in text_of(panel, "title")


def test_a_factory_that_takes_workers_gets_them_and_others_are_not_built_for_them(make, opened):
    panel = opened(make)
    pictured(panel)
    move(panel, workers=3)
    pictured(panel)
    assert make.calls[-1] == (4, 1.0, False, "plain", 3)
    count = len(make.calls)
    move(panel, max_queue_size=3)
    pictured(panel)
    assert len(make.calls) == count


def test_while_a_factory_builds_the_old_picture_stays_and_building_is_told(make, opened):
    panel = opened(make)
    pictured(panel)
    picture = panel._view.preview.image
    make.gate.clear()
    move(panel, scale=0.5)
    until(lambda: text_of(panel, "status").startswith("Building "))
    assert panel._view.preview.image == picture
    make.gate.set()
    assert_shows(panel, Graded(4, 0.5)[0][0])


def test_an_exception_in_a_factory_shows_and_the_old_picture_stays(make, opened):
    panel = opened(make)
    pictured(panel)
    picture = panel._view.preview.image
    make.error = KeyError("image_id")
    move(panel, scale=0.5)
    until(lambda: text_of(panel, "error").startswith("KeyError: 'image_id' (test_theirs_panel.py:"))
    assert panel._view.preview.image == picture
    make.error = None
    move(panel, scale=1.5)
    assert_shows(panel, Graded(4, 1.5)[0][0])
    until(lambda: not text_of(panel, "error"))


def test_an_exception_in_the_first_build_is_one_of_the_cell(make):
    make.error = KeyError("image_id")
    with pytest.raises(KeyError, match="image_id"):
        wb.Workbench(make)


def headings(panel):
    """The texts of the controls' column that are no control."""
    column = panel._view.root.children[2].children[0]
    return [w.value for w in column.children if type(w).__name__ in ("Label", "HTML")]


def test_the_column_says_whose_keywords_they_are(opened):
    panel = opened(zoo.make_sequence)
    assert headings(panel) == ["CHANGES SPEED ONLY", "KEYWORDS OF make_sequence"]


def test_export_holds_the_keywords_and_builds_the_loader_again(opened, tmp_path):
    panel = opened(Graded, batch_size=(2, 8))
    move(panel, batch_size=6, workers=2)
    measured(panel)
    panel._view.path.value = str(tmp_path / "tuned.json")
    panel._export(None)
    until(lambda: text_of(panel, "status").startswith(f"Saved {tmp_path}"))
    assert "cannot be imported" not in text_of(panel, "status")

    values = json.loads((tmp_path / "tuned.json").read_text())
    assert values["settings"]["data"]["keywords"] == {"batch_size": 6, "scale": 1.0}
    assert values["settings"]["data"]["import"] == "tests.panel.test_loader_panel:Graded"
    assert values["evidence"]["now"]["samples_per_second"]["n"] >= 1
    assert "keywords.batch_size: 4 -> 6" in values["evidence"]["alters_training"]
    tuned = wb.load(tmp_path / "tuned.json")
    assert tuned.dataset(factory=Graded).batch_size == 6
    with pytest.raises(SettingsError, match="allow_import=True"):
        tuned.dataset()
    assert tuned.dataset(allow_import=True).batch_size == 6


def test_import_moves_the_sliders_and_builds(make, opened, tmp_path):
    panel = opened(make, batch_size=(2, 8))
    move(panel, batch_size=7, scale=0.25, workers=2)
    wanted = panel.settings
    file = panel.export(tmp_path / "tuned.json")
    move(panel, batch_size=2, scale=1.0, workers=1)
    panel.import_(file)
    assert panel.settings == wanted
    assert_shows(panel, Graded(7, 0.25)[0][0])


def test_a_factory_that_cannot_be_imported_is_exported_with_what_that_means(opened, tmp_path):
    panel = opened(lambda size=3: Graded(size))
    panel._view.path.value = str(tmp_path / "tuned.json")
    panel._export(None)
    until(lambda: "<lambda> cannot be imported" in text_of(panel, "status"))
    assert "dataset(factory=...)" in text_of(panel, "status")
    assert wb.load(tmp_path / "tuned.json").dataset(factory=sized)


def sized(size):
    return Graded(size)


def test_an_import_of_keywords_that_the_factory_does_not_know_says_so(opened, tmp_path):
    file = opened(Graded).export(tmp_path / "graded.json")
    panel = opened(zoo.make_sequence)
    with pytest.raises(SettingsError, match=r"batch_size.*make_sequence.*There are: scale"):
        panel.import_(file)
    panel._view.path.value = str(file)
    panel._import(None)
    until(lambda: "no control of make_sequence" in text_of(panel, "error"))
    panel = opened(zoo.Direct())
    with pytest.raises(SettingsError, match=r"keywords of a factory .*this panel shows an object"):
        panel.import_(file)


def test_an_import_of_a_folders_settings_says_so(opened, tmp_path, class_folder):
    file = opened(class_folder).export(tmp_path / "scans.json")
    panel = opened(Graded)
    with pytest.raises(SettingsError, match="'folder'; this panel shows a loader of your own"):
        panel.import_(file)


def test_set_goes_beyond_sliders_and_refuses_what_is_none(make, opened):
    panel = opened(make, batch_size=(2, 8), mode=["plain", "odd"])
    panel.set(batch_size=20, scale=7.5)
    assert panel._controls.by_name["batch_size"].widget.value == 20
    assert_shows(panel, Graded(20, 7.5)[0][0][:16])
    for values, words in (
        ({"batch_size": "many"}, r"keywords\.batch_size"),
        ({"batch_size": 2.5}, r"keywords\.batch_size"),
        ({"scale": float("nan")}, r"keywords\.scale"),
        ({"mode": "even"}, r"mode: expected one of 'plain', 'odd'"),
        ({"size": 3}, r"size: no such control.*batch_size"),
    ):
        with pytest.raises(SettingsError, match=words):
            panel.set(**values)
    assert panel.settings.keywords.batch_size == 20


def test_reset_goes_back_to_where_the_sliders_were(make, opened):
    panel = opened(make)
    start = panel.settings
    move(panel, batch_size=9, workers=4)
    panel._view.reset.click()
    assert panel.settings == start


# Objects


def test_without_a_factory_what_was_chosen_is_shown_as_fixed_with_the_reason(opened, tmp_path):
    panel = opened(Graded(5, 0.5))
    column = panel._view.root.children[2].children[0].children
    fixed = {w.description: w for w in column if "wb-constant" in w._dom_classes}
    assert {name: w.value for name, w in fixed.items()} == {"Batch size": "5", "Scale": "0.5"}
    assert all(w.disabled for w in fixed.values())
    assert "FIXED IN Graded" in headings(panel)
    assert any(NO_FACTORY.split(",")[0] in text for text in headings(panel))
    with pytest.raises(SettingsError, match="batch_size: no such control"):
        panel.set(batch_size=3)

    panel._view.path.value = str(tmp_path / "tuned.json")
    panel._export(None)
    until(lambda: FEED_ONLY in text_of(panel, "status"))
    data = json.loads((tmp_path / "tuned.json").read_text())["settings"]["data"]
    assert data == {"kind": "factory", "import": None, "keywords": {}}


def test_an_objects_own_feed_is_where_the_controls_start(opened):
    loader = zoo.Direct(workers=3, use_multiprocessing=False, max_queue_size=7)
    panel = opened(loader)
    assert (panel.settings.feed.workers, panel.settings.feed.max_queue_size) == (3, 7)
    move(panel, workers=2)
    panel.close()
    assert loader.workers == 3


def test_a_generator_object_shows_the_arguments_it_was_called_with(opened):
    for generator, words in ((zoo.endless(2), NO_FACTORY), (zoo.nested(), NOTHING_KNOWN)):
        panel = opened(generator)
        assert panel._subject.constants == ({"size": "2"} if words is NO_FACTORY else {})
        assert any(words.split(",")[0] in text for text in headings(panel))


@pytest.mark.parametrize("make", [zoo.endless, lambda: zoo.endless, lambda: zoo.Counting])
def test_what_goes_forward_only_has_one_worker_and_says_why(make, opened):
    panel = opened(make())
    for name in ("workers", "worker_kind", "max_queue_size"):
        assert panel._controls.by_name[name].widget.disabled
    assert any("Keras runs it in one thread" in text for text in headings(panel))
    with pytest.raises(SettingsError, match=r"workers: fixed\. .*generator already executing"):
        panel.set(workers=2)


def test_an_index_may_have_workers(opened):
    panel = opened(zoo.Direct())
    assert not panel._controls.by_name["workers"].widget.disabled


# The picture


def press(panel, action, **more):
    count = panel._view.preview.pressed.get("count", 0) + 1
    panel._view.preview.pressed = {"action": action, "count": count, **more}
    return pictured(panel)


def test_the_same_images_stay_while_what_does_not_build_moves(opened):
    asked = []

    class Noting(Graded):
        def __getitem__(self, index):
            if threading.current_thread().name == "workbench-picture":
                asked.append(index)
            return np.random.rand(4, 12, 12, 1).astype(np.float32), np.zeros(4)

    panel = opened(Noting())
    pictured(panel)
    until(lambda: panel._engine.report.profile and facts(panel)["summary"])
    picture = panel._view.preview.image
    for values in ({"workers": 3}, {"max_queue_size": 4}, {"workers": 1}):
        move(panel, **values)
        pictured(panel)
    panel._view.profile_in.value = "the workers as set"
    pictured(panel)
    assert panel._view.preview.image == picture
    assert asked == [0]
    press(panel, "redraw")
    until(lambda: panel._view.preview.image != picture)
    assert asked == [0, 0]


def test_a_slider_that_builds_anew_keeps_the_random_draws(opened):
    class Noisy(Graded):
        def __getitem__(self, index):
            images, labels = super().__getitem__(index)
            return images + 100 * np.random.rand(*images.shape), labels

    panel = opened(lambda scale=1.0: Noisy(4, scale))
    np.random.rand(5)
    pictured(panel)
    first = tiles(panel).astype(int)
    move(panel, scale=1.02)
    pictured(panel)
    assert np.abs(tiles(panel) - first).mean() < 3
    press(panel, "redraw")
    until(lambda: np.abs(tiles(panel) - first).mean() > 5)


def test_other_images_are_the_next_ones(opened):
    panel = opened(Graded(20))
    assert pictured(panel)["title"] == "batch 0 · 1-16 of 20"
    assert press(panel, "others")["title"] == "batch 0 · 17-12 of 20"
    assert_shows(panel, Graded(20)[0][0][:16])
    assert press(panel, "others")["title"] == "batch 1 · 1-16 of 20"
    assert_shows(panel, Graded(20)[1][0][:16])


def test_other_images_go_round(opened):
    panel = opened(Graded(4))
    for number in (1, 2, 3):
        press(panel, "others")
        assert_shows(panel, Graded(4)[number][0])
    for _ in range(7):
        press(panel, "others")
    assert_shows(panel, Graded(4)[0][0])


def test_another_leaf_can_be_chosen_and_the_labels_have_names(opened):
    class Two(Graded):
        def __getitem__(self, index):
            images, labels = super().__getitem__(index)
            return {"image": images, "depth": images[:, ::-1] * 2 + 7}, labels

    panel = opened(Two())
    data = pictured(panel)
    assert [c["label"] for c in data["captions"]] == ["cat", "dog", "cat", "dog"]
    assert_shows(panel, Two()[0][0]["image"])
    depth = next(text for text in data["shows"] if "depth" in text)
    assert press(panel, "show", show=depth)["show"] == depth
    assert_shows(panel, Two()[0][0]["depth"])
    press(panel, "others")
    assert_shows(panel, Two()[1][0]["depth"])


def test_a_buffer_that_is_used_again_is_copied_for_the_picture_and_told(opened):
    class Buffered(Graded):
        def __init__(self):
            super().__init__()
            self.buffer = np.zeros((4, 12, 12, 1), np.float32)

        def __getitem__(self, index):
            self.buffer[:] = self.slope * (1 + index)
            return self.buffer, np.arange(4) % 2

    panel = opened(Buffered())
    pictured(panel)
    profiled(panel)
    picture = panel._view.preview.image
    move(panel, workers=2)
    pictured(panel)
    assert panel._view.preview.image == picture
    assert_shows(panel, Graded.slope.repeat(4, 0))
    words = "It gives the same array buffer for each batch: copy what you keep."
    until(lambda: words in facts(panel)["warnings"])


# Guard rails


class Loud(Graded):
    logger = logging.getLogger("loud")

    def __getitem__(self, index):
        print("reading", end=" ")
        print("a file")
        print("\r10 %\r20 %", end="", file=sys.stderr)
        logging.warning("root says")
        self.logger.error("own says")
        warnings.warn("odd values", RuntimeWarning, stacklevel=1)
        np.random.shuffle(np.arange(3))
        return super().__getitem__(index)


def test_what_it_prints_logs_and_warns_is_shown_and_stays_out_of_cells(opened, capfd):
    handler = logging.StreamHandler()  # on the stream of a cell
    stream = handler.stream
    Loud.logger.addHandler(handler)
    try:
        panel = opened(Loud())
        said = lambda: dict(facts(panel).get("rows", ())).get("It said", "")  # noqa: E731
        for words in (
            "reading a file",
            "WARNING root: root says",
            "own says",
            "RuntimeWarning: odd",
        ):
            until(lambda words=words: words in said())
        measured(panel)
        assert "10 %" not in said()
        assert handler.stream is not stream
        panel.close()
        assert handler.stream is stream
    finally:
        Loud.logger.removeHandler(handler)
    out, err = capfd.readouterr()
    for words in ("reading", "says", "odd values", "20 %"):
        assert words not in out + err


def test_a_cell_draws_its_own_random_numbers_whatever_the_loader_draws(opened):
    class Drawing(Graded):
        def __getitem__(self, index):
            np.random.rand(100)
            random.random()
            time.sleep(0.003)
            return super().__getitem__(index)

    panel = opened(lambda scale=1.0: Drawing(4, scale))
    profiled(panel)
    panel._cell_starts()
    np.random.seed(3)
    random.seed(3)
    numbers = []
    for step in range(20):
        numbers += [np.random.rand(), random.random()]
        if step == 5:
            move(panel, scale=2.0)  # nothing is drawn before the cell has ended
        time.sleep(0.02)
    panel._cell_ended()
    expected, standard = np.random.RandomState(3), random.Random(3)
    assert numbers == [n for _ in range(20) for n in (expected.rand(), standard.random())]
    assert_shows(panel, Graded(4, 2.0)[0][0])
    panel.close()
    assert np.random.rand() == expected.rand()


def test_the_first_picture_does_not_wait_for_the_cells_that_follow(opened):
    panel = opened(Graded())
    panel._cell_starts()  # at once, as when all cells are run
    until(lambda: panel._view.preview.image, 5)
    panel._cell_ended()
    assert_shows(panel, Graded()[0][0])


def test_a_loader_that_raises_in_batch_3_shows_its_first_batch_and_the_line(opened):
    class Broken(Graded):
        def __getitem__(self, index):
            if index == 3:
                raise KeyError("image_id")
            return super().__getitem__(index)

    panel = opened(Broken())
    until(lambda: "KeyError: 'image_id' (test_theirs_panel.py:" in text_of(panel, "error"))
    assert text_of(panel, "sentence").startswith("No figure: KeyError")
    assert_shows(panel, Graded()[0][0])
    assert press(panel, "others")["title"].startswith("batch 1")


def test_a_removed_name_is_shown_with_what_to_write(opened):
    class Old(Graded):
        def __getitem__(self, index):
            return np.zeros(4, np.int)  # type: ignore[attr-defined]

    panel = opened(Old())
    until(lambda: "write int itself" in text_of(panel, "error"))


class Sleepy(Graded):
    def __getitem__(self, index):
        time.sleep(3)
        return super().__getitem__(index)


@pytest.mark.alone
def test_stop_ends_a_slow_loader_at_the_end_of_its_batch(opened):
    panel = opened(Sleepy())
    until(lambda: panel._view.preview.image)
    time.sleep(0.3)
    began = time.monotonic()
    panel._stop(None)
    assert time.monotonic() - began < 0.25
    until(lambda: text_of(panel, "status").startswith("Finishing the batches"), 1)
    until(lambda: text_of(panel, "status") == "Live is off.", 5)


@pytest.mark.alone
def test_close_waits_for_one_slow_batch_only(opened):
    panel = opened(Sleepy())
    until(lambda: panel._view.preview.image)
    time.sleep(0.3)
    began = time.monotonic()
    panel.close()
    assert time.monotonic() - began < 4


def test_a_change_of_the_callers_list_is_told(opened):
    class Shuffling(Graded):
        def __init__(self, paths):
            super().__init__()
            self.paths = paths

        def __getitem__(self, index):
            np.random.shuffle(self.paths)
            return super().__getitem__(index)

    panel = opened(Shuffling(list(range(50))))
    until(lambda: "It shuffles your list paths in place." in facts(panel).get("warnings", ()))


def test_the_python_twins_profile_and_measure_a_loader_of_the_users(opened):
    panel = opened(zoo.make_sequence)
    profiled(panel)
    assert panel.profile(0.1).hot[0].source.endswith("# SLOW")
    assert panel.measure(0.2).samples_per_second.median < zoo.SIZE / 0.006


def test_an_iterator_of_keras_is_told_of_the_fast_one(opened):
    images = tf.keras.preprocessing.image.ImageDataGenerator()
    panel = opened(images.flow(np.zeros((8, 16, 16, 1)), np.zeros(8), 4))

    until(lambda: any("wb.faster" in w for w in facts(panel).get("warnings", ())))
