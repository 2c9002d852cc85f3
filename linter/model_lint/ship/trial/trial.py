"""Try a package in one nnU-Net after the other."""

from __future__ import annotations

import json
import lzma
import math
import os
import time
import zipfile
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from ...errors import UsageError, require_file
from ...findings import TargetReport
from ...models.package import Package
from ...models.trainer_folder import TrainerFolder
from ...rules import all_rules
from ...wording import count
from .asked import Subject, Talk, Wanted
from .bundle import unpack
from .conversation import START_SECONDS, Conversation
from .environments import Environment
from .explain import explain
from .outcome import Trial
from .phantom import phantom_for
from .process import Child
from .scratch import MAX_FILE, scratch

#: Families of rules whose security matters here; others are of secrets and leaks.
_FAMILIES = frozenset("ZCKP")
_MEMORY = 16 * 1000**3
#: Endings of files that Python can import, and how many of them are named.
_CODE, _SHOWN = (".py", ".pyc", ".pyd", ".so"), 5
#: What unpacking a zip raises, apart from defects of this program.
_UNPACKING = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, NotImplementedError, RuntimeError,
              EOFError, ValueError, OSError)  # fmt: skip


def unsafe(report: TargetReport) -> tuple[str, ...]:
    """Return the rules for which a package is not tried: loading or unpacking it does harm.

    What the configuration silences counts too.
    """
    codes = {rule.code for rule in all_rules() if rule.security and rule.family in _FAMILIES}
    found = {f.code for f in report.findings} | {i.finding.code for i in report.ignored}
    return tuple(sorted(found & codes))


def code_of(package: Package | None) -> list[str]:
    """Return what of a package is code, or may be: checkpoints that the linter can't look into."""
    if package is None:
        return []
    files = package.tree.files
    # nnU-Net imports every module below the trainer folder until one has the trainer.
    own = sorted({Path(path).name for path in files if path.lower().endswith(_CODE)})
    own = own[:_SHOWN] + (["..."] if len(own) > _SHOWN else [])
    seen = {f.checkpoint_path for t in package.trainers for f, _ in t.checkpoints}
    return own + [path for path in package.weights if path not in seen][:3]


def group_images(
    paths: Iterable[Path], trainer: TrainerFolder | None
) -> tuple[tuple[Path, ...], ...]:
    """Return the files of each image: as many as the model has channels, in their order.

    Raises UsageError if a file is missing, or one of an image is.
    """
    given = list(paths)
    for path in given:
        require_file(path)
    channels = max(1, (trainer.channels if trainer else None) or 1)
    if len(given) % channels:
        raise UsageError(
            f"the model takes {count(channels, 'channel')}, each a file of its own, in order; "
            f"{count(len(given), 'file')} given"
        )
    # As they are called: in git-annex and DataLad, images are links to files with other names.
    absolute = [path.absolute() for path in given]
    return tuple(tuple(absolute[k : k + channels]) for k in range(0, len(absolute), channels))


def group_references(paths: Sequence[Path], images: Sequence[tuple[Path, ...]]) -> tuple[Path, ...]:
    """Return the reference of each image. Raises UsageError unless each has one, or none has."""
    if paths and len(paths) != len(images):
        raise UsageError(
            f"--reference: one for each image; {count(len(images), 'image')} and "
            f"{count(len(paths), 'reference')} given"
        )
    for path in paths:
        require_file(path)
    return tuple(path.absolute() for path in paths)


def attempt(environment: Environment, subject: Subject, wanted: Wanted, talk: Talk) -> Trial:
    """Try a package with one Python.

    Args:
        environment: the Python.
        subject: the package.
        wanted: what to do.
        talk: tells and asks the user.

    Raises:
        UsageError: there is no nnU-Net, an image can't be read, or the user says no.
    """
    started = time.perf_counter()
    with scratch() as folder:
        try:
            bundle, model = _placed(subject, folder)
        except _UNPACKING as error:
            kind, text = type(error).__name__, str(error).replace(f"{folder}/", "")
            failure = explain("unpack", kind, text, "", subject.report)
            return Trial(environment.name, failures=(failure,))
        home = folder / "home"
        home.mkdir()
        places = {"bundle": str(bundle), "model": str(model or ""), "scratch": str(home)}
        request = {**places, **_request(subject, wanted)}
        disk = wanted.disk
        with Child(environment.python, home, seconds=START_SECONDS, disk=disk) as child:
            child.tell(json.dumps(request))
            trial = Conversation(environment, subject, wanted, folder).hold(child, talk)
    return replace(trial, seconds=time.perf_counter() - started)


def _request(subject: Subject, wanted: Wanted) -> dict[str, Any]:
    """Return what the process is told, apart from where things are."""
    ending = subject.dataset.get("file_ending")
    return {
        "home": str(Path.home()),
        "images": [[str(file) for file in image] for image in wanted.images],
        "references": [str(file) for file in wanted.references],
        "phantom": None if wanted.images else phantom_for(subject.trainer),
        "file_ending": ending if isinstance(ending, str) else ".nii.gz",
        "memory": wanted.memory,
        "cpu_seconds": wanted.seconds * (os.cpu_count() or 1) + 60,
        "file_bytes": min(MAX_FILE, wanted.disk),
        "picture": wanted.picture,
        "title": Path(subject.target.text).name,
    }


def _placed(subject: Subject, folder: Path) -> tuple[Path, Path | None]:
    """Return the folder in which consumers look, and the trainer folder if only that is given."""
    if subject.path.is_dir():
        full = subject.path.resolve()
        return (full.parent, full) if subject.target.top else (full, None)
    bundle = folder / "unpacked"
    bundle.mkdir()
    unpack(subject.path, bundle)
    return bundle, None


def default_memory() -> int:
    """Return the bytes that a package may take: 16 GB, or three quarters of a smaller machine's."""
    try:
        whole = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, OSError, ValueError):
        return _MEMORY
    return min(_MEMORY, math.floor(0.75 * whole))
