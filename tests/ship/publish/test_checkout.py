"""The repository that a checkout belongs to."""

from __future__ import annotations

import pytest
from model_lint.ship.publish.checkout import named_by


@pytest.mark.parametrize(
    "address",
    [
        "https://github.com/lab/model_seg",
        "https://github.com/lab/model_seg.git",
        "https://github.com/lab/model_seg/",
        "https://user:secret@GitHub.com/lab/model_seg.git",
        "git@github.com:lab/model_seg.git",
        "github.com:lab/model_seg",
        "ssh://git@github.com/lab/model_seg.git",
        "ssh://git@ssh.github.com:443/lab/model_seg.git",
        "git://github.com/lab/model_seg.git",
    ],
)
def test_addresses_on_github(address: str) -> None:
    assert named_by(address, "https://github.com") == "lab/model_seg"


@pytest.mark.parametrize(
    "address",
    [
        "https://gitlab.com/lab/model_seg",
        "https://github.com/lab",
        "https://github.com/lab/group/model_seg",
        "https://github.com.example.org/lab/model_seg",
        "https://example.org/github.com/lab/model_seg",
        "https://github.com:8443/lab/model_seg",
        "../model_seg",
        "/srv/git/model_seg.git",
        "git@example.org:lab/model_seg.git",
        "",
        "https://[github.com/lab/model_seg",
        "https://github.com:99999/lab/model_seg",
    ],
)
def test_addresses_elsewhere(address: str) -> None:
    assert named_by(address, "https://github.com") is None


def test_a_server_of_ones_own() -> None:
    web = "http://127.0.0.1:8080"
    assert named_by(f"{web}/lab/model_seg.git", web) == "lab/model_seg"
    assert named_by("http://127.0.0.1:8081/lab/model_seg.git", web) is None
    assert named_by("git@127.0.0.1:lab/model_seg.git", web) == "lab/model_seg"
