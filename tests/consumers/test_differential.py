"""What model-lint says of a package is what the consumers make of it, or is listed with the reason.

Every package of the catalogue that is for them goes through the linter, through SCT around its fork
of nnU-Net and through stock nnU-Net. Where the linter rejects what works everywhere, or passes what
does not, ``disagreements.toml`` says why; `python tests/consumers/differential.py --write` brings
it up to date, reasons apart.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from catalogue import judged
from differential import compare, write
from disagreements import read_table
from model_lint.findings import INTERNAL

GOOD = ("one-fold", "dataset-wrapper", "zip-streamed")
BAD = ("files-at-root", "orientation-rpi", "json-bom", "stored-storage-missing")


def test_every_verdict_is_true_or_explained() -> None:
    rows = compare(judged())
    assert [row.name for row in rows if INTERNAL in row.lint] == []
    assert len(rows) >= 150
    assert sum(set(row.outcome.values()) == {"works"} for row in rows) >= 40
    found = {row.name: row.entry for row in rows if row.disagrees}
    listed = {
        name: {key: value for key, value in entry.items() if key != "reason"}
        for name, entry in read_table().items()
    }
    assert found == listed


def test_every_disagreement_has_a_reason() -> None:
    assert [name for name, entry in read_table().items() if not entry.get("reason")] == []


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
