"""A real browser without a screen, for pages: `.ci/programs` installs it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Dialog, Page, sync_playwright


@contextmanager
def chromium() -> Iterator[Browser]:
    """Start Chromium."""
    programs = map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))
    program = next(filter(None, programs), None)
    assert program, "Chromium is missing: .ci/programs installs it"
    # A sandbox takes rights that a container does not have; the pages are our own.
    options = ["--no-sandbox", "--disable-dev-shm-usage"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=options)
        yield browser
        browser.close()


@contextmanager
def opened(browser: Browser, path: Path, fragment: str = "", **options: Any) -> Iterator[Page]:
    """Open a page from a file; whatever it complains about, or asks of another place, fails."""
    context = browser.new_context(**options)
    complaints: list[str] = []

    def refuse(dialog: Dialog) -> None:
        complaints.append(dialog.message)
        dialog.dismiss()

    page = context.new_page()
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("dialog", refuse)
    page.on("request", lambda request: complaints.append(request.url))
    page.goto(f"{path.as_uri()}{fragment}")
    yield page
    asked = [text for text in complaints if not text.startswith(path.as_uri())]
    context.close()
    assert asked == []
