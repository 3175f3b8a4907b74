"""Files that are decoded again in every epoch, and memory in their place."""

from __future__ import annotations

import ast
from functools import partial
from os import PathLike
from typing import Any

import numpy as np

from workbench.advice.capture import Site
from workbench.advice.captured_call import CapturedCall
from workbench.advice.idioms import decoding
from workbench.advice.remedy import Remedy, argument, argument_source
from workbench.advice.slow_statements import substitute_names

LATER = (
    "From the second epoch on. Worker processes would each keep their own; saves what another way "
    "to decode saves as well, not both."
)
# Decoders that have no package to know them by, or no other pattern.
OTHERS = {("", "imread"): "filename", ("numpy", "load"): "file"}


def match(site: Site, sites: list[Site]) -> Remedy | None:
    """A decoder whose files were the same when the batch was asked for again."""
    files = [str(path) for call in site.calls if (path := _path(call)) is not None]
    if len(files) < len(site.calls) or not _again(site):
        return None
    path = decoding.path_expression(site, sites) or argument_source(site, 0, _name(site.calls[0]))
    chain = decoding.chain_from(site, sites)
    kept = {f: decoding.run_chain(c) for f, c in zip(files, decoding.calls_of(chain), strict=True)}
    arrays = [value for value in kept.values() if isinstance(value, np.ndarray)]
    if not path or len(arrays) < len(kept):
        return None
    source = _of_path(chain[-1], path)
    if not source:
        return None
    return Remedy(
        what=f"{site.calls[0].name} decodes the same files in every epoch",
        instead="keep them decoded in memory",
        old=tuple(partial(decoding.run_chain, calls) for calls in decoding.calls_of(chain)),
        new=tuple(partial(_remembered, kept, file) for file in files),
        code=f"remembered({path}).copy()",
        node=chain[-1].node,
        once=f"import functools\n\n@functools.cache\ndef remembered(path):\n    return {source}",
        notes=(LATER,),
        kept_bytes=sum(a.nbytes for a in arrays) / len(arrays) * site.calls_per_batch,
    )


def _of_path(site: Site, path: str) -> str:
    """The expression as a function of `path`; empty if it depends on other local names."""
    changed = substitute_names(site.node, {path: "path"})
    names = {node.id for node in ast.walk(changed) if isinstance(node, ast.Name)}
    return ast.unparse(changed) if not names & (site.local_names - {"path"}) else ""


def _remembered(kept: dict[str, Any], file: str) -> Any:
    return kept[file].copy()


def _name(call: CapturedCall) -> str:
    return OTHERS.get((call.package, call.name), "")


def _path(call: CapturedCall) -> Any:
    path = argument(call, 0, _name(call)) if _name(call) else decoding.path_of(call)
    return path if isinstance(path, str | PathLike) else None


def _again(site: Site) -> bool:
    """Whether each batch that was looked at had the same files."""
    by_batch: dict[int, set[str]] = {}
    for call in site.calls:
        by_batch.setdefault(call.batch, set()).add(str(_path(call)))
    sets = list(by_batch.values())
    return len(sets) > 1 and all(files == sets[0] for files in sets)
