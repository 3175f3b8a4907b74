"""The panel on loaders of the user's own, without a browser. See `test_nasty_loaders` as well."""

from __future__ import annotations

import logging
import random
import sys
import threading
import time
import warnings
from queue import SimpleQueue
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from tests.loaders import loaders_zoo as zoo
from tests.panel.conftest import assert_shows, own_threads, process_state, turn
from tests.panel.driver import LIMIT, until
from tests.panel.graded import Graded
from workbench.loaders.streams import NO_LINES


def first_batch(loader):
    """Without any of our code."""
    if callable(loader):
        loader = loader()
    return loader[0] if hasattr(loader, "__getitem__") else next(iter(loader))


def images_of(batch):
    images = batch[0]
    return images["image"] if isinstance(images, dict) else images


@pytest.mark.parametrize("name", zoo.LOADERS)
def test_each_is_shown_profiled_measured_and_left_as_it_was(name, opened):
    make: Any = zoo.LOADERS[name]
    loader, expected = make(), first_batch(make())
    attributes, before = dict(getattr(loader, "__dict__", {})), process_state()
    threads = own_threads()

    driver = opened(loader)
    driver.wait_until(lambda: driver.jpeg)
    shown = images_of(expected)
    rate = driver.measured().rate.samples_per_second.median
    # A busy machine may hold up any line of the first batches.
    driver.wait_until(lambda: driver.profiled().hot[0].source.rstrip().endswith("# SLOW"))
    hottest = driver.profiled().hot[0]
    assert_shows(driver, shown)
    driver.wait_until(lambda: driver.data("scan")["summary"])
    driver.panel.close()

    assert hottest.file == zoo.__file__
    # On a busy machine batches are held up and then come in a burst, so this holds the order only.
    assert 0 < rate < 10 * len(shown) / 0.006
    assert process_state() == before
    until(lambda: own_threads() <= threads)
    if name != "old Sequence, lists":  # its own on_epoch_end shuffles
        after = dict(getattr(loader, "__dict__", {}))
        assert after.keys() == attributes.keys()
        assert all(after[key] is attributes[key] for key in after)


def test_a_tensorflow_data_set_is_shown_and_timed_by_its_elements(opened):
    images = np.arange(8 * 6 * 6, dtype=np.float32).reshape(8, 6, 6, 1) - 9
    data = tf.data.Dataset.from_tensor_slices((images, np.arange(8) % 2)).batch(4)
    driver = opened(data)

    assert_shows(driver, images[:4])
    driver.wait_until(lambda: NO_LINES in driver.data("scan").get("warnings", ()))
    driver.wait_until(lambda: "an epoch takes at least" in driver.text("sentence"))
    assert "2 batches" in driver.text("title")
    driver.wait_until(lambda: "No lines were profiled" in str(driver.report.profile))
    assert not driver.text("error")


# The picture


def test_the_same_images_stay_while_what_does_not_build_moves(opened):
    asked = []

    class Noting(Graded):
        def __getitem__(self, index):
            if threading.current_thread().name == "workbench-picture":
                asked.append(index)
            return np.random.rand(4, 12, 12, 1).astype(np.float32), np.zeros(4)

    driver = opened(Noting())
    driver.drawn()
    driver.wait_until(lambda: driver.report.profile and driver.data("scan")["summary"])
    picture = driver.jpeg
    for values in ({"workers": 3}, {"max_queue_size": 4}, {"workers": 1}):
        driver.move(**values)
        driver.drawn()
    driver.press("profile_in", in_workers=True)
    driver.drawn()
    assert driver.jpeg == picture
    assert asked == [0]
    turn(driver, "redraw")
    driver.wait_until(lambda: driver.jpeg != picture)
    assert asked == [0, 0]


def test_a_slider_that_builds_anew_keeps_the_random_draws(opened):
    class Noisy(Graded):
        def __getitem__(self, index):
            images, labels = super().__getitem__(index)
            return images + 100 * np.random.rand(*images.shape), labels

    driver = opened(lambda scale=1.0: Noisy(4, scale))
    np.random.rand(5)
    driver.drawn()
    first = driver.picture()
    driver.move(scale=1.02)
    driver.drawn()
    assert np.abs(driver.picture() - first).mean() < 3
    turn(driver, "redraw")
    driver.wait_until(lambda: np.abs(driver.picture() - first).mean() > 5)


def test_other_images_are_the_next_ones(opened):
    driver = opened(Graded(20))
    assert driver.drawn()["title"] == "batch 0 · 1-8 of 20"
    assert turn(driver, "others")["title"] == "batch 0 · 9-16 of 20"
    assert_shows(driver, Graded(20)[0][0][8:16])
    assert turn(driver, "others")["title"] == "batch 0 · 17-4 of 20"
    assert turn(driver, "others")["title"] == "batch 1 · 1-8 of 20"
    assert_shows(driver, Graded(20)[1][0][:8])


def test_other_images_go_round(opened):
    driver = opened(Graded(4))
    for number in (1, 2, 3):
        turn(driver, "others")
        assert_shows(driver, Graded(4)[number][0])
    for _ in range(7):
        turn(driver, "others")
    assert_shows(driver, Graded(4)[0][0])


def test_another_leaf_can_be_chosen_and_the_labels_have_names(opened):
    class Two(Graded):
        def __getitem__(self, index):
            images, labels = super().__getitem__(index)
            return {"image": images, "depth": images[:, ::-1] * 2 + 7}, labels

    driver = opened(Two())
    data = driver.drawn()
    assert [c["label"] for c in data["captions"]] == ["cat", "dog", "cat", "dog"]
    assert_shows(driver, Two()[0][0]["image"])
    depth = next(text for text in data["shows"] if "depth" in text)
    assert turn(driver, "show", show=depth)["show"] == depth
    assert_shows(driver, Two()[0][0]["depth"])
    turn(driver, "others")
    assert_shows(driver, Two()[1][0]["depth"])


def test_a_buffer_that_is_used_again_is_copied_for_the_picture_and_told(opened):
    class Buffered(Graded):
        def __init__(self):
            super().__init__()
            self.buffer = np.zeros((4, 12, 12, 1), np.float32)

        def __getitem__(self, index):
            self.buffer[:] = self.slope * (1 + index)
            return self.buffer, np.arange(4) % 2

    driver = opened(Buffered())
    driver.drawn()
    driver.profiled()
    picture = driver.jpeg
    driver.move(workers=2)
    driver.drawn()
    assert driver.jpeg == picture
    assert_shows(driver, Graded.slope.repeat(4, 0))
    words = "It gives the same array buffer for each batch: copy what you keep."
    driver.wait_until(lambda: words in driver.data("scan")["warnings"])


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
        driver = opened(Loud())
        said = lambda: dict(driver.data("scan").get("rows", ())).get("Printed output", "")  # noqa: E731
        for words in (
            "reading a file",
            "WARNING root: root says",
            "own says",
            "RuntimeWarning: odd",
        ):
            driver.wait_until(lambda words=words: words in said())
        driver.measured()
        assert "10 %" not in said()
        assert handler.stream is not stream
        driver.panel.close()
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

    driver = opened(lambda scale=1.0: Drawing(4, scale))
    driver.profiled()
    with driver.running_cell():
        np.random.seed(3)
        random.seed(3)
        numbers = []
        for step in range(10):
            numbers += [np.random.rand(), random.random()]
            if step == 3:
                driver.move(scale=2.0)  # nothing is drawn before the cell has ended
            time.sleep(0.02)
    expected, standard = np.random.RandomState(3), random.Random(3)
    assert numbers == [n for _ in range(10) for n in (expected.rand(), standard.random())]
    assert_shows(driver, Graded(4, 2.0)[0][0])
    driver.panel.close()
    assert np.random.rand() == expected.rand()


def test_the_first_picture_does_not_wait_for_the_cells_that_follow(opened):
    driver = opened(Graded())
    with driver.running_cell():  # at once, as when all cells are run
        driver.wait_until(lambda: driver.jpeg)
    assert_shows(driver, Graded()[0][0])


def test_a_loader_that_raises_in_batch_3_shows_its_first_batch_and_the_line(opened):
    class Broken(Graded):
        def __getitem__(self, index):
            if index == 3:
                raise KeyError("image_id")
            return super().__getitem__(index)

    driver = opened(Broken())
    driver.wait_until(lambda: "KeyError: 'image_id', test_loader" in driver.text("error"))
    assert_shows(driver, Graded()[0][0])
    assert turn(driver, "others")["title"].startswith("batch 1")


def test_a_removed_name_is_shown_with_what_to_write(opened):
    class Old(Graded):
        def __getitem__(self, index):
            return np.zeros(4, np.int)  # type: ignore[attr-defined]

    driver = opened(Old())
    driver.wait_until(lambda: "write int itself" in driver.text("error"))


class Held(Graded):
    """Each batch of the measuring thread waits until the gate is open."""

    def __init__(self, begun, gate):
        super().__init__()
        self.batch = lambda: (begun.put(1), gate.wait(LIMIT))

    def __getitem__(self, index):
        if threading.current_thread().name == "workbench-measure":
            self.batch()
        return super().__getitem__(index)


@pytest.fixture
def gate():
    """Ends the waiting however a test ends."""
    event = threading.Event()
    yield event
    event.set()


def test_live_off_ends_a_slow_loader_at_the_end_of_its_batch(opened, gate):
    begun: SimpleQueue[int] = SimpleQueue()  # unlike a list, not restored
    driver = opened(Held(begun, gate))
    driver.wait_until(begun.qsize)
    driver.widget("live").value = False
    gate.set()
    driver.wait_until(lambda: driver.text("status") == "Live is off.")
    assert begun.qsize() == 1


def test_close_waits_for_the_running_batch_only(opened, gate):
    begun: SimpleQueue[int] = SimpleQueue()  # unlike a list, not restored
    driver = opened(Held(begun, gate))
    driver.wait_until(begun.qsize)
    closing = threading.Thread(target=driver.panel.close, daemon=True)
    closing.start()
    until(lambda: driver.is_closing)
    assert closing.is_alive()
    gate.set()
    until(lambda: not closing.is_alive())
    assert begun.qsize() == 1


def test_a_change_of_the_callers_list_is_told(opened):
    class Shuffling(Graded):
        def __init__(self, paths):
            super().__init__()
            self.paths = paths

        def __getitem__(self, index):
            np.random.shuffle(self.paths)
            return super().__getitem__(index)

    driver = opened(Shuffling(list(range(50))))
    words = "It shuffles your list paths in place."
    driver.wait_until(lambda: words in driver.data("scan").get("warnings", ()))


def test_profile_and_measure_take_a_loader_of_the_users(opened):
    driver = opened(zoo.make_sequence)
    driver.profiled()
    assert any(line.source.endswith("# SLOW") for line in driver.panel.profile(0.1).hot)
    assert driver.panel.measure(0.2).samples_per_second.median < zoo.SIZE / 0.006


def test_an_iterator_of_keras_is_told_of_the_fast_one(opened):
    images = tf.keras.preprocessing.image.ImageDataGenerator()
    driver = opened(images.flow(np.zeros((8, 16, 16, 1)), np.zeros(8), 4))

    driver.wait_until(lambda: "wb.faster" in str(driver.data("scan").get("warnings")))
