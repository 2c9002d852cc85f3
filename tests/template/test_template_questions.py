"""The questions: each is explained, once, and nothing is asked that follows from others."""

from __future__ import annotations

import pytest
from model_lint import __version__
from template.support import DEFINITION, QUESTIONS, RULES, context

PROMPTS = DEFINITION["__prompts__"]


def test_every_question_is_explained_and_nothing_else() -> None:
    assert tuple(PROMPTS) == QUESTIONS


@pytest.mark.parametrize("question", QUESTIONS)
def test_every_choice_is_explained(question: str) -> None:
    default, prompt = DEFINITION[question], PROMPTS[question]
    if isinstance(default, list):
        assert set(prompt) == {"__prompt__", *default}
        assert all(prompt[choice].startswith(f"{choice}: ") for choice in default)
    else:
        assert isinstance(prompt, str)
        assert len(prompt) > 20
    # rich, which prints the questions, reads square brackets as markup.
    assert "[" not in str(prompt).removeprefix("{")


def test_the_linter_of_the_repository_is_this_one() -> None:
    assert DEFINITION["_model_lint"] == __version__


@pytest.mark.parametrize(
    ("answers", "question", "default"),
    [
        ({}, "title", "Spinal cord segmentation on T2-weighted MRI"),
        ({"task": "label", "contrast": "t1"}, "title", "Spinal cord labeling on T1-weighted MRI"),
        (
            {"anatomy": "sc-gm-lesion", "contrast": "t1-foo"},
            "title",
            "Spinal cord, gray matter and lesions segmentation on T1-weighted MRI and foo images",
        ),
        (
            {"anatomy": "gm", "animal": "mouse", "condition": "exvivo", "pathology": "hc-ms"},
            "description",
            "Deep learning-based segmentation of the gray matter on ex vivo mouse T2-weighted MRI "
            "in healthy controls and multiple sclerosis",
        ),
        ({"owner": "me"}, "author", "me"),
        ({"anatomy": "sc-gm"}, "labels", "sc=1, gm=2"),
        ({"contrast": "t2star"}, "channels", "T2star"),
        ({"contrast": "t1-t2-dwi-foo"}, "channels", "T1w, T2w, dwi, foo"),
        # What is no image of its own is nothing to train with.
        ({"contrast": "t2-7t"}, "channels", "T2w"),
        ({"contrast": "t2-7t"}, "title", "Spinal cord segmentation on T2-weighted MRI"),
        ({"contrast": "contrast-agnostic"}, "channels", ""),
        ({"contrast": "agnostic"}, "title", "Spinal cord segmentation on images of any contrast"),
    ],
)  # fmt: skip
def test_defaults_follow_from_earlier_answers(
    answers: dict[str, str], question: str, default: str
) -> None:
    assert context(answers)[question] == default


@pytest.mark.parametrize(
    ("answers", "fact", "value"),
    [
        ({}, "labels", [("sc", (1,), 1)]),
        ({"labels": "b=2, a=1+2"}, "labels", [("a", (1, 2), 1), ("b", (2,), 2)]),
        ({"labels": "background=0, sc=1"}, "labels", [("sc", (1,), 1)]),
        ({"channels": "T1w, T2w"}, "channels", ["T1w", "T2w"]),
        ({}, "configuration", "2d"),
        ({"architecture": "unet3d"}, "configuration", "3d_fullres"),
        (
            {"architecture": "unet3d", "nnunet_configuration": "3d_lowres"},
            "configuration",
            "3d_lowres",
        ),
        ({"architecture": "hemisAndreanne"}, "configuration", "2d"),
        ({}, "trainer", "nnUNetTrainer"),
        ({"custom_trainer": "yes"}, "trainer", "nnUNetTrainerCustom"),
        ({"consumer": "sct"}, "layout", "spec"),
        ({"consumer": "both"}, "layout", "dataset"),
        ({"anatomy": "sc-gm", "animal": "rat"}, "dataset_name", "Dataset101_SegScGmRatT2"),
        ({"contrast": ""}, "parts", None),
    ],
)  # fmt: skip
def test_what_follows(answers: dict[str, str], fact: str, value: object) -> None:
    found = getattr(RULES.facts(context(answers)), fact)
    if value is None:
        assert found["contrast"] == "any"
        assert found["anatomy"] == "sc"
    else:
        assert (list(found) if isinstance(found, tuple) else found) == value


NOTES = [
    ({}, []),
    ({"contrast": "t1-t2"}, []),
    (
        {"contrast": "t1-t2", "channels_as": "channels"},
        ["SCT and 3D Slicer give a model one channel"],
    ),
    (
        {"contrast": "t1-t2", "channels_as": "channels", "consumer": "slicer"},
        ["SCT and 3D Slicer give a model one channel"],
    ),
    ({"architecture": "unet3d"}, []),
    ({"architecture": "filmCharley"}, ["nnU-Net has no network filmCharley"]),
    ({"architecture": "hemisAndreanne"}, ["nnU-Net has no network hemisAndreanne"]),
    ({"task": "label"}, ["the task label is trained as a segmentation"]),
    ({"task": "find"}, ["the task find is trained as a segmentation"]),
    ({"contrast": "sem"}, ["PNG and TIFF images of BIDS microscopy"]),
    ({"contrast": "t1-tem"}, ["PNG and TIFF images of BIDS microscopy"]),
    (
        {
            "task": "find",
            "contrast": "oi",
            "animal": "mouse",
            "repo_name": "model_find_mouse_sc_oi",
        },
        [
            "repo_name: `mouse` before `sc`",
            "the task find",
            "PNG and TIFF images of BIDS microscopy",
        ],
    ),
]


@pytest.mark.parametrize(("answers", "notes"), NOTES)
def test_what_might_surprise_is_said(answers: dict[str, str], notes: list[str]) -> None:
    said = RULES.notes(context(answers))
    assert len(said) == len(notes)
    for sentence, beginning in zip(said, notes, strict=True):
        assert sentence.startswith(beginning)
        assert sentence.endswith(".")
        assert sentence.isprintable()


def test_an_unlisted_trainer_name_is_none_of_nnunets() -> None:
    # A class of the same name would hide the custom one.
    import importlib.util
    from pathlib import Path

    spec = importlib.util.find_spec("nnunetv2")
    assert spec is not None
    assert spec.origin is not None
    trainers = (Path(spec.origin).parent / "training" / "nnUNetTrainer").rglob("*.py")
    name = RULES.facts(context({"custom_trainer": "yes"})).trainer
    assert not any(f"class {name}(" in path.read_text(encoding="utf-8") for path in trainers)
