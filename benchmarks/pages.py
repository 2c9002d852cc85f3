"""Measure the pages of the site that run in the browser: times, memory, requests, bytes."""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))
import nginx
from browser import chromium
from build import package
from playwright.sync_api import Browser
from tools.support import KEPT, SITE, Visit, build_site, sparse, visit

REPEAT = 5


def in_the_browser(row: Callable[..., None]) -> None:
    """Print what a first verdict takes, the next ones, and a large package."""
    with tempfile.TemporaryDirectory() as name, chromium() as browser:
        folder = Path(name)
        small = package(folder, folds=(0, 1))
        large = sparse(folder / "model_seg_sc_t2-r20240915.zip", 1_300_000_000)
        with nginx.serving(build_site(folder), folder) as server:
            address = f"{server}/{SITE}"
            print("\n## In the browser\n")
            row("what", "seconds", "requests")
            row(":--", "--:", "--:")
            cold = [_cold(browser, address, small) for _ in range(REPEAT)]
            seconds, requests = map(statistics.median, zip(*cold, strict=True))
            row("first visit to the first verdict, small package", f"{seconds:.2f}", requests)
            with visit(browser, address, "check") as made:
                made.check(small)
                made.page.evaluate(KEPT)
                again = statistics.median(_timed(made, small) for _ in range(REPEAT))
                row("the next verdict", f"{again:.2f}", 0)
                visits = statistics.median(_warm(made, small) for _ in range(REPEAT))
                row("next visit to the first verdict", f"{visits:.2f}", 0)
                row("1.3 GB, stored", f"{_timed(made, large):.2f}", 0)
                row("1.3 GB, `--deep`", f"{_deep(made, large):.2f}", 0)
                print(f"\n{_memory(browser):.0f} MB of memory in all processes of the browser")


def _cold(browser: Browser, address: str, path: Path) -> tuple[float, int]:
    started = time.perf_counter()
    with visit(browser, address, "check") as made:
        made.check(path)
        return time.perf_counter() - started, len(made.requests)


def _warm(made: Visit, path: Path) -> float:
    started = time.perf_counter()
    made.page.reload()
    made.check(path)
    return time.perf_counter() - started


def _timed(made: Visit, path: Path) -> float:
    started = time.perf_counter()
    made.check(path)
    return time.perf_counter() - started


def _deep(made: Visit, path: Path) -> float:
    made.page.click("text=Options")
    made.page.select_option("#depth", "--deep")
    return _timed(made, path)


def _memory(browser: Browser) -> float:
    """Return the resident memory of the browser's processes, in MB."""
    client = browser.new_browser_cdp_session()
    found: list[dict[str, Any]] = client.send("SystemInfo.getProcessInfo")["processInfo"]
    pages = (Path(f"/proc/{one['id']}/statm").read_text(encoding="utf-8") for one in found)
    return sum(int(text.split()[1]) - int(text.split()[2]) for text in pages) * 4096 / 1e6


if __name__ == "__main__":
    in_the_browser(lambda *cells: print("| " + " | ".join(map(str, cells)) + " |"))
