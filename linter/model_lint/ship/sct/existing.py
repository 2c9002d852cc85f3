"""The entries that SCT has, read without executing them."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import NamedTuple

from ...errors import UsageError
from ...wording import listing, printable, quote
from .source import Source, find_dict, items
from .wanted import addresses

MODELS, TASKS = "MODELS", "TASKS"


class Entry(NamedTuple):
    """One entry of ``MODELS`` or ``TASKS``."""

    source: Source
    #: The dict that it is in, and its key there.
    table: str
    name: str
    node: ast.Dict

    @property
    def line(self) -> int:
        """The line of its value."""
        return self.node.lineno

    def node_of(self, key: str) -> ast.expr | None:
        """Return the value of a key as it is written; None if it is missing."""
        return dict(items(self.node)).get(key)

    def line_of(self, key: str) -> int:
        """Return the line of a value, or else of the entry."""
        node = self.node_of(key)
        return node.lineno if node else self.line

    def value(self, key: str) -> object:
        """Return a value; None if it is missing. Raises UsageError if it is not a literal."""
        node = self.node_of(key)
        if node is None:
            return None
        try:
            return ast.literal_eval(node)
        except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError) as error:
            raise UsageError(
                f"{self.source.path}, line {node.lineno}: {self.table}[{self.name!r}][{key!r}] is "
                "made by code, not a literal; change it by hand"
            ) from error

    def readable(self, key: str) -> object:
        """Return a value; None if it is missing or made by code."""
        try:
            return self.value(key)
        except UsageError:
            return None


class Known(NamedTuple):
    """The models and tasks of an SCT."""

    source: Source
    models: ast.Dict
    tasks: ast.Dict

    def entry(self, table: str, name: str) -> Entry | None:
        """Return an entry by its name. Raises UsageError if it is not a dict, or there twice."""
        of = self.models if table == MODELS else self.tasks
        found = [value for key, value in items(of) if key == name]
        if not found:
            return None
        where = f"{self.source.path}, line {found[-1].lineno}: {table}[{name!r}]"
        if len(found) > 1:
            raise UsageError(f"{where} is there twice; remove one")
        (node,) = found
        if not isinstance(node, ast.Dict):
            raise UsageError(f"{where} is made by code, not a literal; change it by hand")
        return Entry(self.source, table, name, node)

    def names(self, table: str) -> list[str]:
        """Return the names of the entries that are plain strings."""
        return [name for name, _ in items(self.models if table == MODELS else self.tasks)]

    def task_of(self, model: str) -> Entry | None:
        """Return the first task that uses a model."""
        for name in self.names(TASKS):
            entry = self.entry(TASKS, name)
            models = entry.readable("models") if entry else None
            if entry and isinstance(models, list) and model in models:
                return entry
        return None

    def of_repository(self, repository: str, web: str) -> list[Entry]:
        """Return the models with an address in a repository on GitHub."""
        return [entry for entry in self._entries() if _is_of(entry, repository, web)]

    def _entries(self) -> Iterator[Entry]:
        for name, node in items(self.models):
            if isinstance(node, ast.Dict):
                yield Entry(self.source, MODELS, name, node)


def _is_of(entry: Entry, repository: str, web: str) -> bool:
    begins = f"{web}/{repository}/".lower()
    found = addresses(entry.readable("url"))
    return any(address.lower().startswith(begins) for address in found)


def read_known(source: Source) -> Known:
    """Return what an SCT has. Raises UsageError if it is not SCT's file of models."""
    found = {name: find_dict(source.tree, name) for name in (MODELS, TASKS)}
    missing = [name for name, node in found.items() if node is None]
    models, tasks = found[MODELS], found[TASKS]
    if models is None or tasks is None:
        raise UsageError(
            f"{source.path}: no dict {listing(missing)} at its top level; is it SCT's "
            "spinalcordtoolbox/deepseg/models.py?"
        )
    return Known(source, models, tasks)


def find_model(known: Known, given: str | None, repository: str, web: str) -> str | None:
    """Return the name of the model that a repository already has in SCT; None for a new one.

    Raises UsageError if that is ambiguous.
    """
    if given:
        return given if known.entry(MODELS, given) else None
    name = repository.partition("/")[2]
    if known.entry(MODELS, name):
        return name
    found = [entry.name for entry in known.of_repository(repository, web)]
    if len(found) > 1:
        raise UsageError(
            f"{printable(repository)} has several models in SCT, {listing(found)}: "
            "give one with --model"
        )
    return found[0] if found else None


def require_free_task(known: Known, task: str, model: str) -> None:
    """Raise UsageError if another model has the task, or a model has its name."""
    entry = known.entry(TASKS, task)
    models = entry.readable("models") if entry else None
    if entry and not (isinstance(models, list) and model in models):
        uses = f" with {listing(models)}" if isinstance(models, list) else ""
        raise UsageError(
            f"SCT has a task {quote(task)}{uses}: give another name with --task, or the model to "
            "update with --model"
        )
    if known.entry(MODELS, task):
        raise UsageError(f"SCT has a model {quote(task)}: give another name with --task")
