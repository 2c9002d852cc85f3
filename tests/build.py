"""Packages for tests: the genuine model of ``tests/data``, changed in one place, and linted.

    path = package(tmp_path, dataset({"image_orientation": "rpi"}))
    assert [f.code for f in findings(path, "D")] == ["D004"]

A change is a function that alters the files of a package in place. Paths in changes are relative to
the trainer folder; with a leading ``/`` they are relative to the top of the zip.
"""

from __future__ import annotations

import io
import json
import struct
import warnings
import zipfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import model_lint
from model_lint.findings import DEFAULT_CONSUMERS, Consumer, Finding, Severity
from model_lint.lint import Options, lint, select_rules
from model_lint.models.reading import Reading
from model_lint.models.target import Given, Target, load_target
from model_lint.privacy import scrub
from model_lint.rules import all_rules
from model_lint.storage.depth import Depth

TRAINER = "nnUNetTrainerTiny__nnUNetPlans__2d"
MODEL = Path(__file__).parent / "data" / TRAINER
#: The name of a package to which no rule objects.
NAME = "model_seg_sc-gm_t2star-r20261123.zip"
#: A trainer that nnU-Net ships.
STOCK = "nnUNetTrainer__nnUNetPlans__2d"
#: The checkpoints of the genuine model's two folds.
CHECKPOINT = "fold_0/checkpoint_final.pth"
SECOND = "fold_1/checkpoint_final.pth"

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
#: Changes a value: by a function of it, or by keys to set (ABSENT takes one out). What the function
#: returns replaces the value, unless it is None.
Edit = Callable[[Any], Any] | dict[str, Any]


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
    """Return the files of the genuine model by path, changed.

    It has two folds, 0 and 1; others repeat the first one.
    """
    files = {path: data for path, data in _genuine() if "/fold_" not in path}
    for fold in folds:
        source, target = f"/fold_{int(fold == 1)}/", f"/fold_{fold}/"
        files |= {p.replace(source, target): data for p, data in _genuine() if source in p}
    files = dict(sorted(files.items()))
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


Entries = Iterable[tuple[str | zipfile.ZipInfo, bytes]]


def write_zip(path: Path, files: Entries) -> Path:
    """Write a zip of these entries, in order; names that end in ``/`` are folders."""
    path.write_bytes(zipped(files))
    return path


def zipped(files: Entries, method: int = zipfile.ZIP_STORED) -> bytes:
    """Return a zip of these entries, in order; those with a ``ZipInfo`` are written as it says."""
    out = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(out, "w", method, compresslevel=1) as archive:
        warnings.simplefilter("ignore")  # duplicate names are meant
        for name, data in files:
            archive.writestr(name, data)
    return out.getvalue()


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
    return load_target(str(path), Given(name, reading=Reading(depth)))


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


def only(*paths: str) -> Change:
    """Take out all but these files."""
    return lambda files: drop(*(f"/{path}" for path in {*files} - {*map(full, paths)}))(files)


def drop(*paths: str) -> Change:
    """Take out files, and folders with all that is in them."""

    def change(files: Files) -> None:
        for path in map(full, paths):
            for found in [p for p in files if p == path or p.startswith(f"{path.rstrip('/')}/")]:
                del files[found]

    return change


def move(old: str, new: str) -> Change:
    """Rename a file or a folder."""

    return _renamed(lambda path: _elsewhere(path, old, new))


def copy(old: str, new: str) -> Change:
    """Add a file or a folder again under another name."""

    def change(files: Files) -> None:
        for path in [*files]:
            files[_elsewhere(path, old, new)] = files[path]

    return change


def _elsewhere(path: str, old: str, new: str) -> str:
    """Return where a path is when a file or folder around it has another name."""
    source, target = full(old).rstrip("/"), full(new).rstrip("/")
    if not f"{path}/".startswith(f"{source}/"):
        return path
    return f"{target}{path[len(source) :]}".lstrip("/")


def rename_trainer(name: str) -> Change:
    """Give the trainer folder another name."""
    return move(f"/{TRAINER}", f"/{name}")


def inside(wrapper: str) -> Change:
    """Put everything into a folder, or into several, one in the other."""

    return _renamed(lambda path: f"{wrapper}/{path}")


def _renamed(new: Callable[[str], str]) -> Change:
    def change(files: Files) -> None:
        renamed = {new(path): data for path, data in files.items()}
        files.clear()
        files.update(renamed)

    return change


def rewrite(path: str, change: Callable[[bytes], bytes]) -> Change:
    """Change the bytes of a file."""
    return lambda files: files.update({full(path): change(files[full(path)])})


def replace(path: str, old: str, new: str) -> Change:
    """Replace a text in a file, which must be there."""

    def changed(data: bytes) -> bytes:
        assert old in data.decode(), f"{path} has no {old!r}"
        return data.decode().replace(old, new).encode()

    return rewrite(path, changed)


def edit(path: str, change: Edit) -> Change:
    """Change a JSON file."""
    return rewrite(
        path, lambda data: json.dumps(applied(change, json.loads(data)), indent=4).encode()
    )


def applied(change: Edit, value: Any) -> Any:
    """Return a value after a change of it."""
    if not callable(change):
        value.update(change)
        for key in [key for key, held in value.items() if held is ABSENT]:
            del value[key]
        return value
    returned = change(value)
    return value if returned is None else returned


class Absent:
    """Stands for a key that is taken out."""

    def __repr__(self) -> str:
        """Return the same in every process: names of tests are made of it."""
        return "absent"


#: As a value for ``edit``: take the key out.
ABSENT = Absent()


def dataset(change: Edit) -> Change:
    """Change ``dataset.json``."""
    return edit("dataset.json", change)


def plans(change: Edit) -> Change:
    """Change ``plans.json``."""
    return edit("plans.json", change)


def configuration(change: Edit, name: str = "2d") -> Change:
    """Change a configuration in ``plans.json``."""
    return plans(lambda value: _in_place(change, value["configurations"][name]))


def architecture(change: Edit) -> Change:
    """Change the description of the network in ``plans.json``."""
    return configuration(lambda held: _in_place(change, held["architecture"]))


def network(change: Edit) -> Change:
    """Change the arguments of the network in ``plans.json``."""
    return architecture(lambda held: _in_place(change, held["arch_kwargs"]))


def _in_place(change: Edit, value: Any) -> None:
    applied(change, value)


def saved(change: Edit, path: str = CHECKPOINT) -> Change:
    """Load a checkpoint with torch, change what it holds as ``edit`` does, and save it again."""

    def changed(data: bytes) -> bytes:
        import torch

        content = torch.load(io.BytesIO(data), map_location="cpu", weights_only=False)
        out = io.BytesIO()
        torch.save(applied(change, content), out)
        return out.getvalue()

    return rewrite(path, changed)


def trained(
    *,
    plans: Edit | None = None,
    dataset: Edit | None = None,
    checkpoint: Callable[[Any], Any] = lambda _: None,
) -> Change:
    """Change ``plans.json`` or ``dataset.json`` together with their copies in the checkpoints.

    What results is what nnU-Net would have written, had the model been trained so.
    """

    def content(held: Any) -> None:
        _in_place(plans or {}, held["init_args"]["plans"])
        _in_place(dataset or {}, held["init_args"]["dataset_json"])
        checkpoint(held)

    def change(files: Files) -> None:
        for name, one in (("plans.json", plans), ("dataset.json", dataset)):
            if one:
                edit(name, one)(files)
        for path in [p for p in files if p.endswith("/checkpoint_final.pth")]:
            saved(content, f"/{path}")(files)

    return change


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
    """One change of the genuine package, and what is said about it: by rules, by consumers."""

    #: The rule that the case is about; empty where the consumers alone judge it.
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
    #: Its name in ``consumers/disagreements.toml``, where the consumers judge it too.
    judged: str = ""
    #: The name of the case whose masks it must reproduce; empty where its masks are its own.
    like: str = "one-fold"
    #: Masks that have another name here, by their name in ``like``.
    renamed: Mapping[str, str] = field(default_factory=dict)
    #: Masks that only this case has and that must be empty.
    empty: tuple[str, ...] = ()
    #: Whether the documentation shows it for its rule, in place of the first one that fires.
    example: bool = False
    #: Builds the same without the change.
    valid: Callable[[Path], Path] = package

    def __str__(self) -> str:
        return f"{self.code or self.judged}-{self.what.replace(' ', '-')}"


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


def judged(
    name: str,
    what: str,
    *changes: Change,
    folds: Iterable[int] = (0,),
    zip_name: str = NAME,
    **how: Any,
) -> Case:
    """Return a case of the genuine package, compressed, that the consumers judge."""
    return of_bytes(
        name,
        what,
        lambda files: zipped(files.items(), zipfile.ZIP_DEFLATED),
        *changes,
        folds=folds,
        zip_name=zip_name,
        **how,
    )


def of_bytes(
    name: str,
    what: str,
    make: Callable[[Files], bytes],
    *changes: Change,
    folds: Iterable[int] = (0,),
    zip_name: str = NAME,
    **how: Any,
) -> Case:
    """Return a case that the consumers judge, of the bytes that are made of the files."""

    def build(folder: Path) -> Path:
        path = folder / zip_name
        path.write_bytes(make(genuine(*changes, folds=folds)))
        return path

    return Case("", what, build, judged=name, **how)


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
