"""Which samples of batches from workers differ from the same samples made in this thread."""

from __future__ import annotations

from typing import Any

from workbench.measure.workers.sample_hashes import LeafHashes

COPIED = 0.2  # share of batches that repeat another index's, from which they are not chance
SHOWN = 5  # indices
Made = dict[int, list[LeafHashes]]  # batches made here, by index
Requested = list[tuple[int, LeafHashes]]  # batches from workers, with their indices


def made_at_random(made: Made) -> set[str]:
    """The arrays that differ between two batches of one index made here."""
    return {
        path
        for first, *others in made.values()
        for other in others
        for path in {**first, **other}
        if first.get(path) != other.get(path)
    }


def differences(requested: Requested, made: Made) -> tuple[str, set[int]]:
    """A sentence on the samples that differ, and the indices of their batches; empty if none does.

    Arrays that are random here are not compared.
    """
    random = made_at_random(made)
    counts = [(index, _count(hashes, made[index][0], random)) for index, hashes in requested]
    indices = {index for index, count in counts if count}
    if not indices:
        return "", indices
    total = sum(len(next(iter(hashes.values()), ())) for _, hashes in requested)
    shown = ", ".join(map(str, sorted(indices)[:SHOWN])) + ", ..." * (len(indices) > SHOWN)
    text = (
        f"Workers give other samples than this process does: {sum(n for _, n in counts):,} of "
        f"{total:,} differ, in {sum(n > 0 for _, n in counts)} of {len(counts)} batches (at index "
        f"{shown})."
    )
    return text, indices


def copies(requested: Requested, made: Made) -> str:
    """A sentence if batches of different indices repeat each other, which they do not here."""
    random = sorted(made_at_random(made))

    def part(hashes: LeafHashes) -> tuple[Any, ...]:
        return tuple(hashes.get(path) for path in random)

    here = [part(batch) for batches in made.values() for batch in batches]
    if not random or len(set(here)) < len(here):
        return ""
    indices: dict[Any, set[int]] = {}
    for index, hashes in requested:
        indices.setdefault(part(hashes), set()).add(index)
    count = sum(len(indices[part(hashes)]) > 1 for _, hashes in requested)
    if count < COPIED * len(requested):
        return ""
    return (
        f"Workers repeat each other: {count} of {len(requested)} batches are the same as one of "
        "another index."
    )


def _count(worker: LeafHashes, here: LeafHashes, random: set[str]) -> int:
    """Number of samples of a batch that differ."""
    differing: set[int] = set()
    for path in {*worker, *here} - random:
        one, other = worker.get(path, ()), here.get(path, ())
        rows = range(max(len(one), len(other)))
        differing.update(row for row in rows if one[row : row + 1] != other[row : row + 1])
    return len(differing)
