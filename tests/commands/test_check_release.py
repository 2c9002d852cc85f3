"""``check`` on GitHub: arguments, reports, and the messages of failures."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from build import drop, put
from github_server import GitHubServer
from model_lint.cli import main
from model_lint.models.target import is_remote
from model_lint.report import FORMATS
from model_lint.storage import github
from releasing import NAME, OWNER, TAG, ZIP, ReleaseCase, zip_of
from rules.test_repository import FILES

#: Runs ``check``; returns its status, the kinds of its targets, and its errors.
Check = Callable[..., tuple[int, dict[str, str], str]]
RELEASE = f"{OWNER}/{NAME}@{TAG}"
GOOD = ReleaseCase("", "a good release")


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch, elsewhere: None) -> Iterator[GitHubServer]:
    """The local GitHub, as the one that ``check`` asks, without a token and without waiting."""
    for name in ("GH_TOKEN", "GITHUB_TOKEN", "GITHUB_SERVER_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    monkeypatch.setattr(time, "sleep", lambda _seconds: None)
    with GitHubServer() as started:
        monkeypatch.setenv("GITHUB_API_URL", started.api_url)
        yield started


@pytest.fixture
def check(capsys: pytest.CaptureFixture[str]) -> Check:
    """Run ``check``, and return its status, its targets and its errors."""

    def run(*words: str) -> tuple[int, dict[str, str], str]:
        status = main(["check", *words, "--format", "json"])
        captured = capsys.readouterr()
        targets = json.loads(captured.out)["targets"] if captured.out else []
        return status, {target["target"]: target["kind"] for target in targets}, captured.err

    return run


def address(server: GitHubServer, place: str) -> str:
    return f"{server.url}/{OWNER}/{NAME}{place}"


@pytest.mark.parametrize(
    "place", ["", ".git", "/", "/releases", "/releases/latest", f"/releases/tag/{TAG}"]
)
def test_addresses_of_a_repository_and_its_releases(
    place: str, server: GitHubServer, check: Check
) -> None:
    GOOD.publish(server)
    zip_url = address(server, f"/releases/download/{TAG}/{ZIP}")
    assert check(address(server, place)) == (0, {RELEASE: "release", zip_url: "package"}, "")


def test_a_password_in_the_address_of_a_repository(server: GitHubServer, check: Check) -> None:
    GOOD.publish(server)
    text = address(server, "/releases/tag/v1").replace("//", "//jane:secret@")
    status, _, said = check(text)
    assert (status, "has no release v1" in said, "secret" in said) == (2, True, False)


@pytest.mark.parametrize("text", [RELEASE, f"{OWNER}/{NAME}", f"{OWNER.upper()}/{NAME}"])
def test_short_forms(text: str, server: GitHubServer, check: Check) -> None:
    GOOD.publish(server)
    assert next(iter(check(text)[1])) == RELEASE


@pytest.mark.parametrize("place", [f"download/{TAG}/{ZIP}", f"latest/download/{ZIP}"])
def test_a_public_asset_takes_no_request_to_the_api(
    place: str, server: GitHubServer, check: Check
) -> None:
    GOOD.publish(server)
    text = address(server, f"/releases/{place}")
    assert check(text) == (0, {text: "package"}, "")
    assert not [entry for entry in server.log if entry.path.startswith("/api/")]


def test_a_release_takes_six_requests_to_the_api(server: GitHubServer, check: Check) -> None:
    GOOD.publish(server)
    check(RELEASE)
    asked = [e.path.partition(NAME)[2] for e in server.log if e.path.startswith("/api/")]
    assert [path.split("?")[0].rstrip("0123456789abcdef") for path in asked] == [
        "",
        f"/releases/tags/{TAG}".rstrip("0123456789"),
        f"/commits/tags%2F{TAG}".rstrip("0123456789"),
        "/git/trees/",
        "/tarball/",
        "/git/trees/main",
    ]


def test_the_release_that_is_marked_as_the_latest(server: GitHubServer, check: Check) -> None:
    repository = GOOD.publish(server)
    new = repository.release("r20261124", {f"{NAME}-r20261124.zip": zip_of()}, date="2026-11-24")
    assert f"{OWNER}/{NAME}@r20261124" in check(f"{OWNER}/{NAME}")[1]
    new.prerelease = True
    assert RELEASE in check(f"{OWNER}/{NAME}")[1]


def test_what_is_attached_but_no_model_is_no_target(server: GitHubServer, check: Check) -> None:
    figures = zip_of(drop(""), put("/figure.png"))
    assets = {ZIP: zip_of(), "figures.zip": figures, "results.csv": b"x", "x.nii.gz": b"x"}
    ReleaseCase("", "", assets=assets).publish(server)
    assert [target.rpartition("/")[2] for target in check(RELEASE)[1]] == [f"{NAME}@{TAG}", ZIP]


def test_a_zip_that_is_damaged_is_a_target_that_says_so(server: GitHubServer, check: Check) -> None:
    ReleaseCase("", "", assets={ZIP: zip_of()[:5000]}).publish(server)
    status, targets, _ = check(RELEASE)
    assert (status, list(targets.values())) == (1, ["release", "package"])


def test_many_assets_come_in_pages(server: GitHubServer, check: Check) -> None:
    repository = ReleaseCase("", "", assets={}).publish(server)
    release = repository.repository.releases[0]
    for number in range(150):
        repository.add_asset(release, f"{number}.csv", b"x", date=release.published_at)
    repository.add_asset(release, ZIP, zip_of(), date=release.published_at)
    assert check(RELEASE)[0] == 0
    assert [e.path.rpartition("?")[2] for e in server.log if "/assets?" in e.path] == [
        "per_page=100",
        "page=2&per_page=100",
    ]


def test_too_many_zips_are_told(server: GitHubServer, check: Check) -> None:
    many = {f"{number}.zip": b"x" for number in range(51)}
    ReleaseCase("", "", assets=many).publish(server)
    assert "more than 50 zips are attached; give the addresses" in check(RELEASE)[2]


def test_an_asset_of_a_repository_that_was_renamed(
    server: GitHubServer, capsys: pytest.CaptureFixture[str]
) -> None:
    repository = GOOD.publish(server).repository
    text = address(server, f"/releases/download/{TAG}/{ZIP}")
    server.state.rename(repository, "model_seg_sc_t2star")
    assert main(["check", text, "--select", "T", "--format", "concise"]) == 0
    moved = f"`{OWNER}/{NAME}` is now `{OWNER}/model_seg_sc_t2star`, and redirected"
    assert capsys.readouterr().out == f"{text}: warning T013 {moved}\n"


# ----------------------------------------------------------------------------------- private


def hidden(server: GitHubServer) -> str:
    """Make a private repository; return a token that may read it."""
    GOOD.publish(server).repository.private = True
    return server.add_token("reader", {f"{OWNER}/{NAME}": "read"})


@pytest.mark.parametrize("variable", ["GH_TOKEN", "GITHUB_TOKEN"])
def test_the_token_goes_to_the_api_and_nowhere_else(
    variable: str, server: GitHubServer, check: Check, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = hidden(server)
    monkeypatch.setenv(variable, token)
    assert check(RELEASE)[0] == 0
    assert {entry.token for entry in server.log if entry.port == "api"} == {token}
    storage = [entry for entry in server.log if entry.port == "storage"]
    assert len(storage) > 3
    assert not any(entry.token or "authorization" in entry.headers for entry in storage)
    assert all(entry.path.startswith("/api/") for entry in server.log if entry.token)


def test_a_private_asset_by_its_address(
    server: GitHubServer, check: Check, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = address(server, f"/releases/download/{TAG}/{ZIP}")
    token = hidden(server)
    assert "or it is private: set GH_TOKEN" in check(text)[2]
    server.log.clear()
    monkeypatch.setenv("GH_TOKEN", token)
    assert check(text) == (0, {text: "package"}, "")
    assert not any(entry.token for entry in server.log if entry.port == "storage")


def test_an_address_that_expires_is_asked_for_again(
    server: GitHubServer, check: Check, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GH_TOKEN", hidden(server))
    server.fault("status-403", port="storage", path="release-asset", nth=2)
    assert check(RELEASE)[0] == 0


def test_the_token_of_gh(
    server: GitHubServer, check: Check, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = hidden(server)
    program = tmp_path / "bin" / "gh"
    program.parent.mkdir()
    host = server.url.partition("//")[2]
    program.write_text(f'#!/bin/sh\ntest "$*" = "auth token --hostname {host}" && echo {token}\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")
    assert check(RELEASE)[0] == 0
    program.write_text("#!/bin/sh\nexit 1\n")
    assert "set GH_TOKEN" in check(RELEASE)[2]


# ---------------------------------------------------------------------------------- failures


def test_a_missing_repository(server: GitHubServer, check: Check) -> None:
    said = f"model-lint: lab/nothing: not on {server.url[7:]}, or it is private: set GH_TOKEN\n"
    assert check("lab/nothing") == (2, {}, said)


def test_a_missing_release_names_those_there_are(server: GitHubServer, check: Check) -> None:
    GOOD.publish(server)
    said = f"{OWNER}/{NAME} has no release r2024; its releases are `{TAG}`\n"
    assert check(f"{OWNER}/{NAME}@r2024")[2].endswith(said)
    text = address(server, f"/releases/download/{TAG}/other.zip")
    assert check(text)[2].endswith(f"has no such asset; its assets are `{ZIP}`\n")


def test_a_draft_is_seen_by_those_who_may_push(
    server: GitHubServer, check: Check, monkeypatch: pytest.MonkeyPatch
) -> None:
    ReleaseCase("", "", draft=True).publish(server)
    assert "it has no release" in check(RELEASE)[2]
    monkeypatch.setenv("GH_TOKEN", server.add_token("maker", {"*": "push"}))
    status, targets, _ = check(RELEASE)
    assert (status, next(iter(targets))) == (0, RELEASE)


def test_a_tag_that_was_deleted(
    server: GitHubServer, check: Check, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository = GOOD.publish(server)
    token = server.add_token("maker", {"*": "push"})
    import requests

    url = f"{server.api_url}/repos/{OWNER}/{NAME}/git/refs/tags/{TAG}"
    requests.delete(url, headers={"Authorization": f"Bearer {token}"}, timeout=10)
    assert repository.repository.releases[0].draft
    assert "has no release" in check(RELEASE)[2]
    monkeypatch.setenv("GH_TOKEN", token)
    assert check(RELEASE)[0] == 0  # of the branch that it will be made of


def test_a_wrong_token(server: GitHubServer, check: Check, monkeypatch: pytest.MonkeyPatch) -> None:
    GOOD.publish(server)
    monkeypatch.setenv("GH_TOKEN", "ghp_wrong")
    status, _, said = check(RELEASE)
    assert (status, said.count("\n")) == (2, 1)
    assert "GitHub does not accept the token" in said


@pytest.mark.parametrize("token", ["ghp_a\nghp_b", "ghp a", "ghp_\u20ac"])
def test_what_is_no_token_is_not_shown(
    token: str, server: GitHubServer, check: Check, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GH_TOKEN", token)
    said = "GH_TOKEN is no token: it has a space, or a character beyond ASCII"
    assert check(RELEASE) == (2, {}, f"model-lint: {said}\n")
    assert not list(server.log)


def test_the_limit_of_requests(
    server: GitHubServer, check: Check, monkeypatch: pytest.MonkeyPatch
) -> None:
    GOOD.publish(server)
    server.settings.anonymous_limit = 3
    status, _, said = check(RELEASE)
    reset = time.localtime(server.rate.numbers(None)["reset"])
    until = time.strftime("%H:%M", reset)
    assert (status, said.count("\n")) == (2, 1)
    assert f"limit of requests is used up until {until}; with a token (GH_TOKEN) it is" in said


def test_a_limit_that_ends_soon_is_waited_for(server: GitHubServer, check: Check) -> None:
    GOOD.publish(server)
    server.fault("secondary-limit", path="/releases", retry_after=1)
    assert check(RELEASE)[0] == 0


@pytest.mark.parametrize("kind", ["500", "503"])
def test_a_failure_of_github(kind: str, server: GitHubServer, check: Check) -> None:
    GOOD.publish(server)
    server.fault(kind, path="/releases/tags", times=2)
    assert check(RELEASE)[0] == 0
    server.fault(kind, path="/git/trees", times=0)
    status, targets, said = check(RELEASE)
    assert (status, targets, said.count("\n")) == (2, {}, 1)
    assert f"GitHub answers {kind}" in said or "can't be reached" in said


def test_silence(server: GitHubServer, check: Check, monkeypatch: pytest.MonkeyPatch) -> None:
    GOOD.publish(server)
    monkeypatch.setattr(github, "_TIMEOUT", 1)
    monkeypatch.setattr(github, "_ATTEMPTS", 1)
    server.fault("hold", path="/releases/tags", times=0)
    status, targets, said = check(RELEASE)
    assert (status, targets, said.count("\n")) == (2, {}, 1)
    assert f"{OWNER}/{NAME}" in said
    assert "can't be reached" in said


def test_offline(server: GitHubServer, check: Check) -> None:
    GOOD.publish(server)
    for text in (RELEASE, address(server, "")):
        said = f"model-lint: {text}: reading it takes the network, which --offline forbids\n"
        assert check(text, "--offline") == (2, {}, said)
    assert len(server.log) == 0


@pytest.mark.parametrize("missing", ["github", "requests"])
def test_without_the_extra(
    missing: str, server: GitHubServer, check: Check, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in sys.modules if name.startswith("model_lint.models.re")]:
        if name.rpartition(".")[2] in {"remote", "releases", "release_links"}:
            monkeypatch.delitem(sys.modules, name)
    for name in [n for n in sys.modules if n.startswith("model_lint.storage.")]:
        if name.rpartition(".")[2] in {"http", "http_ranges", "github", "github_repository"}:
            monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, missing, None)
    status, _, said = check(RELEASE)
    assert (status, said.count("\n")) == (2, 1)
    assert f'`pip install "model-lint[github]"` adds what reads it ({missing} is missing)' in said


def test_a_repair_is_refused(server: GitHubServer, check: Check) -> None:
    assert "only a file is repaired" in check(RELEASE, "--fix")[2]


def test_the_others_are_linted_all_the_same(server: GitHubServer, check: Check) -> None:
    GOOD.publish(server)
    status, targets, said = check("lab/nothing", RELEASE)
    assert (status, len(targets), said.count("\n")) == (2, 2, 1)


def test_as_a_program(server: GitHubServer, tmp_path: Path) -> None:
    GOOD.publish(server)
    command = [sys.executable, "-m", "model_lint", "check"]
    good = subprocess.run([*command, RELEASE], capture_output=True, text=True, check=False)
    assert (good.returncode, good.stderr) == (0, "")
    assert f"{RELEASE} (release): clean" in good.stdout
    bad = subprocess.run([*command, f"{RELEASE}1"], capture_output=True, text=True, check=False)
    assert (bad.returncode, bad.stderr.count("\n")) == (2, 1)
    assert "has no release" in bad.stderr


# ------------------------------------------------------------------------------------- names


@pytest.mark.parametrize(
    "text",
    [
        *("dist/model.zip", "./ivadomed/model", "../x/y", "/tmp/x", "a/b/c", "model_x", "x/y.json"),
        *("fold_0/checkpoint_final.pth", "Dataset101_Cord/nnUNetTrainer__nnUNetPlans__2d"),
        *("results/Dataset101_Cord", "results/fold_0", "dits/model", "here/missing", "-x/y", "~/x"),
    ],
)
def test_what_is_no_place_on_github(text: str, elsewhere: None) -> None:
    for folder in ("dist", "here"):
        Path(folder).mkdir()
    assert not is_remote(text)


@pytest.mark.parametrize(
    "text", ["ivadomed/model_x", "a/b@r20240915", "https://x.org/m.zip", "A-1/b.c"]
)
def test_what_is_one(text: str, elsewhere: None) -> None:
    Path("dist").mkdir()
    assert is_remote(text)


def test_a_path_that_exists_is_meant(server: GitHubServer, check: Check, tmp_path: Path) -> None:
    (tmp_path / OWNER / NAME).mkdir(parents=True)
    for name, text in FILES.items():
        path = tmp_path / OWNER / NAME / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    assert check(f"{OWNER}/{NAME}")[1] == {f"{OWNER}/{NAME}": "repository"}
    assert "for a repository on GitHub, give https://" in check(f"{OWNER}/other")[2]
    assert len(server.log) == 0


@pytest.mark.parametrize("form", [form for form in FORMATS if form != "outputs"])  # only counts
def test_every_format_shows_a_release(
    form: str, server: GitHubServer, capsys: pytest.CaptureFixture[str]
) -> None:
    ReleaseCase("", "", title="x", files={"run.sh": "cd /home/jdoe\n"}).publish(server)
    assert main(["check", RELEASE, "--format", form]) == 1
    text = capsys.readouterr().out
    for part in ("T003", "R006", "run.sh"):
        assert part in text
    assert f"@{TAG}" in text.replace("<!-- -->", "") or "%40r2026" in text
