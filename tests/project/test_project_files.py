"""The files about the project: valid, complete, and consistent with each other."""

from __future__ import annotations

import json
import re
import sys
from datetime import date
from typing import Any

import pytest
import yaml
from checkout import tracked
from model_lint import __version__
from template.support import ROOT, program, run

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

HOME = "https://github.com/ivadomed/model-template"
FORMS = ("crash", "false_alarm", "miss")
SCHEMAS = {
    "CITATION.cff": "citation-file-format",
    ".github/ISSUE_TEMPLATE/config.yml": "github-issue-config",
    **{f".github/ISSUE_TEMPLATE/{name}.yml": "github-issue-forms" for name in FORMS},
}
PAGES = ("CHANGELOG.md", "CONTRIBUTING.md", "README.md", "SECURITY.md")


def text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def load(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(text(name))
    return loaded


@pytest.mark.parametrize("name", SCHEMAS)
def test_files_with_a_schema_keep_it(name: str) -> None:
    done = run(program("check-jsonschema"), "--builtin-schema", SCHEMAS[name], name, cwd=ROOT)
    assert done.returncode == 0, done.stdout


def test_every_issue_form_is_tested() -> None:
    assert set(tracked(".github/ISSUE_TEMPLATE")) <= set(SCHEMAS)


@pytest.mark.parametrize("name", FORMS)
def test_forms_ask_for_what_is_needed(name: str) -> None:
    fields = {f["id"]: f for f in load(f".github/ISSUE_TEMPLATE/{name}.yml")["body"] if "id" in f}
    assert set(fields) == {"command", "version", "code", "input", "consumer"}
    for field in ("command", "version", "input"):
        assert fields[field]["validations"]["required"]


def test_the_citation_says_what_the_package_says() -> None:
    citation = load("CITATION.cff")
    project = tomllib.loads(text("pyproject.toml"))["project"]
    assert citation["license"] == project["license"]
    assert citation["authors"] == project["authors"]
    assert citation["repository-code"] == project["urls"]["Repository"]
    assert citation["url"] == project["urls"]["Documentation"]
    assert sorted(citation["keywords"]) == sorted(project["keywords"])


def test_the_versions_agree() -> None:
    assert json.loads(text("cookiecutter.json"))["_model_lint"] == __version__


def test_the_template_pins_this_version() -> None:
    pins = []
    for name in tracked():
        if name.startswith("{{"):
            pins += re.findall(r"ivadomed/model-template(?:@|\n +rev: )(.*?)[\"\n]", text(name))
    assert len(pins) == 4  # pyproject.toml, pre-commit, the two workflows
    assert set(pins) == {"v{{ cookiecutter._model_lint }}"}


def test_the_changelog_has_its_form() -> None:
    lines = text("CHANGELOG.md").splitlines()
    headings = [line for line in lines if line.startswith("## ")]
    assert headings[0] == "## [Unreleased]"
    released = [re.fullmatch(r"## \[(\d+\.\d+\.\d+)\] - (\S+)", line) for line in headings[1:]]
    assert all(released)
    days = [date.fromisoformat(found[2]) for found in released if found]
    assert days == sorted(days, reverse=True)
    kinds = {line for line in lines if line.startswith("### ")}
    known = ("Added", "Changed", "Deprecated", "Removed", "Fixed", "Security")
    assert kinds <= {f"### {kind}" for kind in known}
    for heading in headings:
        name = re.findall(r"\[(.+?)\]", heading)[0]
        assert any(line.startswith(f"[{name}]: {HOME}/") for line in lines), heading


@pytest.mark.parametrize("name", PAGES)
def test_links_work_wherever_the_page_is_shown(name: str) -> None:
    """PyPI shows the README: links are whole, and those into this repository name what there is."""
    links = re.findall(r"\]\((.+?)\)", re.sub(r"```.*?```", "", text(name), flags=re.DOTALL))
    raw = HOME.replace("github.com", "raw.githubusercontent.com")
    for link in links:
        assert link.startswith("https://"), link
        inside = re.match(rf"(?:{HOME}/(?:blob|tree)|{raw})/main/([^#]+)", link)
        assert not inside or (ROOT / inside[1]).exists(), link


@pytest.mark.parametrize("name", PAGES)
def test_commands_of_make_exist(name: str) -> None:
    (targets,) = re.findall(r"^\.PHONY: (.*)$", text("Makefile"), re.MULTILINE)
    assert set(re.findall(r"`make ([\w-]+)", text(name))) <= set(targets.split())


def test_help_lists_every_command_of_make() -> None:
    (targets,) = re.findall(r"^\.PHONY: (.*)$", text("Makefile"), re.MULTILINE)
    listed = [line.split()[1] for line in run("make", "help", cwd=ROOT).stdout.splitlines()]
    assert sorted([*listed, "help"]) == sorted(targets.split())


def test_the_rules_in_the_security_policy_exist() -> None:
    from model_lint.rules import all_rules

    codes = {rule.code for rule in all_rules()}
    assert set(re.findall(r"\b[A-Z]\d{3}\b", text("SECURITY.md"))) <= codes


def test_the_layout_is_shown_in_ten_lines() -> None:
    (layout,) = re.findall(r"## Where things are\n\n(.*?)\n\n", text("CONTRIBUTING.md"), re.DOTALL)
    assert len(layout.splitlines()) <= 10
    folders = {name.split("/")[2] for name in tracked("linter/model_lint") if name.count("/") > 2}
    assert folders <= set(re.findall(r"\b(\w+)/", layout))
