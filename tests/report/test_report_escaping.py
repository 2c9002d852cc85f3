"""Everything from a package is text in a report, and is never run."""
# ruff: noqa: SIM905 - lists of symbols read best without quotes

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from html.parser import HTMLParser

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from model_lint.findings import Finding, Report, Severity, SourceLine, Stats, TargetReport
from model_lint.report import FORMATS, render
from model_lint.wording import printable
from report.sample_report import finding
from report.test_report_schemas import sarif_schema

#: What means something in at least one of the formats, and any character at all, halves of
#: surrogate pairs included (file names hold them).
NASTY = st.sampled_from(
    [
        *"::error::x ##[error]x %0A %25 <script>alert(1)</script> </pre> <!-- --> ]]> &lt;".split(),
        *"& \" ' ` `` | \\ \\| * _ [a](b) ![a](b) http://x.y www.x.y @user #1 , : !/".split(),
        *("\x1b[31m", "\x9b31m", "\x07", "\0", "\n", "\r\n", "\t", " ", "\u2028", "\u202e"),
        *("\ufeff", "\ufffe", "\ud800", "\udcff", "\U000e0001", "\u65e5\u672c"),
    ]
)


def _joined(parts: list[str]) -> str:
    """Join texts; two halves that meet are one character, as JSON reads them."""
    halves = "".join(parts).encode("utf-16-le", "surrogatepass")
    return halves.decode("utf-16-le", "surrogatepass")


TEXT = st.lists(NASTY | st.text(st.characters(), max_size=5), max_size=8).map(_joined)
#: Few examples, for each is a whole report; no deadline, for machines are busy.
quick = settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
SEVERITY = st.sampled_from(Severity)


@st.composite
def sources(draw: st.DrawFn) -> SourceLine | None:
    text = draw(TEXT)
    if draw(st.booleans()) or not text:
        return draw(st.sampled_from([None, SourceLine(text)]))
    start = draw(st.integers(0, len(text) - 1))
    return SourceLine(text, start, draw(st.integers(1, len(text) - start)), start + 1)


@st.composite
def findings(draw: st.DrawFn, target: str) -> Finding:
    return finding(
        "L015",
        "unexpected-file",
        draw(SEVERITY),
        draw(TEXT.filter(bool)),
        draw(st.sampled_from([target, f"{target}!/{draw(TEXT)}", f"{target}/{draw(TEXT)}"])),
        draw(st.none() | st.integers(1, 10**6)),
        draw(TEXT),
        draw(sources()),
    )


@st.composite
def reports(draw: st.DrawFn) -> Report:
    target = draw(TEXT.filter(bool))
    found = tuple(draw(st.lists(findings(target), max_size=3)))
    kind = draw(st.sampled_from(["package", "folder", "repository", "name"]))
    return Report((TargetReport(target, kind, found, Stats(1, 2, 3, 0.5)),))


def harmless(text: str) -> bool:
    """Whether a terminal only prints it, and GitHub Actions reads no command in it."""
    lines = text.split("\n")
    return (
        all(line.isprintable() for line in lines)
        and not any(line.lstrip().startswith("::") for line in lines)
        and "##[" not in text
    )


@given(reports())
@quick
def test_concise(report: Report) -> None:
    text = render(report, "concise")
    assert harmless(text)
    assert len(text.splitlines()) == len(report.findings)


@given(reports(), st.integers(1, 200))
@quick
def test_text(report: Report, width: int) -> None:
    plain = render(report, "text", width=width)
    assert harmless(plain)
    colored = render(report, "text", width=width, color=True)
    assert re.sub(r"\x1b\[[0-9;]*m", "", colored).replace("\\", "") == plain.replace("\\", "")


@given(reports())
@quick
def test_json_loses_nothing(report: Report) -> None:
    text = render(report, "json")
    assert text.isascii()
    (target,) = json.loads(text)["targets"]
    assert target["target"] == report.targets[0].target
    assert [(f["message"], f["location"], f["line"], f["help"]) for f in target["findings"]] == [
        (f.message, f.location, f.line, f.help) for f in report.findings
    ]


@given(reports())
@quick
def test_sarif(report: Report) -> None:
    text = render(report, "sarif")
    assert text.isascii()
    log = json.loads(text)
    sarif_schema().validate(log)
    for result, expected in zip(log["runs"][0]["results"], report.findings, strict=True):
        assert expected.message in result["message"]["text"]
        for location in result["locations"]:
            uri = location.get("physicalLocation", {}).get("artifactLocation", {}).get("uri", "")
            assert re.fullmatch(r"([\w.~/!*'();:@&=+$,?#\[\]-]|%[0-9A-F]{2})*", uri, re.ASCII)


def run_command(line: str) -> tuple[str, dict[str, str], str]:
    """Read a workflow command as the runner does (``ActionCommand.TryParseV2``)."""
    assert line.startswith("::")
    head, _, data = line[2:].partition("::")
    name, _, listed = head.partition(" ")
    properties = dict(item.split("=", 1) for item in listed.split(","))
    escapes = {"%0D": "\r", "%0A": "\n", "%3A": ":", "%2C": ","}

    def unescape(text: str, known: list[str]) -> str:
        for escape in known:
            text = text.replace(escape, escapes[escape])
        return text.replace("%25", "%")

    values = {key: unescape(value, list(escapes)) for key, value in properties.items()}
    return name, values, unescape(data, ["%0D", "%0A"])


@given(reports())
@quick
def test_github(report: Report) -> None:
    lines = render(report, "github").splitlines()
    assert len(lines) == len(report.findings)
    assert all(line.isprintable() for line in lines)
    levels = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "notice"}
    expected = sorted(report.findings, key=lambda f: f.severity.rank)
    for line, found in zip(lines, expected, strict=True):
        name, properties, message = run_command(line)
        assert name == levels[found.severity]
        assert properties["title"] == "L015 unexpected-file"
        said, _, fix = message.rpartition("\nFix: ")
        assert said.endswith(printable(found.message))
        assert fix == printable(found.help)
        file = properties.get("file", "")
        assert printable(found.location).removeprefix("./").startswith(file)


@given(reports())
@quick
def test_junit(report: Report) -> None:
    suites = ET.fromstring(render(report, "junit"))
    (suite,) = suites
    assert suite.get("name") == printable(report.targets[0].target)
    said = [outcome.get("message", "") for case in suite for outcome in case]
    assert len(said) == len(report.findings)
    for message, found in zip(said, report.findings, strict=True):
        assert message.endswith(printable(found.message))


TAGS = frozenset(
    """html head meta title style body header main footer section article nav h1 h2 h3 h4 p ul ol
    li a b i em small span div label input code pre mark details summary wbr""".split()
)
ATTRIBUTES = frozenset(
    """lang charset http-equiv content name class id href rel role aria-label type checked
    tabindex""".split()
)
VOID = frozenset({"meta", "input", "wbr"})


class Page(HTMLParser):
    """Collects the text of a page, and fails for anything that the report does not write itself."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.text = ""
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in TAGS
        for name, value in attrs:
            assert name in ATTRIBUTES
            assert name != "href" or re.match(r"https://|#target-\d+$", value or "")
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_comment(self, data: str) -> None:
        raise AssertionError(f"a comment: {data}")

    def handle_data(self, data: str) -> None:
        if self.open[-1:] != ["style"]:
            self.text += data


@given(reports())
@quick
def test_html(report: Report) -> None:
    shown = Page(render(report, "html")).text.replace("`", "")
    for found in report.findings:
        assert printable(found.message).replace("`", "") in shown
        assert printable(found.help).replace("`", "") in shown


@given(reports())
@quick
def test_markdown(report: Report) -> None:
    text = render(report, "markdown")
    assert all(line.isprintable() for line in text.split("\n"))
    rows = [line for line in text.split("\n") if line.startswith("| ")][1:]
    assert len(rows) == len(report.findings)
    for row in rows:
        assert len(re.findall(r"(?<!\\)(?:\\\\)*\|", row)) == 5
    bare = re.sub(r"</?code>|<br>|<!-- -->", "", text)
    assert "<" not in bare
    assert ">" not in bare


@given(reports())
@quick
@pytest.mark.parametrize("form", FORMATS)
def test_every_format_can_be_written(form: str, report: Report) -> None:
    text = render(report, form, color=True, width=50)
    assert text.encode("utf-8").decode("utf-8") == text
    assert form == "github" or "##[" not in text


def test_a_summary_stays_below_what_github_takes() -> None:
    huge = tuple(
        finding("L015", "unexpected-file", Severity.WARNING, "@" * 3000, f"x.zip!/{number}")
        for number in range(200)
    )
    text = render(Report((TargetReport("x.zip", "package", huge, Stats()),)), "markdown")
    assert len(text.encode()) < 1024 * 1024
    shown = sum(line.startswith("| warning") for line in text.splitlines())
    assert f"{200 - shown} more findings would not fit here." in text
