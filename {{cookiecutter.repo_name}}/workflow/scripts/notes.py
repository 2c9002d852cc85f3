"""What each step was made from and what it made, so that it runs again exactly if that changed.

A finished step leaves a note in the work folder. Snakemake decides by times, settings and the
digests of this module which steps to start; a step that finds its note up to date does nothing.
"""

from __future__ import annotations

import argparse
import ast
import functools
import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from common import read_json, write_json
from listing import state

SCRIPTS = Path(__file__).resolve().parent


@dataclass(frozen=True)
class Note:
    """The note of a finished step, or of a training that has begun."""

    made_from: str
    """A digest of everything that the result depends on."""
    files: Mapping[str, int]
    """What it made: path, from the work folder on -> bytes."""
    run: int = 0
    """Snakemake's number of this run: another one if files were lost since."""
    sources: str = ""
    """The digest of the BIDS files, if the step reads them."""


def note_of(work: Path, step: str) -> Note | None:
    """Return the note of a step, if it has one."""
    try:
        return Note(**read_json(work / "notes" / f"{step}.json"))
    except (OSError, ValueError, TypeError):
        return None


def write_note(work: Path, step: str, note: Note, made: Iterable[Path] = ()) -> None:
    """Write the note of a step that made these files."""
    files = {_place(work, path): state(path)[0] for path in sorted(map(str, made))}
    write_json(work / "notes" / f"{step}.json", asdict(replace(note, files=files or note.files)))


def remove_note(work: Path, step: str) -> None:
    """Remove the note of a step whose result is about to change."""
    (work / "notes" / f"{step}.json").unlink(missing_ok=True)


def lost(work: Path, note: Note) -> list[str]:
    """Return the files of a step that are missing or have another size."""
    return [name for name, known in note.files.items() if state(f"{work}/{name}")[0] != known]


def _place(work: Path, path: str) -> str:
    """Return a path from the work folder on, quickly for what is in it."""
    inside = path.removeprefix(f"{work}/")
    return os.path.relpath(path, work) if inside == path else inside


def is_current(work: Path, step: str, made_from: str, run: int) -> bool:
    """Return whether a step needs nothing; its note then has the number of this run."""
    note = note_of(work, step)
    if note is None or note.made_from != made_from or not note.files or lost(work, note):
        return False
    if note.run != run:
        write_note(work, step, replace(note, run=run))
    return True


# ----------------------------------------------------------------------------- for the Snakefile


def run_number(work: Path, step: str) -> int:
    """Return a number for Snakemake that changes if files of a finished step were lost."""
    note = note_of(work, step)
    if note is None:
        return -1 if (work / "done" / step).exists() else 0
    return note.run + bool(lost(work, note))


def add_run_argument(parser: argparse.ArgumentParser) -> None:
    """Add ``--run``, by which Snakemake gives the number of the run."""
    parser.add_argument("--run", type=int, default=0, help=argparse.SUPPRESS)


# ---------------------------------------------------------------------------------------- digests


def digest(*parts: Any) -> str:
    """Return a digest of values that JSON can express; others count by their text."""
    text = json.dumps(parts, sort_keys=True, default=repr)
    return hashlib.sha256(text.encode()).hexdigest()


def code(script: str) -> str:
    """Return a digest of a script and the modules beside it that it imports."""
    found: dict[str, Any] = {}
    pending = [script]
    while pending:
        name = pending.pop()
        if name not in found and (SCRIPTS / f"{name}.py").is_file():
            found[name] = code_of(SCRIPTS / f"{name}.py")
            pending += _imports(SCRIPTS / f"{name}.py")
    return digest(found)


@functools.cache
def code_of(path: Path) -> str:
    """Return a digest of a Python file, which comments and formatting do not change."""
    return digest(_statements(ast.parse(path.read_bytes())))


@functools.cache
def _imports(path: Path) -> tuple[str, ...]:
    nodes = list(ast.walk(ast.parse(path.read_bytes())))
    named = [node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)]
    whole = [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
    return (*named, *whole)


def _statements(value: Any) -> Any:
    """Return a syntax tree as lists, without what is empty: it differs in versions of Python."""
    if isinstance(value, ast.AST):
        fields = ast.iter_fields(value)
        return [type(value).__name__, *([n, _statements(v)] for n, v in fields if v)]
    return [_statements(item) for item in value] if isinstance(value, list) else repr(value)
