"""What the page "Find a name" runs in Pyodide: the grammar, as the template and `name` use it.

`docs/in_browser.py` puts this file, the linter and the template's questions into one package.
"""

from __future__ import annotations

import json
import shlex
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from model_lint.commands.name import as_json, rows_of, verdict
    from model_lint.naming import FIELDS, Name, parse

    from questions.answers import DEFINITION, AnswerError
    from questions.name import composed
else:
    from .model_lint.commands.name import as_json, rows_of, verdict
    from .model_lint.naming import FIELDS, Name, parse
    from .questions.answers import DEFINITION, AnswerError
    from .questions.name import composed

TEMPLATE = "gh:ivadomed/model-template"


def prepare() -> str:
    """Do what the first name would wait for."""
    return explain("model_seg_sc_t2")


def compose(answers: str) -> str:
    """Compose the name of answers to the template's questions.

    Args:
        answers: JSON: the parts of the name by field, as they are typed.

    Returns:
        JSON: what `explain` returns and the `command` that starts the repository; or the `field`
        that is invalid and the `reason`.
    """
    parts: dict[str, str] = json.loads(answers)
    try:
        name = composed(parts)
    except AnswerError as error:
        reason = str(error).removeprefix(f"{error.question}: ")
        return json.dumps({"field": error.question, "reason": reason})
    return json.dumps(_explained(parse(name)) | {"command": _command(parse(name))})


def explain(text: str) -> str:
    """Explain a name; return JSON.

    Its `verdict`, a row for each part, the `findings`, the nearest valid name (`suggestion`, and
    whether it is `certain`), and the `parts` of the name or of the one that is suggested.
    """
    return json.dumps(_explained(parse(text.strip())))


def _explained(name: Name) -> dict[str, Any]:
    (data,) = json.loads(as_json([name]))["names"]
    right = name if name.usable or not name.suggestion else parse(name.suggestion.name)
    return {
        "name": name.text,
        "verdict": verdict(name),
        "rows": list(rows_of(name)),
        "findings": data["findings"],
        "suggestion": data["suggestion"],
        "certain": data["certain"],
        "parts": _parts(right) if right.usable else None,
    }


def _parts(name: Name) -> dict[str, str] | None:
    if name.fields is None:
        return None
    return {field: "-".join(values) for field, values in name.fields.items()}


def _command(name: Name) -> str:
    """Return the command that starts the repository: the parts that differ from the defaults."""
    parts = _parts(name) or {}
    given = [f"{field}={parts[field]}" for field in FIELDS if parts[field] != _default(field)]
    return shlex.join(["cookiecutter", TEMPLATE, *given])


def _default(field: str) -> str:
    answer = DEFINITION[field]
    return str(answer[0] if isinstance(answer, list) else answer)
