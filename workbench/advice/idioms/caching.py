"""Files that are decoded again in every epoch: keep the images in memory."""

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
    "Saves time from the second epoch on. Each worker process would keep its own copies. "
    "Do not add this saving to that of a faster decoder: both save the same time."
)
# Files seen again, in the same order: one of two, drawn at random, is so once in 128 times.
LEAST_REPEATED = 7
# Decoders that the `decoding` idiom does not know, and their name for the file.
OTHER_DECODERS = {("", "imread"): "filename", ("numpy", "load"): "file"}


def match(site: Site, sites: list[Site]) -> Remedy | None:
    """Match a decoder that read the same files when the batch was made again."""
    files = [file for files in _files(site) for file in files]
    if not _repeats_files(site) or not _is_sure(site):
        return None
    path = decoding.path_expression(site, sites)
    path = path or argument_source(site, 0, _path_parameter(site.calls[0]))
    chain = decoding.chain_from(site, sites)
    kept = {f: decoding.run_chain(c) for f, c in zip(files, decoding.calls_of(chain), strict=True)}
    arrays = [value for value in kept.values() if isinstance(value, np.ndarray)]
    if not path or len(arrays) < len(kept):
        return None
    source = _as_function_of_path(chain[-1], path)
    if not source:
        return None
    return Remedy(
        what=f"{site.calls[0].name} decodes the same files in every epoch",
        instead="keep them decoded in memory",
        old=tuple(partial(decoding.run_chain, calls) for calls in decoding.calls_of(chain)),
        new=tuple(partial(_copy_of, kept, file) for file in files),
        code=f"cached({path}).copy()",
        node=chain[-1].node,
        once=f"import functools\n\n@functools.cache\ndef cached(path):\n    return {source}",
        notes=(LATER,),
        kept_bytes=sum(a.nbytes for a in arrays) / len(arrays) * site.calls_per_batch,
    )


def _as_function_of_path(site: Site, path: str) -> str:
    """The expression with `path` for the file; empty if it depends on other local variables."""
    changed = substitute_names(site.node, {path: "path"})
    names = {node.id for node in ast.walk(changed) if isinstance(node, ast.Name)}
    return ast.unparse(changed) if not names & (site.local_names - {"path"}) else ""


def _copy_of(kept: dict[str, Any], file: str) -> Any:
    return kept[file].copy()


def _path_parameter(call: CapturedCall) -> str:
    return OTHER_DECODERS.get((call.package, call.name), "")


def _path(call: CapturedCall) -> Any:
    name = _path_parameter(call)
    path = argument(call, 0, name) if name else decoding.path_of(call)
    return path if isinstance(path, str | PathLike) else None


def is_undecided(sites: list[Site]) -> bool:
    """Whether some decoder has read the same files in each batch, but in too few to be sure."""
    return any(_repeats_files(site) and not _is_sure(site) for site in sites)


def _files(site: Site) -> list[list[str]]:
    """The files that each captured batch read, in order; empty if some call reads none."""
    by_batch: dict[int, list[str]] = {}
    for call in site.calls:
        path = _path(call)
        if path is None:
            return []
        by_batch.setdefault(call.batch, []).append(str(path))
    return list(by_batch.values())


def _repeats_files(site: Site) -> bool:
    """Whether all batches read the same files in the same order."""
    read = _files(site)
    return len(read) == site.batches and all(files == read[0] for files in read)


def _is_sure(site: Site) -> bool:
    """Whether files drawn at random, be it from only two, would hardly have repeated so often."""
    first, *others = _files(site)
    return len(first) * len(others) >= LEAST_REPEATED
