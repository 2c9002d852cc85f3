"""Checkpoints for the tests: the genuine one, and others made from it by one change."""

from __future__ import annotations

import io
import pickle
import zipfile
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from model_lint.checkpoint.reader import File

MODEL = Path(__file__).parent / "data" / "nnUNetTrainerTiny__nnUNetPlans__2d"
GENUINE = MODEL / "fold_0" / "checkpoint_final.pth"
PREFIX = "checkpoint_final"


@cache
def file_of(data: bytes, *, random_access: bool = True) -> File:
    """Return bytes as a file to read a checkpoint from."""
    return File(lambda: io.BytesIO(data), len(data), random_access)


def genuine() -> bytes:
    return GENUINE.read_bytes()


@cache
def genuine_pickle() -> bytes:
    return member(genuine(), "data.pkl")


def member(data: bytes, name: str) -> bytes:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        prefix = archive.namelist()[0].partition("/")[0]
        return archive.read(f"{prefix}/{name}")


def saved(value: Any, *, protocol: int = 2) -> bytes:
    """What torch writes for a value."""
    import torch

    out = io.BytesIO()
    torch.save(value, out, pickle_protocol=protocol)
    return out.getvalue()


def resaved(change: Callable[[dict[str, Any]], object], *, protocol: int = 2) -> bytes:
    """The genuine checkpoint, loaded, changed and saved by torch."""
    import torch

    content = torch.load(io.BytesIO(genuine()), weights_only=False)
    change(content)
    return saved(content, protocol=protocol)


def wrapped(content: dict[str, Any], prefix: str) -> None:
    """Name the weights as the state of a network inside wrappers does."""
    weights = content["network_weights"]
    named = type(weights)((prefix + name, tensor) for name, tensor in weights.items())
    outer: dict[str, Any] = {".".join(prefix.split(".")[:n]): {} for n in range(prefix.count("."))}
    inner = {(prefix + name).rstrip("."): version for name, version in weights._metadata.items()}
    named._metadata = type(weights)(outer | inner)
    content["network_weights"] = named


def rezipped(
    data: bytes,
    changes: Mapping[str, bytes | None] | None = None,
    *,
    method: int = zipfile.ZIP_STORED,
    order: Callable[[str], Any] | None = None,
) -> bytes:
    """The checkpoint zipped anew; ``changes`` has members to replace, add or (None) leave out.

    Names in ``changes`` are below the prefix, unless they begin with ``/``.
    """
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    prefix = next(iter(members)).partition("/")[0]
    for name, content in (changes or {}).items():
        full = name[1:] if name.startswith("/") else f"{prefix}/{name}"
        if content is None:
            del members[full]
        else:
            members[full] = content
    names = sorted(members, key=order) if order else list(members)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name in names:
            archive.writestr(name, members[name])
    return out.getvalue()


def with_pickle(data: bytes) -> bytes:
    """The genuine checkpoint with other bytes as its data.pkl."""
    return rezipped(genuine(), {"data.pkl": data})


class Calls:
    """Pickles as a call of a global with arguments."""

    def __init__(self, function: Callable[..., object], *arguments: object) -> None:
        self._reduced = (function, arguments)

    def __reduce__(self) -> tuple[Callable[..., object], tuple[object, ...]]:
        return self._reduced


def dumped(value: object, protocol: int = 2) -> bytes:
    return pickle.dumps(value, protocol)


@cache
def slim(fold: int = 0) -> bytes:
    """The checkpoint of a fold with what inference reads and nothing else, as torch writes it."""
    import torch

    content = torch.load(MODEL / f"fold_{fold}" / GENUINE.name, weights_only=False)
    arguments = {key: content["init_args"][key] for key in ("configuration", "fold")}
    keys = ("network_weights", "trainer_name", "inference_allowed_mirroring_axes")
    return saved({key: content[key] for key in keys} | {"init_args": arguments})


def changed_slim(change: Callable[[dict[str, Any]], object], fold: int = 0) -> bytes:
    """The slim checkpoint of a fold, loaded, changed and saved by torch."""
    import torch

    content = torch.load(io.BytesIO(slim(fold)), weights_only=True)
    change(content)
    return saved(content)
