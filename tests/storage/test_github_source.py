"""A commit on GitHub is judged as a clone of it is, finding by finding, without a clone."""

from __future__ import annotations

import itertools
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from build import Case, load
from github_server import GitHubServer
from model_lint.errors import UsageError
from model_lint.findings import Finding
from model_lint.models.repository import build_repository
from model_lint.storage import github_repository
from model_lint.storage.github_repository import Remote
from model_lint.storage.github_source import GitHubSource
from releasing import hub_of, judged, read
from rules.test_repository import CASES, FILES, checkout, git, script

NAME = "model_seg_sc_t2"
_numbers = itertools.count()
Build = Callable[[Path], Path]


@pytest.fixture(scope="module")
def server() -> Iterator[GitHubServer]:
    with GitHubServer() as started:
        started.settings.anonymous_limit = 100_000
        yield started


def push(server: GitHubServer, root: Path) -> str:
    """Commit what the checkout tracks, push it, and return owner and name."""
    owner = f"lab{next(_numbers)}"
    server.add_owner(owner).add_repository(NAME)
    token = server.add_token("maker", {"*": "admin"})
    url = f"{server.url.replace('//', f'//maker:{token}@')}/{owner}/{NAME}.git"
    git(root, "commit", "--quiet", "--allow-empty", "-m", "x")
    git(root, "push", "--quiet", url, "HEAD:refs/heads/main")
    return f"{owner}/{NAME}"


def clone(server: GitHubServer, full_name: str, folder: Path) -> Path:
    """Clone it as a user does, to a folder around which there is nothing."""
    folder.mkdir()
    environment = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
    command = ["git", "clone", "--quiet", f"{server.url}/{full_name}.git"]
    subprocess.run(command, cwd=folder, check=True, env=environment | {"GIT_LFS_SKIP_SMUDGE": "1"})
    return folder / NAME


def said(findings: list[Finding], root: str) -> list[Finding]:
    """Return findings with paths from the root of the repository on."""
    return [f._replace(location=f.location.removeprefix(root).lstrip("/")) for f in findings]


def assert_same(server: GitHubServer, root: Path, folder: Path) -> list[Finding]:
    full_name = push(server, root)
    local = clone(server, full_name, folder / "clone")
    expected = said(judged((load(local),)), str(local))
    remote = [f for f in judged(read(server, full_name)) if f.code != "T016"]
    assert said(remote, full_name) == expected
    return expected


@pytest.mark.parametrize("case", CASES, ids=str)
def test_the_verdict_is_that_of_a_clone(case: Case, server: GitHubServer, tmp_path: Path) -> None:
    assert_same(server, case.build(tmp_path), tmp_path)


def attributes(line: str, files: dict[str, str]) -> Build:
    return lambda folder: checkout(folder, {**files, ".gitattributes": f"{line}\n"})


def links(**targets: str) -> Build:
    """Replace files by links; ``__`` in their names stands for a slash."""

    def build(folder: Path) -> Path:
        root = checkout(folder, {"README.md": None, "text/index.md": FILES["README.md"]})
        for name, target in targets.items():
            path = root / name.replace("__", "/").replace("README", "README.md")
            path.parent.mkdir(exist_ok=True)
            path.symlink_to(target)
        git(root, "add", "--all")
        return root

    return build


HOME = script("cd /home/jdoe")


@pytest.mark.parametrize(
    "build",
    [
        pytest.param(attributes("*.sh export-ignore", HOME), id="left out of archives"),
        pytest.param(
            attributes("*.sh export-subst", script("cd /home/jdoe # $Format:%H$")),
            id="changed in archives",
        ),
        pytest.param(attributes("README.md export-ignore", {}), id="a README left out"),
        pytest.param(links(README="text/index.md"), id="a link"),
        pytest.param(links(README="./text/../text/index.md"), id="a link with detours"),
        pytest.param(links(README="a", a="b", b="text/index.md"), id="links to links"),
        pytest.param(links(docs="text", text__README="index.md"), id="a linked folder"),
        pytest.param(links(README="more/index.md", more="text"), id="through a linked folder"),
        pytest.param(links(README="nowhere.md"), id="a link to nothing"),
        pytest.param(links(README="../outside.md"), id="a link that leaves"),
        pytest.param(links(README="/etc/hostname-of-nobody"), id="an absolute link"),
        pytest.param(links(README="a", a="README.md"), id="a circle"),
        pytest.param(links(README="text"), id="a link to a folder"),
        pytest.param(lambda folder: checkout(folder, {"é ß.sh": "cd /home/jdoe\n"}), id="letters"),
        pytest.param(lambda folder: checkout(folder, {"a\nb.sh": "cd /home/jdoe\n"}), id="a line"),
        pytest.param(lambda folder: checkout(folder, script("x\r\ncd /home/jdoe\r")), id="CRLF"),
        pytest.param(lambda folder: checkout(folder, {"x.sh": b"\xff\ncd /home/jdoe"}), id="bytes"),
        pytest.param(
            lambda folder: checkout(folder, {"x.sh": "\n" * 2**20 + "cd /home/jdoe"}), id="too long"
        ),
    ],
)
def test_what_git_and_archives_can_do(build: Build, server: GitHubServer, tmp_path: Path) -> None:
    assert_same(server, build(tmp_path), tmp_path)


def large(folder: Path) -> Path:
    return checkout(
        folder, {**HOME, "a/b/c/train.py": "x = '/home/jdoe'\n", "figure.png": "x" * 99}
    )


def test_a_large_repository_is_read_file_by_file(
    server: GitHubServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(github_repository, "MAX_ARCHIVE_BYTES", 50)
    server.log.clear()
    found = assert_same(server, large(tmp_path), tmp_path)
    assert len(found) == 2
    assert not [entry for entry in server.log if "tarball" in entry.path]


def test_a_tree_that_github_cuts_off_is_listed_folder_by_folder(
    server: GitHubServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server.settings, "max_tree_entries", 8)
    assert len(assert_same(server, large(tmp_path), tmp_path)) == 2
    monkeypatch.setattr(github_repository, "_MAX_LISTS", 2)
    with pytest.raises(UsageError, match="too many files to list on GitHub; clone it"):
        read(server, push(server, large(tmp_path / "again")))


def test_what_is_too_much_is_not_called_clean(
    server: GitHubServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(github_repository, "MAX_ARCHIVE_BYTES", 50)
    monkeypatch.setattr(github_repository, "MAX_BLOBS", 4)
    found = judged(read(server, push(server, large(tmp_path))), "R")
    assert [f.code for f in found] == ["R013"]
    names = "`a/b/c/train.py`, `training/run.sh` and `training/train.py`"
    assert found[0].message == f"{names} were not read"


def test_the_texts_take_one_archive_and_no_other_requests(
    server: GitHubServer, tmp_path: Path
) -> None:
    full_name = push(server, checkout(tmp_path, {f"scripts/{n}.sh": str(n) for n in range(50)}))
    server.log.clear()
    remote = Remote(hub_of(server), full_name)
    state = remote.state("main")
    repository = build_repository(GitHubSource(remote, state.sha, state.tree))
    assert len(repository.scripts) == 52
    assert [entry.route for entry in server.log] == [
        "GET /repos/{owner}/{repo}",
        "GET /repos/{owner}/{repo}/commits/{ref}",
        "GET /repos/{owner}/{repo}/git/trees/{ref}",
        "GET /repos/{owner}/{repo}/tarball/{ref}",
        "GET archive",
    ]
    assert remote.requests == 4


def test_an_archive_larger_than_its_files_is_not_read_to_its_end(
    server: GitHubServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from model_lint.storage import github_archive

    monkeypatch.setattr(github_archive, "_OVERHEAD", 1)
    full_name = push(server, checkout(tmp_path, {"x.png": "x" * 10}))
    with pytest.raises(UsageError, match="a damaged archive"):
        read(server, full_name)


@pytest.mark.parametrize("kind", ["truncate", "reset", "500"])
def test_an_archive_that_breaks_is_asked_for_again(
    kind: str, server: GitHubServer, tmp_path: Path
) -> None:
    full_name = push(server, checkout(tmp_path, HOME))
    fault = server.fault(kind, path="legacy.tar.gz", amount=50)
    assert [f.code for f in judged(read(server, full_name), "R")] == ["R006"]
    assert fault.hits == 1
    server.fault(kind, path="legacy.tar.gz", amount=50, times=0)
    with pytest.raises(UsageError, match=rf"^{full_name}: GitHub does not send its files \("):
        read(server, full_name)
    server.faults.clear()


def test_the_key_in_the_address_of_an_archive_is_not_shown(
    server: GitHubServer, tmp_path: Path
) -> None:
    full_name = push(server, checkout(tmp_path, HOME))
    server.fault("status-404", path="legacy.tar.gz", times=0)
    with pytest.raises(UsageError, match=r"its files \(404 Not Found\); try again later$"):
        read(server, full_name)
    server.faults.clear()


def test_an_empty_repository_is_told(server: GitHubServer) -> None:
    server.add_owner("empty").add_repository(NAME)
    with pytest.raises(UsageError, match=r"^empty/model_seg_sc_t2"):
        read(server, "empty/model_seg_sc_t2")
