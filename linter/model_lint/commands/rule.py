"""``model-lint rule``: explain rules, or list them."""

from __future__ import annotations

import argparse
import json
import sys
import textwrap

from ..lint import select_rules
from ..rules import Rule, all_rules
from ..rules.audience import reach
from ..terminal import Paint, painter, text_width, use_color


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``rule``."""
    parser.add_argument(
        "codes",
        metavar="RULE",
        nargs="*",
        help="a code, the start of codes, or a name (default: list all rules)",
    )
    parser.add_argument(
        "--format", choices=["text", "json"], default="text", help="text (default) or json"
    )
    parser.add_argument(
        "--color",
        choices=["auto", "always", "never"],
        default="auto",
        help="colour of text output (default: auto, which follows NO_COLOR and FORCE_COLOR)",
    )


def run(options: argparse.Namespace) -> int:
    """Print the chosen rules."""
    rules = select_rules(all_rules(), select=options.codes)
    if options.format == "json":
        json.dump([_data(rule) for rule in rules], sys.stdout, indent=2)
        sys.stdout.write("\n")
        return 0
    paint = painter(color=use_color(options.color))
    if options.codes:
        width = text_width()
        sys.stdout.write("\n".join(_explanation(rule, paint, width) for rule in rules))
    else:
        sys.stdout.write("".join(_line(rule, paint) for rule in rules))
    return 0


def _data(rule: Rule) -> dict[str, str | bool | list[str]]:
    return {
        "code": rule.code,
        "name": rule.name,
        "severity": rule.severity.value,
        "stops": [consumer.value for consumer in rule.stops],
        "since": rule.since,
        "summary": rule.summary,
        "why": rule.why,
        "fix": rule.fix,
        "fixable": bool(rule.repair),
        "example": rule.example,
        "source": rule.source,
        "url": rule.url,
    }


def _line(rule: Rule, paint: Paint) -> str:
    """Return one line per rule, for grep."""
    severity = paint(f"{rule.severity.value:7}", rule.severity.value)
    return f"{paint(rule.code, 'bold')}  {severity}  {rule.name:28}  {rule.summary}\n"


def _explanation(rule: Rule, paint: Paint, width: int) -> str:
    severity = paint(rule.severity.value, rule.severity.value)
    parts = [
        f"{paint(rule.code, 'bold')} {paint(rule.name, 'bold')}: {severity}, "
        f"since model-lint {rule.since}\n",
        _filled(rule.summary, width, "  "),
        *(
            f"  {paint(title, 'bold')}\n{_filled(text, width, '    ')}"
            for title, text in (
                ("Stops", reach(rule)),
                ("Why", rule.why),
                ("Fix", rule.fix),
                ("With --fix", _repair(rule)),
                ("Example", rule.example),
                ("Source", rule.source),
            )
            if text
        ),
        f"  {paint(rule.url, 'dim')}\n",
    ]
    return "\n".join(parts)


def _repair(rule: Rule) -> str:
    done = rule.repair
    return f"`model-lint check --fix` {done}." if done else ""


def _filled(text: str, width: int, indent: str) -> str:
    filled = textwrap.fill(
        text,
        width,
        initial_indent=indent,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )
    return f"{filled}\n"
