"""What an argument of ``check`` means: a path, or something on a server."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from model_lint.errors import UsageError
from model_lint.models.target import is_remote, load_targets


@pytest.mark.parametrize(
    "text",
    [
        "https://example.org/m.zip",
        "HTTP://example.org",
        "ftp://example.org/m.zip",
        "ivadomed/model_seg_sc",
        "ivadomed/model_seg_sc@r20240102",
        "a/b.c@v1/x",
    ],
)
def test_on_a_server(text: str, elsewhere: None) -> None:
    assert is_remote(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        ".",
        "m.zip",
        "here/model",
        "here/missing",
        "missing/m.zip",
        "missing/DATASET.JSON",
        "a/b/c",
        "/a/b",
        "../a",
        "a/",
        "-/b",
        "C:\\a\\b",
        "C:/a/b",
    ],
)
def test_a_path(text: str, elsewhere: None) -> None:
    Path("here/model").mkdir(parents=True)
    assert not is_remote(text)


def test_a_scheme_that_is_not_of_the_web(elsewhere: None) -> None:
    pytest.importorskip("requests")
    with pytest.raises(UsageError, match=r"^ftp://x/m\.zip: not an address of the web; it begins"):
        load_targets("ftp://x/m.zip")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("ftp://jane:secret@x/m.zip", "ftp://x/m.zip: not an address of the web; it begins"),
        ("https://jane:secret@[::1/m.zip", r"https://\[::1/m.zip: not an address of the web: Inv"),
    ],
)
def test_a_password_in_an_address_of_no_use(text: str, said: str, elsewhere: None) -> None:
    pytest.importorskip("requests")
    with pytest.raises(UsageError, match=f"^{said}"):
        load_targets(text)


def test_a_password_offline(elsewhere: None) -> None:
    with pytest.raises(UsageError, match=r"^https://x/m\.zip: reading it takes the network"):
        load_targets("https://jane:secret@x/m.zip", offline=True)


@pytest.mark.parametrize("path", ["lab", "lab/model/tree/main", "lab/model/blob/main/x.py", ""])
def test_a_page_of_github_is_no_package(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("requests")
    monkeypatch.setenv("GITHUB_API_URL", "http://127.0.0.1:1/api/v3")
    monkeypatch.delenv("GITHUB_SERVER_URL", raising=False)
    with pytest.raises(
        UsageError, match=r": a page of GitHub, not a package; give OWNER/REPO, OWN"
    ):
        load_targets(f"http://127.0.0.1:1/{path}")


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("github.com/lab/model", "give OWNER/REPO or OWNER/REPO@TAG"),
        ("git@github.com:lab/model.git", "give OWNER/REPO or OWNER/REPO@TAG"),
        ("here/model@r20240102", "give https://github.com/here/model/releases/tag/r20240102"),
        ("here/m@r1/x.zip", "give https://github.com/here/m/releases/download/r1/x.zip"),
        ("here/model", "give https://github.com/here/model"),
    ],
)
def test_what_was_meant(text: str, hint: str, elsewhere: None) -> None:
    Path("here").mkdir()
    with pytest.raises(UsageError) as error:
        load_targets(text)
    assert str(error.value).endswith(hint)


@pytest.mark.parametrize("missing", ["requests", "urllib3"])
def test_without_the_extra(missing: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(sys.modules):
        if name.startswith("model_lint.storage.http") or name == "model_lint.models.remote":
            monkeypatch.delitem(sys.modules, name)
    for name in ("requests", missing):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(UsageError, match=r'`pip install "model-lint\[github\]"`.*is missing'):
        load_targets("https://example.org/m.zip")
