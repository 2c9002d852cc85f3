"""The pages without a network, and how they get a new version."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import nginx
import pytest
from build import package
from playwright.sync_api import Browser, expect
from tools.support import KEPT, READY, ROOT, SITE, Visit, visit

sys.path.append(str(ROOT / "docs"))

from in_browser import on_post_build

KEYS = """async () => (await (await caches.open("model-template")).keys()).map(({ url }) => url)"""


@pytest.fixture
def own(www: Path, tmp_path: Path) -> Path:
    """A copy of the site that a test may change."""
    return shutil.copytree(www, tmp_path / "www", copy_function=os.link)


def test_after_the_first_visit_the_pages_need_no_network(
    browser: Browser, own: Path, tmp_path: Path
) -> None:
    with ExitStack() as server:
        address = server.enter_context(nginx.serving(own, tmp_path)) + f"/{SITE}"
        with visit(browser, address, "name") as made:
            made.page.evaluate(KEPT)
            server.close()
            for name in ("check", "name"):
                made.page.goto(f"{address}/tools/{name}/")
                if name == "check":
                    assert "passes" in made.check(package(tmp_path))
                else:
                    expect(made.page.locator("#composed")).to_have_text(
                        "model_seg_t2", timeout=READY
                    )
            made.complaints.clear()  # of the search, and of looking for a new version


def test_a_new_version_comes_when_it_is_asked_for(
    browser: Browser, own: Path, tmp_path: Path
) -> None:
    with served(browser, own, tmp_path) as made:
        before = set(made.page.evaluate(KEYS))
        publish(own, "name.js", "document.documentElement.dataset.version = 'new';\n")
        made.page.reload()
        notice = made.page.locator("#update")
        expect(notice).to_be_visible(timeout=READY)
        assert version(made) is None  # the old page goes on with the old files
        notice.get_by_role("button").click()
        expect(made.page.locator("[data-version=new]")).to_be_attached(timeout=READY)
        expect(notice).to_be_hidden()
        after = set(made.page.evaluate(KEYS))
        assert [len(before - after), len(after - before)] == [1, 1]


def test_half_a_version_is_not_taken(browser: Browser, own: Path, tmp_path: Path) -> None:
    """While a server replaces the files, a digest may not be that of the file it sends."""
    with served(browser, own, tmp_path) as made:
        before = set(made.page.evaluate(KEYS))
        publish(own, "name.js", "document.documentElement.dataset.version = 'new';\n")
        replace(own / SITE / "tools" / "name.js", "something else")
        made.page.reload()
        made.page.evaluate(
            """async () => {
                const found = await navigator.serviceWorker.getRegistration();
                await found.update().catch(() => {});
                while (found.installing) await new Promise((go) => {
                    found.installing.onstatechange = go;
                });
            }"""
        )
        expect(made.page.locator("#composed")).to_have_text("model_seg_t2", timeout=READY)
        expect(made.page.locator("#update")).to_be_hidden()
        assert before <= set(made.page.evaluate(KEYS))
        assert version(made) is None
        made.complaints.clear()  # the digest


@contextmanager
def served(browser: Browser, own: Path, home: Path) -> Iterator[Visit]:
    """Visit a page, until the browser has kept it."""
    with nginx.serving(own, home) as server, visit(browser, f"{server}/{SITE}", "name") as made:
        made.page.evaluate(KEPT)
        yield made


def publish(own: Path, name: str, more: str) -> None:
    """Change a file of the site, and list it anew."""
    path = own / SITE / "tools" / name
    replace(path, path.read_text(encoding="utf-8") + more)
    worker = own / SITE / "tools" / "service_worker.js"
    worker.unlink()
    on_post_build(config={"site_dir": str(own / SITE)})


def replace(path: Path, text: str) -> None:
    path.unlink()  # it is the file of the other tests too
    path.write_text(text, encoding="utf-8")


def version(made: Visit) -> str | None:
    found: str | None = made.page.evaluate("document.documentElement.dataset.version ?? null")
    return found
