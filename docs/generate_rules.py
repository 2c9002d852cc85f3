"""Write what the site generates: a page per rule, and real output where a guide asks for it.

A hook of mkdocs. The pages are made from the rules and from the cases that test them. In a guide

    <!-- run: model-lint name model_seg_t2 -->            a command with its output
    <!-- refused: model-lint adopt old.zip -->            one that ends with exit status 2
    <!-- start -->                                       the picture of the start page
    <!-- github: model-lint audit ivadomed -->            the same about an organization on GitHub;
                                                          the next ones on the page see its effects
    <!-- finding: L004 two folders -->                    a rule's finding, of one of its test cases
    <!-- answers: --no-input pathology=dcm -->           answers that the template refuses
    <!-- file: reasons.toml -->                           a file of the folder the commands run in
    <!-- questions -->, <!-- disagreements -->   tables

are replaced.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, Files
from model_lint.rules import FAMILIES, Rule, all_rules
from model_lint.rules.audience import reach

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from console import NARROW, block, console, output, refused_answers
from examples import example, finding
from local_github import OWNER, organization
from own_codes import PAGES
from rule_index import anchor, index
from sandbox import CONFIGURATIONS, SHOWN, sandbox
from social import card, described
from tables import disagreements, questions

SCHEMAS = Path(__file__).parent.parent / "linter" / "model_lint" / "schemas"

_MARK = re.compile(
    r"<!-- (run|refused|start|github|finding|answers|file|questions|disagreements)"
    r"(?:: (.+?))? -->"
)


def on_files(files: Files, *, config: Any) -> Files:
    """Add the generated pages, and the schemas, to the site."""
    rules = all_rules()
    pages = {"index": index(rules)}
    pages |= {rule.name: page(rule) for rule in rules}
    pages |= {name: make() for name, make in PAGES.items()}
    for name, content in pages.items():
        files.append(File.generated(config, f"rules/{name}.md", content=content))
    for name, content in _examples():
        files.append(File.generated(config, f"examples/{name}.html", content=content))
    files.append(File.generated(config, "images/card.png", content=card()))
    for path in sorted(SCHEMAS.glob("*.json")):
        text = path.read_text(encoding="utf-8")
        files.append(File.generated(config, f"schemas/{path.name}", content=text))
    return files


def _examples() -> Iterator[tuple[str, str]]:
    """Yield the name and the content of each page that the linter itself writes."""
    with organization() as github:
        yield "audit", github.output(f"model-lint audit {OWNER} --format html")
    yield "report", output(f"{SHOWN} --format html", sandbox())[1]


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Replace the marks of a guide, from the first to the last."""
    with ExitStack() as started:
        github = cache(lambda: started.enter_context(organization()))
        makers = _MAKERS | {"github": lambda command: github().console(command)}
        return _MARK.sub(lambda found: makers[found[1]](found[2] or ""), markdown)


def on_page_content(html: str, *, page: Any, **_: Any) -> None:
    """Describe a page by its first paragraph, unless it describes itself."""
    if found := re.search(r"<p>(.+?)</p>", html, re.DOTALL):
        page.meta.setdefault("description", described(found[1]))


_MAKERS: dict[str, Callable[[str], str]] = {
    "run": lambda command: console(command, sandbox()),
    "refused": lambda command: console(command, sandbox(), statuses=(2,)),
    "start": lambda _: console(SHOWN, sandbox(), width=NARROW),
    "finding": lambda text: finding(*text.split(" ", 1)),
    "answers": refused_answers,
    "file": lambda name: block("toml", CONFIGURATIONS[name]),
    "questions": lambda _: questions(),
    "disagreements": lambda _: disagreements(),
}


def page(rule: Rule) -> str:
    """Return a rule's page, as Markdown."""
    others = sorted(severity.value for severity in rule.also)
    sometimes = f", in some cases {' or '.join(others)}" if others else ""
    parts = [
        "---\nhide: [navigation]\nsearch: {boost: 2}\n"
        f"description: {json.dumps(described(rule.summary))}\n---",
        f"# {rule.name} ({rule.code})",
        f"[Rules](index.md) / [{FAMILIES[rule.family]}](index.md#{anchor(rule.family)}) · "
        f"**{rule.severity.value.capitalize()}**{sometimes} · since {rule.since}",
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


def _sentence(text: str) -> str:
    return text if text.startswith("nnU-Net") else text[:1].upper() + text[1:]
