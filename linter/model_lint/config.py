"""The configuration: ``[tool.model-lint]`` of a ``pyproject.toml``, or a ``model-lint.toml``.

The published JSON Schema (``schemas/config.schema.json``) describes it for editors; this module
checks the same by hand, because its messages are better and it costs no import.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from .errors import UsageError
from .findings import DEFAULT_CONSUMERS, Consumer, Severity
from .naming import FIELDS, VOCABULARY, FieldWords, Name, extend, parse

FILE_NAME = "model-lint.toml"
KEYS = (
    "baseline",
    "extend-select",
    "fail-on",
    "for",
    "ignore",
    "name",
    "per-target-ignores",
    "select",
    "vocabulary",
)


class Config(NamedTuple):
    """What a configuration file says; everything has a default."""

    #: The file, None if there is none.
    path: Path | None = None
    select: tuple[str, ...] = ()
    extend_select: tuple[str, ...] = ()
    #: Selector to reason; "" if no reason is given.
    ignore: Mapping[str, str] = MappingProxyType({})
    #: Glob over target names to selectors with reasons.
    per_target_ignores: Mapping[str, Mapping[str, str]] = MappingProxyType({})
    fail_on: Severity = Severity.ERROR
    #: The consumers that packages are for (`for`).
    consumers: tuple[Consumer, ...] = DEFAULT_CONSUMERS
    name: str | None = None
    baseline: Path | None = None
    #: Field of a name to words that are allowed in addition to the shipped ones.
    vocabulary: Mapping[str, tuple[str, ...]] = MappingProxyType({})


def find_config(start: Path) -> Path | None:
    """Return the configuration for a folder: its own or the nearest one above it.

    The search ends at the first folder with a ``.git``: folders above it are other projects.
    """
    for folder in (start, *start.parents):
        if (folder / FILE_NAME).is_file():
            return folder / FILE_NAME
        project = folder / "pyproject.toml"
        if project.is_file() and _is_meant(project):
            return project
        if (folder / ".git").exists():
            return None
    return None


def _is_meant(project: Path) -> bool:
    """Return whether a ``pyproject.toml`` has a table for model-lint."""
    try:
        named = b"model-lint" in project.read_bytes()
    except OSError as error:
        raise UsageError(f"{project}: {error.strerror or error}") from error
    return named and "model-lint" in _table(_load(project), "tool", project)


def load_config(path: Path | None) -> Config:
    """Read a configuration. Raises UsageError with one line for anything it does not know."""
    if path is None:
        return Config()
    data = _load(path)
    if path.name == "pyproject.toml":
        data = _table(_table(data, "tool", path), "model-lint", path)
    _known(data, KEYS, f"{path}: unknown key")
    vocabulary = _table(data, "vocabulary", path)
    _known(vocabulary, FIELDS, f"{path}: vocabulary has no field")
    baseline = _text(data, "baseline", path)
    return Config(
        path=path,
        select=_list(data, "select", path),
        extend_select=_list(data, "extend-select", path),
        ignore=_reasons(data.get("ignore", []), "ignore", path),
        per_target_ignores={
            glob: _reasons(value, f"per-target-ignores.{glob}", path)
            for glob, value in _table(data, "per-target-ignores", path).items()
        },
        fail_on=_severity(data, path),
        consumers=_consumers(data, path),
        name=_text(data, "name", path),
        baseline=path.parent / baseline if baseline else None,
        vocabulary={key: _list(vocabulary, key, path) for key in vocabulary},
    )


def vocabulary_of(config: Config) -> Mapping[str, FieldWords]:
    """Return the words of names, with those of the configuration. Raises UsageError."""
    if not config.vocabulary:
        return VOCABULARY
    try:
        return extend(VOCABULARY, config.vocabulary)
    except ValueError as error:
        raise UsageError(f"{config.path}: vocabulary: {error}") from error


def parser_of(config: Config) -> Callable[[str], Name]:
    """Return what parses names with the words of the configuration. Raises UsageError."""
    return partial(parse, vocabulary=vocabulary_of(config))


def _load(path: Path) -> dict[str, Any]:
    # Imported here: most runs have no configuration, and the import takes 3 % of a short run.
    if sys.version_info >= (3, 11):
        import tomllib  # noqa: PLC0415
    else:  # the same parser, from before it was in the standard library
        import tomli as tomllib  # noqa: PLC0415

    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror or error}") from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UsageError(f"{path}: not valid TOML: {error}") from error


def _known(data: Mapping[str, Any], keys: tuple[str, ...], problem: str) -> None:
    for key in data:
        if key not in keys:
            from difflib import get_close_matches  # noqa: PLC0415 - only a wrong word pays for it

            near = get_close_matches(key, keys, 1)
            hint = f"did you mean {near[0]!r}?" if near else f"it takes {', '.join(keys)}"
            raise UsageError(f"{problem} {key!r}; {hint}")


def _table(data: Mapping[str, Any], key: str, path: Path) -> dict[str, Any]:
    value = data.get(key, {})
    if not isinstance(value, dict):
        raise UsageError(f"{path}: {key} must be a table")
    return value


def _list(data: Mapping[str, Any], key: str, path: Path) -> tuple[str, ...]:
    value = data.get(key, [])
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise UsageError(f'{path}: {key} must be a list of strings, such as ["D011"]')
    return tuple(value)


def _text(data: Mapping[str, Any], key: str, path: Path) -> str | None:
    value = data.get(key)
    if value is not None and not isinstance(value, str):
        raise UsageError(f"{path}: {key} must be a string")
    return value


def _reasons(value: object, key: str, path: Path) -> dict[str, str]:
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return dict.fromkeys(value, "")
    if isinstance(value, dict) and all(isinstance(reason, str) for reason in value.values()):
        return value
    raise UsageError(
        f'{path}: {key} must be a list of rules or a table with reasons: {{ D011 = "why" }}'
    )


def _severity(data: Mapping[str, Any], path: Path) -> Severity:
    value = data.get("fail-on", Severity.ERROR.value)
    try:
        return Severity(value)
    except ValueError:
        raise UsageError(f"{path}: fail-on must be error, warning or info, not {value!r}") from None


def _consumers(data: Mapping[str, Any], path: Path) -> tuple[Consumer, ...]:
    value = data.get("for", [consumer.value for consumer in DEFAULT_CONSUMERS])
    known = [consumer.value for consumer in Consumer]
    if not isinstance(value, list) or not value or any(word not in known for word in value):
        raise UsageError(f"{path}: for must be a list of some of {', '.join(known)}")
    return tuple(consumer for consumer in Consumer if consumer.value in value)
