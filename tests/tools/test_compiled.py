"""What is compiled for the pages when the site is built."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from build import package
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
    linter = "model_template/model_lint"
    assert {"model_template/check.pyc", f"{linter}/nnunet/trainer_source.pyc"} <= code
    assert f"{linter}/commands/pack.pyc" not in code


#: Prints what the first check of a zip in a folder imports after all was prepared.
IMPORTED = """
import json, sys
from model_template import check
check.prepare()
before = set(sys.modules)
folder, name = sys.argv[1:]
check.run(json.dumps({"folder": folder, "targets": [name], "options": []}))
print(json.dumps(sorted(set(sys.modules) - before)))
"""


def test_the_first_package_imports_nothing_more(tmp_path: Path) -> None:
    path = package(tmp_path)
    (tmp_path / "code.zip").write_bytes(archive())
    with zipfile.ZipFile(tmp_path / "code.zip") as code:
        code.extractall(tmp_path / "code")
    command = [sys.executable, "-c", IMPORTED, str(tmp_path), path.name]
    done = subprocess.run(
        command, cwd=tmp_path / "code", capture_output=True, text=True, check=True
    )
    assert json.loads(done.stdout) == []


def names(path: Path) -> set[str]:
    with zipfile.ZipFile(path) as archive:
        return set(archive.namelist())


def test_without_node_one_line_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(MissingError, match=r"^node is missing: .* \.ci/programs installs it$"):
        compiled(b"")
