"""Answers, and refusals as GitHub words them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

DOCUMENTATION = "https://docs.github.com/rest"


class Stream(NamedTuple):
    """A body that is made while it is sent; without a size it is sent in chunks."""

    pieces: Callable[[], Iterator[bytes]]
    size: int | None = None


@dataclass(frozen=True)
class Answer:
    """A status, headers and a body."""

    status: int = 200
    body: bytes | Stream = b""
    headers: Mapping[str, str] = field(default_factory=dict)

    def plus(self, **headers: str) -> Answer:
        """Return it with more headers, whose underscores are hyphens."""
        more = {name.replace("_", "-"): value for name, value in headers.items()}
        return replace(self, headers={**self.headers, **more})


class RefusedError(Exception):
    """A request gets another answer than its route would give."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.status)
        self.answer = answer


def as_json(value: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Answer:
    """Return an answer in JSON."""
    body = json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()
    kind = {"Content-Type": "application/json; charset=utf-8"}
    return Answer(status, body, {**kind, **(headers or {})})


def error(status: int, message: str, **more: Any) -> Answer:
    """Return GitHub's answer to what is refused."""
    value = {"message": message, **more, "documentation_url": DOCUMENTATION, "status": str(status)}
    return as_json(value, status)


def invalid(*errors: Mapping[str, Any], message: str = "Validation Failed") -> RefusedError:
    """Return GitHub's refusal of values, each described by ``fault``."""
    return RefusedError(error(422, message, errors=[dict(one) for one in errors]))


def fault(resource: str, code: str, field: str | None = None, message: str = "") -> dict[str, str]:
    """Return one entry of ``errors``."""
    named = {"field": field} if field else {}
    said = {"message": message} if message else {}
    return {"resource": resource, "code": code, **named, **said}


def not_found() -> RefusedError:
    """Return the refusal of what is not there, or must not be seen."""
    return RefusedError(error(404, "Not Found"))


def redirect(status: int, location: str) -> Answer:
    """Return an answer that points elsewhere."""
    kind = {"Content-Type": "text/html;charset=utf-8"}
    return Answer(status, b"", {**kind, "Location": location})


def html(text: str, status: int = 200) -> Answer:
    """Return a page."""
    page = f"<!DOCTYPE html>\n<html><body>{text}</body></html>\n"
    return Answer(status, page.encode(), {"Content-Type": "text/html; charset=utf-8"})
