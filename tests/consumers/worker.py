"""What the two consumers' judges share: the image, the isolation and the conversation.

A judge is a process of its own: it imports its nnU-Net once, then reads one JSON request a line
(``{"zip": path}``) and answers one JSON verdict a line. Each package is judged in a forked child
with limits on time, memory and file size, so that whatever it does to the child, it does to the
child alone.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import resource
import select
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nibabel as nib
import nnunetv2
import numpy as np
from nnunetv2.utilities.find_class_by_name import recursive_find_python_class

TIMEOUT_SECONDS = 40
#: Address space that a judged package may take on top of the imported libraries.
MEMORY_BYTES = 3 << 30
FILE_BYTES = 256 << 20

#: Says what is being done, for the verdict: "install", "find", "load", "predict", "save".
Stage = Callable[[str], None]
#: Judges one package in an empty folder and returns the masks by the suffix of their file.
Judge = Callable[[Path, Path, Stage], "dict[str, np.ndarray]"]


def phantom() -> nib.Nifti1Image:
    """Draw a cord with grey matter, 40 x 44 x 8 voxels, in nibabel's LAS (SCT calls it RPI).

    It has no symmetry, so that every flip shows, and its voxels are not those of the plans, so
    that it is resampled.
    """
    rng = np.random.default_rng(7)
    x, y, z = np.meshgrid(np.arange(40), np.arange(44), np.arange(8), indexing="ij")
    dx, dy = (x - 17 - 0.4 * z) / 8, (y - 24 + 0.3 * z) / 8
    cord = dx**2 + (1.2 * dy) ** 2 <= 1
    horns = ((np.abs(dx) - 0.3) / 0.18) ** 2 + ((dy - 0.1) / 0.45) ** 2 <= 1
    image = 100 + 60 * cord + 50 * (cord & horns) + rng.normal(0, 14, cord.shape)
    affine = np.diag([-0.6, 0.6, 5.0, 1.0])
    affine[:3, 3] = (12, -13, -20)
    return nib.Nifti1Image(image.astype(np.float32), affine)


def import_all_trainers() -> None:
    """Import what nnU-Net imports when it looks for a custom trainer: seconds, once for all."""
    package = "nnunetv2.training.nnUNetTrainer"
    folder = Path(nnunetv2.__path__[0]) / "training" / "nnUNetTrainer"
    recursive_find_python_class(str(folder), "NoSuchTrainer", package)


def serve(judge: Judge) -> None:
    """Answer every request on standard input until it ends."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    silence = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silence, 1)
    os.dup2(silence, 2)
    answers.write(json.dumps({"ready": True}) + "\n")
    answers.flush()
    for line in sys.stdin:
        package = Path(json.loads(line)["zip"])
        answers.write(json.dumps(_isolated(judge, package)) + "\n")
        answers.flush()


def _isolated(judge: Judge, package: Path) -> dict[str, Any]:
    """Judge in a child and return its verdict, or say how the child ended."""
    folder = Path(tempfile.mkdtemp(prefix="judged-"))
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        _child(judge, package, folder, writer)
    os.close(writer)
    try:
        text = _read_until_closed(reader, time.monotonic() + TIMEOUT_SECONDS)
    finally:
        os.close(reader)
        for victim in (-child, child):
            _kill(victim)
        _, status = os.waitpid(child, 0)
        shutil.rmtree(folder, ignore_errors=True)
    if text is None:
        return {"status": "fails", "stage": "?", "error": f"no answer in {TIMEOUT_SECONDS} s"}
    if not text:
        return {"status": "fails", "stage": "?", "error": f"the process died ({status})"}
    answer: dict[str, Any] = json.loads(text)
    return answer


def _child(judge: Judge, package: Path, folder: Path, writer: int) -> None:
    os.setpgrp()
    _limit()
    os.chdir(folder)
    stages = ["start"]
    verdict: dict[str, Any]
    try:
        masks = judge(package, folder, stages.append)
        verdict = {"status": "runs", "outputs": {name: digest(m) for name, m in masks.items()}}
    except BaseException as error:  # SystemExit too: the package's own code runs here
        text = f"{type(error).__name__}: {error}".strip().splitlines()[0]
        verdict = {"status": "fails", "stage": stages[-1], "error": text[:300]}
    with os.fdopen(writer, "w", encoding="utf-8") as stream:
        stream.write(json.dumps(verdict))
    os._exit(0)


def _limit() -> None:
    """Limit the files' size and, on Linux, the memory."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (FILE_BYTES, FILE_BYTES))
    sizes = Path("/proc/self/statm")
    if sizes.exists():
        pages = int(sizes.read_text(encoding="ascii").split()[0])
        memory = pages * resource.getpagesize() + MEMORY_BYTES
        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))


def _read_until_closed(reader: int, deadline: float) -> str | None:
    """Read the pipe to its end; None when the time is over first."""
    parts: list[bytes] = []
    while True:
        ready, _, _ = select.select([reader], [], [], max(0.0, deadline - time.monotonic()))
        if not ready:
            return None
        part = os.read(reader, 1 << 16)
        if not part:
            return b"".join(parts).decode()
        parts.append(part)


def _kill(process: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.kill(process, signal.SIGKILL)


def digest(mask: np.ndarray) -> str:
    """Return the number of voxels in a mask and the start of its hash: ``1234:0a1b2c3d``."""
    plain = np.ascontiguousarray(np.asarray(mask, dtype=np.int64))
    name = hashlib.sha256(plain.tobytes() + repr(plain.shape).encode()).hexdigest()[:8]
    return f"{np.count_nonzero(plain)}:{name}"
