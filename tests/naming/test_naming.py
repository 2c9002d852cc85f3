"""The grammar of names: reading, writing, suggesting, and that each undoes the other."""

from __future__ import annotations

import itertools
import json
import subprocess
import sys

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st
from model_lint.naming import (
    FIELDS,
    MAX_LENGTH,
    TOLERATED,
    VOCABULARY,
    Fields,
    canonical,
    compose,
    extend,
    parse,
    suggest,
    vocabulary_data,
)

CODES = {f"N{number:03}" for number in range(1, 12)}
OPEN = tuple(name for name, words in VOCABULARY.items() if words.open)
#: Words that no list holds and that join to none.
UNLISTED = st.text("bcdfghjklmnpqrstvwxz", min_size=5, max_size=7)
EXAMPLES = (
    "model_seg_monkey_sc_t1_unet3d",
    "model_seg_sc-gm-lesion_human_ms_exvivo_t2star",
    "model_seg_sc-gm_t1-t2_unet3d",
)


def codes(name: str) -> list[str]:
    return [problem.code for problem in parse(name).problems]


# ---------------------------------------------------------------------------------- reading


def test_the_examples_of_the_specification() -> None:
    first, second, third = map(parse, EXAMPLES)
    assert [p.code for p in first.problems] == ["N008"]
    assert first.suggestion == "model_seg_sc_monkey_t1_unet3d"
    assert first.fields == Fields(
        task=("seg",), animal=("monkey",), contrast=("t1",), architecture=("unet3d",)
    )
    assert second.problems == ()
    assert second.fields == Fields(
        task=("seg",),
        anatomy=("sc", "gm", "lesion"),
        pathology=("ms",),
        condition=("exvivo",),
        contrast=("t2star",),
    )
    assert third.problems == ()
    assert third.fields == Fields(
        task=("seg",),
        anatomy=("sc", "gm"),
        contrast=("t1", "t2"),
        architecture=("unet3d",),
    )


def test_the_defaults_of_the_specification() -> None:
    assert Fields() == Fields(
        task=(),
        anatomy=("sc",),
        animal=("human",),
        pathology=("hc",),
        condition=("invivo",),
        contrast=(),
        architecture=("unet2d",),
    )
    assert {name: words.defaults for name, words in VOCABULARY.items()} == dict(Fields().items())


@pytest.mark.parametrize(
    "name",
    [
        "model_seg_sci",  # a pathology alone
        "model_seg_ms_mp2rage",
        "model_seg_csf_epi",
        "model_seg_killifish",
        "model_seg_nerve",
        "model_seg_unmyelinated_tem",
        "model_seg_brachialplexus-drg_human_stir",
        "model_seg_gm-wm_exvivo_t2_unet2d",
        "model_seg_sc_human_hc_invivo_t2_unet2d",  # every default spelled out
        "model_seg_sc_t1_hemisAndreanne",
        "model_seg_filmCharley",
        "model_label_disc_t1-t2",
        "model_find_sc",
        "model_seg",
        "model_seg_human-mouse_hc-ms_invivo-exvivo_t2",  # several values of any field
        "model_seg-label_sc_t2_unet2d-unet3d",
        "model_seg_sc_contrast-agnostic",
    ],
)
def test_right_names(name: str) -> None:
    read = parse(name)
    assert read.problems == ()
    assert read.fields is not None
    assert parse(compose(read.fields)).fields == read.fields


#: Each is wrong in one way: name, code, nearest right name.
WRONG_ONCE = [
    # N001
    ("model-seg_sc_t2", "N001", "model_seg_sc_t2"),
    ("model-spinal-rootlets", "N001", "model_seg_spinal-rootlets"),
    ("model-canal-seg", "N001", "model_seg_canal"),
    ("model-seg-ms-axial-t2w", "N001", "model_seg_ms_axial-t2"),
    ("Model_seg_sc", "N001", "model_seg_sc"),
    ("MODEL_SEG_SC", "N001", "model_seg_sc"),
    ("models_seg_sc", "N001", "model_seg_sc"),
    ("modelseg_sc", "N001", "model_seg_sc"),
    ("modelSegMouseT2", "N001", "model_seg_mouse_t2"),
    ("seg_sc_t2", "N001", "model_seg_sc_t2"),
    ("sc_t2", "N001", "model_seg_sc_t2"),
    (" model_seg_sc", "N001", "model_seg_sc"),
    ("_model_seg_sc", "N001", "model_seg_sc"),
    ("ivadomed/model_seg_sci", "N001", "model_seg_sci"),
    ("https://github.com/ivadomed/model_seg_sci.git", "N001", "model_seg_sci"),
    ("ms-lesion-agnostic", "N001", "model_seg_lesion_ms_agnostic"),
    ("model-seg-dcm", "N001", None),
    ("hello", "N001", None),
    ("model", "N001", None),
    ("", "N001", None),
    ("\uff4dodel_seg_sc", "N001", "model_seg_sc"),
    # N002
    ("model_", "N002", None),
    ("model__", "N002", None),
    ("model__seg", "N002", "model_seg"),
    ("model_seg_", "N002", "model_seg"),
    ("model_seg__sc", "N002", "model_seg_sc"),
    ("model_seg-_sc", "N002", "model_seg_sc"),
    ("model_seg_-sc", "N002", "model_seg_sc"),
    ("model_seg_sc--gm", "N002", "model_seg_sc-gm"),
    ("model_seg_-", "N002", "model_seg"),
    ("model_seg_SC_T2", "N002", "model_seg_sc_t2"),
    ("model_seg_sc_T2w", "N002", "model_seg_sc_t2"),
    ("model_seg_sc_UNET3D", "N002", "model_seg_sc_unet3d"),
    ("model_seg_sc t2", "N002", "model_seg_sc_t2"),
    ("model_seg_sc.t2", "N002", "model_seg_sc_t2"),
    ("model_seg_sc+gm_t2", "N002", "model_seg_sc-gm_t2"),
    ("model_seg_sc_t2*", "N002", "model_seg_sc_t2star"),
    ("model_seg_sci.git", "N002", "model_seg_sci"),
    ("model_seg_sci\n", "N002", "model_seg_sci"),
    ("model_seg_sci\r\n", "N002", "model_seg_sci"),
    ("model_seg_sci ", "N002", "model_seg_sci"),
    ("model_seg_\uff53\uff43_t2", "N002", "model_seg_sc_t2"),
    ("model_seg_sc_t\xb2", "N002", "model_seg_sc_t2"),
    ("model_seg_sc_t\u0662", "N002", "model_seg_sc_t2"),
    ("model_seg_l\xe9sion", "N002", "model_seg_lesion"),
    ("model_seg_sc\x00", "N002", "model_seg_sc"),
    # N003
    ("model_sc_t2", "N003", "model_seg_sc_t2"),
    ("model_t2", "N003", "model_seg_t2"),
    ("model_ms", "N003", "model_seg_ms"),
    # N004
    ("model_cropping_sc_t2", "N004", "model_seg_sc_t2"),
    ("model_segg_sc_t2", "N004", "model_seg_sc_t2"),
    ("model_rootletts_t2", "N004", "model_seg_rootlets_t2"),
    ("model_brachial_t2", "N004", "model_seg_brachial_human_t2"),
    ("model_seg_dcm", "N004", None),
    ("model_seg_sc_dcm_t2", "N004", None),
    ("model_seg_ms-dcm", "N004", None),
    ("model_seg_gm-wm_t2star_unet3d-multiclass", "N004", "model_seg_gm-wm_t2star_unet3d"),
    ("model_seg_sc_t2_unet3d-multichannel-softseg", "N004", "model_seg_sc_t2_unet3d"),
    ("model_seg_sc_t2_nnunet", "N004", "model_seg_sc_t2_unet3d"),
    ("model_seg_sc_t2_unet4d", "N004", "model_seg_sc_t2_unet3d"),
    ("model_seg_sc_t2_unet3dmulticlass", "N004", "model_seg_sc_t2_unet3d"),
    ("model_seg_sc_t2_yolo", "N004", None),
    ("model_seg_sc_t2_hourglass-net", "N004", None),
    ("model_seg_gm_t2star_7t_unet2d", "N004", "model_seg_gm_t2star-7t_unet2d"),
    ("model_seg_sc_human_exvivvo_t2", "N004", "model_seg_sc_human_exvivo_t2"),
    ("model_seg_sc_plok_grumf_t2", "N004", "model_seg_sc-plok-grumf_t2"),
    ("model_seg_sc_t2_unet3d_multiclass", "N004", "model_seg_sc_t2_unet3d"),
    # N005
    ("model_seg_sctumor-edema-cavity_t2-t1_unet3d", "N005", None),
    ("model_seg_tem-multires", "N005", None),
    ("model_seg_sc_yak_t2", "N005", None),
    ("model_seg_sc_yak_hc", "N005", None),
    ("model_seg_pons_human_zte", "N005", None),
    ("model_seg_sc_humna_t2", "N005", "model_seg_sc_human_t2"),
    ("model_seg_gm_t2star-7t", "N005", None),
    # N006
    ("model_seg_yak", "N006", "model_seg_yak_human"),
    ("model_seg_sc_yak", "N006", "model_seg_sc_human_yak"),
    ("model_seg_yak_ms", "N006", "model_seg_yak_human_ms"),
    ("model_seg_gm_7t_t2star", "N006", "model_seg_gm_t2star-7t"),
    ("model_seg_sc_2", "N006", "model_seg_sc-2"),
    # N007
    ("model_seg_t2_sc", "N007", "model_seg_sc_t2"),
    ("model_sc_seg_t2", "N007", "model_seg_sc_t2"),
    ("model_seg_exvivo_gm-wm_t2", "N007", "model_seg_gm-wm_exvivo_t2"),
    ("model_seg_human_ms_lesion_t2", "N007", "model_seg_lesion_human_ms_t2"),
    ("model_seg_sc_unet3d_t2", "N007", "model_seg_sc_t2_unet3d"),
    ("model_seg_yak_sc_t1", "N007", "model_seg_sc_yak_t1"),
    ("model_seg_mouse_t2_sc", "N007", "model_seg_sc_mouse_t2"),
    # N008
    ("model_seg_monkey_sc_t1_unet3d", "N008", "model_seg_sc_monkey_t1_unet3d"),
    ("model_seg_rabbit_axon-myelin_bf", "N008", "model_seg_axon-myelin_rabbit_bf"),
    ("model_seg_human_axon-myelin_bf", "N008", "model_seg_axon-myelin_human_bf"),
    # N009
    ("model_seg_mouse-sc_t1", "N009", "model_seg_sc_mouse_t1"),
    ("model_seg_mouse-sc_wm-gm_t1", "N009", "model_seg_sc-wm-gm_mouse_t1"),
    ("model_seg_human_ms-lesion", "N009", "model_seg_lesion_human_ms"),
    ("model_seg-sc-t2", "N009", "model_seg_sc_t2"),
    ("model_seg_sc_t2-unet3d", "N009", "model_seg_sc_t2_unet3d"),
    # N010
    ("model_seg_sc_gm_t2", "N010", "model_seg_sc-gm_t2"),
    ("model_seg_sc-sc_t2", "N010", "model_seg_sc_t2"),
    ("model_seg_seg_sc", "N010", "model_seg_sc"),
    ("model_seg_sc_t1_t2", "N010", "model_seg_sc_t1-t2"),
    ("model_seg_sc_t2_sc", "N010", "model_seg_sc_t2"),
    ("model_seg_sc_hc_ms", "N010", "model_seg_sc_hc-ms"),
    # N011
    ("model_seg_sc_mice_t2", "N011", "model_seg_sc_mouse_t2"),
    ("model_seg_monkeys_t2", "N011", "model_seg_monkey_t2"),
    ("model_seg_sc_t2w", "N011", "model_seg_sc_t2"),
    ("model_seg_sc_t2w-t2", "N011", "model_seg_sc_t2"),
    ("model_seg_sc_t2s", "N011", "model_seg_sc_t2star"),
    ("model_seg_sc_t2-star", "N011", "model_seg_sc_t2star"),
    ("model_seg_sc_t2_star", "N011", "model_seg_sc_t2star"),
    ("model_seg_sc_t2_3d_fullres", "N011", "model_seg_sc_t2_unet3d"),
    ("model_seg_spinal-cord_t2", "N011", "model_seg_sc_t2"),
    ("model_seg_spinal_cord_t2", "N011", "model_seg_sc_t2"),
    ("model_seg_sc_ex-vivo", "N011", "model_seg_sc_exvivo"),
    ("model_segmentation_sc", "N011", "model_seg_sc"),
    ("model_seg_sc_2d", "N011", "model_seg_sc_unet2d"),
    ("model_seg_sc_filmcharley", "N011", "model_seg_sc_filmCharley"),
    ("model_seg_sc_FilmCharley", "N011", "model_seg_sc_filmCharley"),
    ("model_seg_sc_FILMCHARLEY", "N011", "model_seg_sc_filmCharley"),
    ("model_seg_sc_hemisandreanne", "N011", "model_seg_sc_hemisAndreanne"),
    ("model_seg_sc_unet-3d", "N011", "model_seg_sc_unet3d"),
]


@pytest.mark.parametrize(("name", "code", "nearest"), WRONG_ONCE)
def test_one_defect_gives_one_problem(name: str, code: str, nearest: str | None) -> None:
    assert codes(name) == [code]
    assert suggest(name) == nearest


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("model_seg_exvivo_gm-wm_t2_unet2d-softseg", ["N007", "N004"]),
        ("model_seg_mice_gm-wm_dwi_unet2d-softseg", ["N008", "N011", "N004"]),
        ("model_seg_gm-wm_t2star_7t_unet2d-multiclass", ["N004", "N004"]),
        ("model_sc_centerline", ["N003", "N010"]),
        ("model_cropping_sc_contrast-agnostic_yolo", ["N004", "N004"]),
        ("model_msseg2_pipeline1", ["N004", "N006"]),
        ("model_seg_mice-sc", ["N011", "N009"]),
        ("model_seg_SC_", ["N002", "N002"]),
        ("model_seg_plok_grumf_ms", ["N005", "N005"]),
    ],
)
def test_several_defects_stand_in_the_order_of_the_name(name: str, expected: list[str]) -> None:
    assert codes(name) == expected


def test_an_ambiguous_value_comes_with_the_names_that_are_certain() -> None:
    (problem,) = parse("model_seg_yak").problems
    alternatives = {
        "model_seg_yak_human": "anatomy",
        "model_seg_sc_yak_hc": "animal",
        "model_seg_human_yak": "contrast",
    }
    for name, field in alternatives.items():
        assert f"`{name}`" in problem.message
        fields = parse(name).fields
        assert fields is not None
        assert dict(fields.items())[field] == ("yak",)


def test_where_each_value_comes_from() -> None:
    slots = {slot.field: slot for slot in parse("model_seg_sc-wm-sulcus_mice_t2").slots}
    assert list(slots) == list(FIELDS)
    assert [word.origin for word in slots["anatomy"].words] == ["listed", "known", "unlisted"]
    assert [(w.value, w.written, w.origin) for w in slots["animal"].words] == [
        ("mouse", "mice", "alias")
    ]
    assert slots["animal"].token == "mice"
    assert slots["pathology"].token is None
    assert [(w.value, w.origin) for w in slots["pathology"].words] == [("hc", "default")]
    assert slots["contrast"].values == ("t2",)


def test_values_are_told_only_where_they_are_certain() -> None:
    assert parse("model_seg_sc_t2").values("architecture") == ("unet2d",)
    assert parse("model_seg_yak_t2_unet3d").values("architecture") == ("unet3d",)
    assert parse("model_seg_yak_t2").values("anatomy") is None
    assert parse("model_seg_sc_t2_yolo").values("architecture") is None
    assert parse("model-seg").values("task") is None


@pytest.mark.parametrize(
    "name", ["x" * 100_000, "model_" + "a-" * 50_000, "model_" + "_" * 100_000]
)
def test_a_huge_name_gives_one_short_problem(name: str) -> None:
    read = parse(name)
    assert len(read.problems) == 1
    assert len(read.problems[0].message) < 200
    assert read.suggestion is None


def test_the_length_limit() -> None:
    longest = "model_seg_" + "sc-" + "x" * (MAX_LENGTH - len("model_seg_sc-_t2")) + "_t2"
    assert len(longest) == MAX_LENGTH
    assert codes(longest) == ["N005"]
    assert codes(longest + "x") == ["N002"]


def test_a_name_too_long_by_its_defaults_is_suggested_without_them() -> None:
    anatomy = "x" * 55
    name = f"model_seg_sc-{anatomy}_human_hc_invivo_t1-t2-t2star_unet2d"
    assert len(name) > MAX_LENGTH
    assert codes(name) == ["N002"]
    assert suggest(name) == f"model_seg_sc-{anatomy}_t1-t2-t2star"


@pytest.mark.parametrize(
    "name", ["model_seg_\ud800", "model_seg_sc\u2028", "\x1b[31mmodel", "mod\nel"]
)
def test_messages_are_one_printable_line(name: str) -> None:
    for problem in parse(name).problems:
        assert problem.message.isascii()
        assert problem.message.isprintable()


# ---------------------------------------------------------------------------------- writing


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
        (Fields(anatomy=("",)), "anatomy: `` can't stand in a name"),
        (Fields(anatomy=("s_c",)), "anatomy: `s_c` can't stand in a name"),
        (Fields(anatomy=("s-c",)), "anatomy: `s-c` can't stand in a name"),
        (Fields(contrast=("T2",)), "contrast: `T2` can't stand in a name"),
        (Fields(contrast=("t2\n",)), "contrast: `t2\\n` can't stand in a name"),
        (Fields(contrast=("t2", "t2")), "contrast: `t2` stands there twice"),
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
        Fields(task="seg")  # type: ignore[arg-type]


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
    assert canonical(name) == name


@given(fields_of(unlisted=True))
def test_every_combination_with_a_task_has_a_name(fields: Fields) -> None:
    assume(fields.task)
    longest = "_".join("-".join(values) for _, values in fields.items())
    assume(len(longest) < MAX_LENGTH - len("model_"))
    name = compose(fields)
    read = parse(name)
    assert read.fields == fields
    assert {p.code for p in read.problems} <= {"N005"}
    assert canonical(name) == name


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
    assert canonical(name) == compose(fields)


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


@st.composite
def soups(draw: st.DrawFn) -> str:
    """Texts that look like names: words of all lists and none, in any order, with slips."""
    words = [w for f in VOCABULARY.values() for w in (*f.allowed, *f.aliases, *f.refused)]
    word = st.one_of(
        st.sampled_from(words),
        UNLISTED,
        st.sampled_from(
            ["7t", "2", "v2", "star", "vivo", "ex", "unet3dx", "humna", "SC", "T2w", ""]
        ),
    )
    token = st.lists(word, min_size=1, max_size=3).map("-".join)
    separator = draw(st.sampled_from(["_", "_", "_", "-", " ", "."]))
    prefix = draw(st.sampled_from(["model_", "model_", "model_seg_", "model-", "", "Model_"]))
    suffix = draw(st.sampled_from(["", "", ".git", "\n", "_"]))
    return prefix + separator.join(draw(st.lists(token, max_size=8))) + suffix


def check_any(text: str) -> None:
    """Assert what holds for every text."""
    read = parse(text)
    assert {problem.code for problem in read.problems} <= CODES
    assert read.usable == ({problem.code for problem in read.problems} <= TOLERATED)
    assert suggest(text) == read.suggestion
    for problem in read.problems:
        assert problem.message.isprintable()
        assert problem.token in text
    if read.problems == ():
        assert read.suggestion is None
        assert read.fields is not None
    if read.fields is None:
        assert canonical(text) is None
    else:
        name = compose(read.fields)
        assert canonical(text) == name
        assert parse(name).fields == read.fields
        assert [slot.field for slot in read.slots if slot.token is None]
    if read.suggestion is not None:
        nearest = parse(read.suggestion)
        assert read.suggestion != text
        assert {problem.code for problem in nearest.problems} <= {"N005"}
        assert nearest.fields is not None


@given(st.one_of(st.text(), st.text().map(lambda text: "model_" + text)))
@example("model_\ud800")
def test_any_text_can_be_parsed(text: str) -> None:
    check_any(text)


@given(soups())
def test_anything_like_a_name_can_be_parsed(text: str) -> None:
    check_any(text)


@given(st.text("a-_79stc", max_size=40).map(lambda text: "model_" + text))
def test_any_short_words_can_be_parsed(text: str) -> None:
    check_any(text)


# ---------------------------------------------------------------------------------- vocabulary


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


def test_the_vocabulary_as_data_survives_json() -> None:
    data = vocabulary_data()
    assert json.loads(json.dumps(data)) == data
    assert data["anatomy"]["default"] == "sc"
    assert data["contrast"]["default"] is None
    assert data["animal"]["aliases"]["mice"] == "mouse"
    assert [name for name, words in data.items() if words["open"]] == list(OPEN)


def test_a_configuration_adds_values_to_any_field() -> None:
    vocabulary = extend(
        VOCABULARY, {"pathology": ["dcm"], "anatomy": ["sulcus"], "architecture": ["yolo"]}
    )
    name = "model_seg_sulcus_dcm_t2_yolo"
    assert parse(name, vocabulary).problems == ()
    assert canonical(name, vocabulary) == name
    assert suggest("model_seg_dcm_sulcus", vocabulary) == "model_seg_sulcus_dcm"
    assert "N004" in codes(name)


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
        ({"anatomy": ["left-side"]}, "anatomy: `left-side` can't stand in a name"),
        ({"anatomy": ["Pons"]}, "anatomy: `Pons` can't stand in a name"),
        ({"anatomy": [""]}, "anatomy: `` can't stand in a name"),
        ({"anatomy": ["pons\n"]}, "can't stand in a name"),
        ({"anatomy": [3]}, "anatomy: 3 can't stand in a name"),
        ({"anatomy": "pons"}, "anatomy: give a list of words"),
        ({"anatomy": ["t2"]}, "the specification lists `t2` as a value of contrast"),
        ({"anatomy": ["nova"], "contrast": ["nova"]}, "a word has one field"),
    ],
)
def test_a_configuration_can_be_wrong(words: dict[str, list[str]], message: str) -> None:
    with pytest.raises(ValueError) as error:
        extend(VOCABULARY, words)
    assert message in str(error.value)


def test_a_right_name_costs_no_heavy_import() -> None:
    program = (
        "import sys; before = set(sys.modules); import model_lint.naming as n; "
        "n.parse('model_seg_sc_t2'); heavy = {'difflib', 'unicodedata', 'json', 'argparse'}; "
        "print(*(heavy & set(sys.modules) - before))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == ""
