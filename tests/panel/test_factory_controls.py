"""Controls for loaders of the user's own: a factory's keywords, and what an object leaves."""

from __future__ import annotations

import json
import threading

import pytest

import workbench as wb
from tests.loaders import loaders_zoo as zoo
from tests.panel.conftest import assert_shows, column, headings
from tests.panel.driver import LIMIT
from tests.panel.graded import Graded
from workbench.panel.loader_export import FEED_ONLY
from workbench.panel.loader_subject import NO_FACTORY, NOTHING_KNOWN
from workbench.settings import SettingsError


class Builds:
    """A factory that notes what it was asked for, and waits or fails if it is told to."""

    def __init__(self):
        self.calls, self.gate, self.error = [], threading.Event(), None
        self.gate.set()

    def __call__(self, batch_size=4, scale=1.0, mirror=False, mode="plain", workers=1):
        self.calls.append((batch_size, scale, mirror, mode, workers))
        assert self.gate.wait(LIMIT)
        if self.error:
            raise self.error
        return Graded(batch_size, scale)


@pytest.fixture
def make():
    return Builds()


def test_the_keywords_of_a_factory_get_controls_and_each_change_builds_anew(make, opened):
    driver = opened(make, batch_size=(2, 8), mode=["plain", "odd"])
    batch_size = driver.control("batch_size")
    assert (batch_size.min, batch_size.max, batch_size.value) == (2, 8, 4)
    assert type(driver.control("scale")).__name__ == "FloatSlider"
    assert type(driver.control("mirror")).__name__ == "Checkbox"
    assert type(driver.control("mode")).__name__ == "Dropdown"
    driver.drawn()
    assert make.calls == [(4, 1.0, False, "plain", 1)]

    driver.move(batch_size=3)
    assert_shows(driver, Graded(3)[0][0])
    assert driver.drawn()["samples"] == 3
    driver.move(scale=2.0)
    assert_shows(driver, Graded(3, 2.0)[0][0])
    driver.move(mirror=True)
    driver.drawn()
    driver.move(mode="odd")
    driver.drawn()

    assert make.calls[1:] == [
        (3, 1.0, False, "plain", 1),
        (3, 2.0, False, "plain", 1),
        (3, 2.0, True, "plain", 1),
        (3, 2.0, True, "odd", 1),
    ]
    driver.wait_until(lambda: "batch 3 × 12×12×1" in driver.text("title"))


def test_a_factory_that_takes_workers_gets_them_and_others_are_not_built_for_them(make, opened):
    driver = opened(make)
    driver.drawn()
    driver.move(workers=3)
    driver.drawn()
    assert make.calls[-1] == (4, 1.0, False, "plain", 3)
    count = len(make.calls)
    driver.move(max_queue_size=3)
    driver.drawn()
    assert len(make.calls) == count


def test_while_a_factory_builds_the_old_picture_stays_and_building_is_told(make, opened):
    driver = opened(make)
    driver.drawn()
    picture = driver.jpeg
    make.gate.clear()
    driver.move(scale=0.5)
    driver.wait_until(lambda: driver.text("status").startswith("Building "))
    assert driver.jpeg == picture
    make.gate.set()
    assert_shows(driver, Graded(4, 0.5)[0][0])


def test_an_exception_in_a_factory_shows_and_the_old_picture_stays(make, opened):
    driver = opened(make)
    driver.drawn()
    picture = driver.jpeg
    make.error = KeyError("image_id")
    driver.move(scale=0.5)
    driver.wait_until(lambda: "KeyError: 'image_id', test_factory" in driver.text("error"))
    assert driver.jpeg == picture
    make.error = None
    driver.move(scale=1.5)
    assert_shows(driver, Graded(4, 1.5)[0][0])
    driver.wait_until(lambda: not driver.text("error"))


def test_an_exception_in_the_first_build_is_one_of_the_cell(make):
    make.error = KeyError("image_id")
    with pytest.raises(KeyError, match="image_id"):
        wb.Workbench(make)


def test_the_column_says_whose_keywords_they_are(opened):
    driver = opened(zoo.make_sequence)
    assert headings(driver) == ["Speed", "Keywords of make_sequence"]


def test_export_holds_the_keywords_and_builds_the_loader_again(opened, tmp_path):
    driver = opened(Graded, batch_size=(2, 8))
    driver.move(batch_size=6, workers=2)
    driver.measured()
    driver.widget("path").value = str(tmp_path / "tuned.json")
    driver.press("export")
    driver.wait_until(lambda: driver.text("message").startswith(f"Saved {tmp_path}"))
    assert "cannot be imported" not in driver.text("message")

    values = json.loads((tmp_path / "tuned.json").read_text())
    assert values["settings"]["data"]["keywords"] == {"batch_size": 6, "scale": 1.0}
    assert values["settings"]["data"]["import"] == "tests.panel.graded:Graded"
    assert values["evidence"]["now"]["samples_per_second"]["n"] >= 1
    assert "keywords.batch_size: 4 -> 6" in values["evidence"]["alters_training"]
    tuned = wb.load(tmp_path / "tuned.json")
    assert tuned.dataset(factory=Graded).batch_size == 6
    with pytest.raises(SettingsError, match="allow_import=True"):
        tuned.dataset()
    assert tuned.dataset(allow_import=True).batch_size == 6


def test_import_moves_the_sliders_and_builds(make, opened, tmp_path):
    driver = opened(make, batch_size=(2, 8))
    driver.move(batch_size=7, scale=0.25, workers=2)
    wanted = driver.panel.settings
    file = driver.panel.export(tmp_path / "tuned.json")
    driver.move(batch_size=2, scale=1.0, workers=1)
    driver.panel.import_(file)
    assert driver.panel.settings == wanted
    assert_shows(driver, Graded(7, 0.25)[0][0])


def test_a_factory_that_cannot_be_imported_is_exported_with_what_that_means(opened, tmp_path):
    driver = opened(lambda size=3: Graded(size))
    driver.widget("path").value = str(tmp_path / "tuned.json")
    driver.press("export")
    driver.wait_until(lambda: "<lambda> cannot be imported" in driver.text("message"))
    assert "dataset(factory=...)" in driver.text("message")
    assert wb.load(tmp_path / "tuned.json").dataset(factory=sized)


def sized(size):
    return Graded(size)


def test_an_import_of_keywords_that_the_factory_does_not_know_says_so(opened, tmp_path):
    file = opened(Graded).panel.export(tmp_path / "graded.json")
    driver = opened(zoo.make_sequence)
    with pytest.raises(SettingsError, match=r"batch_size.*make_sequence.*There are: scale"):
        driver.panel.import_(file)
    driver.widget("path").value = str(file)
    driver.press("import_")
    driver.wait_until(lambda: "no control of make_sequence" in driver.text("message"))
    driver = opened(zoo.Direct())
    with pytest.raises(SettingsError, match=r"keywords of a factory .*this panel shows an object"):
        driver.panel.import_(file)


def test_an_import_of_a_folders_settings_says_so(opened, tmp_path, class_folder):
    file = opened(class_folder).panel.export(tmp_path / "scans.json")
    driver = opened(Graded)
    with pytest.raises(SettingsError, match="'folder'; this panel shows a loader of your own"):
        driver.panel.import_(file)


def test_set_goes_beyond_sliders_and_refuses_what_is_none(make, opened):
    driver = opened(make, batch_size=(2, 8), mode=["plain", "odd"])
    driver.panel.set(batch_size=20, scale=7.5)
    assert driver.control("batch_size").value == 20
    assert_shows(driver, Graded(20, 7.5)[0][0][:16])
    for values, words in (
        ({"batch_size": "many"}, r"keywords\.batch_size"),
        ({"batch_size": 2.5}, r"keywords\.batch_size"),
        ({"scale": float("nan")}, r"keywords\.scale"),
        ({"mode": "even"}, r"mode: expected one of 'plain', 'odd'"),
        ({"size": 3}, r"size: no such control.*batch_size"),
    ):
        with pytest.raises(SettingsError, match=words):
            driver.panel.set(**values)
    assert driver.panel.settings.keywords.batch_size == 20


def test_reset_goes_back_to_where_the_sliders_were(make, opened):
    driver = opened(make)
    start = driver.panel.settings
    driver.move(batch_size=9, workers=4)
    driver.press("reset")
    assert driver.panel.settings == start


# Objects


def constants(driver):
    """What is shown as fixed: by name, as text."""
    fixed = [w for w in column(driver) if "wb-constant" in w._dom_classes]
    assert all(w.disabled for w in fixed)
    return {w.description: w.value for w in fixed}


def test_without_a_factory_what_was_chosen_is_shown_as_fixed_with_the_reason(opened, tmp_path):
    driver = opened(Graded(5, 0.5))
    assert constants(driver) == {"Batch size": "5", "Scale": "0.5"}
    assert "Fixed in Graded" in headings(driver)
    assert any(NO_FACTORY.split(",")[0] in text for text in headings(driver))
    with pytest.raises(SettingsError, match="batch_size: no such control"):
        driver.panel.set(batch_size=3)

    driver.widget("path").value = str(tmp_path / "tuned.json")
    driver.press("export")
    driver.wait_until(lambda: FEED_ONLY in driver.text("message"))
    data = json.loads((tmp_path / "tuned.json").read_text())["settings"]["data"]
    assert data == {"kind": "factory", "import": None, "keywords": {}}


def test_an_objects_own_feed_is_where_the_controls_start(opened):
    loader = zoo.Direct(workers=3, use_multiprocessing=False, max_queue_size=7)
    driver = opened(loader)
    assert (driver.panel.settings.feed.workers, driver.panel.settings.feed.max_queue_size) == (3, 7)
    driver.move(workers=2)
    driver.panel.close()
    assert loader.workers == 3


def test_a_generator_object_shows_the_arguments_it_was_called_with(opened):
    for generator, words in ((zoo.endless(2), NO_FACTORY), (zoo.nested(), NOTHING_KNOWN)):
        driver = opened(generator)
        assert constants(driver) == ({"Size": "2"} if words is NO_FACTORY else {})
        assert any(words.split(",")[0] in text for text in headings(driver))


@pytest.mark.parametrize("make", [zoo.endless, lambda: zoo.endless, lambda: zoo.Counting])
def test_what_goes_forward_only_has_one_worker_and_says_why(make, opened):
    driver = opened(make())
    for name in ("workers", "worker_kind", "max_queue_size"):
        assert driver.control(name).disabled
    assert any("in one thread, whatever the number of workers" in text for text in headings(driver))
    with pytest.raises(SettingsError, match=r"workers: fixed\. .*one after another, in one thread"):
        driver.panel.set(workers=2)


def test_an_index_may_have_workers(opened):
    driver = opened(zoo.Direct())
    assert not driver.control("workers").disabled
