"""What `sct` shows and writes: the pieces of a pull request, a plan, and what was committed."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from ...errors import UsageError
from ...storage.new_file import folder_beside, put_all_in_place
from ...wording import inert
from .branch import Committed
from .entries import write_model, write_task
from .page import FIGURES, figure_name, write_cell, write_entry, write_page, write_substitution
from .plan import GALLERY, SOURCE, TEST, Plan, page_path
from .testing import fitting_test, write_test
from .wanted import Wanted


class Piece(NamedTuple):
    """One piece of a pull request."""

    #: The name of its file.
    name: str
    #: Where it goes in SCT.
    where: str
    text: str


def pieces(wanted: Wanted) -> list[Piece]:
    """Return everything that a pull request for a new model needs."""
    task = wanted.task
    gallery = f"{write_substitution(task)}\n     - {write_cell(task)}\n\n   {write_entry(task)}\n"
    return [
        Piece("models.txt", f"{SOURCE}, in MODELS", write_model(wanted)),
        Piece("tasks.txt", f"{SOURCE}, in TASKS", write_task(wanted)),
        Piece(f"{task}.rst", page_path(task), write_page(task)),
        Piece("gallery.txt", f"{GALLERY}: figure, cell and contents", gallery),
        Piece("test.txt", f"{TEST}, in {fitting_test(wanted)}", write_test(wanted)),
    ]


def as_text(found: Iterable[Piece], by_hand: Iterable[str]) -> str:
    """Return the pieces as text, each below its place."""
    blocks = [f"# {piece.where}\n\n{piece.text}" for piece in found]
    return inert("\n".join([*blocks, *_by_hand(by_hand)]) + "\n")


def write(folder: Path, found: Iterable[Piece], figure: tuple[str, bytes] | None) -> None:
    """Write the pieces into a folder, all of them or none. Raises UsageError."""
    files = {piece.name: piece.text.encode() for piece in found}
    if figure:
        files[figure[0]] = figure[1]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with folder_beside(folder / "x") as temporary:
            for name, data in files.items():
                (temporary / name).write_bytes(data)
            put_all_in_place([(temporary / name, folder / name) for name in files], replace=True)
    except OSError as error:
        raise UsageError(f"can't write {folder}: {error.strerror or error}") from error


def figure_notes(wanted: Wanted, *, has_figure: bool, folder: Path | None) -> list[str]:
    """Return what is left to do about the figure."""
    place = f"{figure_name(wanted.task)} of {FIGURES}"
    if not has_figure:
        return [f"the gallery shows {place}, and the README has no picture: give --figure FILE"]
    if folder is None:
        return [f"the gallery shows {place}: --output FOLDER writes it"]
    return [f"the gallery shows {place}: add {folder / f'{wanted.task}.png'} there"]


def difference(plan: Plan) -> str:
    """Return a plan as a difference of files."""
    return inert("".join(_differences(plan.files)))


def _differences(files: Mapping[str, tuple[bytes | None, bytes]]) -> Iterator[str]:
    for path, (old, new) in files.items():
        names = (f"a/{path}" if old is not None else "/dev/null", f"b/{path}")
        for line in difflib.unified_diff(_lines(old or b""), _lines(new), *names):
            yield line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"


def _lines(data: bytes) -> list[str]:
    text = data.decode(errors="backslashreplace").replace("\r\n", "\n")
    return [f"{line}\n" for line in text.removesuffix("\n").split("\n")] if text else []


def counted(plan: Plan) -> list[str]:
    """Return each file of a plan, with the lines that are added and removed."""
    found = []
    for path, (old, new) in plan.files.items():
        lines = list(difflib.unified_diff(_lines(old or b""), _lines(new)))[2:]
        added = sum(line.startswith("+") for line in lines)
        removed = sum(line.startswith("-") for line in lines)
        found.append(f"  {path}  +{added} -{removed}")
    return found


def committed(plan: Plan, done: Committed, base: str) -> str:
    """Describe a commit, and what is left to do."""
    if done.was_there:
        return f"nothing to do: the branch {done.branch} has it ({done.commit[:7]})\n"
    head = f"{plan.title}: {done.commit[:7]} on the new branch {done.branch}, after {base[:7]}"
    return inert("\n".join([head, *counted(plan), *_by_hand(plan.by_hand)]) + "\n")


def _by_hand(notes: Iterable[str]) -> list[str]:
    found = [f"  {note}" for note in notes]
    return ["left to do:", *found] if found else []
