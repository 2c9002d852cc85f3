"""What a mutated package is, and the small tools that the mutations are written with."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

TRAINER = "nnUNetTrainerTiny__nnUNetPlans__2d"
MODEL = Path(__file__).resolve().parents[2] / "data" / TRAINER
FINAL = "checkpoint_final.pth"

#: The time of every entry, so that the family is the same each time.
DATE = (2024, 9, 15, 12, 0, 0)

#: A package before it is zipped: its files by their paths.
Files = dict[str, bytes]


@dataclass(frozen=True)
class Sample:
    """One package of the family."""

    name: str
    #: What was changed, in words, from the genuine model.
    words: str
    #: Writes the package to a path.
    write: Callable[[Path], None]
    #: The sample whose masks it must reproduce; empty where its masks are its own.
    like: str = "one-fold"
    #: Masks that have another name here, by their name in ``like``.
    renamed: Mapping[str, str] = field(default_factory=dict)
    #: Masks that only this sample has and that must be empty.
    empty: tuple[str, ...] = ()
    suffix: str = ".zip"


FAMILY: list[Sample] = []


def add(name: str, words: str, write: Callable[[Path], None], **options: Any) -> None:
    """Put a sample into the family."""
    FAMILY.append(Sample(name, words, write, **options))


def files_sample(
    name: str, words: str, *, folds: tuple[int, ...] = (0,), **options: Any
) -> Callable[[Callable[[Files], Files | None]], Callable[[Files], Files | None]]:
    """Register a function that changes the files, or returns others, before they are zipped."""

    def register(change: Callable[[Files], Files | None]) -> Callable[[Files], Files | None]:
        def write(path: Path) -> None:
            files = genuine(folds)
            write_zip(path, change(files) or files)

        add(name, words, write, **options)
        return change

    return register


def zip_sample(
    name: str, words: str, **options: Any
) -> Callable[[Callable[[Files], bytes]], Callable[[Files], bytes]]:
    """Register a function that makes the bytes of the package from the files."""

    def register(make: Callable[[Files], bytes]) -> Callable[[Files], bytes]:
        add(name, words, lambda path: _write(path, make(genuine())), **options)
        return make

    return register


def _write(path: Path, data: bytes) -> None:
    path.write_bytes(data)


@lru_cache(maxsize=1)
def _model() -> dict[str, bytes]:
    return {
        f"{TRAINER}/{path.relative_to(MODEL).as_posix()}": path.read_bytes()
        for path in sorted(MODEL.rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts
    }


def genuine(folds: tuple[int, ...] = (0,)) -> Files:
    """Return the files of the genuine model with these folds; 2 and above repeat its first one."""
    model = _model()
    first = f"{TRAINER}/fold_0/"
    files = {path: data for path, data in model.items() if "/fold_" not in path}
    for fold in folds:
        source = f"{TRAINER}/fold_1/" if fold == 1 else first
        for path, data in model.items():
            if path.startswith(source):
                files[f"{TRAINER}/fold_{fold}/{path[len(source) :]}"] = data
    return files


def write_zip(path: Path, files: Files) -> None:
    """Zip the files as most tools do."""
    path.write_bytes(zipped(files))


def zipped(files: Files, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """Return a plain zip of the files."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method, compresslevel=1) as archive:
        for name, data in files.items():
            info = zipfile.ZipInfo(name, DATE)
            info.compress_type, info.external_attr = method, 0o644 << 16
            archive.writestr(info, data)
    return buffer.getvalue()


def at(name: str) -> str:
    """Return the path of a file of the trainer folder."""
    return f"{TRAINER}/{name}"


CHECKPOINT = at(f"fold_0/{FINAL}")


def moved(files: Files, old: str, new: str) -> Files:
    """Return the files with another start of their paths."""
    return {(new + p[len(old) :] if p.startswith(old) else p): d for p, d in files.items()}


def under(folder: str, files: Files) -> Files:
    """Return the files inside one more folder."""
    return {f"{folder}/{path}": data for path, data in files.items()}


def edit_json(files: Files, name: str, change: Callable[[Any], Any]) -> None:
    """Change a JSON file of the trainer folder in place; a returned value replaces the whole."""
    value = json.loads(files[at(name)])
    changed = change(value)
    text = json.dumps(value if changed is None else changed, indent=4)
    files[at(name)] = text.encode()


def edit_text(files: Files, name: str, old: str, new: str) -> None:
    """Replace a text in a file of the trainer folder, which must be there."""
    text = files[at(name)].decode()
    if old not in text:
        raise ValueError(f"{name} has no {old!r}")
    files[at(name)] = text.replace(old, new).encode()


def edit_checkpoint(
    files: Files, change: Callable[[dict[str, Any]], Any], path: str = CHECKPOINT
) -> None:
    """Load a checkpoint with torch, change it, and save it again."""
    import torch

    checkpoint = torch.load(io.BytesIO(files[path]), map_location="cpu", weights_only=False)
    changed = change(checkpoint)
    buffer = io.BytesIO()
    torch.save(checkpoint if changed is None else changed, buffer)
    files[path] = buffer.getvalue()


def edit_pickle(files: Files, old: bytes, new: bytes, count: int = -1) -> None:
    """Replace bytes in a checkpoint's data.pkl and zip it again as torch does: stored."""
    members = inner(files[CHECKPOINT])
    name = next(n for n in members if n.endswith("/data.pkl"))
    if old not in members[name]:
        raise ValueError(f"data.pkl has no {old!r}")
    members[name] = members[name].replace(old, new, count)
    files[CHECKPOINT] = zipped(members, zipfile.ZIP_STORED)


def inner(checkpoint: bytes) -> Files:
    """Return the members of a checkpoint by name."""
    with zipfile.ZipFile(io.BytesIO(checkpoint)) as archive:
        return {info.filename: archive.read(info) for info in archive.infolist()}


def set_everywhere(
    files: Files,
    *,
    plans: Callable[[Any], None] | None = None,
    dataset: Callable[[Any], None] | None = None,
    checkpoint: Callable[[Any], None] | None = None,
) -> None:
    """Change plans.json or dataset.json together with their copies in the checkpoints.

    What results is what nnU-Net would have written, had the model been trained so.
    """
    if plans:
        edit_json(files, "plans.json", plans)
    if dataset:
        edit_json(files, "dataset.json", dataset)

    def change(saved: dict[str, Any]) -> None:
        if plans:
            plans(saved["init_args"]["plans"])
        if dataset:
            dataset(saved["init_args"]["dataset_json"])
        if checkpoint:
            checkpoint(saved)

    for path in [p for p in files if p.endswith(f"/{FINAL}")]:
        edit_checkpoint(files, change, path)
