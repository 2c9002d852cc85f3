"""The source archive and the wheel: what is in them, and that the installed wheel runs."""

from __future__ import annotations

import sys
import sysconfig
import tarfile
import zipfile
from email import message_from_bytes
from email.message import Message
from pathlib import Path

import pytest
from checkout import copy, tracked
from model_lint import __version__
from template.support import ROOT, program, run

INFO = f"model_lint-{__version__}.dist-info"
MODEL = "tests/data/nnUNetTrainerTiny__nnUNetPlans__2d"
BESIDE = ("CHANGELOG.md", "CITATION.cff", "LICENSE", "README.md", "pyproject.toml")


def build(folder: Path, target: Path, *options: str) -> None:
    command = (sys.executable, "-m", "hatchling", "build", "-d", str(target))
    done = run(*command, *options, cwd=folder)
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `make dist` builds, with what a working tree has besides."""
    folder = copy(tmp_path_factory.mktemp("source"))
    (folder / "linter/model_lint/__pycache__").mkdir()
    (folder / "linter/model_lint/__pycache__/cli.cpython-312.pyc").write_bytes(b"")
    (folder / "linter/model_lint.egg-info").mkdir()
    (folder / "linter/model_lint.egg-info/PKG-INFO").write_text("", encoding="utf-8")
    (folder / "model_seg_sc_t2-r20240915.zip").write_bytes(b"")
    build(folder, folder / "dist")
    return folder / "dist"


@pytest.fixture(scope="module")
def wheel(dist: Path) -> Path:
    (path,) = dist.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def metadata(wheel: Path) -> Message:
    with zipfile.ZipFile(wheel) as archive:
        return message_from_bytes(archive.read(f"{INFO}/METADATA"))


def modules() -> set[str]:
    return {name.removeprefix("linter/") for name in tracked("linter/model_lint")}


def test_the_wheel_holds_the_linter_alone(wheel: Path) -> None:
    assert wheel.name == f"model_lint-{__version__}-py3-none-any.whl"
    with zipfile.ZipFile(wheel) as archive:
        names = sorted(archive.namelist())
    info = ("METADATA", "RECORD", "WHEEL", "entry_points.txt", "licenses/LICENSE")
    assert names == sorted({*modules(), *(f"{INFO}/{name}" for name in info)})
    assert {"model_lint/py.typed", "model_lint/report/html.css"} <= set(names)


def test_the_source_archive_holds_what_the_wheel_needs(dist: Path) -> None:
    (path,) = dist.glob("*.tar.gz")
    top = path.name.removesuffix(".tar.gz")
    with tarfile.open(path) as archive:
        names = {name.removeprefix(f"{top}/") for name in archive.getnames()}
    expected = {f"linter/{name}" for name in modules()} | {*BESIDE, "PKG-INFO", ".gitignore"}
    assert names == expected


def test_the_source_archive_builds_the_same_wheel(dist: Path, wheel: Path, tmp_path: Path) -> None:
    (path,) = dist.glob("*.tar.gz")
    with tarfile.open(path) as archive:
        for member in archive:
            file = tmp_path / member.name
            file.parent.mkdir(parents=True, exist_ok=True)
            content = archive.extractfile(member)
            assert content is not None  # it has files alone
            file.write_bytes(content.read())
    build(tmp_path / path.name.removesuffix(".tar.gz"), tmp_path / "dist", "-t", "wheel")
    (again,) = (tmp_path / "dist").glob("*.whl")
    assert again.read_bytes() == wheel.read_bytes()


def test_the_metadata(metadata: Message) -> None:
    assert (metadata["Name"], metadata["Version"]) == ("model-lint", __version__)
    assert (metadata["License-Expression"], metadata["License-File"]) == ("MIT", "LICENSE")
    urls = dict(url.split(", ") for url in metadata.get_all("Project-URL", []))
    assert sorted(urls) == ["Changelog", "Documentation", "Issues", "Repository"]
    assert all("ivadomed" in url for url in urls.values())
    always = [line for line in metadata.get_all("Requires-Dist", []) if "extra ==" not in line]
    assert always == ["tomli>=2; python_version < '3.11'"]


def test_the_description_is_the_readme(metadata: Message) -> None:
    assert metadata["Description-Content-Type"] == "text/markdown"
    payload = metadata.get_payload(decode=True)
    assert isinstance(payload, bytes)
    assert payload.decode("utf-8") == (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "command", [("uvx", "--from"), ("pipx", "run", "--spec")], ids=["uvx", "pipx"]
)
def test_it_runs_without_being_installed(
    command: tuple[str, ...], wheel: Path, tmp_path: Path
) -> None:
    """Without a network too: the linter alone needs no other package."""
    runner, *options = command
    alone = {"UV_OFFLINE": "1", "UV_PYTHON": sys.executable, "PIP_NO_INDEX": "1", "PYTHONPATH": ""}
    folders = ("UV_CACHE_DIR", "PIPX_HOME", "PIPX_SHARED_LIBS", "PIPX_BIN_DIR")
    alone |= {name: str(tmp_path / name.lower()) for name in folders}
    lint = [program(runner), *options, str(wheel), "model-lint"]
    done = run(*lint, "--version", cwd=tmp_path, **alone)
    assert done.stdout == f"model-lint {__version__}\n", done.stderr
    done = run(*lint, "check", str(ROOT / MODEL), cwd=tmp_path, **alone)
    assert "Found" in done.stdout, done.stderr


def test_the_installed_wheel_runs(wheel: Path, tmp_path: Path) -> None:
    """In an environment of its own; the dependencies are those here."""
    made = tmp_path / "environment"

    def succeed(*words: str | Path) -> str:
        done = run(*map(str, words), cwd=tmp_path, PYTHONPATH="")
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    succeed(sys.executable, "-m", "venv", "--without-pip", made)
    python, command = made / "bin/python", made / "bin/model-lint"
    pip = (sys.executable, "-m", "pip", "--disable-pip-version-check", "--python", python)
    succeed(*pip, "install", "--quiet", "--no-index", "--no-deps", wheel)
    (site,) = made.glob("lib/python*/site-packages")
    (site / "here.pth").write_text(sysconfig.get_path("purelib"), encoding="utf-8")

    assert succeed(command, "--version") == f"model-lint {__version__}\n"
    where = succeed(python, "-c", "import model_lint; print(model_lint.__file__)")
    assert Path(where.strip()).is_relative_to(made)
    assert "Found" in succeed(command, "check", ROOT / MODEL)
