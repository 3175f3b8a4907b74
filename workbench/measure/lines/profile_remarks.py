"""What a profile says about caches, and about work that it does not see."""

from __future__ import annotations

from workbench.measure.batch_log import MOSTLY, BatchLog
from workbench.measure.cache_evidence import Cached

WAITING = (
    "{:.0%} of a batch is waiting, for files, a lock, other threads or processes, or a processor"
)
ELSEWHERE = "{:.0%} of the processor time is used by other threads"
UNSEEN = (
    "Lines of other threads and processes are not in this profile, and batches that they make "
    "ahead seem to take no time."
)


def remarks(log: BatchLog, cached: Cached | None, is_apart: bool) -> tuple[str, ...]:
    """What a profile says of a log.

    Args:
        log: The log of the profiled loader.
        cached: Its `cached`.
        is_apart: Whether the profile leaves out the batches that come from the cache.
    """
    found = [log.loader.runs_out] if log.loader.runs_out else []
    if cached:
        apart = "the first epoch" if cached.whole_epoch else "no batch that is made again at once"
        found.append(f"{cached} This profile shows {apart if is_apart else 'both'}.")
    shares = [(log.waiting, WAITING), (log.elsewhere, ELSEWHERE)]
    unseen = [text.format(share) for share, text in shares if share > MOSTLY]
    return (*found, f"{' and '.join(unseen)}. {UNSEEN}") if unseen else tuple(found)
