"""The entries of a model and a task in SCT's ``models.py``: written, added, brought up to date."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from .existing import Entry, Known
from .source import Apply, Container, Edit, Same, Source, append, indent_of
from .text import double, single, wrapped
from .wanted import Url, Wanted, addresses

#: The columns in which SCT's texts begin.
_LONG_DESCRIPTION, _CITATION = 29, 21


class Change(NamedTuple):
    """Edits, and the same change in a copy of the syntax tree."""

    edits: list[Edit]
    change: Apply


def write_model(wanted: Wanted) -> str:
    """Return the entry in ``MODELS``."""
    contrasts = ", ".join(double(contrast) for contrast in wanted.contrasts)
    lines = [
        f"    {double(wanted.model)}: {{",
        *(f"        {line}" for line in _url(wanted.url)),
        f'        "description": {double(wanted.description)},',
        f'        "contrasts": [{contrasts}],',
        '        "framework": "nnunetv2",',
        '        "thr": None,  # Images are already binarized',
        '        "default": False,',
        *(['        "cropped_image": True,'] if wanted.cropped_image else []),
        "    },",
    ]
    return "\n".join(lines) + "\n"


def _url(url: Url) -> Iterator[str]:
    yield f'"url": {"{" if isinstance(url, Mapping) else "["}'
    if isinstance(url, Mapping):
        for fold, mirrors in url.items():
            yield f"    {double(fold)}: [{', '.join(double(a) for a in mirrors)}],"
        yield "},"
        return
    yield from (f"    {double(address)}," for address in url)
    yield "],"


def write_task(wanted: Wanted) -> str:
    """Return the entry in ``TASKS``."""
    citation = wrapped(f"```bibtex\n{wanted.citation.strip()}\n```\n", _CITATION)
    values = {
        "description": single(wanted.description),
        "long_description": wrapped(wanted.long_description, _LONG_DESCRIPTION),
        "url": single(wanted.page),
        "models": f"[{single(wanted.model)}]",
        "citation": citation if wanted.citation.strip() else "None",
        **({"group": single(wanted.group)} if wanted.group else {}),
        **({"priority": str(wanted.priority)} if wanted.priority else {}),
    }
    body = ",\n         ".join(f"'{key}': {value}" for key, value in values.items())
    return f"    {single(wanted.task)}:\n        {{{body}\n         }},\n"


# ------------------------------------------------------------------------------ adding an entry


def add_model(known: Known, wanted: Wanted) -> Change:
    """Add the model, as the last one."""
    return adding(known.source, known.models, write_model(wanted))


def add_task(known: Known, wanted: Wanted) -> Change:
    """Add the task, as the last one."""
    return adding(known.source, known.tasks, write_task(wanted))


def adding(source: Source, container: Container, text: str) -> Change:
    """Put an element at the end of a list or dict; ``text`` is its lines."""
    marks = "{}" if isinstance(container, ast.Dict) else "[]"
    new: Any = ast.parse(f"{marks[0]}\n{text}{marks[1]}", mode="eval").body

    def change(same: Same) -> None:
        of = same(container)
        if isinstance(of, ast.Dict):
            of.keys += new.keys
            of.values += new.values
        else:
            of.elts += new.elts

    return Change(append(source, container, text), change)


# -------------------------------------------------------------------- bringing it up to date


def update(entry: Entry, wanted: Wanted, web: str) -> list[Change]:
    """Return the changes after which a model has the addresses of the packages.

    Only what the packages decide is changed. Raises UsageError for what is made by code.
    """
    changes = _update_url(entry, wanted, web)
    if bool(entry.value("cropped_image")) != wanted.cropped_image:
        changes.append(_set_cropped(entry, cropped=wanted.cropped_image))
    return changes


def _update_url(entry: Entry, wanted: Wanted, web: str) -> list[Change]:
    old, node = entry.value("url"), entry.node_of("url")
    new = keyed_like(old, wanted.url)
    if node is None:
        return [_append_key(entry, "\n".join(_url(new)))]
    pairs = _pairs(old, new, f"{web}/{wanted.repository}/".lower())
    if pairs is None:
        return [_replace(entry, node, _url_value(entry, node, new))]
    found = {n.value: n for n in ast.walk(node) if isinstance(n, ast.Constant)}
    return [_replace(entry, found[a], _like(entry, found[a], b)) for a, b in pairs if a != b]


def keyed_like(old: object, new: Url) -> Url:
    """Return the addresses with the keys that an entry has for the same folds."""
    if not isinstance(old, dict) or not isinstance(new, Mapping):
        return new
    keys = {_fold(key): key for key in old if isinstance(key, str)}
    return {keys.get(_fold(key), key): mirrors for key, mirrors in new.items()}


def _fold(key: str) -> str:
    found = re.search(r"(\d+|all)$", key)
    return found[1] if found else key


def _pairs(old: object, new: Url, begins: str) -> list[tuple[str, str]] | None:
    """Return each address that changes, and its new one; None if the form of the url changes."""
    known = list(addresses(old))
    if len(set(known)) < len(known):
        return None
    if isinstance(old, dict) and isinstance(new, Mapping):
        if set(old) != set(new):
            return None
        found = [_pairs(old[fold], new[fold], begins) for fold in old]
        return None if None in found else [pair for pairs in found for pair in pairs or ()]
    if not isinstance(old, list) or isinstance(new, Mapping) or not known:
        return None
    ours = [a for a in known if a.lower().startswith(begins)]
    return [((ours or known)[0], new[0])]


def _like(entry: Entry, node: ast.expr, address: str) -> str:
    start, _ = entry.source.span(node)
    return (single if entry.source.text[start] == "'" else double)(address)


def _url_value(entry: Entry, node: ast.expr, url: Url) -> str:
    """Return a url in several lines, indented as the line in which it begins."""
    start = entry.source.span(node)[0]
    line = entry.source.text[entry.source.line_start(start) : start]
    indent = line[: len(line) - len(line.lstrip(" \t"))]
    return f"\n{indent}".join(_url(url)).removeprefix('"url": ').removesuffix(",")


def _replace(entry: Entry, node: ast.expr, text: str) -> Change:
    """Replace a value."""
    new = ast.parse(text, mode="eval").body
    start, end = entry.source.span(node)

    def change(same: Same) -> None:
        _put(same(entry.source.tree), same(node), new)

    return Change([Edit(start, end, text.replace("\n", entry.source.newline))], change)


def _put(tree: ast.AST, old: ast.AST, new: ast.AST) -> None:
    """Put one node of a tree in the place of another."""
    for parent in ast.walk(tree):
        for field, value in ast.iter_fields(parent):
            if value is old:
                setattr(parent, field, new)
            elif isinstance(value, list):
                value[:] = [new if one is old else one for one in value]


def _append_key(entry: Entry, lines: str) -> Change:
    indent = indent_of(entry.source, entry.node, " " * 8)
    text = "".join(f"{indent}{line}\n" for line in lines.splitlines())
    return adding(entry.source, entry.node, text)


def _set_cropped(entry: Entry, *, cropped: bool) -> Change:
    node = entry.node_of("cropped_image")
    if node is None:
        return _append_key(entry, f'"cropped_image": {cropped},')
    return _replace(entry, node, str(cropped))


def applied(source: Source, changes: Sequence[Change]) -> bytes:
    """Return the bytes of a source after changes that do not overlap. Raises UsageError."""

    def change(same: Same) -> None:
        for one in changes:
            one.change(same)

    return source.changed([edit for one in changes for edit in one.edits], change)
