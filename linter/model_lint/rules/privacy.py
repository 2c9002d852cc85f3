"""Rules about what a package reveals of people, machines and subjects."""

from __future__ import annotations

import json
from collections.abc import Iterator

from ..findings import Problem
from ..models.package import Package
from ..models.text_file import TextFile, excerpt
from ..privacy import Kind, Leak, is_address, is_nobodys
from . import ERROR, GITHUB, NNUNET, WARNING, rule
from .shared import leak_message

#: What the rules of this family look for, each its own kind of leak.
LEAKS: dict[str, Kind] = {"V001": "path", "V002": "host", "V003": "subject", "V004": "secret"}


@rule(
    "V001",
    WARNING,
    NNUNET,
    "nnU-Net writes the folders of the training into debug.json and the training log",
    repair="removes it from debug.json, summary.json and training logs",
    private=True,
)
def leaked_path(package: Package) -> Iterator[Problem]:
    """A text in the package names folders of the machine on which the model was trained.

    Why: paths reveal user names, project numbers and clusters to everybody, and nobody needs them
    to run the model. In files that people write, such as `trainer_class.py`, the home folder of an
    example or a service (`/home/user`, `/home/runner`) is ignored. Only the first and the last 128
    kB of a long text are searched; with `--deep` all of it, up to 4 MB.

    Fix: build the zip with `model-lint pack`, which removes them, or replace them by hand.
    """
    for text, leaks in _leaking(package, "path"):
        yield _problem(text, leaks, "the absolute path", "absolute paths")


@rule(
    "V002",
    WARNING,
    NNUNET,
    "nnU-Net writes the name of the machine into debug.json",
    repair="removes it from debug.json, summary.json and training logs",
    private=True,
)
def leaked_host(package: Package) -> Iterator[Problem]:
    """A text in the package names a machine, a user or an e-mail address.

    Why: it identifies a person, or shows where in a network the data is. An address that somebody
    wrote into a source file, a licence or `dataset.json` is ignored.

    Fix: build the zip with `model-lint pack`, which removes it, or replace it by hand.
    """
    for text, leaks in _leaking(package, "host"):
        yield _problem(text, leaks, "the host or user", "hosts or users")


@rule(
    "V003",
    WARNING,
    NNUNET,
    "nnU-Net writes the names of the cases that it validates into the training log",
    repair="removes it from debug.json, summary.json and training logs",
    private=True,
)
def leaked_subjects(package: Package) -> Iterator[Problem]:
    """A text in the package names subjects of the data set.

    Why: anybody with access to the data can tell who took part in the study, and the numbers that
    hospitals use identify people. The split of public data belongs in the repository.

    Fix: build the zip with `model-lint pack`, which numbers them, or replace them by hand.
    """
    for text, leaks in _leaking(package, "subject"):
        yield _problem(text, leaks, "the subject", "subjects")


@rule(
    "V004",
    ERROR,
    GITHUB,
    "GitHub and other services revoke a token that they find in public, and so do thieves",
    repair="removes it from debug.json, summary.json and training logs",
    security=True,
    private=True,
)
def leaked_secret(package: Package) -> Iterator[Problem]:
    """A text in the package contains a password, a token or a private key.

    Why: everybody who downloads the model can use it, and programs search releases for them.

    Fix: revoke it where it was issued, because it counts as known. Then remove it from the file.
    """
    for text, leaks in _leaking(package, "secret"):
        yield _problem(text, leaks, "the password, token or key", "passwords, tokens or keys")


def _leaking(package: Package, kind: Kind) -> Iterator[tuple[TextFile, list[Leak]]]:
    """Yield the texts with leaks of a kind."""
    for text in (*package.texts, *_embedded(package)):
        leaks = [leak for leak in text.leaks if leak.kind == kind and not _is_meant(leak, text)]
        if leaks:
            yield text, leaks


def _is_meant(leak: Leak, text: TextFile) -> bool:
    """Return whether a person wrote it for the reader."""
    if text.is_document:
        return leak.kind != "secret"
    return not text.is_log and (is_address(leak.value) or is_nobodys(leak.value))


def _embedded(package: Package) -> Iterator[TextFile]:
    """Yield the copies of ``dataset.json`` in the checkpoints, equal ones once."""
    seen: list[object] = []
    for trainer in package.trainers:
        for fold, checkpoint in trainer.checkpoints:
            dataset = checkpoint.dataset_json
            if dataset and dataset not in seen:
                seen.append(dataset)
                yield excerpt(fold.checkpoint_path, json.dumps(dataset, default=str))


def _problem(text: TextFile, leaks: list[Leak], one: str, many: str) -> Problem:
    message = leak_message(leaks, one, many)
    if text.path.endswith(".pth"):
        return Problem(f"{message}, in its copy of dataset.json", text.path)
    code = text.path.endswith("/trainer_class.py") and leaks[0].kind != "secret"
    by_hand = "remove it from the file by hand: `model-lint pack` does not change code"
    return Problem(message, text.path, text.line(leaks[0].line), help=by_hand if code else None)
