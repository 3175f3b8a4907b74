"""Rewrite a function's code so that it calls a hook for each call and operation on given lines.

A rewritten line computes the same in the same order. The hook receives the function and its
arguments, so nothing is evaluated twice, and values inside a comprehension or a nested call are
seen too. Slow statements get a hook before or inside them, for which only names and attributes
are evaluated a second time.
"""

from __future__ import annotations

import ast
import copy
import dataclasses
import linecache
import warnings
from collections.abc import Callable, Iterator
from itertools import zip_longest
from types import CodeType
from typing import Any

from workbench.advice.slow_statements import (
    ArrayFill,
    InPlaceScaling,
    SlowStatement,
    StandardizingLoop,
    find_slow_statements,
)

# These depend on the frame that calls them, which would be the hook's.
FRAME_AWARE = frozenset(("super", "locals", "vars", "dir", "globals", "eval", "exec"))
OPERATORS = (ast.Div, ast.Mult)
# A constant that stands for a hook until the code is compiled; no user's string is like it.
SENTINEL = "\0workbench hook {}"
FUTURE_FLAGS = 0x1FF0000  # of `from __future__`, as in `__future__.py`

HookTarget = ast.Call | ast.BinOp | SlowStatement
MakeHook = Callable[[Any], Callable[..., Any]]


def insert_hooks(code: CodeType, lines: set[int], make: MakeHook) -> CodeType | None:
    """Copy a function's code, with calls of hooks in it.

    Args:
        code: Code of the function.
        lines: Line numbers in its file; calls, operations and slow statements there get a hook.
        make: Makes the hook of a call, which is called with the function and its arguments; of an
            operation, called with both operands; or of a slow statement, see
            `_HookInserter.visit`.

    Returns:
        The new code; None if the source is missing or has changed since it was compiled.
    """
    source = "".join(linecache.getlines(code.co_filename))
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):
        return None
    units = (unit for unit in _compile_units(tree, code) if _is_compiled_from(unit, code))
    whole = next(units, None)
    if whole is None:
        return None
    hooks = _HookInserter(lines | _comprehension_lines(whole, lines), find_slow_statements(whole))
    changed = _compile_function(ast.fix_missing_locations(hooks.visit(whole)), code)
    if changed is None:
        return None
    return _with_constants(changed, {name: make(what) for name, what in hooks.targets.items()})


def _compile_units(tree: ast.Module, code: CodeType) -> Iterator[ast.Module]:
    """The trees that may have been compiled as a whole: a file, or one statement of a cell.

    The compiler treats `np.stack(x)` differently where it sees `np` imported.
    """
    yield tree
    for node in tree.body:
        first = min([node.lineno, *(d.lineno for d in getattr(node, "decorator_list", ()))])
        if first <= code.co_firstlineno <= (node.end_lineno or first):
            yield ast.Module([node], [])


def _is_compiled_from(tree: ast.Module, code: CodeType) -> bool:
    """Whether compiling the tree gives this code."""
    plain = _compile_function(tree, code)
    return plain is not None and _same_code(plain, code)


def replace_code(code: CodeType, others: dict[int, CodeType]) -> CodeType:
    """Replace code, or nested functions in it, by `id`."""
    if id(code) in others:
        return others[id(code)]
    consts = tuple(
        replace_code(c, others) if isinstance(c, CodeType) else c for c in code.co_consts
    )
    return code.replace(co_consts=consts)


def lines_of(code: CodeType) -> set[int]:
    """Line numbers of a function and of functions nested in it."""
    return {
        line for each in _with_nested(code) for _, _, line in each.co_lines() if line is not None
    }


def local_names(code: CodeType) -> frozenset[str]:
    """Local and closure variables of a function and of functions nested in it."""
    names = ("co_varnames", "co_cellvars", "co_freevars")
    return frozenset(
        n for each in _with_nested(code) for kind in names for n in getattr(each, kind)
    )


def _comprehension_lines(tree: ast.AST, lines: set[int]) -> set[int]:
    """All lines of comprehensions that begin on these; Python 3.11 profiles them as one line."""
    kinds = ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp
    found = (node for node in ast.walk(tree) if isinstance(node, kinds) and node.lineno in lines)
    return {line for node in found for line in range(node.lineno, (node.end_lineno or 0) + 1)}


class _HookInserter(ast.NodeTransformer):
    def __init__(self, lines: set[int], statements: dict[int, SlowStatement]) -> None:
        self._lines, self._statements = lines, statements
        self.targets: dict[str, HookTarget] = {}

    def visit(self, node: ast.AST) -> Any:
        """Insert the hook of a slow statement, and those of the nodes inside it.

        The hook of a loop or an in-place operation is called before it, with its arrays. The hook
        of `x[i] = value` is called with `value` and `x`, and returns `value`.
        """
        statement = self._statements.get(id(node))
        if statement is None or not self._wanted(statement.node):
            return super().visit(node)
        statement = dataclasses.replace(statement, node=copy.deepcopy(node))  # type: ignore[arg-type]
        new = super().visit(node)
        match statement:
            case ArrayFill():
                array = _parse_at(statement.name, new)
                new.value = self._hook(statement, new, [new.value, array], [])
                return new
            case InPlaceScaling():
                # The other operand is a name or a number, which may be evaluated twice.
                array = _parse_at(statement.name, new)
                return [ast.Expr(self._hook(statement, new, [array, new.value], [])), new]
            case StandardizingLoop(form=form):
                texts = (form.source, form.target or "None", form.epsilon or "0")
                names = [ast.keyword(name, _parse_at(name, new)) for name in statement.names]
                call = self._hook(statement, new, [_parse_at(text, new) for text in texts], names)
                if isinstance(new, ast.For):
                    return [ast.Expr(call), new]
                both = ast.Tuple([call, new], ast.Load())
                return ast.Subscript(both, ast.Constant(1), ast.Load())

    def visit_Call(self, node: ast.Call) -> ast.expr:
        """`f(x)` becomes `hook(f, x)`."""
        before = copy.deepcopy(node)
        self.generic_visit(node)
        aware = isinstance(node.func, ast.Name) and node.func.id in FRAME_AWARE
        if aware or not self._wanted(node):
            return node
        return self._hook(before, node, [node.func, *node.args], node.keywords)

    def visit_BinOp(self, node: ast.BinOp) -> ast.expr:
        """`a / b` becomes `hook(a, b)`."""
        before = copy.deepcopy(node)
        self.generic_visit(node)
        if not isinstance(node.op, OPERATORS) or not self._wanted(node):
            return node
        return self._hook(before, node, [node.left, node.right], [])

    def _wanted(self, node: ast.expr | ast.stmt) -> bool:
        return not self._lines.isdisjoint(range(node.lineno, (node.end_lineno or node.lineno) + 1))

    def _hook(
        self, what: HookTarget, at: ast.AST, arguments: list[ast.expr], keywords: list[ast.keyword]
    ) -> ast.expr:
        name = SENTINEL.format(len(self.targets))
        self.targets[name] = what
        hook = ast.copy_location(ast.Constant(name), at)
        return ast.copy_location(ast.Call(hook, arguments, keywords), at)


def _parse_at(text: str, at: ast.AST) -> ast.expr:
    """Parse an expression, at the position of another node."""
    node = ast.parse(text, mode="eval").body
    for each in ast.walk(node):
        ast.copy_location(each, at)
    return node


def _compile_function(tree: ast.Module, like: CodeType) -> CodeType | None:
    """Compile a tree with the same flags, and find the code of the same function in it."""
    flags = like.co_flags & FUTURE_FLAGS
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # "'str' object is not callable": our constants
        try:
            module = compile(tree, like.co_filename, "exec", flags, dont_inherit=True)
        except (SyntaxError, ValueError):
            return None
    wanted = like.co_qualname, like.co_firstlineno
    found = [c for c in _with_nested(module) if (c.co_qualname, c.co_firstlineno) == wanted]
    return found[0] if len(found) == 1 else None


def _with_nested(code: CodeType) -> Iterator[CodeType]:
    yield code
    for const in code.co_consts:
        if isinstance(const, CodeType):
            yield from _with_nested(const)


def _same_code(one: CodeType, other: CodeType) -> bool:
    """Whether two functions have the same instructions and line numbers, nested ones included."""
    names = ("co_code", "co_names", "co_varnames", "co_freevars", "co_linetable")
    pairs = zip_longest(_with_nested(one), _with_nested(other))
    return all(getattr(a, name, None) == getattr(b, name, None) for a, b in pairs for name in names)


def _with_constants(code: CodeType, hooks: dict[str, Callable[..., Any]]) -> CodeType:
    """Replace the constants that stand for hooks by the hooks."""

    def replaced(const: Any) -> Any:
        if isinstance(const, CodeType):
            return _with_constants(const, hooks)
        return hooks.get(const, const) if isinstance(const, str) else const

    return code.replace(co_consts=tuple(map(replaced, code.co_consts)))
