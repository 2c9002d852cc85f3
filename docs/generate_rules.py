"""Write what the site generates: a page per rule, and real output where a guide asks for it.

A hook of mkdocs. The pages are made from the rules and from the cases that test them. In a guide

    <!-- run: model-lint name model_seg_t2 -->            a command with its output
    <!-- refused: model-lint adopt old.zip -->            one that ends with exit status 2
    <!-- github: model-lint audit ivadomed -->            the same about an organization on GitHub;
                                                          the next ones on the page see its effects
    <!-- finding: L004 two folders -->                    a rule's finding, of one of its test cases
    <!-- file: reasons.toml -->                           a file of the folder the commands run in
    <!-- questions -->, <!-- audience -->, <!-- disagreements -->   tables

are replaced.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from contextlib import ExitStack
from functools import cache
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, Files
from model_lint.audience import reach
from model_lint.rules import FAMILIES, Rule, all_rules

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from console import block, console
from examples import example, finding
from local_github import OWNER, organization
from own_codes import PAGES
from sandbox import CONFIGURATIONS, sandbox
from tables import audience, disagreements, questions

SCHEMAS = Path(__file__).parent.parent / "linter" / "model_lint" / "schemas"

_MARK = re.compile(
    r"<!-- (run|refused|github|finding|file|questions|audience|disagreements)(?:: (.+?))? -->"
)


def on_files(files: Files, *, config: Any) -> Files:
    """Add the generated pages, and the schemas, to the site."""
    rules = all_rules()
    pages = {"index": _index(rules)}
    pages |= {rule.name: page(rule) for rule in rules}
    pages |= {name: make() for name, make in PAGES.items()}
    for name, content in pages.items():
        files.append(File.generated(config, f"rules/{name}.md", content=content))
    with organization() as github:
        content = github.output(f"model-lint audit {OWNER} --format html")
    files.append(File.generated(config, "examples/audit.html", content=content))
    for path in sorted(SCHEMAS.glob("*.json")):
        text = path.read_text(encoding="utf-8")
        files.append(File.generated(config, f"schemas/{path.name}", content=text))
    return files


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Replace the marks of a guide, from the first to the last."""
    with ExitStack() as started:
        github = cache(lambda: started.enter_context(organization()))
        makers = _MAKERS | {"github": lambda command: github().console(command)}
        return _MARK.sub(lambda found: makers[found[1]](found[2] or ""), markdown)


_MAKERS: dict[str, Callable[[str], str]] = {
    "run": lambda command: console(command, sandbox()),
    "refused": lambda command: console(command, sandbox(), statuses=(2,)),
    "finding": lambda text: finding(*text.split(" ", 1)),
    "file": lambda name: block("toml", CONFIGURATIONS[name]),
    "questions": lambda _: questions(),
    "audience": lambda _: audience(),
    "disagreements": lambda _: disagreements(),
}


def page(rule: Rule) -> str:
    """Return a rule's page, as Markdown."""
    others = sorted(severity.value for severity in rule.also)
    sometimes = f", in some cases {' or '.join(others)}" if others else ""
    parts = [
        f"# {rule.name} ({rule.code})",
        f"**{rule.severity.value.capitalize()}**{sometimes} · since {rule.since} · "
        f"family [{FAMILIES[rule.family]}](index.md#{_anchor(rule.family)})",
        rule.summary,
        *([f"{reach(rule)} [Whom a package is for](../guides/audience.md)"] if rule.stops else []),
        f"## Why\n\n{_sentence(rule.why)}",
        f"## Fix\n\n{_sentence(rule.fix)}",
        *_example(rule),
        f"## Source\n\n> {rule.source}",
        "## Silence it\n\nWith a reason, in `model-lint.toml`:\n\n"
        f'```toml\nignore = {{ {rule.code} = "why it is valid here" }}\n```',
    ]
    return "\n\n".join(parts) + "\n"


#: What an example changes, by the family of the rule.
_KINDS = {"R": "repository", "T": "release"}


def _example(rule: Rule) -> list[str]:
    shown = example(rule.code)
    if not shown:
        return [f"## Example\n\n{_sentence(rule.example)}"] if rule.example else []
    kind = _KINDS.get(rule.family, "package")
    parts = ["## Example"]
    if rule.example:
        parts.append(_sentence(rule.example))
    if shown.what:
        parts.append(f"A valid {kind} with one change: {shown.what}.")
    parts.append(shown.failing)
    parts.append("Repaired:")
    if shown.difference:
        parts.append(shown.difference)
    parts.append(shown.repaired)
    return parts


def _index(rules: tuple[Rule, ...]) -> str:
    lines = [
        "# Rules",
        "",
        "An **error** means that a consumer that [the package is for](../guides/audience.md) "
        "fails or silently does the wrong thing, that the specification forbids it, or that it is "
        "unsafe. A **warning** works today, but breaks a convention, wastes much space, leaks, or "
        "will fail soon. An **info** is worth knowing. "
        "[How verdicts are justified](../guides/verdicts.md) explains where they come from.",
        "",
        f"There are {len(rules)} rules. `model-lint rule CODE` shows the same in a terminal.",
    ]
    for letter, title in FAMILIES.items():
        family = [rule for rule in rules if rule.family == letter]
        lines += ["", f"## {title} {{ #{_anchor(letter)} }}", ""]
        lines += ["| Code | Name | Severity | Finds |", "|:--|:--|:--|:--|"]
        lines += [
            f"| {r.code} | [{r.name}]({r.name}.md) | {r.severity.value} | {r.summary} |"
            for r in family
        ]
    lines += [
        "",
        "## SCT's entry of a model { #family-s }",
        "",
        "Found by [`model-lint sct --check`](../guides/sct.md), which compares SCT with a package.",
        "",
        "| Code | Name | Severity | Says |",
        "|:--|:--|:--|:--|",
        "| S001 | [sct-entry-outdated](sct-entry-outdated.md) | error | SCT installs something "
        "else than the package. |",
        "| S002 | [sct-entry-differs](sct-entry-differs.md) | error | SCT's entry says something "
        "else of the model than the package. |",
        "",
        "## About the run itself { #family-x }",
        "",
        "| Code | Name | Severity | Says |",
        "|:--|:--|:--|:--|",
        "| X000 | [internal-error](internal-error.md) | error | A rule crashed. |",
        "| X001 | [unused-ignore](unused-ignore.md) | warning | An ignore silences nothing. |",
    ]
    return "\n".join(lines) + "\n"


def _anchor(letter: str) -> str:
    return f"family-{letter.lower()}"


def _sentence(text: str) -> str:
    return text if text.startswith("nnU-Net") else text[:1].upper() + text[1:]
