"""Which repositories are those of models, and which releases are looked at."""

from __future__ import annotations

from typing import Any

import pytest
from model_lint.models.owner import Listed, Scope


def listed(name: str, *marks: str) -> Listed:
    raw = {"name": name, "full_name": f"ivadomed/{name}"}
    return Listed({**raw, **{mark: mark in marks for mark in ("archived", "fork", "private")}})


def release(*assets: str, date: str = "2024-05-20T00:00:00Z", prerelease: bool = False) -> Any:
    named = [{"name": name} for name in assets]
    return {"assets": named, "published_at": date, "prerelease": prerelease}


@pytest.mark.parametrize(
    "name",
    ["model_seg_sc_t2", "Model_Seg_SC", "model_x", "seg_sc_t2", "canal-seg", "model-seg-sc_t2"],
)
def test_a_name_is_that_of_a_model(name: str) -> None:
    assert Scope().is_model(listed(name), [])


@pytest.mark.parametrize("name", ["spinalcordtoolbox", "docs", "model-template", "models", "data"])
def test_others_are_not(name: str) -> None:
    assert not Scope().is_model(listed(name), [release("source.zip"), release("model.tar")])
    assert Scope(every=True).is_model(listed(name), [])


@pytest.mark.parametrize("asset", ["model.zip", "Dataset123_x.ZIP", "rootlets-r20240523.zip"])
def test_who_released_a_model_is_one(asset: str) -> None:
    assert Scope().is_model(listed("fmri"), [release(), release("x.txt", asset)])


def test_marks_are_left_out_unless_they_are_wanted() -> None:
    old = listed("model_x", "archived", "fork")
    assert Scope().why_not(listed("model_x")) == ""
    assert Scope().why_not(old) == "archived"
    assert Scope(frozenset({"archived"})).why_not(old) == "fork"
    assert Scope(frozenset({"archived", "fork"})).why_not(old) == ""


def test_names_can_be_chosen() -> None:
    scope = Scope(names=("model_seg_*", "fmri"))
    names = ["model_seg_sc", "model_label", "fmri", "fmri2"]
    assert [scope.why_not(listed(name)) for name in names] == [
        "",
        "other names",
        "",
        "other names",
    ]


def test_releases_can_be_chosen() -> None:
    draft, new, old = (
        release(date="2025-01-01T10:00:00Z", prerelease=True),
        release(date="2024-06-01T10:00:00Z"),
        release(date="2023-06-01T10:00:00Z"),
    )
    every = [draft, new, old]
    assert Scope().of(every) == every
    assert Scope(latest=True).of(every) == [new]
    assert Scope(latest=True).of([draft]) == [draft]
    assert Scope(since="2024-06-01").of(every) == [draft, new]
    assert Scope(latest=True, since="2024-06-02").of(every) == []
    assert Scope(latest=True).of([]) == []
