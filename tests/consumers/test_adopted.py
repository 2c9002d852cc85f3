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
from adopting import CASES, NEW, Old, adopt, old
from build import CHECKPOINT, TRAINER, package, saved
from catalogue.trainer import trained_by
from checkpoint_files import wrapped
from judge import CONSUMERS, ask

pytestmark = pytest.mark.usefixtures("elsewhere")

#: How those begin whose masks are those of the genuine model with one fold.
_LIKE_GENUINE = (
    *("L5", "L14", "C1", "C3", "C6 no", "T1 the trainer is missing", "D4 another"),
    *("D6 a label in _seg", "D11", "D12 no plans", "D12 half"),
)


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
    old("T7 a trainer that SCT does not find", trained_by("nnUnet3DCustomTrainer"),
        options=("--trainer", "nnUNetTrainer3DCustom")),
]  # fmt: skip


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


@pytest.fixture(scope="module")
def pairs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Path, Path]]:
    """The old and the new package of each case."""
    folder = tmp_path_factory.mktemp("adopted")
    cases = [case for case in CASES if case.what.startswith(_LIKE_GENUINE) and not case.remain]
    assert len(cases) == len(_LIKE_GENUINE)
    cases += SAVED
    return {case.what: adopted(case, folder / str(n)) for n, case in enumerate(cases)}


def test_no_weight_changes(pairs: dict[str, tuple[Path, Path]]) -> None:
    assert [what for what, pair in pairs.items() if not same_weights(*pair)] == []


def test_they_predict_as_the_genuine_model(
    pairs: dict[str, tuple[Path, Path]], tmp_path: Path
) -> None:
    genuine = package(tmp_path)
    new = {what: after for what, (_, after) in pairs.items()}
    with ThreadPoolExecutor() as pool:
        asked = pool.map(lambda name: dict(ask(name, [genuine, *new.values()])), CONSUMERS)
        for verdicts in asked:
            assert verdicts[genuine].runs, verdicts[genuine]
            wrong = {w: verdicts[p] for w, p in new.items() if verdicts[p] != verdicts[genuine]}
            assert wrong == {}


def test_the_weights_load_in_the_safe_mode(tmp_path: Path) -> None:
    _, new = adopted(SAVED[0], tmp_path / "x")
    with zipfile.ZipFile(new) as archive:
        content = torch.load(io.BytesIO(archive.read(f"{TRAINER}/{CHECKPOINT}")), weights_only=True)
    assert content["trainer_name"] == "nnUNetTrainerTiny"
