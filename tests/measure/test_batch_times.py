"""From the times at which batches arrived to a rate: exact, as the times are made up."""

from __future__ import annotations

import pytest

from workbench.measure.batch_times import MOST_INTERVALS, BatchTimes, FeedOptions
from workbench.measure.rate import Stopped


def arrived(times, workers=1, samples=8):
    """Arrivals at these times; the feed was started at 0."""
    return BatchTimes(FeedOptions(workers, False), [(time, samples) for time in times], began=0.0)


def every(seconds, count, first=1.0):
    return [first + number * seconds for number in range(count)]


@pytest.mark.parametrize(("seconds", "workers"), [(0.020, 1), (0.010, 2), (0.005, 4)])
def test_a_batch_each_20_ms_and_worker_gives_50_a_second_and_worker(seconds, workers):
    rate = arrived(every(seconds, 100), workers).rate(bytes_per_sample=64)
    assert rate.batch_ms.median == pytest.approx(1e3 * seconds)
    assert rate.samples_per_second.median == pytest.approx(8 * 50 * workers)
    assert rate.samples_per_second.iqr == pytest.approx(0, abs=1e-6)
    assert rate.megabytes_per_second == pytest.approx(8 * 50 * workers * 64 / 1e6)
    assert rate.first_batch_ms == 1000
    assert 5 <= rate.samples_per_second.n <= MOST_INTERVALS
    assert (rate.workers, rate.use_multiprocessing, rate.max_queue_size) == (workers, False, 10)


def test_batches_that_come_in_bursts_even_out():
    bursts = [time for time in every(0.020, 40) for _ in range(4)]
    rate = arrived(bursts, workers=4).rate(0)
    assert rate.batch_ms.median == pytest.approx(5)
    assert rate.batch_ms.iqr == pytest.approx(0, abs=1e-6)


def test_what_was_begun_with_the_first_batch_is_no_part_of_the_rate():
    """Workers start together: the first batch of each comes after their start."""
    rate = arrived([5.0, 5.0, *every(0.010, 20, first=5.02)], workers=2).rate(0)
    assert rate.batch_ms.median == pytest.approx(10)
    assert rate.first_batch_ms == 5000


def test_a_last_small_batch_counts_with_its_samples():
    found = arrived(every(0.020, 4), samples=8)
    found.batches[-1] = (found.batches[-1][0], 2)
    rate = found.rate(0)
    assert rate.samples_per_second.n == 1
    assert rate.samples_per_second.median == pytest.approx((8 + 2) / 0.040)


@pytest.mark.parametrize(("batches", "workers"), [(0, 1), (3, 1), (4, 2)])
def test_too_few_batches_give_no_rate(batches, workers):
    with pytest.raises(Stopped, match=f"after {batches} batches"):
        arrived(every(0.02, batches), workers).rate(0)


def test_one_interval_has_no_spread():
    rate = arrived(every(0.020, 4)).rate(0)
    assert "one interval: no spread" in str(rate)
    assert rate.to_dict()["samples_per_second"]["iqr"] is None
    assert "interquartile range" in str(arrived(every(0.020, 40)).rate(0))


def test_batches_that_were_made_ahead_do_not_count():
    ready = [1.0 + number * 1e-5 for number in range(10)]
    feed = arrived([*ready, *every(0.2, 4, first=1.1)])
    assert not arrived([*ready, *every(0.2, 2, first=1.1)]).has_enough(0.1, 100)
    assert feed.has_enough(0.1, 100)
    assert feed.rate(0).batch_ms.median == pytest.approx(200)


def test_enough_are_so_many_batches_or_so_many_seconds():
    def suffice(count, seconds, batches):
        return arrived(every(0.1, count)).has_enough(seconds, batches)

    assert not suffice(3, 0, 1), "two intervals at least"
    assert suffice(4, 0, 100)
    assert [suffice(count, 1.0, 100) for count in (11, 12, 13)] == [False, True, True]
    assert [suffice(count, 100, 5) for count in (6, 7, 8)] == [False, True, True]
