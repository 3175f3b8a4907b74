"""Recognizes a loop that scales each sample by its own mean and standard deviation.

The statements are followed by name, so that it does not matter how they are written down.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import Any

SAMPLE = ("sample",)
OPERATIONS = {ast.Sub: "-", ast.Div: "/", ast.Add: "+"}


class _Unknown(Exception):
    """It does something else as well."""


@dataclass(frozen=True)
class Standardization:
    """What is scaled, all as source.

    Attributes:
        source: The array that the samples are of.
        target: The array that they are put into; None for a list.
        epsilon: What is added to the standard deviation; empty if nothing is.
    """

    source: str
    target: str | None
    epsilon: str


def parse_standardization(node: ast.For | ast.ListComp) -> Standardization | None:
    """None if it is no such loop, or is not known to be."""
    try:
        reader = _Reader()
        if isinstance(node, ast.ListComp):
            return reader.comprehension(node)
        return reader.loop(node)
    except _Unknown:
        return None


class _Reader:
    def __init__(self) -> None:
        self.source = self.index = ""
        # What names, and places such as `batch[i]`, hold.
        self.values: dict[str, Any] = {}

    def loop(self, node: ast.For) -> Standardization:
        """`for i in range(len(batch)): batch[i] = ...`, or with `enumerate`."""
        self._begin(node.target, node.iter)
        target, value = "", None
        for statement in node.body:
            place, value = self._statement(statement)
            target = place or target
        if node.orelse or not target or place != target:
            raise _Unknown
        return Standardization(self.source, target, _epsilon(value))

    def comprehension(self, node: ast.ListComp) -> Standardization:
        """`[(x - x.mean()) / x.std() for x in batch]`."""
        loop = node.generators[0]
        if len(node.generators) > 1 or loop.ifs or loop.is_async:
            raise _Unknown
        self._begin(loop.target, loop.iter)
        value = self._read(node.elt)
        return Standardization(self.source, None, _epsilon(value))

    def _begin(self, target: ast.expr, over: ast.expr) -> None:
        called = ast.unparse(over.func) if isinstance(over, ast.Call) else ""
        names = target.elts if isinstance(target, ast.Tuple) else [target]
        if not all(isinstance(name, ast.Name) for name in names):
            raise _Unknown
        words = [ast.unparse(name) for name in names]
        if isinstance(over, ast.Call) and called == "enumerate" and len(over.args) == 1:
            self.index, sample = words if len(words) == 2 else ("", "")
            self.source, self.values[sample] = _plain(over.args[0]), SAMPLE
        elif called == "range" and len(words) == 1:
            self.index = words[0]
        elif not called and len(words) == 1:
            self.source, self.values[words[0]] = _plain(over), SAMPLE
        else:
            raise _Unknown

    def _statement(self, node: ast.stmt) -> tuple[str, Any]:
        """The array that it puts a sample into, if it does, and the value."""
        if isinstance(node, ast.Assign) and len(node.targets) == 1:
            target, value = node.targets[0], self._read(node.value)
        elif isinstance(node, ast.AugAssign) and type(node.op) in OPERATIONS:
            target = node.target
            value = (OPERATIONS[type(node.op)], self._read(target), self._read(node.value))
        else:
            raise _Unknown
        self.values[ast.unparse(target)] = value
        if isinstance(target, ast.Subscript) and ast.unparse(target.slice) == self.index:
            return _plain(target.value), value
        if isinstance(target, ast.Name) and isinstance(node, ast.Assign):
            return "", value
        raise _Unknown

    def _read(self, node: ast.expr) -> Any:
        """What it computes, as nested tuples."""
        text = ast.unparse(node)
        if text in self.values:
            return self.values[text]
        match node:
            case ast.Subscript(value=array, slice=ast.Name(id=index)) if index == self.index:
                self.source = self.source or _plain(array)
                if _plain(array) == self.source:
                    return SAMPLE
            case ast.Call(func=ast.Attribute(value=ast.Name(id="np" | "numpy"), attr=name)):
                if name in ("mean", "std") and len(node.args) == 1 and not node.keywords:
                    return name, self._read(node.args[0])
            case ast.Call(func=ast.Attribute(value=what, attr=("mean" | "std") as name)):
                if not node.args and not node.keywords:
                    return name, self._read(what)
            case ast.BinOp() if type(node.op) in OPERATIONS:
                return OPERATIONS[type(node.op)], self._read(node.left), self._read(node.right)
            case ast.Constant() | ast.Name() | ast.Attribute():
                return "given", _plain(node)
        raise _Unknown


def _plain(node: ast.expr) -> str:
    """The source of a number, a name or an attribute, which nothing happens by reading."""
    inner = node
    while isinstance(inner, ast.Attribute):
        if inner.attr.startswith("__"):  # means something else outside of its class
            raise _Unknown
        inner = inner.value
    if not isinstance(inner, ast.Name | ast.Constant):
        raise _Unknown
    return ast.unparse(node)


def _epsilon(value: Any) -> str:
    """What is added, if it is a sample less its mean by its standard deviation."""
    centred = ("-", SAMPLE, ("mean", SAMPLE))
    match value:
        case ("/", above, below) if above == centred:
            pass
        case _:
            raise _Unknown
    deviations = [("std", SAMPLE), ("std", centred)]
    match below:
        case ("+", left, ("given", text)) if left in deviations:
            return str(text)
        case ("+", ("given", text), right) if right in deviations:
            return str(text)
        case _ if below in deviations:
            return ""
    raise _Unknown
