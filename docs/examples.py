"""An example of every rule: what fails, and the same repaired, from the cases that test it."""

from __future__ import annotations

import difflib
import json
import sys
import tempfile
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

TESTS = Path(__file__).parent.parent / "tests"
sys.path.insert(0, str(TESTS))

import catalogue  # noqa: E402
from build import Case  # noqa: E402
from console import block, console  # noqa: E402
from local_github import empty  # noqa: E402
from model_lint.findings import DEFAULT_CONSUMERS  # noqa: E402
from model_lint.rules import all_rules  # noqa: E402
from releasing import ReleaseCase  # noqa: E402
from rules.test_release import RELEASES  # noqa: E402

#: Lines of a difference that is shown; a longer one does not show a single defect.
_MOST_LINES = 24
#: Collected at import: mkdocs removes the tests from the path after it has loaded the hook.
_CASES = catalogue.of_rules()


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
def example(code: str) -> Example | None:
    """Return the example of a rule, made by linting a case of it now; None without a case.

    Raises ValueError for a case that does not show the rule.
    """
    if code in catalogue.names():
        wrong, right = (console(f"model-lint name {n}", TESTS) for n in catalogue.names()[code])
        return Example("", wrong, "", right)
    release = next((case for case in RELEASES if case.code == code and case.fires), None)
    if release:
        return _of_release(release)
    found = firing(code)
    if not found:
        return None
    case = next((case for case in found if case.example), found[0])
    with tempfile.TemporaryDirectory() as name:
        return _of_files(case, Path(name))


def _of_release(case: ReleaseCase) -> Example:
    failing = _released(case)
    _require_shown(case, failing)
    return Example(case.what, failing, "", _released(ReleaseCase(case.code, "as it should be")))


def _released(case: ReleaseCase) -> str:
    with empty() as github:
        case.publish(github.server)
        return github.console(f"model-lint check {case.argument} --select {case.code}")


def _require_shown(case: Case | ReleaseCase, failing: str) -> None:
    """Raise ValueError unless the lines below the command have the rule of a case."""
    if case.code not in failing.partition("\n")[2]:
        raise ValueError(f"{case} does not show it:\n{failing}")


def finding(code: str, what: str) -> str:
    """Return the console of one firing case of a rule, chosen by what it changes."""
    found = {case.what: case for case in firing(code)}
    if what not in found:
        raise ValueError(f"{code} has no case {what!r}; it has {list(found)}")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        return console(_command(found[what], found[what].build(folder), folder), folder)


def firing(code: str) -> list[Case]:
    """Return the cases in which a rule reports."""
    return [case for case in _CASES if case.code == code and case.fires]


def _of_files(case: Case, folder: Path) -> Example:
    (folder / "failing").mkdir()
    (folder / "valid").mkdir()
    bad, good = case.build(folder / "failing"), case.valid(folder / "valid")
    failing = console(_command(case, bad, bad.parent), bad.parent)
    _require_shown(case, failing)
    difference = _difference(_contents(bad), _contents(good))
    return Example(
        case.what,
        failing,
        block("diff", difference) if _is_shown(difference) else "",
        console(_command(case, good, good.parent), good.parent),
    )


def _is_shown(difference: str) -> bool:
    lines = difference.splitlines()
    return len(lines) <= _MOST_LINES and any(line[0] in "+-" for line in lines)


def _command(case: Case, path: Path, folder: Path) -> str:
    name = f" --name {case.name}" if case.name else ""
    deep = " --deep" if case.code in _DEEP else " --quick" if case.quick else ""
    consumers = ",".join(consumer.value for consumer in case.consumers)
    whom = f" --for {consumers}" if case.consumers != DEFAULT_CONSUMERS else ""
    return f"model-lint check {path.relative_to(folder)} --select {case.code}{name}{deep}{whom}"


_DEEP = {rule.code for rule in all_rules() if rule.deep}


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
        return ["! (other bytes)"]
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
