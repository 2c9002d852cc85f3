"""The rule that compares the repository's name with the model: two or three dimensions."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import pytest
from build import NAME, Case, Change, assert_case, changed, drop, edit, findings, package, put
from model_lint.findings import Severity
from model_lint.lint import Options, lint, select_rules
from model_lint.models.target import Given, load_target
from model_lint.naming import VOCABULARY, extend, parse
from model_lint.rules import all_rules

THREE = "model_seg_sc_t2_unet3d"
ZIP = f"{THREE}-r20261123.zip"


def in_3d(value: Any) -> None:
    value["configurations"]["2d"]["patch_size"] = [16, 48, 48]


def case(what: str, *changes: Change, **more: Any) -> Case:
    return changed("N012", what, *changes, **more)


def silent(what: str, *changes: Change, **more: Any) -> Case:
    return changed("N012", what, *changes, fires=False, **more)


CASES = [
    silent("two dimensions by default"),
    silent("two dimensions", name="model_seg_sc_t2_unet2d"),
    case(
        "of the zip's name",
        zip_name=ZIP,
        says=f"`{THREE}` says `unet3d`, `nnUNetTrainerTiny__nnUNetPlans__2d` is `unet2d`",
        severity=Severity.WARNING,
    ),
    case("with an underscore", zip_name=f"{THREE}_r20261123.zip"),
    case("as given", name=THREE),
    case("without plans", drop("plans.json"), name=THREE),
    silent("the given name wins", name="model_seg_sc_t2", zip_name=ZIP),
    silent("both", name="model_seg_sc_t2_unet2d-unet3d"),
    silent("another network", name="model_seg_axon_sem_filmCharley"),
    silent("plans and folder disagree", edit("plans.json", in_3d), name=THREE),
    silent("a wrong name", name="model_seg_SC_unet3d", also={"N002"}),
    silent("another zip", zip_name="model-spinal-rootlets-r20240915.zip"),
    silent("no date", zip_name=f"{THREE}.zip"),
    silent("no model", drop(""), put("/x/README.md"), zip_name=ZIP),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_case(case: Case, tmp_path: Path) -> None:
    assert_case(case, tmp_path, "N")


def test_the_valid_name_is_given(tmp_path: Path) -> None:
    (found,) = findings(package(tmp_path, name=ZIP), "N012")
    assert found.help == "rename the repository to `model_seg_sc_t2`"


@pytest.mark.parametrize(
    ("given", "zip_name"),
    [("model_seg_sc_dcm_t2_unet3d", NAME), (None, "model_seg_sc_dcm_t2_unet3d-r20261123.zip")],
)
def test_words_of_the_configuration_are_known(
    given: str | None, zip_name: str, tmp_path: Path
) -> None:
    path = package(tmp_path, name=zip_name)
    ours = partial(parse, vocabulary=extend(VOCABULARY, {"pathology": ["dcm"]}))
    rules = select_rules(all_rules(), select=["N"])
    for words, codes in ((ours, ["N012"]), (parse, ["N004"] if given else [])):
        found = lint(load_target(str(path), Given(given, words)), Options(rules)).findings
        assert [f.code for f in found] == codes
