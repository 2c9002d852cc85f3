"""The site as a whole: its links, what others show of it, and that it is complete."""

from __future__ import annotations

import json
import re
import struct
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit
from xml.etree import ElementTree as ET

import pytest
from model_lint.rules import all_rules

ADDRESS = "https://ivadomed.github.io/model-template/"
HOME = urlsplit(ADDRESS)


class Page(HTMLParser):
    """What a page links, loads and says about itself."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.links: set[str] = set()
        self.loaded: set[str] = set()
        self.ids: set[str] = {""}
        self.meta: dict[str, str] = {}
        self.title = re.search("<title>(.*?)</title>", html, re.DOTALL)
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        self.ids |= {found[name] for name in ("id", "name") if name in found}
        if tag == "a" and "href" in found:
            self.links.add(found["href"])
        elif tag == "meta":
            self.meta[found.get("property") or found.get("name", "")] = found.get("content", "")
        elif tag == "link" and found.get("rel") in {"stylesheet", "icon"}:
            self.loaded.add(found["href"])
        elif "src" in found:
            self.loaded.add(found["src"])


@cache
def parsed(path: Path) -> Page:
    return Page(path.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def pages(site: Path) -> dict[str, Page]:
    """The pages by their addresses."""
    found = {path.relative_to(site).as_posix(): parsed(path) for path in site.rglob("*.html")}
    return {urljoin(ADDRESS, name.removesuffix("index.html")): page for name, page in found.items()}


def of_the_site(pages: dict[str, Page]) -> dict[str, Page]:
    """Without those that the linter writes."""
    return {a: page for a, page in pages.items() if "/examples/" not in a}


def file_of(site: Path, address: str) -> Path:
    path = site / unquote(urlsplit(address).path.removeprefix(HOME.path))
    return path / "index.html" if path.is_dir() else path


def test_every_link_inside_leads_somewhere(site: Path, pages: dict[str, Page]) -> None:
    broken = []
    for page_address, page in pages.items():
        for link in page.links | page.loaded:
            address = urljoin(page_address, link)
            if not address.startswith(ADDRESS):
                continue
            path, fragment = file_of(site, address), unquote(urlsplit(address).fragment)
            if not path.is_file() or (fragment and fragment not in parsed(path).ids):
                broken.append((page_address, link))
    assert broken == []


def test_every_link_outside_is_an_address(pages: dict[str, Page]) -> None:
    links = {urljoin(address, link) for address, page in pages.items() for link in page.links}
    outside = {link for link in links if not link.startswith(ADDRESS)}
    well_formed = re.compile(
        r"https://([a-z\d-]+\.)+[a-z]{2,}(/[\w./~@%:+()-]*)?(\?[\w=&.-]+)?(#[\w./-]+)?"
    )
    assert [link for link in sorted(outside) if not well_formed.fullmatch(link)] == []
    assert len(outside) > 20


def test_nothing_is_loaded_from_elsewhere(pages: dict[str, Page]) -> None:
    loaded = {urljoin(a, link) for a, page in pages.items() for link in page.loaded}
    assert [link for link in loaded if not link.startswith((ADDRESS, "data:"))] == []


def test_every_page_has_its_own_title_and_description(pages: dict[str, Page]) -> None:
    seen: dict[str, str] = {}
    for address, page in of_the_site(pages).items():
        description = page.meta["description"]
        assert 20 <= len(description) <= 300, (address, description)
        assert "<" not in description and "`" not in description, address
        assert page.title
        for text in (page.title[1], description):
            assert seen.setdefault(text, address) == address, (text, seen[text])


def test_links_to_a_page_show_what_it_says(site: Path, pages: dict[str, Page]) -> None:
    for address, page in of_the_site(pages).items():
        meta = page.meta
        assert page.title
        assert page.title[1].startswith(meta["og:title"]) or address.endswith("404.html")
        assert meta["description"] == meta["og:description"]
        assert meta["twitter:card"] == "summary_large_image"
        assert meta["og:url"] == address or address.endswith("404.html")
        assert meta["og:image"] == f"{ADDRESS}images/card.png"
    head = file_of(site, meta["og:image"]).read_bytes()[:24]
    assert head[:8] == b"\x89PNG\r\n\x1a\n"
    assert struct.unpack(">II", head[16:]) == (1200, 630)
    assert (meta["og:image:width"], meta["og:image:height"]) == ("1200", "630")


def test_the_sitemap_lists_every_page(site: Path, pages: dict[str, Page]) -> None:
    listed = [e.text for e in ET.parse(site / "sitemap.xml").iter() if e.tag.endswith("loc")]
    expected = [address for address in of_the_site(pages) if not address.endswith("404.html")]
    assert sorted(filter(None, listed)) == sorted(expected)


def test_the_search_knows_every_rule(site: Path) -> None:
    index = json.loads((site / "search" / "search_index.json").read_text(encoding="utf-8"))
    titles = {entry["title"] for entry in index["docs"]}
    assert {f"{rule.name} ({rule.code})" for rule in all_rules()} <= titles


def test_no_source_of_the_site_is_published(site: Path) -> None:
    assert [p for p in site.rglob("*") if p.suffix in {".py", ".md"} or p.name == "theme"] == []


def test_the_example_of_an_audit_is_shown(site: Path, pages: dict[str, Page]) -> None:
    guide = pages[f"{ADDRESS}guides/audit/"]
    assert {"../../examples/audit.html"} == {x for x in guide.loaded if "examples" in x}
    example = (site / "examples" / "audit.html").read_text(encoding="utf-8")
    assert "model_seg_sc-gm_t2star" in example and "D003" in example
