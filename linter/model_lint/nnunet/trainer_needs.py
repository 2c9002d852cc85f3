"""What a ``trainer_class.py`` needs on the machine where SCT loads it: modules and variables."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import NamedTuple, TypeGuard

from .trainer_source import BUILDER, FACTORY
from .trainer_statements import always, certain, class_level, dotted, executed, own_nodes

#: Variables that every user has, or that SCT sets.
_GIVEN = {None, "HOME", "PATH", "nnUNet_raw", "nnUNet_preprocessed", "nnUNet_results"}
#: Statements that contain no others, and the expressions in them that are not always evaluated.
_SIMPLE = (ast.Assign, ast.AnnAssign, ast.Expr)
_CHOICES = (ast.IfExp, ast.BoolOp, ast.comprehension)


class Import(NamedTuple):
    """One module that is imported when SCT loads the trainer."""

    module: str
    line: int
    #: Leading dots: 0 for an absolute import.
    level: int
    #: The names that ``from module import`` imports.
    names: tuple[str, ...] = ()
    #: Whether it is imported in every case.
    certain: bool = True


def imports(module: ast.Module) -> Iterator[Import]:
    """Yield what is imported when SCT loads the trainer, except what may fail without harm."""
    found = executed(module.body)
    for node in [*found]:
        if isinstance(node, ast.ClassDef):
            found += class_level(node)
    sure = {id(node) for node in always(module)}
    functions = [
        node
        for node in found
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
        and node.name in {FACTORY, BUILDER}
    ]
    for function in functions:
        found += executed(function.body)
        if id(function) in sure:
            sure |= {id(node) for node in certain(function.body)}
    for node in found:
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(alias.name, node.lineno, 0, certain=id(node) in sure)
        elif isinstance(node, ast.ImportFrom):
            names = tuple(alias.name for alias in node.names)
            yield Import(node.module or "", node.lineno, node.level, names, id(node) in sure)


def searches_elsewhere(module: ast.Module) -> int | None:
    """Return the first line that makes Python look for modules in other folders, if any."""
    nodes = own_nodes(executed(module.body))
    lines = [n.lineno for n in nodes if isinstance(n, ast.Attribute) and dotted(n) == "sys.path"]
    return min(lines, default=None)


def variables(module: ast.Module) -> Iterator[tuple[str, int]]:
    """Yield the environment variables without which the file can't be loaded, with their lines.

    A variable that the file names in any other way, to set it or to look for it, is left out.
    """
    reads = {id(n.slice): n for n in ast.walk(module) if _is_variable(n)}
    if not reads:
        return
    known = {_text(n) for n in ast.walk(module) if id(n) not in reads} | _GIVEN
    for statement in always(module):
        if not isinstance(statement, _SIMPLE):
            continue
        nodes = [*own_nodes([statement])]
        if any(isinstance(node, _CHOICES) for node in nodes):
            continue
        for node in nodes:
            name = _text(node) if id(node) in reads else None
            if name and name not in known:
                yield name, reads[id(node)].lineno


def _is_variable(node: ast.AST) -> TypeGuard[ast.Subscript]:
    """Return whether a node reads ``os.environ["NAME"]``."""
    return (
        isinstance(node, ast.Subscript)
        and isinstance(node.ctx, ast.Load)
        and dotted(node.value) in {"os.environ", "environ"}
    )


def _text(node: ast.AST) -> str | None:
    if isinstance(node, ast.keyword):
        return node.arg
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None
