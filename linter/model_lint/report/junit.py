"""JUnit's XML, as Jenkins, GitLab and Azure read it: a test suite per target.

Errors are failures. Warnings and infos are skipped tests: they are shown, but do not fail a build
that model-lint itself passes. A clean target is one test that passes.
"""

from __future__ import annotations

from ..findings import INTERNAL, Finding, Report, Severity, Stats, TargetReport
from .markup import markup
from .shared import path_inside


def render(report: Report, *, color: bool = False) -> str:  # noqa: ARG001 - same in every format
    """Render a report as an XML document."""
    targets = list(report.targets)
    if report.configuration:
        targets.append(TargetReport("configuration", "", report.configuration, Stats()))
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n'
        f'<testsuites name="model-lint"{_counts(report.findings, _cases(targets))}>\n'
        f"{''.join(map(_suite, targets))}"
        "</testsuites>\n"
    )


def _cases(targets: list[TargetReport]) -> int:
    return sum(max(1, len(target.findings)) for target in targets)


def _counts(findings: tuple[Finding, ...], tests: int) -> str:
    broken = sum(f.code == INTERNAL for f in findings)
    errors = sum(f.severity is Severity.ERROR for f in findings)
    return f' tests="{tests}" failures="{errors - broken}" errors="{broken}"'


def _suite(target: TargetReport) -> str:
    cases = [_case(finding, target.target) for finding in target.findings]
    clean = f'    <testcase name="clean" classname="{markup(target.target)}"/>\n'
    skipped = sum(f.severity is not Severity.ERROR for f in target.findings)
    return (
        f'  <testsuite name="{markup(target.target)}"{_counts(target.findings, _cases([target]))}'
        f' skipped="{skipped}" time="{target.stats.seconds:.3f}">\n'
        f"{_properties(target)}{''.join(cases) or clean}"
        "  </testsuite>\n"
    )


def _properties(target: TargetReport) -> str:
    """Return properties that say who takes a package."""
    lines = (
        f'      <property name="takes.{answer.consumer.value}" value="{markup(answer.verdict)}"/>\n'
        for answer in target.takes
    )
    return f"    <properties>\n{''.join(lines)}    </properties>\n" if target.takes else ""


def _case(finding: Finding, target: str) -> str:
    where = path_inside(target, finding)
    if finding.line:
        where += f":{finding.line}"
    name = f"{finding.code} {finding.rule}{f' {where}' if where else ''}"
    message, kind = markup(finding.message), f"{finding.code} {finding.rule}"
    if finding.severity is not Severity.ERROR:
        outcome = f'<skipped type="{kind}" message="{finding.severity.value}: {message}"/>'
    else:
        tag = "error" if finding.code == INTERNAL else "failure"
        lines = [f"{finding.location}: {finding.message}", f"Fix: {finding.help}", finding.url]
        text = "\n".join(map(markup, lines))
        outcome = f'<{tag} type="{kind}" message="{message}">{text}</{tag}>'
    return (
        f'    <testcase name="{markup(name)}" classname="{markup(target)}">\n'
        f"      {outcome}\n"
        "    </testcase>\n"
    )
