"""Function code with a hook in place of each call and arithmetic operation of some lines.

A hooked line does what it did, in the same order; the hook sees the function and its arguments as
they are. So nothing has to be evaluated a second time, and values within a comprehension, or in
the middle of a nested call, are seen as well as names.
"""

from __future__ import annotations

import ast
import copy
import linecache
import warnings
from collections.abc import Callable, Iterator
from types import CodeType
from typing import Any

# These look at the frame that calls them.
FRAME_AWARE = frozenset(("super", "locals", "vars", "dir", "globals", "eval", "exec"))
OPERATORS = (ast.Div, ast.Mult)
# No string in anybody's code, and of the same length for each hook.
SENTINEL = "\0workbench hook {}"
FUTURE_FLAGS = 0x1FF0000  # of `from __future__`, as in `__future__.py`

Nodes = dict[str, ast.Call | ast.BinOp]
MakeHook = Callable[[Any], Callable[..., Any]]


def hooked(code: CodeType, lines: set[int], make: MakeHook) -> CodeType | None:
    """A copy of a function's code that calls hooks.

    Args:
        code: The function's.
        lines: Of its file; what lies on them gets a hook.
        make: Gives the hook for a node, from which it is called with the function and its
            arguments, or with the two operands.

    Returns:
        None if the source is not at hand, or is not what the code was compiled from.
    """
    source = "".join(linecache.getlines(code.co_filename))
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):
        return None
    source_tree = next((t for t in (tree, _alone(tree, code)) if _is_source(t, code)), None)
    if source_tree is None:
        return None
    hooks = _Hooks(lines | _comprehended(tree, lines))
    changed = _compiled(ast.fix_missing_locations(hooks.visit(source_tree)), code)
    if changed is None:
        return None
    return _armed(changed, {name: make(node) for name, node in hooks.nodes.items()})


def exchanged(code: CodeType, others: dict[int, CodeType]) -> CodeType:
    """The code that takes its place by `id`; and the same for functions defined within it."""
    if id(code) in others:
        return others[id(code)]
    consts = tuple(exchanged(c, others) if isinstance(c, CodeType) else c for c in code.co_consts)
    return code.replace(co_consts=consts)


def lines_of(code: CodeType) -> set[int]:
    """The numbers of a function's lines, and of functions defined within it."""
    return {line for each in _within(code) for _, _, line in each.co_lines() if line is not None}


def local_names(code: CodeType) -> frozenset[str]:
    """What a function and those defined within it bind or have from outer functions."""
    names = ("co_varnames", "co_cellvars", "co_freevars")
    return frozenset(n for each in _within(code) for kind in names for n in getattr(each, kind))


def _comprehended(tree: ast.AST, lines: set[int]) -> set[int]:
    """The lines of comprehensions that begin on these: Python 3.11 has all their time there."""
    kinds = ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp
    found = (node for node in ast.walk(tree) if isinstance(node, kinds) and node.lineno in lines)
    return {line for node in found for line in range(node.lineno, (node.end_lineno or 0) + 1)}


class _Hooks(ast.NodeTransformer):
    def __init__(self, lines: set[int]) -> None:
        self._lines, self.nodes = lines, Nodes()

    def visit_Call(self, node: ast.Call) -> ast.expr:
        """`f(x)` becomes `hook(f, x)`."""
        before = copy.deepcopy(node)
        self.generic_visit(node)
        aware = isinstance(node.func, ast.Name) and node.func.id in FRAME_AWARE
        if aware or not self._wanted(node):
            return node
        return self._hook(before, [node.func, *node.args], node.keywords)

    def visit_BinOp(self, node: ast.BinOp) -> ast.expr:
        """`a / b` becomes `hook(a, b)`."""
        before = copy.deepcopy(node)
        self.generic_visit(node)
        if not isinstance(node.op, OPERATORS) or not self._wanted(node):
            return node
        return self._hook(before, [node.left, node.right], [])

    def _wanted(self, node: ast.expr) -> bool:
        return not self._lines.isdisjoint(range(node.lineno, (node.end_lineno or node.lineno) + 1))

    def _hook(self, node: Any, arguments: list[ast.expr], keywords: list[ast.keyword]) -> ast.expr:
        name = SENTINEL.format(len(self.nodes))
        self.nodes[name] = node
        hook = ast.copy_location(ast.Constant(name), node)
        return ast.copy_location(ast.Call(hook, arguments, keywords), node)


def _alone(tree: ast.Module, code: CodeType) -> ast.Module:
    """The statement that a function is in. Notebooks compile each of a cell by itself, and calls of
    names that the same text imports are other code then.
    """
    line = code.co_firstlineno
    return ast.Module([n for n in tree.body if (n.end_lineno or 0) >= line][:1], [])


def _is_source(tree: ast.Module, code: CodeType) -> bool:
    """Whether a function's code was compiled from this."""
    plain = _compiled(tree, code)
    return plain is not None and _same(plain, code)


def _compiled(tree: ast.Module, like: CodeType) -> CodeType | None:
    """The code of the same function in a file's tree, compiled as it was."""
    flags = like.co_flags & FUTURE_FLAGS
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a constant that is called: our own
        try:
            module = compile(tree, like.co_filename, "exec", flags, dont_inherit=True)
        except (SyntaxError, ValueError):
            return None
    wanted = like.co_qualname, like.co_firstlineno
    found = [c for c in _within(module) if (c.co_qualname, c.co_firstlineno) == wanted]
    return found[0] if len(found) == 1 else None


def _within(code: CodeType) -> Iterator[CodeType]:
    yield code
    for const in code.co_consts:
        if isinstance(const, CodeType):
            yield from _within(const)


def _same(one: CodeType, other: CodeType) -> bool:
    """Whether they do the same, at the same lines."""
    ours, theirs = list(_within(one)), list(_within(other))
    return len(ours) == len(theirs) and all(map(_alike, ours, theirs))


def _alike(one: CodeType, other: CodeType) -> bool:
    names = ("co_code", "co_names", "co_varnames", "co_freevars", "co_linetable")
    return all(getattr(one, name) == getattr(other, name) for name in names)


def _armed(code: CodeType, hooks: dict[str, Callable[..., Any]]) -> CodeType:
    """With the hooks themselves in place of the constants that stand for them."""

    def put(const: Any) -> Any:
        if isinstance(const, CodeType):
            return _armed(const, hooks)
        return hooks.get(const, const) if isinstance(const, str) else const

    return code.replace(co_consts=tuple(map(put, code.co_consts)))
