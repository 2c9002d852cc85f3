"""Measure the pages of the site that run in the browser: times, memory, requests, bytes."""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))
import nginx
from browser import chromium
from build import package
from playwright.sync_api import Browser
from tools.support import KEPT, SITE, Visit, build_site, sparse, visit

REPEAT = 3


#: Seconds, seconds of the processors (of all processes of the browser), requests.
Figures = tuple[float, float, int]


def in_the_browser(row: Callable[..., None]) -> None:
    """Print what a first verdict takes, the next ones, and a large package."""
    with tempfile.TemporaryDirectory() as name, chromium() as browser:
        folder = Path(name)
        small = package(folder, folds=(0, 1))
        large = sparse(folder / "model_seg_sc_t2-r20240915.zip", 1_300_000_000)
        with nginx.serving(build_site(folder), folder) as server:
            address = f"{server}/{SITE}"
            print("\n## In the browser\n")
            row("what", "seconds", "of the processors", "requests")
            row(":--", "--:", "--:", "--:")
            cold = [_cold(browser, address, small) for _ in range(REPEAT)]
            _figures(row, "first visit, to the verdict on the small package", cold)
            with visit(browser, address, "check") as made:
                made.check(small)
                made.page.evaluate(KEPT)
                warm = [_measured(browser, made, partial(_again, made, small)) for _ in cold]
                _figures(row, "next visit, to its verdict", warm)
                for what, path in (("the next verdict", small), ("1.3 GB, stored", large)):
                    some = [_measured(browser, made, partial(made.check, path)) for _ in cold]
                    _figures(row, what, some)
                made.page.click("text=Options")
                made.page.select_option("#depth", "--deep")
                deep = _measured(browser, made, partial(made.check, large))
                _figures(row, "1.3 GB, stored, every byte", [deep])
                print(f"\n{_memory(browser):.0f} MB of memory in all processes of the browser")


def _figures(row: Callable[..., None], what: str, measured: list[Figures]) -> None:
    seconds, processors, requests = map(statistics.median, zip(*measured, strict=True))
    row(what, f"{seconds:.2f}", f"{processors:.2f}", int(requests))


def _cold(browser: Browser, address: str, path: Path) -> Figures:
    started, spent = time.perf_counter(), _spent(browser)
    with visit(browser, address, "check") as made:
        made.check(path)
        seconds = time.perf_counter() - started
        return seconds, _spent(browser) - spent, len(made.requests)


def _again(made: Visit, path: Path) -> None:
    made.page.reload()
    made.check(path)


def _measured(browser: Browser, made: Visit, act: Callable[[], object]) -> Figures:
    started, spent, requests = time.perf_counter(), _spent(browser), len(made.requests)
    act()
    seconds = time.perf_counter() - started
    return seconds, _spent(browser) - spent, len(made.requests) - requests


def _processes(browser: Browser) -> list[dict[str, Any]]:
    client = browser.new_browser_cdp_session()
    found: list[dict[str, Any]] = client.send("SystemInfo.getProcessInfo")["processInfo"]
    client.detach()
    return found


def _spent(browser: Browser) -> float:
    return sum(float(one["cpuTime"]) for one in _processes(browser))


def _memory(browser: Browser) -> float:
    """Return the resident memory of the browser's processes that they don't share, in MB."""
    pages = (Path(f"/proc/{one['id']}/statm").read_text().split() for one in _processes(browser))
    return sum(int(resident) - int(shared) for _, resident, shared, *_ in pages) * 4096 / 1e6


if __name__ == "__main__":
    in_the_browser(lambda *cells: print("| " + " | ".join(map(str, cells)) + " |"))
