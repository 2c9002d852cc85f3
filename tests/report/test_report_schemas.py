"""The formats that have a schema conform to it with any content of a finding."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import xmlschema
from model_lint.findings import Report, TargetReport
from model_lint.report import render
from referencing import Registry, Resource
from report.sample_report import ALL_CLEAN, BROKEN, NOTHING, REPORT

SCHEMAS = Path(__file__).parents[1] / "data" / "schemas"
REPORTS = pytest.mark.parametrize(
    "report", [REPORT, ALL_CLEAN, NOTHING], ids=["findings", "clean", "nothing"]
)


@cache
def report_schema(name: str = "report") -> jsonschema.Draft202012Validator:
    """The schema of a report; that of `try` refers to that of the others."""
    texts = [files("model_lint").joinpath(f"schemas/{n}.schema.json") for n in (name, "report")]
    schema, other = (json.loads(text.read_text(encoding="utf-8")) for text in texts)
    jsonschema.Draft202012Validator.check_schema(schema)
    registry = Registry().with_resource(other["$id"], Resource.from_contents(other))
    return jsonschema.Draft202012Validator(schema, registry=registry)


@cache
def sarif_schema() -> jsonschema.Draft7Validator:
    text = (SCHEMAS / "sarif-schema-2.1.0.json").read_text(encoding="utf-8")
    return jsonschema.Draft7Validator(json.loads(text))


@cache
def junit_schema() -> xmlschema.XMLSchema:
    return xmlschema.XMLSchema(SCHEMAS / "junit-10.xsd")


def sarif(report: Report) -> dict[str, Any]:
    log: dict[str, Any] = json.loads(render(report, "sarif"))
    sarif_schema().validate(log)
    return log["runs"][0]  # type: ignore[no-any-return]


@REPORTS
def test_json(report: Report) -> None:
    data = json.loads(render(report, "json"))
    report_schema().validate(data)
    assert sum(data["summary"].values()) == len(report.findings)


@pytest.mark.parametrize(
    "change",
    [
        lambda data: data.pop("summary"),
        lambda data: data.update(version=2),
        lambda data: data["targets"][0].update(kind="zip"),
        lambda data: data["targets"][0]["findings"][0].update(severity="fatal"),
        lambda data: data["targets"][0]["findings"][0].update(line=0),
        lambda data: data["targets"][0]["findings"][0].pop("code"),
        lambda data: data["targets"][2]["ignored"][0].pop("reason"),
    ],
)
def test_json_schema_refuses(change: Any) -> None:
    data = json.loads(render(REPORT, "json"))
    change(data)
    assert not report_schema().is_valid(data)


@REPORTS
def test_sarif(report: Report) -> None:
    run = sarif(report)
    ignored = sum(len(target.ignored) for target in report.targets)
    assert len(run["results"]) == len(report.findings) + ignored


def test_sarif_results_refer_to_their_rules() -> None:
    run = sarif(REPORT)
    rules = run["tool"]["driver"]["rules"]
    assert [rules[r["ruleIndex"]]["id"] for r in run["results"]] == [
        r["ruleId"] for r in run["results"]
    ]
    assert len({rule["id"] for rule in rules}) == len(rules)
    assert all(rule["helpUri"].startswith("https://") for rule in rules)


def test_sarif_places() -> None:
    results = sarif(REPORT)["results"]
    places = [result["locations"][0] for result in results]
    by_rule = {result["ruleId"]: place for result, place in zip(results, places, strict=True)}

    in_zip = by_rule["D007"]
    assert in_zip["physicalLocation"]["artifactLocation"]["uri"] == "model_seg_sc_t2-r20240915.zip"
    assert in_zip["physicalLocation"]["region"] == {"startLine": 1}
    logical = in_zip["logicalLocations"][0]["fullyQualifiedName"]
    assert logical == "nnUNetTrainer__nnUNetPlans__2d/dataset.json"

    in_repository = by_rule["R004"]["physicalLocation"]
    assert in_repository["artifactLocation"]["uri"] == "README.md"  # not ./README.md
    assert in_repository["region"] == {"startLine": 12}


def test_sarif_fingerprints_differ_and_survive_a_moved_line() -> None:
    def prints(target: TargetReport) -> list[str]:
        results = sarif(Report((target,)))["results"]
        return [result["partialFingerprints"]["primaryLocationLineHash"] for result in results]

    before = prints(BROKEN)
    assert len(set(before)) == len(before)
    moved = tuple(f._replace(line=f.line and f.line + 5) for f in BROKEN.findings)
    assert prints(BROKEN._replace(findings=moved)) == before


def test_sarif_suppresses_what_is_ignored() -> None:
    results = sarif(REPORT)["results"]
    reasons = [r["suppressions"][0]["justification"] for r in results if "suppressions" in r]
    assert reasons == ["runs on one cluster", "runs on one cluster", ""]


def test_sarif_says_that_the_linter_crashed() -> None:
    assert sarif(ALL_CLEAN)["invocations"] == [{"executionSuccessful": True}]
    assert sarif(REPORT)["invocations"] == [{"executionSuccessful": False}]


@REPORTS
def test_junit(report: Report) -> None:
    text = render(report, "junit")
    junit_schema().validate(text)
    suites = ET.fromstring(text)
    for suite in suites:
        cases = suite.findall("testcase")
        assert int(suite.get("tests", "")) == len(cases) > 0
        for tag, attribute in {
            "failure": "failures",
            "error": "errors",
            "skipped": "skipped",
        }.items():
            assert int(suite.get(attribute, "")) == len(suite.findall(f"testcase/{tag}"))


def test_junit_fails_for_errors_alone() -> None:
    suites = {s.get("name"): s for s in ET.fromstring(render(REPORT, "junit"))}
    assert suites["."].get("failures") == "0"
    assert suites["."].get("skipped") == "1"
    (case,) = suites["other.zip"].findall("testcase")
    assert not list(case)
