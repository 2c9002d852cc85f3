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

TESTS = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(TESTS))  # for when this file is run

from build import Case  # noqa: E402
from catalogue import judged  # noqa: E402
from disagreements import TABLE, read_table  # noqa: E402
from judge import CONSUMERS, Verdict, ask  # noqa: E402
from model_lint.findings import Severity  # noqa: E402
from model_lint.lint import Options, lint  # noqa: E402
from model_lint.models.reading import Reading  # noqa: E402
from model_lint.models.target import load_target  # noqa: E402
from model_lint.storage.depth import Depth  # noqa: E402

HEAD = """\
# Where model-lint and the consumers disagree on a package of the catalogue (tests/catalogue), and
# why that is right. words: what was changed from the genuine model. lint: the errors that it
# reports. sct, nnunet: what the package does there.
# Written by `python tests/consumers/differential.py --write`, which keeps the reasons.
"""
#: nnU-Net takes longer than SCT, so two processes share its packages.
PROCESSES = ("sct", "nnunet", "nnunet")
Answers: TypeAlias = "Future[dict[Path, Verdict]]"


@dataclass(frozen=True)
class Row:
    """What everybody says of one package."""

    case: Case
    #: Codes of the errors, sorted.
    lint: tuple[str, ...]
    #: works, fails or wrong, by consumer.
    outcome: Mapping[str, str]
    #: The error where it fails, by consumer.
    details: Mapping[str, str]

    @property
    def disagrees(self) -> bool:
        """Whether model-lint rejects what works everywhere or passes what does not."""
        return bool(self.lint) == all(word == "works" for word in self.outcome.values())

    @property
    def entry(self) -> dict[str, object]:
        """The row as the table holds it, without its reason."""
        return {"words": self.case.what, "lint": list(self.lint), **self.outcome}

    @property
    def name(self) -> str:
        """The name of the package."""
        return self.case.judged


def compare(cases: Sequence[Case]) -> list[Row]:
    """Write the packages, ask everybody, and put the answers together."""
    wanted = {case.judged for case in cases}
    needed = wanted | {case.like for case in cases}
    asked_for = [case for case in judged() if case.judged in needed]
    names = [case.judged for case in asked_for]
    with tempfile.TemporaryDirectory() as folder:
        paths = write(Path(folder), names)
        with ThreadPoolExecutor() as pool:
            asked = _ask(pool, [*paths.values()])
            lint = {name: lint_errors(path) for name, path in paths.items()}
            verdicts = _answers(asked)
    by_name = {c: {name: verdicts[c][path] for name, path in paths.items()} for c in CONSUMERS}
    rows = [_row(case, lint[case.judged], by_name) for case in asked_for]
    return [row for row in rows if row.name in wanted]


def write(folder: Path, names: Sequence[str]) -> dict[str, Path]:
    """Write the packages of these names, in a process of its own, which imports torch."""
    subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "catalogue", str(folder), *names],
        check=True,
        cwd=TESTS,
    )
    return {name: next((folder / name).iterdir()) for name in names}


def lint_errors(path: Path) -> tuple[str, ...]:
    """Return the codes of the errors that ``model-lint check --deep`` reports."""
    report = lint(load_target(str(path), reading=Reading(Depth.ALL)), Options())
    return tuple(sorted({f.code for f in report.findings if f.severity is Severity.ERROR}))


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


def _row(case: Case, lint: tuple[str, ...], verdicts: Mapping[str, Mapping[str, Verdict]]) -> Row:
    outcome, details = {}, {}
    for consumer, by_name in verdicts.items():
        verdict = by_name[case.judged]
        reference = by_name[case.like] if case.like else None
        outcome[consumer] = _outcome(case, verdict, reference)
        details[consumer] = f"{verdict.stage}: {verdict.error}" if verdict.error else ""
    return Row(case, lint, outcome, details)


def _outcome(case: Case, verdict: Verdict, reference: Verdict | None) -> str:
    if not verdict.runs:
        return "fails"
    masks = {
        case.renamed.get(name, name): mask
        for name, mask in verdict.outputs.items()
        if name not in case.empty or not mask.startswith("0:")
    }
    return "works" if reference is None or masks == dict(reference.outputs) else "wrong"


def write_table(rows: Sequence[Row], reasons: Mapping[str, object]) -> None:
    """Write the rows that disagree, each with its reason, empty where it has none yet."""
    parts = [HEAD]
    for row in rows:
        if row.disagrees:
            entry = {**row.entry, "reason": reasons.get(row.name, "")}
            # JSON's texts and lists are TOML's.
            values = "".join(
                f"{k} = {json.dumps(v, ensure_ascii=False)}\n" for k, v in entry.items()
            )
            parts.append(f"[{row.name}]\n{values}")
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
    known = read_table()
    for row in rows:
        if row.disagrees or options.all:
            mark = "? " if row.disagrees and row.name not in known else "  "
            said = " ".join(f"{c} {w}" for c, w in row.outcome.items())
            why = " | ".join(sorted({d for d in row.details.values() if d}))
            print(f"{mark}{row.name}: lint {' '.join(row.lint) or '-'}; {said}; {why}")
    print(f"{len(rows)} packages, {sum(row.disagrees for row in rows)} disagreements")
    if options.write:
        write_table(rows, {name: entry.get("reason", "") for name, entry in known.items()})


if __name__ == "__main__":
    main()
