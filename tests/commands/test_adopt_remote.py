"""Packages on a server are adopted where they are: an address, and a release on GitHub."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import nginx
import pytest
from adopting import NAMED, NEW, RPI, UNORIENTED, adopt
from build import drop, inside, package
from github_server import GitHubServer
from model_lint.cli import main
from releasing import NAME, OWNER, TAG, ReleaseCase, zip_of
from repairing import contents, digest

pytestmark = pytest.mark.usefixtures("elsewhere")

RELEASE = f"{OWNER}/{NAME}@{TAG}"


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[GitHubServer]:
    """The local GitHub, without a token and without waiting."""
    for name in ("GH_TOKEN", "GITHUB_TOKEN", "GITHUB_SERVER_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    monkeypatch.setattr(time, "sleep", lambda _seconds: None)
    with GitHubServer() as started:
        monkeypatch.setenv("GITHUB_API_URL", started.api_url)
        yield started


def test_the_address_of_a_zip(tmp_path: Path) -> None:
    (tmp_path / "www").mkdir()
    (tmp_path / "home").mkdir()
    package(tmp_path / "www", UNORIENTED, inside("old"), name="old.zip")
    with nginx.serving(tmp_path / "www", tmp_path / "home") as address:
        assert adopt(f"{address}/old.zip", *RPI, "--output", "web.zip") == 0
    assert adopt("www/old.zip", *RPI, "--output", "disk.zip") == 0
    assert digest(Path("web.zip")) == digest(Path("disk.zip"))


def test_a_release_with_a_zip_for_each_fold(server: GitHubServer, tmp_path: Path) -> None:
    assets = {
        "model_fold0.zip": zip_of(UNORIENTED),
        "model_fold1.zip": zip_of(UNORIENTED, drop("trainer_class.py"), folds=(1,)),
    }
    ReleaseCase("", "old", assets=assets).publish(server)
    assert main(["adopt", RELEASE, "--tag", "r20261124", *RPI]) == 0
    folds = {path.split("/")[1] for path in contents(tmp_path / NEW)}
    assert {"fold_0", "fold_1"} <= folds
    assert sorted(path.name for path in tmp_path.iterdir()) == [".git", NEW]


def test_a_clean_release_has_nothing_to_change(
    server: GitHubServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    package(tmp_path, name="old.zip")
    assert adopt("old.zip") == 0
    clean = (tmp_path / NEW).read_bytes()
    ReleaseCase("", "clean", assets={f"{NAME}-{TAG}.zip": clean}).publish(server)
    capsys.readouterr()
    assert main(["adopt", RELEASE]) == 0
    assert capsys.readouterr().out.endswith(f"{NAME}-{TAG}.zip: nothing to change\n")


@pytest.mark.parametrize(
    ("case", "says"),
    [
        (ReleaseCase("", "no zip", assets={"x.csv": b"x"}), "a release without a package"),
        (ReleaseCase("", "no release", released=False), "has no release"),
        (ReleaseCase("", "no model", assets={f"{NAME}-{TAG}.zip": b"x"}), "(Z001)"),
    ],
    ids=str,
)
def test_a_release_without_a_model(
    case: ReleaseCase,
    says: str,
    server: GitHubServer,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    case.publish(server)
    assert main(["adopt", RELEASE, *NAMED]) == 2
    error = capsys.readouterr().err
    assert says in error
    assert error.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == [".git"]
