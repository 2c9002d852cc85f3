"""What a ``trainer_class.py`` will do when SCT runs it, read from its syntax; it is never run.

SCT loads that one file as a module, calls its ``get_trainer_class()`` and lets the fork of nnU-Net
call ``build_network_architecture`` of the class that it returns (deepseg/nnunet.py).
"""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from importlib.util import decode_source

#: What the module has to offer.
FACTORY = "get_trainer_class"
#: What the fork calls on the trainer's class: five values by position, one by name.
BUILDER = "build_network_architecture"
_POSITIONAL = 5
_KEYWORD = "enable_deep_supervision"

_IMPORT_ERRORS = {"ImportError", "ModuleNotFoundError", "Exception", "BaseException"}
_Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Flaw:
    """Something wrong with the source."""

    message: str
    line: int | None


@dataclass(frozen=True)
class Import:
    """One module that is imported when SCT loads the trainer."""

    module: str
    line: int
    #: Leading dots: 0 for an absolute import.
    level: int


def decode(data: bytes) -> str:
    """Decode source as Python does: by its mark, by its coding comment, or else as UTF-8.

    Other bytes in comments pass, as in Python itself. Raises ValueError with the reason.
    """
    try:
        return decode_source(data)
    except (SyntaxError, LookupError, UnicodeDecodeError) as error:
        parsed = _parsed(data)
        if isinstance(parsed, ast.Module):
            return data.decode(errors="replace")
        raise ValueError(parsed.message.partition(": ")[2]) from error


@lru_cache(maxsize=16)
def parse(text: str) -> ast.Module | Flaw:
    """Parse Python source as Python 3.10 does, the oldest that SCT and nnU-Net run on."""
    return _parsed(text)


def _parsed(source: str | bytes) -> ast.Module | Flaw:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a warning about an escape is no defect of the model
            return ast.parse(source, feature_version=(3, 10))
    except SyntaxError as error:
        return Flaw(f"it is not valid Python: {error.msg}", error.lineno)
    except (ValueError, RecursionError, MemoryError):
        return Flaw("it is not valid Python: NUL bytes, or nested too deeply", None)


def classes(module: ast.Module) -> dict[str, ast.ClassDef]:
    """Return the classes that the module defines at its top level."""
    return {node.name: node for node in _executed(module) if isinstance(node, ast.ClassDef)}


def bound_names(module: ast.Module) -> set[str]:
    """Return the names that the module has once it is loaded; ``*`` where that can't be told."""
    names: set[str] = set()
    for node in _executed(module):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            names.add(node.name)
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            names |= {(alias.asname or alias.name).partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.Assign):
            names |= {target.id for target in node.targets if isinstance(target, ast.Name)}
        elif isinstance(node, ast.AnnAssign) and node.value and isinstance(node.target, ast.Name):
            names.add(node.target.id)
    return names


def factory_flaw(module: ast.Module) -> Flaw | None:
    """Say what is wrong with ``get_trainer_class``, as far as its syntax shows."""
    functions = [
        node
        for node in _executed(module)
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.name == FACTORY
    ]
    if not functions:
        known = bound_names(module)
        return None if {FACTORY, "*"} & known else Flaw(f"it has no `{FACTORY}` function", None)
    function = functions[-1]
    if isinstance(function, ast.AsyncFunctionDef) or _has(function, ast.Yield, ast.YieldFrom):
        return Flaw(f"`{FACTORY}` is no plain function and returns no class", function.lineno)
    arguments = function.args
    required = len(arguments.posonlyargs) + len(arguments.args) - len(arguments.defaults)
    required += sum(default is None for default in arguments.kw_defaults)
    if required:
        return Flaw(f"`{FACTORY}` takes arguments, but SCT gives none", function.lineno)
    return _returned_flaw(function, set(classes(module)))


def _returned_flaw(function: _Function, own: set[str]) -> Flaw | None:
    returned = [node for node in _own_nodes(function) if isinstance(node, ast.Return)]
    values = [node.value for node in returned if node.value is not None]
    if not values and not _has(function, ast.Raise):
        return Flaw(f"`{FACTORY}` returns nothing", function.lineno)
    for value in values:
        if isinstance(value, ast.Constant):
            what = "None" if value.value is None else "a value, not a class"
            return Flaw(f"`{FACTORY}` returns {what}", value.lineno)
        if (
            isinstance(value, ast.Call)
            and isinstance(value.func, ast.Name)
            and value.func.id in own
        ):
            return Flaw(f"`{FACTORY}` returns an instance, not the class", value.lineno)
    return None


def imports(module: ast.Module) -> Iterator[Import]:
    """Yield what is imported when SCT loads the trainer, less what may fail without harm."""
    executed = [*_executed(module)]
    for node in [*executed]:
        if isinstance(node, ast.ClassDef):
            executed += _class_level(node)
    functions = [
        node
        for node in executed
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
        and node.name in {FACTORY, BUILDER}
    ]
    for function in functions:
        executed += _statements(function.body)
    for node in executed:
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(alias.name, node.lineno, 0)
        elif isinstance(node, ast.ImportFrom):
            yield Import(node.module or "", node.lineno, node.level)


def builder_flaw(module: ast.Module, trainer: str) -> tuple[Flaw, bool] | None:
    """Say why one of SCT and the stock nnU-Net can't call ``build_network_architecture``.

    Returns the flaw and whether it is SCT that can't call it; None where both can.
    """
    known = classes(module)
    own = known.get(trainer)
    chain = _bases(own, known) if own else list(known.values())
    for node in chain:
        for function in node.body:
            if isinstance(function, ast.FunctionDef) and function.name == BUILDER:
                return _signature_flaw(function)
    return None


def _signature_flaw(function: ast.FunctionDef) -> tuple[Flaw, bool] | None:
    names = {arg.arg for arg in [*function.args.args, *function.args.kwonlyargs]}
    new_style = "plans_manager" in names
    in_sct = _binds(function, _POSITIONAL)
    in_stock = _binds(function, _POSITIONAL - 1 if new_style else _POSITIONAL)
    if in_sct and in_stock:
        return None
    where = "SCT" if not in_sct else "nnU-Net 2.8"
    style = "the arguments of nnU-Net 2.7 and later" if new_style else "other arguments"
    text = f"`{BUILDER}` takes {style}, so that {where} can't call it"
    if not in_sct and not in_stock:
        text = f"neither SCT nor nnU-Net 2.8 can call `{BUILDER}` with these arguments"
    return Flaw(text, function.lineno), not in_sct


def _binds(function: ast.FunctionDef, given: int) -> bool:
    """Return whether ``given`` values by position and deep supervision by name fit."""
    arguments = function.args
    names = [arg.arg for arg in arguments.posonlyargs + arguments.args]
    if any(_decorator(node) == "classmethod" for node in function.decorator_list):
        names = names[1:]
    optional = len(arguments.defaults)
    required = set(names[: len(names) - optional])
    filled = set(names[:given])
    by_keyword = {arg.arg for arg in arguments.args} | {arg.arg for arg in arguments.kwonlyargs}
    required |= {
        arg.arg
        for arg, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
        if default is None
    }
    if given > len(names) and arguments.vararg is None:
        return False
    if _KEYWORD in filled or (_KEYWORD not in by_keyword and arguments.kwarg is None):
        return False
    return required <= filled | {_KEYWORD}


def _decorator(node: ast.expr) -> str:
    return node.id if isinstance(node, ast.Name) else ""


def _bases(node: ast.ClassDef, known: dict[str, ast.ClassDef]) -> list[ast.ClassDef]:
    """Return a class and those of its bases that the module defines, in order of lookup."""
    found: list[ast.ClassDef] = []
    pending = [node]
    while pending:
        current = pending.pop(0)
        if current in found:
            continue
        found.append(current)
        pending += [
            known[base.id]
            for base in current.bases
            if isinstance(base, ast.Name) and base.id in known
        ]
    return found


def _executed(module: ast.Module) -> list[ast.stmt]:
    return _statements(module.body)


def _class_level(node: ast.ClassDef) -> list[ast.stmt]:
    found = _statements(node.body)
    for inner in [n for n in found if isinstance(n, ast.ClassDef)]:
        found += _class_level(inner)
    return found


def _statements(body: list[ast.stmt]) -> list[ast.stmt]:
    """Flatten ``if``, ``try``, ``with`` and loops; leave out what may fail without harm."""
    found: list[ast.stmt] = []
    pending = [*reversed(body)]
    while pending:
        node = pending.pop()
        found.append(node)
        blocks: list[list[ast.stmt]] = []
        if isinstance(node, ast.If):
            blocks = [node.orelse] if _never(node.test) else [node.body, node.orelse]
        elif isinstance(node, ast.Try):
            # What a handler of import errors guards is optional; so is what it tries instead.
            guarded = any(_catches_imports(handler) for handler in node.handlers)
            inner = [] if guarded else [node.body, *(h.body for h in node.handlers)]
            blocks = [*inner, node.orelse, node.finalbody]
            if guarded:
                found += _definitions(node)
        elif isinstance(node, (ast.With, ast.For, ast.While)):
            blocks = [node.body]
        pending += [child for block in reversed(blocks) for child in reversed(block)]
    return found


def _definitions(node: ast.Try) -> list[ast.stmt]:
    """Return what a guarded block binds without importing."""
    bodies = [node.body, *(handler.body for handler in node.handlers)]
    return [
        child
        for body in bodies
        for child in body
        if isinstance(child, (ast.FunctionDef, ast.ClassDef, ast.Assign))
    ]


def _never(test: ast.expr) -> bool:
    """Return whether a condition is false when the code runs."""
    name = test.attr if isinstance(test, ast.Attribute) else getattr(test, "id", None)
    return name == "TYPE_CHECKING" or (isinstance(test, ast.Constant) and not test.value)


def _catches_imports(handler: ast.ExceptHandler) -> bool:
    kinds = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return any(kind is None or getattr(kind, "id", None) in _IMPORT_ERRORS for kind in kinds)


def _own_nodes(function: _Function) -> Iterator[ast.AST]:
    """Walk a function without the functions and classes inside it."""
    pending: list[ast.AST] = [*function.body]
    while pending:
        node = pending.pop()
        yield node
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)):
            pending += ast.iter_child_nodes(node)


def _has(function: _Function, *kinds: type[ast.AST]) -> bool:
    return any(isinstance(node, kinds) for node in _own_nodes(function))
