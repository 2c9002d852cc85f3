"""The report for a person at a terminal: by target and file, worst first, with the lines meant."""

from __future__ import annotations

import re
import textwrap
import unicodedata
from collections.abc import Iterable, Iterator

from ..findings import OWN, Finding, Ignored, Report, Severity, SourceLine, TargetReport
from ..terminal import WIDTH, Paint, painter
from ..wording import count, inert, joined, printable
from .shared import path_inside, taken, tally

#: Lines are never wrapped at fewer characters.
_NARROW = 40
_INDENT = "      "
_SHORT_CODE = re.compile(r"`[^`]{1,40}`")


def render(report: Report, *, color: bool = False, width: int = WIDTH) -> str:
    """Render a report as text; ``color`` adds ANSI sequences, lines are wrapped at ``width``."""
    paint = painter(color=color)
    width = max(width, _NARROW)
    blocks = [_target(target, paint, width) for target in report.targets]
    if report.configuration:
        head = paint("configuration", "bold")
        findings = _findings("", report.configuration, paint, width)
        blocks.append(f"{head}: {_tally(report.configuration, paint)}\n\n{findings}")
    return inert("".join(_spaced([*blocks, _summary(report, paint)])))


def _spaced(blocks: list[str]) -> Iterator[str]:
    """Put a blank line around blocks of several lines, but not between clean targets."""
    before = "\n"
    for block in blocks:
        if before != "\n" and before.count("\n") + block.count("\n") > 2:
            yield "\n"
        yield block
        before = block


def _target(target: TargetReport, paint: Paint, width: int) -> str:
    verdict = _tally(target.findings, paint) if target.findings else paint("clean", "green")
    head = f"{paint(printable(target.target), 'bold')} ({target.kind}): {verdict}\n"
    ignored = "".join(_ignored(target.ignored, paint, width))
    takes = "".join(f"{line}\n" for line in _wrapped(taken(target), width, "  ", "  "))
    if not target.findings:
        return head + ignored + takes
    findings = _findings(target.target, target.findings, paint, width)
    return "\n".join(filter(None, [head, findings, ignored, takes]))


def _findings(target: str, findings: tuple[Finding, ...], paint: Paint, width: int) -> str:
    """Render findings by file, the files in the order of their worst findings."""
    by_file: dict[str, list[Finding]] = {}
    for finding in sorted(findings, key=lambda f: f.severity.rank):
        by_file.setdefault(path_inside(target, finding), []).append(finding)
    explained: set[tuple[str, str]] = set()
    parts: list[str] = []
    for path, found in by_file.items():
        found.sort(key=lambda f: (f.severity.rank, f.line or 0))
        # Findings about the whole target need no heading directly after the target's name.
        name = paint(printable(path), "file") if path else paint("(as a whole)", "dim")
        head = f"  {name}\n" if path or parts else ""
        parts.append(head + "".join(_finding(f, explained, paint, width) for f in found))
    return "\n".join(parts)


def _finding(finding: Finding, explained: set[tuple[str, str]], paint: Paint, width: int) -> str:
    severity = paint(finding.severity.value, finding.severity.value)
    line = paint(f" (line {finding.line})", "dim") if finding.line else ""
    lines = [f"    {severity} {paint(finding.code, 'bold')} {finding.rule}{line}"]
    lines += _wrapped(finding.message, width)
    if finding.source and finding.line:
        lines += _context(finding.source, finding.line, finding.severity, paint, width)
    advice = (finding.code, finding.help)
    if advice not in explained:  # once per target: the same defect in five folds has one fix
        explained.add(advice)
        first, *rest = _wrapped(f"fix: {finding.help}", width, hang="     ")
        lines += [first.replace("fix:", paint("fix:", "green"), 1), *rest]
    return "\n".join(lines) + "\n"


def _context(
    source: SourceLine, line: int, severity: Severity, paint: Paint, width: int
) -> list[str]:
    """Return the line with its number, and carets under the key."""
    number = str(line)
    shown = _shown(source).cut(width - len(_INDENT) - len(number) - 3)
    lines = [f"{_INDENT}{paint(f'{number} |', 'dim')} {shown.text}"]
    if shown.start is not None:
        before, key = shown.text[: shown.start], shown.text[shown.start :][: shown.length]
        carets = paint("^" * max(1, _cells(key)), severity.value)
        gutter = paint(" " * len(number) + " |", "dim")
        lines.append(f"{_INDENT}{gutter} {' ' * _cells(before)}{carets}")
    return lines


def _shown(source: SourceLine) -> SourceLine:
    """Make a line printable, and keep pointing at the same key."""
    if source.start is None:
        return source._replace(text=printable(source.text))
    end = source.start + source.length
    before = printable(source.text[: source.start])
    key = printable(source.text[source.start : end])
    after = printable(source.text[end:])
    return source._replace(text=before + key + after, start=len(before), length=len(key))


def _cells(text: str) -> int:
    """Return how many columns of a terminal a text takes."""
    if text.isascii():
        return len(text)
    wide = sum(unicodedata.east_asian_width(c) in "WF" for c in text)
    return len(text) + wide - sum(unicodedata.combining(c) > 0 for c in text)


def _ignored(ignored: tuple[Ignored, ...], paint: Paint, width: int) -> Iterator[str]:
    """Yield one line per rule and reason."""
    numbers: dict[tuple[str, str, str], int] = {}
    for item in ignored:
        key = (item.finding.code, item.finding.rule, item.reason)
        numbers[key] = numbers.get(key, 0) + 1
    for (code, rule, reason), number in numbers.items():
        text = f"ignored: {code} {rule}, {count(number, 'finding')}"
        lines = _wrapped(text + (f" ({reason})" if reason else ""), width, "    ", "  ")
        yield "".join(f"{paint(line, 'dim')}\n" for line in lines)


def _wrapped(text: str, width: int, indent: str = _INDENT, hang: str = "") -> list[str]:
    # Short code stays on one line: textwrap does not break at NUL, which printable text never has.
    glued = _SHORT_CODE.sub(lambda match: match[0].replace(" ", "\0"), printable(text))
    lines = textwrap.wrap(
        glued,
        width,
        initial_indent=indent,
        subsequent_indent=indent + hang,
        break_long_words=False,
        break_on_hyphens=False,
    )
    return [line.replace("\0", " ") for line in lines]


def _summary(report: Report, paint: Paint) -> str:
    where = count(report.targets, "target")
    if not report.targets and not report.findings:
        return "Nothing was linted.\n"
    if not report.findings:
        return f"{paint('All clean', 'green')} in {where}.\n"
    found = f"Found {_tally(report.findings, paint)} in {where}."
    ruled = [finding for finding in report.findings if finding.code not in OWN]
    if not ruled:
        return f"{found}\n"
    worst = min(ruled, key=lambda finding: finding.severity.rank)
    return f"{found} {paint(f'`model-lint rule {worst.code}` says more.', 'dim')}\n"


def _tally(findings: Iterable[Finding], paint: Paint) -> str:
    return joined([paint(text, severity.value) for severity, text in tally(findings)])
