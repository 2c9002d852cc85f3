"""What an audit says of an earlier one: what is new, fixed and unchanged."""

from __future__ import annotations

from pathlib import Path

import pytest
from model_lint.errors import UsageError
from model_lint.findings import Ignored
from model_lint.report.audit import render_audit
from model_lint.report.audit.data import Audit, Change, RepositoryReport
from model_lint.report.audit.since import compare, read_before
from report.audit.sample import AUDIT, BAD, CLEAN, NOTHING, placeholder, release


def changed(before: Audit, now: RepositoryReport, folder: Path) -> Change:
    path = folder / "before.json"
    path.write_text(render_audit(before, "json"), encoding="utf-8")
    audit = compare(AUDIT._replace(repositories=(now,)), read_before(path))
    assert audit.since == "2026-11-23"
    (one,) = audit.repositories
    assert one.change
    return one.change


def test_nothing_changed(tmp_path: Path) -> None:
    assert changed(AUDIT, BAD, tmp_path) == Change((), 0, len(BAD.findings))


def test_a_new_release_with_findings(tmp_path: Path) -> None:
    newest = release(BAD.name, "2025-01-01", "D003")
    now = BAD._replace(releases=(newest, *BAD.releases))
    new = newest.targets[1].findings
    assert changed(AUDIT, now, tmp_path) == Change(new, 0, len(BAD.findings))


def test_what_is_gone_is_fixed(tmp_path: Path) -> None:
    assert BAD.target
    now = BAD._replace(target=BAD.target._replace(findings=()))
    assert changed(AUDIT, now, tmp_path) == Change((), 1, len(BAD.findings) - 1)


def test_what_is_not_looked_at_any_more_is_not_fixed(tmp_path: Path) -> None:
    now = BAD._replace(releases=BAD.releases[:1])
    assert changed(AUDIT, now, tmp_path).fixed == 0


def test_what_is_silenced_is_neither_new_nor_fixed(tmp_path: Path) -> None:
    assert BAD.target
    (finding,) = BAD.target.findings
    silenced = BAD.target._replace(findings=(), ignored=(Ignored(finding, "known"),))
    quiet = BAD._replace(target=silenced)
    others = len(BAD.findings) - 1
    assert changed(AUDIT, quiet, tmp_path) == Change((), 0, others)
    before = AUDIT._replace(repositories=(quiet,))
    assert changed(before, BAD, tmp_path) == Change((), 0, others + 1)


def test_a_repository_that_was_not_there(tmp_path: Path) -> None:
    now = CLEAN._replace(
        target=CLEAN.target and CLEAN.target._replace(findings=(placeholder("x"),))
    )
    assert changed(NOTHING, now, tmp_path) == Change(now.findings, was_known=False)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"targets": []}', '{"targets": [], "audit": 1}'])
def test_other_files_are_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "x.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(UsageError, match="neither a day, such as 2026-01-31, nor a report"):
        read_before(path)
    with pytest.raises(UsageError, match="nor a file"):
        read_before(tmp_path / "missing")
