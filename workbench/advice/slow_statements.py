"""Find statements that are known to be slow, before the code runs.

Unlike an idiom that is a single call, a statement needs its own hook; `rewrite` inserts it.
"""

from __future__ import annotations

import ast
import builtins
import copy
from collections.abc import Iterator
from dataclasses import dataclass

from workbench.advice.standardizing_loop import Standardization, parse_standardization

ALLOCATORS = frozenset(
    ("np.zeros", "np.ones", "np.empty", "numpy.zeros", "numpy.ones", "numpy.empty")
)
STACKERS = frozenset(("np.array", "np.asarray", "np.stack", "numpy.array", "numpy.stack"))

# Parameters of the function that a standardizing loop is made into, to repeat it.
IMAGES, OUT, EPSILON = "images_", "out_", "epsilon_"


@dataclass(frozen=True)
class StandardizingLoop:
    """A loop that standardizes each sample of an array by its own mean and standard deviation.

    Attributes:
        node: The loop, the comprehension, or the call that makes an array of a comprehension.
        form: What is standardized, and where the results go.
        code: Source of the node, with `IMAGES`, `OUT` and `EPSILON` for the expressions in `form`.
        names: Free variables of `code`; their values are captured with the arrays.
    """

    node: ast.For | ast.ListComp | ast.Call
    form: Standardization
    code: str
    names: tuple[str, ...]


@dataclass(frozen=True)
class ArrayFill:
    """An assignment that fills one sample of a new array: `x[i] = value`.

    Attributes:
        node: The assignment.
        allocation: The call that makes the array, without a dtype: `np.zeros(shape)`.
        name: Name of the array.
    """

    node: ast.Assign
    allocation: ast.Call
    name: str


@dataclass(frozen=True)
class InPlaceScaling:
    """An array divided or multiplied in place, in the function that returns or yields it."""

    node: ast.AugAssign
    name: str


SlowStatement = StandardizingLoop | ArrayFill | InPlaceScaling


def find_slow_statements(tree: ast.AST) -> dict[int, SlowStatement]:
    """All slow statements in a tree, by the `id` of their node."""
    found = [statement for node in ast.walk(tree) for statement in _find(node)]
    # Not a comprehension on its own if the call that makes an array of it is replaced with it.
    inner = {id(each.node.args[0]) for each in found if isinstance(each.node, ast.Call)}
    return {id(each.node): each for each in found if id(each.node) not in inner}


def _find(node: ast.AST) -> Iterator[SlowStatement]:
    if isinstance(node, ast.For | ast.ListComp | ast.Call):
        yield from _standardizing_loops(node)
    elif isinstance(node, ast.FunctionDef):
        yield from _in_function(node)


def _standardizing_loops(node: ast.For | ast.ListComp | ast.Call) -> Iterator[StandardizingLoop]:
    loop: ast.AST = node
    if isinstance(node, ast.Call):
        if ast.unparse(node.func) not in STACKERS or len(node.args) != 1 or node.keywords:
            return
        loop = node.args[0]
    form = parse_standardization(loop) if isinstance(loop, ast.For | ast.ListComp) else None
    if form is not None:
        # The source comes last: it counts where an array is its own target.
        names = {form.epsilon: EPSILON, form.target or "": OUT, form.source: IMAGES}
        changed = substitute_names(node, {text: name for text, name in names.items() if text})
        yield StandardizingLoop(node, form, ast.unparse(changed), _free_names(changed))


def substitute_names(node: ast.AST, names: dict[str, str]) -> ast.AST:
    """Copy a tree, with names in place of some expressions.

    Args:
        node: Any tree.
        names: From the source of an expression to the name that replaces it.
    """

    class Substitute(ast.NodeTransformer):
        def visit(self, node: ast.AST) -> ast.AST:
            """Replace an expression as a whole, or else its parts."""
            name = names.get(ast.unparse(node)) if isinstance(node, ast.expr) else None
            return ast.Name(name, ast.Load()) if name else self.generic_visit(node)

    return Substitute().visit(copy.deepcopy(node))


def _free_names(node: ast.AST) -> tuple[str, ...]:
    names = [each for each in ast.walk(node) if isinstance(each, ast.Name)]
    bound = {each.id for each in names if isinstance(each.ctx, ast.Store)}
    known = bound | {IMAGES, OUT, EPSILON} | set(vars(builtins))
    return tuple(sorted({each.id for each in names} - known))


def _in_function(function: ast.FunctionDef) -> Iterator[SlowStatement]:
    nodes = list(ast.walk(function))
    returned = {name for node in nodes for name in _returned_names(node)}
    allocations = {
        node.targets[0].id: node.value
        for node in nodes
        if isinstance(node, ast.Assign)
        and isinstance(node.targets[0], ast.Name)
        and isinstance(node.value, ast.Call)
        and _is_allocation(node.value)
    }
    for node in nodes:
        if isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name):
            simple = isinstance(node.value, ast.Constant | ast.Name | ast.Attribute)
            if simple and node.target.id in returned and isinstance(node.op, ast.Div | ast.Mult):
                yield InPlaceScaling(node, node.target.id)
        elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Subscript):
            name = ast.unparse(node.targets[0].value)
            if name in allocations and name in returned and _is_sample(node.targets[0].slice):
                yield ArrayFill(node, allocations[name], name)


def _returned_names(node: ast.AST) -> set[str]:
    """Names in the value of a `return` or `yield`."""
    if not isinstance(node, ast.Return | ast.Yield) or node.value is None:
        return set()
    return {each.id for each in ast.walk(node.value) if isinstance(each, ast.Name)}


def _is_allocation(call: ast.Call) -> bool:
    return ast.unparse(call.func) in ALLOCATORS and len(call.args) == 1 and not call.keywords


def _is_sample(index: ast.expr) -> bool:
    """Whether an index is `[i]`, `[i,]`, `[i, ...]` or `[i, :]`."""
    first, *rest = index.elts if isinstance(index, ast.Tuple) else [index]
    whole = all(ast.unparse(each) in ("...", ":", "Ellipsis") for each in rest)
    return isinstance(first, ast.Name | ast.Constant) and whole
