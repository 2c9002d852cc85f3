"""An example of every rule: what fails, and the same repaired, from the cases that test it."""

from __future__ import annotations

import difflib
import importlib
import json
import sys
import tempfile
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any
from unittest.mock import patch

TESTS = Path(__file__).parent.parent / "tests"
sys.path.insert(0, str(TESTS))

from build import Case, package, put  # noqa: E402
from checkpoint_files import slim  # noqa: E402
from console import block, console, output  # noqa: E402
from model_lint.findings import DEFAULT_CONSUMERS  # noqa: E402
from model_lint.rules import Rule, all_rules  # noqa: E402
from rule_cases import CASES as OWN  # noqa: E402
from rule_cases import REPAIRED  # noqa: E402

#: Lines of a difference that help; what is longer shows no single defect.
_MOST_LINES = 24
_BYTES = "! (other bytes)"
#: Of the cases of a rule the first is shown, but for these.
_BETTER = {
    "D001": "trailing comma",
    "Z002": "half of it",
    "C001": "legacy",
    "L001": "in another folder",
    "L018": "relative import",
}

_CHECKPOINT = "fold_{}/checkpoint_final.pth"
#: Packages with few findings: the genuine one, and with checkpoints as they are packed.
VALID = (
    package,
    lambda folder: package(folder, put(_CHECKPOINT.format(0), slim(0))),
    lambda folder: package(
        folder, *(put(_CHECKPOINT.format(n), slim(n)) for n in (0, 1)), folds=(0, 1)
    ),
)


@dataclass(frozen=True)
class Example:
    """An example of a rule, as Markdown."""

    #: What was changed in a valid package, in a few words; "" for a name.
    what: str
    failing: str
    #: From the failing files to the repaired ones; "" if only bytes differ.
    difference: str
    repaired: str


@cache
def example(code: str) -> Example:
    """Return the example of a rule, made by linting its cases now.

    Raises KeyError for a rule without a case, ValueError for cases that do not show it.
    """
    case = _firing(code)
    if isinstance(case, str):
        return _of_names(case, _silent(code)[0])
    with tempfile.TemporaryDirectory() as name:
        return _of_files(case, Path(name))


def finding(code: str, what: str) -> str:
    """Return the console of one firing case of a rule, chosen by what it changes."""
    found = [case for fires, case in cases()[code] if fires and case.what == what]
    if not found:
        known = ", ".join(repr(case.what) for fires, case in cases()[code] if fires)
        raise ValueError(f"{code} has no case {what!r}; it has {known}")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        return console(_command(found[0], found[0].build(folder), folder), folder)


@cache
def cases() -> dict[str, list[tuple[bool, Any]]]:
    """Return the cases of every rule, by code: whether it fires, and a `Case` or a name."""
    with patch.object(sys, "path", [str(TESTS), *sys.path]):  # mkdocs puts it back after a hook
        modules = [
            importlib.import_module(f"rules.{path.stem}")
            for path in sorted((TESTS / "rules").glob("test_*.py"))
        ]
    found: dict[str, list[tuple[bool, Any]]] = {}
    for listed in (OWN, *(getattr(module, "CASES", ()) for module in modules)):
        for code, fires, case in _each(listed):
            found.setdefault(code, []).append((fires, case))
    return found


def _each(listed: Any) -> Iterator[tuple[str, bool, Any]]:
    if isinstance(listed, dict):  # of names: code to a wrong one and a right one
        for code, (wrong, right) in listed.items():
            yield from ((code, True, wrong), (code, False, right))
    else:
        yield from ((case.code, case.fires, case) for case in listed)


def _firing(code: str) -> Any:
    found = [case for fires, case in cases()[code] if fires]
    severity = _rule(code).severity
    better = [c for c in found if isinstance(c, Case) and c.what == _BETTER.get(code)]
    usual = [c for c in found if isinstance(c, Case) and c.severity in (None, severity)]
    return (better or usual or found)[0]


def _rule(code: str) -> Rule:
    return next(rule for rule in all_rules() if rule.code == code)


def _silent(code: str) -> list[Any]:
    return [case for fires, case in cases()[code] if not fires]


# Names


def _of_names(wrong: str, right: str) -> Example:
    here = Path.cwd()
    failing = console(f"model-lint name {wrong}", here)
    return Example("", failing, "", console(f"model-lint name {right}", here))


# Packages and repositories


def _of_files(case: Case, folder: Path) -> Example:
    failing = case.build(_made(folder / "failing"))
    bad = _contents(failing)
    good = _good(case, folder, bad)
    command = _command(case, failing, folder / "failing")
    status, text = output(command, folder / "failing")
    if case.code not in text:
        raise ValueError(f"{case}: `{command}` (exit status {status}) does not show it:\n{text}")
    difference = _difference(bad, _contents(good[1]))
    return Example(
        case.what,
        block("console", f"$ {command}\n{text}"),
        block("diff", difference) if _is_shown(difference) else "",
        console(_command(good[0], good[1], good[1].parent), good[1].parent),
    )


def _good(case: Case, folder: Path, bad: dict[str, bytes]) -> tuple[Case, Path]:
    """Return the case nearest to a failing one in which its rule is silent.

    That is the repaired case if there is one, else a valid package, else a silent case.
    """
    silent = _silent(case.code)
    repaired = [other for other in silent if other.what == REPAIRED]
    valid = [replace(case, build=build) for build in VALID]
    for number, choices in enumerate([repaired or valid, repaired or silent]):
        built = [(o, o.build(_made(folder / f"{number}-{n}"))) for n, o in enumerate(choices)]
        quiet = [found for found in built if not _fires(*found)]
        if quiet:
            return min(quiet, key=lambda found: _rank(_difference(bad, _contents(found[1]))))
    raise ValueError(f"{case}: nothing repairs it")


def _fires(case: Case, path: Path) -> bool:
    status, text = output(f"{_command(case, path, path.parent)} --format concise", path.parent)
    return status > 1 or case.code in text


def _is_shown(difference: str) -> bool:
    lines = difference.splitlines()
    return len(lines) <= _MOST_LINES and any(line[0] in "+-" for line in lines)


def _rank(difference: str) -> tuple[bool, bool, int]:
    """Return the order of differences: the smallest one that shows something is the best."""
    return not difference, _BYTES in difference, len(difference)


def _command(case: Case, path: Path, folder: Path) -> str:
    name = f" --name {case.name}" if case.name else ""
    deep = " --deep" if _rule(case.code).deep else " --quick" if case.quick else ""
    consumers = ",".join(consumer.value for consumer in case.consumers)
    whom = f" --for {consumers}" if case.consumers != DEFAULT_CONSUMERS else ""
    return f"model-lint check {path.relative_to(folder)} --select {case.code}{name}{deep}{whom}"


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder


def _contents(path: Path) -> dict[str, bytes]:
    if path.is_dir():
        files = (p for p in path.rglob("*") if p.is_file() and ".git" not in p.parts)
        return {p.relative_to(path).as_posix(): p.read_bytes() for p in files}
    try:
        with zipfile.ZipFile(path) as archive:
            return {info.filename: archive.read(info) for info in archive.infolist()}
    except Exception:  # a zip made to be unreadable has no files to compare
        return {}


def _difference(bad: dict[str, bytes], good: dict[str, bytes]) -> str:
    """Return what to change, file by file, as a diff; files that are not text by name only."""
    if not bad:
        return ""
    lines = [f"-{path}" for path in _tops(bad.keys() - good.keys(), good)]
    lines += [f"+{path}" for path in _tops(good.keys() - bad.keys(), bad)]
    for path in sorted(bad.keys() & good.keys()):
        if bad[path] != good[path]:
            lines += [f" {path}", *_text_difference(_lines(bad[path]), _lines(good[path]))]
    return "\n".join(lines)


def _text_difference(bad: list[str] | None, good: list[str] | None) -> list[str]:
    if bad is None or good is None:
        return [_BYTES]
    return [
        line
        for line in list(difflib.unified_diff(bad, good, n=1, lineterm=""))[2:]
        if not line.startswith("@@")
    ]


def _tops(paths: Iterable[str], others: Iterable[str]) -> list[str]:
    """Return the paths; a folder that the others do not have stands for its files."""
    kept = {"/".join(other.split("/")[:n]) for other in others for n in range(other.count("/") + 2)}
    tops = set()
    for path in paths:
        parts = path.split("/")
        depth = next((n for n in range(1, len(parts)) if "/".join(parts[:n]) not in kept), None)
        tops.add("/".join(parts[:depth]) + "/" if depth else path)
    return sorted(tops)


def _lines(data: bytes) -> list[str] | None:
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return None
    try:
        return json.dumps(json.loads(text), indent=4, ensure_ascii=False).splitlines()
    except ValueError:
        return None if "\0" in text else text.splitlines()
