"""The command ``name``: what it prints, and its exit status."""

from __future__ import annotations

import argparse
import io
import json
from pathlib import Path
from typing import Any

import pytest
from model_lint.commands.name import add_arguments, run
from model_lint.errors import UsageError
from model_lint.naming import FIELDS


def call(*words: str) -> tuple[int, str]:
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    out = io.StringIO()
    return run(parser.parse_args(words), out), out.getvalue()


def call_json(*words: str) -> tuple[int, Any]:
    status, text = call("--format", "json", *words)
    return status, json.loads(text)


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run where no configuration is found but a test's own."""
    (tmp_path / ".git").mkdir()
    monkeypatch.chdir(tmp_path)


# ---------------------------------------------------------------------------------- explaining


def test_a_right_name_is_explained_field_by_field() -> None:
    assert call("model_seg_sc-gm-sulcus_human_ms_t2") == (
        0,
        """\
model_seg_sc-gm-sulcus_human_ms_t2: valid

  task          seg           in the specification
  anatomy       sc-gm-sulcus  sc, gm in the specification; sulcus in no list
  animal        human         in the specification (the default: it can be left out)
  pathology     ms            in the specification
  condition     invivo        default, left out
  contrast      t2            in the specification
  architecture  unet2d        default, left out

  info N005 value-not-listed: `sulcus` is not in any list: read as an anatomy, because of the values
    next to it
""",
    )


def test_a_name_with_defaults_is_shown_without_them() -> None:
    status, text = call("model_seg_sc_human_t2")
    assert status == 0
    assert text.endswith("\n\n  Without defaults: model_seg_t2\n")


def test_a_wrong_name_is_explained_as_far_as_it_can_be_read() -> None:
    assert call("model_seg_mouse-sc_wm-gm_t1w") == (
        1,
        """\
model_seg_mouse-sc_wm-gm_t1w: invalid

  task      seg       in the specification
  anatomy   wm-gm     wm in the word list; gm in the specification
  contrast  t1        written `t1w`
  ?         mouse-sc  see below

  error N009 mixed-token: `mouse-sc` mixes fields: `mouse` is an animal, `sc` is an anatomy; write
    one token for each field
  error N011 value-alias: `t1w` is another spelling: write `t1` (contrast)

  Nearest valid name: model_seg_sc-wm-gm_mouse_t1
""",
    )


def test_a_warning_leaves_status_0() -> None:
    status, text = call("model_seg_monkey_sc_t1_unet3d")
    assert status == 0
    assert text.startswith("model_seg_monkey_sc_t1_unet3d: valid, with a warning\n")
    assert "warning N008 legacy-order" in text
    assert text.endswith("Nearest valid name: model_seg_sc_monkey_t1_unet3d\n")


def test_a_name_that_can_t_be_read_at_all() -> None:
    assert call("hello") == (
        1,
        "hello: invalid\n\n"
        "  error N001 name-prefix: `hello` does not begin with `model_`, as every name does\n",
    )


def test_a_guess_is_not_called_the_right_name() -> None:
    status, data = call_json("t2_tumor")
    assert status == 1
    (name,) = data["names"]
    assert (name["suggestion"], name["certain"]) == ("model_seg_tumor_t2", False)
    assert name["findings"][0]["help"] == "perhaps `model_seg_tumor_t2`"
    assert call("t2_tumor")[1].endswith("\n\n  Perhaps: model_seg_tumor_t2\n")


def test_the_worst_of_several_names_counts() -> None:
    status, text = call("model_seg_sc", "model_seg_SC")
    assert status == 1
    assert text.index("model_seg_sc: valid\n") < text.index("\n\nmodel_seg_SC: invalid\n")


@pytest.mark.parametrize("name", ["", "model_seg_\ud800", "model_\x1b[31m", "x" * 5000, "a\nb\n"])
def test_any_text_is_printed_safely(name: str) -> None:
    status, text = call(name)
    assert status == 1
    assert text.isascii()
    assert text.replace("\n", "").isprintable()
    assert len(text) < 1000


# ---------------------------------------------------------------------------------- json


def test_json_of_a_right_name() -> None:
    status, data = call_json("model_seg_mouse_t2")
    assert status == 0
    assert list(data) == ["version", "names"]
    assert data["version"] == 1
    (name,) = data["names"]
    assert list(name) == [
        "name",
        "canonical",
        "fields",
        "slots",
        "findings",
        "suggestion",
        "certain",
    ]
    assert name["name"] == name["canonical"] == "model_seg_mouse_t2"
    assert name["fields"] == {
        "task": ["seg"],
        "anatomy": ["sc"],
        "animal": ["mouse"],
        "pathology": ["hc"],
        "condition": ["invivo"],
        "contrast": ["t2"],
        "architecture": ["unet2d"],
    }
    assert [slot["field"] for slot in name["slots"]] == list(FIELDS)
    assert name["slots"][1] == {
        "field": "anatomy",
        "token": None,
        "values": [{"value": "sc", "written": "", "origin": "default"}],
    }
    assert (name["findings"], name["suggestion"], name["certain"]) == ([], None, None)


def test_json_of_wrong_names() -> None:
    status, data = call_json("model_seg_sc_t2w", "model_\ud800")
    assert status == 1
    first, second = data["names"]
    (finding,) = first["findings"]
    assert finding == {
        "code": "N011",
        "rule": "value-alias",
        "severity": "error",
        "message": "`t2w` is another spelling: write `t2` (contrast)",
        "help": "rename it to `model_seg_sc_t2`",
        "url": finding["url"],
    }
    assert finding["url"].startswith("https://")
    assert (first["suggestion"], first["certain"]) == ("model_seg_sc_t2", True)
    assert first["slots"][5]["values"] == [{"value": "t2", "written": "t2w", "origin": "alias"}]
    assert first["canonical"] == "model_seg_t2"
    assert second["name"] == "model_\ud800"
    assert (second["canonical"], second["fields"], second["slots"]) == (None, None, [])


# ---------------------------------------------------------------------------------- composing


@pytest.mark.parametrize(
    ("words", "name"),
    [
        (["task=seg", "anatomy=sc,gm", "contrast=t1,t2"], "model_seg_sc-gm_t1-t2"),
        (["contrast=t1-t2", "anatomy=sc-gm", "task=seg"], "model_seg_sc-gm_t1-t2"),
        (["task=seg", "animal=yak"], "model_seg_sc_yak_hc"),
        (["task=seg", "animal=human", "contrast=none"], "model_seg"),
        (["task=", "anatomy=gm"], "model_gm"),
        (["task=seg", "architecture=filmCharley"], "model_seg_filmCharley"),
        (["task=seg", "anatomy=sc, gm"], "model_seg_sc-gm"),
    ],
)
def test_compose_prints_the_name_alone(words: list[str], name: str) -> None:
    assert call("--compose", *words) == (0, f"{name}\n")


def test_compose_as_json_explains_the_name() -> None:
    status, data = call_json("--compose", "task=seg", "animal=mouse")
    assert status == 0
    assert data["names"][0]["name"] == "model_seg_mouse"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "give at least one field, such as task=seg anatomy=sc,gm contrast=t2"),
        (["tsk=seg"], "there is no field `tsk`; did you mean task?"),
        (["Task=seg"], "there is no field `Task`; did you mean task?"),
        (["organ=liver"], "there is no field `organ`; the fields are task, anatomy"),
        (["seg"], "`seg` has no field; write it as task=VALUE"),
        (["task=seg", "task=label"], "task is given twice; separate its values by commas"),
        (["task=sge"], "did you mean seg?"),
        (["architecture=unet3"], "`unet3` is another spelling; write `unet3d`"),
        (["architecture=UNET3D"], "did you mean unet3d?"),
        (["pathology=dcm"], "pathology: `dcm` is not allowed; write one of hc, ms, sci"),
        (["anatomy="], "anatomy needs a value; its default is sc"),
        (["anatomy=sc,"], "anatomy: `` can't be part of a name"),
        (["anatomy=sc gm"], "anatomy: `sc gm` can't be part of a name"),
        (["anatomy=T2"], "anatomy: `T2` can't be part of a name"),
        (["task=seg", "contrast=7t"], "no valid name has these values"),
        (["task=seg", "anatomy=" + "x" * 200], "the name would have 210 characters"),
        (["task=seg\nlabel"], "task: `seg\\nlabel` can't be part of a name"),
    ],
)
def test_what_can_t_be_composed(words: list[str], message: str) -> None:
    with pytest.raises(UsageError) as error:
        call("--compose", *words)
    assert message in str(error.value)
    assert str(error.value).isprintable()


def test_usage() -> None:
    with pytest.raises(UsageError, match="give a name"):
        call()
    with pytest.raises(UsageError, match="put --compose before fields"):
        call("task=seg", "anatomy=sc")


# ---------------------------------------------------------------------------------- configuration


def test_the_vocabulary_of_the_configuration_counts(tmp_path: Path) -> None:
    assert call("model_seg_dcm")[0] == 1
    (tmp_path / "model-lint.toml").write_text('[vocabulary]\npathology = ["dcm"]\n')
    assert call("model_seg_dcm")[0] == 0
    assert call("--compose", "task=seg", "pathology=dcm") == (0, "model_seg_dcm\n")


def test_the_configuration_can_be_named(tmp_path: Path) -> None:
    (tmp_path / "other.toml").write_text('[vocabulary]\npathology = ["dcm"]\n')
    assert call("--config", "other.toml", "model_seg_dcm")[0] == 0


def test_a_wrong_vocabulary_is_a_usage_error(tmp_path: Path) -> None:
    (tmp_path / "model-lint.toml").write_text('[vocabulary]\npathology = ["D C M"]\n')
    with pytest.raises(UsageError, match=r"model-lint\.toml: vocabulary: pathology: `D C M`"):
        call("model_seg_sc")
