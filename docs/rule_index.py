"""The index of the rules: a table for each family, and the form that filters them."""

from __future__ import annotations

from collections.abc import Iterable

from model_lint.findings import Consumer, Severity
from model_lint.rules import FAMILIES, Rule

_HEAD = """---
hide: [navigation]
description: >-
  Every defect that model-lint finds in an nnU-Net model: what it is, why it matters, how to fix it.
---

# Rules

An **error** means that a consumer that [the package is for](../guides/audience.md) fails or
silently does the wrong thing, that the specification forbids it, or that it is unsafe. A
**warning** works today, but breaks a convention, wastes much space, leaks, or will fail soon. An
**info** is worth knowing. [How verdicts are justified](../guides/verdicts.md) says where they come
from.

There are {count} rules, two codes of [`model-lint sct --check`](../guides/sct.md), and two about
the run itself. `model-lint rule CODE` explains a rule in a terminal.

{filter}
"""

#: Works with rules/filter.js, without which it stays hidden.
_FILTER = """\
<form id="filter" class="filter" role="search" aria-label="Filter the rules" hidden>
<label class="filter__find">Find
<input type="search" name="q" autocomplete="off" placeholder="orientation, D003, …"></label>
<label>Family <select name="family"><option value="">all</option>{families}</select></label>
<label>Severity <select name="severity"><option value="">all</option>{severities}</select></label>
<label>Stops <select name="stops"><option value="">all</option>{consumers}</select></label>
<label>Option <select name="option"><option value="">all</option>
<option value="--fix">--fix repairs it</option><option value="--deep">needs --deep</option>
</select></label>
<button type="reset" class="md-button">Show all</button>
<p class="filter__shown" role="status"></p>
</form>
<script src="filter.js" defer></script>
"""

_TABLE = """<section markdown>

## {title} {{ #{anchor} }}

| Code | Name | Severity | Stops | Option | Finds |
|:--|:--|:--|:--|:--|:--|
{rows}

</section>
"""

#: The findings without a rule: of `model-lint sct --check`, and about the run itself.
_OF_SCT = [
    "| S001 | [sct-entry-outdated](sct-entry-outdated.md) | error | | | SCT installs something "
    "else than the package. |",
    "| S002 | [sct-entry-differs](sct-entry-differs.md) | error | | | SCT's entry says something "
    "else of the model than the package. |",
]
_OWN = [
    "| X000 | [internal-error](internal-error.md) | error | | | A rule crashed. |",
    "| X001 | [unused-ignore](unused-ignore.md) | warning | | | An ignore silences nothing. |",
]


def index(rules: tuple[Rule, ...]) -> str:
    """Return the index, as Markdown."""
    families = {
        title: (anchor(letter), [_row(rule) for rule in rules if rule.family == letter])
        for letter, title in FAMILIES.items()
    } | {
        "SCT's entry of a model": (anchor("S"), _OF_SCT),
        "About the run itself": (anchor("X"), _OWN),
    }
    form = _FILTER.format(
        families=_options(families),
        severities=_options(severity.value for severity in Severity),
        consumers=_options(consumer.title for consumer in Consumer),
    )
    tables = [
        _TABLE.format(title=title, anchor=name, rows="\n".join(rows))
        for title, (name, rows) in families.items()
    ]
    return "\n".join([_HEAD.format(count=len(rules), filter=form), *tables])


def anchor(letter: str) -> str:
    """Return the fragment of a family's heading."""
    return f"family-{letter.lower()}"


def _row(rule: Rule) -> str:
    severities = " or ".join(severity.value for severity in rule.severities)
    stops = ", ".join(consumer.title for consumer in rule.stops)
    options = " ".join(["`--fix`"] * bool(rule.repair) + ["`--deep`"] * rule.deep)
    cells = [rule.code, f"[{rule.name}]({rule.name}.md)", severities, stops, options, rule.summary]
    return f"| {' | '.join(cells)} |"


def _options(values: Iterable[str]) -> str:
    return "".join(f"<option>{value}</option>" for value in values)
