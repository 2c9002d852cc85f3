"""Where the template comes from: a path, GitHub, cruft; and updates that keep users' changes."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest
from support import TEMPLATE, bake, files, program, run, source

ANSWERS = {"anatomy": "sc-gm", "animal": "yak", "title": 'L\'été "T2*"', "custom_trainer": "yes"}
GITHUB = "https://github.com/ivadomed/model-template.git"


def git(folder: Path, *arguments: str) -> str:
    done = run("git", *arguments, cwd=folder)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def commit(folder: Path, message: str) -> None:
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", message)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """The template as a git repository of its own, as users get it."""
    folder = tmp_path / "model-template"
    shutil.copytree(source(), folder)
    git(folder, "init", "--quiet")
    commit(folder, "Template")
    return folder


def cruft_create(address: str, folder: Path) -> Path:
    folder.mkdir()
    answers = json.dumps(ANSWERS)
    command = (program("cruft"), "create", address, "--no-input", "--extra-context", answers)
    done = run(*command, cwd=folder, XDG_CONFIG_HOME=str(folder), HOME=str(folder.parent))
    assert done.returncode == 0, done.stderr
    (made,) = folder.iterdir()
    return made


def test_cruft_and_cookiecutter_generate_the_same(repository: Path, tmp_path: Path) -> None:
    by_cruft = cruft_create(str(repository), tmp_path / "cruft")
    by_cookiecutter = bake(tmp_path / "cookiecutter", **ANSWERS)
    assert by_cruft.name == by_cookiecutter.name == "model_seg_sc-gm_yak_t2"
    assert files(by_cruft) == files(by_cookiecutter) | {".cruft.json"}
    for name in files(by_cookiecutter):
        assert (by_cruft / name).read_bytes() == (by_cookiecutter / name).read_bytes(), name
    assert git(by_cruft, "status", "--porcelain") == "?? .cruft.json"
    assert git(by_cruft, "rev-list", "--count", "main") == "1"
    difference = run(program("cruft"), "diff", "--exit-code", cwd=by_cruft, HOME=str(tmp_path))
    assert (difference.returncode, difference.stdout) == (0, "")


def test_a_wrong_answer_leaves_nothing_with_cruft_too(repository: Path, tmp_path: Path) -> None:
    output = tmp_path / "output"
    output.mkdir()
    command = (program("cruft"), "create", str(repository), "--no-input")
    answers = json.dumps({"pathology": "dcm"})
    done = run(*command, "--extra-context", answers, cwd=output, HOME=str(tmp_path))
    assert done.returncode != 0
    assert "pathology: 'dcm' is not one of the choices; type hc, ms or sci." in done.stderr
    assert list(output.iterdir()) == []


def test_an_update_brings_the_templates_changes_and_keeps_the_users(
    repository: Path, tmp_path: Path
) -> None:
    made = cruft_create(str(repository), tmp_path / "output")
    config = (made / "config.yaml").read_text(encoding="utf-8")
    (made / "config.yaml").write_text(
        config.replace("bids: data", "bids: other-data"), encoding="utf-8"
    )
    (made / "notes.md").write_text("Mine.\n")
    commit(made, "Mine")

    with (repository / TEMPLATE.name / ".gitignore").open("a", encoding="utf-8") as file:
        file.write("\n# New\n*.bak\n")
    (repository / TEMPLATE.name / "NEW.md").write_text("New in {{ cookiecutter.__repo_name }}.\n")
    commit(repository, "Change")

    command = (program("cruft"), "update", "--skip-apply-ask")
    done = run(*command, cwd=made, HOME=str(tmp_path))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Next:" not in done.stdout  # the hook ran for a comparison only
    assert (made / ".gitignore").read_text(encoding="utf-8").endswith("# New\n*.bak\n")
    assert (made / "NEW.md").read_text() == "New in model_seg_sc-gm_yak_t2.\n"
    assert "bids: other-data" in (made / "config.yaml").read_text(encoding="utf-8")
    changed = {line.split()[-1] for line in git(made, "status", "--porcelain").splitlines()}
    assert changed == {".gitignore", "NEW.md", ".cruft.json"}
    assert not list(made.rglob("*.rej"))
    assert git(made, "rev-list", "--count", "main") == "2"
    commit(made, "Update")
    assert run(program("cruft"), "check", cwd=made, HOME=str(tmp_path)).returncode == 0


def through_git(repository: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Let git fetch the folder where GitHub is asked for."""
    settings = tmp_path / "gitconfig"
    settings.write_text(
        "[user]\n\tname = Ada Lovelace\n\temail = ada@example.org\n"
        f'[url "file://{repository}"]\n\tinsteadOf = {GITHUB}\n'
    )
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(settings))


def test_from_github(repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    through_git(repository, monkeypatch, tmp_path)
    output = tmp_path / "output"
    output.mkdir()
    command = (program("cookiecutter"), "gh:ivadomed/model-template", "--no-input", "task=label")
    done = run(*command, cwd=output, HOME=str(tmp_path))
    assert done.returncode == 0, done.stderr
    assert re.search(r"Generated model_label_t2\. Next:", done.stdout)
    assert [path.name for path in output.iterdir()] == ["model_label_t2"]
