"""The words of each field, and those that a configuration adds."""

from __future__ import annotations

import pytest
from model_lint.naming import VOCABULARY, compose, extend, parse

OPEN = tuple(name for name, words in VOCABULARY.items() if words.open)


def test_the_lists_of_the_specification() -> None:
    assert {name: words.spec for name, words in VOCABULARY.items()} == {
        "task": ("seg", "label", "find"),
        "anatomy": ("sc", "gm", "csf", "brainstem", "axon", "myelin"),
        "animal": ("human", "dog", "cat", "rat", "mouse"),
        "pathology": ("hc", "ms", "sci"),
        "condition": ("invivo", "exvivo"),
        "contrast": ("t1", "t2", "t2star", "dwi", "sem", "tem", "oi"),
        "architecture": ("unet2d", "unet3d", "filmCharley", "hemisAndreanne"),
    }
    assert OPEN == ("anatomy", "animal", "contrast")


def test_each_word_has_one_role_and_each_alias_a_target() -> None:
    words = [
        word
        for field in VOCABULARY.values()
        for word in (*field.spec, *field.known, *field.aliases, *field.refused)
    ]
    assert sorted(words) == sorted(set(words))
    for field in VOCABULARY.values():
        assert set(field.aliases.values()) <= set(field.allowed)
        assert not (field.open and field.refused)
        assert field.open or not field.known


def test_a_configuration_adds_values_to_any_field() -> None:
    vocabulary = extend(
        VOCABULARY, {"pathology": ["dcm"], "anatomy": ["sulcus"], "architecture": ["yolo"]}
    )
    name = "model_seg_sulcus_dcm_t2_yolo"
    read = parse(name, vocabulary)
    assert read.problems == ()
    assert read.fields is not None
    assert compose(read.fields, vocabulary) == name
    assert not parse(name).usable


def test_a_configuration_may_give_a_word_another_role() -> None:
    vocabulary = extend(VOCABULARY, {"pathology": ["lesion", "controls"]})
    assert parse("model_seg_lesion_t2", vocabulary).values("pathology") == ("lesion",)
    assert parse("model_seg_controls_t2", vocabulary).problems == ()
    again = extend(VOCABULARY, {"animal": ["mouse", "monkey"]})
    assert dict(again) == dict(VOCABULARY)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ({"organ": ["liver"]}, "there is no field `organ`; the fields are task, anatomy"),
        ({"anatomy": ["left-side"]}, "anatomy: `left-side` can't be part of a name"),
        ({"anatomy": ["Pons"]}, "anatomy: `Pons` can't be part of a name"),
        ({"anatomy": [""]}, "anatomy: `` can't be part of a name"),
        ({"anatomy": ["pons\n"]}, "can't be part of a name"),
        ({"anatomy": [3]}, "anatomy: 3 can't be part of a name"),
        ({"anatomy": "pons"}, "anatomy: give a list of words"),
        ({"anatomy": ["t2"]}, "the specification lists `t2` as a value of contrast"),
        ({"anatomy": ["nova"], "contrast": ["nova"]}, "a word has one field"),
    ],
)
def test_a_configuration_can_be_wrong(words: dict[str, list[str]], message: str) -> None:
    with pytest.raises(ValueError) as error:
        extend(VOCABULARY, words)
    assert message in str(error.value)
