"""The page of an audit in a real browser: with a mouse, with a keyboard, and with hostile texts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from browser import chromium, opened
from model_lint.report.audit import render_audit
from model_lint.report.audit.data import Audit, RepositoryReport
from playwright.sync_api import Browser, Page, expect
from report.audit.sample import ALL_CLEAN, AUDIT, BAD, CLEAN, COMPARED, NOTHING, STOPPED, UNREAD

NAMES = [one.name for one in AUDIT.repositories]
DARK, LIGHT = {"color_scheme": "dark"}, {"color_scheme": "light"}
NARROW = {"viewport": {"width": 320, "height": 640}}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


def write(folder: Path, audit: Audit) -> Path:
    path = folder / "audit.html"
    path.write_text(render_audit(audit, "html"), encoding="utf-8")
    return path


@pytest.fixture
def page(browser: Browser, tmp_path: Path) -> Iterator[Page]:
    with opened(browser, write(tmp_path, AUDIT)) as page:
        yield page


def shown(page: Page) -> list[str]:
    """Return the names of the repositories in the rows that are visible, from top to bottom."""
    return [t.inner_text() for t in page.locator("tbody .toggle").all() if t.is_visible()]


def focused(page: Page) -> str:
    return str(page.evaluate("document.activeElement.textContent || document.activeElement.id"))


# What it shows


def test_every_row_opens_to_its_findings(page: Page) -> None:
    assert shown(page) == NAMES
    expect(page.get_by_text("image_orientation").first).to_be_hidden()
    toggle = page.get_by_role("button", name=BAD.name)
    expect(toggle).to_have_attribute("aria-expanded", "false")
    toggle.click()
    expect(toggle).to_have_attribute("aria-expanded", "true")
    detail = page.locator(f"#{toggle.get_attribute('aria-controls')}")
    expect(detail).to_be_visible()
    expect(detail.get_by_role("heading", name="missing-image-orientation")).to_be_visible()
    expect(detail.get_by_text('"image_orientation": "RPI"')).to_be_visible()
    link = detail.get_by_role("link", name="D003")
    expect(link).to_have_attribute("href", re.compile(r"^https://.*/missing-image-orientation/$"))
    expect(detail.get_by_role("link", name="r20230512")).to_have_attribute(
        "href", BAD.releases[1].url
    )
    toggle.click()
    expect(detail).to_be_hidden()


def test_an_unreadable_repository_says_why(page: Page) -> None:
    row = page.locator("tbody", has=page.get_by_role("button", name=UNREAD.name))
    expect(
        row.get_by_text("GitHub refuses access: Repository access blocked").first
    ).to_be_visible()
    assert "?" in row.locator("tr").first.inner_text()


def test_the_address_of_a_repository_opens_it(browser: Browser, tmp_path: Path) -> None:
    path = write(tmp_path, AUDIT)
    with opened(browser, path, f"#{STOPPED.full_name}") as page:
        opened_rows = page.locator('.toggle[aria-expanded="true"]').all_inner_texts()
        assert opened_rows == [STOPPED.name]


def test_all_open_and_close(page: Page) -> None:
    button = page.get_by_role("button", name="Open all")
    button.click()
    assert page.locator(".detail:visible").count() == len(NAMES)
    button.click()
    assert page.locator(".detail:visible").count() == 0


def test_without_scripts_everything_is_open(browser: Browser, tmp_path: Path) -> None:
    with opened(browser, write(tmp_path, AUDIT), java_script_enabled=False) as page:
        assert page.locator(".detail:visible").count() == len(NAMES)
        expect(page.locator("search")).to_be_hidden()


def test_on_paper_what_filters_is_left_out(page: Page) -> None:
    page.emulate_media(media="print")
    expect(page.locator("search")).to_be_hidden()
    expect(page.locator("table")).to_be_visible()


# Sorting


@pytest.mark.parametrize(
    ("title", "first", "last"),
    [
        ("Repository", "model_label_discs", "model_seg_sc-gm_t2star"),
        ("Latest", "model_seg_lesion_ms", "model_seg_rootlets_t2"),
        ("Packages", "model_seg_lesion_ms", "model_seg_sc-gm_t2star"),
        ("Errors", "model_seg_sc_human", "model_seg_lesion_ms"),
        ("SCT", "model_seg_canal_t2", "model_label_discs"),
    ],
)
def test_columns_sort_up_and_down(page: Page, title: str, first: str, last: str) -> None:
    heading = page.locator("thead th", has_text=title)
    heading.get_by_role("button").click()
    expect(heading).to_have_attribute("aria-sort", "ascending")
    up = shown(page)
    assert up[0].startswith(first)
    assert up[-1].startswith(last)
    heading.get_by_role("button").click()
    expect(heading).to_have_attribute("aria-sort", "descending")
    assert shown(page)[0].startswith(last)
    assert page.locator("[aria-sort]").count() == 1


def test_numbers_sort_as_numbers(browser: Browser, tmp_path: Path) -> None:
    def with_warnings(number: int) -> RepositoryReport:
        return CLEAN._replace(
            full_name=f"x/model_{number}",
            target=CLEAN.target and CLEAN.target._replace(findings=BAD.findings[:1] * number),
        )

    audit = AUDIT._replace(repositories=tuple(map(with_warnings, (9, 10, 2))))
    with opened(browser, write(tmp_path, audit)) as page:
        page.locator("thead th", has_text="Warnings").get_by_role("button").click()
        assert shown(page) == ["model_2", "model_9", "model_10"]


def test_a_row_takes_its_findings_along(page: Page) -> None:
    page.get_by_role("button", name=BAD.name).click()
    page.locator("thead th", has_text="Repository").get_by_role("button").click()
    body = page.locator("tbody", has=page.get_by_role("button", name=BAD.name))
    expect(body.locator(".detail")).to_be_visible()
    assert page.locator(".detail:visible").count() == 1


# Filtering


def status(page: Page) -> str:
    return page.get_by_role("status").inner_text()


def test_the_filter_finds_names_rules_tags_and_texts(page: Page) -> None:
    assert status(page) == "Showing 6 of 6 repositories · 2 errors · 3 warnings"
    for words, names in {
        "ROOTLETS": [CLEAN.name],
        "d003": [BAD.name, STOPPED.name],
        "r20230512": [BAD.name],
        "gray d003": [BAD.name],
        "gray rootlets": [],
    }.items():
        page.get_by_label("Filter").fill(words)
        assert shown(page) == names, words
    assert status(page) == "Showing 0 of 6 repositories · 0 errors · 0 warnings"


def test_severities_are_shown_and_hidden(page: Page) -> None:
    page.get_by_label("errors").uncheck()
    page.get_by_label("clean").uncheck()
    assert shown(page) == [*NAMES[:2], BAD.name]  # what can't be read stays
    assert status(page) == "Showing 3 of 6 repositories · 3 warnings"
    page.get_by_role("button", name=BAD.name).click()
    expect(page.locator("section.warning:visible .card").first).to_be_visible()
    assert page.locator("section.error:visible").count() == 0
    page.get_by_label("errors").check()
    assert page.locator("section.error:visible").count() == 1


def test_the_most_frequent_rules_fill_in_the_filter(page: Page) -> None:
    page.get_by_role("button", name="D003 missing-image-orientation 2").click()
    expect(page.get_by_label("Filter")).to_have_value("D003")
    assert shown(page) == [BAD.name, STOPPED.name]


# The keyboard


def test_it_works_without_a_mouse(page: Page) -> None:
    page.keyboard.press("Tab")
    assert focused(page) == "ivadomed"
    page.keyboard.press("Tab")
    assert focused(page) == "find"
    page.keyboard.type("canal")
    assert shown(page) == [STOPPED.name]
    page.keyboard.press("Tab")
    assert focused(page) == "show-error"
    page.keyboard.press("Space")
    assert shown(page) == []
    page.keyboard.press("Space")
    while focused(page) != "Repository":
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("thead th").first).to_have_attribute("aria-sort", "ascending")
    assert focused(page) == "Repository"  # the focus stays, to sort the other way round
    while focused(page) != STOPPED.name:
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator(".detail:visible")).to_have_count(1)
    page.keyboard.press("Space")
    expect(page.locator(".detail:visible")).to_have_count(0)


def test_the_focus_can_be_seen(page: Page) -> None:
    for _ in range(12):
        page.keyboard.press("Tab")
        style = "getComputedStyle(document.activeElement).outlineStyle"
        assert page.evaluate(style) == "solid", focused(page)


# For everybody


@pytest.mark.parametrize("options", [LIGHT, DARK, NARROW | DARK], ids=["light", "dark", "narrow"])
def test_axe_finds_nothing(browser: Browser, tmp_path: Path, options: dict[str, Any]) -> None:
    with opened(browser, write(tmp_path, COMPARED), **options) as page:
        page.get_by_role("button", name="Open all").click()
        page.locator("thead th").first.get_by_role("button").click()
        found = Axe().run(page).response["violations"]
    assert [(v["id"], [n["html"] for n in v["nodes"]][:3]) for v in found] == []


@pytest.mark.parametrize("audit", [ALL_CLEAN, NOTHING], ids=["clean", "nothing"])
def test_axe_finds_nothing_where_nothing_is_found(
    browser: Browser, tmp_path: Path, audit: Audit
) -> None:
    with opened(browser, write(tmp_path, audit)) as page:
        assert Axe().run(page).response["violations"] == []


@pytest.mark.parametrize("width", [320, 700, 768, 950, 1280])
def test_it_fits_every_screen(browser: Browser, tmp_path: Path, width: int) -> None:
    viewport = {"width": width, "height": 800}
    with opened(browser, write(tmp_path, COMPARED), viewport=viewport) as page:
        page.get_by_role("button", name="Open all").click()
        assert page.evaluate("document.documentElement.scrollWidth") <= width


# Hostile texts

EVIL = '"><img src=x onerror=alert(1)><script>alert(2)</script>{{7*7}}<!--\u202e\x1b[31m\0&#38;'


def test_no_text_acts(browser: Browser, tmp_path: Path) -> None:
    """Whatever a name, a description, a tag, a message or an address contains is only shown."""
    (newest, *_), finding = BAD.releases, BAD.findings[0]
    bad = finding._replace(
        code="D003",
        rule=EVIL,
        message=EVIL,
        location=f"x!/{EVIL}",
        help=EVIL,
        url=f"https://{EVIL}",
    )
    target = newest.targets[1]._replace(target=f"https://{EVIL}", findings=(bad,))
    evil = BAD._replace(
        full_name=f"{EVIL}/{EVIL}",
        url="javascript:alert(3)",
        description=EVIL,
        releases=(newest._replace(tag=EVIL, url=f"https://{EVIL}", targets=(target,)),),
        error=EVIL,
    )
    audit = AUDIT._replace(owner=EVIL, url="data:text/html,<script>alert(4)</script>")
    audit = audit._replace(repositories=(evil, CLEAN), passed_over={EVIL: 1}, configuration=(bad,))
    path = write(tmp_path, audit)
    with opened(browser, path) as page:
        page.get_by_role("button", name="Open all").click()
        page.get_by_label("Filter").fill("onerror=alert(1)")
        assert len(shown(page)) == 1
        assert page.locator("img").count() == 0
        assert page.locator("script").count() == 1
        links = page.locator("a").evaluate_all("links => links.map((link) => link.href)")
        assert all(re.match("https?:", link) for link in links)
        assert "onerror=alert(1)" in page.title()


def test_the_policy_keeps_others_out(browser: Browser, tmp_path: Path) -> None:
    """Even if a text were not escaped, nothing in it would run or be loaded."""
    path = tmp_path / "broken.html"
    more = "<script>document.title='bad'</script><p onclick=\"document.title='bad'\">x</p></body>"
    path.write_text(render_audit(AUDIT, "html").replace("</body>", more), encoding="utf-8")
    page = browser.new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.goto(path.as_uri())
    page.get_by_text("x", exact=True).click()
    assert page.title() == "Models of ivadomed"
    assert sum("Content Security Policy" in text for text in said) == 2
    page.close()
