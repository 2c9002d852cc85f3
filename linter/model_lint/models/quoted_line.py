"""The line of text that is shown under a finding, taken from the texts in the models."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..findings import Problem, SourceLine
from ..storage.limits import MAX_QUOTED
from .json_file import JsonFile

if TYPE_CHECKING:
    from .package import Package
    from .repository import Repository

#: Characters of a line that are kept: a whole file may be one line.
_KEPT = 160
_SYMBOL = re.compile(r'"(?:[^"\\]|\\.)*"|[^\s\[\]{}:,"]+|.')


class Sources:
    """The texts of one target. No file is read: only texts that the models have are shown."""

    def __init__(self, package: Package | None, repository: Repository | None) -> None:
        self._files = dict(_of_package(package) if package else ())
        if repository:
            self._files.update(repository.texts)
        self._split: dict[str, list[str]] = {}

    def line(self, problem: Problem) -> SourceLine | None:
        """Return the line of a problem, with the place of the key if that is certain."""
        lines = self._lines(problem.at) if problem.line else []
        if not problem.line or problem.line > len(lines):
            return None
        # A blank for each tab: columns stay the same, and don't depend on the screen.
        raw = lines[problem.line - 1].rstrip("\r").replace("\t", " ")
        source = SourceLine(raw)
        file = self._files[problem.at]
        if isinstance(file, JsonFile):
            begin = sum(len(line) + 1 for line in lines[: problem.line - 1])
            source = _pointed(file, problem, begin, raw)
        if source.start is None and not any(map(str.isalnum, raw)):
            return None  # a bracket alone says nothing
        return _unindented(source).cut(_KEPT)

    def _lines(self, path: str) -> list[str]:
        if path not in self._split:
            file = self._files.get(path, "")
            text = file.text if isinstance(file, JsonFile) else file
            self._split[path] = text.split("\n") if 0 < len(text) <= MAX_QUOTED else []
        return self._split[path]


def _pointed(file: JsonFile, problem: Problem, begin: int, raw: str) -> SourceLine:
    """Point at the key: the only one on the line, or the one that the message quotes."""
    if file.unreadable:
        column = re.search(r"\(column (\d+)\)", file.unreadable.reason)
        if column is None or problem.line != file.unreadable.line:
            return SourceLine(raw)
        at = int(column[1]) - 1
        return SourceLine(raw, at, 1, at + 1)
    keys = file.keys_between(begin, begin + len(raw))
    if len(keys) > 1:
        keys = [(key, offset) for key, offset in keys if _quotes(problem.message, key)]
    if not keys:
        return SourceLine(raw)
    at = keys[0][1] - begin
    symbol = _SYMBOL.match(raw, at)
    return SourceLine(raw, at, len(symbol[0]) if symbol else 1, at + 1)


def _quotes(message: str, key: str | int) -> bool:
    return isinstance(key, str) and any(f"{mark}{key}{mark}" in message for mark in "`'\"")


def _unindented(source: SourceLine) -> SourceLine:
    text = source.text.lstrip()
    if source.start is None:
        return source._replace(text=text)
    start = max(0, source.start - (len(source.text) - len(text)))
    return source._replace(text=text, start=start)


def _of_package(package: Package) -> Iterator[tuple[str, JsonFile | str]]:
    for trainer in package.trainers:
        for file in (trainer.dataset, trainer.plans, trainer.fingerprint):
            if file is not None:
                yield file.path, file
        if trainer.trainer_class is not None:
            yield trainer.trainer_class.path, trainer.trainer_class.text
