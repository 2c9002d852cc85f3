"""The site in a real browser: for everybody, on every screen, and without another host."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from browser import chromium, served, visited
from model_lint.findings import OWN, Consumer
from model_lint.rules import all_rules
from playwright.sync_api import Browser, Page, expect

RULES = all_rules()
GUIDES = [f"guides/{path.stem}/" for path in Path(__file__).parents[2].glob("docs/guides/*.md")]
#: One of each kind; a visit to one also fails if it complains or asks another host.
KINDS = [
    "",
    "rules/",
    "rules/missing-image-orientation/",
    "guides/lint/",
    "guides/audit/",
    "404.html",
]
PHONE = {"width": 390, "height": 844}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


@pytest.fixture(scope="module")
def address(site: Path) -> Iterator[str]:
    with served(site, "/model-template/") as where:
        yield where


@pytest.fixture
def rules(browser: Browser, address: str) -> Iterator[Page]:
    with visited(browser, f"{address}rules/", within=address) as page:
        yield page


def violations(page: Page) -> list[tuple[str, list[str]]]:
    found = Axe().run(page).response["violations"]
    return [(v["id"], [node["html"] for node in v["nodes"]][:3]) for v in found]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("kind", KINDS)
def test_axe_finds_nothing(browser: Browser, address: str, kind: str, scheme: str) -> None:
    options: dict[str, Any] = {"color_scheme": scheme, "reduced_motion": "reduce"}
    with visited(browser, address + kind, within=address, **options) as page:
        assert violations(page) == []


@pytest.mark.parametrize("kind", sorted({*KINDS, *GUIDES}))
def test_narrow_pages_do_not_scroll_sideways(browser: Browser, address: str, kind: str) -> None:
    options: dict[str, Any] = {"viewport": {"width": 320, "height": 640}}
    with visited(browser, address + kind, within=address, **options) as page:
        assert page.evaluate("document.documentElement.scrollWidth") <= 320
        assert violations(page) == []


# The start page


@pytest.mark.parametrize("viewport", [{"width": 1280, "height": 800}, PHONE], ids=["wide", "phone"])
def test_one_screen_says_what_this_is_for(
    browser: Browser, address: str, viewport: dict[str, int]
) -> None:
    with visited(browser, address, within=address, viewport=viewport) as page:
        for shown in (
            page.get_by_role("heading", level=1),
            page.get_by_text("model-lint check model.zip"),
            page.get_by_text("cookiecutter gh:ivadomed/model-template"),
            page.get_by_text("missing-image-orientation"),
        ):
            expect(shown.first).to_be_in_viewport(ratio=1)


# The rules


def shown(page: Page) -> list[str]:
    """Return the codes of the rows that are visible."""
    rows = page.locator("article tbody tr:visible td:first-child")
    return rows.all_inner_texts()


def query(page: Page) -> str:
    return urlsplit(page.url).query


def test_all_rules_are_shown_at_first(rules: Page) -> None:
    codes = shown(rules)
    assert sorted(codes) == sorted([*(rule.code for rule in RULES), *OWN])
    assert rules.get_by_role("status").inner_text() == f"{len(codes)} of {len(codes)} shown"
    assert query(rules) == ""


def test_words_find_codes_names_and_texts(rules: Page) -> None:
    find = rules.get_by_label("Find")
    for words, code in {"d003": "D003", "ORIENTATION missing": "D003", "crash": "X000"}.items():
        find.fill(words)
        assert code in shown(rules)
        assert len(shown(rules)) < 5, words
    find.fill("nothing has this")
    assert shown(rules) == []
    expect(rules.get_by_role("heading", level=2)).to_have_count(0)


def test_each_choice_narrows(rules: Page) -> None:
    def chosen(label: str, option: str) -> list[str]:
        rules.get_by_role("button", name="Show all").click()
        rules.get_by_label(label).select_option(option)
        return [code for code in shown(rules) if not code.startswith("X")]

    assert chosen("Option", "--deep") == [rule.code for rule in RULES if rule.deep]
    assert set(chosen("Option", "--fix")) == {rule.code for rule in RULES if rule.repair}
    for consumer in Consumer:
        stopping = {rule.code for rule in RULES if consumer in rule.stops}
        assert set(chosen("Stops", consumer.title)) == stopping
    infos = {r.code for r in RULES if "info" in {severity.value for severity in r.severities}}
    assert set(chosen("Severity", "info")) == infos
    assert {code[0] for code in chosen("Family", "Privacy")} == {"V"}
    expect(rules.get_by_role("heading", level=2)).to_have_count(1)


def test_the_address_keeps_the_choice(browser: Browser, address: str, rules: Page) -> None:
    rules.get_by_label("Find").fill("zip & co")
    rules.get_by_label("Stops").select_option("3D Slicer")
    assert query(rules) == "q=zip+%26+co&stops=3D+Slicer"
    rules.get_by_label("Find").fill("zip")
    expected = shown(rules)
    with visited(browser, rules.url, within=address) as page:
        assert shown(page) == expected
        expect(page.get_by_label("Find")).to_have_value("zip")
    with visited(browser, f"{address}rules/?stops=nobody&x=1#family-d", within=address) as page:
        assert len(shown(page)) == len(RULES) + len(OWN)
        expect(page.get_by_label("Stops")).to_have_value("")
        expect(page.get_by_role("heading", name="dataset.json")).to_be_in_viewport()


def test_a_family_that_is_hidden_can_be_reached(rules: Page) -> None:
    rules.get_by_label("Family").select_option("Privacy")
    rules.get_by_role("link", name="Checkpoints", exact=True).click()
    expect(rules.get_by_role("heading", name="Checkpoints ¶", exact=True)).to_be_in_viewport()


def test_it_works_without_a_mouse(rules: Page) -> None:
    rules.get_by_label("Find").focus()
    rules.keyboard.type("D00")
    rules.keyboard.press("Enter")  # sends nothing
    rules.keyboard.press("Tab")
    rules.keyboard.press("Tab")
    rules.keyboard.type("warning")
    assert query(rules) == "q=D00&severity=warning"
    for _ in range(3):
        rules.keyboard.press("Tab")
    rules.keyboard.press("Enter")
    assert len(shown(rules)) == len(RULES) + len(OWN)
    assert query(rules) == ""


def test_without_scripts_it_is_a_table(browser: Browser, address: str) -> None:
    options: dict[str, Any] = {"java_script_enabled": False}
    with visited(browser, f"{address}rules/?q=d003", within=address, **options) as page:
        assert len(shown(page)) == len(RULES) + len(OWN)
        expect(page.get_by_label("Severity")).to_be_hidden()


# The search and the example


def test_the_search_finds_a_rule(browser: Browser, address: str) -> None:
    with visited(browser, address, within=address) as page:
        page.keyboard.press("/")
        page.keyboard.type("D003")
        first = page.locator(".md-search-result__link h1").first
        expect(first).to_have_text("missing-image-orientation (D003)")


def test_the_audit_in_the_guide_can_be_used(browser: Browser, address: str) -> None:
    with visited(browser, f"{address}guides/audit/", within=address) as page:
        audit = page.frame_locator("iframe")
        audit.get_by_label("Filter").fill("canal")
        expect(audit.get_by_role("status")).to_contain_text("Showing 1 of")
