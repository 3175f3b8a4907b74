"""Pools of threads or processes that are made in every batch: make them once.

What is timed is the user's own batch, with the pool made as always and with the pool kept.
"""

from __future__ import annotations

import ast
import linecache
import sys
from collections.abc import Iterator
from typing import Any

import numpy as np

from workbench.advice.capture import Site, hooked_code, replaced_code
from workbench.advice.kept_pools import KeptPools, kept_pool
from workbench.advice.proof import difference
from workbench.advice.remedy import Remedy
from workbench.advice.watch_calls import BATCHES, Use, site_of
from workbench.batch import leaves
from workbench.loader import Loader

POOLS = {
    "multiprocessing.pool": "Pool",  # and its subclass ThreadPool
    "concurrent.futures.thread": "ThreadPoolExecutor",
    "concurrent.futures.process": "ProcessPoolExecutor",
}
NOTE = (
    "Drop close(), join(), terminate() and shutdown(), which would end the pool, and wait for the "
    "results of submit() and *_async(). The time is that of whole batches."
)
PROCESSES = "Its processes keep the variables of the moment in which it is made."


def methods() -> list[tuple[type, str]]:
    """The constructors of the kinds of pools that are imported."""
    found = (getattr(sys.modules.get(module), name, None) for module, name in POOLS.items())
    return [(pool, "__init__") for pool in found if pool is not None]


def remedies(uses: list[Use], loader: Loader) -> Iterator[tuple[Site, Remedy]]:
    """A remedy for each line that makes a pool in every batch; ends the kept pool afterwards."""
    kinds = tuple(pool for pool, _ in methods())
    by_line: dict[Any, list[Use]] = {}
    for use in uses:
        if isinstance(use.subject, kinds):
            by_line.setdefault((use.code, use.line), []).append(use)
    for several in by_line.values():
        always = len({use.batch for use in several}) == BATCHES
        # Tasks that make a pool in a pool's thread might wait for each other in a kept one.
        if always and several[0].code is not None and all(use.here for use in several):
            kept = KeptPools(kinds)
            try:
                remedy = _remedy(several[0], loader, kept)
                if remedy is not None:
                    yield remedy
            finally:
                kept.end()


def _remedy(use: Use, loader: Loader, kept: KeptPools) -> tuple[Site, Remedy] | None:
    site = site_of(use, loader)
    calls, hooked = hooked_code(loader, {(site.function.file, use.line)}, lambda *_: kept.hook)

    def old() -> Any:
        loader.restart()
        return _first_array(loader[0])

    def new() -> Any:
        with replaced_code(calls, hooked):
            result = old()
        loader.restart()  # a generator keeps the code that it began with
        return result

    try:
        new()
    except Exception:  # for instance of a pool that must be closed
        return None
    if kept.node is None:
        return None
    same = difference([old()], [old()])
    site.node = kept.node
    return site, Remedy(
        what=f"A {type(use.subject).__name__} is made in every batch",
        instead="make it once and keep it",
        old=(old,),
        new=(new,),
        code=_code(site.function.file, kept.node),
        node=kept.node,
        helpers=(kept_pool,),
        notes=(NOTE,) if _has_threads(use.subject) else (NOTE, PROCESSES),
        per_batch=1,
        is_whole_batch=True,
        most_different=0,
        is_random=same is None or same.most > 0,
    )


def _has_threads(pool: Any) -> bool:
    return any("Thread" in kind.__name__ for kind in type(pool).__mro__)


def _first_array(batch: Any) -> Any:
    return next((np.array(leaf) for _, leaf in leaves(batch) if hasattr(leaf, "shape")), None)


def _code(file: str, node: ast.Call) -> str:
    make = f"kept_pool(os.getpid(), {ast.unparse(node.func)}"
    given = [ast.unparse(each) for each in (*node.args, *node.keywords)]
    code = ", ".join((make, *given)) + ")"
    tree = ast.parse("".join(linecache.getlines(file)))
    items = [i for each in ast.walk(tree) if isinstance(each, ast.With) for i in each.items]
    at = [(item.context_expr.lineno, item.context_expr.col_offset) for item in items]
    return f"contextlib.nullcontext({code})" if (node.lineno, node.col_offset) in at else code
