"""Measure audits of an owner with 200 repositories and 600 releases on a local GitHub."""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from measured import measured

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))
from build import package
from github_server import GitHubServer
from rules.test_repository import FILES

#: Seconds that the server takes for each answer, as one that is far away.
LATENCY = 0.05
REPOSITORIES, DATES = 200, ("2024-05-20", "2025-01-31", "2026-03-04")
OWNER = "ivadomed"


def audits(row: Callable[..., None]) -> None:
    """Print what a first, a second and a third audit take, and one that is started anew."""
    print(f"\n## Audit, {REPOSITORIES} repositories, {REPOSITORIES * len(DATES)} releases\n")
    row("audit", "seconds", "memory (MB)", "requests to the API", "counted", "of packages")
    row(":--", "--:", "--:", "--:", "--:", "--:")
    folder = Path(tempfile.mkdtemp())
    with GitHubServer() as server:
        _fill(server, package(folder, folds=(0,)))
        token = server.add_token("maker", {f"{OWNER}/*": "read"})
        server.settings.latency = LATENCY
        for what in ("first", "second", "third"):
            server.log.clear()
            seconds, memory = _audit(folder, os.environ | server.environment(token))
            asked = json.loads((folder / "audit.json").read_text(encoding="utf-8"))["audit"]
            sent, counted = asked["requests"]["sent"], asked["requests"]["counted"]
            row(what, f"{seconds:.1f}", f"{memory:.0f}", sent, counted, len(server.log) - sent)
    shutil.rmtree(folder)


def _fill(server: GitHubServer, model: Path) -> None:
    owner = server.add_owner(OWNER)
    for number in range(REPOSITORIES):
        name = f"model_seg_sc_x{number}_t2"
        files = {path: text for path, text in FILES.items() if text is not None}
        repository = owner.add_repository(name, files, date=DATES[0])
        for date in DATES:
            tag = f"r{date.replace('-', '')}"
            repository.commit({"CHANGES": date}, date)
            repository.release(tag, {f"{name}-{tag}.zip": model}, date=date)


def _audit(folder: Path, environment: dict[str, str]) -> tuple[float, float]:
    """Run an audit, and return its seconds and its megabytes at the peak."""
    program = Path(sys.executable).with_name("model-lint")
    words = ["audit", OWNER, "--cache", str(folder / "cache"), "--exit-zero"]
    words += ["--format", "json", "--output", str(folder / "audit.json")]
    words += ["--format", "html", "--output", str(folder / "audit.html")]
    run = measured([program, *words], environment)
    if run.status:
        raise RuntimeError(f"the audit ended with {run.status}")
    return run.seconds, run.megabytes
