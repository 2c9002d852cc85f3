"""The site with the pages that run the linter in the browser, and a browser."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import nginx
import pytest
from browser import chromium
from playwright.sync_api import Browser
from tools.support import SITE, build_site


@pytest.fixture(scope="session")
def www(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_site(tmp_path_factory.mktemp("built"))


@pytest.fixture(scope="session")
def address(www: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with nginx.serving(www, tmp_path_factory.mktemp("nginx")) as server:
        yield f"{server}/{SITE}"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started
