"""The live profile and the feed's figure: what they are of, and when they rest."""

from __future__ import annotations

import pytest

from workbench.panel import measure_jobs


def functions(driver):
    """The names of the functions in the profile of the newest settings, once it has a batch.

    Before that it holds the finished lines of the first one.
    """
    newest = driver.report.request.generation
    driver.wait_until(lambda: driver.data("profile").get("settings") == newest)
    driver.wait_until(lambda: " 0 batches" not in caption(driver))
    return [f["name"] for f in driver.data("profile")["functions"]]


def caption(driver):
    return driver.data("profile").get("caption", "")


def test_the_profile_switches_to_the_workers_as_set(panel, driver):
    panel.set(workers=2)
    for kind, words in (("threads", "2 threads"), ("processes", "2 processes")):
        panel.set(worker_kind=kind)
        driver.press("profile_in", in_workers=True)
        driver.wait_until(lambda words=words: words in caption(driver))
        assert "Dataset.__getitem__" in functions(driver)
    driver.press("profile_in", in_workers=False)
    driver.wait_until(lambda: "this thread" in caption(driver))
    found = panel.profile(0.3, in_workers=True)
    assert (found.workers, found.use_multiprocessing) == (2, True)


def test_a_click_goes_into_a_library_and_out_again(driver):
    def libraries():
        lines = [line for f in driver.data("profile")["functions"] for line in f["lines"]]
        return next((line["libraries"] for line in lines if "keras" in line["libraries"]), None)

    assert "apply_affine_transform" not in functions(driver)
    driver.wait_until(libraries)
    driver.press("open", libraries=libraries())
    assert "apply_affine_transform" in functions(driver)
    assert "keras" in driver.data("profile")["opened"]
    # Deeper, but the same slow line.
    driver.wait_until(lambda: driver.text("suggestion") == "opencv")
    driver.press("close")
    assert "apply_affine_transform" not in functions(driver)


def test_a_profile_mode_does_not_redraw_the_picture(driver):
    functions(driver)
    drawn = driver.jpeg
    driver.press("profile_in", in_workers=True)
    newest = driver.report.request.generation
    driver.wait_until(lambda: driver.data("preview")["settings"] == newest)
    assert driver.jpeg is drawn


@pytest.fixture
def long_measurement(monkeypatch, driver):
    """A measurement that does not end by itself is running."""
    monkeypatch.setattr(measure_jobs, "RATE_SECONDS", 3600.0)
    driver.wait_until(lambda: "Measuring" in driver.text("status"))


def test_a_measurement_that_was_cut_short_is_not_kept(driver, long_measurement, monkeypatch):
    with driver.running_cell():
        driver.wait_until(lambda: driver.text("status") == "Paused while a cell runs.")
        assert driver.report.measured is None
        monkeypatch.setattr(measure_jobs, "RATE_SECONDS", 0.1)
    driver.measured()


def test_measure_pressed_during_a_measurement_is_done_once(driver, long_measurement):
    driver.measure(0.7)
    driver.wait_until(lambda: "0.7 s" in driver.text("status"))
    driver.measured()
    driver.widget("live").value = False
    driver.wait_until(lambda: driver.text("status") == "Live is off.")


def test_live_off_ends_the_measuring(driver):
    functions(driver)
    driver.widget("live").value = False
    driver.wait_until(lambda: driver.text("status") == "Live is off.")
    driver.refreshed()
    batches = caption(driver)
    driver.refreshed()
    assert caption(driver) == batches
    driver.widget("live").value = True
    driver.wait_until(lambda: caption(driver) != batches)


def test_stop_ends_what_was_asked_for_and_leaves_live_as_it_is(driver):
    functions(driver)
    driver.measure(60)
    driver.wait_until(lambda: driver.data("head")["busy"] == 60)
    driver.wait_until(lambda: "throughput (1 thread, 60 s)" in driver.text("status"))
    driver.press("stop")
    driver.wait_until(lambda: driver.text("status").startswith("Live: "))
    assert driver.data("head")["busy"] is None
    assert driver.widget("live").value


def test_measuring_pauses_while_a_cell_runs_and_when_nobody_looks(driver):
    functions(driver)
    with driver.running_cell():
        driver.wait_until(lambda: driver.text("status") == "Paused while a cell runs.")
    driver.wait_until(lambda: "Live" in driver.text("status"))
    driver.look_away()
    driver.wait_until(lambda: driver.text("status") == "Paused: nobody is looking.")
    driver.widget("shell").beat += 1
    driver.wait_until(lambda: "Paused" not in driver.text("status"))


def test_profile_and_measure_take_the_settings_shown_and_the_live_profile_makes_way(panel, driver):
    driver.wait_until(lambda: "Live" in driver.text("status"))
    panel.set(augment_method="opencv", image_size=[16, 16])
    profile = panel.profile(0.1)
    assert profile.functions[0].name == "Dataset.__getitem__"
    assert any(function.file.endswith("opencv.py") for function in profile.functions)
    assert panel.measure(0.2).samples_per_second.median > 0
