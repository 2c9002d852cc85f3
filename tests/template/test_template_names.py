"""The repository's name: composed in the template exactly as the grammar composes it."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from model_lint.naming import FIELDS, VOCABULARY, Fields, compose, parse, vocabulary_data
from support import DEFINITION, QUESTIONS, context, hook, prompted

REJECTED = "model_rejected"
HOOK = hook("pre_gen_project")


def test_the_vocabulary_is_the_grammars() -> None:
    # After a change of the word lists: python tests/template/update_vocabulary.py
    assert DEFINITION["_vocabulary"] == vocabulary_data()


def test_the_questions_begin_with_the_fields_in_order() -> None:
    assert QUESTIONS[: len(FIELDS)] == FIELDS


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
    configuration = {"unet3d": "3d_fullres"}.get(answers["architecture"], "2d")
    # Labels and channels have rules of their own, which are not looked at here.
    values = context({**answers, "labels": "sc=1", "channels": "T2w"})
    values["nnunet_configuration"] = configuration
    try:
        HOOK.check_all(values, {})
    except HOOK.AnswerError as error:
        refused = str(error)
    else:
        refused = ""
    if "read as one word" in refused:
        return  # the grammar would put a default between them; the template asks for other words
    try:
        expected = compose(Fields(**{field: tuple(answers[field].split("-")) for field in FIELDS}))
    except ValueError:
        assert refused
        return
    assert not refused
    assert values["__repo_name"] == expected
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
    assert context(answers)["__repo_name"] == name


@pytest.mark.parametrize(
    "anatomy",
    [
        "../x",
        "/etc",
        "a/b",
        "..",
        "a\\b",
        "a b",
        "a\nb",
        "é",
        "a" * 200,
        "$(id)",
        "`id`",
        "~",
        "a;b",
    ],
)
def test_no_answer_becomes_a_path(anatomy: str) -> None:
    assert context({"anatomy": anatomy})["__repo_name"] == REJECTED


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(("anatomy", "animal", "pathology", "contrast")), st.text(max_size=120))
def test_any_text_gives_a_harmless_folder_name(field: str, text: str) -> None:
    name = context({field: text})["__repo_name"]
    assert len(name) <= 100
    assert set(name) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_")
