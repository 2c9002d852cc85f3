"""Splits: by subject, the same every time, and never one subject on both sides."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from settings import Settings
from splits import Splits, check, draw, nnunet_splits, prepare, read, to_yaml


@pytest.mark.parametrize("number", [4, 7, 20, 101])
@pytest.mark.parametrize("folds", [2, 3])
@pytest.mark.parametrize("seed", [0, 1, 42])
def test_every_subject_is_in_exactly_one_part(number: int, folds: int, seed: int) -> None:
    subjects = [f"sub-{k:03d}" for k in range(number)]
    splits = draw(subjects, test=0.2, folds=folds, seed=seed)
    assert sorted(splits.subjects) == subjects
    assert splits.test
    assert len(splits.folds) == folds
    sizes = [len(fold) for fold in splits.folds]
    assert max(sizes) - min(sizes) <= 1
    assert draw(reversed(subjects), test=0.2, folds=folds, seed=seed) == splits


def test_another_seed_draws_another_test_set() -> None:
    subjects = [f"sub-{k:03d}" for k in range(50)]
    drawn = {draw(subjects, test=0.2, folds=5, seed=seed).test for seed in range(5)}
    assert len(drawn) == 5


def test_too_few_subjects_for_the_folds() -> None:
    with pytest.raises(ValueError, match=r"5 subjects are too few: 1 .* leaves 4 for 5 folds"):
        draw([f"sub-{k}" for k in range(5)], test=0.2, folds=5, seed=0)


def test_three_subjects_are_the_least() -> None:
    assert draw(["a", "b", "c"], test=0.2, folds=2, seed=0).test
    with pytest.raises(ValueError, match="three are the least"):
        draw(["a", "b"], test=0.2, folds=2, seed=0)


def test_a_dataset_without_any_label_names_the_first_file(settings: Settings) -> None:
    data = replace(settings.dataset, label_files={"label-NOBODY_seg": {1: 1}})
    with pytest.raises(
        ValueError, match=r"for example sub-001\S*: no label file sub-001\S*_label-N"
    ):
        prepare(replace(settings, dataset=data))


def test_cases_of_a_subject_stay_together() -> None:
    splits = Splits(test=("c",), folds=(("a",), ("b", "d")))
    subject_of = {"a_ses-1": "a", "a_ses-2": "a", "b": "b", "d_T1w": "d", "d_T2w": "d"}
    result = nnunet_splits(splits, subject_of)
    assert result == [
        {"train": ["b", "d_T1w", "d_T2w"], "val": ["a_ses-1", "a_ses-2"]},
        {"train": ["a_ses-1", "a_ses-2"], "val": ["b", "d_T1w", "d_T2w"]},
    ]


def test_the_file_says_the_same_when_read_again(tmp_path: Path) -> None:
    splits = draw([f"sub-{k:02d}" for k in range(12)], test=0.2, folds=3, seed=1)
    path = tmp_path / "splits.yaml"
    path.write_text(to_yaml(splits, 1), "utf-8")
    assert read(path) == splits


def test_the_file_is_kept_once_it_is_there(settings: Settings) -> None:
    first, drawn = prepare(settings)
    assert drawn
    text = settings.splits.file.read_text("utf-8")
    again, drawn = prepare(settings)
    assert not drawn
    assert again == first
    assert settings.splits.file.read_text("utf-8") == text


GOOD = Splits(test=("sub-1",), folds=(("sub-2",), ("sub-3",)))


@pytest.mark.parametrize(
    ("splits", "message"),
    [
        (Splits(("sub-1",), (("sub-2",), ("sub-3", "sub-9"))), "sub-9: listed, but"),
        (Splits(("sub-1",), (("sub-2",), ())), "sub-3: in the dataset, but not listed"),
        (Splits(("sub-1",), (("sub-2",), ("sub-3", "sub-1"))), "sub-1 is listed twice"),
        (Splits(("sub-1",), (("sub-2", "sub-3"),)), "has 1 folds"),
        (Splits(("sub-1",), (("sub-2", "sub-3"), ())), "fold 1 has no subject"),
        (Splits((), (("sub-1", "sub-2"), ("sub-3",))), "the test set has no subject"),
    ],
)
def test_a_file_that_does_not_fit_the_dataset(splits: Splits, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        check(splits, ["sub-1", "sub-2", "sub-3"], excluded=[], folds=2)


def test_excluded_subjects_may_stay_in_the_file() -> None:
    listed = Splits(("sub-1", "sub-8"), (("sub-2", "sub-9"), ("sub-3",)))
    known = ["sub-1", "sub-2", "sub-3"]
    assert check(listed, known, excluded=["sub-8", "sub-9"], folds=2) == GOOD


@pytest.mark.parametrize(
    "text", ["", "test: []", "test: [a]\nfolds: {1: [b]}", "test: a\nfolds: []"]
)
def test_a_file_that_is_no_splits_file(tmp_path: Path, text: str) -> None:
    path = tmp_path / "splits.yaml"
    path.write_text(text, "utf-8")
    with pytest.raises(ValueError, match="must contain test"):
        read(path)
