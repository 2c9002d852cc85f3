"""What model-lint says of a package is what the consumers make of it, or is listed with the reason.

Every package of the family goes through the linter, through SCT around its fork of nnU-Net and
through stock nnU-Net. Where the linter rejects what works everywhere, or passes what does not,
``disagreements.toml`` says why; `python tests/consumers/differential.py --write` brings it up to
date, reasons apart.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from differential import compare, read_table
from family import FAMILY

GOOD = ("one-fold", "dataset-wrapper", "zip-streamed")
BAD = ("files-at-root", "orientation-rpi", "json-bom", "storage-short")


def test_every_verdict_is_true_or_explained() -> None:
    rows = compare()
    assert len(rows) >= 150
    assert sum(set(row.outcome.values()) == {"works"} for row in rows) >= 40
    found = {row.sample.name: row.entry for row in rows if row.disagrees}
    listed = {
        name: {key: value for key, value in entry.items() if key != "reason"}
        for name, entry in read_table().items()
    }
    assert found == listed


def test_no_rule_crashes_on_the_family(family: Path) -> None:
    from differential import lint_errors

    crashed = [s.name for s in FAMILY if "X000" in lint_errors(family / f"{s.name}{s.suffix}")]
    assert crashed == []


def test_every_disagreement_has_a_reason() -> None:
    assert [name for name, entry in read_table().items() if not entry.get("reason")] == []


def test_the_family_is_well_formed() -> None:
    names = [sample.name for sample in FAMILY]
    assert len(names) == len(set(names))
    assert {sample.like for sample in FAMILY} - {""} <= set(names)
    assert all(sample.words for sample in FAMILY)


@pytest.mark.parametrize(("name", "status"), [*((n, 0) for n in GOOD), *((n, 1) for n in BAD)])
def test_the_command_says_the_same(family: Path, name: str, status: int) -> None:
    program = [sys.executable, "-m", "model_lint", "check", str(family / f"{name}.zip")]
    ended = subprocess.run(program, capture_output=True, text=True, check=False)
    assert ended.returncode == status, ended.stdout + ended.stderr
