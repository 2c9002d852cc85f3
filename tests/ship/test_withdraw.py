"""A release that is withdrawn, on the test server: a draft again, and one comment says why."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from github_server import GitHubServer
from github_server.builder import RepositoryBuilder
from github_server.state import Comment, Release
from model_lint.cli import main

TAG = "r20240520"
REASON = "## model-lint: 1 error\n\n| error | D003 | no `image_orientation` |\n"


class Model:
    """A repository with a published release, its server, and who asks."""

    def __init__(self, server: GitHubServer, folder: Path) -> None:
        self.server = server
        self.repository: RepositoryBuilder = server.add_owner("ivadomed").add_repository(
            "model_seg_sc", {"README.md": "# A model\n"}, date="2024-05-01"
        )
        self.release: Release = self.repository.release(
            TAG, {f"model_seg_sc-{TAG}.zip": b"PK"}, title="The model", notes="What is new"
        )
        self.reason = folder / "reason.md"
        self.reason.write_text(REASON, encoding="utf-8")

    @property
    def comments(self) -> list[Comment]:
        return self.repository.repository.commit_comments

    def withdraw(self, *words: str, tag: str = TAG) -> int:
        return main(
            ["withdraw", f"ivadomed/model_seg_sc@{tag}", "--reason", str(self.reason), *words]
        )


@pytest.fixture
def model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Model]:
    with GitHubServer() as server:
        monkeypatch.setenv("GITHUB_API_URL", server.api_url)
        monkeypatch.delenv("GITHUB_SERVER_URL", raising=False)
        made = Model(server, tmp_path)
        allow(made, monkeypatch, "push")
        yield made


def allow(model: Model, monkeypatch: pytest.MonkeyPatch, level: str) -> None:
    """Ask with a token of a workflow that has this permission for the repository's contents."""
    permissions = {model.repository.name: level}
    token = model.server.add_token("github-actions", permissions, kind="actions")
    monkeypatch.setenv("GH_TOKEN", token)


def test_a_release_becomes_a_draft_and_keeps_the_rest(
    model: Model, capsys: pytest.CaptureFixture[str]
) -> None:
    release, head = model.release, model.repository.head
    assert model.withdraw() == 0
    assert release.draft
    assert (release.tag, release.title, release.notes) == (TAG, "The model", "What is new")
    assert len(release.assets) == 1
    assert model.repository.repository.git.sha(f"refs/tags/{TAG}") == head
    printed = capsys.readouterr().out
    assert printed.startswith(f"ivadomed/model_seg_sc@{TAG} is a draft again; see ")
    assert f"/commit/{head}#commitcomment-" in printed


def test_a_comment_on_the_commit_of_the_tag_says_why(model: Model) -> None:
    tagged = model.repository.head
    model.repository.commit({"later.txt": "x"}, "2024-06-01")
    assert model.withdraw("--details", "https://github.com/ivadomed/runs/1") == 0
    (comment,) = model.comments
    assert comment.commit == tagged
    first, text = comment.body.split("\n", 1)
    assert first.startswith("<!-- model-lint withdraw r20240520 ")
    assert text == (
        "The release `r20240520` failed its check and is a draft again "
        "([details](https://github.com/ivadomed/runs/1)).\n\n"
        f"{REASON}\nReplace its packages by repaired ones, then publish it again.\n"
    )


def test_an_annotated_tag_leads_to_its_commit(model: Model) -> None:
    model.repository.release("r20240521", message="Annotated")
    assert model.withdraw(tag="r20240521") == 0
    assert model.comments[0].commit == model.repository.head


def test_the_same_reason_is_given_once(model: Model, capsys: pytest.CaptureFixture[str]) -> None:
    assert model.withdraw("--details", "https://example.org/1") == 0
    assert model.withdraw("--details", "https://example.org/2") == 0
    assert len(model.comments) == 1
    assert capsys.readouterr().out.splitlines()[1] == (
        f"ivadomed/model_seg_sc@{TAG} was a draft already; the reason was given before"
    )
    model.reason.write_text("Something else", encoding="utf-8")
    assert model.withdraw() == 0
    assert len(model.comments) == 2


def test_a_release_that_was_published_again_is_withdrawn_again(model: Model) -> None:
    model.withdraw()
    model.release.draft = False
    assert model.withdraw() == 0
    assert model.release.draft
    assert len(model.comments) == 1


def test_a_run_after_one_that_could_not_comment_goes_on(
    model: Model, capsys: pytest.CaptureFixture[str]
) -> None:
    model.server.fault("502", method="POST", path="/comments")
    assert model.withdraw() == 2
    assert model.release.draft
    assert not model.comments
    assert model.withdraw() == 0
    assert len(model.comments) == 1


def test_a_comment_whose_answer_is_lost_is_not_made_twice(model: Model) -> None:
    model.server.fault("lost-answer", method="POST", path="/comments")
    assert model.withdraw() == 2
    assert model.withdraw() == 0
    assert len(model.comments) == 1


def test_a_long_reason_is_cut_at_a_line(model: Model) -> None:
    lines = [f"| error | finding {number} |" for number in range(5000)]
    model.reason.write_text("\n".join(lines), encoding="utf-8")
    assert model.withdraw() == 0
    body = model.comments[0].body
    assert len(body) < 65_536
    shown = [line for line in body.splitlines() if line.startswith("|")]
    assert shown == lines[: len(shown)]
    assert "The rest would not fit here." in body


def test_without_permission_nothing_changes(
    model: Model, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    allow(model, monkeypatch, "read")
    assert model.withdraw() == 2
    assert not model.release.draft
    assert not model.comments
    assert capsys.readouterr().err == (
        f"model-lint: ivadomed/model_seg_sc@{TAG}: GitHub refuses access: "
        "Resource not accessible by integration\n"
    )


def test_a_token_of_one_who_may_only_read_is_told_what_it_takes(
    model: Model, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("GH_TOKEN", model.server.add_token("reader", {"ivadomed/*": "read"}))
    assert model.withdraw() == 2
    assert not model.release.draft
    assert "the token may not do that; it takes Contents: write" in capsys.readouterr().err


def test_it_takes_a_token(
    model: Model, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("GH_TOKEN", "GITHUB_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PATH", "")
    model.server.log.clear()
    assert model.withdraw() == 2
    assert "withdrawing takes a token: set GH_TOKEN" in capsys.readouterr().err
    assert not list(model.server.log)


@pytest.mark.parametrize("tag", ["r20990101", TAG.upper()])
def test_a_release_that_is_not_there(
    model: Model, tag: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert model.withdraw(tag=tag) == 2
    assert not model.comments
    assert f"@{tag}: there is no such release" in capsys.readouterr().err


def test_an_immutable_release_stays_and_the_comment_says_what_to_do(
    model: Model, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    model.release.immutable = True
    for _ in range(2):
        assert model.withdraw() == 2
        assert "immutable, so that GitHub does not make it a draft" in capsys.readouterr().err
    assert not model.release.draft
    (comment,) = model.comments
    assert "failed its check." in comment.body
    assert "under another tag" in comment.body


@pytest.mark.parametrize("release", ["ivadomed/model_seg_sc", "model_seg_sc@r1", "x/y@", "."])
def test_only_a_release_is_withdrawn(
    release: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["withdraw", release, "--reason", str(tmp_path)]) == 2
    assert "name a release, as OWNER/REPO@TAG" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("content", "said"), [(None, "can't read"), ("", "empty"), (" \n", "empty")]
)
def test_there_must_be_a_reason(
    content: str | None, said: str, model: Model, capsys: pytest.CaptureFixture[str]
) -> None:
    model.reason.unlink()
    if content is not None:
        model.reason.write_text(content, encoding="utf-8")
    assert model.withdraw() == 2
    assert said in capsys.readouterr().err
    assert not model.release.draft
