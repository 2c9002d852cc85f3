"""The documentation is true: it builds strictly, and what it names exists.

The outputs that the site shows are made when it is built, by running the commands; here is checked
what is written by hand.
"""

from __future__ import annotations

import json
import re
import shlex
import sys
import tempfile
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import Any

import pytest
import yaml
from build import load_schema
from jsonschema import Draft202012Validator
from model_lint.cli import COMMANDS, _parser
from model_lint.config import KEYS, load_config
from model_lint.findings import OWN
from model_lint.report import FORMATS
from model_lint.rules import Rule, all_rules

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
TEMPLATE = ROOT / "{{cookiecutter.repo_name}}"
PAGES = [ROOT / "README.md", *sorted(DOCS.rglob("*.md"))]
RULES = all_rules()

_FENCE = re.compile(r"^( *)```(\w*)\n(.*?)^\1```", re.MULTILINE | re.DOTALL)
_RUN = re.compile(r"<!-- (?:run|refused|github): (.+?) -->")
_INLINE = re.compile(r"`(model-lint [^`]+)`")


def page(name: str) -> str:
    return (DOCS / name).read_text(encoding="utf-8")


def blocks(path: Path, language: str) -> list[str]:
    text = path.read_text(encoding="utf-8")
    return [found[3] for found in _FENCE.finditer(text) if found[2] == language]


def first_column(text: str, head: str) -> list[str]:
    """Return the first cells of the table whose head begins so, without the backquotes."""
    table = text[text.index(f"| {head} |") :].partition("\n\n")[0]
    return [row.split("|")[1].strip().strip("`") for row in table.splitlines()[2:]]


def read(site: Path, name: str) -> str:
    html = site.joinpath(name, "index.html").read_text(encoding="utf-8")
    return html[html.index("<article") : html.index("</article>")]


def shown(html: str) -> str:
    """Return the text of a page, as a reader sees it."""
    return unescape(re.sub(r"<[^>]+>", "", html))


def test_every_rule_has_a_page_with_all_sections(site: Path) -> None:
    for rule in RULES:
        html = read(site, f"rules/{rule.name}")
        sections = re.findall(r'<h2 id="([^"]+)"', html)
        assert sections == ["why", "fix", "example", "source", "silence-it"], rule.code
        assert re.search(rf"<h1[^>]*>{rule.name} \({rule.code}\)", html)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
def test_its_example_fails_and_is_repaired(site: Path, rule: Rule) -> None:
    html = read(site, f"rules/{rule.name}")
    example = shown(html[html.index('id="example"') : html.index('id="source"')])
    failing, _, repaired = example.partition("Repaired:")
    assert re.search(rf"(error|warning|info) {rule.code} {rule.name}", failing)
    assert rule.code not in repaired.replace(f"--select {rule.code}", "")
    assert ": clean" in repaired or ": valid" in repaired


@pytest.mark.parametrize("code", OWN)
def test_the_codes_that_are_no_rules_have_pages(site: Path, code: str) -> None:
    text = shown(read(site, f"rules/{OWN[code]}"))
    assert re.search(rf"(error|warning) {code} {OWN[code]}", text)
    assert f'href="{OWN[code]}/"' in read(site, "rules")


def test_the_index_lists_every_rule(site: Path) -> None:
    html = read(site, "rules")
    for rule in RULES:
        assert f'<a href="{rule.name}/">{rule.name}</a>' in html
    assert f"There are {len(RULES)} rules" in html


def test_every_mark_is_replaced_and_nothing_crashed(site: Path) -> None:
    for path in site.rglob("*.html"):
        html = path.read_text(encoding="utf-8")
        assert not re.search(
            r"<!-- ?(run|refused|start|github|finding|answers|file|questions|disagreements)", html
        ), path
        assert "Traceback" not in html, path
        assert str(ROOT) not in html, path
        assert tempfile.gettempdir() + "/" not in html, path


def test_the_schemas_are_published(site: Path) -> None:
    for path in (ROOT / "linter" / "model_lint" / "schemas").glob("*.json"):
        assert (site / "schemas" / path.name).read_text() == path.read_text()
        identifier = load_schema(path.name.split(".")[0]).get("$id", "")
        assert identifier in ("", f"https://ivadomed.github.io/model-template/schemas/{path.name}")


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_relative_link_resolves(path: Path) -> None:
    text = _FENCE.sub("", path.read_text(encoding="utf-8"))
    for link in re.findall(r"\]\(([^)\s]+)\)", text):
        if link.startswith(("https://", "#")):
            continue
        target = path.parent / link.partition("#")[0]
        if {"rules", "schemas", "examples"} & set(target.parts):  # generated; mkdocs looks them up
            continue
        assert target.exists(), link


def commands() -> Iterator[tuple[str, str]]:
    for path in PAGES:
        text = path.read_text(encoding="utf-8")
        found = [*_RUN.findall(text), *_INLINE.findall(text)]
        for block in _FENCE.finditer(text):
            joined = block[3].replace("\\\n", " ")
            found += re.findall(r"^ *(?:\$ |- run: |run: )?(model-lint .+)$", joined, re.MULTILINE)
        yield from ((path.name, command) for command in found)


@pytest.mark.parametrize(("where", "command"), sorted(set(commands())))
def test_every_command_line_parses(where: str, command: str) -> None:
    words = shlex.split(command.replace(" ...", ""), comments=True)[1:]
    if len(words) == 1 and words[0] in COMMANDS:  # named, not shown: `model-lint rule`
        return
    try:
        options = _parser(words).parse_args(words)
    except SystemExit as end:
        assert end.code == 0, command  # --help
    else:
        assert options.command in COMMANDS


def test_there_are_commands_to_test() -> None:
    assert len(set(commands())) > 30


# README.md


def test_the_readme_shows_what_the_guide_shows(site: Path) -> None:
    """The guide runs the command; only the width of the lines differs."""
    (text, *_) = blocks(ROOT / "README.md", "console")
    assert " ".join(text.split()) in " ".join(shown(read(site, "guides/lint")).split())


def test_the_readme_names_what_there_is() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    listed = [cell.split()[1] for cell in first_column(text, "Command")]
    assert listed == list(COMMANDS)
    formats = re.search(r"reports as (.*?), several", " ".join(text.split()))
    assert formats
    assert re.findall(r"`(\w+)`", formats[1]) == list(FORMATS)
    for count, what in re.findall(r"\b(\d+) (rules|formats)\b", text):
        assert int(count) == {"rules": len(RULES), "formats": len(FORMATS)}[what]


# The guides' tables


def test_the_formats() -> None:
    assert first_column(page("guides/lint.md"), "Format") == list(FORMATS)


def test_the_keys_of_the_configuration() -> None:
    assert sorted(first_column(page("guides/configure.md"), "Key")) == sorted(KEYS)


def test_the_example_of_a_configuration_has_every_key_and_is_valid(tmp_path: Path) -> None:
    full, pyproject, first_line = blocks(DOCS / "guides" / "configure.md", "toml")
    schema = Draft202012Validator(load_schema("config"))
    data = tomllib.loads(full)
    assert sorted(data) == sorted(KEYS)
    assert schema.is_valid(data)
    assert schema.is_valid(tomllib.loads(pyproject)["tool"]["model-lint"])
    for name, text in (("model-lint.toml", full), ("pyproject.toml", pyproject)):
        (tmp_path / name).write_text(text, encoding="utf-8")
        assert load_config(tmp_path / name).path == tmp_path / name
    assert f"#:schema {load_schema('config')['$id']}\n" in full
    around = json.loads(page("schemas/pyproject.schema.json"))
    assert first_line == f"#:schema {around['$id']}\n"
    table = around["properties"]["tool"]["properties"]["model-lint"]
    assert table == {"$ref": load_schema("config")["$id"]}


def test_the_hooks() -> None:
    hooks = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
    names = [hook["id"] for hook in hooks]
    assert first_column(page("guides/pre-commit.md"), "Hook") == names
    for path in (ROOT / "README.md", DOCS / "guides" / "pre-commit.md"):
        listed = yaml.safe_load(blocks(path, "yaml")[0])["repos"][0]["hooks"]
        assert [hook["id"] for hook in listed] == names


def test_the_inputs_and_outputs_of_the_action() -> None:
    action = yaml.safe_load((ROOT / "action.yml").read_text())
    text = page("guides/ci.md")
    assert first_column(text, "Input") == list(action["inputs"])
    assert first_column(text, "Output") == list(action["outputs"])
    for name in ("targets", "python-version"):
        assert f"| `{name}` | `{action['inputs'][name]['default']}` |" in text


def test_the_jobs_of_a_release() -> None:
    text = (TEMPLATE / ".github" / "workflows" / "release.yml").read_text(encoding="utf-8")
    jobs = yaml.safe_load(re.sub(r"\{% (?:end)?raw %\}|\{\{ cookie\S+ \}\}", "", text))["jobs"]
    rows = [line for line in page("guides/ci.md").splitlines() if line.startswith("| `")]
    for name, job in jobs.items():
        allowed = ", ".join(f"`{scope}: {level}`" for scope, level in job["permissions"].items())
        assert any(r.startswith(f"| `{name}` |") and r.endswith(f"| {allowed} |") for r in rows)
    assert first_column(page("guides/ci.md"), "Job") == list(jobs)


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_blocks_of_yaml_and_toml_are_valid(path: Path) -> None:
    for block in blocks(path, "yaml"):
        assert isinstance(yaml.safe_load(block), (dict, list))
    for block in blocks(path, "toml"):
        assert isinstance(tomllib.loads(block), dict)


def test_the_files_of_the_template() -> None:
    cells = first_column(page("guides/template.md"), "File")
    paths = [path.strip("` ") for cell in cells for path in cell.split(",")]
    written = [entry.name for entry in TEMPLATE.iterdir()]
    for path in paths:
        found = (TEMPLATE / path).exists() or any(path in name for name in written)
        assert found, path


def test_the_steps_of_the_workflow() -> None:
    snakefile = (TEMPLATE / "workflow" / "Snakefile").read_text(encoding="utf-8")
    rules = re.findall(r"^rule (\w+):", snakefile, re.MULTILINE)
    assert first_column(page("guides/template.md"), "Step") == [r for r in rules if r != "all"]


def test_every_page_is_in_the_navigation_once() -> None:
    config: dict[str, Any] = yaml.safe_load((ROOT / "mkdocs.yml").read_text())
    listed = re.findall(r"'((?!https)[^']+\.md)'", repr(config["nav"]))
    written = [path.relative_to(DOCS).as_posix() for path in DOCS.rglob("*.md")]
    assert sorted(listed) == sorted([*written, "rules/index.md"])


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_no_output_is_written_by_hand(path: Path) -> None:
    """What commands print is made by a mark; that of README.md is compared with the guide's."""
    assert path.name == "README.md" or blocks(path, "console") == []


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_a_code_is_that_of_the_rule_that_it_links(path: Path) -> None:
    names = OWN | {rule.code: rule.name for rule in RULES}
    links = re.findall(
        r"\[(\w\d{3})\]\([./]*rules/([\w-]+)\.md\)", path.read_text(encoding="utf-8")
    )
    assert [(code, name) for code, name in links if names[code] != name] == []
