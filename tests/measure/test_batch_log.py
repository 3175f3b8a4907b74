"""Figures that come from a cache, or hide what other threads do, say so wherever they are shown."""

from __future__ import annotations

import contextlib
import functools
import re
import threading
import time

import numpy as np
import pytest

import workbench as wb
from workbench.inputs import as_loader
from workbench.measure.batch_log import BatchLog
from workbench.measure.cache_evidence import find_cache
from workbench.panel.loader_subject import LoaderSubject

BATCH = np.zeros((8, 4), np.float32), np.zeros(8)


class Plain:
    """Twelve batches that wait 5 ms each time."""

    def __len__(self):
        return 12

    def __getitem__(self, index):
        time.sleep(0.005)  # the wait
        return BATCH


class Keeps(Plain):
    @functools.lru_cache(100)  # noqa: B019
    def __getitem__(self, index):
        return super().__getitem__(index)


class KeepsMore(Keeps):
    """More batches than Keras's queue holds."""

    def __len__(self):
        return 30


class KeepsOne(Keeps):
    """Asked for one batch after the other, it never has the one that it keeps."""

    @functools.lru_cache(1)  # noqa: B019
    def __getitem__(self, index):
        return Plain.__getitem__(self, index)


class Generates:
    """A generator that keeps the batches of its first pass."""

    def __init__(self):
        self.kept = []

    def __call__(self):
        for index in range(12):
            if index >= len(self.kept):
                time.sleep(0.005)
                self.kept.append(BATCH)
            yield self.kept[index]


def cached_pipeline():
    import tensorflow as tf

    slow = functools.partial(tf.numpy_function, lambda _: (time.sleep(0.005), np.float32(0))[1])
    numbers = tf.data.Dataset.range(18).map(lambda i: slow([i], tf.float32))
    return numbers.map(lambda x: tf.reshape(x, (1,))).batch(2).cache()


def rate(data, **options):
    return wb.measure_rate(data, seconds=0.2, **options)


SHOW = {
    "rate": rate,
    "two threads": lambda data: rate(data, workers=2),
    "profile": lambda data: wb.profile_lines(data, seconds=0.3),
    "race": lambda data: wb.race({"a": data}, seconds=0.3),
}


def first_epoch_ms(shown):
    text = " ".join(str(shown).split())
    found = re.search(r"cache after their first visit: the first epoch takes ([\d.]+) ms", text)
    assert found, text
    return float(found[1])


def soon(check, tries=5):
    """Try again: where the machine is busy, a cache may not show, and nothing is said of it."""
    for _ in range(tries - 1):
        with contextlib.suppress(AssertionError):
            check()
            return
    check()


@pytest.mark.parametrize("show", SHOW)
def test_a_cache_is_named_with_both_epochs_wherever_a_figure_is_shown(show):
    def named():
        assert 5 <= first_epoch_ms(SHOW[show](Keeps())) < 100

    soon(named)


@pytest.mark.parametrize("show", SHOW)
def test_no_cache_is_claimed_where_there_is_none(show):
    assert "cache" not in str(SHOW[show](Plain()))
    if show != "profile":  # which makes each batch twice
        assert "cache" not in str(SHOW[show](KeepsOne()))


def test_a_cache_of_few_batches_is_no_part_of_a_profile():
    def left_out():
        profile = wb.profile_lines(KeepsOne(), seconds=0.6)
        assert "made shortly before come from a cache" in str(profile.notes)
        assert profile.batch_seconds >= 0.005
        assert profile.batches > 4

    soon(left_out)


@pytest.mark.parametrize("make", [lambda: Generates().__call__, cached_pipeline])
def test_passes_of_a_stream_are_compared_too(make):
    def named():
        assert "come from a cache" in str(rate(make()))

    soon(named)


def test_the_rate_is_that_of_later_epochs_and_with_processes_of_the_first():
    def of_later_epochs():
        later = rate(Keeps())
        assert "This rate is that of later epochs" in str(later)
        assert later.batch_ms.median < 4

    def of_the_first():
        first = wb.measure_rate(KeepsMore(), use_multiprocessing=True, seconds=1.5)
        assert "This rate is that of the first epoch" in str(first)
        assert "each epoch is like the first" in str(first)

    soon(of_later_epochs)
    soon(of_the_first)


def test_a_profile_of_a_cached_loader_shows_the_first_epoch():
    def is_of_the_first():
        profile = wb.profile_lines(Keeps(), seconds=0.2)
        assert profile.batch_seconds >= 0.005
        assert "the wait" in profile.hot[0].source
        assert any("This profile shows the first epoch" in note for note in profile.notes)

    soon(is_of_the_first)


def test_a_cache_that_an_earlier_call_filled_is_still_named():
    def is_named():
        data = Keeps()
        wb.profile_lines(data, seconds=0.2)
        assert first_epoch_ms(rate(data)) >= 5

    soon(is_named)


def visits(milliseconds, processor=1.0, pauses=1.0):
    return np.array([(ms / 1e3, processor, pauses) for ms in milliseconds])


@pytest.mark.parametrize(
    ("first", "later", "is_cache"),
    [
        (visits([20] * 4, pauses=1), visits([1] * 4, pauses=0), True),
        (visits([20] * 4, processor=20), visits([1] * 4), True),
        (visits([20] * 3, pauses=1), visits([1] * 9, pauses=0), False),  # three tell nothing
        (visits([20] * 9, pauses=0), visits([1] * 9, pauses=0), False),  # others were computing
        (visits([20] * 9, pauses=1), visits([15] * 9, pauses=0), False),
        (visits([0.9] * 9, pauses=1), visits([0.01] * 9, pauses=0), False),  # nothing to gain
        (visits([20, 1] * 9, pauses=1), visits([1] * 9, pauses=0), False),
        # Faster, but not since the first epoch ended: the machine was busy in its beginning.
        (visits([20] * 40), visits([20] * 15 + [1] * 90, pauses=0), False),
    ],
)
def test_what_counts_as_a_cache(first, later, is_cache):
    assert (find_cache(first, first, later) is not None) == is_cache


def test_visits_of_an_earlier_call_must_differ_more():
    known, later = visits([20] * 9), visits([8] * 9, pauses=0)
    assert find_cache(known, known, later)
    assert not find_cache([], known, later)


def test_first_visits_are_forgotten_with_the_object():
    from workbench.measure import batch_log

    data = Plain()
    log = BatchLog(as_loader(data))
    assert [log[0], log[1]]
    log.keep()
    assert BatchLog(as_loader(data))._old.keys() == {0, 1}
    before = len(batch_log._KNOWN)
    del data, log
    assert len(batch_log._KNOWN) == before - 1


class Helped(Plain):
    """Another thread computes while this one waits for it."""

    def __getitem__(self, index):
        helper = threading.Thread(target=self.compute)
        helper.start()
        helper.join()
        return BATCH

    def compute(self):
        until = time.thread_time() + 0.004
        while time.thread_time() < until:
            np.sort(np.random.random(10_000))


class Computes(Plain):
    compute = Helped.compute

    def __getitem__(self, index):
        self.compute()
        return BATCH


def test_waiting_and_work_in_other_threads_are_reported():
    profile = " ".join(str(wb.profile_lines(Helped(), seconds=0.1)).split())
    assert "of a batch is waiting" in profile
    assert "of the processor time is used by other threads" in profile
    assert "Lines of other threads and processes are not in this profile" in profile
    assert "The loader waits in" in str(rate(Helped()))


def test_a_batch_that_computes_in_its_thread_has_no_remarks():
    assert wb.profile_lines(Computes(), seconds=0.1).notes == ()
    assert rate(Computes()).notes == ()


def test_batches_made_ahead_before_the_measurement_are_no_part_of_the_rate():
    from tests.measure.test_race import Ahead

    ahead = Ahead(0.02, (BATCH[0], BATCH[1]))
    while not ahead.queue.full():
        time.sleep(0.01)
    assert wb.measure_rate(ahead, seconds=0.1).batch_ms.median > 15


def test_what_the_panel_has_read_shows_in_the_rate_it_measures():
    data = Keeps()
    subject = LoaderSubject(data, {})
    with subject.loader(subject.initial) as loader:
        assert subject.inspect(loader, lambda: True)
    assert "come from a cache" in str(wb.measure_rate(data, seconds=0.1))
