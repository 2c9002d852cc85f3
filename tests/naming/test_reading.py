"""Reading names: what they say, and what is wrong with them."""

from __future__ import annotations

import subprocess
import sys

import pytest
from model_lint.naming import FIELDS, MAX_LENGTH, VOCABULARY, Fields, compose, parse

EXAMPLES = (
    "model_seg_monkey_sc_t1_unet3d",
    "model_seg_sc-gm-lesion_human_ms_exvivo_t2star",
    "model_seg_sc-gm_t1-t2_unet3d",
)


def codes(name: str) -> list[str]:
    return [problem.code for problem in parse(name).problems]


def test_the_examples_of_the_specification() -> None:
    first, second, third = map(parse, EXAMPLES)
    assert [p.code for p in first.problems] == ["N008"]
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


#: Each is wrong in one way: name, code.
WRONG_ONCE = [
    # N001
    ("model-seg_sc_t2", "N001"),
    ("model-spinal-rootlets", "N001"),
    ("model-canal-seg", "N001"),
    ("model-seg-ms-axial-t2w", "N001"),
    ("Model_seg_sc", "N001"),
    ("MODEL_SEG_SC", "N001"),
    ("models_seg_sc", "N001"),
    ("modelseg_sc", "N001"),
    ("modelSegMouseT2", "N001"),
    ("seg_sc_t2", "N001"),
    ("sc_t2", "N001"),
    (" model_seg_sc", "N001"),
    ("_model_seg_sc", "N001"),
    ("ivadomed/model_seg_sci", "N001"),
    ("https://github.com/ivadomed/model_seg_sci.git", "N001"),
    ("ms-lesion-agnostic", "N001"),
    ("model-seg-dcm", "N001"),
    ("hello", "N001"),
    ("model", "N001"),
    ("", "N001"),
    ("\uff4dodel_seg_sc", "N001"),
    # N002
    ("model_", "N002"),
    ("model__", "N002"),
    ("model__seg", "N002"),
    ("model_seg_", "N002"),
    ("model_seg__sc", "N002"),
    ("model_seg-_sc", "N002"),
    ("model_seg_-sc", "N002"),
    ("model_seg_sc--gm", "N002"),
    ("model_seg_-", "N002"),
    ("model_seg_SC_T2", "N002"),
    ("model_seg_sc_T2w", "N002"),
    ("model_seg_sc_UNET3D", "N002"),
    ("model_seg_sc t2", "N002"),
    ("model_seg_sc.t2", "N002"),
    ("model_seg_sc+gm_t2", "N002"),
    ("model_seg_sc_t2*", "N002"),
    ("model_seg_sci.git", "N002"),
    ("model_seg_sci\n", "N002"),
    ("model_seg_sci\r\n", "N002"),
    ("model_seg_sci ", "N002"),
    ("model_seg_\uff53\uff43_t2", "N002"),
    ("model_seg_sc_t\xb2", "N002"),
    ("model_seg_sc_t\u0662", "N002"),
    ("model_seg_l\xe9sion", "N002"),
    ("model_seg_sc\x00", "N002"),
    # N003
    ("model_sc_t2", "N003"),
    ("model_t2", "N003"),
    ("model_ms", "N003"),
    # N004
    ("model_cropping_sc_t2", "N004"),
    ("model_segg_sc_t2", "N004"),
    ("model_rootletts_t2", "N004"),
    ("model_brachial_t2", "N004"),
    ("model_seg_dcm", "N004"),
    ("model_seg_sc_dcm_t2", "N004"),
    ("model_seg_ms-dcm", "N004"),
    ("model_seg_gm-wm_t2star_unet3d-multiclass", "N004"),
    ("model_seg_sc_t2_unet3d-multichannel-softseg", "N004"),
    ("model_seg_sc_t2_nnunet", "N004"),
    ("model_seg_sc_t2_unet4d", "N004"),
    ("model_seg_sc_t2_unet3dmulticlass", "N004"),
    ("model_seg_sc_t2_yolo", "N004"),
    ("model_seg_sc_t2_hourglass-net", "N004"),
    ("model_seg_gm_t2star_7t_unet2d", "N004"),
    ("model_seg_sc_human_exvivvo_t2", "N004"),
    ("model_seg_sc_plok_grumf_t2", "N004"),
    ("model_seg_sc_t2_unet3d_multiclass", "N004"),
    # N005
    ("model_seg_sctumor-edema-cavity_t2-t1_unet3d", "N005"),
    ("model_seg_tem-multires", "N005"),
    ("model_seg_sc_yak_t2", "N005"),
    ("model_seg_sc_yak_hc", "N005"),
    ("model_seg_pons_human_zte", "N005"),
    ("model_seg_sc_humna_t2", "N005"),
    ("model_seg_gm_t2star-7t", "N005"),
    # N006
    ("model_seg_yak", "N006"),
    ("model_seg_sc_yak", "N006"),
    ("model_seg_yak_ms", "N006"),
    ("model_seg_gm_7t_t2star", "N006"),
    ("model_seg_sc_2", "N006"),
    # N007
    ("model_seg_t2_sc", "N007"),
    ("model_sc_seg_t2", "N007"),
    ("model_seg_exvivo_gm-wm_t2", "N007"),
    ("model_seg_human_ms_lesion_t2", "N007"),
    ("model_seg_sc_unet3d_t2", "N007"),
    ("model_seg_yak_sc_t1", "N007"),
    ("model_seg_mouse_t2_sc", "N007"),
    # N008
    ("model_seg_monkey_sc_t1_unet3d", "N008"),
    ("model_seg_rabbit_axon-myelin_bf", "N008"),
    ("model_seg_human_axon-myelin_bf", "N008"),
    # N009
    ("model_seg_mouse-sc_t1", "N009"),
    ("model_seg_mouse-sc_wm-gm_t1", "N009"),
    ("model_seg_human_ms-lesion", "N009"),
    ("model_seg-sc-t2", "N009"),
    ("model_seg_sc_t2-unet3d", "N009"),
    # N010
    ("model_seg_sc_gm_t2", "N010"),
    ("model_seg_sc-sc_t2", "N010"),
    ("model_seg_seg_sc", "N010"),
    ("model_seg_sc_t1_t2", "N010"),
    ("model_seg_sc_t2_sc", "N010"),
    ("model_seg_sc_hc_ms", "N010"),
    # N011
    ("model_seg_sc_mice_t2", "N011"),
    ("model_seg_monkeys_t2", "N011"),
    ("model_seg_sc_t2w", "N011"),
    ("model_seg_sc_t2w-t2", "N011"),
    ("model_seg_sc_t2s", "N011"),
    ("model_seg_sc_t2-star", "N011"),
    ("model_seg_sc_t2_star", "N011"),
    ("model_seg_sc_t2_3d_fullres", "N011"),
    ("model_seg_spinal-cord_t2", "N011"),
    ("model_seg_spinal_cord_t2", "N011"),
    ("model_seg_sc_ex-vivo", "N011"),
    ("model_segmentation_sc", "N011"),
    ("model_seg_sc_2d", "N011"),
    ("model_seg_sc_filmcharley", "N011"),
    ("model_seg_sc_FilmCharley", "N011"),
    ("model_seg_sc_FILMCHARLEY", "N011"),
    ("model_seg_sc_hemisandreanne", "N011"),
    ("model_seg_sc_unet-3d", "N011"),
]


@pytest.mark.parametrize(("name", "code"), WRONG_ONCE)
def test_one_defect_gives_one_problem(name: str, code: str) -> None:
    assert codes(name) == [code]


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


def test_the_length_limit() -> None:
    longest = "model_seg_" + "sc-" + "x" * (MAX_LENGTH - len("model_seg_sc-_t2")) + "_t2"
    assert len(longest) == MAX_LENGTH
    assert codes(longest) == ["N005"]
    assert codes(longest + "x") == ["N002"]


@pytest.mark.parametrize(
    "name", ["model_seg_\ud800", "model_seg_sc\u2028", "\x1b[31mmodel", "mod\nel"]
)
def test_messages_are_one_printable_line(name: str) -> None:
    for problem in parse(name).problems:
        assert problem.message.isascii()
        assert problem.message.isprintable()


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
