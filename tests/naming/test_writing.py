"""Writing names: each combination of values has one, and reading undoes it."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from model_lint.naming import FIELDS, MAX_LENGTH, VOCABULARY, Fields, compose, parse

#: Words that no list holds and that join to none.
UNLISTED = st.text("bcdfghjklmnpqrstvwxz", min_size=5, max_size=7)


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        (Fields(task=("seg",)), "model_seg"),
        (Fields(), "model_sc"),
        (Fields(task=("seg",), animal=("yak",)), "model_seg_sc_yak_hc"),
        (Fields(task=("seg",), animal=("yak",), contrast=("t2",)), "model_seg_sc_yak_t2"),
        (Fields(task=("seg",), anatomy=("sulcus",)), "model_seg_sulcus_human"),
        (Fields(task=("seg",), anatomy=("sulcus",), animal=("yak",)), "model_seg_sulcus_yak_hc"),
        (Fields(task=("seg",), contrast=("zte",)), "model_seg_human_zte"),
        (Fields(task=("seg",), contrast=("t2star", "7t")), "model_seg_t2star-7t"),
        (
            Fields(("seg",), ("sulcus",), ("yak",), ("hc",), ("invivo",), ("zte",)),
            "model_seg_sulcus_yak_zte",
        ),
        (Fields(contrast=("zte",)), "model_human_zte"),
    ],
)
def test_compose(fields: Fields, name: str) -> None:
    assert compose(fields) == name
    assert parse(name).fields == fields


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        (Fields(task=("cut",)), "task: `cut` is not allowed; write one of seg, label, find"),
        (Fields(pathology=("dcm",)), "pathology: `dcm` is not allowed"),
        (Fields(architecture=("nnunet",)), "architecture: `nnunet` is not allowed"),
        (Fields(animal=("mice",)), "animal: `mice` is another spelling; write `mouse`"),
        (Fields(anatomy=("mouse",)), "anatomy: `mouse` is an animal, not an anatomy"),
        (Fields(anatomy=("seg",)), "anatomy: `seg` is a task, not an anatomy"),
        (Fields(anatomy=()), "anatomy needs a value; its default is sc"),
        (Fields(anatomy=("",)), "anatomy: `` can't be part of a name"),
        (Fields(anatomy=("s_c",)), "anatomy: `s_c` can't be part of a name"),
        (Fields(anatomy=("s-c",)), "anatomy: `s-c` can't be part of a name"),
        (Fields(contrast=("T2",)), "contrast: `T2` can't be part of a name"),
        (Fields(contrast=("t2\n",)), "contrast: `t2\\n` can't be part of a name"),
        (Fields(contrast=("t2", "t2")), "contrast: `t2` is there twice"),
        (Fields(architecture=("filmcharley",)), "write `filmCharley`"),
        (Fields(task=("seg",), contrast=("7t",)), "no field"),
        (Fields(anatomy=("sulcus",)), "write one of seg, label, find"),
        (Fields(task=("seg",), anatomy=("spinal", "cord")), "another spelling; write `sc`"),
        (Fields(task=("seg",), anatomy=("ex", "vivo")), "`ex-vivo` is another spelling"),
        (Fields(task=("seg",), anatomy=("sc", "x" * 90)), "the name would have 103 characters"),
    ],
)
def test_what_no_name_can_say(fields: Fields, message: str) -> None:
    with pytest.raises(ValueError) as error:
        compose(fields)
    assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_a_field_is_a_tuple() -> None:
    with pytest.raises(TypeError, match="task must be a tuple"):
        compose(Fields(task="seg"))  # type: ignore[arg-type]


# ---------------------------------------------------------------------------------- both ways


def values_of(name: str, *, unlisted: bool) -> st.SearchStrategy[tuple[str, ...]]:
    words = VOCABULARY[name]
    listed = st.lists(st.sampled_from(words.allowed), min_size=1, max_size=3, unique=True)
    options = [st.just(words.defaults), listed.map(tuple)]
    if unlisted and words.open:
        options += [
            UNLISTED.map(lambda word: (word,)),
            st.tuples(st.sampled_from(words.allowed), UNLISTED),
            st.tuples(UNLISTED, st.sampled_from(words.allowed)),
        ]
    return st.one_of(options)


def fields_of(*, unlisted: bool) -> st.SearchStrategy[Fields]:
    return st.builds(Fields, **{name: values_of(name, unlisted=unlisted) for name in FIELDS})


@given(fields_of(unlisted=False))
def test_every_combination_of_known_values_has_a_name(fields: Fields) -> None:
    longest = "_".join("-".join(values) for _, values in fields.items())
    assume(len(longest) < MAX_LENGTH - len("model_"))
    name = compose(fields)
    read = parse(name)
    assert read.fields == fields
    assert {p.code for p in read.problems} <= {"N003"}


@given(fields_of(unlisted=True))
def test_every_combination_with_a_task_has_a_name(fields: Fields) -> None:
    assume(fields.task)
    longest = "_".join("-".join(values) for _, values in fields.items())
    assume(len(longest) < MAX_LENGTH - len("model_"))
    name = compose(fields)
    read = parse(name)
    assert read.fields == fields
    assert {p.code for p in read.problems} <= {"N005"}


@given(fields_of(unlisted=False), st.sets(st.sampled_from(FIELDS)))
def test_spelling_out_defaults_changes_nothing(fields: Fields, spelled: set[str]) -> None:
    defaults = dict(Fields().items())
    tokens = [
        "-".join(values)
        for name, values in fields.items()
        if values and (name in spelled or values != defaults[name])
    ]
    name = "_".join(["model", *tokens])
    assume(tokens and len(name) <= MAX_LENGTH)
    read = parse(name)
    assert read.fields == fields
    assert {p.code for p in read.problems} <= {"N003"}


def test_each_value_alone_has_a_name() -> None:
    for name, words in VOCABULARY.items():
        for value in words.allowed:
            fields = Fields(**{"task": ("seg",), name: (value,)})
            assert parse(compose(fields)).fields == fields


def test_every_product_of_the_specification_s_values_is_right() -> None:
    for values in itertools.product(*(words.spec for words in VOCABULARY.values())):
        read = parse("_".join(["model", *values]))
        assert read.problems == ()
        assert read.fields is not None
        assert tuple("-".join(v) for _, v in read.fields.items()) == values
