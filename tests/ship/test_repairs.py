"""What ``check --fix`` repairs, and that nothing else changes."""

from __future__ import annotations

import hashlib
import json
import tempfile
import zipfile
from pathlib import Path

import pytest
from build import (
    ABSENT,
    NAME,
    TRAINER,
    Change,
    dataset,
    genuine,
    inside,
    package,
    put,
    rename_trainer,
    write_zip,
)
from checkpoint_files import slim
from hypothesis import given, settings
from hypothesis import strategies as st
from repairing import FIXED, LOG, REPAIRABLE, beside, check, codes, contents, digest, wrapped

pytestmark = pytest.mark.usefixtures("elsewhere")


#: One defect each that can be repaired, with the code that says so.
DEFECTS: dict[str, tuple[str, Change]] = {
    "mac": ("Z008", beside({f"__MACOSX/{TRAINER}/._plans.json": b"\0\5\x16\7"})),
    "store": ("Z008", put(".DS_Store", b"\0\0\0\1Bud1")),
    "thumbs": ("Z008", put("fold_0/Thumbs.db", b"\xd0\xcf")),
    "store at the top": ("Z008", beside({".DS_Store": b"\0\0\0\1Bud1"})),
    "best": ("L012", put("fold_0/checkpoint_best.pth", b"best")),
    "latest": ("L012", put("fold_0/checkpoint_latest.pth", b"latest")),
    "validation": ("L014", put("fold_0/validation/case_1.nii.gz", b"\x1f\x8b")),
    "empty validation": ("L014", put("fold_0/validation/")),
    "crossval": ("L014", put("crossval_results_folds_0/plans.json", "{}")),
    "image": ("L013", put("fold_0/case_1.nii.gz", b"\x1f\x8b")),
    "array": ("L013", put("gt.npz", b"PK")),
    "path": ("V001", put("fold_0/debug.json", '{"output": "/home/jdoe/results/fold_0"}')),
    "host": ("V002", put("fold_0/debug.json", '{"hostname": "gpu7.example.org"}')),
    "subject": (
        "V003",
        put(LOG, "2026-11-23 07:55:13.000000: predicting sub-amu01_T2w\n"),
    ),
}


WRAPPERS = {
    "none": [],
    "plain": ["model"],
    "deep": ["model", "a", "b"],
    "trainer's": ["nnUNetTrainer"],
    "data set's": ["Dataset101_Cord"],
    "data set's in another": ["x", "Dataset101_Cord"],
}


@pytest.mark.parametrize("defect", DEFECTS)
def test_a_defect_is_repaired_and_the_rest_is_kept(tmp_path: Path, defect: str) -> None:
    code, change = DEFECTS[defect]
    source = package(tmp_path, change)
    before = digest(source)
    assert code in codes(source)
    assert check(source, "--fix") == 0
    assert digest(source) == before
    fixed = tmp_path / FIXED
    assert code not in codes(fixed)
    wanted = genuine(change)
    after = contents(fixed)
    assert set(after) == set(genuine())
    changed = {path for path in after if after[path] != wanted[path]}
    assert bool(changed) == code.startswith("V")
    assert all(path.endswith(("debug.json", ".txt")) for path in changed)


@pytest.mark.parametrize(
    ("wrapper", "code", "top"),
    [
        (["model"], "L005", ""),
        (["a", "b"], "L004", ""),
        (["a", "b", "c"], "L004", ""),
        (["nnUNetTrainerModels"], "L006", ""),
        (["x", "Dataset101_Cord"], "L004", "Dataset101_Cord/"),
        (["Dataset101_Cord", "x"], "L004", ""),
    ],
)
def test_a_wrapper_is_taken_off(tmp_path: Path, wrapper: list[str], code: str, top: str) -> None:
    source = package(tmp_path, wrapped(wrapper))
    assert code in codes(source)
    assert check(source, "--fix") == 0
    assert contents(tmp_path / FIXED) == {f"{top}{p}": data for p, data in genuine().items()}
    assert code not in codes(tmp_path / FIXED)


def test_what_lies_beside_the_trainer_folder_comes_along(tmp_path: Path) -> None:
    crop = {f"pad_{side}": 5 for side in ("superior", "inferior", "left", "right")}
    crop |= {"pad_anterior": 5, "pad_posterior": 5}
    source = package(
        tmp_path, beside({"crop_metadata.json": json.dumps(crop).encode()}), inside("model")
    )
    assert check(source, "--fix") == 0
    assert "crop_metadata.json" in contents(tmp_path / FIXED)


@pytest.mark.parametrize(
    "change",
    [
        wrapped(["Dataset101_Cord"]),
        lambda files: (inside("model")(files), files.update({"README.md": b"# Model\n"})),
        lambda files: (rename_trainer("model__plans__2d")(files), inside("model")(files)),
    ],
    ids=["a data set's folder", "something beside it", "a trainer folder of a wrong name"],
)
def test_a_wrapper_that_may_be_meant_stays(tmp_path: Path, change: Change) -> None:
    source = package(tmp_path, change)
    assert check(source, "--diff") == 0


def test_equal_entries_of_one_name_become_one(tmp_path: Path) -> None:
    files = [*genuine().items(), (f"{TRAINER}/plans.json", genuine()[f"{TRAINER}/plans.json"])]
    source = write_zip(tmp_path / NAME, files)
    assert "Z007" in codes(source)
    assert check(source, "--fix") == 0
    assert contents(tmp_path / FIXED) == genuine()
    assert "Z007" not in codes(tmp_path / FIXED)


def test_headers_are_written_anew(tmp_path: Path) -> None:
    source = package(tmp_path)
    data = source.read_bytes()
    source.write_bytes(data + b"hidden")
    assert "Z011" in codes(source)
    assert check(source, "--fix") == 0
    assert contents(tmp_path / FIXED) == genuine()
    assert b"hidden" not in (tmp_path / FIXED).read_bytes()[-10:]
    assert "Z011" not in codes(tmp_path / FIXED)


def test_what_this_python_can_unpack_is_compressed_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As Zstandard is to Python 3.14: not every consumer's Python has it, but this one does.
    source = tmp_path / NAME
    with zipfile.ZipFile(source, "w", zipfile.ZIP_BZIP2) as archive:
        for path, data in genuine().items():
            archive.writestr(path, data)
    methods = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
    for module in ("storage.zip_member", "ship.repairs", "rules.archive"):
        monkeypatch.setattr(f"model_lint.{module}.READABLE_METHODS", methods)
    assert "Z006" in codes(source)
    assert check(source, "--fix") == 0
    assert contents(tmp_path / FIXED) == genuine()
    assert "Z006" not in codes(tmp_path / FIXED)


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """Return what is found in the genuine package, which is not to be repaired."""
    found = codes(package(tmp_path_factory.mktemp("sound")))
    assert not found & REPAIRABLE
    return found


@settings(max_examples=20, deadline=None)
@given(
    defects=st.sets(st.sampled_from(sorted(DEFECTS))),
    wrapper=st.sampled_from(sorted(WRAPPERS)),
    twice=st.booleans(),
    behind=st.sampled_from([b"", b"hidden"]),
)
def test_any_mixture_is_repaired_and_nothing_new_appears(
    sound: set[str], defects: set[str], wrapper: str, twice: bool, behind: bytes
) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        files = genuine(
            put("fold_0/checkpoint_final.pth", slim()),
            # What lies at the top of the zip stays there.
            *(change for d in sorted(defects) if "top" not in d for _, change in [DEFECTS[d]]),
            wrapped(WRAPPERS[wrapper]),
            *(change for d in sorted(defects) if "top" in d for _, change in [DEFECTS[d]]),
        )
        entries = [*files.items()]
        entries += [next(e for e in entries if e[0].endswith("plans.json"))] * twice
        source = write_zip(folder / NAME, entries)
        source.write_bytes(source.read_bytes() + behind)
        needs = bool(defects) or wrapper not in {"none", "data set's"} or twice or bool(behind)

        assert check(source, "--diff") == int(needs)
        assert check(source, "--fix", "--fail-on", "error") == 0
        fixed = folder / FIXED
        assert fixed.exists() == needs
        if not needs:
            return
        fixed = _named(fixed)
        left = codes(fixed)
        data_set = {"L005"} if "data set" in wrapper else set()
        assert left - data_set <= sound, left
        kept = contents(fixed)
        before = {hashlib.sha256(data).hexdigest() for data in files.values()}
        for path, data in kept.items():
            record = path.endswith(("debug.json", ".txt"))
            assert record or hashlib.sha256(data).hexdigest() in before, path
        assert check(fixed, "--diff") == 0


def _named(fixed: Path) -> Path:
    """Move the zip to where it can have the name that a release needs."""
    place = fixed.parent / "fixed" / NAME
    place.parent.mkdir()
    return fixed.rename(place)


def test_files_of_the_author_stay_with_their_leaks(tmp_path: Path) -> None:
    source = package(
        tmp_path,
        dataset({"description": "from /home/jdoe/data/cord", "image_orientation": ABSENT}),
        put("notes.txt", "see /home/jdoe/data/cord"),
    )
    assert check(source, "--diff") == 0
    assert check(source, "--fix") == 1  # the orientation, which nobody but the author knows
    assert not (tmp_path / FIXED).exists()


def test_rules_that_are_ignored_are_not_repaired(tmp_path: Path) -> None:
    source = package(tmp_path, put("fold_0/case.nii.gz", b"x"), put(".DS_Store"))
    assert check(source, "--diff", "--ignore", "L013,Z008") == 0
    (tmp_path / "model-lint.toml").write_text('ignore = { L013 = "public" }\n', encoding="utf-8")
    assert check(source, "--fix") == 0
    after = contents(tmp_path / FIXED)
    assert f"{TRAINER}/fold_0/case.nii.gz" in after
    assert f"{TRAINER}/.DS_Store" not in after
