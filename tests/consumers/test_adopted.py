"""Adopted packages predict what the genuine model predicts, in nnU-Net and in SCT around its fork.

Every weight of each has the bytes that it had, as torch reads it.
"""

from __future__ import annotations

import io
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import torch
from build import CHECKPOINT, TRAINER, package, saved
from checkpoint_files import wrapped
from judge import CONSUMERS, ask
from ship.test_adopt import CASES, NEW, Old, adopt, old

pytestmark = pytest.mark.usefixtures("elsewhere")

#: Those whose masks are those of the genuine model with one fold.
JUDGED = [case for case in CASES if case.what.split()[0] in {
    "L1", "L5", "L8", "L14", "C1", "C6", "C9", "T1", "D1", "D4", "D6", "D9", "D11", "D12", "a",
} and case.folds == (0,) and not case.remain and "other" not in case.what]  # fmt: skip


def inflated(content: dict[str, Any]) -> None:
    """Store each weight as a view of a storage of twice its size."""
    weights = content["network_weights"]
    for name, tensor in weights.items():
        weights[name] = torch.cat([tensor.flatten(), tensor.flatten()])[: tensor.numel()].view(
            tensor.shape
        )


SAVED = [
    old("C12 storages of views", saved(inflated)),
    old("the names of a wrapper", saved(lambda c: wrapped(c, "module."))),
]


def weights(path: Path) -> dict[str, torch.Tensor]:
    """Return the weights of the only checkpoint in a zip that is, or was meant to be, the final."""
    with zipfile.ZipFile(path) as archive:
        name = min((n for n in archive.namelist() if "checkpoint_" in n.lower()), key=_preferred)
        content = torch.load(io.BytesIO(archive.read(name)), weights_only=False)
    return {n.removeprefix("module."): t for n, t in content["network_weights"].items()}


def _preferred(name: str) -> tuple[bool, str]:
    return "final" not in name.lower(), name


def same_weights(one: Path, other: Path) -> bool:
    before, after = weights(one), weights(other)
    assert before.keys() == after.keys()
    return all(
        before[n].dtype == after[n].dtype
        and before[n].shape == after[n].shape
        and before[n].numpy().tobytes() == after[n].numpy().tobytes()
        for n in before
    )


def adopted(case: Old, folder: Path) -> tuple[Path, Path]:
    folder.mkdir()
    source = package(folder, *case.changes, folds=case.folds, name="old.zip")
    assert adopt(source, *case.options, "--output", folder) == 0
    return source, folder / NEW


def test_they_predict_as_the_genuine_model_and_no_weight_changes(tmp_path: Path) -> None:
    pairs = {
        case.what: adopted(case, tmp_path / str(number))
        for number, case in enumerate([*JUDGED, *SAVED])
    }
    assert len(pairs) > 20
    assert [what for what, pair in pairs.items() if not same_weights(*pair)] == []
    genuine = package(tmp_path)
    paths = [genuine, *(new for _, new in pairs.values())]
    with ThreadPoolExecutor() as pool:
        answers = pool.map(lambda consumer: dict(ask(consumer, paths)), CONSUMERS)
    for verdicts in answers:
        expected = verdicts[genuine]
        assert expected.runs, expected
        wrong = {
            what: verdicts[new] for what, (_, new) in pairs.items() if verdicts[new] != expected
        }
        assert wrong == {}


def test_the_weights_load_in_the_safe_mode(tmp_path: Path) -> None:
    _, new = adopted(SAVED[0], tmp_path / "x")
    with zipfile.ZipFile(new) as archive:
        content = torch.load(io.BytesIO(archive.read(f"{TRAINER}/{CHECKPOINT}")), weights_only=True)
    assert content["trainer_name"] == "nnUNetTrainerTiny"
