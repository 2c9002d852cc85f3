"""What each format says of an audit, and that it can be read by whom it is for."""

from __future__ import annotations

import json
import re

import pytest
from model_lint.findings import Consumer, Severity
from model_lint.report.audit import FORMATS, render_audit
from model_lint.report.audit.data import Audit, RepositoryReport
from report.audit.sample import (
    ALL_CLEAN,
    ALONE,
    AUDIT,
    BAD,
    CLEAN,
    COMPARED,
    HALF,
    NOTHING,
    STOPPED,
    UNREAD,
)
from report.test_report_escaping import harmless
from report.test_report_schemas import report_schema

AUDITS = pytest.mark.parametrize(
    "audit",
    [AUDIT, COMPARED, ALL_CLEAN, NOTHING],
    ids=["findings", "compared", "clean", "nothing"],
)
SCT, NNUNET, SLICER = Consumer


def rows(text: str) -> list[list[str]]:
    """Return the cells of the table in a text."""
    lines = text[text.index("repository  ") :].partition("\n\n")[0].splitlines()
    return [line.split() for line in lines]


def test_the_worst_come_first() -> None:
    assert AUDIT.repositories == (UNREAD, HALF, BAD, STOPPED, ALONE, CLEAN)


@pytest.mark.parametrize(
    ("repository", "answers"),
    [
        (BAD, ["yes", "yes", "after"]),  # the newest release counts
        (STOPPED, ["no", "yes", "after"]),
        (ALONE, ["-", "-", "-"]),
        (UNREAD, ["?", "?", "?"]),
        (HALF, ["?", "?", "?"]),
    ],
    ids=lambda value: value.name if isinstance(value, RepositoryReport) else "",
)
def test_who_takes_it(repository: RepositoryReport, answers: list[str]) -> None:
    assert [repository.takes(consumer) for consumer in Consumer] == answers


def test_of_several_packages_the_worst_answer_counts() -> None:
    (good, *_), (bad, *_) = CLEAN.releases, STOPPED.releases
    both = good._replace(targets=(*good.targets, *bad.targets))
    assert (both.takes(SCT), both.takes(NNUNET)) == ("no", "yes")
    unknown = good._replace(targets=tuple(t._replace(takes=()) for t in good.targets))
    assert unknown.takes(SCT) == "?"


def test_the_table() -> None:
    text = render_audit(AUDIT, "text", width=80)
    table = rows(text)
    assert table[0] == ["repository", "latest", "zips", "error", "warn", "SCT", "nnU-Net", "Slicer"]
    assert table[1] == ["model_seg_lesion_ms", "-", "0", "?", "?", "?", "?", "?"]
    assert table[2] == [HALF.name]  # too long for its column
    assert table[3] == ["r20240101", "0", "?", "?", "?", "?", "?"]
    assert table[4] == ["model_seg_sc-gm_t2star", "r20240915", "2", "1", "3", "yes", "yes", "after"]
    assert "model_seg_lesion_ms: GitHub refuses access: Repository access\n  blocked" in text
    assert "3 archived, 2 forks and 41 not of a model" in text
    assert "X001" in text


@AUDITS
@pytest.mark.parametrize("width", [80, 100, 140])
def test_it_fits(audit: Audit, width: int) -> None:
    lines = render_audit(audit, "text", width=width).splitlines()
    assert max(map(len, lines)) <= width


def test_colours_add_nothing_but_colours() -> None:
    colored = render_audit(COMPARED, "text", color=True)
    assert re.sub(r"\x1b\[[0-9;]*m", "", colored) == render_audit(COMPARED, "text")
    assert "\x1b[1;31mno\x1b[0m" in colored


def test_changes_are_columns() -> None:
    table = {row[0]: row[-2:] for row in rows(render_audit(COMPARED, "text"))}
    assert table["repository"] == ["new", "fixed"]
    assert table["model_seg_sc-gm_t2star"] == ["+1", "-2"]
    assert table["model_seg_rootlets_t2"] == ["0", "-4"]
    assert table["model_label_discs"] == ["-", "-"]


def test_what_could_not_be_read_is_not_clean() -> None:
    unread = AUDIT._replace(repositories=(UNREAD,), configuration=())
    assert "clean" not in render_audit(unread, "text")
    assert "All clean." in render_audit(ALL_CLEAN, "text")
    assert "Nothing was linted." in render_audit(NOTHING, "text")


@AUDITS
def test_json(audit: Audit) -> None:
    data = json.loads(render_audit(audit, "json"))
    report_schema().validate(data)
    targets = {target["target"] for target in data["targets"]}
    named = [
        name
        for one in data["audit"]["repositories"]
        for name in [one["target"], *(t for release in one["releases"] for t in release["targets"])]
        if name
    ]
    assert sorted(named) == sorted(targets)
    assert data["summary"]["error"] == audit.report.count(Severity.ERROR)


def test_markdown() -> None:
    text = render_audit(COMPARED, "markdown")
    table = [line for line in text.splitlines() if line.startswith("| ")]
    assert {len(re.findall(r"(?<!\\)\|", row)) for row in table} == {11}
    assert len(table) == 2 + len(COMPARED.repositories)
    assert f"[model\\_seg\\_rootlets\\_t2]({CLEAN.url})" in text
    assert "| **1** | **3** | yes | yes | after | 1 | 2 |" in text


def test_markdown_that_would_be_too_large_is_cut() -> None:
    many = tuple(CLEAN._replace(url=f"https://{'x' * 9000}") for _ in range(200))
    text = render_audit(AUDIT._replace(repositories=many), "markdown")
    assert len(text.encode()) < 1024 * 1024
    assert re.search(r"\n\d+ more would not fit here\.\n", text)


def test_concise_has_every_finding() -> None:
    lines = render_audit(AUDIT, "concise").splitlines()
    assert len(lines) == len(AUDIT.report.findings)


@AUDITS
@pytest.mark.parametrize("form", FORMATS)
def test_every_format_can_be_written(audit: Audit, form: str) -> None:
    text = render_audit(audit, form, color=True, width=60)
    assert text.endswith("\n") or (form == "concise" and not audit.report.findings)


def test_hostile_texts_only_show() -> None:
    """No terminal, no workflow and no Markdown takes a text of a repository for its own."""
    evil = "::error::x\x1b[31m\n##[x] | <script> @user \u202e `a` [b](c)"
    one = BAD._replace(
        full_name=f"ivadomed/{evil}",
        url="https://x.y/(",
        error=evil,
        releases=(BAD.releases[0]._replace(tag=evil, error=evil),),
    )
    audit = AUDIT._replace(owner=evil, repositories=(one,))
    for width in (60, 100, 200):
        assert harmless(render_audit(audit, "text", width=width))
    text = render_audit(audit, "markdown")
    assert harmless(text)
    assert "<" not in re.sub(r"</?code>|<!-- -->", "", text)
    assert "(https://x.y" not in text
    assert render_audit(audit, "json").isascii()
