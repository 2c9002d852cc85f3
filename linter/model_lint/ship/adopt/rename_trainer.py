"""Give a custom trainer a name that SCT finds: one that begins with ``nnUNetTrainer``.

The class stays, and gets a second name in ``trainer_class.py``; the checkpoints name that.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from fnmatch import fnmatchcase
from pathlib import Path

from ...checkpoint.reader import File
from ...checkpoint.writer import CheckpointError, write_checkpoint
from ...errors import UsageError
from ...models.paths import FINAL_CHECKPOINT, TRAINER_GLOB
from ...nnunet.trainers import SCT_TRAINERS
from ...wording import quote

_ALIAS = '''

class {new}({old}):
    """The trainer by a name that SCT finds."""
'''


def check_name(name: str) -> None:
    """Raise UsageError unless a trainer can get this name."""
    if not (fnmatchcase(name, TRAINER_GLOB) and re.fullmatch(r"\w{1,80}", name, re.ASCII)):
        raise UsageError(f"--trainer {name}: write a class name that begins with nnUNetTrainer")
    if "__" in name or name in SCT_TRAINERS:
        what = "has two underscores" if "__" in name else "is one of nnU-Net's own trainers"
        raise UsageError(f"--trainer {name}: it {what}; give another name")


def rename_trainer(folder: Path, folds: Iterable[str], old: str, new: str) -> None:
    """Let checkpoints and ``trainer_class.py`` of a trainer folder name the trainer anew.

    Args:
        folder: the trainer folder; its files are replaced.
        folds: the names of its folds.
        old: the name of the class.
        new: the one that it gets too.

    Raises:
        UsageError: there is no class of the old name, or a checkpoint is not valid.
    """
    source = folder / "trainer_class.py"
    text = source.read_bytes() if source.is_file() else b""
    if not re.search(rf"(?m)^class {re.escape(old)}\b".encode(), text):
        raise UsageError(f"--trainer {new}: trainer_class.py has no class {quote(old)}")
    source.write_bytes(text.rstrip() + b"\n" + _ALIAS.format(old=old, new=new).encode())
    for fold in folds:
        path = folder / fold / FINAL_CHECKPOINT
        copy = path.with_suffix(".new")
        try:
            with copy.open("wb") as target:
                write_checkpoint(File.at(path), target, replaced={"trainer_name": new})
        except CheckpointError as error:
            raise UsageError(f"{path}: {error}") from error
        copy.replace(path)
