"""What only Python's compiler refuses in a ``trainer_class.py``; nothing of it is run.

A ``return`` outside a function, for example, and a late ``from __future__`` have right syntax.
"""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterable

from ..findings import Problem

#: Nodes that are compiled at most; nnU-Net's own trainer has 8,347.
_MAX_NODES = 500_000


def refused(module: ast.Module) -> Problem | None:
    """Return why Python does not compile a syntax tree; None if it does, or is not asked."""
    try:
        if _size(module) > _MAX_NODES:
            return None
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a warning about a comparison is not a defect
            compile(module, "trainer_class.py", "exec", dont_inherit=True)
    except SyntaxError as error:
        return Problem(f"it is not valid Python: {error.msg}", line=error.lineno)
    except (RecursionError, MemoryError):
        return None  # how deep it may be nested depends on the version of Python
    return None


def _size(module: ast.Module) -> int:
    """Return about how many nodes are compiled.

    The compiler copies a ``finally`` for each way into it. Nested, they double with each level.
    """
    if not any(isinstance(node, ast.Try) and node.finalbody for node in ast.walk(module)):
        return 0
    return _copied([module])[0]


def _copied(nodes: Iterable[ast.AST]) -> tuple[int, int]:
    """Return how many nodes are compiled for these, and how many jumps out of them there are."""
    size = jumps = 0
    for node in nodes:
        final = node.finalbody if isinstance(node, ast.Try) else []
        apart = {*map(id, final)}
        inner, jumping = _copied(n for n in ast.iter_child_nodes(node) if id(n) not in apart)
        jumping += isinstance(node, (ast.Return, ast.Break, ast.Continue))
        copied, leaving = _copied(final)
        size += 1 + inner + (jumping + 2) * copied
        jumps += jumping + (jumping + 2) * leaving
    return size, jumps
