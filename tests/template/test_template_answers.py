"""Wrong answers: one sentence that says what to type instead, and nothing left behind."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from cookiecutter.exceptions import FailedHookException
from hypothesis import given, settings
from hypothesis import strategies as st
from support import QUESTIONS, bake, context, hook

HOOK = hook("pre_gen_project")

# Answers, and what the sentence must hold: the question, and what to type instead.
WRONG: list[tuple[dict[str, str], str]] = [
    # Parts of the name.
    ({"anatomy": "SC"}, "anatomy: 'SC' is not how it is written; type sc."),
    ({"anatomy": "spinalcord"}, "type sc."),
    ({"anatomy": "spinal cord"}, "type sc."),
    ({"anatomy": "spinal-cord"}, "a hyphen inside a word; type sc."),
    ({"anatomy": ""}, "a value is missing; type for example sc."),
    ({"anatomy": "sc-"}, "a value is missing"),
    ({"anatomy": "sc,,gm"}, "a value is missing"),
    ({"anatomy": "sc gm"}, "anatomy: 'sc gm' is several values; type sc-gm."),
    ({"contrast": "t1+t2"}, "type t1-t2."),
    ({"anatomy": "sc-sc"}, "holds a value twice; type sc."),
    ({"anatomy": "sc-mouse"}, "'mouse' belongs to the question animal"),
    ({"anatomy": "t2"}, "'t2' belongs to the question contrast"),
    ({"anatomy": "foo_bar"}, "type foobar."),
    ({"anatomy": "été"}, "anatomy:"),
    ({"anatomy": "a/b"}, "type ab."),
    ({"anatomy": "../../x"}, "type x."),
    ({"anatomy": "/"}, "type for example sc."),
    ({"anatomy": "7"}, "does not say which anatomy"),
    ({"anatomy": "a" * 101}, "GitHub takes 100; type fewer"),
    ({"anatomy": "-".join(f"word{n}" for n in range(30))}, "GitHub takes 100"),
    ({"animal": "mice"}, "type mouse."),
    ({"animal": "Human"}, "type human."),
    ({"pathology": "dcm"}, "pathology: 'dcm' is not one of the choices; type hc, ms or sci."),
    ({"pathology": "MS"}, "type ms."),
    ({"pathology": ""}, "type hc, ms or sci."),
    ({"contrast": "T2w"}, "type t2."),
    ({"contrast": "t2w"}, "type t2."),
    ({"contrast": "T2*"}, "type t2."),
    ({"contrast": "t2-star"}, "type t2star."),
    ({"animal": "mp", "contrast": "2rage"}, "mp and 2rage read as one word in the name; type mp2"),
    ({"contrast": "7t"}, "does not say which contrast"),
    # Text for people.
    ({"title": ""}, "title: '' says nothing; type at least a word."),
    ({"title": "   "}, "title:"),
    ({"title": "a\nb"}, "a line break"),
    ({"title": "a\rb"}, "a line break"),
    ({"title": "a\tb"}, "invisible"),
    ({"title": "a\x00b"}, "invisible"),
    ({"title": "a\u202eb"}, "invisible"),
    ({"title": "x" * 1001}, "type at most 1000."),
    ({"description": "a\n\nb"}, "a line break"),
    ({"description": "..."}, "says nothing"),
    ({"author": ""}, "author: '' says nothing"),
    ({"author": "Ada Lovelace,, Alan Turing"}, "empty name"),
    ({"author": "Ada Lovelace <ada@example.org>"}, "holds an address; type names alone"),
    ({"owner": ""}, "owner: '' is not a GitHub name; type letters"),
    ({"owner": "-x"}, "GitHub name"),
    ({"owner": "x-"}, "GitHub name"),
    ({"owner": "a--b"}, "GitHub name"),
    ({"owner": "a_b"}, "GitHub name"),
    ({"owner": "a/b"}, "GitHub name"),
    ({"owner": "a" * 40}, "GitHub name"),
    # Orientation, configuration.
    ({"image_orientation": "rpi"}, "type RPI."),
    ({"image_orientation": "RP"}, "three capitals"),
    ({"image_orientation": "RPIX"}, "three capitals"),
    ({"image_orientation": "RAP"}, "three capitals"),
    ({"image_orientation": "XYZ"}, "three capitals"),
    ({"image_orientation": ""}, "three capitals"),
    ({"nnunet_configuration": "3d_fullres"}, "contradicts the architecture unet2d; type 2d."),
    ({"nnunet_configuration": "2d", "architecture": "unet3d"}, "type 3d_fullres."),
    ({"nnunet_configuration": "3d_cascade_fullres", "architecture": "unet3d"}, "type 3d_fullres."),
    ({"nnunet_configuration": "3D_fullres", "architecture": "unet3d"}, "type 3d_fullres."),
    ({"nnunet_configuration": "3d", "architecture": "unet3d"}, "type 2d, 3d_fullres or 3d_lowres."),
    ({"nnunet_configuration": ""}, "type 2d, 3d_fullres or 3d_lowres."),
    # Labels.
    ({"labels": ""}, "is not a label"),
    ({"labels": "sc"}, "is not a label"),
    ({"labels": "sc:1"}, "is not a label"),
    ({"labels": "sc=one"}, "is not a label"),
    ({"labels": "sc=-1"}, "is not a label"),
    ({"labels": "sc=1.5"}, "is not a label"),
    ({"labels": "sc=1,"}, "is not a label"),
    ({"labels": "=1"}, "can't be part of a file name"),
    ({"labels": "a/b=1"}, "can't be part of a file name"),
    ({"labels": "../a=1"}, "can't be part of a file name"),
    ({"labels": "white matter=1"}, "can't be part of a file name"),
    ({"labels": '"sc"=1'}, "can't be part of a file name"),
    ({"labels": f"{'x' * 51}=1"}, "has 51 characters; type at most 50."),
    ({"labels": "sc_seg=1"}, "type sc instead of sc_seg."),
    ({"labels": "sc=2"}, "type 1, 2, 3"),
    ({"labels": "sc=0"}, "type 1, 2, 3"),
    ({"labels": "sc=1, gm=3"}, "type 1, 2, 3"),
    ({"labels": "sc=01"}, "begins with 0"),
    ({"labels": "sc=1, sc=2"}, "sc stands there twice"),
    ({"labels": "sc=1, SC=2"}, "SC stands there twice"),
    ({"labels": "sc=1, gm=1"}, "belongs to another label too"),
    ({"labels": "sc=1+2, gm=2, wm=1"}, "belongs to another label too"),
    ({"labels": "sc=1+1"}, "has a number twice"),
    ({"labels": "background=1, sc=2"}, "background is always 0"),
    ({"labels": "background=0"}, "there is no label"),
    ({"labels": "sc=1, ignore=1"}, "type ignore=2."),
    ({"labels": "ignore=1"}, "there is no label"),
    ({"labels": ", ".join(f"l{n}={n}" for n in range(1, 256))}, "255 numbers; type at most 254"),
    # Channels.
    ({"channels": ""}, "channels: '' is not how a BIDS file name ends"),
    ({"contrast": ""}, "channels: '' is not how a BIDS file name ends"),
    ({"channels": "T2w.nii.gz"}, "BIDS file name"),
    ({"channels": "_T2w"}, "BIDS file name"),
    ({"channels": "T1w T2w"}, "BIDS file name"),
    ({"channels": "T2w, T2w"}, "type T2w."),
]


def identity(value: object) -> str:
    return json.dumps(value)[:60] if isinstance(value, dict) else ""


@pytest.mark.parametrize(("answers", "sentence"), WRONG, ids=identity)
def test_a_wrong_answer_stops_with_one_sentence_and_leaves_nothing(
    answers: dict[str, str], sentence: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "output"
    with pytest.raises(FailedHookException):
        bake(output, **answers)
    assert list(output.iterdir()) == []
    first, *_ = capfd.readouterr().err.splitlines()
    assert sentence in first
    assert first.endswith(".")
    assert first.partition(":")[0] in QUESTIONS


@pytest.mark.parametrize(
    ("question", "value"),
    [
        ("task", "segment"),
        ("condition", "postmortem"),
        ("architecture", "nnunet"),
        ("license", "mit"),
        ("channels_as", "both"),
        ("custom_trainer", "maybe"),
        ("consumer", "itk"),
    ],
)
def test_a_value_outside_a_menu_stops_and_leaves_nothing(
    question: str, value: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    # cookiecutter itself refuses it, and names the choices.
    with pytest.raises(ValueError, match=f"{value} provided for choice variable {question}, but"):
        bake(tmp_path / "output", **{question: value})
    assert list((tmp_path / "output").iterdir()) == []
    # Where it does not (another program, a replay), the hook does.
    assert HOOK.main(context({question: value}), {}) == 1
    assert re.match(rf"{question}: '{value}' is not .*; type .+\.$", capsys.readouterr().err)


RIGHT: list[dict[str, str]] = [
    {},
    {"title": "L'été d'un \"cœur\" \\ 100% #1: T2* & <b>", "author": "Zoë O'Brien, 山田 太郎"},
    {"description": "Ends with a full stop."},
    {"owner": "A1-b2"},
    {"image_orientation": "LAS"},
    {"image_orientation": "SAR"},
    {"labels": "sc=1, gm=2"},
    {"labels": " sc = 1 ,gm=2 "},
    {"labels": "background=0, sc=1"},
    {"labels": "lesion=2, sc=1+2"},
    {"labels": "sc=1 + 2, lesion=2, ignore=3"},
    {"labels": "lvl1=1, lvl2=2, lvl3=3"},
    {"channels": "T1w, acq-sag_T2w"},
    {"architecture": "unet3d"},
    {"architecture": "unet3d", "nnunet_configuration": "3d_lowres"},
    {"architecture": "hemisAndreanne", "nnunet_configuration": "3d_fullres"},
    {"contrast": "", "channels": "T1w, T2w"},
    {"contrast": "7t-foo"},
]


@pytest.mark.parametrize("answers", RIGHT, ids=json.dumps)
def test_right_answers_pass(answers: dict[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    assert HOOK.main(context(answers), {}) == 0
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("value", [5, 1.5, True, None, ["a"], {"a": 1}])
def test_what_is_not_text_is_refused(value: object, capsys: pytest.CaptureFixture[str]) -> None:
    assert HOOK.main(context({}) | {"title": value}, {}) == 1
    assert "title:" in capsys.readouterr().err


@pytest.mark.parametrize("field", ["anatomy", "contrast", "architecture"])
def test_stored_answers_that_were_edited_in_part(
    field: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert HOOK.main(context({}) | {field: "$(x)"}, {}) == 1
    assert f"{field}: '$(x)' is not what the stored name is made of" in capsys.readouterr().err


def test_all_orientations_pass_and_no_other_three_letters() -> None:
    assert len(set(HOOK.ORIENTATIONS)) == 48
    for code in HOOK.ORIENTATIONS:
        HOOK.check_orientation({"image_orientation": code})


@settings(max_examples=500, deadline=None)
@given(st.sampled_from(QUESTIONS), st.text(max_size=60) | st.text("abc=+,- _.1203", max_size=30))
def test_any_text_passes_or_gives_one_sentence(question: str, text: str) -> None:
    values = context({question: text})
    try:
        HOOK.check_all(values, {})
    except HOOK.AnswerError as error:
        sentence = str(error)
        assert re.match(r"[a-z_]+: ", sentence)
        assert sentence.endswith(".")
        assert sentence.isprintable()
        assert len(sentence) < 400
    else:
        json.loads(values["__labels"])
        json.loads(values["__channels"])
