"""Pieces of code longer than one call that are known to be slow, found before they run.

A mark says what has to be caught, and where: before a loop, or as an array is filled.
"""

from __future__ import annotations

import ast
import builtins
import copy
from collections.abc import Iterator
from dataclasses import dataclass

from workbench.advice import standardizing_loop

ALLOCATORS = frozenset(
    ("np.zeros", "np.ones", "np.empty", "numpy.zeros", "numpy.ones", "numpy.empty")
)
STACKERS = frozenset(("np.array", "np.asarray", "np.stack", "numpy.array", "numpy.stack"))

IMAGES, OUT, EPSILON = "images_", "out_", "epsilon_"


@dataclass(frozen=True)
class StandardizingLoop:
    """Samples of an array, each scaled by its own mean and standard deviation.

    Attributes:
        node: The loop, the comprehension, or the call that makes an array of that.
        form: What is scaled, and where it goes.
        code: The same with `IMAGES`, `OUT` and `EPSILON` for what is in the form.
        names: What else it uses, but does not bind; caught with the arrays.
    """

    node: ast.For | ast.ListComp | ast.Call
    form: standardizing_loop.Standardization
    code: str
    names: tuple[str, ...]


@dataclass(frozen=True)
class ArrayFill:
    """A part of an array put in its place, `x[i] = value`.

    Attributes:
        node: The assignment.
        allocation: The call that made the array, without a type.
        name: The array's.
    """

    node: ast.Assign
    allocation: ast.Call
    name: str


@dataclass(frozen=True)
class InPlaceScaling:
    """An array divided or multiplied in place, and returned by the same function."""

    node: ast.AugAssign
    name: str


SlowStatement = StandardizingLoop | ArrayFill | InPlaceScaling


def find_slow_statements(tree: ast.AST) -> dict[int, SlowStatement]:
    """All of a file, by the `id` of the node that gets the hook."""
    found = [mark for node in ast.walk(tree) for mark in _of(node)]
    joined = {id(m.node.args[0]) for m in found if isinstance(m.node, ast.Call)}
    return {id(mark.node): mark for mark in found if id(mark.node) not in joined}


def _of(node: ast.AST) -> Iterator[SlowStatement]:
    if isinstance(node, ast.For | ast.ListComp | ast.Call):
        yield from _scaled(node)
    elif isinstance(node, ast.FunctionDef):
        yield from _of_function(node)


def _scaled(node: ast.For | ast.ListComp | ast.Call) -> Iterator[StandardizingLoop]:
    inner: ast.AST = node
    if isinstance(node, ast.Call):
        if ast.unparse(node.func) not in STACKERS or len(node.args) != 1 or node.keywords:
            return
        inner = node.args[0]
    form = (
        standardizing_loop.parse_standardization(inner)
        if isinstance(inner, ast.For | ast.ListComp)
        else None
    )
    if form is not None:
        # Of an array that is its own target, the source's name counts.
        names = {form.epsilon: EPSILON, form.target or "": OUT, form.source: IMAGES}
        changed = substitute_names(node, {text: name for text, name in names.items() if text})
        yield StandardizingLoop(node, form, ast.unparse(changed), _free_names(changed))


def substitute_names(node: ast.AST, names: dict[str, str]) -> ast.AST:
    """A copy of the code, with names in place of what has the source of one of the texts."""

    class Put(ast.NodeTransformer):
        def visit(self, node: ast.AST) -> ast.AST:
            """A name, or the same with names in it."""
            name = names.get(ast.unparse(node)) if isinstance(node, ast.expr) else None
            return ast.Name(name, ast.Load()) if name else self.generic_visit(node)

    return Put().visit(copy.deepcopy(node))


def _free_names(node: ast.AST) -> tuple[str, ...]:
    names = [each for each in ast.walk(node) if isinstance(each, ast.Name)]
    bound = {each.id for each in names if isinstance(each.ctx, ast.Store)}
    known = bound | {IMAGES, OUT, EPSILON} | set(vars(builtins))
    return tuple(sorted({each.id for each in names} - known))


def _of_function(function: ast.FunctionDef) -> Iterator[SlowStatement]:
    nodes = list(ast.walk(function))
    out = {name for node in nodes for name in _given(node)}
    made = {
        node.targets[0].id: node.value
        for node in nodes
        if isinstance(node, ast.Assign)
        and isinstance(node.targets[0], ast.Name)
        and isinstance(node.value, ast.Call)
        and _is_maker(node.value)
    }
    for node in nodes:
        if isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name):
            by = isinstance(node.value, ast.Constant | ast.Name | ast.Attribute)
            if by and node.target.id in out and isinstance(node.op, ast.Div | ast.Mult):
                yield InPlaceScaling(node, node.target.id)
        elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Subscript):
            name = ast.unparse(node.targets[0].value)
            if name in made and name in out and _is_first_axis(node.targets[0].slice):
                yield ArrayFill(node, made[name], name)


def _given(node: ast.AST) -> set[str]:
    """Names in what a function returns or yields."""
    if not isinstance(node, ast.Return | ast.Yield) or node.value is None:
        return set()
    return {each.id for each in ast.walk(node.value) if isinstance(each, ast.Name)}


def _is_maker(call: ast.Call) -> bool:
    return ast.unparse(call.func) in ALLOCATORS and len(call.args) == 1 and not call.keywords


def _is_first_axis(index: ast.expr) -> bool:
    """Whether it is `[i]`, `[i,]`, `[i, ...]` or `[i, :]`."""
    first, *rest = index.elts if isinstance(index, ast.Tuple) else [index]
    whole = all(ast.unparse(each) in ("...", ":", "Ellipsis") for each in rest)
    return isinstance(first, ast.Name | ast.Constant) and whole
