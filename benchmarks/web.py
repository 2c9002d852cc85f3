"""Measure checks of zips on a server that takes a twentieth of a second for each answer."""

from __future__ import annotations

import json
import mmap
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))
from storage.misbehaving import Answer, Asked, serving

LATENCY = 0.05


def late(_asked: Asked, answer: Answer) -> Answer:
    """Answer as a server that is far away."""
    time.sleep(LATENCY)
    return answer


def on_the_web(
    packages: Mapping[str, Path],
    lint: Callable[..., list[str | Path]],
    row: Callable[..., None],
) -> None:
    """Print what a check of each package takes."""
    print(f"\n## On the web, {LATENCY * 1000:.0f} ms for each answer\n")
    row("package", "requests", "bytes", "of", "seconds")
    row(":--", "--:", "--:", "--:", "--:")
    for name, path in packages.items():
        with (
            path.open("rb") as file,
            mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data,
            serving(data, late) as site,
        ):
            started = time.perf_counter()
            command = [*map(str, lint(site.url, "--format", "json"))]
            done = subprocess.run(command, capture_output=True, check=True)
            seconds = time.perf_counter() - started
        stats = json.loads(done.stdout)["targets"][0]["stats"]
        row(
            name,
            stats["requests"],
            f"{stats['bytes_read']:,}",
            f"{stats['bytes_total']:,}",
            f"{seconds:.2f}",
        )
