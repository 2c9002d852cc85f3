"""What ``check --fix`` and ``--diff`` say of the repairs."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from build import (
    TRAINER,
    inside,
    package,
    put,
)
from model_lint.cli import main
from repairing import FIXED, REPAIRABLE, beside, check, digest

pytestmark = pytest.mark.usefixtures("elsewhere")


def test_diff_shows_every_repair_and_writes_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = package(
        tmp_path,
        put("fold_0/debug.json", '{\n"a": "/home/jdoe/results/x",\n"b": 1\n}'),
        put("fold_0/checkpoint_best.pth", b"best"),
        inside("model"),
        beside({"__MACOSX/a": b"", "__MACOSX/b": b""}),
    )
    before = digest(source)
    names = sorted(p.name for p in tmp_path.iterdir())
    assert check(source, "--diff") == 1
    assert capsys.readouterr().out.splitlines() == [
        f"{source} -> {tmp_path / FIXED}: 4 repairs",
        f"- model/{TRAINER}/fold_0/checkpoint_best.pth (L012)",
        "- __MACOSX/ (Z008)",
        f"> model/{TRAINER} -> {TRAINER} (L005)",
        f"~ model/{TRAINER}/fold_0/debug.json (scrubbed: V001)",
        "    @@ line 2",
        '    -"a": "/home/jdoe/results/x",',
        '    +"a": "<path>",',
    ]
    assert sorted(p.name for p in tmp_path.iterdir()) == names
    assert digest(source) == before
    assert check(source, "--diff", "--exit-zero") == 0


def test_a_secret_is_not_shown_and_its_owner_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    secret = "ghp_" + "a1B2" * 9
    source = package(tmp_path, put("fold_0/debug.json", json.dumps({"a": secret})))
    assert check(source, "--diff") == 1
    shown = capsys.readouterr()
    assert secret not in shown.out + shown.err
    assert "(scrubbed: V004)" in shown.out
    assert "revoke it" in shown.err


def test_a_report_for_programs_keeps_standard_output_to_itself(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = package(tmp_path, put(".DS_Store"))
    assert check(source, "--fix", "--format", "json") == 0
    shown = capsys.readouterr()
    (target,) = json.loads(shown.out)["targets"]
    assert target["target"] == str(tmp_path / FIXED)
    assert {f["code"] for f in target["findings"]} & {"Z008", "L022"} == set()
    assert "- nnUNet" in shown.err


def test_control_characters_of_names_and_logs_are_escaped(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = package(
        tmp_path,
        put("._\033[31m", b""),
        put("fold_0/training_log_1.txt", "\033[31m /home/jdoe/results/x\n"),
    )
    assert check(source, "--diff") == 1
    assert "\033" not in capsys.readouterr().out


def test_rules_say_whether_they_can_be_repaired(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rule", "--format", "json"]) == 0
    rules = json.loads(capsys.readouterr().out)
    assert {rule["code"] for rule in rules if rule["fixable"]} == REPAIRABLE
    assert main(["rule", "Z008"]) == 0
    assert "`model-lint check --fix` leaves it out." in capsys.readouterr().out


def test_the_guide_names_every_rule_that_can_be_repaired() -> None:
    guide = (Path(__file__).parents[2] / "docs/guides/fix.md").read_text(encoding="utf-8")
    assert set(re.findall(r"\b[A-Z]\d{3}\b", guide)) == REPAIRABLE
