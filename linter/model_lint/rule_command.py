"""``model-lint rule``: explain rules, or list them."""

from __future__ import annotations

import argparse
import json
import sys
import textwrap

from .rules import Rule, all_rules
from .selection import select_rules


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``rule``."""
    parser.add_argument(
        "codes",
        metavar="RULE",
        nargs="*",
        help="a code, the start of codes, or a name; all are listed without one",
    )
    parser.add_argument("--format", choices=["text", "json"], default="text")


def run(options: argparse.Namespace) -> int:
    """Print the chosen rules."""
    rules = select_rules(all_rules(), select=options.codes)
    if options.format == "json":
        json.dump([_data(rule) for rule in rules], sys.stdout, indent=2, ensure_ascii=False)
        sys.stdout.write("\n")
    elif options.codes:
        sys.stdout.write("\n".join(_explanation(rule) for rule in rules))
    else:
        sys.stdout.write("".join(_line(rule) for rule in rules))
    return 0


def _data(rule: Rule) -> dict[str, str]:
    return {
        "code": rule.code,
        "name": rule.name,
        "severity": rule.severity.value,
        "since": rule.since,
        "summary": rule.summary,
        "why": rule.why,
        "fix": rule.fix,
        "source": rule.source,
        "url": rule.url,
    }


def _line(rule: Rule) -> str:
    return f"{rule.code}  {rule.severity.value:7}  {rule.name:28}  {rule.summary}\n"


def _explanation(rule: Rule) -> str:
    head = f"{rule.code} {rule.name} ({rule.severity.value}, since {rule.since})\n\n"
    paragraphs = [
        rule.summary,
        f"Why: {rule.why}",
        f"Fix: {rule.fix}",
        f"Source: {rule.source}",
        rule.url,
    ]
    return head + "\n".join(textwrap.fill(p, 88, break_long_words=False) + "\n" for p in paragraphs)
