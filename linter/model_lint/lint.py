"""Lint a target: choose the rules, run them, and silence findings."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, NamedTuple

from .config import Config
from .errors import ISSUES_URL, UsageError
from .findings import (
    DEFAULT_CONSUMERS,
    INTERNAL,
    OWN,
    UNUSED,
    Answer,
    Consumer,
    Finding,
    Ignored,
    Key,
    Problem,
    Stats,
    TargetReport,
    key_in_report,
)
from .models.quoted_line import Sources
from .models.target import Target
from .rules import DOCS_URL, ERROR, WARNING, Rule, all_rules
from .rules.audience import answers, concerns, severity, stopped

#: Findings with which it is unknown who takes a package: a rule crashed, or the ends of its
#: checkpoints were not read (`--quick`).
_UNKNOWN = {INTERNAL, "C016"}


class Options(NamedTuple):
    """Which rules run, and what is silenced."""

    #: The rules that run.
    rules: tuple[Rule, ...]
    #: Contains the ignores with their reasons.
    config: Config = Config()
    #: The findings of a baseline.
    known: frozenset[Key] = frozenset()
    #: The consumers that packages are for.
    consumers: tuple[Consumer, ...] = DEFAULT_CONSUMERS


def lint(target: Target, options: Options) -> TargetReport:
    """Run the rules on a target, and set aside what the configuration or a baseline silences."""
    return silence(judge(target, options), options)


def judge(target: Target, options: Options) -> TargetReport:
    """Run the rules on a target; nothing is silenced yet."""
    started = time.perf_counter()
    rules = [rule for rule in options.rules if applies(rule, target)]
    sources = Sources(target.package, target.repository)
    maker = _Judge(target, sources, options.consumers)
    found = {rule.code: list(_run(rule, maker)) for rule in rules}
    every = [
        finding
        for rule in rules
        if not any(found.get(code) for code in rule.unless)
        for finding in found[rule.code]
    ]
    findings = [finding for finding in every if concerns(finding, options.consumers)]
    findings.sort(key=lambda f: f.severity.rank)
    stats = Stats(
        bytes_total=target.bytes_total,
        bytes_read=target.bytes_read,
        requests=target.requests,
        seconds=round(target.seconds + time.perf_counter() - started, 3),
    )
    looked_for = frozenset(rule.code for rule in rules)
    takes = _takes(target, every, looked_for)
    return TargetReport(
        target.text,
        target.kind,
        tuple(findings),
        stats,
        looked_for=looked_for,
        takes=takes,
        digest=target.digest,
    )


def applies(rule: Rule, target: Target) -> bool:
    """Return whether a target has what a rule looks at."""
    if target.family and rule.family != target.family:
        return False
    if rule.deep and not target.deep:
        return False
    return all(getattr(target, model) is not None for model in rule.needed)


def _takes(
    target: Target, findings: list[Finding], looked_for: frozenset[str]
) -> tuple[Answer, ...]:
    """Return who takes a package, with silenced findings; empty if that is unknown."""
    is_package = target.package is not None or target.archive is not None
    if not is_package or target.family or any(f.code in _UNKNOWN for f in findings):
        return ()
    needed = (rule for rule in all_rules() if rule.stops and applies(rule, target))
    if not looked_for.issuperset(rule.code for rule in needed):
        return ()
    return tuple(answers(findings))


class _Judge(NamedTuple):
    """Makes findings from problems."""

    target: Target
    sources: Sources
    consumers: tuple[Consumer, ...]

    def finding(self, rule: Rule, problem: Problem) -> Finding:
        return Finding(
            code=rule.code,
            rule=rule.name,
            severity=severity(rule, problem, self.consumers),
            message=problem.message,
            location=self.target.locate(problem.at),
            line=problem.line,
            help=problem.help or rule.fix,
            url=rule.url,
            # The line of a leak would repeat it, in logs and job summaries.
            source=None if rule.private else self.sources.line(problem),
            stops=stopped(rule, problem),
            step=problem.step,
        )


def _run(rule: Rule, judge: _Judge) -> Iterator[Finding]:
    """Run one rule; report a crash as a finding, so that the other rules still run."""
    target = judge.target
    try:
        for problem in rule.check(*(getattr(target, model) for model in rule.models)):
            yield judge.finding(rule, problem)
    except Exception as error:
        yield Finding(
            code=INTERNAL,
            rule=OWN[INTERNAL],
            severity=ERROR,
            message=f"{rule.code} {rule.name} crashed: {type(error).__name__}: {error}",
            location=target.text,
            line=None,
            help=f"a defect of model-lint, not of the model: please report it at {ISSUES_URL}",
            url=ISSUES_URL,
        )


# ----------------------------------------------------------------------------- choosing rules


def select_rules(
    rules: tuple[Rule, ...],
    *,
    select: Iterable[str] = (),
    extend_select: Iterable[str] = (),
    ignore: Iterable[str] = (),
) -> tuple[Rule, ...]:
    """Return the rules that run: those selected (all by default), less those ignored.

    A selector is a code, the start of codes, or a name. Raises UsageError for any other.
    """
    chosen = _codes(rules, select) or {rule.code for rule in rules}
    chosen = (chosen | _codes(rules, extend_select)) - _codes(rules, ignore)
    return tuple(rule for rule in rules if rule.code in chosen)


def only_deep(rules: tuple[Rule, ...], selectors: Iterable[str]) -> list[str]:
    """Return the codes of the selectors that match only rules that need ``--deep``."""
    deep = {rule.code for rule in rules if rule.deep}
    found = (_match(rules, selector) for selector in selectors)
    return sorted({code for codes in found if codes <= deep for code in codes})


def _codes(rules: tuple[Rule, ...], selectors: Iterable[str]) -> set[str]:
    return {code for selector in selectors for code in _match(rules, selector)}


def _match(rules: tuple[Rule, ...], selector: str) -> set[str]:
    """Return the codes that a selector matches. Raises UsageError if it matches none."""
    found = {r.code for r in rules if r.code.startswith(selector) or r.name == selector}
    if not found or not selector:
        raise UsageError(_unknown(rules, selector))
    return found


def _unknown(rules: tuple[Rule, ...], selector: str) -> str:
    if selector in OWN or selector in OWN.values():
        page = f"{DOCS_URL}{OWN.get(selector, selector)}/"
        return f"{selector!r} is not a rule, but a finding of model-lint itself: {page}"
    known = [name for rule in rules for name in (rule.code, rule.name)]
    from difflib import get_close_matches  # noqa: PLC0415 - only a wrong word pays for it

    near = get_close_matches(selector.upper(), known, 1) or get_close_matches(selector, known, 1)
    hint = f"did you mean {near[0]}?" if near else "`model-lint rule` lists them"
    return f"no rule has the code, prefix or name {selector!r}; {hint}"


# ---------------------------------------------------------------------------------- silencing


def silence(report: TargetReport, options: Options) -> TargetReport:
    """Set aside the findings that the configuration or a baseline silences, with the reason."""
    reasons = _reasons(report.target, options.config)
    kept: list[Finding] = []
    ignored: list[Ignored] = []
    for finding in report.findings:
        if finding.code in reasons:
            ignored.append(Ignored(finding, reasons[finding.code]))
        elif finding.key in options.known:
            ignored.append(Ignored(finding, "in the baseline"))
        else:
            kept.append(finding)
    return report._replace(findings=tuple(kept), ignored=tuple(ignored))


def _reasons(target: str, config: Config) -> dict[str, str]:
    tables = [config.ignore] if config.ignore else []
    for glob, table in config.per_target_ignores.items():
        if fnmatchcase(target, glob) or fnmatchcase(Path(target).name, glob):
            tables.append(table)
    return {
        code: reason
        for table in tables
        for selector, reason in table.items()
        for code in _match(all_rules(), selector)
    }


def check_ignores(config: Config) -> None:
    """Raise UsageError if the configuration ignores a rule that does not exist."""
    for table in (config.ignore, *config.per_target_ignores.values()):
        _codes(all_rules(), table)


def unused_ignores(config: Config, reports: Iterable[TargetReport]) -> tuple[Finding, ...]:
    """Return a finding for every ignore that silences nothing.

    Only if an ignored rule ran: the same configuration serves a repository and its packages, with
    ``--deep`` and without.
    """
    reports = tuple(reports)
    looked_for = frozenset[str]().union(*(report.looked_for for report in reports))
    silenced = {item.finding.code for report in reports for item in report.ignored}
    return tuple(
        Finding(
            code=UNUSED,
            rule=OWN[UNUSED],
            severity=WARNING,
            message=f"the configuration ignores {selector}, but it silences no finding",
            location=str(config.path),
            line=None,
            help=f"remove {selector} from `ignore`",
            url=f"{DOCS_URL}{OWN[UNUSED]}/",
        )
        for selector in config.ignore
        for codes in [_match(all_rules(), selector)]
        if not codes & silenced and codes & looked_for
    )


def load_baseline(path: Path) -> frozenset[Key]:
    """Read a baseline: a report that ``--format json`` wrote. Raises UsageError."""
    try:
        data: Any = json.loads(path.read_text(encoding="utf-8"))
        return frozenset(key_in_report(f) for target in data["targets"] for f in target["findings"])
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror or error}") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UsageError(
            f"{path}: not a baseline; write one with `model-lint check --format json --output`"
        ) from error
