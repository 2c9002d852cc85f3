"""Selecting rules by code, by the start of codes and by name."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from model_lint.errors import UsageError
from model_lint.findings import Problem, Severity
from model_lint.lint import only_deep, select_rules
from model_lint.rules import PRACTICE, Rule, all_rules


def nothing(_: object) -> Iterator[Problem]:
    """Find nothing."""
    yield from ()


RULES = tuple(
    Rule(code, name, Severity.ERROR, PRACTICE, "", (), nothing)
    for code, name in [("D001", "bad-json"), ("D002", "bad-schema"), ("C001", "not-torch")]
)


def codes(**options: list[str]) -> list[str]:
    return [rule.code for rule in select_rules(RULES, **options)]


def test_all_rules_run_by_default() -> None:
    assert codes() == ["D001", "D002", "C001"]


def test_selectors_are_codes_prefixes_and_names() -> None:
    assert codes(select=["D"]) == ["D001", "D002"]
    assert codes(select=["D001", "not-torch"]) == ["D001", "C001"]
    assert codes(ignore=["D00"]) == ["C001"]
    assert codes(select=["C"], extend_select=["bad-json"]) == ["D001", "C001"]
    assert codes(select=["D"], ignore=["bad-json"]) == ["D002"]


@pytest.mark.parametrize(
    ("selector", "hint"),
    [
        ("D01", "did you mean D001?"),
        ("d001", "did you mean D001?"),
        ("bad-jsn", "did you mean bad-json?"),
        ("zzz", "`model-lint rule` lists them"),
        ("", "lists them"),
    ],
)
def test_an_unknown_selector_is_refused_with_a_hint(selector: str, hint: str) -> None:
    with pytest.raises(UsageError) as error:
        codes(select=[selector])
    assert hint in str(error.value)


def test_rules_that_read_everything_are_told_from_others() -> None:
    rules = all_rules()
    assert only_deep(rules, ["Z010", "non-finite-weights"]) == ["C013", "Z010"]
    assert only_deep(rules, ["Z", "Z01", "C012"]) == []
