"""Recognize a loop that standardizes each sample by its own mean and standard deviation.

The loop is evaluated symbolically, so intermediate variables do not matter.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import Any

SAMPLE = ("sample",)
OPERATIONS = {ast.Sub: "-", ast.Div: "/", ast.Add: "+"}


class _Unknown(Exception):
    """The loop does something else, or something else as well."""


@dataclass(frozen=True)
class Standardization:
    """What is standardized. All attributes are source code.

    Attributes:
        source: The array of samples.
        target: The array that receives the results; None if they form a list.
        epsilon: What is added to the standard deviation; empty for nothing.
    """

    source: str
    target: str | None
    epsilon: str


def parse_standardization(node: ast.For | ast.ListComp) -> Standardization | None:
    """Parse a loop over samples; None if it is not known to do nothing but standardize them."""
    try:
        evaluator = _Evaluator()
        if isinstance(node, ast.ListComp):
            return evaluator.comprehension(node)
        return evaluator.loop(node)
    except _Unknown:
        return None


class _Evaluator:
    def __init__(self) -> None:
        self.source = self.index = ""
        # From names and subscripts such as `batch[i]` to the symbolic value assigned to them.
        self.values: dict[str, Any] = {}

    def loop(self, node: ast.For) -> Standardization:
        """`for i in range(len(batch)): batch[i] = ...`, or with `enumerate`."""
        self._loop_over(node.target, node.iter)
        target, value = "", None
        for statement in node.body:
            filled, value = self._assign(statement)
            target = filled or target
        if node.orelse or not target or filled != target:
            raise _Unknown
        return Standardization(self.source, target, _epsilon(value))

    def comprehension(self, node: ast.ListComp) -> Standardization:
        """`[(x - x.mean()) / x.std() for x in batch]`."""
        loop = node.generators[0]
        if len(node.generators) > 1 or loop.ifs or loop.is_async:
            raise _Unknown
        self._loop_over(loop.target, loop.iter)
        value = self._evaluate(node.elt)
        return Standardization(self.source, None, _epsilon(value))

    def _loop_over(self, target: ast.expr, over: ast.expr) -> None:
        called = ast.unparse(over.func) if isinstance(over, ast.Call) else ""
        names = target.elts if isinstance(target, ast.Tuple) else [target]
        if not all(isinstance(name, ast.Name) for name in names):
            raise _Unknown
        variables = [ast.unparse(name) for name in names]
        if isinstance(over, ast.Call) and called == "enumerate" and len(over.args) == 1:
            self.index, sample = variables if len(variables) == 2 else ("", "")
            self.source, self.values[sample] = _simple_source(over.args[0]), SAMPLE
        elif called == "range" and len(variables) == 1:
            self.index = variables[0]
        elif not called and len(variables) == 1:
            self.source, self.values[variables[0]] = _simple_source(over), SAMPLE
        else:
            raise _Unknown

    def _assign(self, node: ast.stmt) -> tuple[str, Any]:
        """The array that an assignment puts a sample into (or ""), and the value assigned."""
        if isinstance(node, ast.Assign) and len(node.targets) == 1:
            target, value = node.targets[0], self._evaluate(node.value)
        elif isinstance(node, ast.AugAssign) and type(node.op) in OPERATIONS:
            target = node.target
            value = (OPERATIONS[type(node.op)], self._evaluate(target), self._evaluate(node.value))
        else:
            raise _Unknown
        self.values[ast.unparse(target)] = value
        if isinstance(target, ast.Subscript) and ast.unparse(target.slice) == self.index:
            return _simple_source(target.value), value
        if isinstance(target, ast.Name) and isinstance(node, ast.Assign):
            return "", value
        raise _Unknown

    def _evaluate(self, node: ast.expr) -> Any:
        """The symbolic value of an expression, as nested tuples."""
        text = ast.unparse(node)
        if text in self.values:
            return self.values[text]
        match node:
            case ast.Subscript(value=array, slice=ast.Name(id=index)) if index == self.index:
                self.source = self.source or _simple_source(array)
                if _simple_source(array) == self.source:
                    return SAMPLE
            case ast.Call(func=ast.Attribute(value=ast.Name(id="np" | "numpy"), attr=name)):
                if name in ("mean", "std") and len(node.args) == 1 and not node.keywords:
                    return name, self._evaluate(node.args[0])
            case ast.Call(func=ast.Attribute(value=what, attr=("mean" | "std") as name)):
                if not node.args and not node.keywords:
                    return name, self._evaluate(what)
            case ast.BinOp() if type(node.op) in OPERATIONS:
                left, right = self._evaluate(node.left), self._evaluate(node.right)
                return OPERATIONS[type(node.op)], left, right
            case ast.Constant() | ast.Name() | ast.Attribute():
                return "given", _simple_source(node)
        raise _Unknown


def _simple_source(node: ast.expr) -> str:
    """The source of a constant, a name or an attribute: evaluating it has no side effects."""
    inner = node
    while isinstance(inner, ast.Attribute):
        if inner.attr.startswith("__"):  # mangled: another name outside of its class
            raise _Unknown
        inner = inner.value
    if not isinstance(inner, ast.Name | ast.Constant):
        raise _Unknown
    return ast.unparse(node)


def _epsilon(value: Any) -> str:
    """The epsilon of `(sample - mean) / (std + epsilon)`; raises `_Unknown` for other values."""
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
