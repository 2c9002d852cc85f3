"""The page "Find a name", in a real browser: it says what the template and the linter say."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from model_lint.commands.name import as_json, rows_of, verdict
from model_lint.naming import FIELDS, VOCABULARY, parse
from playwright.sync_api import Browser, expect
from template.support import DEFINITION, ROOT, RULES, prompted
from tools.support import READY, Visit, visit

NAMES = ROOT / "tests" / "naming" / "names.txt"
VALUES = {
    "task": ["seg", "find"],
    "anatomy": ["sc", "sc-gm", "SC", "yak", "mouse"],
    "animal": ["human", "rat, mouse", "mice"],
    "pathology": ["hc", "dcm"],
    "contrast": ["t2", "", "t1-t1"],
    "architecture": ["unet2d", "unet3d"],
}
DARK = {"color_scheme": "dark"}
NARROW = {"viewport": {"width": 320, "height": 640}}


@pytest.fixture(scope="module")
def opened(browser: Browser, address: str) -> Iterator[Visit]:
    with visit(browser, address, "name", permissions=["clipboard-write"]) as made:
        expect(made.page.locator("#composed")).to_have_text("model_seg_t2", timeout=READY)
        yield made


def answers() -> list[dict[str, str]]:
    defaults = {field: str(*DEFINITION[field][:1]) for field in ("task", "condition")}
    return [
        defaults | dict(zip(VALUES, values, strict=True)) for values in product(*VALUES.values())
    ]


#: The words of the table that two lines share.
BROKEN = """[...document.querySelectorAll("#existing-about td:not(:last-child)")].filter((cell) => {
    const range = document.createRange();
    range.selectNodeContents(cell);
    return range.getClientRects().length > 1;
}).map((cell) => cell.textContent)"""


# The same grammar


def test_any_answers_have_the_name_that_the_template_gives_them(opened: Visit) -> None:
    asked = answers()
    said = opened.ask("name", "compose", [[json.dumps(one)] for one in asked])
    composed = [x.get("name") or f"{x['field']}: {x['reason']}" for x in said]
    assert composed == [RULES.suggested(one, "repo_name") for one in asked]
    valid = [x for x in said if "name" in x]
    assert 20 < len(valid) < len(said)
    for one in valid:
        given = dict(word.split("=", 1) for word in shlex.split(one["command"])[2:])
        assert prompted(given)["repo_name"] == one["name"]


def test_any_text_is_explained_as_by_the_command(opened: Visit) -> None:
    lines = NAMES.read_text(encoding="utf-8").splitlines()
    names = [line.split("  ")[0] for line in lines if line and not line.startswith("#")]
    for name, said in zip(
        names, opened.ask("name", "explain", [[name] for name in names]), strict=True
    ):
        read = parse(name.strip())
        (data,) = json.loads(as_json([read]))["names"]
        assert said["findings"] == data["findings"]
        assert (said["suggestion"], said["certain"]) == (data["suggestion"], data["certain"])
        assert said["verdict"] == verdict(read)
        assert [tuple(row) for row in said["rows"]] == list(rows_of(read))


def test_the_command_starts_that_repository(opened: Visit, tmp_path: Path) -> None:
    parts = {"task": "seg", "anatomy": "sc-gm", "animal": "human", "pathology": "ms"}
    parts |= {"condition": "exvivo", "contrast": "t1", "architecture": "unet3d"}
    (said,) = opened.ask("name", "compose", [[json.dumps(parts)]])
    program, source, *given = shlex.split(said["command"])
    assert (program, source) == ("cookiecutter", "gh:ivadomed/model-template")
    command = [sys.executable, "-m", program, "--no-input", "-o", str(tmp_path), str(ROOT), *given]
    subprocess.run(command, check=True, capture_output=True)
    assert [path.name for path in tmp_path.iterdir()] == [said["name"]]
    assert said["name"] == "model_seg_sc-gm_ms_exvivo_t1_unet3d"


# The page


def test_the_fields_are_there_at_once(browser: Browser, address: str) -> None:
    with visit(browser, address, "name", java_script_enabled=False) as made:
        for field in FIELDS:
            control = made.page.locator(f"#{field}")
            expect(control).to_be_visible()
            known = made.page.locator(f"#{field} option, #{field}-words option")
            words = known.evaluate_all("options => options.map((option) => option.value)")
            assert set(words) == set(VOCABULARY[field].allowed), field
        expect(made.page.locator("noscript p").first).to_be_visible()


def test_parts_become_a_name(opened: Visit) -> None:
    page = opened.page
    page.get_by_label("Anatomy").fill("sc-")
    words = page.locator("#anatomy-words option").evaluate_all("all => all.map((o) => o.value)")
    assert "sc-gm" in words
    page.get_by_label("Anatomy").fill("sc-gm")
    page.get_by_label("Contrast").fill("t2star")
    expect(page.locator("#composed")).to_have_text("model_seg_sc-gm_t2star")
    command = "cookiecutter gh:ivadomed/model-template anatomy=sc-gm contrast=t2star"
    expect(page.locator("#command")).to_have_text(command)
    page.get_by_label("Pathology").fill("dcm")
    error = page.locator("#pathology-error")
    expect(error).to_have_text("dcm is not allowed; write one of hc, ms, sci.")
    expect(page.get_by_label("Pathology")).to_have_attribute("aria-invalid", "true")
    expect(page.get_by_role("button", name="Copy", exact=True)).to_be_disabled()
    page.get_by_label("Pathology").fill("ms")
    expect(error).to_be_hidden()
    page.get_by_role("button", name="Copy", exact=True).click()
    opened.status("Copied.")


def test_a_name_gets_the_nearest_right_one(opened: Visit) -> None:
    page = opened.page
    page.get_by_label("A name that exists").fill("model_seg_mice_t2w")
    expect(page.locator("#existing-verdict")).to_have_text("model_seg_mice_t2w: invalid")
    expect(page.locator("#existing-suggestion")).to_contain_text("model_seg_mouse_t2")
    expect(page.locator("#existing-about")).to_contain_text("mice is another spelling")
    page.get_by_role("button", name="Take its parts").click()
    expect(page.get_by_label("Animal")).to_have_value("mouse")
    expect(page.locator("#composed")).to_have_text("model_seg_mouse_t2")
    page.get_by_label("A name that exists").fill("<img src=x onerror=alert(1)>")
    expect(page.locator("#existing-verdict")).to_contain_text("onerror=alert(1)")
    assert page.locator("#existing-about img").count() == 0
    page.get_by_label("A name that exists").fill("")
    expect(page.locator("#existing-suggestion")).to_be_hidden()


@pytest.mark.parametrize("options", [{}, DARK, NARROW], ids=["light", "dark", "narrow"])
def test_axe_finds_nothing_and_it_fits(
    browser: Browser, address: str, options: dict[str, Any]
) -> None:
    with visit(browser, address, "name", **options) as made:
        made.page.get_by_label("A name that exists").fill("model_seg_mice_t2w")
        made.page.get_by_label("Pathology").fill("dcm")
        expect(made.page.locator("#existing-about table")).to_be_visible(timeout=READY)
        found = Axe().run(made.page).response["violations"]
        assert [(v["id"], [n["html"][:120] for n in v["nodes"]][:3]) for v in found] == []
        assert made.page.evaluate(BROKEN) == []
        width = made.page.evaluate("document.documentElement.scrollWidth")
        assert width <= (320 if options == NARROW else 1280)
