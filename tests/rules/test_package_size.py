"""The rule about the size of a package: sparse zips, which take no space."""

from __future__ import annotations

import io
import struct
from collections.abc import Callable
from pathlib import Path

import pytest
from build import MODEL, Case, Change, assert_case, findings, package, put
from checkpoint_files import file_of, genuine
from model_lint.checkpoint.writer import write_checkpoint

LIMIT = 2**31


def of_size(size: int, *changes: Change) -> Callable[[Path], Path]:
    """Return what builds a package of so many bytes: a hole before its directory fills it up."""

    def build(folder: Path) -> Path:
        path = package(folder, *changes)
        data = path.read_bytes()
        end, start = len(data) - 22, struct.unpack_from("<L", data, len(data) - 6)[0]
        place = size - len(data) + start
        with path.open("r+b") as stream:
            stream.seek(place)
            stream.write(data[start:end] + data[end:-6] + struct.pack("<LH", place, 0))
            stream.seek(start)
            stream.write(bytes(len(data) - start))
        assert path.stat().st_size == size
        return path

    return build


CASES = [
    Case("L026", "2 GiB", of_size(LIMIT), says="2,147,483,648 bytes"),
    Case("L026", "one byte less", of_size(LIMIT - 1), fires=False),
    Case("L026", "a small one", package, fires=False),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_rule(case: Case, tmp_path: Path) -> None:
    assert_case(case, tmp_path, "L")


@pytest.mark.parametrize(
    ("trained", "ending"),
    [
        (True, "; 81.4 kB of it is training state, which `model-lint pack` leaves out"),
        (False, "(2 GiB)"),
    ],
    ids=["with training state", "without"],
)
def test_what_pack_leaves_out(trained: bool, ending: str, tmp_path: Path) -> None:
    slim = io.BytesIO()
    write_checkpoint(file_of(genuine()), slim)
    checkpoint = genuine() if trained else slim.getvalue()
    path = of_size(LIMIT, put("fold_0/checkpoint_final.pth", checkpoint))(tmp_path)
    (found,) = [f for f in findings(path, "L", weights=True) if f.code == "L026"]
    assert found.message.endswith(ending)


def test_a_folder_has_no_such_limit() -> None:
    assert "L026" not in {f.code for f in findings(MODEL, "L")}


def test_the_hole_takes_no_space(tmp_path: Path) -> None:
    """Else these tests fill a disk."""
    assert of_size(LIMIT)(tmp_path).stat().st_blocks * 512 < 10_000_000
