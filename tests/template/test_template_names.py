"""The repository's name: composed by the grammar, or another name of the same parts."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from model_lint.naming import FIELDS, VOCABULARY, Fields, compose, parse
from template.support import QUESTIONS, context, program, prompted, refusal, run, source


def test_the_questions_begin_with_the_fields_in_order() -> None:
    assert QUESTIONS[: len(FIELDS) + 1] == (*FIELDS, "repo_name")


def test_the_defaults_of_the_questions_are_those_of_the_fields() -> None:
    values = context({})
    for field, words in VOCABULARY.items():
        if words.default is not None:
            assert values[field] == words.default


# Words and pieces of words: a word that is cut in two must not be taken for two values.
WORDS = [word for words in VOCABULARY.values() for word in (*words.known, *words.aliases)]
PIECES = st.sampled_from(WORDS).flatmap(
    lambda word: (
        st.integers(1, len(word)).map(lambda n: word[:n])
        | st.integers(0, len(word) - 1).map(lambda n: word[n:])
    )
)
UNLISTED = st.from_regex(r"[a-z0-9]{1,6}", fullmatch=True) | PIECES


def values_of(field: str) -> st.SearchStrategy[str]:
    words = VOCABULARY[field]
    allowed = st.sampled_from(words.allowed)
    if field in {"task", "condition", "architecture"}:
        return allowed
    one = allowed | UNLISTED if words.open else allowed
    common = st.just(words.default or "t2")
    return common | st.lists(one, min_size=1, max_size=3).map("-".join)


ANSWERS = st.fixed_dictionaries({field: values_of(field) for field in FIELDS})


@settings(max_examples=400, deadline=None)
@given(ANSWERS)
def test_the_name_is_the_composed_one_or_the_answers_are_refused(answers: dict[str, str]) -> None:
    # Labels and channels have rules of their own, which are not looked at here.
    values = context({**answers, "labels": "sc=1", "channels": "T2w"})
    refused = refusal(values)
    try:
        expected = compose(Fields(**{field: tuple(answers[field].split("-")) for field in FIELDS}))
    except ValueError:
        assert refused.partition(":")[0] in FIELDS
        return
    assert not refused
    assert values["repo_name"] == expected
    assert parse(expected).usable


@pytest.mark.parametrize(
    "answers",
    [{}, {"animal": "yak", "architecture": "unet3d", "labels": "sc=1+2, x=2", "consumer": "both"}],
)
def test_these_tests_see_what_cookiecutter_makes(answers: dict[str, str]) -> None:
    assert context(answers) == prompted(answers)


@pytest.mark.parametrize(
    ("answers", "name"),
    [
        ({}, "model_seg_t2"),
        ({"contrast": ""}, "model_seg"),
        ({"anatomy": "sc-gm"}, "model_seg_sc-gm_t2"),
        ({"anatomy": "sc, gm"}, "model_seg_sc-gm_t2"),
        ({"anatomy": "sc,gm", "contrast": "t1, t2"}, "model_seg_sc-gm_t1-t2"),
        (
            {
                "anatomy": "sc-gm-lesion",
                "pathology": "ms",
                "condition": "exvivo",
                "contrast": "t2star",
            },
            "model_seg_sc-gm-lesion_ms_exvivo_t2star",
        ),
        (
            {"animal": "monkey", "contrast": "t1", "architecture": "unet3d"},
            "model_seg_monkey_t1_unet3d",
        ),
        # Where an unlisted value stands alone, defaults beside it say which field it is of.
        ({"animal": "yak"}, "model_seg_sc_yak_t2"),
        ({"animal": "yak", "contrast": ""}, "model_seg_sc_yak_hc"),
        ({"animal": "yak", "contrast": "foo"}, "model_seg_sc_yak_foo"),
        ({"anatomy": "foo"}, "model_seg_foo_human_t2"),
        ({"anatomy": "foo", "animal": "yak", "contrast": ""}, "model_seg_foo_yak_hc"),
        ({"contrast": "foo"}, "model_seg_human_foo"),
        ({"contrast": "foo", "pathology": "ms"}, "model_seg_ms_foo"),
        ({"architecture": "filmCharley"}, "model_seg_t2_filmCharley"),
        ({"task": "label", "pathology": "hc-sci"}, "model_label_hc-sci_t2"),
    ],
)
def test_names(answers: dict[str, str], name: str) -> None:
    assert context(answers)["repo_name"] == name


SPELLED = [
    ({}, "model_seg_sc_human_hc_invivo_t2_unet2d", None),
    ({}, "model_seg_sc_t2", None),
    ({"animal": "mouse"}, "model_seg_mouse_t2_unet2d", None),
    ({"animal": "mouse"}, "model_seg_mouse_sc_t2", "`mouse` before `sc` is the order from before"),
    (
        {"anatomy": "gm", "animal": "mouse", "contrast": "t1"},
        "model_seg_mouse_gm_t1",
        "`mouse` before `gm` is the order from before June 2025: write the anatomy before",
    ),
]


@pytest.mark.parametrize(("answers", "name", "warning"), SPELLED)
def test_a_repository_is_generated_again_under_its_name(
    answers: dict[str, str], name: str, warning: str | None, tmp_path: Path
) -> None:
    output = tmp_path / "output"
    output.mkdir()
    given = [f"{question}={value}" for question, value in answers.items()]
    command = (program("cookiecutter"), str(source()), "--no-input", f"repo_name={name}", *given)
    done = run(*command, cwd=output, HOME=str(tmp_path))
    assert done.returncode == 0, done.stderr
    (made,) = output.iterdir()
    assert made.name == name
    assert f"cd {name}" in done.stdout
    config = (made / "config.yaml").read_text(encoding="utf-8")
    assert f"  name: {name}\n" in config
    notes = [line for line in done.stdout.splitlines() if line.startswith("Note: ")]
    assert len(notes) == (warning is not None)
    assert warning is None or notes[0].startswith(f"Note: repo_name: {warning}")


def test_the_default_shows_at_once_what_is_wrong_with_the_parts() -> None:
    assert context({"pathology": "dcm"})["repo_name"].startswith("pathology: `dcm` is not allowed")


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(("anatomy", "animal", "pathology", "contrast")), st.text(max_size=120))
def test_any_text_gives_a_harmless_folder_name_or_is_refused(field: str, text: str) -> None:
    values = context({field: text})
    name = values["repo_name"]
    assert refusal(values) or re.fullmatch(r"model_[A-Za-z0-9_-]{1,94}", name)
