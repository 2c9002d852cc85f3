"""The texts of a package, which may contain paths, names and passwords.

Only the beginning and the end of a long text are read: nnU-Net logs the machine and folders when a
training starts and cases when it ends; the lines between them are the numbers of each epoch. With
``--deep`` long texts are read whole.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from ..storage.limits import (
    MAX_EXCERPT_BYTES,
    MAX_TEXTS,
    MAX_TEXTS_TOTAL,
    MAX_WHOLE_BYTES,
    MAX_WHOLE_TOTAL,
)
from ..storage.tree import Entry, Tree, TreeError, read_ends
from .unreadable import Unreadable, unread

if TYPE_CHECKING:
    from ..privacy import Leak

_SUFFIXES = (
    *(".json", ".txt", ".log", ".out", ".err", ".yaml", ".yml", ".toml", ".ini", ".cfg", ".env"),
    *(".py", ".sh", ".bash", ".slurm", ".csv", ".tsv", ".xml", ".html", ".ipynb", ".pem", ".key"),
    *(".md", ".rst"),
)
#: Texts for readers, which may contain an address or the example of a subject.
_DOCUMENTS = ("readme", "license", "licence", "copying", "citation", "changelog", "changes")


class _Text(NamedTuple):
    path: str
    text: str
    #: Lines of its beginning if the middle is left out; None if it was read whole.
    beginning: int | None = None
    unreadable: Unreadable | None = None


class TextFile(_Text):
    """A text of the package, as far as it was read."""

    def line(self, number: int) -> int | None:
        """Return the line number in the file for one in the text; None if it is not known."""
        return number if self.beginning is None or number <= self.beginning else None

    @property
    def is_document(self) -> bool:
        """Whether it is a README, a licence or the like."""
        name = self.path.rpartition("/")[2].lower()
        return name.startswith(_DOCUMENTS) or name.endswith((".md", ".rst"))

    @property
    def is_log(self) -> bool:
        """Whether nnU-Net wrote it, so that nobody chose its content."""
        return _is_log(self.path)

    @cached_property
    def leaks(self) -> tuple[Leak, ...]:
        """The private things in it; a case that is named often is not listed at every place."""
        from ..privacy import find_leaks  # noqa: PLC0415 - not every command needs it

        return find_leaks(self.text, search_names_everywhere=False)


def read_texts(
    tree: Tree, known: Mapping[str, str], *, whole: bool = False
) -> tuple[TextFile, ...]:
    """Return the texts of a tree; those that are ``known`` are not read again. Never raise.

    With ``whole`` long texts are read whole, up to MAX_WHOLE_BYTES each (half of it at both ends of
    a longer one) and MAX_WHOLE_TOTAL together; the rest is read as without ``whole``.
    """
    texts: list[TextFile] = []
    held = 0
    left = MAX_WHOLE_TOTAL if whole else 0
    for path in islice(_texts(tree, known), MAX_TEXTS):
        entry = tree.files[path]
        text = excerpt(path, known[path]) if path in known else _read(tree, entry)
        held += len(text.text)
        if text.beginning is not None and min(entry.size, MAX_WHOLE_BYTES) <= left:
            more = _read(tree, entry, MAX_WHOLE_BYTES // 2)
            left -= len(more.text)
            # The ends were readable and the middle is not: it is damaged, which an archive rule
            # reports.
            text = text._replace(unreadable=more.unreadable) if more.unreadable else more
        texts.append(text)
        if held > MAX_TEXTS_TOTAL:
            break
    return tuple(texts)


def _texts(tree: Tree, known: Mapping[str, str]) -> Iterator[str]:
    """Yield the paths of the texts: those that are known first, then nnU-Net's logs."""
    yield from (path for path in tree.files if path in known)
    logs = [path for path in tree.files if _is_log(path) and is_text(path)]
    yield from (path for path in logs if path not in known)
    first = {*known, *logs}
    yield from (path for path in tree.files if path not in first and is_text(path))


def excerpt(path: str, text: str) -> TextFile:
    """Return a text, or the beginning and the end of a long one, cut between two lines."""
    if len(text) <= 2 * MAX_EXCERPT_BYTES:
        return TextFile(path, text)
    return _joined(path, text[:MAX_EXCERPT_BYTES], text[-MAX_EXCERPT_BYTES:])


def _read(tree: Tree, entry: Entry, ends: int = MAX_EXCERPT_BYTES) -> TextFile:
    try:
        parts = read_ends(tree, entry, ends)
    except TreeError as error:
        return TextFile(entry.path, "", unreadable=unread(error))
    texts = [part.decode(errors="replace").replace("\r\n", "\n") for part in parts]
    return _joined(entry.path, *texts) if len(texts) > 1 else TextFile(entry.path, texts[0])


def _joined(path: str, beginning: str, end: str) -> TextFile:
    """Join two parts of a text at whole lines: half a path would look like another one."""
    first = beginning[: beginning.rfind("\n") + 1] or f"{beginning}\n"
    last = end.partition("\n")[2]
    return TextFile(path, first + last, beginning=first.count("\n"))


def is_text(path: str) -> bool:
    """Return whether a file is read as text, by its name."""
    *folders, name = path.lower().split("/")
    if not name.endswith(_SUFFIXES) and not name.startswith(_DOCUMENTS):
        return False
    # macOS's notes about a file have the file's suffix, but are not text.
    return "__macosx" not in folders and not name.startswith("._")


def _is_log(path: str) -> bool:
    name = path.rpartition("/")[2]
    return name in {"debug.json", "summary.json"} or name.startswith("training_log")
