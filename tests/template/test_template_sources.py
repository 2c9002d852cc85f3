"""Where the template comes from: a path, a zip, GitHub, a replay, cruft; and updates."""

from __future__ import annotations

import json
import re
import shlex
import shutil
from pathlib import Path
from subprocess import CompletedProcess

import pytest
from template.support import TEMPLATE, bake, files, git, program, run, source

ANSWERS = {
    "anatomy": "sc-gm",
    "animal": "yak",
    "title": 'L\'été "T2*" $HOME',
    "custom_trainer": "yes",
}
#: Among right answers, one that is wrong.
WRONG = ANSWERS | {"pathology": "dcm", "author": "Ada Lovelace, Alan Turing"}
SENTENCE = "pathology: `dcm` is not allowed; write one of hc, ms, sci."
NAME = "model_seg_sc-gm_yak_t2"
GITHUB = "https://github.com/ivadomed/model-template"


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


@pytest.fixture
def github(repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The template's address on GitHub, where git fetches it from the folder."""
    settings = tmp_path / "gitconfig"
    settings.write_text(
        "[user]\n\tname = Ada Lovelace\n\temail = ada@example.org\n"
        f'[url "file://{repository}"]\n\tinsteadOf = {GITHUB}\n\tinsteadOf = {GITHUB}.git\n'
    )
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(settings))
    return "gh:ivadomed/model-template"


@pytest.fixture
def packed(repository: Path, tmp_path: Path) -> str:
    """The template as a zip, as GitHub makes it."""
    git(repository, "archive", "--prefix=model-template-main/", "-o", "../template.zip", "HEAD")
    return str(tmp_path / "template.zip")


@pytest.fixture(params=["path", "zip", "github"])
def address(request: pytest.FixtureRequest) -> str:
    """The template as people name it for cookiecutter."""
    fixtures = {"path": "repository", "zip": "packed", "github": "github"}
    return str(request.getfixturevalue(fixtures[request.param]))


@pytest.fixture
def output(tmp_path: Path) -> Path:
    folder = tmp_path / "output"
    folder.mkdir()
    return folder


def cookiecutter(output: Path, *arguments: str) -> CompletedProcess[str]:
    return run(program("cookiecutter"), *arguments, cwd=output, HOME=str(output.parent))


def cruft(folder: Path, *arguments: str) -> CompletedProcess[str]:
    home = str(folder.parent)
    return run(program("cruft"), *arguments, cwd=folder, XDG_CONFIG_HOME=home, HOME=home)


def given(answers: dict[str, str]) -> list[str]:
    return [f"{question}={value}" for question, value in answers.items()]


def paste(command: str, output: Path) -> CompletedProcess[str]:
    """Run a command line in a shell, as a person pastes it."""
    path = f"{Path(program('cookiecutter')).parent}:/usr/bin:/bin"
    return run("sh", "-c", command, cwd=output, HOME=str(output.parent), PATH=path)


def assert_like_a_path(made: Path, tmp_path: Path, **answers: str) -> None:
    """Assert that a repository is the one that the same answers give from a path."""
    expected = bake(tmp_path / "expected", **answers)
    assert made.name == expected.name
    assert files(made) - {".cruft.json"} == files(expected)
    for name in files(expected):
        assert (made / name).read_bytes() == (expected / name).read_bytes(), name


def test_every_source_gives_the_same(address: str, output: Path, tmp_path: Path) -> None:
    done = cookiecutter(output, address, "--no-input", *given(ANSWERS))
    assert done.returncode == 0, done.stderr
    assert re.search(rf"Generated {NAME}\. Next:", done.stdout)
    assert done.stderr == ""
    (made,) = output.iterdir()
    assert git(made, "rev-list", "--count", "main") == "1"
    assert_like_a_path(made, tmp_path, **ANSWERS)


def test_a_wrong_answer_costs_nothing_but_itself(
    address: str, output: Path, tmp_path: Path
) -> None:
    done = cookiecutter(output, address, "--no-input", *given(WRONG))
    assert done.returncode == 1
    sentence, advice, command = done.stderr.splitlines()
    assert sentence == SENTENCE
    assert advice == "Nothing was written. To go on with the other answers:"
    assert "Traceback" not in done.stdout
    assert list(output.iterdir()) == []
    # As it was pasted, with the answer that is missing.
    words = shlex.split(command)
    assert words[:2] == ["cookiecutter", address]
    assert f"title={ANSWERS['title']}" in words
    again = paste(f"{command} pathology=ms --no-input", output)
    assert again.returncode == 0, again.stderr
    (made,) = output.iterdir()
    assert_like_a_path(made, tmp_path, **(WRONG | {"pathology": "ms"}))


def test_the_command_keeps_where_the_folder_goes_and_the_version(
    repository: Path, github: str, output: Path
) -> None:
    git(repository, "tag", "v0")
    place = output / "a folder"
    options = ("--output-dir", "a folder", "--checkout", "v0", "--no-input")
    done = cookiecutter(output, github, *options, *given(WRONG))
    command = done.stderr.splitlines()[-1]
    assert "--checkout v0" in command
    elsewhere = output / "elsewhere"
    elsewhere.mkdir()
    again = paste(f"{command} pathology=ms --no-input", elsewhere)
    assert again.returncode == 0, again.stderr
    assert [path.name for path in place.iterdir()] == ["model_seg_sc-gm_yak_ms_t2"]
    assert list(elsewhere.iterdir()) == []


def test_answers_that_follow_from_the_wrong_one_are_left_to_follow(
    repository: Path, output: Path
) -> None:
    done = cookiecutter(output, str(repository), "--no-input", "anatomy=spinal-cord", "contrast=t1")
    command = done.stderr.splitlines()[-1]
    for question in ("anatomy", "repo_name", "title", "description", "labels", "author"):
        assert f"{question}=" not in command
    again = paste(f"{command} anatomy=gm --no-input", output)
    assert again.returncode == 0, again.stderr
    (made,) = output.iterdir()
    assert made.name == "model_seg_gm_t1"
    assert "  gm: 1\n" in (made / "config.yaml").read_text(encoding="utf-8")
    assert "# Gray matter" in (made / "README.md").read_text(encoding="utf-8")


def test_a_replay_gives_the_same(address: str, output: Path, tmp_path: Path) -> None:
    assert cookiecutter(output, address, "--no-input", *given(ANSWERS)).returncode == 0
    shutil.rmtree(output / NAME)
    # Of a template that it has fetched before, cookiecutter asks whether to fetch it again.
    done = paste(f"yes | cookiecutter {shlex.quote(address)} --replay", output)
    assert done.returncode == 0, done.stderr
    assert_like_a_path(output / NAME, tmp_path, **ANSWERS)


@pytest.mark.parametrize(
    ("question", "value"),
    [
        ("anatomy", "gm"),
        ("repo_name", "../evil"),
        ("task", "guess"),
        ("title", "{{ cookiecutter }}"),
        ("labels", ["sc"]),
    ],
)
@pytest.mark.parametrize("hooks", ["yes", "no"])
def test_a_replay_that_was_edited_is_checked(
    question: str, value: object, hooks: str, repository: Path, output: Path
) -> None:
    assert cookiecutter(output, str(repository), "--no-input", *given(ANSWERS)).returncode == 0
    shutil.rmtree(output / NAME)
    (stored,) = (output.parent / ".cookiecutter_replay").glob("*.json")
    context = json.loads(stored.read_text(encoding="utf-8"))
    context["cookiecutter"][question] = value
    stored.write_text(json.dumps(context), encoding="utf-8")
    done = cookiecutter(output, str(repository), "--replay", "--accept-hooks", hooks)
    assert done.returncode == 1
    wrong = "repo_name" if question == "anatomy" else question
    assert done.stderr.startswith(f"{wrong}: ")
    assert list(output.iterdir()) == []
    assert not (output.parent / "evil").exists()


# ---------------------------------------------------------------------------------------- cruft


def cruft_create(address: str, folder: Path) -> Path:
    folder.mkdir(exist_ok=True)
    answers = json.dumps(ANSWERS)
    done = cruft(folder, "create", address, "--no-input", "--extra-context", answers)
    assert done.returncode == 0, done.stderr
    (made,) = folder.iterdir()
    git(made, "init", "--quiet")
    commit(made, "Start from model-template")
    return made


@pytest.mark.parametrize("address", [None, GITHUB])
def test_cruft_and_cookiecutter_generate_the_same(
    address: str | None, github: str, repository: Path, tmp_path: Path
) -> None:
    made = cruft_create(address or str(repository), tmp_path / "cruft")
    assert_like_a_path(made, tmp_path, **ANSWERS)
    difference = cruft(made, "diff", "--exit-code")
    assert (difference.returncode, difference.stdout) == (0, "")
    assert cruft(made, "check").returncode == 0


def test_cruft_makes_no_git_repository(repository: Path, output: Path) -> None:
    """It compares, too, with what it generates; `.git` would be part of an update."""
    done = cruft(output, "create", str(repository), "--no-input")
    assert done.returncode == 0, done.stderr
    (made,) = output.iterdir()
    assert not (made / ".git").exists()
    assert "Next:" not in done.stdout


def test_a_wrong_answer_costs_nothing_with_cruft_too(
    repository: Path, output: Path, tmp_path: Path
) -> None:
    answers = json.dumps(WRONG)
    done = cruft(output, "create", str(repository), "--no-input", "--extra-context", answers)
    assert done.returncode == 1
    sentence, _, command = done.stderr.splitlines()
    assert sentence == SENTENCE
    assert "Traceback" not in done.stdout
    assert list(output.iterdir()) == []
    # Pasted with the answer that is missing: first in the object of all others.
    again = paste(command.replace('{"', '{"pathology": "ms", "', 1) + " --no-input", output)
    assert again.returncode == 0, again.stderr
    (made,) = output.iterdir()
    assert_like_a_path(made, tmp_path, **(WRONG | {"pathology": "ms"}))


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
    (repository / TEMPLATE.name / "NEW.md").write_text("New in {{ cookiecutter.repo_name }}.\n")
    commit(repository, "Change")
    assert cruft(made, "check").returncode == 1

    done = cruft(made, "update", "--skip-apply-ask")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Next:" not in done.stdout  # the hook ran for a comparison only
    assert (made / ".gitignore").read_text(encoding="utf-8").endswith("# New\n*.bak\n")
    assert (made / "NEW.md").read_text() == f"New in {NAME}.\n"
    assert "bids: other-data" in (made / "config.yaml").read_text(encoding="utf-8")
    changed = {line.split()[-1] for line in git(made, "status", "--porcelain").splitlines()}
    assert changed == {".gitignore", "NEW.md", ".cruft.json"}
    assert not list(made.rglob("*.rej"))
    assert git(made, "rev-list", "--count", "HEAD") == "2"
    commit(made, "Update")
    assert cruft(made, "check").returncode == 0


def test_an_update_takes_the_rules_of_each_commit(repository: Path, tmp_path: Path) -> None:
    """cruft generates both commits in one process, with modules of the same names."""
    made = cruft_create(str(repository), tmp_path / "output")
    for file, old, new in (
        ("questions/suggestions.py", '"gm": "gray matter"', '"gm": "grey matter"'),
        ("questions/__init__.py", "FILTERS = {", 'FILTERS = {"louder": str.upper, '),
        ("linter/model_lint/naming/vocabulary.py", "sc gm csf", "sc gm csf nerves2"),
    ):
        text = (repository / file).read_text(encoding="utf-8")
        assert old in text
        (repository / file).write_text(text.replace(old, new, 1), encoding="utf-8")
    (repository / TEMPLATE.name / "NEW.md").write_text(
        "{{ cookiecutter.owner | louder }}: {{ cookiecutter | suggested('title') }}\n"
    )
    commit(repository, "Change")
    done = cruft(made, "update", "--skip-apply-ask")
    assert done.returncode == 0, done.stdout + done.stderr
    title = "Spinal cord and grey matter segmentation on T2-weighted MRI"
    assert (made / "NEW.md").read_text(encoding="utf-8") == f"IVADOMED: {title}\n"


def test_another_linter_that_is_installed_is_never_asked(
    repository: Path, output: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other" / "model_lint"
    other.mkdir(parents=True)
    (other / "__init__.py").write_text("raise SystemExit('the wrong linter')\n")
    command = (program("cookiecutter"), str(repository), "--no-input")
    done = run(*command, cwd=output, HOME=str(tmp_path), PYTHONPATH=str(other.parent))
    assert done.returncode == 0, done.stderr
