"""Which rules run: selection by code, by prefix of codes or by name."""

from __future__ import annotations

from collections.abc import Iterable

from .errors import UsageError
from .findings import OWN
from .rules import DOCS_URL, Rule

#: Rules about what only reading every byte tells.
DEEP = frozenset({"C013", "Z010"})


def select_rules(
    rules: tuple[Rule, ...],
    *,
    select: Iterable[str] = (),
    extend_select: Iterable[str] = (),
    ignore: Iterable[str] = (),
) -> tuple[Rule, ...]:
    """Return the rules that run: those selected (all by default), less those ignored.

    Raises UsageError for a selector that names no rule.
    """
    chosen = _codes(rules, select) or {rule.code for rule in rules}
    chosen = (chosen | _codes(rules, extend_select)) - _codes(rules, ignore)
    return tuple(rule for rule in rules if rule.code in chosen)


def only_deep(rules: tuple[Rule, ...], selectors: Iterable[str]) -> list[str]:
    """Return the codes of those selectors that stand for nothing but rules that need ``--deep``."""
    found = (match(rules, selector) for selector in selectors)
    return sorted({code for codes in found if codes <= DEEP for code in codes})


def match(rules: tuple[Rule, ...], selector: str) -> set[str]:
    """Return the codes that a selector stands for. Raises UsageError where there are none."""
    found = {r.code for r in rules if r.code.startswith(selector) or r.name == selector}
    if not found or not selector:
        raise UsageError(_unknown(rules, selector))
    return found


def _codes(rules: tuple[Rule, ...], selectors: Iterable[str]) -> set[str]:
    return {code for selector in selectors for code in match(rules, selector)}


def _unknown(rules: tuple[Rule, ...], selector: str) -> str:
    if selector in OWN or selector in OWN.values():
        page = f"{DOCS_URL}{OWN.get(selector, selector)}/"
        return f"{selector!r} is no rule, but model-lint's own: {page}"
    known = [name for rule in rules for name in (rule.code, rule.name)]
    from difflib import get_close_matches  # noqa: PLC0415 - only a wrong word pays for it

    near = get_close_matches(selector.upper(), known, 1) or get_close_matches(selector, known, 1)
    hint = f"did you mean {near[0]}?" if near else "`model-lint rule` lists them"
    return f"no rule has the code, prefix or name {selector!r}; {hint}"
