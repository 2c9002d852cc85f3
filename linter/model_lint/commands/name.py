"""``model-lint name``: parse, explain and compose repository names."""

from __future__ import annotations

import argparse
import json
import sys
import textwrap
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, TextIO

from ..config import find_config, load_config, vocabulary_of
from ..errors import UsageError
from ..findings import Problem, Severity
from ..naming import (
    FIELDS,
    VOCABULARY,
    Fields,
    FieldWords,
    Name,
    Slot,
    compose,
    parse,
)
from ..rules import Rule, name_rules
from ..wording import inert, quote_name

_WIDTH = 100
_ORIGINS = {
    "listed": "in the specification",
    "known": "in the word list",
    "unlisted": "in no list",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``name``."""
    parser.add_argument(
        "names",
        metavar="NAME",
        nargs="*",
        help="a repository name; with --compose FIELD=VALUE[,VALUE], such as anatomy=sc,gm",
    )
    parser.add_argument(
        "--compose",
        action="store_true",
        help=f"write the name of these fields ({', '.join(FIELDS)})",
    )
    parser.add_argument("--format", choices=["text", "json"], default="text")
    parser.add_argument(
        "--config",
        metavar="FILE",
        help="the configuration, for its vocabulary (default: as for `check`)",
    )


def run(options: argparse.Namespace, out: TextIO | None = None) -> int:
    """Explain or compose names; return 1 if one is invalid, else 0. Raises UsageError."""
    out = sys.stdout if out is None else out
    path = Path(options.config) if options.config else find_config(Path.cwd())
    vocabulary = vocabulary_of(load_config(path))
    if options.compose:
        composed = compose_words(options.names, vocabulary)
        if options.format == "text":
            out.write(f"{composed}\n")  # alone, for scripts
            return 0
        names = [composed]
    else:
        names = _names(options.names)
    read = [parse(name, vocabulary) for name in names]
    if options.format == "json":
        out.write(as_json(read, vocabulary))
    else:
        out.write(inert("\n".join(as_text(name, vocabulary) for name in read)))
    return 0 if all(name.usable for name in read) else 1


def _names(names: list[str]) -> list[str]:
    if not names:
        raise UsageError(
            "give a name, such as model_seg_sc_t2, or --compose and fields, such as task=seg"
        )
    if any("=" in name for name in names) and all(n.partition("=")[0] in FIELDS for n in names):
        raise UsageError(f"{quote_name(names[0])} is not a name; put --compose before fields")
    return names


# ---------------------------------------------------------------------------------- composing


def compose_words(words: Iterable[str], vocabulary: Mapping[str, FieldWords] = VOCABULARY) -> str:
    """Compose a name from ``FIELD=VALUE[,VALUE]`` arguments. Raises UsageError."""
    values: dict[str, tuple[str, ...]] = {}
    for word in words:
        field, equals, text = word.partition("=")
        field = field.strip()
        if not equals:
            text = f"{quote_name(word)} has no field; write it as {_guess(word)}=VALUE"
            raise UsageError(text)
        if field not in FIELDS:
            raise UsageError(f"there is no field {quote_name(field)}; {_field_hint(field)}")
        if field in values:
            raise UsageError(f"{field} is given twice; separate its values by commas")
        values[field] = _split(text, vocabulary[field])
    if not values:
        raise UsageError("give at least one field, such as task=seg anatomy=sc,gm contrast=t2")
    try:
        return compose(Fields(**values), vocabulary)
    except ValueError as error:
        raise UsageError(f"{error}{_value_hint(values, vocabulary)}") from error


def _split(text: str, words: FieldWords) -> tuple[str, ...]:
    """Split values at commas, or at hyphens as in a name; "none" means no value."""
    if text.strip().lower() in {"", "none"} and words.default is None:
        return ()
    return tuple(value.strip() for value in text.replace("-", ",").split(",")) if text else ()


def _field_hint(field: str) -> str:
    near = _near(field.lower(), FIELDS)
    return f"did you mean {near}?" if near else f"the fields are {', '.join(FIELDS)}"


def _guess(word: str) -> str:
    return next((f for f, words in VOCABULARY.items() if word in words.allowed), "FIELD")


def _value_hint(values: Mapping[str, tuple[str, ...]], vocabulary: Mapping[str, FieldWords]) -> str:
    """Return a near allowed value for the first that is not allowed, as the end of a message."""
    for field, given in values.items():
        words = vocabulary[field]
        for value in given:
            if value in words.allowed or (words.open and value.isascii() and value.islower()):
                continue
            near = _near(value.lower(), words.allowed)
            return f"; did you mean {near}?" if near else ""
    return ""


def _near(text: str, options: Iterable[str]) -> str | None:
    from difflib import get_close_matches  # noqa: PLC0415 - only a wrong word pays for it

    by_small = {option.lower(): option for option in options}
    near = get_close_matches(text, by_small, n=1)
    return by_small[near[0]] if near else None


# ---------------------------------------------------------------------------------- explaining


def as_text(name: Name, vocabulary: Mapping[str, FieldWords] = VOCABULARY) -> str:
    """Explain a name field by field, then say what is wrong with it."""
    lines = [f"{_shown(name.text)}: {verdict(name)}"]
    rows = [*rows_of(name, vocabulary)]
    if rows:
        widths = [max(len(row[column]) for row in rows) for column in (0, 1)]
        lines.append("")
        lines += [
            f"  {field:{widths[0]}}  {value:{widths[1]}}  {why}" for field, value, why in rows
        ]
    findings = list(_findings(name))
    if findings:
        lines.append("")
    for rule, severity, problem in findings:
        head = f"  {severity.value} {rule.code} {rule.name}: "
        lines += textwrap.wrap(
            head + problem.message,
            _WIDTH,
            subsequent_indent="    ",
            break_long_words=False,
            break_on_hyphens=False,
        )
    shortest = _shortest(name, vocabulary)
    if not findings and shortest and shortest != name.text:
        lines += ["", f"  Without defaults: {shortest}"]
    if name.suggestion:
        what = "Nearest valid name" if name.suggestion.certain else "Perhaps"
        lines += ["", f"  {what}: {name.suggestion.name}"]
    return "\n".join(lines) + "\n"


def _shortest(name: Name, vocabulary: Mapping[str, FieldWords]) -> str | None:
    """Return the name without its defaults; None if it can't be read."""
    return None if name.fields is None else compose(name.fields, vocabulary)


def _shown(text: str) -> str:
    """Return a name on one line, in characters that any terminal can print."""
    return (
        text
        if text.isascii() and text.isprintable() and 0 < len(text) <= _WIDTH
        else quote_name(text)
    )


def verdict(name: Name) -> str:
    """Return whether a name is valid, in a few words."""
    if not name.usable:
        return "invalid"
    severities = {severity for _, severity, _ in _findings(name)}
    return "valid, with a warning" if Severity.WARNING in severities else "valid"


def rows_of(
    name: Name, vocabulary: Mapping[str, FieldWords] = VOCABULARY
) -> Iterator[tuple[str, str, str]]:
    """Yield each field with its value and where that comes from, then the unknown tokens."""
    for slot in name.slots:
        yield slot.field, "-".join(slot.values) or "-", _source(slot, vocabulary)
    yield from (("?", token, "see below") for token in name.unread)


def _source(slot: Slot, vocabulary: Mapping[str, FieldWords]) -> str:
    """Return where the values of a field come from."""
    defaults = vocabulary[slot.field].defaults
    if slot.token is None:
        return "default, left out" if defaults else "left out"
    if slot.values == defaults and slot.words[0].origin == "listed":
        return "in the specification (the default: it can be left out)"
    groups: dict[str, list[str]] = {}
    for word in slot.words:
        origin = word.origin
        source = f"written {quote_name(word.written)}" if origin == "alias" else _ORIGINS[origin]
        groups.setdefault(source, []).append(word.value)
    if len(groups) == 1:
        return next(iter(groups))
    return "; ".join(f"{', '.join(values)} {source}" for source, values in groups.items())


def _findings(name: Name) -> Iterator[tuple[Rule, Severity, Problem]]:
    """Yield what the rules about names find, in the order of the rules."""
    for rule in name_rules():
        if rule.models == ("name",):
            for problem in rule.check(name):
                yield rule, problem.severity or rule.severity, problem


# ---------------------------------------------------------------------------------- data


def as_json(names: Iterable[Name], vocabulary: Mapping[str, FieldWords] = VOCABULARY) -> str:
    """Return names as one JSON object, version 1: keys are added but never changed."""
    data = {"version": 1, "names": [_name_data(name, vocabulary) for name in names]}
    return json.dumps(data, indent=2).replace("##[", "##\\u005b") + "\n"  # as ``wording.inert``


def _name_data(name: Name, vocabulary: Mapping[str, FieldWords]) -> dict[str, Any]:
    fields, nearest = name.fields, name.suggestion
    return {
        "name": name.text,
        "canonical": _shortest(name, vocabulary),
        "fields": {k: list(v) for k, v in fields.items()} if fields is not None else None,
        "slots": [
            {
                "field": slot.field,
                "token": slot.token,
                "values": [
                    {"value": word.value, "written": word.written, "origin": word.origin}
                    for word in slot.words
                ],
            }
            for slot in name.slots
        ],
        "findings": [
            {
                "code": rule.code,
                "rule": rule.name,
                "severity": severity.value,
                "message": problem.message,
                "help": problem.help or rule.fix,
                "url": rule.url,
            }
            for rule, severity, problem in _findings(name)
        ],
        "suggestion": nearest.name if nearest else None,
        "certain": nearest.certain if nearest else None,
    }
