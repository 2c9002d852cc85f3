"""The verdict in the browser is that of the command line, finding by finding.

Every package of the catalogue is linted twice: by this Python, and by the page's worker in a real
browser, which sees them as one folder that was chosen.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import catalogue
import pytest
from build import Case
from model_lint.cli import main
from playwright.sync_api import Browser
from tools.support import verdict, visit

#: Judged in another way there. The first overflows the stack of a browser, and the page says that
#: it has no verdict (test_check.py); of the others, the words or the syntax are those of the Python
#: that runs the linter, and the page has a later one.
OTHERWISE = {
    "L018-nested-too-deeply",
    "D001-trailing-comma",
    "json-trailing-comma-a-comma-after-the-last-key",
    "L018-Latin-1",
    "L018-Latin-1-in-a-comment",
    "L018-Python-3.12",
    "trainer-latin1-trainer_class.py-in-Latin-1,-and-it-does-not-say-so",
}
#: Those of the rules, and those that the consumers alone judge.
CASES = tuple(
    case
    for case in (*catalogue.of_rules(), *(case for case in catalogue.judged() if not case.code))
    if str(case) not in OTHERWISE
)
LINT = """async (runs) => {
    const { fromInput } = await import("../chosen.js");
    const { Linter } = await import("../linter.js");
    const folders = {};
    for (const { path, file } of fromInput(document.getElementById("catalogue").files)) {
        const [, folder, ...rest] = path.split("/");
        (folders[folder] ??= []).push({ path: [folder, ...rest].join("/"), file });
    }
    const linter = new Linter("check");
    const reports = [];
    for (const [options, targets] of runs) {
        const files = targets.flatMap((target) => folders[target.split("/")[0]] ?? []);
        const request = JSON.stringify({ folder: "/here/in", targets, options });
        const { answer } = await linter.ask("run", [request], files);
        reports.push([answer.reports.json, answer.said]);
    }
    linter.stop();
    return reports;
}"""


def test_every_package_has_the_same_verdict(
    browser: Browser, address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = built(tmp_path / "catalogue")
    monkeypatch.chdir(tmp_path / "catalogue")
    with visit(browser, address, "check") as made:
        made.page.evaluate(
            """() => document.body.append(Object.assign(document.createElement("input"),
                { id: "catalogue", type: "file", webkitdirectory: true }))"""
        )
        made.page.set_input_files("#catalogue", str(tmp_path / "catalogue"))
        there = made.page.evaluate(
            LINT, [[list(words), targets] for words, targets in runs.items()]
        )
        for (words, targets), (report, said) in zip(runs.items(), there, strict=True):
            different = [
                (mine, other)
                for mine, other in zip(here(words, targets), verdict(report), strict=True)
                if mine != other
            ]
            assert different == []
            assert all(line.startswith("model-lint: ") for line in said.splitlines()), said


def here(options: tuple[str, ...], targets: list[str]) -> list[dict[str, Any]]:
    """Return the verdict of the command line."""
    main(["check", *options, "--format", "json", "--output", "../report.json", *targets])
    return verdict(Path("../report.json").read_text(encoding="utf-8"))


def built(folder: Path) -> dict[tuple[str, ...], list[str]]:
    """Build every case in a folder of its own; return the targets by the options they need."""
    runs: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for number, case in enumerate(CASES):
        place = folder / str(number)
        place.mkdir(parents=True)
        target = case.build(place)
        if not has_git(target):
            runs[tuple(options(case))].append(target.relative_to(folder).as_posix())
    return runs


def has_git(target: Path) -> bool:
    """Return whether git is asked about a repository, or a link leads to a file: not there."""
    return target.is_dir() and any(p.name == ".git" or p.is_symlink() for p in target.rglob("*"))


def options(case: Case) -> Iterator[str]:
    """Yield the options of the command line that a case needs."""
    if case.name:
        yield f"--name={case.name}"
    if case.deep or case.quick:
        yield "--deep" if case.deep else "--quick"
    yield f"--for={','.join(consumer.value for consumer in case.consumers)}"
