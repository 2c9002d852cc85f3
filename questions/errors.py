"""Wrong answers, and how messages quote them."""

from __future__ import annotations


class AnswerError(Exception):
    """An answer that can't be used; the text is one sentence that says what to type instead."""

    def __init__(self, question: str, reason: str) -> None:
        super().__init__(f"{question}: {reason}")
        self.question = question


def shown(value: object) -> str:
    """Quote an answer for a message: on one line and of bearable length."""
    text = value if isinstance(value, str) else repr(value)
    visible = "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)
    return f"'{visible}'" if len(visible) <= 60 else f"'{visible[:57]}...'"


def either(values: list[str]) -> str:
    """Join values as a sentence does: `a, b or c`."""
    *first, last = values
    return f"{', '.join(first)} or {last}" if first else last
