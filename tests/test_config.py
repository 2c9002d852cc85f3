"""The configuration file: what it may say, where it is found, and how it refuses the rest."""

from __future__ import annotations

from pathlib import Path

import pytest
from model_lint.config import Config, find_config, load_config
from model_lint.errors import UsageError
from model_lint.findings import Consumer, Severity

FULL = """
select = ["D", "C004"]
extend-select = ["N"]
ignore = { D011 = "the atlas has one more" }
fail-on = "warning"
for = ["slicer", "nnunet"]
name = "model_seg_t2"
baseline = "old/report.json"

[vocabulary]
anatomy = ["conus"]

[per-target-ignores]
"*-r2023*.zip" = ["C010"]
"""


def write(folder: Path, text: str, name: str = "model-lint.toml") -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def test_every_key_is_read(tmp_path: Path) -> None:
    path = write(tmp_path, FULL)
    assert load_config(path) == Config(
        path=path,
        select=("D", "C004"),
        extend_select=("N",),
        ignore={"D011": "the atlas has one more"},
        per_target_ignores={"*-r2023*.zip": {"C010": ""}},
        fail_on=Severity.WARNING,
        consumers=(Consumer.NNUNET, Consumer.SLICER),
        name="model_seg_t2",
        baseline=tmp_path / "old" / "report.json",
        vocabulary={"anatomy": ("conus",)},
    )


def test_without_a_file_everything_has_its_default() -> None:
    assert load_config(None) == Config()


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("ignores = []", "did you mean 'ignore'?"),
        ("colour = 1", "it takes baseline, extend-select"),
        ("[vocabulary]\nanatomie = []", "did you mean 'anatomy'?"),
        ("select = 'D'", "select must be a list"),
        ("ignore = 3", "ignore must be a list of rules or a table"),
        ("ignore = { D011 = 1 }", "ignore must be a list of rules or a table"),
        ("fail-on = 'fatal'", "fail-on must be error, warning or info"),
        ("fail-on = ['error']", "fail-on must be error, warning or info"),
        ("for = 'sct'", "for must be a list of some of sct, nnunet, slicer"),
        ("for = []", "for must be a list of some of sct, nnunet, slicer"),
        ("for = ['sct', 'monai']", "for must be a list of some of sct, nnunet, slicer"),
        ("for = [['sct']]", "for must be a list of some of sct, nnunet, slicer"),
        ("name = 1", "name must be a string"),
        ("per-target-ignores = []", "per-target-ignores must be a table"),
        ("vocabulary = { anatomy = 'sc' }", "anatomy must be a list"),
        ("select = [", "not valid TOML"),
    ],
)
def test_anything_else_is_refused_with_a_hint(tmp_path: Path, text: str, hint: str) -> None:
    with pytest.raises(UsageError) as error:
        load_config(write(tmp_path, text))
    assert hint in str(error.value)
    assert "\n" not in str(error.value)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="No such file"):
        load_config(tmp_path / "none.toml")


def test_a_binary_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "model-lint.toml"
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(UsageError, match="not valid TOML"):
        load_config(path)


def test_the_nearest_file_holds(tmp_path: Path) -> None:
    above = write(tmp_path, "[tool.model-lint]\nselect = ['D']", "pyproject.toml")
    (tmp_path / "a" / "b").mkdir(parents=True)
    assert find_config(tmp_path / "a" / "b") == above
    near = write(tmp_path / "a", "")
    assert find_config(tmp_path / "a" / "b") == near
    assert load_config(above).select == ("D",)


def test_a_pyproject_that_does_not_name_model_lint_is_not_parsed(tmp_path: Path) -> None:
    write(tmp_path, "[project\n", "pyproject.toml")
    assert find_config(tmp_path) is None


def test_a_pyproject_without_the_table_is_passed_over(tmp_path: Path) -> None:
    above = write(tmp_path, "")
    write(tmp_path / "a", "[project]\nname = 'x'", "pyproject.toml")
    assert find_config(tmp_path / "a") == above


def test_the_search_ends_at_the_repository(tmp_path: Path) -> None:
    write(tmp_path, "")
    (tmp_path / "repository" / ".git").mkdir(parents=True)
    assert find_config(tmp_path / "repository") is None
