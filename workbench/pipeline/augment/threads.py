"""Share the images of a batch among as many threads as OpenCV may use.

OpenCV would split every single warp among its threads, which is slower than one image per thread.
Meanwhile each OpenCV call uses one thread: both at once would use more cores than
`cv2.setNumThreads` allows.
"""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Lock

import cv2

import workbench.isolation.opencv_forks  # noqa: F401  (worker processes warp too)

Work = Callable[[Iterator[int]], None]

# 2 ms of warping, many times as long as starting a thread takes.
MIN_VALUES_PER_THREAD = 2**19
IMPORTING_PROCESS = os.getpid()  # differs in a forked process


def over_images(work: Work, images: int, values: int, max_threads: int | None = None) -> None:
    """Call `work` with the indices of all images, on this thread and perhaps on others.

    All threads end before the call returns, because one could break a fork or Python's exit.

    Args:
        work: Called on each thread with the same iterator, takes indices until none is left. Its
            result for an index must not depend on the thread.
        images: Number of images.
        values: Number of values in all images; a few are not worth a thread.
        max_threads: How many threads memory allows. Defaults to one per image.
    """
    indices = iter(range(images))
    # Worker processes already run in parallel, and one may have been forked while another thread
    # was in `one_thread_per_call`, which then never ends there.
    if os.getpid() != IMPORTING_PROCESS or multiprocessing.parent_process() is not None:
        work(indices)
        return
    with _opencv.one_thread_per_call() as threads:
        helpers = min(threads, max_threads or images, images, values // MIN_VALUES_PER_THREAD) - 1
        if helpers < 1:
            work(indices)
            return
        with ThreadPoolExecutor(helpers) as pool:
            others = [pool.submit(work, indices) for _ in range(helpers)]
            work(indices)
        for other in others:
            other.result()


class _OpenCV:
    """OpenCV's number of threads, a setting of the whole process."""

    def __init__(self) -> None:
        self._lock, self._batches, self._allowed = Lock(), 0, 1

    @contextmanager
    def one_thread_per_call(self) -> Iterator[int]:
        """Limit OpenCV to one thread per call; yield how many threads the batch may use.

        That is one while another batch is made: Keras's worker threads are then enough.
        """
        with self._lock:
            now, alone = cv2.getNumThreads(), self._batches == 0
            if alone or now != 1:  # else the 1 is ours
                self._allowed = now
            self._batches += 1
            self._set(1)
        try:
            yield self._allowed if alone else 1
        finally:
            with self._lock:
                self._batches -= 1
                # Keep a value that another thread has set meanwhile.
                if self._batches == 0 and cv2.getNumThreads() == 1:
                    self._set(self._allowed)

    def _set(self, threads: int) -> None:
        if cv2.getNumThreads() != threads:
            cv2.setNumThreads(threads)


_opencv = _OpenCV()
