"""What is compiled for the pages when the site is built."""

from __future__ import annotations

import sys
import zipfile
from pathlib import Path

import pytest
from tools.support import ROOT, SITE

sys.path.append(str(ROOT / "docs"))

from in_browser import archive
from pyodide import FOLDER, STDLIB, MissingError, compiled


@pytest.fixture
def zips(www: Path) -> tuple[Path, Path]:
    """The standard library and the linter, as the site has them."""
    tools = www / SITE / "tools"
    return tools / "pyodide" / STDLIB, tools / "model_template.zip"


def test_the_same_code_has_the_same_bytes(zips: tuple[Path, Path]) -> None:
    """A browser then keeps what it has."""
    stdlib, code = zips
    assert compiled(archive()) == (stdlib.read_bytes(), code.read_bytes())


def test_all_is_there_and_what_the_pages_import_is_compiled(
    zips: tuple[Path, Path], tmp_path: Path
) -> None:
    (tmp_path / "code.zip").write_bytes(archive())
    for source, path in zip((FOLDER / STDLIB, tmp_path / "code.zip"), zips, strict=True):
        files = {name for name in names(source) if not name.endswith("/")}
        assert {name.replace(".pyc", ".py") for name in names(path)} == files
    stdlib, code = map(names, zips)
    assert "argparse.pyc" in stdlib
    assert {"model_template/check.pyc", "model_template/model_lint/report/html.pyc"} <= code
    assert "model_template/model_lint/commands/pack.pyc" not in code


def names(path: Path) -> set[str]:
    with zipfile.ZipFile(path) as archive:
        return set(archive.namelist())


def test_without_node_one_line_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(MissingError, match=r"^node is missing: .* \.ci/programs installs it$"):
        compiled(b"")
