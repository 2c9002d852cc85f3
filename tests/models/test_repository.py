"""The name of a checkout: given, of its remote, or of its folder."""

from __future__ import annotations

from pathlib import Path

import pytest
from model_lint.models import repository
from model_lint.models.repository import Repository, build_repository
from model_lint.storage.checkout import CheckoutSource
from model_lint.storage.limits import MAX_SCRIPT_BYTES, MAX_SCRIPTS_TOTAL


def checkout(folder: Path, config: str) -> Path:
    (folder / ".git").mkdir(parents=True)
    (folder / ".git" / "config").write_text(config, encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    "url",
    [
        "https://github.com/ivadomed/model_seg_t2.git",
        "https://github.com/ivadomed/model_seg_t2",
        "https://github.com/ivadomed/model_seg_t2/",
        "git@github.com:ivadomed/model_seg_t2.git",
        "../model_seg_t2.git",
    ],
)
def test_the_remote_names_the_repository(tmp_path: Path, url: str) -> None:
    config = f'[core]\n\tbare = false\n[remote "origin"]\n\turl = {url}\n\tfetch = +x\n'
    assert (
        build_repository(CheckoutSource(checkout(tmp_path / "clone", config))).name
        == "model_seg_t2"
    )


@pytest.mark.parametrize(
    "config", ["", "[core]\n", '[remote "upstream"]\n\turl = https://github.com/a/other\n']
)
def test_else_its_folder_does(tmp_path: Path, config: str) -> None:
    assert (
        build_repository(CheckoutSource(checkout(tmp_path / "model_seg_t1", config))).name
        == "model_seg_t1"
    )


def test_a_given_name_wins(tmp_path: Path) -> None:
    assert build_repository(CheckoutSource(tmp_path), "model_seg_t2star").name == "model_seg_t2star"


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("a/x.pth", "checkpoint"),
        ("x.PT", "checkpoint"),
        ("x.hdf5", "checkpoint"),
        ("model.ckpt", "checkpoint"),
        ("model.ckpt.data-00000-of-00001", "checkpoint"),
        ("model.ckpt.meta", "checkpoint"),
        ("model.ckpt-500.index", "checkpoint"),
        ("saved_model/variables/variables.data-00000-of-00002", "checkpoint"),
        ("pytorch_model-00001.bin", "checkpoint"),
        ("fold_0/model_final_checkpoint.model", "checkpoint"),
        ("x.nii.gz", "image volume"),
        ("model_seg_t2.zip", "packaged model"),
        ("x/Dataset101_X.zip", "packaged model"),
        ("x.bin", ""),
        ("x.meta", ""),
        ("plans.pkl", ""),
        ("figure.png", ""),
        ("models.py", ""),
        ("x.zip", ""),
    ],
)
def test_what_is_too_large_for_git(tmp_path: Path, path: str, kind: str) -> None:
    assert Repository("x", (), None, {}).kind(path) == kind


def test_what_is_read(tmp_path: Path) -> None:
    texts = {
        "README.md": "first",
        "a/README.md": "second",
        "a/train.py": "script",
        "config.json": "{}",
        ".env": "X=1",
        "Snakefile": "rule",
        "keys/id_rsa": "key",
        "notes.txt": "not read",
        "data.csv": "not read",
    }
    for name, text in texts.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    repository = build_repository(CheckoutSource(tmp_path))
    assert dict(repository.texts) == {n: t for n, t in texts.items() if t != "not read"}
    assert dict(repository.documents) == {"a/README.md": "second"}


def test_what_runs_is_read_before_what_is_stored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(repository, "MAX_SCRIPTS", 2)
    for name in ("a.json", "b.ipynb", "c.py", "d.sh"):
        (tmp_path / name).write_text("x", encoding="utf-8")
    assert list(build_repository(CheckoutSource(tmp_path)).scripts) == ["c.py", "d.sh"]


def test_the_texts_together_have_a_limit(tmp_path: Path) -> None:
    for number in range(12):
        (tmp_path / f"{number:02}.py").write_bytes(b"#" * (MAX_SCRIPT_BYTES + 1))
    scripts = build_repository(CheckoutSource(tmp_path)).scripts
    assert set(map(len, scripts.values())) == {MAX_SCRIPT_BYTES}
    assert sum(map(len, scripts.values())) <= MAX_SCRIPTS_TOTAL + MAX_SCRIPT_BYTES


def test_a_link_to_a_device_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "README.md").symlink_to("/dev/zero")
    (tmp_path / "LICENSE").symlink_to("/proc/version")
    (tmp_path / "x.py").symlink_to("/proc/version")
    repository = build_repository(CheckoutSource(tmp_path))
    assert (repository.readme, dict(repository.scripts)) == (None, {})
    assert repository.license in (None, ("LICENSE", ""))  # None where there is no /proc


def test_the_trainer_folders_of_a_repository() -> None:
    good, other = "a/nnUNetTrainer__nnUNetPlans__2d", "nnUNetTrainer__nnUNetPlans__3d_fullres"
    files = (
        f"{good}/fold_all/checkpoint_final.pth",
        f"{good}/plans.json",
        f"{other}/plans.json",
        "x/plans.json",
        "x/fold_0/checkpoint_final.pth",
    )
    assert Repository("x", files, None, {}).trainers == (good,)


def test_pointers_of_git_lfs_without_git(tmp_path: Path) -> None:
    pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 31000000\n"
    for name, text in {"a.pth": pointer, "b.pth": "x", "c.nii.gz": pointer}.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    assert build_repository(CheckoutSource(tmp_path)).pointers == ("a.pth",)
