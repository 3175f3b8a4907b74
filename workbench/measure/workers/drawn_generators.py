"""Which random generators a loader draws from, and how to seed each in every worker."""

from __future__ import annotations

import pickle
import random
import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from workbench.measure.workers.held_values import search

OWN = "rng = np.random.default_rng([seed, self.epoch, index])"
SEED = "int(np.random.SeedSequence([seed, self.epoch, index]).generate_state(1)[0])"
NUMPY = f"In __getitem__, draw from {OWN}{{}}, and increase self.epoch in on_epoch_end"
LIBRARY = f"In __getitem__, call {{}}({SEED}), and increase self.epoch in on_epoch_end"
PYTHON = (
    'In __getitem__, draw from rng = random.Random(f"{{seed}} {{self.epoch}} {{index}}"){}, and '
    "increase self.epoch in on_epoch_end"
)
State = Callable[[], Any]
Generator = tuple[str, State]  # how to seed it, and its state


class DrawnGenerators:
    """Notes the state of all generators that a loader may draw from.

    Args:
        original: The user's object.
    """

    def __init__(self, original: Any) -> None:
        held = search(original, lambda value: _library(value) or _generator(value))
        self._generators = [
            (advice.format(instead.format(name)), state) for name, (advice, instead, state) in held
        ]
        self._generators += _global_generators()
        self._before = [pickle.dumps(state()) for _, state in self._generators]

    def advice(self) -> tuple[str, ...]:
        """How to seed those that were drawn from since."""
        pairs = zip(self._generators, self._before, strict=True)
        drawn = [text for (text, state), before in pairs if pickle.dumps(state()) != before]
        return tuple(dict.fromkeys(drawn)) or (NUMPY.format(""),)


def _global_generators() -> list[Generator]:
    """Those that forked processes copy; Python seeds its own anew in each."""
    found: list[Generator] = [(NUMPY.format(", not from np.random"), np.random.get_state)]
    torch, imgaug = sys.modules.get("torch"), sys.modules.get("imgaug.random")
    if torch is not None:
        found.append((LIBRARY.format("torch.manual_seed"), lambda: torch.get_rng_state().tolist()))
    if imgaug is not None:
        found.append((LIBRARY.format("imgaug.seed"), lambda: _states(imgaug.get_global_rng())))
    return found


def _library(value: Any) -> tuple[str, str, State] | None:
    """Advice, what it names, and the state, of an object that draws from its own generators."""
    library = type(value).__module__.partition(".")[0]
    if library == "albumentations" and hasattr(value, "set_random_seed"):
        return LIBRARY, "{}.set_random_seed", lambda: _states(value)
    if library == "imgaug" and hasattr(value, "seed_"):
        return LIBRARY, "{}.seed_", lambda: _states(value)
    return None


def _generator(value: Any) -> tuple[str, str, State] | None:
    if isinstance(value, np.random.Generator):
        return NUMPY, ", not from {}", lambda: value.bit_generator.state
    if isinstance(value, np.random.RandomState):
        return NUMPY, ", not from {}", value.get_state
    if isinstance(value, random.Random) and not isinstance(value, random.SystemRandom):
        return PYTHON, ", not from {}", value.getstate
    if type(value).__module__ == "torch._C" and hasattr(value, "get_state"):
        return LIBRARY, "{}.manual_seed", lambda: value.get_state().tolist()
    return None


def _states(library_object: Any) -> list[Any]:
    return [state() for _, (_, _, state) in search(library_object, _generator)]
