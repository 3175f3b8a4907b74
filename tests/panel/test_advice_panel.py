"""Advice in the panel, without a browser: asked for, ended, shown, out of date."""

from __future__ import annotations

import json
import sys
import threading
import time

import cv2
import numpy as np
import pytest

import workbench as wb
from tests.advice import advice_zoo as zoo
from workbench.advice import find as finding
from workbench.advice import proof
from workbench.panel import advice_search
from workbench.render.advice_list import NONE


def until(condition, seconds=30):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"not within {seconds} s"
        time.sleep(0.02)


@pytest.fixture
def opened():
    panels = []

    def make(data, **controls):
        panels.append(wb.Workbench(data, **controls))
        beat(panels[-1])
        until(lambda: panels[-1]._view.hot.data.get("lines"))
        return panels[-1]

    yield make
    for panel in panels:
        panel.close()


def beat(panel):
    """As a page that stays open."""

    def beats():
        while not panel._engine._state.closed:
            panel._engine.beat()
            time.sleep(0.5)

    threading.Thread(target=beats, daemon=True).start()


@pytest.fixture
def believed(monkeypatch):
    """As if all were twice as fast, so that no test depends on how busy the machine is."""
    spread = proof.Summary(1.9, 2.0, 2.1, 5)
    times = proof.Times(spread, spread, spread, spread, spread)
    monkeypatch.setattr(finding, "timed", lambda old, new, batch: batch() or times)


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


def click(panel):
    panel._view.hot.pressed = {"action": "advise", "count": time.monotonic_ns()}


def advice(panel):
    return panel._view.advice.data


def ask(panel):
    click(panel)
    until(lambda: "pieces" in advice(panel))
    return advice(panel)["pieces"]


def test_a_click_shows_place_words_code_and_pictures(opened, believed):
    panel = opened(zoo.Transforms())
    assert panel._view.hot.data["advise"]
    (piece,) = ask(panel)
    assert piece["place"].startswith("advice_zoo.py:")
    assert piece["function"] == "Transforms._augmented"
    assert piece["what"].endswith("Instead: one cv2.warpAffine.")
    assert "of a batch's" in piece["saves"] and "n=5" in piece["saves"]
    assert "an epoch of 5 batches" in piece["saves"]
    assert "255 grey levels" in piece["pixels"] or "Pixels are the same" in piece["pixels"]
    assert piece["before"] == "return GENERATOR.random_transform(image)  # transform"
    assert "def warped(" in piece["after"]
    now, instead, gap = (
        cv2.imdecode(np.frombuffer(p["jpeg"], np.uint8), cv2.IMREAD_COLOR)
        for p in piece["pictures"]
    )
    assert now.shape == instead.shape == gap.shape == (96, 96, 3)
    assert np.abs(now.astype(int) - instead).mean() < 4
    assert now.std() > 10
    assert [p["title"].split(",")[0] for p in piece["pictures"]] == ["Now", "Instead", "Difference"]
    assert all(p["alt"] for p in piece["pictures"])
    size = sum(len(p["jpeg"]) for p in piece["pictures"])
    assert size < 200_000
    until(lambda: "Live" in panel._view.head.data["status"])  # and it goes on
    until(lambda: not panel._view.hot.data["looking"])


def test_without_advice_there_is_the_sentence(opened):
    panel = opened(zoo.FastAlready())
    assert ask(panel) == []
    assert advice(panel)["none"] == NONE


def test_data_is_plain_and_names_no_markup(opened, believed):
    panel = opened(zoo.Transforms())
    (piece,) = ask(panel)
    json.dumps({**piece, "pictures": [{**p, "jpeg": ""} for p in piece["pictures"]]})
    assert "<" not in piece["what"] + piece["saves"] + piece["pixels"]


def test_a_change_dims_it_and_its_settings_again_do_not(opened, believed):
    panel = opened(zoo.Transforms())
    ask(panel)
    until(lambda: advice(panel)["stale"] is False)
    panel.set(workers=3)
    until(lambda: advice(panel)["stale"])
    panel.set(workers=1)
    until(lambda: not advice(panel)["stale"])


@pytest.mark.parametrize("end", ["change", "stop"])
def test_a_change_and_stop_end_the_search(opened, slowly, end):
    panel = opened(zoo.Transforms())
    click(panel)
    until(lambda: slowly)
    until(lambda: panel._view.hot.data["looking"])
    assert panel._view.head.data["status"] == advice_search.LOOKING
    began = time.monotonic()
    if end == "change":
        panel.set(workers=2)
        until(lambda: "Live" in panel._view.head.data["status"])
    else:
        panel._view.stop.click()
        until(lambda: panel._view.head.data["status"] == "Live is off.")
    assert time.monotonic() - began < 5
    assert advice(panel) == {}
    assert len(slowly) == 1
    assert panel._view.head.data["error"] == ""


def test_close_ends_the_search_and_leaves_nothing(opened, slowly):
    code = zoo.Transforms._augmented.__code__  # before it is profiled
    panel = opened(zoo.Transforms())
    click(panel)
    until(lambda: slowly)
    threads = panel._engine._threads
    panel.close()
    assert not any(thread.is_alive() for thread in threads)
    assert zoo.Transforms._augmented.__code__ is code
    assert sys.getprofile() is None


def test_a_second_click_does_not_begin_anew(opened, slowly):
    panel = opened(zoo.Transforms())
    click(panel)
    until(lambda: slowly)
    click(panel)
    time.sleep(0.5)
    assert len(slowly) == 1


def test_it_waits_for_a_cell_and_then_begins_again(opened, slowly):
    panel = opened(zoo.Transforms())
    click(panel)
    until(lambda: slowly)
    panel._cell_starts()
    until(lambda: panel._view.head.data["status"] == "Paused while a cell runs.")
    panel._cell_ended()
    until(lambda: len(slowly) == 2)


def test_it_is_found_while_live_is_off(opened, believed):
    panel = opened(zoo.Transforms())
    panel._view.live.value = False
    until(lambda: panel._view.head.data["status"] == "Live is off.")
    assert len(ask(panel)) == 1


def test_an_error_is_shown_and_ends_it(opened, believed, monkeypatch):
    panel = opened(zoo.Transforms())
    monkeypatch.setattr(finding, "sites_of", lambda *_: 1 / 0)
    click(panel)
    until(lambda: "ZeroDivisionError" in panel._view.head.data["error"])
    assert not panel._engine._state.advice_wanted
    assert advice(panel) == {}
    panel.set(workers=2)
    until(lambda: "Live" in panel._view.head.data["status"])


def test_a_factory_is_advised_on_what_it_makes_now(opened, believed):
    panel = opened(make_scaled, size=(8, 64))
    panel.set(size=40)
    until(lambda: panel._engine.report.profile_request.settings == panel.settings)
    assert [p["pictures"] != [] for p in ask(panel)] == [True]


def make_scaled(size=32):
    return zoo.LoopScaled(8, size, size, 1)


def test_the_panels_own_method_gives_what_the_function_gives(opened, believed):
    panel = opened(zoo.Transforms())
    (found,) = panel.advise()
    panel.close()
    (same,) = wb.advise(zoo.Transforms(), seconds=0.2)
    assert (found.line, found.instead, found.code_after) == (
        same.line,
        same.instead,
        same.code_after,
    )


def test_data_of_ours_has_no_button(opened, class_folder):
    panel = opened(class_folder)
    assert not panel._view.hot.data["advise"]
    assert advice(panel) == {}
