"""Convert logs to text and back without loss."""

from __future__ import annotations


def decoded(data: bytes) -> str:
    """Return a log as text, also if it is not UTF-8; `encoded` restores its bytes."""
    return data.decode("utf-8", "surrogateescape")


def encoded(text: str) -> bytes:
    """Return the bytes of a text that `decoded` returned."""
    return text.encode("utf-8", "surrogateescape")
