"""What must be quick for people not to wait: a scan's headers, a picture's tiles."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np

import workbench as wb
from tests.accuracy.case import Case, Cases, middle
from workbench.preview.draw_batch import draw_batch


def cases(repeats: int) -> Cases:
    """Seconds and milliseconds, at most."""
    yield from middle(_scan, repeats)
    yield from middle(_tiles, repeats)


def _seconds(run: Callable[[], object]) -> float:
    began = time.perf_counter()
    run()
    return time.perf_counter() - began


def _scan() -> list[Case]:
    picture = np.random.default_rng(1).integers(0, 256, (256, 256, 3), np.uint8)
    with tempfile.TemporaryDirectory() as folder:
        scans = Path(folder, "a")
        scans.mkdir()
        for suffix in ("png", "jpg"):
            first = scans / f"0.{suffix}"
            cv2.imwrite(str(first), picture)
            for number in range(1, 500):
                (scans / f"{number}.{suffix}").hardlink_to(first)
        wb.scan(folder)
        return [
            Case("scan of 1000 files", 0.8, _seconds(lambda: wb.scan(folder)), sense="≤", unit="s")
        ]


def _tiles() -> list[Case]:
    noise = np.random.default_rng(1).random((16, 224, 224, 3)).astype(np.float32)
    batch = np.stack([cv2.GaussianBlur(image, (0, 0), 2) for image in noise]), np.arange(16)
    best = min(_seconds(lambda: draw_batch(batch)) for _ in range(20))
    return [Case("the sample grid", 30, 1e3 * best, sense="≤", unit="ms")]
