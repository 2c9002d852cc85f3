"""Packages for tests: the genuine model of ``tests/data``, changed in one place, and linted.

    path = package(tmp_path, dataset({"image_orientation": "rpi"}))
    assert [f.code for f in findings(path, "D")] == ["D004"]

A change is a function that alters the files of a package in place. Paths in changes are relative to
the trainer folder; with a leading ``/`` they are relative to the top of the zip.
"""

from __future__ import annotations

import json
import struct
import warnings
import zipfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import model_lint
from model_lint.findings import DEFAULT_CONSUMERS, Consumer, Finding, Severity
from model_lint.lint import Options, lint, select_rules
from model_lint.models.reading import Reading
from model_lint.models.target import Target, load_target
from model_lint.privacy import scrub
from model_lint.rules import all_rules
from model_lint.storage.depth import Depth

TRAINER = "nnUNetTrainerTiny__nnUNetPlans__2d"
MODEL = Path(__file__).parent / "data" / TRAINER
#: The name of a package to which no rule objects.
NAME = "model_seg_sc-gm_t2star-r20261123.zip"
#: A trainer that nnU-Net ships.
STOCK = "nnUNetTrainer__nnUNetPlans__2d"

#: Begins a program that is to be stopped by a signal: what runs in the background (nohup, CI)
#: passes on that these are ignored.
LISTEN = (
    "import signal\n"
    "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
    "signal.signal(signal.SIGTERM, signal.SIG_DFL)\n"
    "signal.signal(signal.SIGHUP, signal.SIG_DFL)\n"
)

Files = dict[str, bytes]
Change = Callable[[Files], None]


@cache
def _genuine() -> tuple[tuple[str, bytes], ...]:
    paths = sorted(p for p in MODEL.rglob("*") if p.is_file() and p.suffix != ".pyc")
    return tuple((p.relative_to(MODEL.parent).as_posix(), _published(p)) for p in paths)


def _published(path: Path) -> bytes:
    """Return a file as it is published: nnU-Net's records name the machine and its folders."""
    data = path.read_bytes()
    if path.suffix == ".txt" or path.name == "debug.json":
        return scrub(data.decode()).encode()
    return data


def genuine(*changes: Change, folds: Iterable[int] = (0,)) -> Files:
    """Return the files of the genuine model by path, with some of its two folds, changed."""
    keep = {f"fold_{fold}" for fold in folds}
    files = {
        path: data
        for path, data in _genuine()
        if not path.split("/")[1].startswith("fold_") or path.split("/")[1] in keep
    }
    for change in changes:
        change(files)
    return files


def package(folder: Path, *changes: Change, name: str = NAME, folds: Iterable[int] = (0,)) -> Path:
    """Write a zip of the genuine model with these changes, and return its path."""
    return write_zip(folder / name, genuine(*changes, folds=folds).items())


def unpacked(folder: Path, *changes: Change, folds: Iterable[int] = (0,)) -> Path:
    """Write the genuine model with these changes as a folder, and return the folder around it."""
    for path, data in genuine(*changes, folds=folds).items():
        if path.endswith("/"):
            (folder / path).mkdir(parents=True, exist_ok=True)
            continue
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)
    return folder


def write_zip(path: Path, files: Iterable[tuple[str | zipfile.ZipInfo, bytes]]) -> Path:
    """Write a zip of these entries, in order; names that end in ``/`` are folders."""
    with warnings.catch_warnings(), zipfile.ZipFile(path, "w") as archive:
        warnings.simplefilter("ignore")  # duplicate names are meant
        for name, data in files:
            archive.writestr(name, data)
    return path


def load(
    path: Path,
    *,
    name: str | None = None,
    deep: bool = False,
    quick: bool = False,
    weights: bool = True,
) -> Target:
    """Read a target as the command line does, or without looking into checkpoints."""
    read = Depth.START if quick else Depth.END
    depth = Depth.ALL if deep else read if weights else Depth.NONE
    return load_target(str(path), name, reading=Reading(depth))


def findings(
    path: Path,
    *selectors: str,
    name: str | None = None,
    weights: bool = True,
    deep: bool = False,
    quick: bool = False,
    consumers: tuple[Consumer, ...] = DEFAULT_CONSUMERS,
) -> list[Finding]:
    """Lint a path with the rules of these codes or prefixes, all of them without any.

    Without ``weights`` no checkpoint is looked into, which is most of the time that a check takes.
    """
    rules = select_rules(all_rules(), select=selectors)
    target = load(path, name=name, deep=deep, quick=quick, weights=weights)
    return list(lint(target, Options(rules, consumers=consumers)).findings)


def load_schema(name: str) -> Any:
    """Return one of the schemas that model-lint publishes."""
    path = Path(model_lint.__path__[0]) / "schemas" / f"{name}.schema.json"
    return json.loads(path.read_text(encoding="utf-8"))


# Changes


def full(path: str) -> str:
    """Return the path in the zip that a path in a change means."""
    return path[1:] if path.startswith("/") else f"{TRAINER}/{path}"


def put(path: str, data: bytes | str = b"") -> Change:
    """Add or replace a file; a path that ends in ``/`` is an empty folder."""
    raw = data.encode() if isinstance(data, str) else data
    return lambda files: files.update({full(path): raw})


def drop(*paths: str) -> Change:
    """Take out files, and folders with all that is in them."""

    def change(files: Files) -> None:
        for path in map(full, paths):
            for found in [p for p in files if p == path or p.startswith(f"{path.rstrip('/')}/")]:
                del files[found]

    return change


def move(old: str, new: str) -> Change:
    """Rename a file or a folder."""

    def change(files: Files) -> None:
        source, target = full(old), full(new)
        for path in [p for p in files if p == source or p.startswith(f"{source}/")]:
            files[target + path[len(source) :]] = files.pop(path)

    return change


def rename_trainer(name: str) -> Change:
    """Give the trainer folder another name."""
    return move(f"/{TRAINER}", f"/{name}")


def inside(wrapper: str) -> Change:
    """Put everything into a folder, or into several, one in the other."""

    def change(files: Files) -> None:
        for path in [*files]:
            files[f"{wrapper}/{path}"] = files.pop(path)

    return change


def edit(path: str, change: Callable[[Any], Any] | dict[str, Any]) -> Change:
    """Change a JSON file: by a function of its value, or by keys to set (None takes one out)."""

    def changed(files: Files) -> None:
        value = json.loads(files[full(path)])
        if isinstance(change, dict):
            value |= change
            value = {key: v for key, v in value.items() if v is not ABSENT}
        else:
            value = change(value) or value
        files[full(path)] = json.dumps(value, indent=4).encode()

    return changed


class Absent:
    """Stands for a key that is taken out."""

    def __repr__(self) -> str:
        """Return the same in every process: names of tests are made of it."""
        return "absent"


#: As a value for ``edit``: take the key out.
ABSENT = Absent()


def dataset(change: Callable[[Any], Any] | dict[str, Any]) -> Change:
    """Change ``dataset.json``."""
    return edit("dataset.json", change)


def plans(change: Callable[[Any], Any] | dict[str, Any]) -> Change:
    """Change ``plans.json``."""
    return edit("plans.json", change)


# Zips that zipfile does not write


def patch_entry(
    path: Path, name: str, *, flags: int | None = None, method: int | None = None
) -> Path:
    """Set the flags or the method of an entry, in its local header and in the directory."""
    data = bytearray(path.read_bytes())
    with zipfile.ZipFile(path) as archive:
        local = archive.getinfo(name).header_offset
        central = archive.start_dir
    while bytes(data[central : central + 4]) == b"PK\1\2":
        lengths = struct.unpack_from("<HHH", data, central + 28)
        if bytes(data[central + 46 : central + 46 + lengths[0]]) == name.encode():
            break
        central += 46 + sum(lengths)
    for value, at_local, at_central in ((flags, 6, 8), (method, 8, 10)):
        if value is not None:
            struct.pack_into("<H", data, local + at_local, value)
            struct.pack_into("<H", data, central + at_central, value)
    path.write_bytes(data)
    return path


# Cases


@dataclass(frozen=True)
class Case:
    """One change of the genuine package, and what the rules of its family say about it."""

    #: The rule that the case is about.
    code: str
    #: What was changed, for the test's name.
    what: str
    #: Builds the target in a folder and returns its path.
    build: Callable[[Path], Path]
    fires: bool = True
    severity: Severity | None = None
    #: Part of the message.
    says: str = ""
    #: The path in the zip at which the finding is placed.
    at: str | None = None
    line: int | None = None
    #: Codes of the other findings: other defects that the change makes.
    also: frozenset[str] = frozenset()
    #: ``--name``.
    name: str | None = None
    #: ``--deep`` and ``--quick``.
    deep: bool = False
    quick: bool = False
    #: ``--for``.
    consumers: tuple[Consumer, ...] = DEFAULT_CONSUMERS

    def __str__(self) -> str:
        return f"{self.code}-{self.what.replace(' ', '-')}"


def changed(
    code: str,
    what: str,
    *changes: Change,
    folds: Iterable[int] = (0,),
    zip_name: str = NAME,
    **more: Any,
) -> Case:
    """Return a case of the genuine package with these changes."""
    more["also"] = frozenset(more.get("also", ()))
    return Case(
        code, what, lambda folder: package(folder, *changes, folds=folds, name=zip_name), **more
    )


def assert_case(case: Case, folder: Path, *families: str) -> None:
    """Lint a case with the rules of these families: its rule fires once as told, or none does."""
    weights = bool({"C", "K", "P"} & set(families))
    path = case.build(folder)
    found = findings(
        path,
        *families,
        name=case.name,
        weights=weights,
        deep=case.deep,
        quick=case.quick,
        consumers=case.consumers,
    )
    codes = {f.code for f in found}
    assert codes == ({case.code} if case.fires else set()) | case.also, found
    if not case.fires:
        return
    first = next(f for f in found if f.code == case.code)
    assert case.says in first.message, first
    assert "\n" not in first.message + first.help
    if case.severity:
        assert first.severity is case.severity, first
    if case.at is not None:
        assert first.location.endswith(case.at), first
    if case.line is not None:
        assert first.line == case.line, first
