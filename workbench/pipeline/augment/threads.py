"""The images of a batch over as many threads as OpenCV may use, each call of OpenCV on one.

OpenCV splits every single warp over its threads, which takes longer than an image for each thread.
Both at once would keep more cores busy than `cv2.setNumThreads` allows.
"""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Lock

import cv2

import workbench.isolation.opencv_forks  # noqa: F401  (worker processes warp, too)

Work = Callable[[Iterator[int]], None]

# Values that are worth a thread: 2 ms of warping, many times what starting a thread takes.
LEAST_VALUES = 2**19
PROCESS = os.getpid()  # the one that imported this; a forked one has another


def over_images(work: Work, images: int, values: int, at_most: int | None = None) -> None:
    """Have `work` take all numbers below `images`, on this thread and perhaps on others.

    The threads end with the call: none is left for a fork or for Python's exit to trip over.

    Args:
        work: Called on each thread with the same iterator: takes the next number until none is
            left. What it does with a number must not depend on the thread.
        images: How many numbers.
        values: In all images; few are not worth a thread.
        at_most: How many threads memory allows. Defaults to one an image.
    """
    places = iter(range(images))
    # Worker processes are side by side already, and a forked one may have begun within a batch of
    # another thread, which never ends there.
    if os.getpid() != PROCESS or multiprocessing.parent_process() is not None:
        work(places)
        return
    with _opencv.one_thread_a_call() as threads:
        helpers = min(threads, at_most or images, images, values // LEAST_VALUES) - 1
        if helpers < 1:
            work(places)
            return
        with ThreadPoolExecutor(helpers) as pool:
            others = [pool.submit(work, places) for _ in range(helpers)]
            work(places)
        for other in others:
            other.result()


class _OpenCV:
    """OpenCV's number of threads, which is one setting for the whole process."""

    def __init__(self) -> None:
        self._lock, self._batches, self._allowed = Lock(), 0, 1

    @contextmanager
    def one_thread_a_call(self) -> Iterator[int]:
        """Meanwhile OpenCV uses one thread a call; gives how many the batch may use.

        That is one where another batch is being made: Keras's worker threads are enough.
        """
        with self._lock:
            now, alone = cv2.getNumThreads(), self._batches == 0
            if alone or now != 1:  # else it is our own 1
                self._allowed = now
            self._batches += 1
            self._set(1)
        try:
            yield self._allowed if alone else 1
        finally:
            with self._lock:
                self._batches -= 1
                # Another thread may have set it meanwhile: that stays.
                if self._batches == 0 and cv2.getNumThreads() == 1:
                    self._set(self._allowed)

    def _set(self, threads: int) -> None:
        if cv2.getNumThreads() != threads:
            cv2.setNumThreads(threads)


_opencv = _OpenCV()
