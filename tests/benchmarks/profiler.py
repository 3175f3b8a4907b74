"""What Live costs: the generator's rate beside it, a refresh of the table, memory over a minute."""

from __future__ import annotations

import linecache
import time
from time import perf_counter
from typing import Any

import numpy as np
import psutil

from tests.benchmarks.augment import dataset_of
from tests.benchmarks.spread import spread
from workbench.loader import Loader
from workbench.measure.lines.session import LineSession
from workbench.panel.profile_rows import rows

ROUNDS = 15
BLOCK_SECONDS = 0.5
REFRESH = 0.2  # as the panel does
SOURCE_LINES = 300
MINUTE = 60.0


def run(quick: bool = False) -> dict[str, Any]:
    """Shares of the unprofiled rate, milliseconds of a refresh, megabytes of growth."""
    rounds, seconds = (2, 8.0) if quick else (ROUNDS, MINUTE)
    rates = {name: _rate_kept(dataset, rounds) for name, dataset in _datasets().items()}
    return {"rate_kept": rates, "refresh_ms": _refresh(), "minute": _minute(seconds)}


def _datasets() -> dict[str, Any]:
    shape = (224, 224, 3)
    scaled = {"augmentation": {"samplewise_center": True, "samplewise_std_normalization": True}}
    x = np.random.default_rng(0).integers(0, 256, (96, *shape), np.uint8)
    opencv, vectorized, loop = (
        dataset_of(x, "float32", method) for method in ("opencv", "opencv", "keras_loop")
    )
    pipeline = vectorized.pipeline
    settings = pipeline.settings.updated({**scaled, "methods": {"normalize": "vectorized"}})
    vectorized.pipeline = pipeline.with_settings(settings)
    return {
        "opencv": opencv,
        "opencv, vectorized scaling": vectorized,
        "keras_loop": loop,
    }


def _rate_kept(dataset: Any, rounds: int) -> dict[str, Any]:
    """Batches a second while Live profiles, over batches a second alone; blocks alternate."""
    kept, slowdown = [], 1.0
    with LineSession(Loader(dataset)) as session:
        for _ in range(4):
            session.step()  # the batch that measures memory is among these
        for _ in range(rounds):
            alone = _batches_a_second(lambda number: dataset[number % len(dataset)])
            kept.append(_batches_a_second(_live(session)) / alone)
        slowdown = session.snapshot().slowdown
    return {**spread(kept), "profiled_batch_slowdown": slowdown}


def _live(session: LineSession) -> Any:
    """A step as the panel's measuring thread takes it, with the refreshes it shares time with."""
    refreshed = perf_counter()

    def step(_: int) -> None:
        nonlocal refreshed
        session.step()
        if perf_counter() - refreshed > REFRESH:
            rows(session.snapshot())
            refreshed = perf_counter()

    return step


def _batches_a_second(step: Any) -> float:
    began, count = perf_counter(), 0
    while perf_counter() - began < BLOCK_SECONDS:
        step(count)
        count += 1
    return count / (perf_counter() - began)


class Long:
    """A generator whose `__getitem__` has many lines; filled in by `_refresh`."""

    def __len__(self) -> int:
        return 8


def _refresh() -> dict[str, Any]:
    """Snapshot and table of a profile with 300 lines."""
    body = "".join(f"    x{n} = np.multiply(a, {n})\n" for n in range(SOURCE_LINES - 3))
    source = f"def __getitem__(self, i):\n    a = np.ones(1000)\n{body}    return (a,)\n"
    linecache.cache["long.py"] = (len(source), None, source.splitlines(True), "long.py")
    namespace: dict[str, Any] = {"np": np}
    exec(compile(source, "long.py", "exec"), namespace)
    Long.__getitem__ = namespace["__getitem__"]  # type: ignore[attr-defined]
    times = []
    with LineSession(Loader(Long())) as session:
        for _ in range(50):
            session.step()
            began = perf_counter()
            rows(session.snapshot())
            times.append(1e3 * (perf_counter() - began))
    return spread(times[5:])


class Quick:
    """A thousand batches a second."""

    def __len__(self) -> int:
        return 100

    def __getitem__(self, index: int) -> tuple[Any]:
        time.sleep(0.0007)
        return (np.zeros((8, 8)),)


def _minute(seconds: float) -> dict[str, Any]:
    """Resident memory after five seconds of Live and after a minute."""
    process, batches = psutil.Process(), 0
    with LineSession(Loader(Quick())) as session:
        step, began = _live(session), perf_counter()
        first = 0
        while perf_counter() - began < seconds:
            step(batches)
            batches += 1
            if not first and perf_counter() - began > 5:
                first = process.memory_info().rss
        growth = process.memory_info().rss - first
    return {"batches_per_second": batches / seconds, "growth_mb": growth / 1e6}


def table(values: dict[str, Any]) -> str:
    """For people."""
    found = [
        f"{name:28s} keeps {100 * case['median']:.0f} % of its rate with Live on "
        f"({100 * case['low']:.0f}-{100 * case['high']:.0f}, n={case['n']}); "
        f"a profiled batch takes {case['profiled_batch_slowdown']:.2f}x"
        for name, case in values["rate_kept"].items()
    ]
    refresh, minute = values["refresh_ms"], values["minute"]
    found += [
        f"a refresh of {SOURCE_LINES} lines: {refresh['median']:.1f} ms "
        f"({refresh['low']:.1f}-{refresh['high']:.1f}, n={refresh['n']})",
        f"a minute at {minute['batches_per_second']:.0f} batches/s: {minute['growth_mb']:+.1f} MB",
    ]
    return "\n".join(found)
