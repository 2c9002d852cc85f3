"""What the real rules become in SARIF keeps within the limits of GitHub's code scanning."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
from model_lint.findings import Report
from model_lint.report import render
from model_lint.rules import all_rules

SCHEMA = Path(__file__).parents[1] / "data" / "schemas" / "sarif-schema-2.1.0.json"


def test_rules() -> None:
    log = json.loads(render(Report(()), "sarif"))
    jsonschema.Draft7Validator(json.loads(SCHEMA.read_text(encoding="utf-8"))).validate(log)
    rules = log["runs"][0]["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == [rule.code for rule in all_rules()]
    for rule in rules:
        assert 0 < len(rule["name"]) <= 255
        assert 0 < len(rule["shortDescription"]["text"]) <= 1024, rule["id"]
        assert 0 < len(rule["fullDescription"]["text"]) <= 1024, rule["id"]
        assert rule["help"]["markdown"].count("**Why:**") == 1
        assert rule["properties"]["problem.severity"] in {"error", "warning", "recommendation"}
