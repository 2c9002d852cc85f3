"""What is taken from the name, the labels, the README and the citation, and what is made of it."""

from __future__ import annotations

import ast
import io
import struct
import zlib

import pytest
from mini_sct import TEST
from model_lint.errors import UsageError
from model_lint.naming import parse
from model_lint.ship.sct import card
from model_lint.ship.sct.entries import applied
from model_lint.ship.sct.figure import gallery_figure
from model_lint.ship.sct.naming import contrasts_of, group_of, priority_of, task_of
from model_lint.ship.sct.page import Unfit
from model_lint.ship.sct.source import Source
from model_lint.ship.sct.testing import add_test, case_suffixes, find_test, write_test
from model_lint.ship.sct.text import double, single, wrapped
from PIL import Image

from .test_source import wanted


@pytest.mark.parametrize(
    ("name", "labels", "task"),
    [
        ("model_seg_sc_t2", ["sc"], "sc_t2"),
        ("model_seg_ms_mp2rage", ["lesion"], "lesion_ms_mp2rage"),
        ("model_seg_ms_t2", ["sc", "lesion"], "sc_lesion_ms_t2"),
        ("model_seg_t2", ["T2w"], "sc_t2"),
        ("model_seg_gm-wm_mouse_t1", ["gm", "wm"], "gm_wm_mouse_t1"),
        ("model_seg_gm_human_exvivo_t2_unet3d", ["gm"], "gm_exvivo_t2"),
        ("model_seg_tumor-edema-cavity_t1-t2_unet3d", [], "tumor_edema_cavity_t1_t2"),
        ("fmri-segmentation", ["sc"], None),
    ],
)
def test_a_task_is_named_by_the_convention(name: str, labels: list[str], task: str | None) -> None:
    assert task_of(parse(name), labels) == task


@pytest.mark.parametrize(
    ("name", "labels", "group", "priority"),
    [
        ("model_seg_sc_t2", ["sc"], "spinal_cord", 0),
        ("model_seg_sc_mouse_t1", ["sc"], "spinal_cord", -1),
        ("model_seg_sc-gm_t2star", ["sc", "gm"], "gray_matter", 0),
        ("model_seg_sci_t2", ["sc", "lesion"], "pathology", 0),
        ("model_seg_sc_ms_t2", ["sc", "lesion"], "pathology", 0),
        ("model_seg_canal_t2", ["canal"], "", 0),
        ("model_seg_rootlets_t2", ["sc", "gm"], "", 0),
        ("model_seg_t2star", ["GM"], "gray_matter", 0),
    ],
)
def test_a_task_has_a_group(name: str, labels: list[str], group: str, priority: int) -> None:
    assert group_of(parse(name), labels) == group
    assert priority_of(parse(name)) == priority


@pytest.mark.parametrize(
    ("name", "channels", "contrasts"),
    [
        ("model_seg_sc_t1-t2", {}, ("t1", "t2")),
        ("model_seg_sc_agnostic", {}, ("any",)),
        ("model_seg_sc", {"0": "T2w"}, ("t2",)),
        ("model_seg_sc", {"0": "T1w", "1": "t1"}, ("t1",)),
        ("model_seg_sc", {"0": "zscore"}, ()),
        ("model_seg_sc", {"0": "MRI"}, ()),
        ("model_seg_sc", None, ()),
    ],
)
def test_contrasts(name: str, channels: object, contrasts: tuple[str, ...]) -> None:
    assert contrasts_of(parse(name), {"channel_names": channels}) == contrasts


README = """\
# Lesions in the cord

[![DOI](https://img.shields.io/badge/DOI-x-blue)](https://doi.org/10.1/x)

![logo](https://example.org/logo.png)
<img width="500" src="figures/first.jpg"/> ![second](./figures/second.png "Second")

Segments *lesions* of the cord. It is based on [nnU-Net](https://github.com/x/y).

## Citation

```bibtex
@article{one,
  title={One},
}
```
"""
CITATION = """\
cff-version: 1.2.0
message: "Cite it."
title: 'Somebody''s "model"'
abstract: >-
  A folded
  abstract.
authors:
  - given-names: Ada
    family-names: "de Example"
  - name: The Team  # of people
date-released: 2026-11-23
doi: 10.1/x
keywords:
  - title
"""


def test_a_readme_describes_a_model() -> None:
    assert card.descriptions(README, CITATION) == [
        "Segments lesions of the cord",
        "Lesions in the cord",
        'Somebody\'s "model"',
    ]
    assert card.long_description(README, "").startswith("Segments lesions of the cord. It is based")
    assert card.long_description("", CITATION) == "A folded abstract."
    assert card.bibtex(README, CITATION, "r20250102") == "@article{one,\n  title={One},\n}"
    assert card.pictures(README) == ["figures/first.jpg", "./figures/second.png"]


def test_a_citation_becomes_bibtex() -> None:
    assert card.bibtex("", CITATION, "r20250102").splitlines() == [
        "@software{deexample2026,",
        "  author={de Example, Ada and The Team},",
        '  title={{Somebody\'s "model"}},',
        "  year={2026},",
        "  version={r20250102},",
        "  doi={10.1/x},",
        "}",
    ]
    undated = card.bibtex("", "title: x\nauthors:\n- name: Lab\nversion: 1.2\n", "r20250102")
    assert undated.splitlines()[0] == "@software{lab2025,"
    assert undated.splitlines()[3:-1] == ["  year={2025},", "  version={1.2},"]
    assert card.bibtex("no block", "title: x\n", "r20250102") == ""


@pytest.mark.parametrize(
    "text", ["", "a", "it's", 'a "b"', "\\n {\\v{s}}", "é\u2028\x7f", "a\nb\n"]
)
def test_literals_are_read_back(text: str) -> None:
    assert ast.literal_eval(double(text)) == text
    assert ast.literal_eval(single(text)) == text
    assert ast.literal_eval(f"({wrapped(text * 30, 29)})") == text * 30


def png(width: int, height: int, *chunks: bytes) -> bytes:
    made = io.BytesIO()
    Image.new("RGB", (width, height), "red").save(made, "PNG")
    data = made.getvalue()
    return data[:33] + b"".join(chunks) + data[33:]


def text_chunk(text: bytes) -> bytes:
    body = b"tEXt" + text
    return struct.pack(">I", len(text)) + body + struct.pack(">I", zlib.crc32(body))


def test_a_figure_is_a_png_without_notes() -> None:
    secret = text_chunk(b"Author\0somebody")
    assert b"somebody" not in gallery_figure(png(300, 200, secret), "x.png")
    made = io.BytesIO()
    Image.new("RGB", (300, 200), "red").save(made, "JPEG")
    assert gallery_figure(made.getvalue(), "x.jpg").startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (png(300, 50), "300 x 50 pixels"),
        (png(300, 200)[:-20], "cut off"),
        (b"<svg/>", "not a picture"),
        (b"\x89PNG\r\n\x1a\n" + bytes(10**7), "larger than 10 MB"),
        (b"\xff\xd8\xff\xe0", "not a picture"),
    ],
)
def test_another_figure_is_refused(data: bytes, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        gallery_figure(data, "x.png")


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_a_test_is_added(newline: str) -> None:
    source = Source("test.py", TEST.replace("\n", newline).encode())
    for suffixes, name in ((("_seg",), "binary_seg"), (("_sc_seg", "_gm_seg"), "multiclass")):
        described = wanted(suffixes=suffixes, task="new", contrasts=("psir", "stir"))
        change = add_test(source, described)
        assert change
        again = Source("test.py", applied(source, [change]))
        found = find_test(again, f"test_segment_nifti_{name}")
        assert found
        new = dict(zip(found.names, found.cases.elts[-1].elts, strict=True))  # type: ignore[attr-defined]
        assert ast.literal_eval(new["task"]) == "new"
        assert "# dummy image since no PSIR/STIR test data" in again.text
        assert add_test(again, described) is None
    assert case_suffixes(again, "new") == (
        again.text[: again.text.index('"_gm_seg"')].count("\n") + 1,
        ["_sc_seg", "_gm_seg"],
    )


def test_the_parameters_are_those_of_the_test() -> None:
    old = TEST.replace("task, thr, expected_dice'", "task, thr'")
    source = Source("test.py", old.encode())
    change = add_test(source, wanted(task="new"))
    assert change
    found = find_test(Source("test.py", applied(source, [change])), "test_segment_nifti_binary_seg")
    assert found
    assert ast.unparse(found.cases.elts[-1]) == (
        "(sct_test_path('t2', 't2.nii.gz'), None, 't2_seg_deepseg.nii.gz', 'new', None)"
    )


def test_an_unknown_test_is_left_to_people() -> None:
    for old, says in (
        (TEST.replace("task, thr, expected_dice'", "task, moon'"), "'moon'"),
        (TEST.replace("def test_segment_nifti_binary", "def test_other"), "no test"),
        ("", "no test"),
    ):
        with pytest.raises(Unfit, match=says):
            add_test(Source("test.py", old.encode()), wanted(task="new"))


def test_a_rootlets_model_has_one_output() -> None:
    assert write_test(wanted(suffixes=("_rootlets",))).count("\n") == 6
