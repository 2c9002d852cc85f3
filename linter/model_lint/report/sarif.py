"""SARIF 2.1.0, as GitHub's code scanning and editors read it.

A finding inside a zip is placed on the zip, the only file that the repository knows; the path
inside it is a logical location and opens the message.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from pathlib import PurePath
from typing import Any
from urllib.parse import quote

from .. import __version__
from ..findings import INTERNAL, Finding, Report, Severity, TargetReport
from ..rules import Rule, all_rules
from .json import dump, takes
from .shared import ADDRESSES, every_finding, split_location

_SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)
_HOME = "https://github.com/ivadomed/model-template"
_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}
#: GitHub's names of the severities, for findings that are not security alerts.
_PROBLEMS = {
    Severity.ERROR: "error",
    Severity.WARNING: "warning",
    Severity.INFO: "recommendation",
}


def render(report: Report, *, color: bool = False) -> str:  # noqa: ARG001 - same in every format
    """Render a report as a SARIF log with one run."""
    rules = [_rule(rule) for rule in all_rules()]
    known = {rule["id"] for rule in rules}
    found = [(target, finding, None) for target, finding in every_finding(report)]
    ignored = [(t, i.finding, i.reason) for t in report.targets for i in t.ignored]
    for _, finding, _ in [*found, *ignored]:
        if finding.code not in known:
            known.add(finding.code)
            rules.append(_unregistered(finding))
    index = {rule["id"]: position for position, rule in enumerate(rules)}
    seen: Counter[str] = Counter()
    run = {
        "tool": {
            "driver": {
                "name": "model-lint",
                "version": __version__,
                "semanticVersion": __version__,
                "informationUri": _HOME,
                "rules": rules,
            }
        },
        "invocations": [{"executionSuccessful": all(f.code != INTERNAL for f in report.findings)}],
        "columnKind": "unicodeCodePoints",
        "results": [
            _result(target, finding, reason, index, seen)
            for target, finding, reason in [*found, *ignored]
        ],
        "properties": {"takes": {t.target: takes(t) for t in report.targets if t.takes}},
    }
    return dump({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]})


def _rule(rule: Rule) -> dict[str, Any]:
    described = {
        "id": rule.code,
        "name": rule.name,
        "shortDescription": {"text": rule.summary},
        "fullDescription": {"text": f"{rule.summary} Why: {rule.why}"},
        "helpUri": rule.url,
        "help": {
            "text": f"Why: {rule.why}\n\nFix: {rule.fix}\n\nSource: {rule.source}\n\n{rule.url}",
            "markdown": f"{rule.summary}\n\n**Why:** {rule.why}\n\n**Fix:** {rule.fix}\n\n"
            f"**Source:** {rule.source}\n\n[{rule.code} {rule.name}]({rule.url})",
        },
        "defaultConfiguration": {"level": _LEVELS[rule.severity]},
    }
    tags = ["security"] if rule.security else ["nnU-Net"]
    properties = {"tags": tags, "problem.severity": _PROBLEMS[rule.severity]}
    return {**described, "properties": properties}


def _unregistered(finding: Finding) -> dict[str, Any]:
    """Describe a finding of the linter itself, which has no rule."""
    return {
        "id": finding.code,
        "name": finding.rule,
        "shortDescription": {"text": finding.rule.replace("-", " ")},
        "helpUri": finding.url,
        "help": {"text": finding.help},
        "defaultConfiguration": {"level": _LEVELS[finding.severity]},
    }


def _result(
    target: TargetReport | None,
    finding: Finding,
    reason: str | None,
    index: dict[str, int],
    seen: Counter[str],
) -> dict[str, Any]:
    file, inner = split_location(target, finding)
    where = f"{inner}{f':{finding.line}' if finding.line else ''}: " if inner else ""
    result: dict[str, Any] = {
        "ruleId": finding.code,
        "ruleIndex": index[finding.code],
        "level": _LEVELS[finding.severity],
        "message": {"text": f"{where}{finding.message}\nFix: {finding.help}"},
        "locations": [_location(target, finding, file, inner)],
        "partialFingerprints": {"primaryLocationLineHash": _fingerprint(finding, seen)},
    }
    if finding.stops:
        result["properties"] = {"stops": [consumer.value for consumer in finding.stops]}
    if reason is not None:
        result["suppressions"] = [{"kind": "external", "justification": reason}]
    return result


def _location(
    target: TargetReport | None, finding: Finding, file: str, inner: str
) -> dict[str, Any]:
    location: dict[str, Any] = {}
    of_release = target is not None and target.kind == "release"
    # Code scanning refuses a whole log in which a finding has no file and no line.
    place = inner or finding.location if of_release else file
    if place:
        in_zip = inner and not of_release
        location["physicalLocation"] = {
            "artifactLocation": {"uri": _uri(place)},
            "region": {"startLine": 1} if in_zip else _region(finding),
        }
    if inner:
        # A file of a release has no place on disk.
        full = inner if file else finding.location
        location["logicalLocations"] = [
            {"name": PurePath(inner).name, "fullyQualifiedName": full, "kind": "resource"}
        ]
    elif not file and target:
        location["logicalLocations"] = [{"name": target.target}]
    return location


def _region(finding: Finding) -> dict[str, Any]:
    region: dict[str, Any] = {"startLine": finding.line or 1}
    source = finding.source
    if finding.line and source and source.column:
        region["startColumn"] = source.column
        region["endColumn"] = source.column + max(1, source.length)
    return region


def _uri(path: str) -> str:
    """Return a path as a URI; a relative path stays relative to the repository.

    An address loses its scheme: code scanning refuses a whole log if one URI has another scheme
    than the files of the checkout, and shows a relative path unchanged.
    """
    if path.startswith(ADDRESSES):
        return quote(path.partition("://")[2], safe="/?=&%", errors="surrogatepass")
    if PurePath(path).is_absolute():
        rest = PurePath(path).as_posix().lstrip("/")  # Windows begins with a drive
        return "file:///" + quote(rest, safe="/:", errors="surrogatepass")
    return quote(PurePath(path).as_posix(), errors="surrogatepass")


def _fingerprint(finding: Finding, seen: Counter[str]) -> str:
    """Return what identifies a finding across runs: its file and message, but not its line."""
    key = f"{finding.code}\n{finding.location.removeprefix('./')}\n{finding.message}"
    digest = hashlib.sha256(key.encode(errors="surrogatepass")).hexdigest()[:16]
    seen[digest] += 1
    return f"{digest}:{seen[digest]}"
