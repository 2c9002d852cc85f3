"""Whom a package is for: how bad a finding is for them, and who takes the package."""

from __future__ import annotations

import json
import shutil
import zipfile
from pathlib import Path
from typing import Any

import pytest
from build import MODEL, NAME, Change, dataset, drop, genuine, inside, load, move, package, put
from model_lint.cli import main
from model_lint.config import Config
from model_lint.findings import INTERNAL, Consumer, Severity, TargetReport
from model_lint.lint import Options, lint, load_baseline, select_rules
from model_lint.rules import all_rules

SCT, NNUNET, SLICER = Consumer
E, W, I = Severity.ERROR, Severity.WARNING, Severity.INFO  # noqa: E741

TWO_CHANNELS = dataset({"channel_names": {"0": "T1", "1": "T2"}})
NO_ORIENTATION = dataset(lambda data: data.pop("image_orientation") and None)
README_BESIDE = (inside("model"), put("/README.md", "# Model\n"))


def report(path: Path, *consumers: Consumer, **given: Any) -> TargetReport:
    options = {"rules": all_rules(), "consumers": consumers or (SCT, NNUNET)} | given
    return lint(load(path), Options(**options))


def verdicts(of: TargetReport) -> dict[Consumer, str]:
    return {answer.consumer: answer.verdict for answer in of.takes}


@pytest.mark.parametrize(
    ("code", "changes", "severities"),
    [
        # It stops one that is named, or only another.
        ("D009", [TWO_CHANNELS], {(SCT,): E, (SCT, NNUNET): E, (NNUNET,): I, (SLICER,): E}),
        ("L001", README_BESIDE, {(SCT,): E, (NNUNET,): I, (NNUNET, SLICER): I}),
        ("L027", [], {(SCT, NNUNET): None, (NNUNET,): None, (SLICER,): E, (SCT, SLICER): E}),
        # The specification asks for it.
        ("D003", [NO_ORIENTATION], {(SCT,): E, (NNUNET,): E, (SLICER,): E}),
        # It stops everybody.
        ("L007", [drop("plans.json")], {(SCT,): E, (NNUNET,): E, (SLICER,): E}),
        # It stops nobody.
        ("L015", [put("notes.docx")], {(SCT,): W, (NNUNET,): W, (SLICER,): W}),
        ("L013", [put("fold_0/a.nii.gz")], {(SCT,): E, (NNUNET,): E, (SLICER,): E}),
        # One case of a rule stops somebody, another one nobody.
        ("L012", [put("fold_0/checkpoint_best.pth")], {(SCT,): E, (NNUNET,): E}),
        ("Z008", [put("/__MACOSX/a")], {(SCT,): W, (NNUNET,): W}),
        ("Z008", [inside("model"), put("/.DS_Store")], {(SCT,): E, (NNUNET,): I}),
    ],
)
def test_how_bad_it_is(
    code: str,
    changes: list[Change],
    severities: dict[tuple[Consumer, ...], Severity | None],
    tmp_path: Path,
) -> None:
    path = package(tmp_path, *changes)
    found = {
        wanted: {f.code: f.severity for f in report(path, *wanted).findings}.get(code)
        for wanted in severities
    }
    assert found == severities


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ([], ("yes", "yes", "after wrapping it in DatasetNNN_NAME/")),
        ([inside("Dataset101_Cord")], ("yes", "yes", "yes")),
        ([inside("model")], ("yes", "yes", "after wrapping it in DatasetNNN_NAME/")),
        ([TWO_CHANNELS, inside("Dataset101_Cord")], ("no", "no", "no")),
        (README_BESIDE, ("no", "yes", "after wrapping it in DatasetNNN_NAME/")),
        ([move("fold_0", "fold_4"), inside("Dataset101_Cord")], ("yes", "yes", "after setting")),
        (
            [move("fold_0", "fold_all")],
            ("yes", "yes", "after wrapping it in DatasetNNN_NAME/ and renaming fold_all to fold_0"),
        ),
        ([NO_ORIENTATION], ("no", "yes", "after wrapping it in DatasetNNN_NAME/")),
        ([drop("plans.json")], ("no", "no", "no")),
        ([put("notes.docx"), inside("Dataset101_Cord")], ("yes", "yes", "yes")),
    ],
)
def test_who_takes_it(
    changes: list[Change], expected: tuple[str, str, str], tmp_path: Path
) -> None:
    said = verdicts(report(package(tmp_path, *changes)))
    assert list(said) == [SCT, NNUNET, SLICER]
    assert all(map(str.startswith, said.values(), expected)), said


def test_who_takes_it_is_the_same_whomever_it_is_for(tmp_path: Path) -> None:
    path = package(tmp_path, NO_ORIENTATION)
    said = verdicts(report(path))
    assert all(verdicts(report(path, consumer)) == said for consumer in Consumer)


def test_a_silenced_finding_still_stops_whom_it_stops(tmp_path: Path) -> None:
    path = package(tmp_path, NO_ORIENTATION)
    silenced = report(path, config=Config(ignore={"D003": "for nnU-Net"}))
    assert "D003" not in {finding.code for finding in silenced.findings}
    assert verdicts(silenced)[SCT] == "no"


def test_a_baseline_holds_whomever_the_package_is_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = package(tmp_path, NO_ORIENTATION)
    main(["check", str(path), "--for", "nnunet", "--format", "json"])
    baseline = tmp_path / "known.json"
    baseline.write_text(capsys.readouterr().out, encoding="utf-8")
    known = load_baseline(baseline)
    assert [f for f in report(path, known=known).findings if f.severity is E] == []


def test_without_the_rules_that_tell_nobody_is_named(tmp_path: Path) -> None:
    path = package(tmp_path)
    assert report(path, rules=select_rules(all_rules(), select=["D"])).takes == ()
    assert report(path, rules=select_rules(all_rules(), ignore=["D003"])).takes == ()
    # It stops nobody, and is not needed to tell.
    assert report(path, rules=select_rules(all_rules(), ignore=["L015"])).takes


def test_of_a_checkpoint_that_was_not_read_to_its_end_nobody_knows(tmp_path: Path) -> None:
    path = tmp_path / NAME
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in genuine().items():
            archive.writestr(name, data)
    assert lint(load(path, quick=True), Options(all_rules())).takes == ()
    assert lint(load(path), Options(all_rules())).takes


def test_of_other_targets_it_is_not_said(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("# x\n", encoding="utf-8")
    (tmp_path / ".git").mkdir()
    assert report(tmp_path).takes == ()
    lone = tmp_path / "dataset.json"
    lone.write_text('{"labels": {"background": 0, "sc": 1}}', encoding="utf-8")
    assert report(lone).takes == ()


@pytest.mark.parametrize(
    ("arguments", "configuration", "status"),
    [
        ([], "", 1),
        (["--for", "nnunet"], "", 0),
        (["--for", "nnunet,slicer"], "", 1),
        (["--for", "nnunet", "--for", "sct"], "", 1),
        ([], 'for = ["nnunet"]', 0),
        (["--for", "sct"], 'for = ["nnunet"]', 1),
    ],
)
def test_the_command_line_and_the_configuration(
    arguments: list[str],
    configuration: str,
    status: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path = package(tmp_path, *README_BESIDE, drop("trainer_class.py"))
    (tmp_path / "model-lint.toml").write_text(configuration, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    selected = ["--select", "L001,L027"]
    assert main(["check", str(path), *selected, *arguments]) == status


@pytest.mark.parametrize("words", ["monai", "sct,", "SCT", ""])
def test_another_consumer_is_refused(words: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["check", ".", "--for", words])
    assert stopped.value.code == 2
    assert "choose from sct, nnunet, slicer" in capsys.readouterr().err


def test_json_says_who_takes_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["check", str(package(tmp_path, NO_ORIENTATION)), "--format", "json"])
    (target,) = json.loads(capsys.readouterr().out)["targets"]
    assert target["takes"] == {
        "sct": {"verdict": "no", "codes": ["D003"]},
        "nnunet": {"verdict": "yes", "codes": []},
        "slicer": {"verdict": "after wrapping it in DatasetNNN_NAME/", "codes": ["L027"]},
    }
    assert [f["stops"] for f in target["findings"] if f["code"] == "D003"] == [["sct"]]


@pytest.mark.parametrize("rule", [r for r in all_rules() if r.stops], ids=lambda rule: rule.code)
def test_what_stops_somebody_is_an_error_by_itself(rule: Any) -> None:
    assert E in rule.severities


def test_a_crash_leaves_it_open(tmp_path: Path) -> None:
    rules = tuple(r._replace(check=_crash) if r.code == "L015" else r for r in all_rules())
    found = report(package(tmp_path), rules=rules)
    assert INTERNAL in {f.code for f in found.findings}
    assert found.takes == ()


def _crash(*_: object) -> Any:
    raise KeyError("labels")


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        (["--for", "sct,nnunet,slicer"], 1),
        (["--for", "sct,nnunet,slicer", "--layout", "dataset"], 0),
        ([], 0),
    ],
)
def test_pack_refuses_what_stops_whom_it_is_for(
    arguments: list[str], status: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "Dataset101_Cord" / MODEL.name
    shutil.copytree(MODEL, folder)
    name = ["--name", "model_seg_sc-gm_t2star", "--tag", "r20261123"]
    output = ["--output", str(tmp_path), "--format", "json"]
    assert main(["pack", str(folder), *name, *output, *arguments]) == status
    said = json.loads(capsys.readouterr().out)
    assert (said["package"] is None) == bool(status)
    assert said["takes"]["sct"] == {"verdict": "yes", "codes": []}
