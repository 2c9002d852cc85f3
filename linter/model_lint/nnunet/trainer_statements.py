"""Find the statements of a Python module that run when it is loaded, from its syntax."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from functools import lru_cache

Function = ast.FunctionDef | ast.AsyncFunctionDef

#: Nodes that contain statements without being one.
_BLOCKS = (ast.excepthandler, ast.match_case)
_IMPORT_ERRORS = {"ImportError", "ModuleNotFoundError", "Exception", "BaseException"}
#: Functions that end Python, as they are called.
_EXITS = {"exit", "quit", "sys.exit", "os._exit", "os.abort"}


def executed(body: list[ast.stmt]) -> list[ast.stmt]:
    """Flatten ``if``, ``try``, ``with`` and loops, without what may fail without harm."""
    found: list[ast.stmt] = []
    pending = [*reversed(body)]
    while pending:
        node = pending.pop()
        found.append(node)
        blocks: list[list[ast.stmt]] = []
        if isinstance(node, ast.If):
            blocks = [node.orelse] if _never(node.test) else [node.body, node.orelse]
        elif isinstance(node, ast.Try):
            # What a handler of import errors guards is optional, and so is its replacement.
            guarded = any(_forgives_imports(handler) for handler in node.handlers)
            inner = [] if guarded else [node.body, *(h.body for h in node.handlers)]
            blocks = [*inner, node.orelse, node.finalbody]
            if guarded:
                found += _definitions([node.body, *(handler.body for handler in node.handlers)])
        elif isinstance(node, ast.With) and _suppresses_imports(node):
            found += _definitions([node.body])
        elif isinstance(node, (ast.With, ast.For, ast.While)):
            blocks = [node.body]
        pending += [child for block in reversed(blocks) for child in reversed(block)]
    return found


def class_level(node: ast.ClassDef) -> list[ast.stmt]:
    """Return the statements that run when a class is defined, also of classes inside it."""
    found = executed(node.body)
    for inner in [n for n in found if isinstance(n, ast.ClassDef)]:
        found += class_level(inner)
    return found


def certain(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """Yield the statements that run in every case, up to the first that may return."""
    for node in body:
        yield node
        if isinstance(node, ast.ClassDef):
            yield from certain(node.body)
        elif _returns(node):
            return


@lru_cache(maxsize=1)
def always(module: ast.Module) -> tuple[ast.stmt, ...]:
    """Return the statements that run whenever a module is loaded."""
    return tuple(certain(module.body))


def _returns(node: ast.AST) -> bool:
    """Return whether a function may return in a statement."""
    pending = [node]
    while pending:
        current = pending.pop()
        if isinstance(current, ast.Return):
            return True
        if not isinstance(current, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            blocks = ast.iter_child_nodes(current)
            pending += [n for n in blocks if isinstance(n, (ast.stmt, *_BLOCKS))]
    return False


def ends_loading(node: ast.stmt, own: Iterable[str] = ()) -> bool:
    """Return whether a statement raises an error or ends Python.

    ``own`` are the names that the module defines: these are not the functions that end Python.
    """
    if isinstance(node, ast.Assert):
        return isinstance(node.test, ast.Constant) and not node.test.value
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        called = dotted(node.value.func)
        return called in _EXITS and called not in own
    return isinstance(node, ast.Raise)


def own_nodes(body: Iterable[ast.AST]) -> Iterator[ast.AST]:
    """Walk statements without the functions and classes inside them."""
    pending = [*body]
    while pending:
        node = pending.pop()
        yield node
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)):
            pending += ast.iter_child_nodes(node)


def dotted(node: ast.expr) -> str:
    """Return ``a`` for a name, ``a.b`` for an attribute of a name, "" for other nodes."""
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
        return f"{node.value.id}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""


def _definitions(bodies: Iterable[list[ast.stmt]]) -> list[ast.stmt]:
    """Return the definitions and assignments of guarded blocks."""
    return [
        child
        for body in bodies
        for child in body
        if isinstance(child, (ast.FunctionDef, ast.ClassDef, ast.Assign))
    ]


def _never(test: ast.expr) -> bool:
    """Return whether a condition is false when SCT loads the file."""
    if isinstance(test, ast.Compare) and isinstance(test.ops[0], ast.Eq) and len(test.ops) == 1:
        sides = [test.left, test.comparators[0]]
        return any(dotted(side) == "__name__" for side in sides) and any(
            isinstance(side, ast.Constant) and side.value == "__main__" for side in sides
        )
    name = dotted(test).rpartition(".")[2]
    return name == "TYPE_CHECKING" or (isinstance(test, ast.Constant) and not test.value)


def _forgives_imports(handler: ast.ExceptHandler) -> bool:
    """Return whether a handler catches errors of imports and does not raise others instead."""
    kinds = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    catches = any(kind is None or _is_import_error(kind) for kind in kinds)
    return catches and not any(ends_loading(node) for node in handler.body)


def _suppresses_imports(node: ast.With) -> bool:
    return any(
        isinstance(call, ast.Call)
        and dotted(call.func).rpartition(".")[2] == "suppress"
        and any(map(_is_import_error, call.args))
        for call in (item.context_expr for item in node.items)
    )


def _is_import_error(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and node.id in _IMPORT_ERRORS
