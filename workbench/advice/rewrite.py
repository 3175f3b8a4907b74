"""Function code with a hook in place of each call and arithmetic operation of some lines.

A hooked line does what it did, in the same order; the hook sees the function and its arguments as
they are. So nothing has to be evaluated a second time, and values within a comprehension, or in
the middle of a nested call, are seen as well as names. What is longer than a call (`marks`) has a
hook before it or in it, and of that only names and attributes are read once more.
"""

from __future__ import annotations

import ast
import copy
import dataclasses
import linecache
import warnings
from collections.abc import Callable, Iterator
from types import CodeType
from typing import Any

from workbench.advice.slow_statements import (
    ArrayFill,
    InPlaceScaling,
    SlowStatement,
    StandardizingLoop,
    find_slow_statements,
)

# These look at the frame that calls them.
FRAME_AWARE = frozenset(("super", "locals", "vars", "dir", "globals", "eval", "exec"))
OPERATORS = (ast.Div, ast.Mult)
# No string in anybody's code, and of the same length for each hook.
SENTINEL = "\0workbench hook {}"
FUTURE_FLAGS = 0x1FF0000  # of `from __future__`, as in `__future__.py`

# An expression as it is written, or a mark.
HookTarget = ast.Call | ast.BinOp | SlowStatement
MakeHook = Callable[[Any], Callable[..., Any]]


def insert_hooks(code: CodeType, lines: set[int], make: MakeHook) -> CodeType | None:
    """A copy of a function's code that calls hooks.

    Args:
        code: The function's.
        lines: Of its file; what lies on them gets a hook.
        make: Gives the hook for a node, from where it is called with the function and its
            arguments, or with the two operands; or for a mark, see `_HookInserter.visit`.

    Returns:
        None if the source is not at hand, or is not what the code was compiled from.
    """
    source = "".join(linecache.getlines(code.co_filename))
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):
        return None
    whole = next(
        (each for each in _compile_units(tree, code) if _is_compiled_from(each, code)), None
    )
    if whole is None:
        return None
    hooks = _HookInserter(lines | _comprehension_lines(whole, lines), find_slow_statements(whole))
    changed = _compile_function(ast.fix_missing_locations(hooks.visit(whole)), code)
    if changed is None:
        return None
    return _with_constants(changed, {name: make(what) for name, what in hooks.targets.items()})


def _compile_units(tree: ast.Module, code: CodeType) -> Iterator[ast.Module]:
    """What may have been compiled at once: a file, or one statement of a notebook's cell.

    That makes a difference: a call `np.stack(x)` is another one where `np` is seen to be imported.
    """
    yield tree
    for node in tree.body:
        first = min([node.lineno, *(d.lineno for d in getattr(node, "decorator_list", ()))])
        if first <= code.co_firstlineno <= (node.end_lineno or first):
            yield ast.Module([node], [])


def _is_compiled_from(tree: ast.Module, code: CodeType) -> bool:
    """Whether the code was compiled from it."""
    plain = _compile_function(tree, code)
    return plain is not None and _same_code(plain, code)


def replace_code(code: CodeType, others: dict[int, CodeType]) -> CodeType:
    """The code that takes its place by `id`; and the same for functions defined within it."""
    if id(code) in others:
        return others[id(code)]
    consts = tuple(
        replace_code(c, others) if isinstance(c, CodeType) else c for c in code.co_consts
    )
    return code.replace(co_consts=consts)


def lines_of(code: CodeType) -> set[int]:
    """The numbers of a function's lines, and of functions defined within it."""
    return {
        line for each in _with_nested(code) for _, _, line in each.co_lines() if line is not None
    }


def local_names(code: CodeType) -> frozenset[str]:
    """What a function and those defined within it bind or have from outer functions."""
    names = ("co_varnames", "co_cellvars", "co_freevars")
    return frozenset(
        n for each in _with_nested(code) for kind in names for n in getattr(each, kind)
    )


def _comprehension_lines(tree: ast.AST, lines: set[int]) -> set[int]:
    """The lines of comprehensions that begin on these: Python 3.11 has all their time there."""
    kinds = ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp
    found = (node for node in ast.walk(tree) if isinstance(node, kinds) and node.lineno in lines)
    return {line for node in found for line in range(node.lineno, (node.end_lineno or 0) + 1)}


class _HookInserter(ast.NodeTransformer):
    def __init__(self, lines: set[int], marks: dict[int, SlowStatement]) -> None:
        self._lines, self._marks = lines, marks
        self.targets: dict[str, HookTarget] = {}

    def visit(self, node: ast.AST) -> Any:
        """Marks first, and what is in them as well.

        The hook of a loop, and of an operation in place, is called before it with its arrays; that
        of a part that is put into an array with the part and the array, and gives the part.
        """
        mark = self._marks.get(id(node))
        if mark is None or not self._wanted(mark.node):
            return super().visit(node)
        mark = dataclasses.replace(mark, node=copy.deepcopy(node))  # type: ignore[arg-type]
        new = super().visit(node)
        match mark:
            case ArrayFill():
                new.value = self._hook(mark, new, [new.value, _parse_at(mark.name, new)], [])
                return new
            case InPlaceScaling():
                # The other operand is a name or a number: read twice, it is the same.
                return [
                    ast.Expr(self._hook(mark, new, [_parse_at(mark.name, new), new.value], [])),
                    new,
                ]
            case StandardizingLoop(form=form):
                texts = (form.source, form.target or "None", form.epsilon or "0")
                names = [ast.keyword(name, _parse_at(name, new)) for name in mark.names]
                call = self._hook(mark, new, [_parse_at(text, new) for text in texts], names)
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
    """The expression that reads it, at another one's place."""
    node = ast.parse(text, mode="eval").body
    for each in ast.walk(node):
        ast.copy_location(each, at)
    return node


def _compile_function(tree: ast.Module, like: CodeType) -> CodeType | None:
    """The code of the same function in a file's tree, compiled as it was."""
    flags = like.co_flags & FUTURE_FLAGS
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a constant that is called: our own
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
    """Whether they do the same, at the same lines."""
    ours, theirs = list(_with_nested(one)), list(_with_nested(other))
    return len(ours) == len(theirs) and all(map(_same_attributes, ours, theirs))


def _same_attributes(one: CodeType, other: CodeType) -> bool:
    names = ("co_code", "co_names", "co_varnames", "co_freevars", "co_linetable")
    return all(getattr(one, name) == getattr(other, name) for name in names)


def _with_constants(code: CodeType, hooks: dict[str, Callable[..., Any]]) -> CodeType:
    """With the hooks themselves in place of the constants that stand for them."""

    def put(const: Any) -> Any:
        if isinstance(const, CodeType):
            return _with_constants(const, hooks)
        return hooks.get(const, const) if isinstance(const, str) else const

    return code.replace(co_consts=tuple(map(put, code.co_consts)))
