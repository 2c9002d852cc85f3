"""What changes in a checkout of SCT: files by path, and what is left to do by hand."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from ...errors import UsageError
from ...storage.limits import MAX_SCRIPT_BYTES
from ...wording import printable
from .describe import Described
from .entries import add_model, add_task, applied, update
from .existing import MODELS, Entry, Known, read_known, require_free_task
from .page import Unfit, add_to_gallery, retired_line, write_page
from .source import Source
from .testing import add_test
from .wanted import Wanted, addresses

_DOCUMENTATION = "documentation/source/user_section/command-line"
SOURCE = "spinalcordtoolbox/deepseg/models.py"
GALLERY = f"{_DOCUMENTATION}/sct_deepseg.rst"
CITING = "documentation/source/user_section/citing_sct.rst"
TEST = "testing/cli/test_sct_deepseg.py"

#: Reads a file of SCT; None if it is missing.
Read = Callable[[str], bytes | None]


def page_path(task: str) -> str:
    """Return the path of a task's page."""
    return f"{_DOCUMENTATION}/deepseg/{task}.rst"


class Plan(NamedTuple):
    """The files that change, and what is left to do."""

    #: What it does, in a line: the subject of the commit.
    title: str
    #: The bytes of each file, with those before; None for a new file.
    files: Mapping[str, tuple[bytes | None, bytes]]
    by_hand: tuple[str, ...] = ()
    #: The name of the branch.
    branch: str = ""
    #: Whether it adds a task.
    is_new: bool = False


def read_models(read: Read, shown: str) -> Known:
    """Return the models of an SCT. Raises UsageError."""
    data = read(SOURCE)
    if data is None:
        raise UsageError(f"{shown}: no {SOURCE}; is it a checkout of SCT?")
    return read_known(Source(SOURCE, data))


def make_plan(read: Read, known: Known, described: Described, web: str) -> Plan:
    """Return what changes for a model: a new one in four files, a known one in one line.

    Raises UsageError, before anything is changed.
    """
    wanted = described.wanted
    entry = known.entry(MODELS, wanted.model)
    task = known.task_of(wanted.model)
    if task is None:
        described.require_complete()
        require_free_task(known, wanted.task, wanted.model)
    changes = update(entry, wanted, web) if entry else [add_model(known, wanted)]
    changes += [] if task else [add_task(known, wanted)]
    files: dict[str, tuple[bytes | None, bytes]] = {}
    if changes:
        data = applied(known.source, changes)
        files[SOURCE] = (read(SOURCE), data)
    by_hand = _mirrors(files[SOURCE][1], wanted, web) if entry and changes else []
    if task:
        by_hand += _link(task, wanted)
        title = f"Update {wanted.model} to {printable(wanted.tag)}"
        return Plan(title, files, tuple(by_hand), f"update-{wanted.model}-{wanted.tag}")
    by_hand += _folds(wanted) + _add_documents(read, wanted, files) + _lists(read, wanted)
    title = f"Add the task {wanted.task}"
    return Plan(title, files, tuple(by_hand), f"add-{wanted.task}", is_new=True)


def _add_documents(
    read: Read, wanted: Wanted, files: dict[str, tuple[bytes | None, bytes]]
) -> list[str]:
    """Add the page, the gallery and the test to the files; return what could not be added."""
    by_hand: list[str] = []
    page, gallery = page_path(wanted.task), read(GALLERY)
    newline = "\r\n" if gallery and b"\r\n" in gallery else "\n"
    if read(page) is None:
        files[page] = (None, write_page(wanted.task).replace("\n", newline).encode())
    for path, change in ((GALLERY, _with_cell), (TEST, _with_test)):
        old = read(path)
        try:
            new = change(old, wanted)
        except (Unfit, UsageError) as error:
            by_hand.append(f"{path}: add the task by hand: {error}")
            continue
        if old is not None and new != old:
            files[path] = (old, new)
    return by_hand


def _with_cell(old: bytes | None, wanted: Wanted) -> bytes:
    if old is None:
        raise Unfit("there is no such file")
    if len(old) > MAX_SCRIPT_BYTES:
        raise Unfit(f"it is larger than {MAX_SCRIPT_BYTES} bytes")
    # Bytes that are not UTF-8 stay as they are.
    text = add_to_gallery(old.decode(errors="surrogateescape"), wanted.task, wanted.group)
    return text.encode(errors="surrogateescape")


def _with_test(old: bytes | None, wanted: Wanted) -> bytes:
    if old is None:
        raise Unfit("there is no such file")
    source = Source(TEST, old)
    change = add_test(source, wanted)
    return applied(source, [change]) if change else old


def _lists(read: Read, wanted: Wanted) -> list[str]:
    """Return where SCT's documentation lists tasks in words that only a person can write."""
    gallery, citing = ((read(path) or b"").decode(errors="replace") for path in (GALLERY, CITING))
    by_hand: list[str] = []
    if line := retired_line(gallery, wanted.task):
        by_hand.append(
            f"{GALLERY}, line {line}: {wanted.task} is listed as retired; remove that row, or give "
            "another name with --task"
        )
    reference = f":ref:`sct_deepseg_{wanted.task}`"
    if wanted.citation and citing and reference not in citing:
        by_hand.append(f"{CITING}: add {reference}, with its paper, to the table of the tasks")
    return by_hand


def _mirrors(data: bytes, wanted: Wanted, web: str) -> list[str]:
    """Return the addresses elsewhere that stay, and may have the old model."""
    entry = read_known(Source(SOURCE, data)).entry(MODELS, wanted.model)
    begins = f"{web}/{wanted.repository}/".lower()
    new = set(addresses(wanted.url))
    found = [one for one in addresses(entry.value("url") if entry else None) if one not in new]
    others = [one for one in found if not one.lower().startswith(begins)]
    return [f"{other}: a mirror of another version, unless it changed too" for other in others]


def _link(task: Entry, wanted: Wanted) -> list[str]:
    """Return the page that a task links to, if it is not that of the repository."""
    url = task.readable("url")
    if not isinstance(url, str) or url.rstrip("/").lower() == wanted.page.lower():
        return []
    return [
        f"{SOURCE}, line {task.line_of('url')}: the task {task.name} links to {url}, but the model "
        f"is of {wanted.page}"
    ]


def _folds(wanted: Wanted) -> list[str]:
    if not isinstance(wanted.url, Mapping):
        return []
    return [
        f"{SOURCE}: `install_model` unpacks the zips of folds into one folder only for the models "
        f"that it names; add {wanted.model}"
    ]
