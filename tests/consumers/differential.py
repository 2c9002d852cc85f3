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
from typing import TypeAlias

from disagreements import TABLE, reasons
from family import FAMILY, Sample
from judge import CONSUMERS, HERE, Verdict, ask
from model_lint.findings import Consumer, Severity, TargetReport
from model_lint.lint import Options, lint
from model_lint.models.reading import Reading
from model_lint.models.target import load_target
from model_lint.rules import all_rules
from model_lint.storage.depth import Depth

HEAD = """\
# Where model-lint and a consumer disagree on a package of the family (tests/consumers/family), and
# why that is right. words: what was changed from the genuine model. consumers: whom it is about.
# lint: the errors that are reported in a package for them. outcome: what the package does there.
# Written by `python tests/consumers/differential.py --write`, which keeps the reasons.
"""
#: nnU-Net takes longer than SCT, so two processes share its packages.
PROCESSES = ("sct", "nnunet", "nnunet")
Answers: TypeAlias = "Future[dict[Path, Verdict]]"


@dataclass(frozen=True)
class Row:
    """What model-lint says of a package for one consumer, and what that makes of it."""

    sample: Sample
    consumer: str
    #: Codes of the errors, sorted.
    lint: tuple[str, ...]
    #: Whether model-lint says that the consumer takes it.
    taken: bool
    #: works, fails or wrong.
    outcome: str
    #: The error where it fails.
    details: str

    @property
    def disagrees(self) -> bool:
        """Whether model-lint rejects what works or passes what does not."""
        return bool(self.lint) == (self.outcome == "works")


def compare(samples: Sequence[Sample] = FAMILY) -> list[Row]:
    """Write the packages, ask everybody, and put the answers together."""
    wanted = {s.name for s in samples}
    family = [s for s in FAMILY if s.name in wanted | {t.like for t in samples}]
    with tempfile.TemporaryDirectory() as folder:
        paths = {s.name: Path(folder) / f"{s.name}{s.suffix}" for s in family}
        subprocess.run(
            [sys.executable, "-W", "ignore", "-m", "family", folder, *paths], check=True, cwd=HERE
        )
        with ThreadPoolExecutor() as pool:
            asked = _ask(pool, [paths[s.name] for s in family])
            reports = {name: lint_for_each(path) for name, path in paths.items()}
            verdicts = _answers(asked)
    by_name = {c: {name: verdicts[c][path] for name, path in paths.items()} for c in CONSUMERS}
    return [
        _row(sample, consumer, reports[sample.name][consumer], by_name[consumer])
        for sample in family
        if sample.name in wanted
        for consumer in CONSUMERS
    ]


def lint_for_each(path: Path) -> dict[str, TargetReport]:
    """Return what ``model-lint check --deep --for CONSUMER`` reports, by consumer."""
    target = load_target(str(path), reading=Reading(Depth.ALL))
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


def _row(
    sample: Sample, consumer: str, report: TargetReport, verdicts: Mapping[str, Verdict]
) -> Row:
    verdict = verdicts[sample.name]
    reference = verdicts[sample.like] if sample.like else None
    return Row(
        sample,
        consumer,
        lint=tuple(sorted({f.code for f in report.findings if f.severity is Severity.ERROR})),
        taken=any(a.consumer.value == consumer and a.verdict == "yes" for a in report.takes),
        outcome=_outcome(sample, verdict, reference),
        details=f"{verdict.stage}: {verdict.error}" if verdict.error else "",
    )


def _outcome(sample: Sample, verdict: Verdict, reference: Verdict | None) -> str:
    if not verdict.runs:
        return "fails"
    masks = {
        sample.renamed.get(name, name): mask
        for name, mask in verdict.outputs.items()
        if name not in sample.empty or not mask.startswith("0:")
    }
    return "works" if reference is None or masks == dict(reference.outputs) else "wrong"


def entries(rows: Sequence[Row]) -> dict[str, list[dict[str, object]]]:
    """Return the rows that disagree as the table holds them, without the reasons, by package.

    Consumers of which the same is said share an entry.
    """
    found: dict[tuple[str, str, tuple[str, ...], str], list[str]] = {}
    for row in rows:
        if row.disagrees:
            key = (row.sample.name, row.sample.words, row.lint, row.outcome)
            found.setdefault(key, []).append(row.consumer)
    table: dict[str, list[dict[str, object]]] = {}
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
    chosen = [s for s in FAMILY if not options.names or s.name in options.names]
    rows = compare(chosen)
    known = reasons()
    for row in rows:
        if row.disagrees or options.all:
            mark = "? " if row.disagrees and (row.sample.name, row.consumer) not in known else "  "
            said = f"lint {' '.join(row.lint) or '-'}; {row.consumer} {row.outcome}"
            print(f"{mark}{row.sample.name}: {said}; {row.details}")
    print(f"{len(rows)} verdicts, {sum(row.disagrees for row in rows)} disagreements")
    if options.write:
        write_table(rows, known)


if __name__ == "__main__":
    main()
