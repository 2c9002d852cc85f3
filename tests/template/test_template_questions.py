"""The questions: each is explained, once, and nothing is asked that follows from others."""

from __future__ import annotations

import pytest
from model_lint import __version__
from support import DEFINITION, QUESTIONS, context

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
        ({"architecture": "unet3d"}, "nnunet_configuration", "3d_fullres"),
        ({"architecture": "unet2d"}, "nnunet_configuration", "2d"),
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
    ("answers", "name", "value"),
    [
        ({}, "__labels", '{"background": 0, "sc": 1}'),
        ({"labels": "a=1+2, b=2"}, "__labels", '{"background": 0, "a": [1, 2], "b": 2}'),
        ({"labels": "background=0, sc=1"}, "__labels", '{"background": 0, "sc": 1}'),
        ({"channels": "T1w, T2w"}, "__channels", '["T1w", "T2w"]'),
        ({}, "__trainer", "nnUNetTrainer"),
        ({"custom_trainer": "yes"}, "__trainer", "nnUNetTrainerCustom"),
        ({"consumer": "sct"}, "__layout", "spec"),
        ({"consumer": "both"}, "__layout", "dataset"),
        ({"anatomy": "sc-gm", "animal": "rat"}, "__dataset_name", "Dataset101_SegScGmRatT2"),
    ],
)  # fmt: skip
def test_what_is_derived(answers: dict[str, str], name: str, value: str) -> None:
    assert context(answers)[name] == value


def test_an_unlisted_trainer_name_is_none_of_nnunets() -> None:
    # A class of the same name would hide the custom one.
    import importlib.util
    from pathlib import Path

    spec = importlib.util.find_spec("nnunetv2")
    assert spec is not None
    assert spec.origin is not None
    trainers = (Path(spec.origin).parent / "training" / "nnUNetTrainer").rglob("*.py")
    name = context({"custom_trainer": "yes"})["__trainer"]
    assert not any(f"class {name}(" in path.read_text(encoding="utf-8") for path in trainers)
