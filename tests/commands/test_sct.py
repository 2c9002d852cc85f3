"""`model-lint sct`, against a GitHub and a small SCT on this machine."""

from __future__ import annotations

import ast
import io
import json
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import mini_sct
import pytest
from build import TRAINER, Change, dataset, package, put
from checkpoint_files import slim
from github_server import GitHubServer, OwnerBuilder
from mini_sct import CITING_PATH, GALLERY_PATH, MODELS_PATH, PAGES, TEST_PATH, show
from model_lint.cli import main
from PIL import Image
from publishing import Said
from rules.test_repository import git

OWNER, NAME, TAG = "lab", "model_seg_sc-gm_t2star", "r20261123"
TASK = "sc_gm_t2star"
ZIP = f"{NAME}-{TAG}.zip"
README = """\
# Spinal cord and gray matter

![Cord](figures/cord.png)

Segments cord and gray matter. Trained on phantoms with nnU-Net.

```bibtex
@article{cord, title={Cord}}
```
"""
SLIM = put("fold_0/checkpoint_final.pth", slim())
SIDES = ("superior", "inferior", "left", "right", "anterior", "posterior")
CROP = json.dumps({f"pad_{side}": 1 for side in SIDES}).encode()


@cache
def zipped(*changes: Change, folds: tuple[int, ...] = (0,)) -> bytes:
    import tempfile

    checkpoints = [put(f"fold_{n}/checkpoint_final.pth", slim()) for n in folds]
    with tempfile.TemporaryDirectory() as folder:
        return package(Path(folder), *checkpoints, *changes, folds=folds, name=ZIP).read_bytes()


def picture(*, large: bool = False) -> bytes:
    made = io.BytesIO()
    size = (700, 700) if large else (300, 200)
    shown = Image.effect_noise(size, 100).convert("RGB") if large else Image.new("RGB", size)
    shown.save(made, "PNG", compress_level=0 if large else 6)
    return made.getvalue()


class Desk(NamedTuple):
    """A GitHub with an owner, a checkout of SCT, and the current folder."""

    server: GitHubServer
    owner: OwnerBuilder
    sct: Path
    folder: Path
    capsys: pytest.CaptureFixture[str]

    def run(self, *words: str) -> Said:
        self.capsys.readouterr()
        return Said(main(["sct", *words]), *self.capsys.readouterr())

    def into(self, *words: str) -> Said:
        return self.run(*words, "--into", str(self.sct))

    def release(self, assets: dict[str, bytes], name: str = NAME, tag: str = TAG) -> str:
        repository = self.owner.add_repository(
            name, {"README.md": README, "figures/cord.png": picture()}, date="2026-11-20"
        )
        repository.release(tag, assets, date="2026-11-23")
        return f"{OWNER}/{name}@{tag}"

    def file(self, path: str, branch: str = f"add-{TASK}") -> bytes:
        return show(self.sct, "show", f"{branch}:{path}")


@pytest.fixture
def desk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Desk]:
    with GitHubServer() as server:
        owner = server.add_owner(OWNER)
        token = server.add_token("reader", {"*": "read"})
        variables = server.environment(token) | {
            "XDG_CACHE_HOME": str(tmp_path / "cache"),
            "GIT_CONFIG_GLOBAL": str(tmp_path / "gitconfig"),  # not that of the machine
        }
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        sct = mini_sct.make(tmp_path / "sct", mini_sct.files(server.url, OWNER))
        (folder := tmp_path / "here").mkdir()
        monkeypatch.chdir(folder)
        yield Desk(server, owner, sct, folder, capsys)


def refused(said: Said) -> str:
    """Return the one line of a run that ended with 2."""
    assert said.status == 2, said
    assert said.err.count("\n") == 1
    return said.err.removeprefix("model-lint: ").rstrip("\n")


def values(data: bytes, table: str, name: str) -> dict[str, object]:
    """Return an entry, read as data."""
    for statement in ast.parse(data).body:
        if isinstance(statement, ast.Assign) and ast.unparse(statement.targets[0]) == table:
            assert isinstance(statement.value, ast.Dict)
            pairs = zip(statement.value.keys, statement.value.values, strict=True)
            found = {ast.literal_eval(key): value for key, value in pairs if key}
            entry: dict[str, object] = ast.literal_eval(found[name])
            return entry
    raise AssertionError


def test_a_release_becomes_a_commit_in_sct(desk: Desk) -> None:
    text = desk.release({ZIP: zipped()})
    head = show(desk.sct, "rev-parse", "HEAD")
    said = desk.into(text, "--output", "pieces")
    assert said.status == 0, said
    models = desk.file(MODELS_PATH)
    url = f"{desk.server.url}/{OWNER}/{NAME}/releases/download/{TAG}/{ZIP}"
    assert values(models, "MODELS", NAME) == {
        "url": [url],
        "description": "Segments cord and gray matter",
        "contrasts": ["t2star"],
        "framework": "nnunetv2",
        "thr": None,
        "default": False,
    }
    assert values(models, "TASKS", TASK) == {
        "description": "Segments cord and gray matter",
        "long_description": "Segments cord and gray matter. Trained on phantoms with nnU-Net.",
        "url": f"{desk.server.url}/{OWNER}/{NAME}",
        "models": [NAME],
        "citation": "```bibtex\n@article{cord, title={Cord}}\n```\n",
        "group": "gray_matter",
    }
    assert desk.file(f"{PAGES}/{TASK}.rst").startswith(b".. _sct_deepseg_sc_gm_t2star:\n")
    assert f"* - |{TASK}| ``{TASK}``".encode() in desk.file(GALLERY_PATH)
    assert b'["_sc_seg", "_gm_seg"]' in desk.file(TEST_PATH)
    changed = show(desk.sct, "diff", "--name-only", "master", f"add-{TASK}").decode().split()
    assert sorted(changed) == sorted([MODELS_PATH, GALLERY_PATH, TEST_PATH, f"{PAGES}/{TASK}.rst"])
    assert show(desk.sct, "log", "-1", "--format=%s|%an", f"add-{TASK}") == (
        b"Add the task sc_gm_t2star|Somebody\n"
    )
    assert (desk.folder / "pieces" / f"{TASK}.png").read_bytes().startswith(b"\x89PNG")
    assert said.out.splitlines()[-1] == (
        f"  the gallery shows sct_deepseg/{TASK}.png of spinalcordtoolbox/doc-figures: add "
        f"pieces/{TASK}.png there"
    )
    assert show(desk.sct, "rev-parse", "HEAD") == head
    assert show(desk.sct, "status", "--porcelain") == b""
    again = desk.into(text)
    assert again.out.startswith("nothing to do: the branch add-sc_gm_t2star has it")
    git(desk.sct, "checkout", "--quiet", f"add-{TASK}")
    assert desk.into(text).out == f"nothing to do: SCT has {NAME} as it is in {TAG}\n"
    assert desk.into(text, "--check").status == 0


def test_sct_tests_what_was_added(desk: Desk) -> None:
    """SCT's own tests of its dicts, and the new cases, run on the branch."""
    assert desk.into(desk.release({ZIP: zipped()})).status == 0
    git(desk.sct, "checkout", "--quiet", f"add-{TASK}")
    words = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", TEST_PATH]
    more = {"PYTHONDONTWRITEBYTECODE": "1", "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    done = subprocess.run(
        words,
        cwd=desk.sct,
        env=os.environ | more | {"PYTHONPATH": str(desk.sct)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert "4 passed" in done.stdout


def test_changes_of_the_user_are_left_alone(desk: Desk) -> None:
    """Not even a dirty file that is to be changed, a staged one or a conflicting one matters."""
    for path, text in {
        MODELS_PATH: "broken (",
        "README.md": "staged",
        f"{PAGES}/{TASK}.rst": "x",
    }.items():
        (desk.sct / path).write_text(text)
    git(desk.sct, "add", "README.md")
    before = show(desk.sct, "status", "--porcelain")
    assert desk.into(desk.release({ZIP: zipped()})).status == 0
    assert show(desk.sct, "status", "--porcelain") == before
    assert (desk.sct / MODELS_PATH).read_text() == "broken ("
    assert b"staged" not in desk.file("README.md")


def test_line_ends_are_kept(desk: Desk) -> None:
    folder = desk.folder.parent / "crlf"
    contents = {
        path: text.replace("\n", "\r\n").encode()
        for path, text in mini_sct.files(desk.server.url, OWNER).items()
    }
    sct = mini_sct.make(folder, contents)
    said = desk.run(desk.release({ZIP: zipped()}), "--into", str(sct))
    assert said.status == 0, said
    for path in (MODELS_PATH, GALLERY_PATH, TEST_PATH, f"{PAGES}/{TASK}.rst"):
        data = show(sct, "show", f"add-{TASK}:{path}")
        assert data.count(b"\n") == data.count(b"\r\n"), path


def test_a_new_version_is_one_line(desk: Desk) -> None:
    name = "model_seg_sc_t2"
    text = desk.release({f"{name}-{TAG}.zip": zipped()}, name)
    checked = desk.into(text, "--check", "--format", "json")
    assert checked.status == 1
    (target,) = json.loads(checked.out)["targets"]
    first = target["findings"][0]
    assert (first["code"], first["severity"], first["stops"]) == ("S001", "error", ["sct"])
    lines = (desk.sct / MODELS_PATH).read_text().splitlines()
    assert '"url": [' in lines[first["line"] - 1]
    assert [f["code"] for f in target["findings"]] == ["S001"]
    said = desk.into(text)
    assert said.status == 0, said
    branch = f"update-{name}-{TAG}"
    old, new = desk.file(MODELS_PATH, "master"), desk.file(MODELS_PATH, branch)
    assert new == old.replace(b"r20250102", TAG.encode())
    assert show(desk.sct, "diff", "--numstat", "master", branch).split()[:2] == [b"1", b"1"]
    assert "left to do" not in said.out


def test_a_mirror_elsewhere_stays_and_is_named(desk: Desk) -> None:
    name = "cord_of_mice"
    said = desk.into(desk.release({f"{name}-{TAG}.zip": zipped()}, name))
    assert said.status == 0, said
    new = values(desk.file(MODELS_PATH, f"update-{name}-{TAG}"), "MODELS", name)
    mirror = "https://mirror.example.org/abc/download?version=6"
    url = f"{desk.server.url}/{OWNER}/{name}/releases/download/{TAG}/{name}-{TAG}.zip"
    assert new["url"] == [url, mirror]
    assert said.out.splitlines()[-2:] == [
        "left to do:",
        f"  {mirror}: a mirror of another version, unless it changed too",
    ]


def test_a_model_that_moved_to_another_repository(desk: Desk) -> None:
    said = desk.into(desk.release({ZIP: zipped()}), "--model", "model_seg_sc_t2")
    assert said.status == 0, said
    branch = f"update-model_seg_sc_t2-{TAG}"
    url = f"{desk.server.url}/{OWNER}/{NAME}/releases/download/{TAG}/{ZIP}"
    assert values(desk.file(MODELS_PATH, branch), "MODELS", "model_seg_sc_t2")["url"] == [url]
    (note,) = said.out.partition("left to do:\n")[2].splitlines()
    page = f"{desk.server.url}/{OWNER}"
    assert note.endswith(
        f"spinalcord links to {page}/model_seg_sc_t2, but the model is of {page}/{NAME}"
    )


def test_texts_about_a_model_that_sct_has(desk: Desk) -> None:
    name = "model_seg_sc_t2"
    text = desk.release({f"{name}-{TAG}.zip": zipped()}, name)
    words = ("--description", "New", "--contrast", "t1", "--output", "x")
    assert "leave out --description, --contrast, --output" in refused(desk.into(text, *words))
    assert show(desk.sct, "branch").split() == [b"*", b"master"]


def test_the_figure_of_the_readme(desk: Desk) -> None:
    """The first one that the gallery can show, also if it is large."""
    readme = README.replace("![Cord]", "![Logo](logo.png) ![gone](gone.png) ![Cord]")
    large = picture(large=True)
    assert len(large) > 1 << 20
    files = {"README.md": readme.encode(), "logo.png": b"x", "figures/cord.png": large}
    repository = desk.owner.add_repository(NAME, files, date="2026-11-20")
    repository.release(TAG, {ZIP: zipped()}, date="2026-11-23")
    assert desk.run(f"{OWNER}/{NAME}@{TAG}", "--output", "x").status == 0
    with Image.open(desk.folder / "x" / f"{TASK}.png") as shown:
        assert shown.size == (700, 700)
    Image.new("RGB", (200, 200)).save(desk.folder / "other.jpg")
    words = ("--figure", "other.jpg", "--output", "y")
    assert desk.run(f"{OWNER}/{NAME}@{TAG}", *words).status == 0
    with Image.open(desk.folder / "y" / f"{TASK}.png") as shown:
        assert (shown.size, shown.format) == ((200, 200), "PNG")


def test_a_task_with_a_paper_is_to_be_cited(desk: Desk) -> None:
    target = desk.release({ZIP: zipped(SLIM)})
    note = f"  {CITING_PATH}: add :ref:`sct_deepseg_{TASK}`, with its paper, to the table"
    assert note in desk.into(target).out
    path = desk.sct / CITING_PATH
    listed = path.read_text("utf-8").replace("sct_deepseg_spinalcord", f"sct_deepseg_{TASK}")
    path.write_text(listed, encoding="utf-8")
    git(desk.sct, "commit", "--quiet", "--all", "--message", "Listed")
    assert CITING_PATH not in desk.into(target, "--branch", "another").out


def test_a_task_that_sct_retired_is_named(desk: Desk) -> None:
    target = desk.release({ZIP: zipped(SLIM)})
    line = mini_sct.GALLERY.splitlines().index("   * - ``old``") + 1
    note = f"  {GALLERY_PATH}, line {line}: old is listed as retired; remove that row"
    assert note in desk.into(target, "--task", "old").out
    assert "retired" not in desk.into(target, "--task", "old_t2star").out


def test_a_zip_for_each_fold(desk: Desk) -> None:
    zips = {f"model_fold{n}.zip": zipped(folds=(n,)) for n in (0, 1)}
    text = desk.release(zips, "model_seg_folds_t2star")
    said = desk.into(text, "--task", "folds", "--model", "model_seg_folds")
    assert said.status == 0, said
    begins = f"{desk.server.url}/{OWNER}/model_seg_folds_t2star/releases/download/{TAG}"
    assert values(desk.file(MODELS_PATH, "add-folds"), "MODELS", "model_seg_folds")["url"] == {
        f"model_fold{n}": [f"{begins}/model_fold{n}.zip"] for n in (0, 1)
    }
    assert "`install_model` unpacks the zips of folds" in said.out
    one = desk.run(f"{begins}/model_fold0.zip", f"{begins}/model_fold1.zip", "--task", "folds")
    assert f'"model_fold1": ["{begins}/model_fold1.zip"]' in one.out
    same = desk.into(text, "--check", "--model", "model_seg_ms_lesion")
    assert same.status == 1
    assert same.out.count("S001") == 2, same.out
    git(desk.sct, "checkout", "--quiet", "add-folds")
    assert desk.into(text, "--check").status == 0
    assert desk.into(f"{begins}/model_fold0.zip", "--check").status == 1


def test_what_differs_from_the_package(desk: Desk) -> None:
    cropped = zipped(put("/crop_metadata.json", CROP))
    name = "model_seg_sc_t2"
    text = desk.release({f"{name}-r20250102.zip": cropped}, name, "r20250102")
    found = desk.into(text, "--check", "--contrast", "t1", "--format", "concise").out
    assert "`cropped_image`" in found
    assert "its contrasts are `t2`, those of the model `t1`" in found
    assert "S001" not in found
    assert desk.into(text).status == 0
    branch = f"update-{name}-r20250102"
    added = desk.file(MODELS_PATH, branch).decode().splitlines()
    assert '         "cropped_image": True,' in added
    tests = (desk.sct / TEST_PATH).read_text().replace("'lesion_ms'", "'spinalcord'")
    (desk.sct / TEST_PATH).write_text(tests)
    assert (
        "the test of `spinalcord` expects `_sc_seg` and `_lesion_seg`"
        in desk.into(text, "--check").out
    )
    models = str(desk.sct / MODELS_PATH)
    assert desk.run(text, "--check", "--into", models, "--fail-on", "error").status == 1


def test_a_model_that_sct_lacks(desk: Desk) -> None:
    said = desk.into(desk.release({ZIP: zipped()}), "--check")
    assert said.status == 1
    assert f"SCT has no model `{NAME}`" in said.out


def test_a_package_with_errors_is_refused(desk: Desk) -> None:
    text = desk.release({ZIP: zipped(dataset({"image_orientation": "XYZ"}))})
    said = desk.into(text)
    assert said.status == 1
    assert "D004" in said.out
    assert "not for SCT yet" in said.err
    assert show(desk.sct, "branch").split() == [b"*", b"master"]


def test_a_package_on_this_machine(desk: Desk) -> None:
    (desk.folder / ZIP).write_bytes(zipped())
    words = ("--repo", f"{OWNER}/{NAME}", "--description", "Cord", "--long-description", "Text.")
    missing = refused(desk.run(ZIP, "--repo", f"{OWNER}/{NAME}"))
    assert "--description TEXT (at most 50 characters" in missing
    assert "--long-description TEXT" in missing
    said = desk.run(ZIP, *words, "--output", "pieces")
    assert said.status == 0, said
    assert f"{desk.server.url}/{OWNER}/{NAME}/releases/download/{TAG}/{ZIP}" in said.out
    names = sorted(path.name for path in (desk.folder / "pieces").iterdir())
    assert names == ["gallery.txt", "models.txt", f"{TASK}.rst", "tasks.txt", "test.txt"]
    with zipfile.ZipFile(desk.folder / ZIP) as archive:
        archive.extractall(desk.folder / "unzipped")
    folder = f"unzipped/{TRAINER}"
    assert "give --tag" in refused(desk.run(folder, *words))
    assert desk.run(folder, *words, "--tag", TAG).out == said.out
    assert desk.into(ZIP, *words, "--dry-run").out.count("\n+++ b/") == 4
    assert show(desk.sct, "branch").split() == [b"*", b"master"]


def test_in_the_checkout_of_the_model(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.release({})
    git(desk.folder, "clone", "--quiet", f"{desk.server.url}/{OWNER}/{NAME}.git", "model")
    (desk.folder / "model" / ZIP).write_bytes(zipped())
    monkeypatch.chdir(desk.folder / "model")
    said = desk.run(ZIP, "--output", "pieces")
    assert said.status == 0, said
    assert "Segments cord and gray matter" in said.out
    assert (desk.folder / "model" / "pieces" / f"{TASK}.png").exists()


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--task", "SC_t2"), "lower case, digits and `_` only"),
        (("--task", "sc-t2"), "lower case, digits and `_` only"),
        (("--task", "sc_" + "t" * 30), "room for 29"),
        (("--task", "cord", "--model", "cord"), "must not have the same name"),
        (("--task", "lesion_ms"), "SCT has a task `lesion_ms` with `model_seg_ms_lesion`"),
        (("--task", "whole_spine"), "SCT has a model `whole_spine`"),
        (("--model", "a/b"), "letters, digits"),
        (("--description", "x" * 51), "51 characters"),
        (("--branch", "a..b"), "not a name that git takes"),
        (("--branch", "master"), "there is a branch master with other files"),
        (("--base", "nowhere"), "there is no such branch"),
        (("--figure", "missing.png", "--output", "x"), "no such file"),
        (("--citation", "missing.bib"), "no such file"),
        (("--citation", "/dev/zero"), "not a file"),
        (("--figure", ".", "--output", "x"), "not a file"),
        (("--tag", "r20269999"), "tag r20269999: there is no such date"),
        (("--model", "whole_spine"), "made by code, not a literal"),
        (("--check", "--dry-run"), "--check writes nothing"),
    ],
)
def test_one_line_for_what_is_refused(desk: Desk, words: tuple[str, ...], says: str) -> None:
    text = desk.release({ZIP: zipped()})
    assert says in refused(desk.into(text, *words))
    assert show(desk.sct, "branch").split() == [b"*", b"master"]
    assert show(desk.sct, "status", "--porcelain") == b""


def test_what_is_no_checkout_of_sct(desk: Desk) -> None:
    text = desk.release({ZIP: zipped()})
    assert "no such folder" in refused(desk.run(text, "--into", "nowhere"))
    assert "not a checkout of git" in refused(desk.run(text, "--into", "."))
    models = str(desk.sct / MODELS_PATH)
    assert "a file, which only --check takes" in refused(desk.run(text, "--into", models))
    other = mini_sct.make(desk.folder / "other", {"README.md": "x"})
    assert "is it a checkout of SCT?" in refused(desk.run(text, "--into", str(other)))
    assert "is it a checkout of SCT?" in refused(desk.run(text, "--into", str(other), "--check"))
    assert "give --into CHECKOUT" in refused(desk.run(text, "--check"))
    assert "only with --into" in refused(desk.run(text, "--branch", "x"))


def test_without_a_git_identity_nothing_is_left(desk: Desk) -> None:
    text = desk.release({ZIP: zipped()})
    git(desk.sct, "config", "user.useConfigOnly", "true")
    git(desk.sct, "config", "--unset", "user.email")
    assert "git does not know who commits; `git config user.name" in refused(desk.into(text))
    assert show(desk.sct, "branch").split() == [b"*", b"master"]


def test_a_checkout_with_longer_digests(desk: Desk) -> None:
    other = desk.folder / "other"
    git(desk.folder, "clone", "--quiet", str(desk.sct), str(other))
    for path in other.glob(".git/**/*"):
        path.chmod(0o700)
    shutil.rmtree(other / ".git")
    git(other, "init", "--quiet", "--object-format=sha256")
    git(other, "add", "--all")
    git(other, "commit", "--quiet", "--message", "SCT")
    git(other, "config", "user.name", "A")
    git(other, "config", "user.email", "a@example.org")
    said = desk.run(desk.release({ZIP: zipped()}), "--into", str(other))
    assert said.status == 0, said
    assert TASK.encode() in show(other, "show", f"add-{TASK}:{MODELS_PATH}")


def test_releases_that_sct_could_not_install(desk: Desk) -> None:
    draft = desk.owner.add_repository("model_seg_a", {"README.md": README}, date="2026-11-20")
    draft.release("r20261123", {"model.zip": zipped()}, draft=True)
    token = desk.server.add_token("maker", {"*": "push"})
    os.environ["GH_TOKEN"] = token
    assert "a draft" in refused(desk.run(f"{OWNER}/model_seg_a@r20261123"))
    text = desk.release({"model_a.zip": zipped(), "model_b.zip": zipped()})
    assert "2 packages" in refused(desk.run(text))
    url = f"{desk.server.url}/{OWNER}/{NAME}/releases"
    assert "give that of a tag" in refused(desk.run(f"{url}/latest/download/model_a.zip"))
    one = desk.run(f"{url}/download/{TAG}/model_a.zip")
    assert one.status == 0, one
    both = refused(
        desk.run(f"{url}/download/{TAG}/model_a.zip", f"{url}/download/{TAG}/model_b.zip")
    )
    assert "not named as the folds of one model" in both
    (desk.folder / ZIP).write_bytes(zipped())
    assert "not both" in refused(desk.run(ZIP, text))
    secret = url.replace("://", "://me:secret@") + f"/download/{TAG}/model_a.zip"
    assert "with a password" in (said := refused(desk.run(secret)))
    assert "secret" not in said
    desk.server.state.repository(f"{OWNER}/{NAME}").private = True  # type: ignore[union-attr]
    assert "private" in refused(desk.run(f"{url}/download/{TAG}/model_a.zip"))
