"""Take what is private out of all texts of a model."""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce
from operator import or_

from ..privacy import Names, find_names, scrub


def scrub_all(texts: Mapping[str, str]) -> dict[str, str]:
    """Return the texts of one model without their leaks.

    What one text names may stand in another where nothing tells what it is.
    """
    names = reduce(or_, map(find_names, texts.values()), Names())
    return {path: scrub(text, names) for path, text in texts.items()}


def decoded(data: bytes) -> str:
    """Return a log as text from which `encoded` gives the same bytes, whatever they are."""
    return data.decode("utf-8", "surrogateescape")


def encoded(text: str) -> bytes:
    """Return the bytes of a text that `decoded` gave."""
    return text.encode("utf-8", "surrogateescape")
