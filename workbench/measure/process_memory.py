"""Memory of this process and of its worker processes."""

from __future__ import annotations

from pathlib import Path

import psutil


def anonymous_bytes() -> int:
    """Memory of this process without mapped files, whose pages belong to the system's cache."""
    try:
        status = Path("/proc/self/status").read_text()
    except OSError:
        return int(psutil.Process().memory_info().rss)
    return int(status.split("RssAnon:")[1].split()[0]) * 1024


def worker_bytes() -> int:
    """Memory that child processes do not share with others."""
    children = psutil.Process().children()
    return sum(int(child.memory_full_info().uss) for child in children if child.is_running())
