"""Streams of compressed files that are read again."""

from __future__ import annotations

from model_lint.storage.rereading import RereadStream


def test_a_stream_that_could_not_be_opened_closes_quietly() -> None:
    """Python still closes it; since 3.14 it prints what goes wrong in that."""
    stream = RereadStream.__new__(RereadStream)
    stream.close()
    assert stream.closed
