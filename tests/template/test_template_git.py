"""After generation: a git repository with a first commit where possible, and never a failure."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import pytest
from template.support import bake, files, git, run


def configure(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, text: str) -> None:
    file = tmp_path / "gitconfig"
    file.write_text(text, encoding="utf-8")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(file))


IDENTITY = "[user]\n\tname = Ada Lovelace\n\temail = ada@example.org\n"


def test_the_first_commit_holds_every_file_on_main(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    made = bake(tmp_path / "output")
    assert git(made, "symbolic-ref", "--short", "HEAD") == "main"
    assert git(made, "rev-list", "--count", "HEAD") == "1"
    assert git(made, "log", "--format=%an <%ae>: %s") == (
        "Ada Lovelace <ada@example.org>: Start from model-template"
    )
    assert set(git(made, "ls-files").splitlines()) == files(made)
    assert git(made, "status", "--porcelain") == ""
    printed, errors = capfd.readouterr()
    assert "cd model_seg_t2" in printed
    assert "git" not in printed
    assert errors == ""


@pytest.mark.parametrize(
    "settings",
    [
        IDENTITY + "[commit]\n\tgpgsign = true\n[gpg]\n\tprogram = /does/not/exist\n",
        IDENTITY + "[core]\n\thooksPath = {hooks}\n",
        IDENTITY + "[init]\n\ttemplateDir = {template}\n\tdefaultBranch = trunk\n",
        IDENTITY
        + "[commit]\n\ttemplate = /does/not/exist\n\tverbose = true\n\tcleanup = scissors\n",
        IDENTITY + "[core]\n\tautocrlf = true\n\tsafecrlf = true\n",
        IDENTITY + "[core]\n\texcludesFile = {excludes}\n",
    ],
    ids=["signing", "hooks", "template", "message", "line-ends", "excludes"],
)
def test_settings_of_the_user_do_not_stop_the_first_commit(
    settings: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hooks = tmp_path / "template" / "hooks"
    hooks.mkdir(parents=True)
    for name in ("pre-commit", "commit-msg", "post-commit"):
        (hooks / name).write_text("#!/bin/sh\nexit 1\n")
        (hooks / name).chmod(0o755)
    excludes = tmp_path / "excludes"
    excludes.write_text("*.md\nworkflow\n")
    places = {"hooks": hooks, "template": tmp_path / "template", "excludes": excludes}
    configure(monkeypatch, tmp_path, settings.format(**places))
    made = bake(tmp_path / "output")
    assert git(made, "rev-list", "--count", "main") == "1"
    assert set(git(made, "ls-files").splitlines()) == files(made)


@pytest.mark.parametrize(
    "settings",
    ["", "[user]\n\tname = Ada\n", "[user]\n\tuseConfigOnly = true\n"],
    ids=["none", "no-email", "config-only"],
)
def test_without_an_identity_everything_is_staged(
    settings: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    configure(monkeypatch, tmp_path, settings)
    made = bake(tmp_path / "output")
    assert set(git(made, "ls-files").splitlines()) == files(made)
    assert run("git", "rev-parse", "HEAD", cwd=made).returncode != 0
    assert 'git commit --message "Start from model-template"' in capfd.readouterr().out


def path_with(tmp_path: Path, script: str | None) -> str:
    """A PATH on which git is missing, or a script."""
    folder = tmp_path / "bin"
    folder.mkdir()
    if script is not None:
        (folder / "git").write_text(script)
        (folder / "git").chmod(0o755)
    return str(folder)


@pytest.mark.parametrize(
    "script",
    [None, "#!/bin/sh\nexit 1\n", "#!/bin/sh\nkill -9 $$\n", "not a program"],
    ids=["missing", "failing", "dying", "broken"],
)
def test_without_a_working_git_the_files_are_there(
    script: str | None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("PATH", path_with(tmp_path, script))
    made = bake(tmp_path / "output")
    assert (made / "README.md").is_file()
    assert not (made / ".git").exists()
    printed, errors = capfd.readouterr()
    assert "git init --initial-branch=main && git add --all" in printed
    assert errors == ""


def test_an_old_git_makes_main_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = shutil.which("git")
    script = (
        "#!/bin/sh\n"
        'for word; do case "$word" in -b|--initial-branch*) exit 129;; esac; done\n'
        f'exec {real} "$@"\n'
    )
    monkeypatch.setenv("PATH", path_with(tmp_path, script) + os.pathsep + os.environ["PATH"])
    made = bake(tmp_path / "output")
    assert git(made, "rev-list", "--count", "main") == "1"


def test_a_generation_inside_another_repository_leaves_that_one_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    outer = tmp_path / "outer"
    outer.mkdir()
    git(outer, "init", "--quiet")
    # As when a hook of the outer repository generates.
    monkeypatch.setenv("GIT_DIR", str(outer / ".git"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(outer / ".git" / "index"))
    made = bake(outer)
    for name in ("GIT_DIR", "GIT_INDEX_FILE"):
        monkeypatch.delenv(name)
    assert git(made, "rev-list", "--count", "main") == "1"
    assert Path(git(made, "rev-parse", "--show-toplevel")).resolve() == made.resolve()
    assert git(outer, "ls-files") == ""


def test_git_can_be_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MODEL_TEMPLATE_NO_GIT", "1")
    assert not (bake(tmp_path / "output") / ".git").exists()


def test_an_existing_repository_is_not_overwritten(tmp_path: Path) -> None:
    from cookiecutter.main import cookiecutter
    from template.support import source

    made = bake(tmp_path / "output")
    head = git(made, "rev-parse", "HEAD")
    (made / "README.md").write_text("mine")
    git(made, "commit", "--quiet", "--all", "--message", "Mine")
    cookiecutter(
        str(source()),
        no_input=True,
        output_dir=str(tmp_path / "output"),
        config_file=str(tmp_path / "output.yaml"),
        overwrite_if_exists=True,
    )
    assert git(made, "rev-parse", "HEAD~1") == head


def test_the_hook_needs_no_python_package(tmp_path: Path) -> None:
    # The hook runs with the Python of cookiecutter, which may be any with nothing else installed.
    source = (Path(__file__).parents[2] / "hooks" / "post_gen_project.py").read_text()
    (tmp_path / "hook.py").write_text(source)
    done = run(
        sys.executable,
        "-I",
        "-S",
        "-c",
        "import runpy; runpy.run_path('hook.py')",
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr
