"""The pages that run the linter in the browser, as a server sends them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from build import MODEL, TRAINER
from playwright.sync_api import Browser, BrowserContext, Page, expect

ROOT = Path(__file__).parents[2]
#: As on GitHub's pages, the site is not at the top.
SITE = "model-template"
READY = 60_000  # milliseconds: several tests start a Python at once
#: Resolves when the service worker has what the pages need.
KEPT = """new Promise((resolve) => navigator.serviceWorker.controller
    ? resolve() : navigator.serviceWorker.addEventListener("controllerchange", () => resolve()))"""


def build_site(folder: Path) -> Path:
    """Build the site with these pages alone; return the folder to serve."""
    config = folder / "mkdocs.yml"
    config.write_text(
        f"INHERIT: {json.dumps(str(ROOT / 'mkdocs.yml'))}\n"
        f"docs_dir: {json.dumps(str(ROOT / 'docs'))}\n"
        f"site_dir: {json.dumps(str(folder / 'www' / SITE))}\n"
        f"theme: {{custom_dir: {json.dumps(str(ROOT / 'docs' / 'theme'))}}}\n"
        f"hooks: [{json.dumps(str(ROOT / 'docs' / 'in_browser.py'))}]\n"
        "exclude_docs: '*.py\n\n  /compile.mjs\n\n  __pycache__\n\n  /guides/\n\n  /schemas/'\n"
        "strict: false\n"
        "nav: [index.md, tools/check.md, tools/name.md]\n",
        encoding="utf-8",
    )
    command = [sys.executable, "-m", "mkdocs", "build", "-q", "-f", str(config)]
    environment = os.environ | {"NO_MKDOCS_2_WARNING": "1"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert (folder / "www" / SITE / "tools" / "service_worker.js").exists(), done.stderr
    return folder / "www"


@dataclass
class Visit:
    """A page, and all that it asked for and complained about."""

    page: Page
    context: BrowserContext
    address: str
    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def choose(self, *paths: Path, into: str = "files") -> None:
        """Choose files, or a folder."""
        self.page.set_input_files(f"#{into}", [str(path) for path in paths])

    def status(self, text: str) -> None:
        """Wait for a text in the line that says what goes on."""
        expect(self.page.locator("#status")).to_contain_text(text, timeout=READY)

    def check(self, *paths: Path, into: str = "files") -> str:
        """Choose something, and return what is said of it."""
        self.choose(*paths, into=into)
        # Not `expect`, which looks only now and then: the benchmark measures this.
        self.page.wait_for_selector("#again", timeout=READY)
        return self.page.inner_text("#status")

    def save(self, form: str = "json") -> str:
        """Return the report that the page offers."""
        with self.page.expect_download() as download:
            self.page.click(f"#{form}")
        return Path(download.value.path()).read_text(encoding="utf-8")

    def ask(self, module: str, call: str, words: list[list[str]]) -> Any:
        """Call a function of the Python code of a page, in a worker of its own."""
        return self.page.evaluate(
            """async ([module, call, words]) => {
                const { Linter } = await import("../linter.js");
                const linter = new Linter(module);
                const answers = [];
                for (const one of words) answers.push((await linter.ask(call, one)).answer);
                linter.stop();
                return answers;
            }""",
            [module, call, words],
        )


@contextmanager
def visit(browser: Browser, address: str, page: str, **options: Any) -> Iterator[Visit]:
    """Open a page of the site. At the end, nothing may have been asked of another host."""
    context = browser.new_context(**options)
    made = Visit(context.new_page(), context, address)
    context.on("request", lambda request: made.requests.append(request.url))
    made.page.on("console", lambda message: made.complaints.append(message.text))
    made.page.on("pageerror", lambda error: made.complaints.append(str(error)))
    made.page.on("dialog", lambda dialog: made.complaints.append(dialog.message))
    made.page.goto(f"{address}/tools/{page}/")
    yield made
    context.close()
    assert foreign(made) == []
    assert made.complaints == []


def foreign(made: Visit) -> list[str]:
    """Return the requests that left the host of the page."""
    own = (f"{made.address}/", "data:", "blob:")
    return [url for url in made.requests if not url.startswith(own)]


def sparse(path: Path, size: int) -> Path:
    """Write a package with a member of so many bytes of zeros, which take no space on the disk."""
    with zipfile.ZipFile(path, "w") as archive:
        for file in sorted(p for p in MODEL.rglob("*") if p.is_file() and p.suffix != ".pyc"):
            archive.write(file, file.relative_to(MODEL.parent))
        assert archive.fp is not None
        info = zipfile.ZipInfo(f"{TRAINER}/zeros")
        info.CRC, info.file_size, info.compress_size = 0, size, size
        info.header_offset = archive.start_dir
        archive.fp.seek(archive.start_dir)
        archive.fp.write(info.FileHeader(zip64=True))
        archive.fp.seek(size, os.SEEK_CUR)
        archive.start_dir = archive.fp.tell()
        archive.filelist.append(info)
        archive.NameToInfo[info.filename] = info
        archive._didModify = True  # type: ignore[attr-defined]
    return path


def verdict(report: str) -> list[dict[str, Any]]:
    """Return what a JSON report says of each target, without what reading it took.

    Python 3.14, which Pyodide is, reads larger blocks than others do.
    """
    targets: list[dict[str, Any]] = json.loads(report)["targets"]
    for target in targets:
        del target["stats"]
    return targets
