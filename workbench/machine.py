"""What a measurement was made on: cores, memory, accelerator, versions."""

from __future__ import annotations

import os
import platform
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

PACKAGES = ("tensorflow", "keras", "numpy", "opencv-python-headless")


def usable_cores() -> int:
    """Processor cores this process may use: its affinity, and a container's quota."""
    # os.cpu_count() ignores both; macOS and Windows have no affinity.
    affinity = getattr(os, "sched_getaffinity", None)
    cores = len(affinity(0)) if affinity else os.cpu_count() or 1
    try:
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text().split()
    except (OSError, ValueError):
        return cores
    return cores if quota == "max" else max(1, min(cores, round(int(quota) / int(period))))


def machine() -> dict[str, Any]:
    """Usable cores, memory in GB, processor, and the accelerator if TensorFlow knows one."""
    return {
        "cores": usable_cores(),
        "memory_gb": round(memory_bytes() / 1e9),
        "processor": platform.machine(),
        "accelerator": _accelerator(),
    }


def versions() -> dict[str, str]:
    """Versions of Python and of the packages that decide speed and pixels."""
    found = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return found


def memory_bytes() -> int:
    """The machine's memory; 0 where that cannot be asked."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return 0  # Windows


def _accelerator() -> str | None:
    # Asking TensorFlow imports it; who has not imported it has not measured on its accelerator.
    if "tensorflow" not in sys.modules:
        return None
    config: Any = getattr(sys.modules["tensorflow"], "config", None)
    if not hasattr(config, "list_physical_devices"):
        return None  # another thread is importing it just now
    devices = config.list_physical_devices()
    names = [d.device_type for d in devices if d.device_type != "CPU"]
    return f"{len(names)} x {names[0]}" if names else None
