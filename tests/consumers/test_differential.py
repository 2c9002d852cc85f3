"""What model-lint says of a package is what the consumers make of it, or is listed with the reason.

Every package of the catalogue that is for them goes through SCT around its fork of nnU-Net, through
stock nnU-Net, and through the linter as a package for the one and for the other. Where the linter
rejects what works there, or passes what does not, ``disagreements.toml`` says why;
`python tests/consumers/differential.py --write` brings it up to date, reasons apart.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from catalogue import judged
from differential import Row, compare, entries, write
from disagreements import read_table, reasons
from model_lint.findings import INTERNAL, Consumer
from model_lint.ship.trial.explain import explain

GOOD = ("one-fold", "dataset-wrapper", "zip-streamed")
BAD = ("files-at-root", "orientation-rpi", "json-bom", "stored-storage-missing")


@pytest.fixture(scope="module")
def rows() -> list[Row]:
    return compare(judged())


def test_every_verdict_is_true_or_explained(rows: list[Row]) -> None:
    assert [row.name for row in rows if INTERNAL in row.lint] == []
    assert len(rows) >= 300
    assert sum(row.outcome == "works" for row in rows) >= 80
    listed = {
        name: [{key: value for key, value in e.items() if key != "reason"} for e in found]
        for name, found in read_table().items()
    }
    assert entries(rows) == listed
    # Who takes it is what the errors say: there may be errors that stop nobody, but no others.
    assert [row.name for row in rows if not row.taken and not row.lint] == []
    failing = [row for row in rows if row.outcome != "works" and row.lint]
    assert [row.name for row in failing if row.taken] == []


def test_try_says_why_and_names_a_rule_if_one_reports_it(rows: list[Row]) -> None:
    """Each failure in one line; a rule is named wherever one stops that consumer."""
    failing = [row for row in rows if row.outcome == "fails"]
    assert len(failing) >= 400
    vague = []
    for row in failing:
        stage, _, raised = row.details.partition(": ")
        kind, _, text = raised.partition(": ")
        stage = {"install": "unpack"}.get(stage, stage)
        failure = explain(stage, kind, text, row.consumer, row.report)
        assert failure.sentence.isprintable()
        assert len(failure.sentence) < 320, row.name
        stopping = {f.code for f in row.report.findings if Consumer(row.consumer) in f.stops}
        assert bool(failure.codes) == bool(stopping or row.lint), row.name
        assert set(failure.codes) <= stopping | set(row.lint), row.name
        if failure.sentence.startswith("it fails in "):
            vague.append(row.details)
    # How the judge of SCT says that it finds no model; `try` has words of its own for that.
    assert {details.partition(":")[0] for details in vague} <= {"find"}


def test_every_disagreement_has_a_reason() -> None:
    assert [name for (name, _), reason in reasons().items() if not reason] == []


def test_the_catalogue_is_well_formed() -> None:
    names = [case.judged for case in judged()]
    assert len(names) == len(set(names))
    assert {case.like for case in judged()} - {""} <= set(names)
    assert all(case.what for case in judged())


def test_the_command_says_the_same(tmp_path: Path) -> None:
    statuses = {
        name: subprocess.run(
            [sys.executable, "-m", "model_lint", "check", str(path)],
            capture_output=True,
            check=False,
        ).returncode
        for name, path in write(tmp_path, [*GOOD, *BAD]).items()
    }
    assert statuses == {**dict.fromkeys(GOOD, 0), **dict.fromkeys(BAD, 1)}
