"""Report formats: one module each, one function ``render(report, color) -> str`` in each."""

from __future__ import annotations

import importlib
from typing import cast

from ..findings import Report

FORMATS = ("text", "concise", "json")


def render(report: Report, form: str, *, color: bool = False) -> str:
    """Render a report in one of FORMATS. ``color`` matters for text for a terminal alone."""
    module = importlib.import_module(f"{__name__}.{form}")
    return cast("str", module.render(report, color=color))
