"""Tables of the guides that are made from the project's files."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).parent.parent
CONSUMERS = ROOT / "tests" / "consumers"
sys.path.insert(0, str(ROOT / "tests"))

from catalogue import judged  # noqa: E402
from model_lint.findings import Consumer  # noqa: E402

DISAGREEMENTS = CONSUMERS / "disagreements.toml"


def questions() -> str:
    """Return the template's questions, with their default answers."""
    context = json.loads((ROOT / "cookiecutter.json").read_text(encoding="utf-8"))
    prompts = context["__prompts__"]
    rows = [
        f"| `{key}` | {_asked(prompts[key])} | {_default(value)} |"
        for key, value in context.items()
        if not key.startswith("_") and key in prompts
    ]
    return _table(["Question", "What it asks", "Default"], rows)


def disagreements() -> str:
    """Return the packages on which model-lint and the consumers disagree, with the reasons."""
    if not DISAGREEMENTS.is_file():
        return ""
    table: dict[str, list[dict[str, Any]]] = tomllib.loads(
        DISAGREEMENTS.read_text(encoding="utf-8")
    )
    rows = [
        f"| {_cell(entry['words'])} | {_named(entry['consumers'])} | {entry['outcome']} "
        f"| {', '.join(entry['lint']) or 'passes'} | {_cell(entry['reason'])} |"
        for entries in table.values()
        for entry in entries
    ]
    head = (
        f"They disagree on {len(table)} of {len(judged())} packages, in which the verdict of "
        "model-lint is kept. The verdict is the codes of the errors in a package for that "
        "consumer; *wrong* is a mask that is not the model's:\n\n"
    )
    return head + _table(
        ["What was changed", "Consumer", "There it", "model-lint", "Why the verdict is kept"], rows
    )


def _named(consumers: list[str]) -> str:
    return ", ".join(Consumer(name).title for name in consumers)


def _asked(prompt: str | dict[str, str]) -> str:
    if isinstance(prompt, str):
        return _cell(prompt)
    choices = [text for key, text in prompt.items() if key != "__prompt__"]
    return _cell("<br>".join([prompt["__prompt__"], *choices]))


def _default(value: str | list[str]) -> str:
    text = value[0] if isinstance(value, list) else value
    if "{" in text:
        return "from the answers before"
    return f"`{text}`" if text else "none"


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())


def _table(head: list[str], rows: list[str]) -> str:
    return "\n".join([f"| {' | '.join(head)} |", "|" + ":--|" * len(head), *rows])
