"""Batches that never end: nothing waits for them, and once given up they touch nothing."""

from __future__ import annotations

import _thread
import sys
import threading
import time

import numpy as np
import pytest

import workbench as wb
from tests.panel.conftest import process_state
from tests.panel.driver import LIMIT, until
from tests.panel.graded import Graded
from workbench.isolation import notebook_cells
from workbench.measure.lines import session

MOST_SECONDS = 2.0


class Stuck(Graded):
    """Batches that wait for a gate, from one of them on or in one thread."""

    def __init__(self, gate, thread="workbench-picture", before=0, workers=0):
        super().__init__()
        self.gate, self.thread, self.before, self.workers = gate, thread, before, workers
        self.entered = threading.Event()
        self.files = list(range(20))

    def __getitem__(self, index):
        if threading.current_thread().name == self.thread:
            self.before -= 1
            if self.before < 0:
                np.random.seed(11)
                self.files.reverse()
                self.entered.set()
                assert self.gate.wait(LIMIT)
                print("from a batch that was given up")
        return super().__getitem__(index)


@pytest.fixture
def gate():
    """Opens however a test ends."""
    event = threading.Event()
    yield event
    event.set()


def state():
    return {
        **process_state(),
        "functions": (Stuck.__getitem__.__code__, Graded.__getitem__.__code__),
    }


def stuck_panel(opened, gate, thread, before):
    loader = Stuck(gate, thread, before)
    driver = opened(loader)
    driver.wait_until(loader.entered.is_set)
    return loader, driver


PLACES = {
    "the first picture": ("workbench-picture", 0),
    "the first profiled batch": ("workbench-measure", 0),
    "while lines are profiled": ("workbench-measure", 30),
}


@pytest.mark.parametrize("place", PLACES)
def test_closing_gives_up_what_does_not_end(opened, gate, place):
    before = state()
    loader, driver = stuck_panel(opened, gate, *PLACES[place])
    head = driver.data("head")

    began = time.monotonic()
    driver.panel.close()

    assert time.monotonic() - began < MOST_SECONDS
    assert state() == before
    assert loader.files == list(range(20))

    np.random.seed(5)
    wanted = np.random.get_state()[1].tolist()
    gate.set()
    until(lambda: not driver.threads())
    assert np.random.get_state()[1].tolist() == wanted
    assert state()["functions"] == before["functions"]
    assert sys.stdout is before["streams"][0]
    assert driver.data("head") is head, "nothing is shown any more"


def test_another_panel_opens_and_measures_beside_a_stuck_one(opened, gate):
    _, first = stuck_panel(opened, gate, "workbench-measure", 30)

    began = time.monotonic()
    second = opened(Graded())

    assert time.monotonic() - began < MOST_SECONDS
    assert second.profiled().hot
    gate.set()
    until(lambda: not first.threads())
    assert second.measured().rate.samples_per_second.median > 0
    assert not second.text("error")


def test_running_a_cell_again_waits_once_only(opened, gate):
    _, driver = stuck_panel(opened, gate, "workbench-picture", 0)

    began = time.monotonic()
    with driver.running_cell():
        driver.panel.close()
    assert time.monotonic() - began < MOST_SECONDS


def test_an_interrupt_leaves_no_panel_in_the_way(opened, gate):
    _, driver = stuck_panel(opened, gate, "workbench-picture", 0)
    timer = threading.Timer(0.2, _thread.interrupt_main)
    timer.start()

    with pytest.raises(KeyboardInterrupt):
        driver.panel.close()
        time.sleep(LIMIT)

    assert wb.Workbench._open is None
    timer.join()


def test_a_generator_that_never_ends_does_not_keep_its_panel_open(opened, gate):
    closing = threading.Event()

    def batches():
        try:
            while True:
                yield Graded()[0]
        finally:
            if driver.is_closing:
                closing.set()
                gate.wait(LIMIT)

    driver = opened(batches)
    driver.drawn()
    driver.widget("live").value = False
    driver.wait_until(lambda: driver.text("status") == "Live is off.")

    began = time.monotonic()
    driver.panel.close()

    assert closing.is_set()
    assert time.monotonic() - began < MOST_SECONDS


def test_a_picture_waits_for_a_batch_without_holding_the_display(opened, gate):
    _, driver = stuck_panel(opened, gate, "workbench-measure", 30)
    driver.panel._request(epoch=1)
    driver.tell(notice="still here")
    driver.wait_until(lambda: driver.data("message").get("text") == "still here")
    gate.set()
    driver.drawn()


def test_the_display_goes_on_while_other_functions_are_looked_for(monkeypatch, gate):
    """A batch that is made between two profiles may take forever."""
    monkeypatch.setattr(session, "RECORDED_PAIRS", frozenset((1,)))
    entered, calls = threading.Event(), iter(range(10_000))

    def slow():
        time.sleep(0.002)

    def slower():
        time.sleep(0.004)

    def batches():
        while True:
            (slow if next(calls) < 8 else slower)()
            if running and not instrumented:
                entered.set()
                gate.wait(LIMIT)
            yield (np.zeros((2, 3)),)

    running, instrumented = [], []
    opened = wb.api.as_loader(batches)
    with session.LineSession(opened) as lines:
        again = lines._profiled.instrument_again

        def instrument_again():
            running.append(1)
            again()

        monkeypatch.setattr(lines._profiled, "instrument_again", instrument_again)
        thread = threading.Thread(target=lambda: [lines.step() for _ in range(6)])
        thread.start()
        assert entered.wait(LIMIT)
        assert lines.snapshot().hot
        instrumented.append(1)
        gate.set()
        thread.join()
        assert any("slower" in line.source for line in lines.snapshot().hot)


def test_a_seed_that_a_cell_sets_during_a_long_batch_stays_set(opened, gate):
    loader, driver = stuck_panel(opened, gate, "workbench-measure", 5)

    with driver.running_cell():
        np.random.seed(77)
        loader.chosen = "in the cell"
        wanted = np.random.get_state()[1].tolist()
    gate.set()
    driver.profiled()
    driver.panel.close()

    assert np.random.get_state()[1].tolist() == wanted
    assert loader.chosen == "in the cell"


def test_the_state_before_a_long_batch_is_back_when_a_cell_starts(opened, gate):
    np.random.seed(3)
    wanted = np.random.get_state()[1].tolist()
    _, driver = stuck_panel(opened, gate, "workbench-measure", 5)

    with driver.running_cell():
        assert np.random.get_state()[1].tolist() == wanted
    assert notebook_cells.cells_begun()
