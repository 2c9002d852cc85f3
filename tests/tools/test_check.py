"""The page "Check a package", in a real browser with real packages."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from build import dataset, drop, package, put, unpacked
from model_lint.cli import main
from playwright.sync_api import Browser, Route, expect
from rules.test_repository import FILES
from tools.support import KEPT, READY, Visit, sparse, verdict, visit

NAME = "model_seg_sc-gm_t2star"
BAD = dataset({"image_orientation": "rpi"})
DARK = {"color_scheme": "dark"}
NARROW = {"viewport": {"width": 320, "height": 640}}


@pytest.fixture(scope="module")
def opened(browser: Browser, address: str) -> Iterator[Visit]:
    """The page, once for all tests that leave it as it was."""
    with visit(browser, address, "check") as made:
        yield made


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def command_line(capsys: pytest.CaptureFixture[str], *words: str) -> list[dict[str, Any]]:
    main(["check", "--format", "json", *words])
    return verdict(capsys.readouterr().out)


# The verdict


def test_a_package_that_passes_and_one_that_fails(
    opened: Visit, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good, bad = package(tmp_path), package(tmp_path, BAD, name="bad-r20240101.zip")
    assert opened.check(good).startswith(f"{good.name}: passes, ")
    assert verdict(opened.save()) == command_line(capsys, good.name)
    assert opened.check(bad).startswith("bad-r20240101.zip: fails, 1 error")
    assert verdict(opened.save()) == command_line(capsys, bad.name)
    inside = opened.page.frame_locator("iframe")
    expect(inside.get_by_role("heading", name="invalid-image-orientation")).to_be_visible()
    link = inside.get_by_role("link", name="D004")
    expect(link).to_have_attribute("href", f"{opened.address}/rules/invalid-image-orientation/")
    assert json.loads(opened.save("sarif"))["version"] == "2.1.0"
    assert opened.save("html").startswith("<!DOCTYPE html>")
    assert opened.page.inner_text(".tool-command code") == "model-lint check bad-r20240101.zip"


def test_a_folder(opened: Visit, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "unpacked"
    unpacked(folder, BAD)
    assert opened.check(folder, into="folder").startswith("unpacked: fails, ")
    assert verdict(opened.save()) == command_line(capsys, "unpacked")


def test_a_repository_with_its_own_configuration(
    opened: Visit, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    repository = tmp_path / "model_seg_sc_t2"
    for name, text in {**FILES, "model-lint.toml": 'ignore = { R = "not yet" }\n'}.items():
        (repository / name).parent.mkdir(parents=True, exist_ok=True)
        (repository / name).write_text(text, encoding="utf-8")
    (repository / ".git").mkdir()
    for name in ("HEAD", "config"):
        (repository / ".git" / name).touch()
    opened.check(repository, into="folder")
    found = verdict(opened.save())
    shutil.rmtree(repository / ".git")
    words = ("--config", "model_seg_sc_t2/model-lint.toml", "model_seg_sc_t2")
    assert found == command_line(capsys, *words)
    assert found[0]["kind"] == "repository"


def test_several_at_once(opened: Visit, tmp_path: Path) -> None:
    paths = [package(tmp_path, name=f"{NAME}-r2024010{n}.zip") for n in (1, 2)]
    assert opened.check(*paths).startswith("2 targets: passes")
    assert [t["target"] for t in verdict(opened.save())] == [path.name for path in paths]


@pytest.mark.parametrize("size", [1_300_000_000, 6_000_000_000])
def test_a_large_zip_is_neither_copied_nor_read_whole(
    opened: Visit, tmp_path: Path, capsys: pytest.CaptureFixture[str], size: int
) -> None:
    path = sparse(tmp_path / f"{NAME}-r20240915.zip", size)
    opened.check(path)
    report = opened.save()
    assert verdict(report) == command_line(capsys, path.name)
    stats = json.loads(report)["targets"][0]["stats"]
    assert stats["bytes_total"] > size
    assert stats["bytes_read"] < 2_000_000


def test_what_is_no_package(opened: Visit, tmp_path: Path) -> None:
    text, empty = tmp_path / "x.zip", tmp_path / "empty.zip"
    text.write_text("no zip", encoding="utf-8")
    empty.touch()
    for path, code in ((text, "Z001"), (empty, "Z002")):
        assert opened.check(path).startswith(f"{path.name}: fails, 1 error")
        assert verdict(opened.save())[0]["findings"][0]["code"] == code
    (tmp_path / "images").mkdir()
    (tmp_path / "images" / "a.txt").touch()
    assert opened.check(tmp_path / "images", into="folder") == "images can't be linted."
    assert "no trainer folder and no repository" in opened.page.inner_text("#problems")
    expect(opened.page.locator("#result")).to_be_hidden()


def test_nothing_of_a_hostile_package_acts(opened: Visit, tmp_path: Path) -> None:
    evil = "<img src=x onerror=alert(1)><script>alert(2)</script>"
    path = package(
        tmp_path,
        put(f"{evil.replace('/', '')}.bin", b"x"),
        dataset({"image_orientation": evil, "labels": {evil: 1, "background": 0}}),
        name=f"{evil.replace('/', '')}.zip",
    )
    opened.check(path)
    inside = opened.page.frame_locator("iframe")
    expect(inside.locator("h2")).to_contain_text("onerror=alert(1)")
    assert inside.locator("img, script").count() == 0
    assert opened.page.locator("article img, article script:not([src])").count() == 0
    # Were a text not escaped, nothing in it would run.
    opened.page.locator("iframe").evaluate(
        "(frame, evil) => { frame.srcdoc = frame.srcdoc.replace('</main>', evil) }", evil
    )
    expect(inside.locator("img")).to_have_count(1)
    blocked = [text for text in opened.complaints if "script" in text or "image" in text]
    assert blocked
    opened.complaints.clear()


# The options


def test_the_options_are_those_of_the_command_line(
    opened: Visit, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = package(tmp_path, BAD)
    words = tmp_path / "words.toml"
    words.write_text('ignore = { L024 = "known" }\n', encoding="utf-8")
    page = opened.page
    page.click("text=Options")
    page.select_option("#depth", "--deep")
    page.fill("#name", "model_seg_mice_t2w")
    page.check("text=3D Slicer")
    page.select_option("#fail-on", "info")
    page.fill("#select", "D, N,Z")
    page.fill("#ignore", "label-suffix")
    page.set_input_files("#config", str(words))
    opened.check(path)
    options = (
        "--deep",
        "--name=model_seg_mice_t2w",
        "--select=D, N,Z",
        "--ignore=label-suffix",
        "--fail-on=info",
        "--for=slicer",
        "--config=words.toml",
    )
    assert verdict(opened.save()) == command_line(capsys, *options, path.name)
    shown = page.inner_text(".tool-command code")
    assert shown.startswith("model-lint check --deep --name=model_seg_mice_t2w '--select=D, N,Z'")
    page.fill("#select", "ZZZ")
    page.click("#again")
    expect(page.locator("#problems")).to_contain_text("no rule has the code, prefix or name 'ZZZ'")
    assert page.inner_text("#status") == f"{path.name} can't be linted."
    page.locator("#check").evaluate("(form) => form.reset()")


# What can go wrong


def test_it_can_be_stopped_and_goes_on(opened: Visit, tmp_path: Path) -> None:
    large, small = sparse(tmp_path / "large.zip", 20_000_000_000), package(tmp_path)
    page = opened.page
    page.evaluate("document.querySelector('.tool-options').open = true")
    page.select_option("#depth", "--deep")
    opened.choose(large)
    page.wait_for_selector("#progress[value]", timeout=READY)
    page.get_by_role("button", name="Stop").click()
    opened.status("Stopped.")
    expect(page.locator("#running")).to_be_hidden()
    page.locator("#check").evaluate("(form) => form.reset()")
    assert opened.check(small).startswith(f"{small.name}: passes")


def test_the_last_of_two_choices_is_what_is_shown(opened: Visit, tmp_path: Path) -> None:
    slow, fast = sparse(tmp_path / "slow.zip", 20_000_000_000), package(tmp_path)
    page = opened.page
    page.evaluate("document.querySelector('.tool-options').open = true")
    page.select_option("#depth", "--deep")
    opened.choose(slow)
    page.wait_for_selector("#progress[value]", timeout=READY)
    assert opened.check(fast).startswith(f"{fast.name}: passes")
    page.locator("#check").evaluate("(form) => form.reset()")
    opened.choose(fast)
    assert opened.check(fast).startswith(f"{fast.name}: passes")  # the same one, twice


def test_a_file_that_is_gone_is_said_to_be(opened: Visit, tmp_path: Path) -> None:
    path = package(tmp_path)
    opened.check(path)
    path.unlink()
    opened.page.click("#again")
    opened.status("can't be linted.")
    expect(opened.page.locator("#problems")).to_contain_text("I/O error")


def test_a_package_that_breaks_python_has_no_verdict(opened: Visit, tmp_path: Path) -> None:
    """Nested source code overflows the stack of the browser. Then Python is started anew."""
    deep, good = put("trainer_class.py", "x = " + "-" * 30_000 + "1"), package(tmp_path)
    said = opened.check(package(tmp_path, deep, name="deep.zip"))
    assert said == "The linter failed: there is no verdict."
    expect(opened.page.locator("#problems")).to_contain_text("In a terminal, model-lint check")
    opened.complaints.clear()  # of Pyodide
    expect(opened.page.locator("#result")).to_be_hidden()
    assert opened.check(good).startswith(f"{good.name}: passes")


def test_fifty_packages_take_no_more_memory_than_five(opened: Visit, tmp_path: Path) -> None:
    path = package(tmp_path, BAD, folds=range(3))
    opened.page.set_input_files("#config", str(path))
    memory = opened.page.evaluate(
        """async () => {
            const { Linter } = await import("../linter.js");
            const [file] = document.getElementById("config").files;
            const words = { folder: "/here/in", targets: ["x.zip"], options: [] };
            const linter = new Linter("check");
            const memory = [];
            for (let number = 0; number < 50; number += 1) {
                const files = [{ path: "x.zip", file }];
                memory.push((await linter.ask("run", [JSON.stringify(words)], files)).memory);
            }
            linter.stop();
            return memory;
        }"""
    )
    assert memory[49] == memory[4]
    opened.page.set_input_files("#config", [])


# Dropping


def test_files_and_folders_are_dropped(opened: Visit, tmp_path: Path) -> None:
    folder, repository, path = tmp_path / "unpacked", tmp_path / "checkout", package(tmp_path)
    unpacked(folder)
    (repository / ".git" / "objects").mkdir(parents=True)
    (repository / "README.md").touch()
    for dropped, kind in ((path, "package"), (folder, "folder"), (repository, "repository")):
        _drop(opened, dropped)
        opened.status(f"{dropped.name}: ")
        (found,) = verdict(opened.save())
        assert found["kind"] == kind
        assert found["target"] == dropped.name


#: What is dropped is a file that is no longer there.
GONE = """window.kept = DataTransferItem.prototype.webkitGetAsEntry;
DataTransferItem.prototype.webkitGetAsEntry = () => ({
    isFile: true, fullPath: "/x.zip", file: (_, fail) => fail(new DOMException("it is gone")),
});
null"""


def test_what_is_dropped_without_a_verdict_leaves_no_earlier_one(
    opened: Visit, tmp_path: Path
) -> None:
    empty, good = tmp_path / "empty", package(tmp_path)
    empty.mkdir()
    page = opened.page
    for number, said in enumerate(("That contains no files.", "there is no verdict.")):
        assert opened.check(good).startswith(f"{good.name}: passes")
        page.evaluate(GONE if number else "0")
        _drop(opened, empty)
        opened.status(said)
        expect(page.locator("#result")).to_be_hidden()
    expect(page.locator("#problems")).to_contain_text("it is gone")
    page.evaluate("void (DataTransferItem.prototype.webkitGetAsEntry = window.kept)")


def test_of_two_files_with_one_name_neither_is_taken_for_both(
    opened: Visit, tmp_path: Path
) -> None:
    (tmp_path / "other").mkdir()
    good, bad = package(tmp_path, name="x.zip"), package(tmp_path / "other", BAD, name="x.zip")
    said = "two of the files are named x.zip: check one after the other"
    assert opened.check(good, bad) == "x.zip can't be linted."
    assert opened.page.inner_text("#problems") == said
    opened.page.set_input_files("#config", str(bad))
    assert opened.check(good) == "x.zip can't be linted."
    assert opened.page.inner_text("#problems") == said
    opened.page.set_input_files("#config", [])
    assert opened.check(good).startswith("x.zip: passes")


def _drop(opened: Visit, path: Path) -> None:
    """Drop a file as the system does."""
    opened.page.locator("#drop").scroll_into_view_if_needed()
    box = opened.page.locator("#drop").bounding_box()
    assert box is not None
    client = opened.context.new_cdp_session(opened.page)
    for kind in ("dragEnter", "dragOver", "drop"):
        client.send(
            "Input.dispatchDragEvent",
            {
                "type": kind,
                "x": box["x"] + 20,
                "y": box["y"] + 20,
                "data": {
                    "items": [],
                    "files": [str(path)],
                    "dragOperationsMask": 1,
                },
            },
        )


# Privacy

LEAK = """async (address) => {
    const ways = {
        fetch: () => fetch(address, { mode: "no-cors" }),
        import: () => import(`${address}x.js`),
        socket: () => new Promise((resolve, reject) => {
            const socket = new WebSocket(address.replace("http", "ws"));
            socket.onopen = resolve;
            socket.onerror = reject;
        }),
        image: () => typeof Image === "undefined" ? Promise.reject() :
            new Promise((resolve, reject) => {
                Object.assign(new Image(), { src: address, onload: resolve, onerror: reject });
            }),
    };
    const open = [];
    for (const [name, leak] of Object.entries(ways)) {
        await leak().then(() => open.push(name), () => {});
    }
    return open;
}"""


# In Firefox, a worker of a script that the page makes can't be loaded without a network.
UNMADE = """const make = URL.createObjectURL;
URL.createObjectURL = (blob) => {
    const address = make(blob);
    if (blob.type === "text/javascript") URL.revokeObjectURL(address);
    return address;
};"""


@pytest.mark.parametrize("is_made", [True, False], ids=["made by the page", "as in Firefox"])
def test_nothing_leaves_the_browser(
    browser: Browser, address: str, tmp_path: Path, is_made: bool
) -> None:
    """Neither the page nor the worker with the package can reach another host."""
    other = f"{address.replace('127.0.0.1', 'localhost').removesuffix('model-template')}"
    with visit(browser, address, "check") as made:
        made.page.evaluate(KEPT)
        if not is_made:
            made.page.add_init_script(UNMADE)
            made.page.reload()
        made.check(package(tmp_path))
        # The theme has one too, for its search.
        own = "blob:" if is_made else f"{address}/tools/worker.js"
        (worker,) = (one for one in made.page.workers if one.url.startswith(own))
        assert made.page.evaluate(LEAK, other) == []
        assert worker.evaluate(LEAK, other) == []
        refused = [text for text in made.complaints if "Content Security Policy" in text]
        assert len(refused) >= 4, made.complaints
        made.complaints.clear()
        made.requests[:] = [url for url in made.requests if not url.startswith(other)]


# The start


@pytest.mark.parametrize("name", ["check", "name"])
def test_the_linter_starts_before_the_page_is_there(
    browser: Browser, address: str, name: str
) -> None:
    context = browser.new_context()
    page = context.new_page()
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route("**/tools.css", hold)
    with page.expect_worker():
        page.goto(f"{address}/tools/{name}/", wait_until="commit")
    assert page.evaluate("document.readyState") == "loading"
    held.pop().continue_()
    expect(page.locator("#status")).to_have_text({"check": "Ready."}.get(name, ""), timeout=READY)
    context.close()


# For everybody


@pytest.mark.parametrize("options", [{}, DARK, NARROW], ids=["light", "dark", "narrow"])
def test_axe_finds_nothing_and_it_fits(
    browser: Browser, address: str, tmp_path: Path, options: dict[str, Any]
) -> None:
    with visit(browser, address, "check", **options) as made:
        made.check(package(tmp_path, BAD, drop("fold_0")))
        made.page.click("text=Options")
        found = Axe().run(made.page).response["violations"]
        width = made.page.evaluate("document.documentElement.scrollWidth")
        assert [(v["id"], [n["html"][:120] for n in v["nodes"]][:3]) for v in found] == []
        assert width <= (320 if options == NARROW else 1280)
        scheme = "getComputedStyle(document.body).backgroundColor"
        frame = made.page.frames[1].evaluate(scheme)
        assert frame == ("rgb(16, 20, 25)" if options == DARK else "rgb(245, 246, 248)")


def test_it_works_without_a_mouse(opened: Visit, tmp_path: Path) -> None:
    page = opened.page
    page.locator("h1").click()
    reached = []
    for _ in range(4):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.id || document.activeElement.tagName"))
    assert (
        reached[reached.index("files") :][:3]
        == ["files", "folder", "SUMMARY"][: 4 - reached.index("files")]
    )
