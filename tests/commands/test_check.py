"""The command line: exit statuses, standard streams, files, and one line for every mistake."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from model_lint import __version__
from model_lint.cli import COMMANDS, main
from model_lint.models import target as target_module
from model_lint.rules import plans as plans_rules

MODEL = Path(__file__).parents[1] / "data" / "nnUNetTrainerTiny__nnUNetPlans__2d"


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """Return a zip of the genuine model, exactly as the specification wants it."""
    name = tmp_path / "model_seg_sc-gm_t2-r20261123"
    shutil.make_archive(str(name), "zip", MODEL.parent, MODEL.name)
    return name.with_suffix(".zip")


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    """Return a copy of the genuine model that lacks its orientation."""
    copy = tmp_path / "broken" / MODEL.name
    shutil.copytree(MODEL, copy)
    dataset = copy / "dataset.json"
    content = json.loads(dataset.read_text(encoding="utf-8"))
    del content["image_orientation"]
    dataset.write_text(json.dumps(content, indent=4), encoding="utf-8")
    return copy


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run where no configuration of this repository applies, and without colour settings."""
    (tmp_path / ".git").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.delenv("FORCE_COLOR", raising=False)


def status(*arguments: str | Path) -> int:
    return main([str(argument) for argument in arguments])


#: What takes longer to import than a rule to look: for other targets, other commands, or nothing.
#: Whoever imports ``dataclasses`` imports ``inspect``: named tuples do without.
LEFT_ALONE = (
    "bz2", "concurrent.futures", "dataclasses", "difflib", "inspect", "logging", "lzma", "shutil",
    "tempfile", "tomllib", "zipfile", "model_lint.commands.fix_options", "model_lint.commands.pack",
    "model_lint.commands.name", "model_lint.ship",
)  # fmt: skip


def test_a_small_package_imports_only_what_it_needs(package: Path) -> None:
    script = "import sys; from model_lint.cli import main; main(); print(*sys.modules)"
    command = [sys.executable, "-S", "-c", script, "check", "--exit-zero", str(package)]
    path = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=path)
    imported = set(done.stdout.splitlines()[-1].split())
    assert "model_lint.checkpoint.pickle_scan" in imported
    assert imported.isdisjoint(LEFT_ALONE), imported.intersection(LEFT_ALONE)


def test_a_good_package_is_clean(package: Path, capsys: pytest.CaptureFixture[str]) -> None:
    # The genuine model is as nnU-Net leaves it: two folds, with their training state.
    assert status("check", package, "--fail-on", "info", "--ignore", "L024,C010,C011,V") == 0
    assert "clean" in capsys.readouterr().out
    assert status("check", package) == 0


def test_a_finding_says_what_where_and_how_to_fix(
    broken: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert status("check", broken) == 1
    shown = capsys.readouterr().out
    assert "D003" in shown
    assert "dataset.json" in shown
    assert "fix: " in shown
    assert "Found 1 error" in shown


def test_ignored_rules_do_not_count(broken: Path) -> None:
    assert status("check", broken, "--ignore", "D003") == 0
    assert status("check", broken, "--select", "C") == 0
    assert status("check", broken, "--exit-zero") == 0


def test_a_rule_that_needs_deep_is_not_silently_passed_over(
    package: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert status("check", package, "--select", "Z010,C013") == 0
    assert capsys.readouterr().err.splitlines() == [
        "model-lint: C013 and Z010: checked only with --deep; add it"
    ]
    assert status("check", package, "--select", "Z010", "--deep") == 0
    assert status("check", package, "--select", "Z") == 0
    assert capsys.readouterr().err == ""


def test_a_dataset_json_by_itself(broken: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert status("check", MODEL / "dataset.json", "--fail-on", "info") == 0
    assert status("check", broken / "dataset.json", "--format", "concise") == 1
    assert capsys.readouterr().out.splitlines()[-1].startswith(f"{broken}/dataset.json: error D003")
    assert status("check", broken / "plans.json") == 2


def test_a_package_that_was_cut_off_is_no_checkpoint(
    package: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with zipfile.ZipFile(package, "w") as archive:  # stored, as some programs zip
        for path in sorted(MODEL.rglob("*.pth")):
            archive.write(path, path.relative_to(MODEL.parent))
    package.write_bytes(package.read_bytes()[:-30])
    assert status("check", package, "--format", "concise") == 1
    assert "Z002" in capsys.readouterr().out


def test_a_checkout_stays_one_whatever_lies_in_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(MODEL, tmp_path / "model_seg_t2")
    (tmp_path / "model_seg_t2" / ".git").mkdir()
    status("check", tmp_path / "model_seg_t2")
    assert "(repository)" in capsys.readouterr().out


def test_nothing_to_lint(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "empty").mkdir()
    assert status("check", tmp_path / "empty") == 3
    assert len(capsys.readouterr().err.splitlines()) == 1
    (tmp_path / "empty" / "model_x.zip").touch()
    assert status("check", "empty") == 3
    assert "name its zips, such as empty/model_x.zip" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (["check", "missing.zip"], "missing.zip: no such file or folder"),
        (["check", "--offline", "https://example.org/m.zip"], "which --offline forbids"),
        (["check", "--offline", "ivadomed/model_seg_sc"], "which --offline forbids"),
        (["check", "--offline", "ivadomed/rootlets@r20240102"], "which --offline forbids"),
        (["check", "--fix", "https://example.org/m.zip"], "only a file is repaired; download it"),
        (["check", "model_seg_sc_t2"], "`model-lint name model_seg_sc_t2` judges a name"),
        (["check", ""], "a target is empty"),
        (["check", "--config", ""], "Is a directory"),
        (["check", "--baseline", ""], "Is a directory"),
        (["check", "--select", "Q999"], "no rule has the code, prefix or name 'Q999'"),
        (["check", "--config", "missing.toml"], "missing.toml: No such file"),
        (["check", "--baseline", "missing.json"], "missing.json: No such file"),
        (["check", MODEL, "--output", "no/such/folder.txt"], "can't write no/such/folder.txt"),
        (["check", MODEL / "fold_0" / "checkpoint_final.pth"], "a checkpoint, not a package"),
        (["rule", "Q999"], "no rule has the code"),
        (
            ["rule", "X001"],
            "a finding of model-lint itself: https://ivadomed.github.io/model-template/rules/unus",
        ),
        (["check", "nul\0byte"], "no such file or folder"),
    ],
)
def test_a_mistake_is_one_line_and_status_two(
    arguments: list[str | Path], part: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert status(*arguments) == 2
    error = capsys.readouterr().err
    assert part in error
    assert len(error.splitlines()) == 1


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        ([], "required: COMMAND; `model-lint --help`"),
        (["chek"], "invalid choice: 'chek'"),
        (["--no-such-option"], "required: COMMAND"),
        (["check", "--format", "yaml"], "--format yaml: choose one of text, concise"),
        (["check", "--fail-on", "never"], "--fail-on"),
        (["check", ".", "--output", "a", "--output", "b"], "name a --format before each"),
        (["check", "--output", "a", "--format", "json", "--output", "a"], "can't share a file"),
        (["check", "--fial-on=info"], "unknown argument --fial-on=info (did you mean --fail-on?);"),
        (["check", "--zzz"], "unknown argument --zzz; `model-lint check --help` says more"),
        (["check", "--jobs", "0"], "must be a whole number of at least 1, not '0'"),
        (["pack", "a", "b"], "unknown argument b; `model-lint pack --help`"),
        (["check", "a", "--deep", "b"], "unknown argument b (give it before the options);"),
    ],
)
def test_wrong_usage_is_one_line_and_status_two(
    arguments: list[str], part: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stop:
        status(*arguments)
    assert stop.value.code == 2
    error = capsys.readouterr().err
    assert part in error
    assert len(error.splitlines()) == 1


def test_a_folder_that_may_not_be_read_is_named(
    broken: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def locked(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied", f"{broken}/fold_0")

    monkeypatch.setattr(target_module, "build_package", locked)
    assert status("check", broken) == 2
    line = f"model-lint: {broken}: Permission denied ({broken}/fold_0)\n"
    assert capsys.readouterr().err == line


def test_one_bad_target_does_not_hide_the_others(
    broken: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert status("check", "missing.zip", broken) == 2
    assert "D003" in capsys.readouterr().out


def test_targets_come_from_standard_input(
    package: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with package.with_suffix(".txt").open("w+", encoding="utf-8") as listed:
        listed.write(f"{package}\n\n{MODEL}\n")
        listed.seek(0)
        monkeypatch.setattr(sys, "stdin", listed)
        assert status("check", "-") == 0
    assert "2 targets" in capsys.readouterr().out


def test_one_run_writes_several_formats(
    broken: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "report.json"
    assert status("check", broken, "--format", "concise", "--format", "json", "--output", file) == 1
    report = json.loads(file.read_text(encoding="utf-8"))
    assert report["version"] == 1
    assert "D003" in [f["code"] for f in report["targets"][0]["findings"]]
    assert "error D003" in capsys.readouterr().out
    assert not list(tmp_path.glob("*.tmp"))


def test_a_report_goes_into_a_pipe_and_through_a_link(broken: Path, tmp_path: Path) -> None:
    pipe, link, file = tmp_path / "pipe", tmp_path / "link", tmp_path / "report.txt"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    assert status("check", broken, "--select", "D003", "--output", pipe) == 1
    assert b"D003" in os.read(reader, 100_000)
    os.close(reader)
    link.symlink_to(file)
    assert status("check", broken, "--output", link) == 1
    assert "D003" in file.read_text(encoding="utf-8")
    assert pipe.is_fifo()
    assert link.is_symlink()


def test_threads_and_networks_can_be_limited(
    package: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for jobs in ("1", "3"):
        options = ["--deep", "--jobs", jobs, "--offline", "--select", "Z010,C013"]
        assert status("check", package, *options) == 0
        assert "clean" in capsys.readouterr().out


def test_colour_only_where_it_is_asked_for(
    broken: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def colored(*options: str) -> bool:
        status("check", broken, *options)
        return "\033[" in capsys.readouterr().out

    assert not colored()
    assert colored("--color", "always")
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert colored()
    monkeypatch.setenv("NO_COLOR", "1")
    assert not colored()
    assert not colored("--color", "never")


def test_a_baseline_silences_what_it_holds(broken: Path, tmp_path: Path) -> None:
    baseline = tmp_path / "baseline.json"
    assert status("check", broken, "--format", "json", "--output", baseline) == 1
    assert status("check", broken, "--baseline", baseline) == 0
    (broken / "plans.json").unlink()
    assert status("check", broken, "--baseline", baseline) == 1


def test_a_baseline_knows_a_target_with_and_without_a_dot(broken: Path, tmp_path: Path) -> None:
    path, baseline = str(broken.relative_to(tmp_path)), tmp_path / "baseline.json"
    assert status("check", path, "--format", "json", "--output", baseline) == 1
    assert status("check", f"./{path}", "--baseline", baseline) == 0


def test_a_baseline_must_be_a_report(
    broken: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "baseline.json").write_text("[]", encoding="utf-8")
    assert status("check", broken, "--baseline", tmp_path / "baseline.json") == 2
    assert "not a baseline" in capsys.readouterr().err


def test_ignores_show_their_reasons_and_unused_ones_are_reported(
    broken: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "model-lint.toml"
    config.write_text('ignore = { D003 = "SCT is not used", D011 = "x", R001 = "y" }\n', "utf-8")
    assert status("check", broken, "--format", "json") == 0
    report = json.loads(capsys.readouterr().out)
    (ignored,) = report["targets"][0]["ignored"]
    assert (ignored["code"], ignored["reason"]) == ("D003", "SCT is not used")
    # R001 looks at repositories, and none was checked.
    (unused,) = report["configuration"]
    assert unused["code"] == "X001"
    assert "D011" in unused["message"]


def test_an_ignore_for_deep_alone_is_not_called_unused_without(
    package: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "model-lint.toml").write_text('ignore = { C013 = "zeros are meant" }\n', "utf-8")
    status("check", package)
    assert "unused-ignore" not in capsys.readouterr().out
    status("check", package, "--deep")
    assert "unused-ignore" in capsys.readouterr().out


def test_per_target_ignores(broken: Path, package: Path, tmp_path: Path) -> None:
    config = tmp_path / "model-lint.toml"
    config.write_text(f"[per-target-ignores]\n'{MODEL.name}' = ['D003']\n", encoding="utf-8")
    assert status("check", broken) == 0
    config.write_text("[per-target-ignores]\n'other*' = ['D003']\n", encoding="utf-8")
    assert status("check", broken) == 1


def test_a_vocabulary_of_ones_own(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    repository = tmp_path / "model_seg_zonule_t2"
    repository.mkdir()
    (repository / "README.md").write_text("# A model\n", encoding="utf-8")
    status("check", repository, "--select", "N", "--format", "json")
    before = json.loads(capsys.readouterr().out)["targets"][0]["findings"]
    assert {f["code"] for f in before} <= {"N005", "N006"}
    assert before
    (tmp_path / "model-lint.toml").write_text("vocabulary = {anatomy = ['zonule']}", "utf-8")
    status("check", repository, "--select", "N", "--format", "json")
    assert json.loads(capsys.readouterr().out)["targets"][0]["findings"] == []


def test_a_crash_of_a_rule_is_reported_and_the_others_run(
    broken: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def crash(*_: object) -> None:
        raise ZeroDivisionError("planned")

    monkeypatch.setattr(plans_rules, "resolve", crash)
    assert status("check", broken) == 2
    shown = capsys.readouterr().out
    assert "X000" in shown
    assert "ZeroDivisionError" in shown
    assert "D003" in shown


def test_a_crash_at_one_target_does_not_hide_the_others(
    broken: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def crash(*_: object) -> None:
        raise ZeroDivisionError("planned")

    monkeypatch.setattr(target_module, "load_zip", crash)
    archive = shutil.make_archive("m", "zip", broken.parent)
    assert status("check", archive, broken) == 2
    said = capsys.readouterr()
    assert "D003" in said.out
    assert said.err.startswith(f"model-lint: {archive}: internal error: ZeroDivisionError: planned")
    assert said.err.count("\n") == 1


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        status("--version")
    assert stop.value.code == 0
    assert capsys.readouterr().out == f"model-lint {__version__}\n"


@pytest.mark.parametrize("words", [["--help"], ["--help", "check"]])
def test_the_help_lists_every_command(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        status(*words)
    assert stop.value.code == 0
    assert set(COMMANDS) <= set(capsys.readouterr().out.split())


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        status(command, "--help")
    assert stop.value.code == 0
    text = capsys.readouterr().out
    assert "exit status:" in text
    assert max(map(len, text.splitlines())) <= 100


def run(*arguments: str | Path, **options: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "model_lint", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, **options)  # type: ignore[call-overload, no-any-return]


def test_as_a_process(broken: Path) -> None:
    done = run("check", broken)
    assert (done.returncode, done.stderr) == (1, "")
    assert "D003" in done.stdout


def test_a_closed_pipe_is_no_traceback(broken: Path) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    command = [sys.executable, "-m", "model_lint", "rule"]
    done = subprocess.run(command, stdout=writer, stderr=subprocess.PIPE, check=False)
    os.close(writer)
    assert done.stderr == b""


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_closed_streams_change_no_verdict(closed: str, broken: Path) -> None:
    command = f'"$1" -m model_lint check "$2" - {closed}'
    done = subprocess.run(
        ["sh", "-c", command, "sh", sys.executable, broken], capture_output=True, check=False
    )
    assert (done.returncode, done.stderr) == (1, b"")


def test_a_full_disk_is_no_defect_of_the_linter(broken: Path) -> None:
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        command = [sys.executable, "-m", "model_lint", "check", str(broken)]
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr == "model-lint: reading or writing failed: No space left on device\n"


def test_the_linter_needs_no_torch(package: Path) -> None:
    code = (
        "import sys\n"
        "for name in ('torch', 'numpy', 'nnunetv2', 'nibabel'): sys.modules[name] = None\n"
        "from model_lint.cli import main\n"
        f"sys.exit(main(['check', {str(package)!r}]))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
