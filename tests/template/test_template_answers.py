"""Wrong answers: one sentence, the command that goes on with the others, nothing left behind."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from template.support import DEFINITION, QUESTIONS, RULES, bake, context, refusal

# Answers, and what the sentence must hold: the question, and what to type instead.
WRONG: list[tuple[dict[str, str], str]] = [
    # Parts of the name.
    ({"anatomy": "SC"}, "anatomy: `SC` can't be part of a name; write a-z and 0-9; type sc."),
    ({"anatomy": "spinalcord"}, "anatomy: `spinalcord` is another spelling; write `sc`."),
    ({"anatomy": "spinal cord"}, "type sc."),
    ({"anatomy": "spinal-cord"}, "type sc."),
    ({"anatomy": ""}, "anatomy: needs a value; its default is sc."),
    ({"anatomy": "sc-"}, "anatomy: "),
    ({"anatomy": "sc,,gm"}, "type sc-gm."),
    ({"anatomy": "sc gm"}, "type sc-gm."),
    ({"contrast": "t1+t2"}, "type t1-t2."),
    ({"anatomy": "sc-sc"}, "`sc` is there twice"),
    ({"anatomy": "sc-mouse"}, "`mouse` is an animal, not an anatomy"),
    ({"anatomy": "t2"}, "`t2` is a contrast, not an anatomy"),
    ({"anatomy": "foo_bar"}, "write a-z and 0-9"),
    ({"anatomy": "été"}, "anatomy:"),
    ({"anatomy": "a/b"}, "write a-z and 0-9"),
    ({"anatomy": "../../x"}, "write a-z and 0-9"),
    ({"anatomy": "/"}, "write a-z and 0-9"),
    ({"anatomy": "7"}, "`7` is a number"),
    ({"anatomy": "a" * 101}, "GitHub takes at most 100"),
    ({"anatomy": "-".join(f"word{n}" for n in range(30))}, "GitHub takes at most 100"),
    ({"anatomy": "ganglion-ia", "contrast": "-".join(["t1"] * 2)}, "contrast: `t1` is there"),
    ({"animal": "mice"}, "write `mouse`."),
    ({"animal": "Human"}, "type human."),
    ({"pathology": "dcm"}, "pathology: `dcm` is not allowed; write one of hc, ms, sci."),
    ({"pathology": "MS"}, "type ms."),
    ({"pathology": ""}, "pathology: needs a value"),
    ({"contrast": "T2w"}, "type t2."),
    ({"contrast": "t2w"}, "write `t2`."),
    ({"contrast": "T2*"}, "type t2star."),
    ({"contrast": "t2-star"}, "type t2star."),
    ({"contrast": "7t"}, "contrast: no valid name has these values: `7t` is a number"),
    # The repository's name, which must say the parts.
    ({"repo_name": ""}, "type model_seg_t2."),
    ({"repo_name": "segment"}, "`segment` does not begin with `model_`, as every name does; type "),
    ({"repo_name": "model_seg_gm_t2"}, "its anatomy is gm; type model_seg_t2."),
    ({"repo_name": "model_seg"}, "its contrast is left out; type model_seg_t2."),
    ({"repo_name": "model_sc_t2"}, "its task is left out; type model_seg_t2."),
    ({"repo_name": "model_seg_sc_t2_v2"}, "type model_seg_t2."),
    ({"repo_name": "model_seg_t2w"}, "another spelling"),
    ({"repo_name": "Model_seg_t2"}, "type model_seg_t2."),
    ({"repo_name": "model_seg_t2/"}, "type model_seg_t2."),
    ({"repo_name": "../model_seg_t2"}, "type model_seg_t2."),
    ({"repo_name": "model_seg_t2_human"}, "type model_seg_t2."),
    ({"animal": "yak", "repo_name": "model_seg_yak_sc_t2"}, "type model_seg_sc_yak_t2."),
    # Text for people.
    ({"title": ""}, "title: `` has no word; type at least one."),
    ({"title": "   "}, "title:"),
    ({"title": "a\nb"}, "a line break"),
    ({"title": "a\rb"}, "a line break"),
    ({"title": "a\tb"}, "invisible"),
    ({"title": "a\x00b"}, "invisible"),
    ({"title": "a\u202eb"}, "invisible"),
    ({"title": "x" * 1001}, "type at most 1000."),
    ({"description": "a\n\nb"}, "a line break"),
    ({"description": "..."}, "has no word"),
    ({"author": ""}, "author: `` has no word"),
    ({"author": "Ada Lovelace,, Alan Turing"}, "empty name"),
    ({"author": "Ada Lovelace <ada@example.org>"}, "contains an address; type only names"),
    ({"owner": ""}, "owner: `` is not a GitHub name; type letters"),
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
    ({"labels": "sc=2"}, "a gap before 2"),
    ({"labels": "sc=0"}, "0 is the background"),
    ({"labels": "sc=1, gm=3"}, "a gap before 3"),
    ({"labels": "sc=1, sc=2"}, "sc is there twice"),
    ({"labels": "sc=1, SC=2"}, "SC is there twice"),
    ({"labels": "sc=1, gm=1"}, "`sc` and `gm` have the same value 1"),
    ({"labels": "sc=1+1"}, "`sc` repeats a value"),
    ({"labels": "sc=1+2, csf=2+3"}, "`csf` is painted after `sc` and covers their common part"),
    ({"labels": "background=1, sc=2"}, "background is always 0"),
    ({"labels": "background=0"}, "no label except `background`"),
    ({"labels": "sc=1, ignore=1"}, "`ignore` must be 2"),
    ({"labels": ", ".join(f"l{n}={n}" for n in range(1, 256))}, "too high; type at most 254"),
    # Channels.
    ({"channels": ""}, "channels: `` is not the end of a BIDS file name"),
    ({"contrast": ""}, "channels: `` is not the end of a BIDS file name"),
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
    with pytest.raises(SystemExit) as stopped:
        bake(output, **answers)
    assert stopped.value.code == 1
    assert list(output.iterdir()) == []
    first, _, command = capfd.readouterr().err.splitlines()
    assert sentence in first
    assert first.endswith(".")
    question = first.partition(":")[0]
    assert question in QUESTIONS
    assert command.startswith("  cookiecutter ")
    assert f" {question}=" not in command


MENUS = {question: choices for question, choices in DEFINITION.items() if type(choices) is list}


@pytest.mark.parametrize("question", [name for name in MENUS if not name.startswith("_")])
def test_a_value_outside_a_menu_stops_and_leaves_nothing(question: str, tmp_path: Path) -> None:
    # cookiecutter itself refuses it, and names the choices.
    with pytest.raises(ValueError, match=f"other provided for choice variable {question}, but"):
        bake(tmp_path / "output", **{question: "other"})
    assert list((tmp_path / "output").iterdir()) == []
    # Where it does not (another program, a replay), the template does.
    assert re.match(
        rf"{question}: `other` is not one of the choices; type one of .+\.$",
        refusal(context({question: "other"})),
    )


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
    # Each number of the cord belongs to another label: it needs no file of its own.
    {"labels": "sc=1+2, gm=2, wm=1"},
    # Read as one word, so that a default stands between them.
    {"animal": "mp", "contrast": "2rage", "channels": "UNIT1"},
    # Names that repositories have already.
    {"repo_name": "model_seg_sc_human_hc_invivo_t2_unet2d"},
    {"repo_name": "model_seg_sc_t2"},
    {"animal": "mouse", "repo_name": "model_seg_mouse_sc_t2"},
    {"contrast": "", "channels": "T1w, T2w"},
    {"contrast": "7t-foo"},
]


@pytest.mark.parametrize("answers", RIGHT, ids=json.dumps)
def test_right_answers_pass(answers: dict[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    values = context(answers)
    assert RULES.accepted(values, {}) == values["repo_name"]
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("value", [5, 1.5, True, None, ["a"], {"a": 1}])
@pytest.mark.parametrize("question", ["title", "anatomy", "repo_name", "task"])
def test_what_is_not_text_is_refused(question: str, value: object) -> None:
    assert refusal(context({}) | {question: value}).startswith(f"{question}: ")


@pytest.mark.parametrize("field", ["anatomy", "contrast", "repo_name"])
def test_stored_answers_that_were_edited(field: str) -> None:
    sentence = refusal(context({}) | {field: "$(x)"})
    assert re.match(rf"{field}: `\$\(x\)` ", sentence)


def test_a_part_that_no_longer_fits_the_stored_name() -> None:
    sentence = refusal(context({}) | {"anatomy": "gm"})
    assert sentence.endswith("its anatomy is sc; type model_seg_gm_t2.")


def test_all_orientations_pass_and_no_other_three_letters() -> None:
    values = context({})
    sides = "RLAPSI"
    codes = [a + b + c for a in sides for b in sides for c in sides]
    passed = [code for code in codes if not refusal(values | {"image_orientation": code})]
    assert len(passed) == 48
    assert all({*code} & {*axis} for code in passed for axis in ("RL", "AP", "SI"))


@settings(max_examples=500, deadline=None)
@given(st.sampled_from(QUESTIONS), st.text(max_size=60) | st.text("abc=+,- _.1203", max_size=30))
def test_any_text_passes_or_gives_one_sentence(question: str, text: str) -> None:
    values = context({question: text})
    sentence = refusal(values)
    if sentence:
        assert re.match(r"[a-z_]+: ", sentence)
        assert sentence.endswith(".")
        assert sentence.isprintable()
        assert len(sentence) < 400
    else:
        assert RULES.facts(values).labels
        assert RULES.facts(values).channels
