"""Check ``config.yaml`` against ``workflow/schemas/`` and fill in its defaults.

Messages are sentences: each pattern and each alternative of the schema has a ``description`` of
the expected value.
"""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft202012Validator, ValidationError, validators

SCHEMA_FILE = Path(__file__).resolve().parent.parent / "schemas" / "config.schema.yaml"
TYPES = {
    "array": "a list",
    "boolean": "true or false",
    "integer": "a whole number",
    "null": "null",
    "number": "a number",
    "object": "keys and values",
    "string": "text",
}
"""The words for each type of the schema."""


def _is_number(_: object, value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _is_whole(_: object, value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


_Validator = validators.extend(
    Draft202012Validator,
    # JSON has no NaN, and its 1.0 is whole; in YAML, 1.0 is another type than 1.
    type_checker=Draft202012Validator.TYPE_CHECKER.redefine_many(
        {"number": _is_number, "integer": _is_whole}
    ),
)


class SettingsError(ValueError):
    """An error in the configuration; the text is one or more lines for the user."""


def with_defaults(config: Mapping[str, Any]) -> dict[str, Any]:
    """Check the configuration against the schema and fill in its defaults.

    Raises:
        SettingsError: with one line per problem.
    """
    schema = yaml.safe_load(SCHEMA_FILE.read_text(encoding="utf-8"))
    data = _string_keys(config)
    problems = sorted(_Validator(schema).iter_errors(data), key=lambda e: list(map(str, e.path)))
    if problems:
        raise SettingsError("\n".join(map(_explain, problems)))
    filled: dict[str, Any] = _fill(data, schema, schema)
    return filled


def local_path(text: str) -> Path:
    """Return a path; ``~`` is the user's home folder, as in a shell."""
    try:
        return Path(text).expanduser()
    except RuntimeError:
        raise SettingsError(f"{text}: there is no such home folder") from None


def hint(word: str, known: Iterable[str]) -> str:
    """Return the end of a message about an unknown word: the nearest known word, or all words."""
    names = list(known)
    near = difflib.get_close_matches(word, names, n=1)
    return f"; did you mean {near[0]}?" if near else f"; known are {listed(names)}"


def listed(items: Iterable[Any]) -> str:
    """Return items, joined for a message."""
    return ", ".join(str(item) for item in items)


def one_line(text: object) -> str:
    """Return a text on one line."""
    return re.sub(r"\s+", " ", str(text)).strip()


def _fill(value: Any, schema: Mapping[str, Any], root: Mapping[str, Any]) -> Any:
    if "$ref" in schema:
        schema = root["$defs"][schema["$ref"].rsplit("/", 1)[1]]
    if not isinstance(value, dict):
        return value
    result = dict(value)
    for name, child in schema.get("properties", {}).items():
        target = root["$defs"][child["$ref"].rsplit("/", 1)[1]] if "$ref" in child else child
        if name not in result and "default" not in target:
            continue
        result[name] = _fill(result.get(name, target.get("default")), target, root)
    return result


def _string_keys(value: Any) -> Any:
    """Make every key a string, as in JSON: YAML reads ``1:`` as a number."""
    if isinstance(value, Mapping):
        if any(isinstance(key, bool) or key is None for key in value):
            raise SettingsError(
                "YAML does not read the keys on, off, yes, no and null as words; put quotes around "
                "them"
            )
        return {str(key): _string_keys(item) for key, item in value.items()}
    return [_string_keys(item) for item in value] if isinstance(value, list | tuple) else value


def _explain(problem: ValidationError) -> str:
    where = ".".join(str(part) for part in problem.absolute_path)
    return one_line(f"{where}: {_reason(problem)}" if where else _reason(problem))


def _reason(problem: ValidationError) -> str:
    wanted: Any = problem.validator_value
    schema: Any = problem.schema
    value: Any = problem.instance
    match problem.validator:
        case "additionalProperties":
            allowed = list(schema.get("properties", {}))
            extra = next(key for key in value if key not in allowed)
            return f"unknown key {extra!r}{hint(extra, allowed)}"
        case "required":
            return f"{problem.message.removesuffix('is a required property')}is missing"
        case "enum":
            return f"{value!r} must be one of {listed(wanted)}"
        case "pattern" | "anyOf":
            return f"{value!r} is not {schema['description']}"
        case "type":
            kinds = [wanted] if isinstance(wanted, str) else wanted
            return f"{value!r} is not {' or '.join(TYPES[kind] for kind in kinds)}"
        case _:
            return problem.message
