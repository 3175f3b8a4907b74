"""Time that a line spends in libraries, as a tree of calls."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

# A call that takes this share of its caller's time replaces the caller in `parts`, if it can be
# divided further.
DOMINATES = 0.8


@dataclass
class LibraryCall:
    """Calls of one library function from one line, and what it called in turn.

    Attributes:
        count: Number of calls.
        seconds: Time in them, callees included; calls back into the user's code are not.
        package: The package of a Python function; empty for a C function.
        children: Called functions by name.
    """

    count: int = 0
    seconds: float = 0.0
    package: str = ""
    children: dict[str, LibraryCall] = field(default_factory=dict)

    def add(self, other: LibraryCall) -> None:
        """Add another tree to this one."""
        self.count += other.count
        self.seconds += other.seconds
        for name, call in other.children.items():
            self.child(name, call.package).add(call)

    def child(self, name: str, package: str) -> LibraryCall:
        """The called function of this name, added if new."""
        return self.children.setdefault(name, LibraryCall(package=package))

    @property
    def python_calls(self) -> int:
        """Number of calls of Python functions, at all depths."""
        own = self.count if self.package else 0
        return own + sum(child.python_calls for child in self.children.values())

    def packages(self) -> dict[str, float]:
        """Seconds in the Python code of each package, including C functions that it called."""
        found: dict[str, float] = defaultdict(float)
        for call in self.children.values():
            below = call.packages()
            if call.package:
                found[call.package] += call.seconds - sum(below.values())
            for package, seconds in below.items():
                found[package] += seconds
        return found

    def parts(self) -> dict[str, float]:
        """Seconds by name at the first depth with several calls; empty if there is none."""
        calls = sorted(self.children.items(), key=lambda item: -item[1].seconds)
        if not calls:
            return {}
        (_, top), total = calls[0], self._children_seconds
        deeper = top.parts() if top.seconds >= DOMINATES * total else {}
        if deeper and top._children_seconds >= DOMINATES * top.seconds:
            return deeper
        return {name: call.seconds for name, call in calls} if len(calls) > 1 else {}

    @property
    def _children_seconds(self) -> float:
        return sum(call.seconds for call in self.children.values())
