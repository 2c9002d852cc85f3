"""Checks of the section ``nnunet`` that nnU-Net makes only hours later, or in words of its own."""

from __future__ import annotations

import ast
import importlib.util
import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from config_schema import SettingsError, hint, listed, one_line

if TYPE_CHECKING:
    from settings import Nnunet


def check_nnunet(nnunet: Nnunet) -> None:
    """Check the names of trainer and planner, and changes to the plans as far as they are certain.

    Raises:
        SettingsError: for the first value that nnU-Net could not use.
    """
    _check_trainer(nnunet)
    planners = _classes("experiment_planning")
    if planners and nnunet.planner not in planners:
        raise SettingsError(
            f"nnunet.planner: nnU-Net has no planner {nnunet.planner}"
            f"{hint(nnunet.planner, [name for name in planners if 'Planner' in name])}"
        )
    _check_plans(nnunet.plans, nnunet.configuration)


def _check_trainer(nnunet: Nnunet) -> None:
    file = nnunet.trainer_file
    if file is None:
        trainers = _classes("training/nnUNetTrainer")
        if trainers and nnunet.trainer not in trainers:
            raise SettingsError(
                f"nnunet.trainer: nnU-Net has no trainer {nnunet.trainer}"
                f"{hint(nnunet.trainer, trainers)} (a trainer of your own needs a trainer_file)"
            )
        return
    if not file.is_file():
        raise SettingsError(f"nnunet.trainer_file: {file} does not exist")
    try:
        body = ast.parse(file.read_bytes()).body
    except (SyntaxError, ValueError) as error:
        raise SettingsError(
            f"nnunet.trainer_file: {file} is not Python: {one_line(error)}"
        ) from None
    names = [node.name for node in body if isinstance(node, ast.ClassDef)]
    if nnunet.trainer not in names:
        raise SettingsError(
            f"nnunet.trainer: {file} has no class {nnunet.trainer}; it has "
            f"{listed(names) or 'none'}"
        )


def _classes(folder: str) -> list[str]:
    """Return the classes in a folder of the installed nnU-Net, without importing it."""
    spec = importlib.util.find_spec("nnunetv2")
    roots = spec.submodule_search_locations if spec else None
    files = [file for root in roots or () for file in Path(root, folder).rglob("*.py")]
    texts = [file.read_text(encoding="utf-8") for file in sorted(files)]
    return [name for text in texts for name in re.findall(r"^class (\w+)", text, re.MULTILINE)]


def _check_plans(plans: Mapping[str, Any], configuration: str) -> None:
    where = f"nnunet.plans.{configuration}"
    axes = 2 if configuration == "2d" else 3
    patch, batch = plans.get("patch_size"), plans.get("batch_size", 1)
    if not _is_count(batch):
        raise SettingsError(f"{where}.batch_size: {batch!r} is not a whole number from 1 on")
    if patch is None:
        return
    if not isinstance(patch, list) or len(patch) != axes or not all(map(_is_count, patch)):
        raise SettingsError(f"{where}.patch_size: {patch!r} is not {axes} whole numbers from 1 on")
    strides = plans.get("architecture", {}).get("arch_kwargs", {}).get("strides")
    if strides is None:
        return  # the planner's: checked after it, before the preprocessing
    if not all(isinstance(s, list) and len(s) == axes and all(map(_is_count, s)) for s in strides):
        raise SettingsError(f"{where}: each of the strides needs {axes} whole numbers from 1 on")
    for axis, size in enumerate(patch):
        product = math.prod(stride[axis] for stride in strides)
        if size % product:
            raise SettingsError(
                f"{where}.patch_size: {size} is not a multiple of {product}, the product of the "
                f"network's strides along axis {axis}"
            )


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0
