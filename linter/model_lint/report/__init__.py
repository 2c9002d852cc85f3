"""Report formats: one module each, one function ``render(report, *, color)`` in each.

A message or a location may contain any text of a package: every format escapes it by its own rules,
and none writes a control character.
"""

from __future__ import annotations

import importlib
from typing import cast

from ..findings import Report

FORMATS = ("text", "concise", "json", "sarif", "github", "outputs", "markdown", "html", "junit")


def render(report: Report, form: str, *, color: bool = False, width: int | None = None) -> str:
    """Render a report in one of FORMATS.

    ``color`` (ANSI sequences) and ``width`` (characters of a line) are only for text.
    """
    module = importlib.import_module(f"{__name__}.{form}")
    options = {"width": width} if form == "text" and width else {}
    return cast("str", module.render(report, color=color, **options))
