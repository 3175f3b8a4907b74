"""Hashes of the samples of a batch, to compare batches without keeping them."""

from __future__ import annotations

import hashlib
import pickle
from typing import Any

import numpy as np

from workbench.batch import leaves

SampleHashes = tuple[bytes, ...]  # one for each sample of a batch
LeafHashes = dict[str, SampleHashes]  # those of each array, by its path: "batch[0]"


def hash_leaves(batch: Any) -> LeafHashes:
    """A hash of each sample in each array of a batch; values without an axis are left out."""
    arrays = ((path, _array(leaf)) for path, leaf in leaves(batch))
    return {path: tuple(map(_hash, array)) for path, array in arrays if array.ndim}


def hash_samples(batch: Any) -> SampleHashes:
    """A hash of each sample: of its part of every array in the batch."""
    hashes = hash_leaves(batch).values()
    return tuple(map(b"".join, zip(*hashes, strict=False))) if hashes else ()


def _array(leaf: Any) -> Any:
    array = np.asarray(leaf)
    if array.dtype != object or not array.ndim:
        return array
    return np.array([pickle.dumps(part) for part in array])  # its own bytes are addresses


def _hash(part: Any) -> bytes:
    return hashlib.blake2b(np.ascontiguousarray(part).tobytes(), digest_size=16).digest()
