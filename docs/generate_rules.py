"""Write the rules' pages when the site is built: they can't differ from the rules themselves."""

from __future__ import annotations

from typing import Any

from mkdocs.structure.files import File, Files
from model_lint.rules import Rule, all_rules

FAMILIES = {
    "N": "Repository names",
    "R": "Repositories",
    "T": "Releases",
    "Z": "The zip as a container",
    "L": "The layout of a package",
    "D": "dataset.json",
    "P": "plans.json",
    "C": "Checkpoints",
    "K": "Safety of checkpoints",
    "V": "Privacy",
}


def on_files(files: Files, *, config: Any) -> Files:
    """Add the generated pages to the site."""
    rules = all_rules()
    files.append(File.generated(config, "rules/index.md", content=_index(rules)))
    for rule in rules:
        files.append(File.generated(config, f"rules/{rule.name}.md", content=page(rule)))
    return files


def page(rule: Rule) -> str:
    """Return a rule's page, as Markdown."""
    parts = [
        f"# {rule.name} ({rule.code})",
        f"**{rule.severity.value.capitalize()}** · since {rule.since} · "
        f"family [{FAMILIES[rule.code[0]]}](index.md#{_anchor(rule.code[0])})",
        rule.summary,
        f"## Why\n\n{_sentence(rule.why)}",
        f"## Fix\n\n{_sentence(rule.fix)}",
        f"## Source\n\n> {rule.source}",
        "## Silence it\n\nWith a reason, in `model-lint.toml`:\n\n"
        f'```toml\nignore = {{ {rule.code} = "why it is right here" }}\n```',
    ]
    return "\n\n".join(parts) + "\n"


def _index(rules: tuple[Rule, ...]) -> str:
    lines = [
        "# Rules",
        "",
        "An **error** means that SCT or nnU-Net fails or silently does the wrong thing, that the "
        "specification forbids it, or that it is unsafe. A **warning** works today, but breaks a "
        "convention, wastes much space, leaks, or will fail soon. An **info** is worth knowing.",
    ]
    for letter, title in FAMILIES.items():
        family = [rule for rule in rules if rule.code.startswith(letter)]
        if not family:
            continue
        lines += ["", f"## {title} {{ #{_anchor(letter)} }}", "", "| Code | Name | | Finds |"]
        lines += ["|:--|:--|:--|:--|"]
        lines += [
            f"| {r.code} | [{r.name}]({r.name}.md) | {r.severity.value} | {r.summary} |"
            for r in family
        ]
    return "\n".join(lines) + "\n"


def _anchor(letter: str) -> str:
    return f"family-{letter.lower()}"


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]
