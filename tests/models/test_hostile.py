"""Whatever a package holds, the rules answer: no internal error, one line per message."""

from __future__ import annotations

import io
import json
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from build import MODEL, NAME, TRAINER, dataset, findings, genuine, package, put, write_zip
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from model_lint.errors import UsageError
from model_lint.findings import INTERNAL

QUICK = settings(
    max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
KEYS = st.sampled_from(
    [
        *json.loads((MODEL / "dataset.json").read_text()),
        *("modality", "orientation", "Labels", "regions_class_order", "dataset"),
    ]
)
NAMES = st.sampled_from(
    [
        *("background", "ignore", "sc", "gm", "lesion", "sc_seg", "lvl1", "Background", "", "a/b"),
        *("\n", "\ud800", "x" * 300, "0", "1"),
    ]
)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-2, 5)
    | st.sampled_from([10**400, -1, 256, 1.5, 2.0, float("nan"), float("inf"), "1", "0", "RPI"])
    | st.text(max_size=4)
)
VALUES = (
    SCALARS
    | st.lists(SCALARS | st.lists(SCALARS, max_size=2), max_size=4)
    | st.dictionaries(NAMES, SCALARS | st.lists(SCALARS, max_size=3), max_size=4)
)
#: Parts of names of entries.
PARTS = st.sampled_from(
    [
        *(TRAINER, "nnUNetTrainer__nnUNetPlans__2d", "fold_0", "fold_all", "fold_x", "fold_1"),
        *("dataset.json", "plans.json", "checkpoint_final.pth", "trainer_class.py", "x.nii.gz"),
        *("crop_metadata.json", "validation", "__MACOSX", ".DS_Store", "a", "A", "con", " "),
        *("..", ".", "", "C:", "x\\y", "é", "e\u0301", "\0", "\n\x1b[31m", "[x]", "x" * 300),
    ]
)


def assert_answers(path: Path, *, weights: bool = False) -> None:
    """Lint without an internal error; every message, location and help is one line of text."""
    try:
        found = findings(path, weights=weights)
    except UsageError as error:
        assert "\n" not in str(error).replace(str(path), "")
        return
    assert [f for f in found if f.code == INTERNAL] == []
    for finding in found:
        for text in (finding.message, finding.help):
            assert "\n" not in text, finding
            assert "\x1b" not in text, finding
            text.encode()


@given(st.dictionaries(KEYS, VALUES, max_size=4))
@QUICK
def test_any_dataset_json(tmp_path: Path, changes: dict[str, Any]) -> None:
    assert_answers(package(tmp_path, dataset(changes)))


@given(st.dictionaries(NAMES, SCALARS | st.lists(SCALARS, max_size=3), max_size=5), VALUES)
@QUICK
def test_any_labels(tmp_path: Path, labels: dict[str, Any], order: Any) -> None:
    changes = dataset({"labels": {"background": 0} | labels, "regions_class_order": order})
    assert_answers(package(tmp_path, changes))


@given(st.sampled_from(["dataset.json", "plans.json", "dataset_fingerprint.json"]), VALUES)
@QUICK
def test_any_json(tmp_path: Path, name: str, value: Any) -> None:
    assert_answers(package(tmp_path, put(name, json.dumps(value))))


@given(st.sampled_from(["trainer_class.py", "/crop_metadata.json"]), st.binary(max_size=60))
@QUICK
def test_any_bytes_in_a_text_file(tmp_path: Path, name: str, data: bytes) -> None:
    assert_answers(package(tmp_path, put(name, data)))


@given(
    names=st.lists(st.lists(PARTS, min_size=1, max_size=4), max_size=6), with_model=st.booleans()
)
@QUICK
def test_any_names(names: list[list[str]], with_model: bool) -> None:
    entries: list[tuple[str | zipfile.ZipInfo, bytes]] = []
    for parts in names:
        info = zipfile.ZipInfo("x")
        info.filename = info.orig_filename = "/".join(parts)
        entries.append((info, b"{}"))
    with tempfile.TemporaryDirectory() as folder:
        files = [*genuine().items()] if with_model else []
        assert_answers(write_zip(Path(folder) / NAME, [*files, *entries]))


@pytest.fixture(scope="module")
def small() -> bytes:
    """A package whose checkpoint is cut, so that most bytes are those of the container."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in genuine().items():
            archive.writestr(name, data[:300] if name.endswith((".png", ".txt")) else data)
    return out.getvalue()


PLACES = st.integers(0, 1200) | st.integers(0, 10**6)
CHANGES = st.sampled_from(["flip", "cut", "insert"])


@given(st.lists(st.tuples(CHANGES, PLACES, st.integers(0, 255)), min_size=1, max_size=4))
@QUICK
def test_any_damage(small: bytes, damage: list[tuple[str, int, int]]) -> None:
    """Bytes are changed, lost or added anywhere, often in the directory at the end."""
    content = bytearray(small)
    for change, from_end, value in damage:
        at = max(0, len(content) - 1 - from_end % (len(content) + 1))
        if change == "flip":
            content[at : at + 1] = bytes([value])
        elif change == "cut":
            del content[at : at + value]
        else:
            content[at:at] = bytes(value)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / NAME
        path.write_bytes(content)
        assert_answers(path, weights=True)


@pytest.mark.parametrize(
    "source",
    [
        "(" * 10_000,
        "[" * 90 + "]" * 90,
        "x=" * 5000 + "1",
        "class A(" * 50,
        "def f():\n" + " return 1\n" * 10_000,
        "if 1:\n" + "".join(" " * n + "if 1:\n" for n in range(1, 90)) + " " * 90 + "pass",
        "a" + ".b" * 20_000,
        "lambda: " * 3000 + "1",
        "\f\v\t",
        "get_trainer_class = 1",
        "def get_trainer_class(*, a): pass",
        "from x import *",
        "import a.b.c as get_trainer_class",
        "class X:\n def build_network_architecture(*, b): pass",
        "class X(X): pass",
    ],
    ids=range(15),
)
def test_odd_python(tmp_path: Path, source: str) -> None:
    assert_answers(package(tmp_path, put("trainer_class.py", source)))


def _many(name: Callable[[int], str], amount: int) -> list[tuple[str | zipfile.ZipInfo, bytes]]:
    return [*genuine().items(), *((name(n), b"{}") for n in range(amount))]


@pytest.mark.parametrize(
    "name",
    [
        lambda n: f"t{n}/plans.json",
        lambda n: f"{TRAINER}/fold_{n + 1}/x",
        lambda n: f"{TRAINER}/fold_x{n}/x",
        lambda n: f"nnUNetTrainer{n}__a__b/dataset.json",
        lambda n: f"{n}/crop_metadata.json",
        lambda n: f"{TRAINER}/{n}/validation/x.nii.gz",
        lambda n: f"{TRAINER}/fold_0/{n}.pth",
        lambda n: f"{n}\\x",
    ],
    ids=["trainers", "folds", "fold names", "named", "crops", "validation", "checkpoints", "flat"],
)
def test_many_of_one_kind(tmp_path: Path, name: Callable[[int], str]) -> None:
    """Thousands of the same are no thousands of findings that hide the rest."""
    path = write_zip(tmp_path / NAME, _many(name, 3000))
    assert_answers(path)
    assert len(findings(path, "Z", "L", "D", weights=False)) <= 200
