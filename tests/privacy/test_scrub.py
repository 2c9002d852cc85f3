"""What is taken out of texts, and that what is left stays as it was."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from leaks import FOLDERS, HARMLESS, LEAKY, NO_SECRETS, SECRETS, SPACED, TIME
from model_lint.privacy import (
    Names,
    find_leaks,
    find_names,
    is_address,
    scrub,
    scrub_all,
    scrubbed,
)

MODEL = Path(__file__).parents[1] / "data" / "nnUNetTrainerTiny__nnUNetPlans__2d"


def test_a_case_is_found_again_where_nothing_says_that_it_is_one() -> None:
    text = f"{TIME}predicting liver_1 \nliver_1: 0.9, liver_12: 0.8, liver_1_0000.nii.gz, aliver_1"
    assert scrub(text) == (
        f"{TIME}predicting <subject-1> \n"
        "<subject-1>: 0.9, liver_12: 0.8, <subject-1>_0000.nii.gz, aliver_1"
    )


@pytest.mark.parametrize("case", ["7", "12", "fold", "Epoch", "dice"])
def test_a_case_with_a_common_name_is_removed_only_where_it_is_one(case: str) -> None:
    rest = f"{TIME}Epoch 7 of fold 12, dice 0.7"
    assert scrub(f"{TIME}predicting {case} \n{rest}") == f"{TIME}predicting <subject-1> \n{rest}"


def test_names_of_other_files_are_removed_too() -> None:
    names = find_names(json.dumps({"hostname": "romane"})) | find_names(f"{TIME}predicting liver_1")
    assert names == Names(frozenset({"romane"}), frozenset({"liver_1"}))
    assert scrub("romane did liver_1", names) == "<host> did <subject-1>"


def test_what_nnunet_names_itself_stays_readable() -> None:
    paths = [
        "/home/x/r/Dataset101_X/nnUNetTrainer__nnUNetPlans__2d/fold_0",
        "/a/b/splits_final.json",
    ]
    assert [scrub(path) for path in paths] == ["<path>/fold_0", "<path>/splits_final.json"]
    assert scrub("/home/jdoe/private") == "<path>"


def test_subjects_keep_apart() -> None:
    text = "sub-01_T1w sub-02_T1w sub-01_T2w"
    assert scrub(text) == "<subject-1>_T1w <subject-2>_T1w <subject-1>_T2w"


def test_what_one_text_names_is_taken_out_of_all() -> None:
    texts = {
        "debug.json": json.dumps({"hostname": "romane", "x": "liver_1"}),
        "log": f"{TIME}predicting liver_1 \non romane",
        "other": "nothing",
    }
    clean = scrub_all(texts)
    assert {key: found.text for key, found in clean.items()} == {
        "debug.json": json.dumps({"hostname": "<host>", "x": "<subject-1>"}),
        "log": f"{TIME}predicting <subject-1> \non <host>",
        "other": "nothing",
    }
    leaks = {("host", "romane"), ("subject", "liver_1")}
    assert [found.leaks for found in clean.values()] == [leaks, leaks, frozenset()]
    assert scrub_all({}) == {}


def test_what_is_meant_for_readers_stays() -> None:
    text = "jane@lab.ca keeps it in /data/jane/x"
    assert scrubbed(text, meant=is_address).text == "jane@lab.ca keeps it in <path>"
    assert scrubbed(text, meant=is_address).leaks == {("path", "/data/jane/x")}
    assert scrubbed(text).text == "<host> keeps it in <path>"


def test_many_names_take_one_pass() -> None:
    names = [f"liver_{number}" for number in range(5_000)]
    log = "".join(f"{TIME}predicting {name} \n" for name in names)
    clean = scrub(f"{log}{' '.join(names)}")
    assert "liver" not in clean
    assert clean.endswith(" <subject-5000>")


def test_the_longest_name_wins() -> None:
    names = Names(subjects=frozenset({"liver_1", "liver_1_b", "liver_1_b c"}))
    text = "liver_1_b c, liver_1_b, liver_1, liver_1_bc, <liver_1, liver_1>"
    clean = "<subject-1>, <subject-2>, <subject-3>, <subject-3>_bc, <liver_1, liver_1>"
    assert scrub(text, names) == clean


def test_a_real_debug_file() -> None:
    text = (MODEL / "fold_0" / "debug.json").read_text(encoding="utf-8")
    assert {leak.kind for leak in find_leaks(text)} == {"path", "host"}
    before, after = json.loads(text), json.loads(scrub(text))
    changed = {key for key in before if before[key] != after[key]}
    assert changed == {
        "hostname",
        "log_file",
        "output_folder",
        "output_folder_base",
        "preprocessed_dataset_folder",
        "preprocessed_dataset_folder_base",
    }
    assert after["output_folder"] == "<path>/fold_0"


def test_a_real_log_loses_nothing_but_the_leak() -> None:
    (log,) = (MODEL / "fold_1").glob("training_log_*.txt")
    text = log.read_text(encoding="utf-8")
    (leak,) = find_leaks(text)
    assert scrub(text) == text.replace(leak.value, "<path>/splits_final.json")


FRAGMENTS = st.sampled_from(
    [text for text, _ in LEAKY + SPACED]
    + [*SECRETS, *NO_SECRETS, *HARMLESS, *(path for path, _, _ in FOLDERS)]
    + [" ", "\n", "/", '"', "'", "<", "\\", "key=", "predicting ", "@"]
)


@given(st.lists(st.one_of(FRAGMENTS, st.text(max_size=8)), max_size=8))
def test_scrubbing_again_changes_nothing(parts: list[str]) -> None:
    for text in (
        "".join(parts),
        json.dumps(parts),
        json.dumps({str(i): p for i, p in enumerate(parts)}),
    ):
        clean = scrub(text)
        assert scrub(clean) == clean
        assert find_leaks(clean) == ()


@given(st.lists(st.one_of(FRAGMENTS, st.text(max_size=8)), max_size=8))
def test_json_stays_json(parts: list[str]) -> None:
    clean = json.loads(scrub(json.dumps(parts, ensure_ascii=False)))
    assert len(clean) == len(parts)


@given(st.text(alphabet="aA0/\\ .:@-_<>'\"\n", max_size=60))
def test_any_text(text: str) -> None:
    clean = scrub(text)
    assert scrub(clean) == clean
    assert find_leaks(clean) == ()
