"""Compare what model-lint says of every package with what the consumers make of it.

``python tests/consumers/differential.py`` prints every disagreement; with ``--write`` it brings
``disagreements.toml`` up to date and keeps the reasons that are in it.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import subprocess
import sys
import tempfile
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

TESTS = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(TESTS))  # for when this file is run

from build import Case  # noqa: E402
from catalogue import judged  # noqa: E402
from disagreements import TABLE, reasons  # noqa: E402
from judge import CONSUMERS, Verdict, ask  # noqa: E402
from model_lint.findings import Consumer, Severity, TargetReport  # noqa: E402
from model_lint.lint import Options, lint  # noqa: E402
from model_lint.models.reading import Reading  # noqa: E402
from model_lint.models.target import Given, load_target  # noqa: E402
from model_lint.rules import all_rules  # noqa: E402
from model_lint.storage.depth import Depth  # noqa: E402

HEAD = """\
# Where model-lint and a consumer disagree on a package of the catalogue (tests/catalogue), and why
# that is right. words: what was changed from the genuine model. consumers: whom it is about.
# lint: the errors that are reported in a package for them. outcome: what the package does there.
# Written by `python tests/consumers/differential.py --write`, which keeps the reasons.
"""
#: nnU-Net takes longer than SCT, so two processes share its packages.
PROCESSES = ("sct", "nnunet", "nnunet")
Answers: TypeAlias = "Future[dict[Path, Verdict]]"


@dataclass(frozen=True)
class Row:
    """What model-lint says of a package for one consumer, and what that makes of it."""

    case: Case
    consumer: str
    #: Codes of the errors, sorted.
    lint: tuple[str, ...]
    #: Whether model-lint says that the consumer takes it.
    taken: bool
    #: works, fails or wrong.
    outcome: str
    #: The error where it fails.
    details: str
    #: All that model-lint reports.
    report: TargetReport

    @property
    def disagrees(self) -> bool:
        """Whether model-lint rejects what works or passes what does not."""
        return bool(self.lint) == (self.outcome == "works")

    @property
    def name(self) -> str:
        """The name of the package."""
        return self.case.judged


def compare(cases: Sequence[Case]) -> list[Row]:
    """Write the packages, ask everybody, and put the answers together."""
    wanted = {case.judged for case in cases}
    needed = wanted | {case.like for case in cases}
    packages = [case for case in judged() if case.judged in needed]
    with tempfile.TemporaryDirectory() as folder:
        paths = write(Path(folder), [case.judged for case in packages])
        with ThreadPoolExecutor() as pool:
            asked = _ask(pool, [*paths.values()])
            reports = {name: lint_for_each(path) for name, path in paths.items()}
            verdicts = _answers(asked)
    by_name = {c: {name: verdicts[c][path] for name, path in paths.items()} for c in CONSUMERS}
    return [
        _row(case, consumer, reports[case.judged][consumer], by_name[consumer])
        for case in packages
        if case.judged in wanted
        for consumer in CONSUMERS
    ]


def write(folder: Path, names: Sequence[str]) -> dict[str, Path]:
    """Write the packages of these names, in a process of its own, which imports torch."""
    subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "catalogue", str(folder), *names],
        check=True,
        cwd=TESTS,
    )
    return {name: next((folder / name).iterdir()) for name in names}


def lint_for_each(path: Path) -> dict[str, TargetReport]:
    """Return what ``model-lint check --deep --for CONSUMER`` reports, by consumer."""
    target = load_target(str(path), Given(reading=Reading(Depth.ALL)))
    rules = all_rules()
    return {name: lint(target, Options(rules, consumers=(Consumer(name),))) for name in CONSUMERS}


def _ask(pool: ThreadPoolExecutor, paths: Sequence[Path]) -> list[tuple[str, Answers]]:
    """Let all processes of the consumers begin; those of one share its packages."""
    pending = {consumer: deque(paths) for consumer in CONSUMERS}
    return [
        (consumer, pool.submit(lambda c: dict(ask(c, _take(pending[c]))), consumer))
        for consumer in PROCESSES
    ]


def _answers(asked: Sequence[tuple[str, Answers]]) -> dict[str, dict[Path, Verdict]]:
    """Wait for the answers, and put those of one consumer together."""
    verdicts: dict[str, dict[Path, Verdict]] = {consumer: {} for consumer in CONSUMERS}
    for consumer, answer in asked:
        verdicts[consumer].update(answer.result())
    return verdicts


def _take(pending: deque[Path]) -> Iterator[Path]:
    """Take packages until there are none; another process takes from the same ones."""
    with contextlib.suppress(IndexError):
        while True:
            yield pending.popleft()


def _row(case: Case, consumer: str, report: TargetReport, verdicts: Mapping[str, Verdict]) -> Row:
    verdict = verdicts[case.judged]
    reference = verdicts[case.like] if case.like else None
    return Row(
        case,
        consumer,
        lint=tuple(sorted({f.code for f in report.findings if f.severity is Severity.ERROR})),
        taken=any(a.consumer.value == consumer and a.verdict == "yes" for a in report.takes),
        outcome=_outcome(case, verdict, reference),
        details=f"{verdict.stage}: {verdict.error}" if verdict.error else "",
        report=report,
    )


def _outcome(case: Case, verdict: Verdict, reference: Verdict | None) -> str:
    if not verdict.runs:
        return "fails"
    masks = {
        case.renamed.get(name, name): mask
        for name, mask in verdict.outputs.items()
        if name not in case.empty or not mask.startswith("0:")
    }
    return "works" if reference is None or masks == dict(reference.outputs) else "wrong"


def entries(rows: Sequence[Row]) -> dict[str, list[dict[str, Any]]]:
    """Return the rows that disagree as the table holds them, without the reasons, by package.

    Consumers with the same verdicts share an entry.
    """
    found: dict[tuple[str, str, tuple[str, ...], str], list[str]] = {}
    for row in rows:
        if row.disagrees:
            key = (row.name, row.case.what, row.lint, row.outcome)
            found.setdefault(key, []).append(row.consumer)
    table: dict[str, list[dict[str, Any]]] = {}
    for (name, words, codes, outcome), consumers in found.items():
        entry = {"words": words, "consumers": consumers, "lint": [*codes], "outcome": outcome}
        table.setdefault(name, []).append(entry)
    return table


def write_table(rows: Sequence[Row], reasons: Mapping[tuple[str, str], str]) -> None:
    """Write the rows that disagree, each with its reason, empty where it has none yet."""
    parts = [HEAD]
    for name, listed in entries(rows).items():
        for entry in listed:
            reason = reasons.get((name, entry["consumers"][0]), "")
            # JSON's texts and lists are TOML's.
            values = "".join(
                f"{key} = {json.dumps(value, ensure_ascii=False)}\n"
                for key, value in {**entry, "reason": reason}.items()
            )
            parts.append(f"[[{name}]]\n{values}")
    TABLE.write_text("\n".join(parts), encoding="utf-8")


def main() -> None:
    """Print every disagreement, and write the table where that is asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="write disagreements.toml")
    parser.add_argument("--all", action="store_true", help="print the agreements too")
    parser.add_argument("names", nargs="*", help="the packages (default: all)")
    options = parser.parse_args()
    chosen = [c for c in judged() if not options.names or c.judged in options.names]
    rows = compare(chosen)
    known = reasons()
    for row in rows:
        if row.disagrees or options.all:
            mark = "? " if row.disagrees and (row.name, row.consumer) not in known else "  "
            said = f"lint {' '.join(row.lint) or '-'}; {row.consumer} {row.outcome}"
            print(f"{mark}{row.name}: {said}; {row.details}")
    print(f"{len(rows)} verdicts, {sum(row.disagrees for row in rows)} disagreements")
    if options.write:
        write_table(rows, known)


if __name__ == "__main__":
    main()
