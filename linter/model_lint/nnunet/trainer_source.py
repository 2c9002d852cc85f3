"""The problems of a ``trainer_class.py``, found in its syntax; it is never run.

SCT loads that one file as a module and calls its ``get_trainer_class()``. Its fork of nnU-Net then
calls ``build_network_architecture`` of the class that this returns (deepseg/nnunet.py).
"""

from __future__ import annotations

import ast
import builtins
import re
import warnings
from collections import Counter
from functools import lru_cache
from importlib.util import decode_source
from itertools import islice
from typing import TypeGuard

from ..findings import STOCK, Consumer, Problem
from ..storage.limits import MAX_SOURCE_TOKENS
from ..wording import quote
from .trainer_compiler import refused
from .trainer_statements import Function, always, certain, dotted, ends_loading, executed, own_nodes

#: The function that SCT calls.
FACTORY = "get_trainer_class"
#: The method that the fork calls on the trainer's class: five values by position, one by name.
BUILDER = "build_network_architecture"
_POSITIONAL = 5
_KEYWORD = "enable_deep_supervision"
#: The argument that only nnU-Net 2.0 to 2.2 gave it, in addition to `plans_manager`.
_OLDEST = "dataset_json"
_WORD = re.compile(r"\w+|[^\w\s]")
#: Names that can bind other names without writing them.
_MAGIC = {"exec", "eval", "globals", "locals", "vars", "__getattr__", "*"}


def decode(data: bytes) -> str:
    """Decode source as Python does: by its byte order mark, its coding comment, or else as UTF-8.

    Other bytes in comments are allowed, as in Python itself. Raises ValueError with the reason.
    """
    try:
        return decode_source(data)
    except (SyntaxError, LookupError, UnicodeDecodeError) as error:
        text = data.decode(errors="replace")
        parsed = _excess(text) or _parsed(data)
        if isinstance(parsed, ast.Module):
            return text
        raise ValueError(parsed.message.partition(": ")[2]) from error


@lru_cache(maxsize=1)
def parse(text: str) -> ast.Module | Problem:
    """Parse Python source as Python 3.10 does, the oldest that SCT and nnU-Net run on."""
    parsed = _excess(text) or _parsed(text)
    return (isinstance(parsed, ast.Module) and refused(parsed)) or parsed


def _excess(text: str) -> Problem | None:
    words = islice(_WORD.finditer(text), MAX_SOURCE_TOKENS, None)
    if next(words, None) is None:
        return None
    limit = f"{MAX_SOURCE_TOKENS} words and symbols"
    return Problem(f"it is larger than any genuine trainer: more than {limit}")


def _parsed(source: str | bytes) -> ast.Module | Problem:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a warning about an escape is not a defect
            return ast.parse(source, feature_version=(3, 10))
    except SyntaxError as error:
        return Problem(f"it is not valid Python: {error.msg}", line=error.lineno)
    except ValueError as error:  # of NUL bytes, before Python 3.11.4
        return Problem(f"it is not valid Python: {error}")
    except (RecursionError, MemoryError):
        return Problem("it is not valid Python: nested too deeply")


@lru_cache(maxsize=1)
def is_version_1(module: ast.Module) -> bool:
    """Return whether a trainer is one of nnU-Net 1: the module always imports nnU-Net 1."""
    return any(
        name.partition(".")[0] == "nnunet" for node in always(module) for name in _imported(node)
    )


def _imported(node: ast.stmt) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    return [node.module or ""] if isinstance(node, ast.ImportFrom) and not node.level else []


def classes(module: ast.Module) -> dict[str, ast.ClassDef]:
    """Return the classes that the module defines at its top level."""
    return {node.name: node for node in executed(module.body) if isinstance(node, ast.ClassDef)}


def bound_names(module: ast.Module) -> set[str]:
    """Return the names that the module has once it is loaded; ``*`` stands for unknown ones."""
    names: set[str] = set()
    for node in executed(module.body):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            names.add(node.name)
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            names |= {(alias.asname or alias.name).partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.Assign):
            names |= {target.id for target in node.targets if isinstance(target, ast.Name)}
        elif isinstance(node, ast.AnnAssign) and node.value and isinstance(node.target, ast.Name):
            names.add(node.target.id)
    return names


def factory_problem(module: ast.Module) -> Problem | None:
    """Return the problem of ``get_trainer_class``, as far as its syntax shows."""
    functions = [
        node
        for node in executed(module.body)
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.name == FACTORY
    ]
    if not functions:
        text = f"it has no `{FACTORY}` function"
        return Problem(text) if lacks_factory(module) else _assigned_problem(module)
    function = functions[-1]
    if isinstance(function, ast.AsyncFunctionDef) or _has(function, ast.Yield, ast.YieldFrom):
        return Problem(
            f"`{FACTORY}` must be a plain function that returns a class", line=function.lineno
        )
    arguments = function.args
    required = len(arguments.posonlyargs) + len(arguments.args) - len(arguments.defaults)
    required += sum(default is None for default in arguments.kw_defaults)
    if required:
        return Problem(f"`{FACTORY}` needs arguments, but SCT gives none", line=function.lineno)
    return _returned_problem(function, set(classes(module)))


def _assigned_problem(module: ast.Module) -> Problem | None:
    """Return a problem if the name is assigned a class of the module, not a function."""
    own = set(classes(module))
    for node in executed(module.body):
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Name):
            named = any(isinstance(t, ast.Name) and t.id == FACTORY for t in node.targets)
            if named and node.value.id in own:
                text = f"`{FACTORY}` is a class, not a function that returns it"
                return Problem(text, line=node.lineno)
    return None


def lacks_factory(module: ast.Module) -> bool:
    """Return whether nothing in the module is called ``get_trainer_class``."""
    return {FACTORY, "*"}.isdisjoint(bound_names(module))


def _returned_problem(function: Function, own: set[str]) -> Problem | None:
    values = returned(function)
    if not values or any(map(ends_loading, certain(function.body))):
        return Problem(f"`{FACTORY}` returns nothing", line=function.lineno)
    for value in values:
        if isinstance(value, ast.Constant):
            what = "None" if value.value is None else "a value, not a class"
            return Problem(f"`{FACTORY}` returns {what}", line=value.lineno)
        if (
            isinstance(value, ast.Call)
            and isinstance(value.func, ast.Name)
            and value.func.id in own
        ):
            return Problem(f"`{FACTORY}` returns an instance, not the class", line=value.lineno)
    return None


def returned(function: Function) -> list[ast.expr]:
    """Return what a function may return, as far as its ``return`` statements show."""
    nodes = (node for node in own_nodes(function.body) if isinstance(node, ast.Return))
    return [node.value for node in nodes if node.value is not None]


def loading_problem(module: ast.Module) -> Problem | None:
    """Return the problem that stops Python from loading the whole module."""
    own = bindings(module)
    for node in always(module):
        if ends_loading(node, own):
            what = "ends Python" if isinstance(node, ast.Expr) else "raises an error"
            return Problem(f"it always {what} when it is loaded", line=node.lineno)
        if isinstance(node, ast.ClassDef):
            unknown = [b for b in node.bases if isinstance(b, ast.Name) and _is_unknown(b.id, own)]
            if unknown:
                text = f"{quote(node.name)} inherits from {quote(unknown[0].id)}, which the file"
                return Problem(f"{text} neither defines nor imports", line=node.lineno)
    return None


def class_problem(module: ast.Module) -> Problem | None:
    """Return why the class that ``get_trainer_class`` returns builds no network."""
    own = bindings(module)
    plain = {n.name: n for n in always(module) if _is_plain(n, own)}
    for node in always(module):
        if not isinstance(node, ast.FunctionDef) or node.name != FACTORY or own[FACTORY] > 1:
            continue
        for value in returned(node):
            if not isinstance(value, ast.Name):
                continue
            if _is_unknown(value.id, own):
                text = f"`{FACTORY}` returns {quote(value.id)}, which the file does not define"
                return Problem(text, line=value.lineno, stops=(Consumer.SCT,))
            if _is_rootless(value.id, plain) and BUILDER not in own:
                text = f"{quote(value.id)} does not inherit from a trainer and builds no network"
                return Problem(f"{text}: it has no `{BUILDER}`", line=plain[value.id].lineno)
    return None


@lru_cache(maxsize=1)
def bindings(module: ast.Module) -> Counter[str]:
    """Count how often each name is bound anywhere; strings count too, because of ``setattr``."""
    return Counter(name for node in ast.walk(module) for name in _bound(node))


def _bound(node: ast.AST) -> list[str]:
    names: list[object] = []
    if isinstance(node, ast.alias):
        names = [(node.asname or node.name).partition(".")[0]]
    elif isinstance(node, ast.Name):
        names = [node.id] if node.id in _MAGIC or not isinstance(node.ctx, ast.Load) else []
    elif isinstance(node, ast.Attribute):
        names = [] if isinstance(node.ctx, ast.Load) else [node.attr]
    elif isinstance(node, ast.arg):
        names = [node.arg]
    elif isinstance(node, ast.Constant):
        names = [node.value]
    else:  # a function, a class or a caught error
        names = [getattr(node, "name", None)]
    return [name for name in names if isinstance(name, str)]


def _is_unknown(name: str, own: Counter[str]) -> bool:
    """Return whether loading a name is certainly a NameError."""
    return name not in own and not hasattr(builtins, name) and _MAGIC.isdisjoint(own)


def _is_plain(node: ast.stmt, own: Counter[str]) -> TypeGuard[ast.ClassDef]:
    """Return whether a statement is a class that nothing changes later."""
    if not isinstance(node, ast.ClassDef) or node.decorator_list or node.keywords:
        return False
    return own[node.name] == 1


def _is_rootless(name: str, plain: dict[str, ast.ClassDef]) -> bool:
    """Return whether all ancestors of a class are plain classes too."""
    pending, seen = [name], set()
    while pending:
        current = pending.pop()
        if current in seen or current == "object":
            continue
        seen.add(current)
        node = plain.get(current)
        if node is None or not all(isinstance(base, ast.Name) for base in node.bases):
            return False
        pending += [base.id for base in node.bases if isinstance(base, ast.Name)]
    return True


def builder_problem(module: ast.Module, trainer: str) -> Problem | None:
    """Return why a consumer can't call ``build_network_architecture``; None if all can."""
    known = classes(module)
    own = known.get(trainer)
    chain = _bases(own, known) if own else list(known.values())
    for node in chain:
        for function in node.body:
            if isinstance(function, ast.FunctionDef) and function.name == BUILDER:
                return _signature_problem(function) or _base_call_problem(function, module)
    return None


def _base_call_problem(function: ast.FunctionDef, module: ast.Module) -> Problem | None:
    """Return a problem if nnU-Net's own method is called with arguments for SCT's nnU-Net only.

    It takes six values there, but five in nnU-Net 2.7 and later. The call gives six values, or all
    that the method was given.
    """
    trainers = {
        alias.asname or alias.name
        for node in ast.walk(module)
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("nnunetv2.")
        for alias in node.names
    }
    for node in own_nodes(function.body):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            continue
        owner = node.func.value
        named = owner.id if isinstance(owner, ast.Name) else ""
        inherited = isinstance(owner, ast.Call) and dotted(owner.func) == "super"
        if node.func.attr == BUILDER and (inherited or named in trainers) and _gives_six(node):
            text = f"it calls nnU-Net's own `{BUILDER}` with arguments that nnU-Net 2.8 refuses"
            return Problem(text, line=node.lineno, stops=STOCK)
    return None


def _gives_six(call: ast.Call) -> bool:
    starred = any(isinstance(argument, ast.Starred) for argument in call.args)
    return starred or len(call.args) + len(call.keywords) > _POSITIONAL


def _signature_problem(function: ast.FunctionDef) -> Problem | None:
    names = {arg.arg for arg in [*function.args.args, *function.args.kwonlyargs]}
    if {"plans_manager", _OLDEST} <= names:
        text = f"`{BUILDER}` takes the arguments of nnU-Net 2.0 to 2.2, which neither SCT nor"
        return Problem(f"{text} nnU-Net 2.8 gives it", line=function.lineno)
    new_style = "plans_manager" in names
    in_sct = _binds(function, _POSITIONAL)
    in_stock = _binds(function, _POSITIONAL - 1 if new_style else _POSITIONAL)
    if in_sct and in_stock:
        return None
    if not in_sct and not in_stock:
        text = f"neither SCT nor nnU-Net 2.8 can call `{BUILDER}` with these arguments"
        return Problem(text, line=function.lineno)
    where = "SCT" if not in_sct else "nnU-Net 2.8"
    style = "the arguments of nnU-Net 2.7 and later" if new_style else "other arguments"
    text = f"`{BUILDER}` takes {style}, so {where} can't call it"
    return Problem(text, line=function.lineno, stops=STOCK if in_sct else (Consumer.SCT,))


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


def _has(function: Function, *kinds: type[ast.AST]) -> bool:
    return any(isinstance(node, kinds) for node in own_nodes(function.body))
