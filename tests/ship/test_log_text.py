"""Logs as text: no byte is lost."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from model_lint.ship.log_text import decoded, encoded


@given(st.binary())
def test_any_bytes_come_back(data: bytes) -> None:
    assert encoded(decoded(data)) == data


def test_text_is_text() -> None:
    assert decoded("sub-01 is at café\n".encode()) == "sub-01 is at café\n"
