"""JSON Schema: whether a value fits one of the shipped schemas, and in plain words where not.

Importing jsonschema takes longer than checking a small package, so ``conforms`` decides: a few
lines that know the keywords our schemas use (the tests compare both). jsonschema explains.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from .models.json_file import Step
from .wording import quote

_TYPES: dict[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "null": (type(None),),
    "boolean": (bool,),
    "number": (int, float),
    "integer": (int, float),
}
#: How a message names the type of a value.
_NAMES = {dict: "an object", list: "a list", str: "text", bool: "true or false", type(None): "null"}


class Violation(NamedTuple):
    """One place where a value does not fit its schema."""

    #: Keys and indices from the top; empty for the value itself.
    steps: tuple[Step, ...]
    #: One line, without the place.
    message: str


@cache
def load_schema(name: str) -> Any:
    """Return one of the schemas in ``schemas/``."""
    path = Path(__file__).parent / "schemas" / f"{name}.schema.json"
    return json.loads(path.read_text(encoding="utf-8"))


def violations(value: Any, name: str) -> tuple[Violation, ...]:
    """Return where a JSON value does not fit a schema, in the order of the file."""
    schema = load_schema(name)
    if conforms(value, schema, schema):
        return ()
    from jsonschema import Draft202012Validator  # noqa: PLC0415 - see the module's docstring

    errors = Draft202012Validator(schema).iter_errors(value)
    found = {Violation(tuple(e.absolute_path), _message(e)): None for e in errors}
    return tuple(found)


def conforms(value: Any, schema: Any, root: Any) -> bool:
    """Return whether a JSON value fits a schema, which may refer to ``$defs`` of its root."""
    return all(_CHECKS[keyword](value, schema, root) for keyword in schema if keyword in _CHECKS)


def is_type(value: Any, name: str) -> bool:
    """Return whether a JSON value has a type of JSON Schema: 1.0 is an integer, true is none."""
    if isinstance(value, bool) and name != "boolean":
        return False
    if name == "integer" and isinstance(value, float):
        return value.is_integer()
    return isinstance(value, _TYPES[name])


def _types(schema: Any) -> list[str]:
    kinds = schema["type"]
    return [kinds] if isinstance(kinds, str) else kinds


def _properties(value: Any, schema: Any, root: Any) -> bool:
    return not isinstance(value, dict) or all(
        conforms(value[key], inner, root)
        for key, inner in schema["properties"].items()
        if key in value
    )


def _additional(value: Any, schema: Any, root: Any) -> bool:
    known = schema.get("properties", {})
    return not isinstance(value, dict) or all(
        conforms(inner, schema["additionalProperties"], root)
        for key, inner in value.items()
        if key not in known
    )


def _unique(value: Any, schema: Any, root: Any) -> bool:  # noqa: ARG001 - as the other checks
    if not isinstance(value, list):
        return True
    return len({json.dumps(_plain(item), sort_keys=True) for item in value}) == len(value)


def _plain(value: Any) -> Any:
    """Spell equal numbers alike: 1 and 1.0 are the same JSON number."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return value


def _is_number(value: Any) -> bool:
    return is_type(value, "number")


#: Keyword: the function that checks it. Of these, ``enum`` and ``const`` hold no numbers but 0.
_CHECKS: dict[str, Any] = {
    "$ref": lambda v, s, r: conforms(v, r["$defs"][s["$ref"].rpartition("/")[2]], r),
    "type": lambda v, s, _: any(is_type(v, name) for name in _types(s)),
    "enum": lambda v, s, _: v in s["enum"],
    "const": lambda v, s, _: v == s["const"] and not isinstance(v, bool),
    "required": lambda v, s, _: not isinstance(v, dict) or all(key in v for key in s["required"]),
    "anyOf": lambda v, s, r: any(conforms(v, inner, r) for inner in s["anyOf"]),
    "properties": _properties,
    "additionalProperties": _additional,
    "propertyNames": lambda v, s, r: (
        not isinstance(v, dict) or all(conforms(key, s["propertyNames"], r) for key in v)
    ),
    "minProperties": lambda v, s, _: not isinstance(v, dict) or len(v) >= s["minProperties"],
    "items": lambda v, s, r: (
        not isinstance(v, list) or all(conforms(item, s["items"], r) for item in v)
    ),
    "minItems": lambda v, s, _: not isinstance(v, list) or len(v) >= s["minItems"],
    "maxItems": lambda v, s, _: not isinstance(v, list) or len(v) <= s["maxItems"],
    "uniqueItems": _unique,
    "minimum": lambda v, s, _: not (_is_number(v) and v < s["minimum"]),
    "maximum": lambda v, s, _: not (_is_number(v) and v > s["maximum"]),
    "pattern": lambda v, s, _: not isinstance(v, str) or re.search(s["pattern"], v) is not None,
}
#: Keywords that only describe.
ANNOTATIONS = frozenset({"$schema", "$defs", "title", "description"})
KEYWORDS = frozenset(_CHECKS)


def _message(error: Any) -> str:
    """Put an error of jsonschema into the words of the schema's descriptions."""
    where = f"{quote(_place(error.absolute_path))} " if error.absolute_path else ""
    keyword, schema = error.validator, error.schema
    if keyword == "required":
        (missing,) = (k for k in error.validator_value if f"{k!r} is" in error.message)
        return f"{where}lacks {quote(missing)}" if where else f"{quote(missing)} is missing"
    if keyword == "anyOf" and all("required" in inner for inner in schema["anyOf"]):
        keys = " or ".join(quote(inner["required"][0]) for inner in schema["anyOf"])
        return f"{where}{keys} is missing"
    wanted = schema.get("description")
    if keyword == "minProperties":
        return f"{where}is empty"
    if wanted and "description" in schema:
        return f"{where}must be {wanted}, not {_found(error.instance)}"
    return f"{where}does not fit: {error.message}"


def _place(path: Any) -> str:
    return ".".join(str(step) for step in path)


def _found(value: Any) -> str:
    if isinstance(value, (dict, list)):
        return _NAMES[type(value)]
    return quote(value)


def keywords(schema: Any) -> Iterator[str]:
    """Yield every keyword that a schema uses, so that a test can compare them with ours."""
    for keyword, inner in schema.items():
        yield keyword
        if keyword in {"properties", "$defs"}:
            for part in inner.values():
                yield from keywords(part)
        elif keyword == "anyOf":
            for part in inner:
                yield from keywords(part)
        elif isinstance(inner, dict):
            yield from keywords(inner)
