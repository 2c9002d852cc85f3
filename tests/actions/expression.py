"""The expressions of workflows: ``${{ a.b == 'c' && !d }}``."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

_TOKEN = re.compile(r"\s*('(?:[^']|'')*'|[\w-]+(?:\.[\w*-]+)*|&&|\|\||==|!=|[!(),])")
_EMBEDDED = re.compile(r"\$\{\{(.*?)\}\}", re.DOTALL)
_WORDS = {"true": True, "false": False, "null": None}

Functions = Mapping[str, Callable[..., Any]]


def fill(value: Any, contexts: Mapping[str, Any], functions: Functions) -> Any:
    """Evaluate what is embedded in a string; a string that is one expression becomes its value."""
    if not isinstance(value, str):
        return value
    whole = _EMBEDDED.fullmatch(value.strip())
    if whole:
        return evaluate(whole[1], contexts, functions)
    return _EMBEDDED.sub(lambda found: text(evaluate(found[1], contexts, functions)), value)


def evaluate(source: str, contexts: Mapping[str, Any], functions: Functions) -> Any:
    """Evaluate an expression. Raises ValueError for one that is not understood."""
    parser = _Parser(_tokens(source), contexts, {"fromJSON": json.loads, **functions})
    value = parser.either()
    if parser.tokens:
        raise ValueError(f"{parser.tokens[0]!r} is not understood in {source}")
    return value


def _tokens(source: str) -> list[str]:
    tokens, position = [], 0
    while source[position:].strip():
        found = _TOKEN.match(source, position)
        if not found:
            raise ValueError(f"not understood: {source[position:]}")
        tokens.append(found[1])
        position = found.end()
    return tokens


def text(value: Any) -> str:
    """Return a value as it is written in a string or a variable."""
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


class _Parser:
    """Evaluates while it reads; what is not there is None, as GitHub has it."""

    def __init__(
        self, tokens: list[str], contexts: Mapping[str, Any], functions: Functions
    ) -> None:
        self.tokens, self.contexts, self.functions = tokens, contexts, functions

    def either(self) -> Any:
        value = self.both()
        while self._took("||"):
            other = self.both()
            value = value or other
        return value

    def both(self) -> Any:
        value = self.equal()
        while self._took("&&"):
            other = self.equal()
            value = value and other
        return value

    def equal(self) -> Any:
        value = self.single()
        while self.tokens and self.tokens[0] in {"==", "!="}:
            wanted = self.tokens.pop(0) == "=="
            value = ((value or "") == (self.single() or "")) == wanted
        return value

    def single(self) -> Any:
        if self._took("!"):
            return not self.single()
        if self._took("("):
            value = self.either()
            self._expect(")")
            return value
        token = self.tokens.pop(0)
        if token.startswith("'"):
            return token[1:-1].replace("''", "'")
        if self._took("("):
            return self._call(token)
        return _WORDS[token] if token in _WORDS else self._value(token)

    def _call(self, name: str) -> Any:
        arguments = []
        while not self._took(")"):
            arguments.append(self.either())
            self._took(",")
        if name not in self.functions:
            raise ValueError(f"no function is called {name}")
        return self.functions[name](*arguments)

    def _value(self, path: str) -> Any:
        first, *rest = path.split(".")
        if first not in self.contexts:
            raise ValueError(f"no context is called {first}")
        value = self.contexts[first]
        for name in rest:
            value = value.get(name) if isinstance(value, Mapping) else None
        return value

    def _took(self, token: str) -> bool:
        if not self.tokens or self.tokens[0] != token:
            return False
        self.tokens.pop(0)
        return True

    def _expect(self, token: str) -> None:
        if not self._took(token):
            raise ValueError(f"{token} is missing")
