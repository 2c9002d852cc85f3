"""The texts of a package: which are read, how much of them, and where their lines are."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest
from build import NAME, TRAINER, findings, genuine, load, package, patch_entry, put, unpacked
from model_lint.models.text_file import TextFile, excerpt
from model_lint.storage.limits import (
    MAX_EXCERPT_BYTES,
    MAX_SKIPPED_BYTES,
    MAX_TEXTS,
    MAX_WHOLE_BYTES,
)

LINE = "2024-09-03 14:06:03.123456: train_loss -0.5 \n"
LONG = "first\n" + LINE * (2 * MAX_EXCERPT_BYTES // len(LINE) + 99) + "last\n"


def texts(path: Path) -> dict[str, TextFile]:
    found = load(path).package
    assert found
    return {text.path.removeprefix(f"{TRAINER}/"): text for text in found.texts}


def test_what_can_be_read_is(tmp_path: Path) -> None:
    names = texts(
        package(tmp_path, put("a.yaml"), put("/README.md"), put("/LICENSE"), put("x.bin"))
    )
    assert {"dataset.json", "plans.json", "trainer_class.py", "fold_0/debug.json"} <= names.keys()
    assert {"a.yaml", "README.md", "LICENSE"} <= names.keys()
    assert not {"x.bin", "fold_0/checkpoint_final.pth", "fold_0/progress.png"} & names.keys()


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_of_a_long_text_both_ends_are_read(tmp_path: Path, method: int) -> None:
    path = tmp_path / NAME
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, data in genuine(put("fold_0/training_log_1.txt", LONG)).items():
            archive.writestr(name, data)
    text = texts(path)["fold_0/training_log_1.txt"]
    assert text == excerpt(text.path, LONG)
    assert (text.text[:6], text.text[-5:]) == ("first\n", "last\n")
    assert len(text.text) <= 2 * MAX_EXCERPT_BYTES
    assert set(text.text.splitlines(keepends=True)) == {"first\n", LINE, "last\n"}


def test_lines_are_known_up_to_what_is_left_out(tmp_path: Path) -> None:
    text = excerpt("x", LONG)
    lines = text.text.splitlines()
    assert text.beginning is not None
    assert text.line(text.beginning) == text.beginning
    assert text.line(text.beginning + 1) is None
    assert LONG.splitlines()[: text.beginning] == lines[: text.beginning]
    assert excerpt("x", "one\ntwo\n").line(2) == 2


def test_a_long_line_is_cut() -> None:
    text = excerpt("x", "a" * (2 * MAX_EXCERPT_BYTES + 1))
    assert text.text == "a" * MAX_EXCERPT_BYTES + "\n"


def test_the_end_of_a_huge_compressed_text_is_not_unpacked(tmp_path: Path) -> None:
    path = tmp_path / NAME
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in genuine(put("x.txt", "\n" * (MAX_SKIPPED_BYTES + 1) + "last")).items():
            archive.writestr(name, data)
    assert "last" not in texts(path)["x.txt"].text


def test_records_come_first_and_not_all_are_read(tmp_path: Path) -> None:
    many = [put(f"/a/{number}.txt", "x") for number in range(MAX_TEXTS)]
    found = texts(package(tmp_path, *many))
    assert len(found) == MAX_TEXTS
    assert {"dataset.json", "fold_0/debug.json"} <= found.keys()


def test_windows_line_ends(tmp_path: Path) -> None:
    assert texts(package(tmp_path, put("x.txt", "a\r\nb\r\n")))["x.txt"].text == "a\nb\n"


def test_what_does_not_unpack_is_told_by_a_rule_about_the_archive(tmp_path: Path) -> None:
    path = package(tmp_path, put("x.txt", "sensitive"))
    path.write_bytes(path.read_bytes().replace(b"sensitive", b"sensitivE"))
    assert [(f.code, f.location.rpartition("/")[2]) for f in findings(path)][:1] == [
        ("Z002", "x.txt")
    ]
    patch_entry(package(tmp_path, put("x.txt", "sensitive")), f"{TRAINER}/x.txt", flags=1)
    assert {f.code for f in findings(tmp_path / NAME, "Z", "V")} == {"Z005"}


def test_a_folder_is_read_as_a_zip(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    change = put("fold_0/training_log_1.txt", LONG)
    assert texts(unpacked(tmp_path / "a", change)) == texts(package(tmp_path / "b", change))


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_reading_everything_reads_long_texts_whole(tmp_path: Path, method: int) -> None:
    half = LINE * (MAX_EXCERPT_BYTES // len(LINE) + 99)
    middle = f"{half}split file: /home/jane/data/splits_final.json\n{half}"
    huge = LINE * (MAX_WHOLE_BYTES // len(LINE) + 99)
    path = tmp_path / NAME
    with zipfile.ZipFile(path, "w", method) as archive:
        changes = put("fold_0/training_log_1.txt", middle), put("fold_0/training_log_2.txt", huge)
        for name, data in genuine(*changes).items():
            archive.writestr(name, data)
    assert findings(path, "V") == []
    (found,) = findings(path, "V", deep=True)
    assert (found.code, found.line) == ("V001", half.count("\n") + 1)
    package = load(path, deep=True).package
    assert package
    lengths = {t.path.rpartition("/")[2]: len(t.text) for t in package.texts}
    assert lengths["training_log_1.txt"] == len(middle)
    assert 2 * MAX_EXCERPT_BYTES < lengths["training_log_2.txt"] <= MAX_WHOLE_BYTES
