"""Advice in the panel, without a browser: asked for, ended, shown, out of date."""

from __future__ import annotations

import json
import sys
import threading

import cv2
import numpy as np
import pytest

import workbench as wb
from tests.advice import advice_zoo as zoo
from workbench.advice import find as finding
from workbench.advice import proof
from workbench.panel import advice_search, measure_jobs
from workbench.render.advice_list import NONE


@pytest.fixture
def profiling(opened, monkeypatch):
    """Opens panels and waits for a profile that tells which lines are hot."""
    monkeypatch.setattr(advice_search, "LEAST_SECONDS", 0.0)  # whole batches are waited for instead
    monkeypatch.setattr(measure_jobs, "REST", 3600.0)  # Keras's feed would refuse some batches

    def open_(data, **controls):
        driver = opened(data, **controls)
        wait_for_batches(driver)
        return driver

    return open_


def wait_for_batches(driver):
    """Wait for a profile of two batches with the settings shown."""

    def known():
        report, settings = driver.report, driver.panel.settings
        of_these = report.profile_request and report.profile_request.settings == settings
        return of_these and report.profile.batches >= 2

    driver.wait_until(known)
    driver.refreshed()


def times(ratio):
    spread = proof.Summary(ratio - 0.1, ratio, ratio + 0.1, 5)
    return proof.Times(spread, spread, spread, spread, spread)


@pytest.fixture
def believed(monkeypatch):
    """As if all were twice as fast, so that no test depends on how busy the machine is."""
    monkeypatch.setattr(finding, "timed", lambda old, new, batch: batch() or times(2.0))


@pytest.fixture
def slowly(monkeypatch):
    """Proofs that take as long as is wanted, batch by batch; tells what was begun."""
    begun, free = [], threading.Event()

    def timed(old, new, batch):
        begun.append(1)
        while not free.wait(0.02):
            batch()

    monkeypatch.setattr(finding, "timed", timed)
    yield begun
    free.set()


def ask(driver):
    driver.press("advise")
    driver.wait_until(lambda: "pieces" in driver.data("advice"))
    return driver.data("advice")["pieces"]


def test_a_click_shows_place_words_code_and_pictures(profiling, believed):
    driver = profiling(zoo.Transforms())
    assert driver.data("hot")["advise"]
    (piece,) = ask(driver)
    assert piece["place"].startswith("advice_zoo.py:")
    assert piece["function"] == "Transforms._augmented"
    assert piece["what"].endswith("Instead: one cv2.warpAffine.")
    assert "of a batch's" in piece["saves"] and "n=5" in piece["saves"]
    assert "an epoch of 5 batches" in piece["saves"]
    assert "255 grey levels" in piece["pixels"] or "Pixels are the same" in piece["pixels"]
    assert piece["before"] == "return GENERATOR.random_transform(image)  # transform"
    assert "def warped(" in piece["after"]
    now, instead, gap = (
        np.asarray(cv2.imdecode(np.frombuffer(p["jpeg"], np.uint8), cv2.IMREAD_COLOR))
        for p in piece["pictures"]
    )
    assert now.shape == instead.shape == gap.shape == (96, 96, 3)
    assert np.abs(now.astype(int) - instead).mean() < 4
    assert now.std() > 10
    assert [p["title"].split(",")[0] for p in piece["pictures"]] == ["Now", "Instead", "Difference"]
    assert all(p["alt"] for p in piece["pictures"])
    assert sum(len(p["jpeg"]) for p in piece["pictures"]) < 200_000
    json.dumps({**piece, "pictures": [{**p, "jpeg": ""} for p in piece["pictures"]]})
    assert "<" not in piece["what"] + piece["saves"] + piece["pixels"]
    driver.wait_until(lambda: "Live" in driver.text("status"))  # and it goes on
    driver.wait_until(lambda: not driver.data("hot")["looking"])


def test_without_advice_there_is_the_sentence(profiling, monkeypatch):
    monkeypatch.setattr(finding, "timed", lambda old, new, batch: batch() or times(0.5))
    driver = profiling(zoo.FastAlready())
    assert ask(driver) == []
    assert driver.data("advice")["none"] == NONE


def test_a_change_dims_it_and_its_settings_again_do_not(profiling, believed):
    driver = profiling(zoo.Transforms())
    ask(driver)
    driver.wait_until(lambda: driver.data("advice")["stale"] is False)
    driver.panel.set(workers=3)
    driver.wait_until(lambda: driver.data("advice")["stale"])
    driver.panel.set(workers=1)
    driver.wait_until(lambda: not driver.data("advice")["stale"])


@pytest.mark.parametrize("end", ["change", "stop"])
def test_a_change_and_stop_end_the_search(profiling, slowly, end):
    driver = profiling(zoo.Transforms())
    driver.press("advise")
    driver.wait_until(lambda: slowly)
    driver.wait_until(lambda: driver.data("hot")["looking"])
    assert driver.text("status") == advice_search.LOOKING
    if end == "change":
        driver.panel.set(workers=2)
        driver.wait_until(lambda: "Live" in driver.text("status"))
    else:
        assert driver.data("head")["busy"] is not None
        driver.press("stop")
        driver.wait_until(lambda: "Live: " in driver.text("status"))
        assert driver.data("head")["busy"] is None
    assert driver.data("advice") == {}
    assert len(slowly) == 1
    assert driver.text("error") == ""


def test_close_ends_the_search_and_leaves_nothing(profiling, slowly):
    code = zoo.Transforms._augmented.__code__  # before it is profiled
    driver = profiling(zoo.Transforms())
    driver.press("advise")
    driver.wait_until(lambda: slowly)
    driver.panel.close()
    assert driver.threads() == []
    assert zoo.Transforms._augmented.__code__ is code
    assert sys.getprofile() is None


def test_a_second_click_does_not_begin_anew(profiling, slowly):
    driver = profiling(zoo.Transforms())
    driver.press("advise")
    driver.wait_until(lambda: slowly)
    driver.press("advise")
    driver.refreshed()
    assert len(slowly) == 1


def test_it_waits_for_a_cell_and_then_begins_again(profiling, slowly):
    driver = profiling(zoo.Transforms())
    driver.press("advise")
    driver.wait_until(lambda: slowly)
    with driver.running_cell():
        driver.wait_until(lambda: driver.text("status") == "Paused while a cell runs.")
    driver.wait_until(lambda: len(slowly) == 2)


def test_it_is_found_while_live_is_off(profiling, believed):
    driver = profiling(zoo.Transforms())
    driver.widget("live").value = False
    driver.wait_until(lambda: driver.text("status") == "Live is off.")
    assert len(ask(driver)) == 1


def test_an_error_is_shown_and_ends_it(profiling, believed, monkeypatch):
    driver = profiling(zoo.Transforms())
    with monkeypatch.context() as patch:
        patch.setattr(finding, "sites_of", lambda *_: 1 / 0)
        driver.press("advise")
        driver.wait_until(lambda: "ZeroDivisionError" in driver.text("error"))
        assert driver.data("advice") == {}
    assert len(ask(driver)) == 1
    driver.panel.set(workers=2)
    driver.wait_until(lambda: "Live" in driver.text("status"))


def test_a_factory_is_advised_on_what_it_makes_now(profiling, believed):
    driver = profiling(make_scaled, size=(8, 64))
    driver.panel.set(size=40)
    wait_for_batches(driver)
    assert [p["pictures"] != [] for p in ask(driver)] == [True]


def make_scaled(size=32):
    return zoo.LoopScaled(8, size, size, 1)


def test_the_panels_method_gives_what_the_function_gives(profiling, believed):
    driver = profiling(zoo.Transforms())
    (found,) = driver.panel.advise()
    driver.panel.close()
    (same,) = wb.advise(zoo.Transforms(), seconds=0.2)
    assert (found.line, found.instead, found.code_after) == (
        same.line,
        same.instead,
        same.code_after,
    )


def test_data_of_ours_has_no_button(profiling, class_folder):
    driver = profiling(class_folder)
    assert not driver.data("hot")["advise"]
    assert driver.data("advice") == {}
