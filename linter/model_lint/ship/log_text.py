"""Logs as text and back, without a loss."""

from __future__ import annotations


def decoded(data: bytes) -> str:
    """Return a log as text from which `encoded` gives the same bytes, UTF-8 or not."""
    return data.decode("utf-8", "surrogateescape")


def encoded(text: str) -> bytes:
    """Return the bytes of a text that `decoded` gave."""
    return text.encode("utf-8", "surrogateescape")
