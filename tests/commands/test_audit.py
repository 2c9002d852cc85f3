"""``model-lint audit`` against a local GitHub: all of an owner, stopped, and asked again."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import pty
import re
import signal
import struct
import subprocess
import sys
import termios
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from build import ABSENT, LISTEN, dataset, package
from github_server import GitHubServer, RepositoryBuilder
from model_lint.cli import main
from model_lint.commands.auditing import work
from model_lint.models import owner_targets
from report.test_report_schemas import report_schema

OWNER = "ivadomed"
GOOD, BAD = "model_seg_sc_t2", "model_seg_gm_t2"
COMMAND = [
    *(sys.executable, "-c", f"{LISTEN}from model_lint.__main__ import run; run()"),
    *("audit", OWNER, "--jobs", "2", "--format", "json"),
]
README = "# A model\n\nIt segments.\n"
#: Releases of each repository, newest last, and whether they lack the orientation.
RELEASES = {GOOD: {"r20240501": False, "r20240601": False}, BAD: {"r20230501": True}}


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> dict[bool, Path]:
    """A package of the genuine model, and one without its orientation."""
    folder = tmp_path_factory.mktemp("packages")
    change = dataset({"image_orientation": ABSENT})
    return {False: package(folder, name="good.zip"), True: package(folder, change, name="bad.zip")}


@pytest.fixture
def server(
    packages: dict[bool, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[GitHubServer]:
    """A GitHub with two model repositories, one that only released a model, and others."""
    (tmp_path / ".git").mkdir()
    monkeypatch.chdir(tmp_path)
    for name in ("GITHUB_TOKEN", "NO_COLOR", "FORCE_COLOR", "GITHUB_SERVER_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    with GitHubServer() as server:
        owner = server.add_owner(OWNER)
        for name, releases in RELEASES.items():
            made = owner.add_repository(name, {"README.md": README}, date="2023-01-01")
            for tag, is_bad in releases.items():
                release(made, tag, packages[is_bad])
        rootlets = owner.add_repository("rootlets", {"README.md": README}, date="2022-01-01")
        rootlets.release("v1", {"model.zip": packages[False]}, date="2022-01-02")
        owner.add_repository("docs", {"README.md": "# Docs\n"})
        owner.add_repository("model_old", {"README.md": README}, archived=True)
        owner.add_repository("model_secret", {"README.md": README}, private=True)
        monkeypatch.setenv("GITHUB_API_URL", server.api_url)
        monkeypatch.setenv("GH_TOKEN", server.add_token("maker", {f"{OWNER}/*": "read"}))
        yield server


def release(repository: RepositoryBuilder, tag: str, path: Path) -> None:
    date = f"{tag[1:5]}-{tag[5:7]}-{tag[7:9]}"
    repository.release(tag, {f"{repository.repository.name}-{tag}.zip": path}, date=date)


def audit(*words: str | Path) -> int:
    return main(["audit", OWNER, *map(str, words)])


def as_json(*words: str | Path) -> dict[str, Any]:
    path = Path("report.json")
    assert audit("--format", "json", "--output", path, *words) in {0, 1}
    data: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    report_schema().validate(data)
    return data


def table(text: str) -> dict[str, list[str]]:
    """Return the cells of each row by its first one."""
    lines = text[text.index("repository  ") :].partition("\n\n")[0].splitlines()[1:]
    return {cells[0]: cells[1:] for cells in map(str.split, lines)}


def downloads(server: GitHubServer) -> list[str]:
    """Return the tags of the packages that were asked for."""
    found = (re.search(r"/releases/download/([^/]+)/", entry.path) for entry in server.log)
    return sorted({match[1] for match in found if match})


def codes(data: dict[str, Any], target: str) -> list[str]:
    return [
        finding["code"]
        for one in data["targets"]
        if one["target"] == target
        for finding in one["findings"]
    ]


# What is looked at


def test_every_repository_and_release(
    server: GitHubServer, capsys: pytest.CaptureFixture[str]
) -> None:
    assert audit() == 1
    printed = capsys.readouterr()
    rows = table(printed.out)
    assert sorted(rows) == sorted([GOOD, BAD, "rootlets"])
    assert rows[GOOD][:2] == ["r20240601", "2"]
    assert rows[BAD][:2] == ["r20230501", "1"]
    assert rows[BAD][4:] == ["no", "yes", "after"]
    assert "Not looked at: 1 archived, 1 not of a model and 1 private." in printed.out
    assert printed.err == ""  # no progress: it is not a terminal
    assert downloads(server) == ["r20230501", "r20240501", "r20240601", "v1"]


def test_what_holds_for_a_repository_is_said_once(server: GitHubServer) -> None:
    data = as_json()
    targets = [target["target"] for target in data["targets"] if GOOD in target["target"]]
    assert len(targets) == 5  # the repository, two releases, two packages
    assert "R002" in codes(data, f"{OWNER}/{GOOD}")
    for tag in RELEASES[GOOD]:
        assert not [c for c in codes(data, f"{OWNER}/{GOOD}@{tag}") if c[0] in "RN"]
    assert "T001" in codes(data, f"{OWNER}/rootlets@v1")
    assert "N001" in codes(data, f"{OWNER}/rootlets")


@pytest.mark.parametrize(
    ("options", "repositories"),
    [
        (["--archived"], [GOOD, BAD, "rootlets", "model_old"]),
        (["--private"], [GOOD, BAD, "rootlets", "model_secret"]),
        (["--all"], [GOOD, BAD, "rootlets", "docs"]),
        (["--only", "model_*"], [GOOD, BAD]),
        (["--only", "*_gm_*", "--only", "rootlets"], [BAD, "rootlets"]),
    ],
    ids=" ".join,
)
def test_repositories_are_chosen(
    server: GitHubServer, options: list[str], repositories: list[str]
) -> None:
    found = as_json(*options, "--latest", "--since", "2026-01-01")["audit"]["repositories"]
    assert sorted(one["repository"] for one in found) == sorted(
        f"{OWNER}/{name}" for name in repositories
    )


@pytest.mark.parametrize(
    ("options", "tags"),
    [
        (["--latest"], ["r20230501", "r20240601", "v1"]),
        (["--since", "2024-01-01"], ["r20240501", "r20240601"]),
        (["--since", "2024-05-01"], ["r20240501", "r20240601"]),
        (["--since", "2024-05-02"], ["r20240601"]),
    ],
    ids=" ".join,
)
def test_releases_are_chosen(server: GitHubServer, options: list[str], tags: list[str]) -> None:
    as_json(*options)
    assert downloads(server) == tags


def test_a_user_too(server: GitHubServer, packages: dict[bool, Path]) -> None:
    person = server.add_owner("person", user=True)
    release(person.add_repository(GOOD, {"README.md": README}), "r20240101", packages[False])
    person.add_repository("model_own", {"README.md": README}, private=True)
    words = ["audit", "person", "--format", "json", "--output", "x.json"]

    def found() -> list[str]:
        assert main([*words, "--private"]) == 1
        data = json.loads(Path("x.json").read_text(encoding="utf-8"))
        return sorted(one["repository"] for one in data["audit"]["repositories"])

    assert found() == [f"person/{GOOD}"]
    os.environ["GH_TOKEN"] = server.add_token("person", {"person/*": "admin"})
    assert found() == ["person/model_own", f"person/{GOOD}"]


def test_nothing_is_a_model(server: GitHubServer, capsys: pytest.CaptureFixture[str]) -> None:
    assert audit("--only", "docs") == 3
    assert "Nothing was linted." in capsys.readouterr().out


# Reports and statuses


def test_reports_are_written(server: GitHubServer) -> None:
    words = ["--format", "html", "--output", "a.html", "--format", "markdown", "--output", "a.md"]
    assert audit(*words, "--exit-zero") == 0
    assert "<title>Models of ivadomed</title>" in Path("a.html").read_text(encoding="utf-8")
    assert "## Models of ivadomed" in Path("a.md").read_text(encoding="utf-8")


def test_a_baseline_silences_what_is_known(
    server: GitHubServer, capsys: pytest.CaptureFixture[str]
) -> None:
    as_json()
    Path("report.json").rename("known.json")
    assert audit("--baseline", "known.json") == 0
    assert "All clean." in capsys.readouterr().out


def test_since_an_earlier_report(
    server: GitHubServer, packages: dict[bool, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    as_json()
    Path("report.json").rename("before.json")
    repository = server.state.repository(f"{OWNER}/{GOOD}")
    assert repository
    made = RepositoryBuilder(server.state, repository, {})
    made.commit({"LICENSE": "MIT License\n\nCopyright (c) 2024 x\n"}, "2024-07-01")
    release(made, "r20240701", packages[True])
    assert audit("--since", "before.json") == 1
    rows = table(capsys.readouterr().out)
    assert rows[BAD][-2:] == ["0", "0"]
    assert (rows[GOOD][0], rows[GOOD][-2:]) == ("r20240701", ["+3", "-1"])


def test_a_configuration_holds(server: GitHubServer) -> None:
    Path("model-lint.toml").write_text(
        'ignore = { R002 = "it is on the page of the lab" }\n'
        "[per-target-ignores]\n"
        f'"*/{BAD}*" = {{ D003 = "nobody uses it" }}\n',
        encoding="utf-8",
    )
    found = {finding["code"] for target in as_json()["targets"] for finding in target["findings"]}
    assert not found & {"R002", "D003"}
    assert "R001" not in found
    assert "L024" not in found


# Unreadable things


def test_an_unreadable_repository_is_a_row_that_says_why(
    server: GitHubServer, capsys: pytest.CaptureFixture[str]
) -> None:
    server.fault("status-451", path=f"/{BAD}/releases", times=0)
    assert audit() == 2
    text = capsys.readouterr().out
    assert table(text)[BAD] == ["-", "0", "?", "?", "?", "?", "?"]
    assert f"unreadable: {BAD}: GitHub answers 451" in text
    assert table(text)[GOOD][:2] == ["r20240601", "2"]


def test_an_unreadable_release_is_one_too(
    server: GitHubServer, capsys: pytest.CaptureFixture[str]
) -> None:
    server.fault("status-404", path="download/r20240601/", times=0)
    assert audit("--format", "concise") == 2
    complaint = capsys.readouterr().err
    assert f"{OWNER}/{GOOD}: r20240601: " in complaint
    assert "no such file" in complaint
    server.faults.clear()
    assert audit() == 1  # what could not be read is not kept


def test_a_defect_of_model_lint_does_not_hide_the_others(
    server: GitHubServer, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    read = owner_targets.read_release

    def fail(hub: Any, listed: Any, raw: Any, given: Any) -> Any:
        if raw["tag_name"] == "r20240601":
            raise TypeError("of a kind that nobody thought of")
        return read(hub, listed, raw, given)

    monkeypatch.setattr(work, "read_release", fail)
    assert audit() == 2
    text = capsys.readouterr().out
    assert "r20240601: internal error: TypeError: of a kind" in text
    assert BAD in table(text)


@pytest.mark.parametrize(
    ("owner", "part"),
    [
        ("nobody", "nobody: not on 127.0.0.1"),
        ("ivadomed/model_seg_sc_t2", "`model-lint check` lints one repository"),
        ("../x", "give the name of an organization or a user"),
        ("", "give the name of an organization or a user"),
    ],
)
def test_other_owners(
    server: GitHubServer, capsys: pytest.CaptureFixture[str], owner: str, part: str
) -> None:
    assert main(["audit", owner]) == 2
    printed = capsys.readouterr()
    assert part in printed.err
    assert printed.err.count("\n") == 1
    assert printed.out == ""


def test_without_the_extra(server: GitHubServer) -> None:
    code = "import sys; sys.modules['github'] = None; from model_lint.cli import main; main()"
    words = [sys.executable, "-c", code, "audit", OWNER]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert '`pip install "model-lint[github]"`' in done.stderr
    assert done.stderr.count("\n") == 1


# What is kept


def counted(server: GitHubServer) -> int:
    (token,) = server.state.tokens.values()
    return server.rate.numbers(token)["used"]


def test_a_second_audit_reads_nothing_again(server: GitHubServer) -> None:
    first = as_json()
    server.log.clear()
    second = as_json()
    assert downloads(server) == []
    assert second["targets"] == first["targets"]
    server.rate.clear()
    third = as_json()
    assert third["audit"]["requests"]["counted"] == counted(server) == 0
    assert third["targets"] == first["targets"]


def test_what_changed_is_read_again(server: GitHubServer, packages: dict[bool, Path]) -> None:
    as_json()
    server.log.clear()
    repository = server.state.repository(f"{OWNER}/{GOOD}")
    assert repository
    asset = repository.releases[1].assets[0]
    made = RepositoryBuilder(server.state, repository, {})
    repository.releases[1].assets.clear()
    made.add_asset(repository.releases[1], asset.name, packages[True])
    assert "D003" in {f["code"] for t in as_json()["targets"] for f in t["findings"]}
    assert downloads(server) == ["r20240601"]


def test_another_choice_of_rules_is_another_report(server: GitHubServer) -> None:
    as_json("--select", "D")
    server.log.clear()
    assert "T001" in codes(as_json(), f"{OWNER}/rootlets@v1")
    assert downloads(server) != []


def test_silencing_needs_no_other_report(server: GitHubServer) -> None:
    as_json()
    server.log.clear()
    Path("model-lint.toml").write_text('ignore = { T001 = "old" }\n', encoding="utf-8")
    assert "T001" not in codes(as_json(), f"{OWNER}/rootlets@v1")
    assert downloads(server) == []


def test_nothing_is_kept_if_not_wanted(server: GitHubServer, tmp_path: Path) -> None:
    as_json("--no-cache")
    assert not (tmp_path / "cache").exists()
    as_json("--cache", "elsewhere")
    assert not (tmp_path / "cache").exists()
    assert {path.name for path in Path("elsewhere").iterdir()} == {"answers", "reports"}


def test_a_cache_that_can_not_be_is_refused(
    server: GitHubServer, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("file").touch()
    assert audit("--cache", "file") == 2
    error = capsys.readouterr().err
    assert error == "model-lint: --cache file: File exists\n"
    assert not list(server.log)


def test_progress_is_shown_at_a_terminal(server: GitHubServer) -> None:
    master, terminal = pty.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    done = subprocess.run(COMMAND, stdout=subprocess.DEVNULL, stderr=terminal, check=False)
    os.close(terminal)
    shown = b""
    with contextlib.suppress(OSError):  # what the end of a terminal is
        while part := os.read(master, 10_000):
            shown += part
    os.close(master)
    assert done.returncode == 1
    assert b"ivadomed: " in shown
    assert b" done" in shown
    assert shown.endswith(b" \r")  # it is gone at the end


# Stopped at any time


def without_costs(text: str) -> Any:
    """Return a report without what differs from run to run."""
    data = json.loads(text)
    for target in data["targets"]:
        del target["stats"]
    return data["targets"], data["audit"]["repositories"]


def test_a_killed_audit_goes_on(server: GitHubServer, tmp_path: Path) -> None:
    """It is killed at ever later requests, each time when less is left to do."""
    for number in range(3, 60, 8):
        ended = server.run_killed(COMMAND, number, "after")
        if not ended.killed:
            break
        assert ended.output == ""
    assert ended.status == 1
    server.log.clear()
    fresh = subprocess.run(
        [*COMMAND, "--no-cache"], capture_output=True, text=True, check=False
    ).stdout
    assert without_costs(ended.output) == without_costs(fresh)


@pytest.mark.parametrize("kind", ["too-many", "secondary-limit"])
def test_a_pause_that_github_asks_for_is_made(server: GitHubServer, kind: str) -> None:
    fault = server.fault(kind, path="/releases", times=2, retry_after=1)
    assert audit() == 1
    assert fault.hits == 2


def test_ctrl_c(server: GitHubServer) -> None:
    pause = server.pause_at(9)
    process = subprocess.Popen(COMMAND, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert pause.wait(60)
    process.send_signal(signal.SIGINT)  # while a server does not answer
    output, errors = process.communicate(timeout=60)
    pause.release()
    assert (process.returncode, output) == (130, "")
    assert errors == (
        "model-lint: what was read so far is kept; the same command goes on from there\n"
        "model-lint: stopped (SIGINT)\n"
    )


def test_a_limit_that_is_used_up_says_when_to_go_on(
    server: GitHubServer, capsys: pytest.CaptureFixture[str]
) -> None:
    server.settings.token_limit = 9
    assert audit("--format", "html", "--output", "a.html", "--jobs", "1") == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert not Path("a.html").exists()
    assert re.search(
        r"GitHub's limit of requests is used up until \d\d:\d\d; what was read so far is kept; "
        r"the same command goes on from there\n$",
        printed.err,
    )
    assert printed.err.count("\n") == 1
    first = downloads(server)
    server.log.clear()
    server.rate.clear()
    assert audit("--jobs", "1") == 1
    assert set(first) | set(downloads(server)) == {"r20230501", "r20240501", "r20240601", "v1"}
    assert not set(first) & set(downloads(server))
