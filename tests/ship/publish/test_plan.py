"""Which steps are missing, without any GitHub."""

from __future__ import annotations

from typing import Any

import pytest
from model_lint.errors import UsageError
from model_lint.ship.publish.plan import plan
from model_lint.ship.publish.steps import step_name
from model_lint.ship.publish.wanted import (
    Asset,
    Claim,
    Release,
    Repository,
    Run,
    State,
    Tag,
    Uploaded,
    Wanted,
)

COMMIT = "c" * 40
ZIP = Asset("model.zip", 3, "a" * 64, b"zip")
SUMS = Asset("SHA256SUMS", 4, "b" * 64, b"sums", "text/plain")
WANTED = Wanted("lab/model", "r20261123", COMMIT, (ZIP, SUMS))
OWN = Claim("me", "1")
THERE = Repository("main")
TAG = Tag(COMMIT, OWN)
FULL = (Uploaded(1, "model.zip", 3, "a" * 64), Uploaded(2, "SHA256SUMS", 4, "b" * 64))


def release(number: int = 7, **values: Any) -> Release:
    known = {"author": "me", "draft": True, "notes": "x", "url": "http://x"}
    return Release(number, **{**known, **values})


def steps(state: State, *, first: State | None = None, claim: Claim = OWN) -> list[str]:
    run = Run(claim, state if first is None else first)
    return [step_name(step) for step in plan(WANTED, state, run)]


REST = ["upload", "upload", "publish"]


@pytest.mark.parametrize(
    ("state", "missing"),
    [
        (State(THERE), ["create-tag", "create-draft", *REST]),
        (State(THERE, TAG), ["create-draft", *REST]),
        (State(THERE, Tag(COMMIT)), ["create-draft", *REST]),
        (State(THERE, TAG, (release(),)), REST),
        (State(THERE, TAG, (release(author="ME"),)), REST),
        (State(THERE, TAG, (release(notes=" "),)), ["upload", "upload", "write-notes", "publish"]),
        (State(THERE, TAG, (release(assets=FULL),)), ["publish"]),
        (State(THERE, TAG, (release(assets=FULL[:1]),)), ["upload", "publish"]),
        (State(THERE, TAG, (release(assets=FULL, draft=False),)), []),
        (State(THERE, None, (release(),)), ["create-tag", *REST]),
        (State(THERE, TAG, (release(), release(8))), ["delete-draft", *REST]),
        (State(THERE, TAG, (release(), release(8, assets=FULL))), REST),
        (State(THERE, TAG, (release(), release(8, author="you"))), REST),
        (State(THERE, TAG, (release(author="you"), release(8))), ["delete-draft"]),
        (
            State(THERE, TAG, (release(assets=FULL, draft=False, author="you"), release(8))),
            ["delete-draft"],
        ),
    ],
)
def test_what_is_missing(state: State, missing: list[str]) -> None:
    assert steps(state) == missing


@pytest.mark.parametrize(
    "wrong",
    [
        Uploaded(1, "model.zip", 0, None, complete=False),
        Uploaded(1, "model.zip", 3, "a" * 64, complete=False),
        Uploaded(1, "model.zip", 3, "b" * 64),
        Uploaded(1, "model.zip", 2, None),
    ],
)
def test_an_asset_that_is_wrong_is_replaced_in_a_draft_and_never_in_a_release(
    wrong: Uploaded,
) -> None:
    assets = (wrong, FULL[1])
    draft = State(THERE, TAG, (release(assets=assets),))
    assert steps(draft) == ["delete-asset", "upload", "publish"]
    with pytest.raises(UsageError, match="a published release is never changed"):
        steps(State(THERE, TAG, (release(assets=assets, draft=False),)))


def test_what_else_is_in_a_draft() -> None:
    broken = Uploaded(3, "old.zip", 0, None, complete=False)
    figure = Uploaded(4, "figure.png", 5, None)
    state = State(THERE, TAG, (release(assets=(*FULL, broken, figure)),))
    assert steps(state) == ["delete-asset", "publish"]
    with pytest.raises(UsageError, match=r"its draft has `old.zip` too"):
        steps(State(THERE, TAG, (release(assets=(*FULL, broken._replace(complete=True))),)))


@pytest.mark.parametrize(
    ("tag", "said"),
    [
        (Tag("d" * 40), "the tag is on ddddddd already, not on ccccccc"),
        (Tag("d" * 40, OWN), "the tag is on ddddddd already"),
        (Tag(COMMIT, Claim("you", "2")), "you is publishing it"),
    ],
)
def test_a_tag_that_is_taken(tag: Tag, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        steps(State(THERE, tag))


def test_an_own_tag_is_gone_on_with_if_it_was_there_first() -> None:
    older = State(THERE, Tag(COMMIT, Claim("Me", "0")))
    assert steps(older) == ["create-draft", *REST]
    with pytest.raises(UsageError, match="another run of yours has just begun"):
        steps(older, first=State(THERE))


@pytest.mark.parametrize("login", ["me", "you"])
def test_another_run_was_faster(login: str) -> None:
    tag = Tag(COMMIT, Claim(login, "2"))
    done = State(THERE, tag, (release(assets=FULL, draft=False),))
    with pytest.raises(UsageError, match=f"another run, by {login}, has just published it"):
        steps(done, first=State(THERE))
    assert steps(done) == []


def test_the_draft_of_another() -> None:
    with pytest.raises(UsageError, match="you has a draft of it, http://x"):
        steps(State(THERE, TAG, (release(author="you"), release(8, assets=FULL))))


def test_a_claim_is_read_as_it_was_written() -> None:
    claim = Claim("github-actions[bot]", "0af1")
    assert Claim.read(f"Title\n\nText.\n\n{claim.line}\n") == claim
    assert Claim.read("Title") is None
