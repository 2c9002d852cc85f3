"""Formats of an audit: its own for people and programs, those of `check` for all its findings."""

from __future__ import annotations

import importlib
from typing import cast

from .. import render
from .data import Audit

#: The formats with a table of repositories; `concise` is that of `check`.
FORMATS = ("text", "concise", "json", "markdown", "html")


def render_audit(audit: Audit, form: str, *, color: bool = False, width: int | None = None) -> str:
    """Render an audit in one of FORMATS; ``color`` and ``width`` are only for text."""
    if form == "concise":
        return render(audit.report, form, color=color, width=width)
    module = importlib.import_module(f"{__name__}.{form}")
    options = {"color": color, **({"width": width} if width else {})} if form == "text" else {}
    return cast("str", module.render(audit, **options))
