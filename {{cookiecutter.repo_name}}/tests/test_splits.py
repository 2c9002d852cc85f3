"""Splits: by subject, the same every time, and never one subject on both sides."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from bids import find_samples
from images import Skipped
from plan import nnunet_splits
from settings import LabelFile, Settings
from split_files import Splits, read, read_fixed, to_yaml
from splits import check, draw, join, prepare


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
    data = replace(settings.dataset, label_files={"label-NOBODY_seg": LabelFile({1: 1})})
    with pytest.raises(
        ValueError, match=r"for example sub-001\S*: no label file sub-001\S*_label-N"
    ):
        prepare(replace(settings, dataset=data))


def test_nnunet_gets_the_cases_of_each_fold() -> None:
    fold_of = {"a_ses-1": "0", "a_ses-2": "0", "b": "1", "d_T1w": "1", "d_T2w": "1", "e": ""}
    assert nnunet_splits(fold_of) == [
        {"train": ["b", "d_T1w", "d_T2w", "e"], "val": ["a_ses-1", "a_ses-2"]},
        {"train": ["a_ses-1", "a_ses-2", "e"], "val": ["b", "d_T1w", "d_T2w"]},
    ]


def test_the_file_says_the_same_when_read_again(tmp_path: Path) -> None:
    splits = draw([f"sub-{k:02d}" for k in range(12)], test=0.2, folds=3, seed=1)
    path = tmp_path / "splits.yaml"
    for known in (splits, replace(splits, train=("sub-90",))):
        path.write_text(to_yaml(known, {"seed": 1}), "utf-8")
        assert read(path) == known


def test_the_file_is_kept_once_it_is_there(settings: Settings) -> None:
    first, said = prepare(settings)
    assert said == ["drawn"]
    text = settings.splits.file.read_text("utf-8")
    again, said = prepare(settings)
    assert said == ["kept as it is"]
    assert again == first
    changed = replace(settings, splits=replace(settings.splits, seed=7, test=0.5))
    again, (said_once,) = prepare(changed)
    assert "the test set stays as it was drawn; delete this file to draw anew" in said_once
    assert again == first
    assert settings.splits.file.read_text("utf-8") == text


def test_new_subjects_join_the_folds_and_nobody_moves(settings: Settings) -> None:
    subjects = sorted(path.name for path in settings.dataset.bids.glob("sub-*"))
    later = dict.fromkeys(subjects[:2], "not there yet")
    first, _ = prepare(replace(settings, dataset=replace(settings.dataset, exclude=later)))
    grown, said = prepare(settings)
    assert [line.split()[0] for line in said] == subjects[:2]
    assert grown.test == first.test
    for before, after in zip(first.folds, grown.folds, strict=True):
        assert set(before) <= set(after)
    assert sorted(grown.subjects) == subjects
    assert prepare(settings)[1] == ["kept as it is"]


def test_new_subjects_join_the_smallest_fold() -> None:
    splits = Splits(("t",), (("a", "b"), ("c",), ("d",)))
    joined, new = join(splits, ["z", "a", "x", "y"])
    assert new == ["x", "y", "z"]
    assert joined == Splits(("t",), (("a", "b", "z"), ("c", "x"), ("d", "y")))
    fixed, _ = join(Splits(("t",), (("v",),), ("a",)), ["z"])
    assert fixed == Splits(("t",), (("v",),), ("a", "z"))


PAPER = """dataset_name: canproco
dataset_version_commit: a04d8973
test:
- sub-001
train:
- sub-003_ses-01_acq-sag_T2w.nii.gz
- sub-003_ses-02_acq-sag_T2w.nii.gz
- sub-004
- sub-005
- sub-006
- sub-007
val:
- sub-002
- sub-008
"""


def test_the_split_of_a_paper(settings: Settings, tmp_path: Path) -> None:
    paper = tmp_path / "datasplit_seed50.yaml"
    paper.write_text(PAPER, "utf-8")
    wanted = replace(settings, splits=replace(settings.splits, fixed=paper))
    splits, said = prepare(wanted)
    assert said == ["drawn"]
    train = ("sub-003", "sub-004", "sub-005", "sub-006", "sub-007")
    assert splits == Splits(("sub-001",), (("sub-002", "sub-008"),), train)
    assert prepare(wanted) == (splits, ["kept as it is"])
    two = replace(wanted, nnunet=replace(wanted.nnunet, folds=("0", "1")))
    with pytest.raises(ValueError, match=r"has 1 fold, so fold 1 can't be trained; change nnunet"):
        prepare(two)


@pytest.mark.parametrize(
    "text", ["test: [sub-003, sub-001]", "test: [sub-003, sub-001]\ntrain: [sub-002]"]
)
def test_a_paper_that_fixed_the_test_set_alone(
    text: str, settings: Settings, tmp_path: Path
) -> None:
    paper = tmp_path / "paper.yaml"
    paper.write_text(text, "utf-8")
    splits, _ = prepare(replace(settings, splits=replace(settings.splits, fixed=paper)))
    assert splits.test == ("sub-001", "sub-003")
    assert len(splits.folds) == settings.splits.folds
    assert splits.train == ()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("train: [sub-001]", "must contain test"),
        ("test: sub-001", "must contain test"),
        ("test: [sub-001, sub-900]", "sub-900: listed, but the dataset has no usable image"),
        (
            "test: [sub-001_ses-1_T2w.nii.gz]\ntrain: [sub-001_ses-2_T2w.nii.gz]\nval: [sub-002]",
            "sub-001 is in test and in train",
        ),
    ],
)
def test_a_paper_whose_split_does_not_fit(
    text: str, message: str, settings: Settings, tmp_path: Path
) -> None:
    paper = tmp_path / "paper.yaml"
    paper.write_text(text, "utf-8")
    with pytest.raises(ValueError, match=message) as caught:
        prepare(replace(settings, splits=replace(settings.splits, fixed=paper)))
    assert str(caught.value).startswith(str(paper))
    assert not settings.splits.file.exists()


GOOD = Splits(test=("sub-1",), folds=(("sub-2",), ("sub-3",)))


@pytest.mark.parametrize(
    ("splits", "message"),
    [
        (Splits(("sub-1",), (("sub-2",), ("sub-3", "sub-9"))), "sub-9: listed, but"),
        (Splits(("sub-1",), (("sub-2",), ("sub-3", "sub-1"))), "sub-1 is listed twice"),
        (Splits(("sub-1",), (("sub-2", "sub-3"),)), "has 1 folds"),
        (Splits(("sub-1",), (("sub-2", "sub-3"), ())), "fold 1 has no subject"),
        (Splits((), (("sub-1", "sub-2"), ("sub-3",))), "the test set has no subject"),
    ],
)
def test_a_file_that_does_not_fit_the_dataset(splits: Splits, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        check(splits, ["sub-1", "sub-2", "sub-3"], excluded=[], folds=2)


def test_a_listed_subject_that_lost_its_labels_is_told_with_the_reason(
    settings: Settings,
) -> None:
    samples, _ = find_samples(settings.dataset)
    prepare(settings)
    lost = [
        Skipped("sub-002_ses-01_T2w", "sub-002", "no label file"),
        Skipped("sub-002_ses-02_T2w", "sub-002", "another reason"),
    ]
    left = [sample for sample in samples if sample.subject != "sub-002"]
    message = "label of it (sub-002_ses-01_T2w: no label file); bring it back"
    with pytest.raises(ValueError, match=re.escape(message)):
        prepare(settings, (left, lost))


def test_excluded_subjects_may_stay_in_the_file() -> None:
    listed = Splits(("sub-1", "sub-8"), (("sub-2", "sub-9"), ("sub-3",)))
    known = ["sub-1", "sub-2", "sub-3"]
    assert check(listed, known, excluded=["sub-8", "sub-9"], folds=2) == GOOD


def test_the_split_of_a_paper_in_place_of_our_file_is_explained(tmp_path: Path) -> None:
    path = tmp_path / "splits.yaml"
    path.write_text(PAPER, "utf-8")
    with pytest.raises(ValueError, match=r"the split of a paper goes into splits\.fixed"):
        read(path)
    assert read_fixed(path).test == ("sub-001",)


@pytest.mark.parametrize(
    "text", ["", "test: []", "test: [a]\nfolds: {1: [b]}", "test: a\nfolds: []"]
)
def test_a_file_that_is_no_splits_file(tmp_path: Path, text: str) -> None:
    path = tmp_path / "splits.yaml"
    path.write_text(text, "utf-8")
    with pytest.raises(ValueError, match="must contain test"):
        read(path)
