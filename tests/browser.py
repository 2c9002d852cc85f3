"""A real browser without a screen, for pages: `.ci/programs` installs it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
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
    """Open a page from a file; any complaint, and any request to another place, fails."""
    with visited(browser, f"{path.as_uri()}{fragment}", within=path.as_uri(), **options) as page:
        yield page


@contextmanager
def visited(browser: Browser, address: str, *, within: str, **options: Any) -> Iterator[Page]:
    """Open a page; any complaint, and any request to an address outside, fails."""
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
    page.goto(address)
    yield page
    asked = [text for text in complaints if not text.startswith(within)]
    context.close()
    assert asked == []


@contextmanager
def served(folder: Path, prefix: str) -> Iterator[str]:
    """Serve a folder below an address that ends with `prefix`, as a site of a project has one."""

    class Below(SimpleHTTPRequestHandler):
        def translate_path(self, path: str) -> str:
            return super().translate_path(path.removeprefix(prefix.rstrip("/")))

        def log_message(self, format: str, *_: Any) -> None:  # noqa: A002 - named by the library
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Below, directory=str(folder))) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}{prefix}"
        server.shutdown()
