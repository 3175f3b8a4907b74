"""Compare the samples of two epochs with their labels: what a shuffle at their border has done."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from math import log
from time import monotonic
from types import FunctionType
from typing import Any

from workbench.loader import Loader
from workbench.measure.workers.sample_hashes import hash_samples
from workbench.user_code import is_user_file

SECONDS = 1.0  # for each epoch
FEWEST = 8  # distinct samples, whose order is not the same by chance
CHANCE = log(1e-6)
SHUFFLES = ("shuffle", "permutation", "permuted")
Pair = tuple[bytes, bytes]  # hashes of a sample and of its label
HOOKS = ("on_epoch_end", "on_epoch_begin")


def compare_epochs(loader: Loader) -> list[tuple[str, str]]:
    """End the epoch, and compare the next one with it.

    Returns:
        What is wrong, and what to do about it. Nothing where labels are random.
    """
    if loader.forward_only or not _hooks(loader.original) or _labels(loader) != _labels(loader):
        return []
    one = _pairs(loader)
    loader.end_epoch()
    loader.begin_epoch()
    other = _pairs(loader)
    lost = len({x for x, _ in one} - {x for x, _ in other})
    whole = len(one) == len(other) and {x for x, _ in other} < {x for x, _ in one}
    if whole and lost:
        problem = f"{lost} of {len(one)} samples are missing in the next epoch; others occur twice."
        advice = "random.shuffle copies rows of a NumPy array over others. Use rng.permutation."
        return [(problem, advice)]
    moved = _moved(one, other)
    if moved:
        problem = (
            f"{moved} of {len(other)} samples have another label in the next epoch: the order of "
            "samples and that of labels are not shuffled alike."
        )
        return [(problem, "Shuffle one array of indices, and take samples and labels by it.")]
    return list(_unshuffled(loader.original, one, other))


def _labels(loader: Loader) -> list[bytes]:
    return [label for _, label in _batch_pairs(loader[0])]


def _pairs(loader: Loader) -> list[Pair]:
    until = monotonic() + SECONDS
    found: list[Pair] = []
    for index in range(len(loader)):
        found += _batch_pairs(loader[index])
        if monotonic() > until:
            break
    return found


def _batch_pairs(batch: Any) -> list[Pair]:
    if not isinstance(batch, tuple | list) or len(batch) < 2:
        return []
    return list(zip(hash_samples(batch[0]), hash_samples(batch[1]), strict=False))


def _moved(one: list[Pair], other: list[Pair]) -> int:
    """Number of samples, of those that occur once in each epoch, that have another label."""
    labels, again = _unique(one), _unique(other)
    return sum(labels[sample] != again[sample] for sample in labels.keys() & again.keys())


def _unique(pairs: list[Pair]) -> dict[bytes, bytes]:
    found: dict[bytes, list[bytes]] = defaultdict(list)
    for sample, label in pairs:
        found[sample].append(label)
    return {sample: labels[0] for sample, labels in found.items() if len(labels) == 1}


def _unshuffled(original: Any, one: list[Pair], other: list[Pair]) -> Iterator[tuple[str, str]]:
    if not _is_to_shuffle(original):
        return
    samples = [x for x, _ in one]
    labels = [y for _, y in one]
    if len(set(samples)) >= FEWEST and samples == [x for x, _ in other]:
        problem = "It is to shuffle, but the next epoch has the same order of samples."
    elif _chance_of_order(labels) < CHANCE and labels == [y for _, y in other]:
        problem = "It is to shuffle, but the next epoch has the same order of labels."
    else:
        return
    yield (
        problem,
        "rng.permutation returns a new array, and rng.shuffle of list(x) or x[:] changes a copy: "
        "assign the result, self.order = rng.permutation(len(self.order)).",
    )


def _chance_of_order(labels: list[bytes]) -> float:
    """Logarithm of the probability that a random order of the labels is the same."""
    counts = Counter(labels)
    return sum(count * log(count / len(labels)) for count in counts.values())


def _is_to_shuffle(original: Any) -> bool:
    wanted = getattr(original, "shuffle", None)
    if isinstance(wanted, bool | int):
        return bool(wanted)
    return any(
        word in name.lower()
        for hook in _hooks(original)
        for name in hook.__code__.co_names
        for word in SHUFFLES
    )


def _hooks(original: Any) -> list[FunctionType]:
    """The user's own methods that Keras calls between epochs."""
    found = (getattr(type(original), name, None) for name in HOOKS)
    return [
        f for f in found if isinstance(f, FunctionType) and is_user_file(f.__code__.co_filename)
    ]
