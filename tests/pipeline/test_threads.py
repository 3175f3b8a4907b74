"""Images over threads: how many at once, and what is left afterwards."""

from __future__ import annotations

import multiprocessing
import threading
from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np
import pytest

from tests.pipeline.test_augment import ALL, augmented, images
from workbench.pipeline.augment.threads import MIN_VALUES_PER_THREAD, over_images

LARGE = 100 * MIN_VALUES_PER_THREAD


@pytest.fixture(autouse=True)
def opencv_threads():
    before = cv2.getNumThreads()
    yield cv2.setNumThreads
    cv2.setNumThreads(before)


class Work:
    """Takes numbers; notes from which threads, and how OpenCV was set meanwhile."""

    def __init__(self, meet=1):
        self.taken, self.threads, self.opencv = [], set(), set()
        self.meeting = threading.Barrier(meet, timeout=20)

    def __call__(self, places):
        self.meeting.wait()  # all threads that are wanted are here at once
        self.threads.add(threading.get_ident())
        for place in places:
            self.opencv.add(cv2.getNumThreads())
            self.taken.append(place)


@pytest.mark.parametrize("allowed", [1, 2, 3])
def test_as_many_threads_as_opencv_may_use_take_each_image_once(allowed, opencv_threads):
    opencv_threads(allowed)
    work = Work(meet=allowed)
    over_images(work, 1000, LARGE)
    assert sorted(work.taken) == list(range(1000))
    assert len(work.threads) == allowed
    assert work.opencv == {1}
    assert cv2.getNumThreads() == allowed


@pytest.mark.parametrize(("count", "values"), [(0, 0), (1, LARGE), (32, MIN_VALUES_PER_THREAD)])
def test_little_work_stays_on_the_calling_thread(count, values, opencv_threads):
    opencv_threads(4)
    work = Work()
    over_images(work, count, values)
    assert work.taken == list(range(count))
    assert work.threads == {threading.get_ident()}


def test_no_more_threads_than_memory_allows(opencv_threads):
    opencv_threads(4)
    work = Work(meet=2)
    over_images(work, 100, LARGE, 2)
    assert len(work.threads) == 2


def test_a_second_batch_at_the_same_time_takes_one_thread(opencv_threads):
    opencv_threads(3)
    first, second = Work(meet=3), Work()
    inside = []

    def outer(places):
        if not inside:
            inside.append(True)
            over_images(second, 10, LARGE)
        first(places)

    over_images(outer, 10, LARGE)
    assert (len(first.threads), len(second.threads)) == (3, 1)
    assert second.opencv == {1}
    assert cv2.getNumThreads() == 3


def test_what_somebody_sets_meanwhile_stays(opencv_threads):
    opencv_threads(2)
    over_images(lambda places: opencv_threads(3), 10, LARGE)
    assert cv2.getNumThreads() == 3


@pytest.mark.parametrize("where", ["caller", "helper"])
def test_an_error_comes_out_and_nothing_stays_behind(where, opencv_threads):
    opencv_threads(2)
    caller, before = threading.get_ident(), set(threading.enumerate())
    work = Work(meet=2)

    def failing(places):
        work(places)
        if (threading.get_ident() == caller) == (where == "caller"):
            raise KeyError("image")

    with pytest.raises(KeyError, match="image"):
        over_images(failing, 10, LARGE)
    assert cv2.getNumThreads() == 2
    assert set(threading.enumerate()) <= before


@pytest.mark.parametrize("fill_mode", ["nearest", "constant", "reflect", "wrap"])
def test_opencv_gives_the_same_bits_on_any_number_of_threads(fill_mode, opencv_threads):
    x = images((32, 200, 180, 3), "uint8")
    parameters = {**ALL, "brightness_range": (0.5, 1.5)}
    found = []
    for threads in (1, 2, 3):
        opencv_threads(threads)
        found.append(augmented("opencv", x, parameters, fill_mode, 9.0))
    with ThreadPoolExecutor(2) as pool:
        found += pool.map(lambda _: augmented("opencv", x, parameters, fill_mode, 9.0), range(4))
    for other in found[1:]:
        np.testing.assert_array_equal(found[0], other)


def _in_a_forked_process(work):
    """What `work` returns there, within 20 s."""
    with multiprocessing.get_context("fork").Pool(1) as pool:
        return pool.apply_async(work).get(timeout=20)


def _numbers_of_threads():
    before = cv2.getNumThreads()
    cv2.setNumThreads(3)
    warp()
    cv2.setNumThreads(1)  # waits for the others to end: forever, if the fork left them behind
    return before


def warp():
    cv2.warpAffine(np.zeros((512, 512, 3), np.float32), np.eye(3)[:2], (512, 512))


def test_opencv_works_in_a_forked_process_and_goes_on_here(opencv_threads):
    opencv_threads(2)
    warp()  # begins threads
    assert _in_a_forked_process(_numbers_of_threads) == 1
    assert cv2.getNumThreads() == 2


def test_forks_from_several_threads_leave_opencv_as_it_is(opencv_threads):
    opencv_threads(2)
    with ThreadPoolExecutor(4) as pool:
        found = pool.map(lambda _: _in_a_forked_process(cv2.getNumThreads), range(12))
        assert list(found) == [1] * 12
    assert cv2.getNumThreads() == 2


def _numbers_and_threads(_):
    work = Work()
    over_images(work, 32, LARGE)
    return work.taken, len(work.threads)


def test_a_forked_process_does_all_on_one_thread(opencv_threads):
    opencv_threads(2)
    augmented(
        "opencv", images((32, 224, 224, 3), "uint8"), ALL
    )  # threads that a fork leaves behind
    with multiprocessing.get_context("fork").Pool(2) as pool:
        found = pool.map_async(_numbers_and_threads, range(4)).get(timeout=60)
    assert found == [(list(range(32)), 1)] * 4
