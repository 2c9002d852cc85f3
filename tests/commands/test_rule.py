"""``model-lint rule``: every rule can be listed and explained, as text and as JSON."""

from __future__ import annotations

import json
import re

import pytest
from model_lint.cli import main
from model_lint.rules import all_rules
from model_lint.rules.audience import reach


def run(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    assert main(["rule", *words]) == 0
    captured = capsys.readouterr()
    assert captured.err == ""
    return captured.out


def test_list_has_a_line_per_rule(capsys: pytest.CaptureFixture[str]) -> None:
    lines = run(capsys).splitlines()
    assert [line.split()[:3] for line in lines] == [
        [rule.code, rule.severity.value, rule.name] for rule in all_rules()
    ]


def test_explanation(capsys: pytest.CaptureFixture[str]) -> None:
    (rule,) = (rule for rule in all_rules() if rule.code == "D003")
    text = run(capsys, "D003")
    head, *sections = re.split(r"\n\n(?=  \S)", text)
    assert head == f"D003 {rule.name}: error, since model-lint {rule.since}"
    told = [" ".join(section.split()) for section in sections]
    assert told == [
        rule.summary,
        f"Stops {reach(rule)}",
        f"Why {rule.why}",
        f"Fix {rule.fix}",
        f"Source {rule.source}",
        rule.url,
    ]


def test_an_example_is_shown_where_there_is_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert "\n\n  Example\n    `model-spinal-rootlets` is invalid" in run(capsys, "N001")
    (rule,) = json.loads(run(capsys, "N001", "--format", "json"))
    assert rule["example"].startswith("`model-spinal-rootlets` is invalid")


def test_every_rule_is_explained_within_the_width(capsys: pytest.CaptureFixture[str]) -> None:
    for rule in all_rules():
        lines = run(capsys, rule.code).splitlines()
        wrapped = [line for line in lines if len(line.split()) > 1]
        assert all(len(line) <= 100 for line in wrapped), rule.code


def test_prefix_and_name(capsys: pytest.CaptureFixture[str]) -> None:
    by_prefix = re.findall(r"^([A-Z]\d{3}) ", run(capsys, "N"), re.MULTILINE)
    assert by_prefix == [rule.code for rule in all_rules() if rule.code.startswith("N")]
    assert run(capsys, "missing-image-orientation") == run(capsys, "D003")


def test_json(capsys: pytest.CaptureFixture[str]) -> None:
    rules = json.loads(run(capsys, "--format", "json"))
    assert [rule["code"] for rule in rules] == [rule.code for rule in all_rules()]
    keys = "code name severity stops since summary why fix fixable example source url"
    assert all(" ".join(rule) == keys for rule in rules)
    assert all(
        rule[key] for rule in rules for key in rule if key not in {"example", "fixable", "stops"}
    )
    (one,) = json.loads(run(capsys, "D003", "--format", "json"))
    assert one in rules


def test_color(capsys: pytest.CaptureFixture[str]) -> None:
    plain = run(capsys, "D003")
    colored = run(capsys, "D003", "--color", "always")
    assert "\033[1;31merror\033[0m" in colored
    assert re.sub(r"\033\[[0-9;]*m", "", colored) == plain


def test_unknown_rule(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rule", "D0O3"]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "did you mean" in captured.err
