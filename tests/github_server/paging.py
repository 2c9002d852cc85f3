"""Lists in pages, with links to the others."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar
from urllib.parse import urlencode

from .answer import Answer, as_json
from .request import Request

T = TypeVar("T")


def page_of(
    request: Request, items: Sequence[T], default: int = 30
) -> tuple[Sequence[T], dict[str, str]]:
    """Return the items of the page that is asked for, and the headers with the links."""
    query = request.query
    size = min(max(_number(query.get("per_page"), default), 1), 100)
    page = max(_number(query.get("page"), 1), 1)
    last = max(-(-len(items) // size), 1)
    others = {"prev": page - 1, "next": page + 1, "last": last, "first": 1}
    if page == 1:
        others.pop("prev")
        others.pop("first")
    if page >= last:
        others.pop("next")
        others.pop("last")
    address = f"{request.web}{request.prefix}{request.path}"
    links = [
        f'<{address}?{urlencode({**query, "page": number})}>; rel="{name}"'
        for name, number in others.items()
    ]
    headers = {"Link": ", ".join(links)} if links else {}
    return items[(page - 1) * size : page * size], headers


def listed(request: Request, items: Sequence[T], view: Callable[[T], object]) -> Answer:
    """Answer with a page of items."""
    page, headers = page_of(request, items)
    return as_json([view(item) for item in page], headers=headers)


def _number(text: str | None, default: int) -> int:
    return int(text) if text and text.isdigit() else default
