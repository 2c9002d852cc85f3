"""Rules about what a checkpoint would run when it is loaded, and about what was not judged.

The pickle in a checkpoint is a program. These rules compare it with the exact list of what torch
and nnU-Net write; nothing of it is executed.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..checkpoint.model import Checkpoint
from ..findings import Problem
from ..models.package import Package
from ..wording import quote
from . import ERROR, EVERYWHERE, TORCH, WARNING, rule


def _issues(package: Package, code: str) -> Iterator[Problem]:
    """Yield what the reader of checkpoints found for the rule with this code."""
    for trainer in package.trainers:
        for fold in trainer.folds:
            for issue in fold.checkpoint.issues if fold.checkpoint else ():
                if issue.code == code:
                    # In a checkpoint the steps are the record and the byte in it.
                    place = " ({}, byte {})".format(*issue.steps) if issue.steps else ""
                    yield issue._replace(
                        message=issue.message + place, at=fold.checkpoint_path, steps=()
                    )


@rule(
    "K001",
    ERROR,
    TORCH,
    "torch.load imports, and may call, every global that a checkpoint names",
    blocks_repair=True,
    security=True,
    stops=EVERYWHERE,
)
def pickle_global(package: Package) -> Iterator[Problem]:
    """A checkpoint names a function or class that no nnU-Net checkpoint needs.

    Why: loading imports it and may call it with arguments from the file. Malicious models run code
    in this way. At best it is a class that other machines do not have.

    Fix: don't load the file if you don't trust its origin. If the object is your own, save the
    checkpoint again without it.
    """
    yield from _issues(package, "K001")


@rule(
    "K002",
    ERROR,
    TORCH,
    "torch.save writes pickles of protocol 2 to 5 from a small set of opcodes",
    blocks_repair=True,
    security=True,
    stops=EVERYWHERE,
)
def pickle_opcode(package: Package) -> Iterator[Problem]:
    """A checkpoint uses a pickle opcode that no nnU-Net checkpoint needs.

    Why: torch never builds objects in this way, but files that hide what they run do.

    Fix: don't load the file if you don't trust its origin; save it again with `torch.save`.
    """
    yield from _issues(package, "K002")


@rule(
    "K003",
    ERROR,
    TORCH,
    "torch.save names every global by literal strings",
    blocks_repair=True,
    security=True,
    stops=EVERYWHERE,
)
def pickle_opaque(package: Package) -> Iterator[Problem]:
    """A checkpoint computes the name of a function or class that it loads.

    Why: what it runs can't be determined; torch always writes the names out.

    Fix: don't load the file; save it again with `torch.save`.
    """
    yield from _issues(package, "K003")


@rule(
    "K004",
    ERROR,
    TORCH,
    "torch.save writes one pickle that ends where its record ends",
    blocks_repair=True,
    security=True,
    stops=EVERYWHERE,
)
def pickle_malformed(package: Package) -> Iterator[Problem]:
    """The pickle in a checkpoint can't be read to its end, or continues after it.

    Why: the file is damaged, or made so that scanners stop where torch reads on.

    Fix: take `checkpoint_final.pth` again from nnU-Net's results folder.
    """
    yield from _issues(package, "K004")


@rule(
    "K005",
    ERROR,
    TORCH,
    "torch.save writes data.pkl, data/N and a few small records, and nothing else",
    blocks_repair=True,
    security=True,
    stops=EVERYWHERE,
)
def torch_zip_member(package: Package) -> Iterator[Problem]:
    """The zip inside a checkpoint contains something that torch does not write.

    Why: it was written by another program, and nothing checks what is hidden in it.

    Fix: take `checkpoint_final.pth` as the trainer wrote it, without unpacking and zipping it.
    """
    yield from _issues(package, "K005")


@rule(
    "K006",
    ERROR,
    TORCH,
    "torch and numpy rebuild tensors and numbers from arguments of fixed kinds",
    blocks_repair=True,
    security=True,
    stops=EVERYWHERE,
)
def pickle_arguments(package: Package) -> Iterator[Problem]:
    """A checkpoint calls an allowed function with arguments that torch does not write.

    Why: with some arguments, harmless functions do harm or fail.

    Fix: don't load the file if you don't trust its origin; save it again with `torch.save`.
    """
    yield from _issues(package, "K006")


@rule(
    "C016",
    WARNING,
    TORCH,
    "torch goes by the directory at the end of a checkpoint, which says where everything is",
    security=True,
)
def checkpoint_end_unread(package: Package) -> Iterator[Problem]:
    """The end of a checkpoint was not read, so its safety was not judged.

    Why: with `--quick`, and of a zip on the web, only the start of a compressed checkpoint is
    unpacked. What torch loads may be something else: the directory at its end decides.

    Fix: check a file without `--quick`, and a zip on the web with `--deep`, which downloads all of
    it; or store checkpoints in the zip as `model-lint pack` does, so that their ends are read.
    """
    for trainer in package.trainers:
        for fold in trainer.folds:
            checkpoint = fold.checkpoint
            if isinstance(checkpoint, Checkpoint) and not checkpoint.directory_read:
                name = quote(fold.checkpoint_path.rpartition("/")[2])
                text = f"the end of {name} was not read: its safety was not judged"
                yield Problem(text, fold.checkpoint_path)
