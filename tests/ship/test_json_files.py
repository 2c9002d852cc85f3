"""dataset.json and plans.json as they are packed: without leaks, with what prediction reads."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from build import TRAINER
from hypothesis import given
from hypothesis import strategies as st
from model_lint.ship.json_files import clean
from packing import ZIP, edit_json, members, run

READ = {
    "labels": {"background": 0, "/home/jane/sc": 1},
    "channel_names": {"0": "sub-01"},
    "file_ending": ".nii.gz",
}


def test_paths_and_subjects_are_replaced_and_addresses_stay(
    model: Path, out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    edit_json(
        model / "dataset.json",
        description="made from /data/jane/bids/sub-042/anat",
        reference="https://example.org/data",
        licence="ask jane.doe@lab.ca",
    )
    assert run(model) == 0
    dataset = json.loads(members(out / ZIP)[f"{TRAINER}/dataset.json"])
    assert dataset["description"] == "made from <path>"
    assert dataset["reference"] == "https://example.org/data"
    assert dataset["licence"] == "ask jane.doe@lab.ca"
    assert "\n  dataset.json  1 path, 1 subject\n" in capsys.readouterr().out


def test_lists_of_cases_are_left_out_and_counted(
    model: Path, out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    edit_json(model / "dataset.json", dataset={"a": {}, "b": {}}, test=["./imagesTs/c.nii.gz"])
    assert run(model, "--format", "json") == 0
    said = json.loads(capsys.readouterr().out)
    assert {"path": "dataset.json", "kind": "case", "count": 3} in said["removed"]
    assert said["scrubbed"]["case"] == 3
    dataset = json.loads(members(out / ZIP)[f"{TRAINER}/dataset.json"])
    assert "dataset" not in dataset
    assert "test" not in dataset


def test_plans_and_fingerprint_are_searched_too(model: Path, out: Path) -> None:
    edit_json(model / "plans.json", made_by="/home/jane/planner.py")
    edit_json(model / "dataset_fingerprint.json", cases=["sub-jane01"])
    assert run(model) == 0
    packed = members(out / ZIP)
    plans = json.loads(packed[f"{TRAINER}/plans.json"])
    assert plans["made_by"] == "<path>"
    assert (
        plans["configurations"] == json.loads((model / "plans.json").read_text())["configurations"]
    )
    assert json.loads(packed[f"{TRAINER}/dataset_fingerprint.json"])["cases"] == ["<subject-1>"]


@pytest.mark.parametrize("name", ["dataset.json", "plans.json", "dataset_fingerprint.json"])
def test_a_secret_is_refused(name: str, model: Path, refused: Callable[..., str]) -> None:
    edit_json(model / name, note=f"wandb_api_key={'0a1b' * 10}")
    assert f"{name}, line " in (said := refused(model))
    assert "a password or token; remove it" in said


def test_a_fingerprint_that_is_no_json_is_packed_as_it_is(model: Path, out: Path) -> None:
    """Nobody reads it to predict: the linter warns."""
    (model / "dataset_fingerprint.json").write_bytes(b'{"a": 1, "a": \xff')
    assert run(model) == 0
    packed = members(out / ZIP)[f"{TRAINER}/dataset_fingerprint.json"]
    assert packed == b'{"a": 1, "a": \xff'


def test_what_prediction_reads_is_never_changed() -> None:
    kept, removed = clean({**READ, "path": "/home/jane/x"})
    assert kept == {**READ, "path": "<path>"}
    assert removed == {("path", "/home/jane/x")}


@given(
    st.dictionaries(
        st.sampled_from([*READ, "name", "configurations", "x"]),
        st.text("/homejan sub-01_.\"'\\é\n") | st.integers() | st.floats(allow_nan=False),
    )
)
def test_cleaning_keeps_everything_else(content: dict[str, object]) -> None:
    kept, removed = clean(content)
    assert kept.keys() == content.keys()
    assert {k: v for k, v in kept.items() if k in READ} == {
        k: v for k, v in content.items() if k in READ
    }
    assert clean(kept) == (kept, frozenset())
    if not removed:
        assert kept == content
