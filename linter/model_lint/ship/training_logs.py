"""nnU-Net's logs and pictures of a training, without private things."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from ..privacy import scrub_all
from .log_text import decoded, encoded
from .png import notes_in, strip_notes
from .removed import Leaks
from .results_folder import names_in, read_file

#: The files of a fold in the specification's tree, without the checkpoint.
_LOGS = re.compile(r"debug\.json|progress\.png|training_log_[A-Za-z0-9_.+-]*\.(?:txt|png)")


@dataclass(frozen=True)
class TrainingLogs:
    """Logs, ``debug.json`` and pictures of all folds."""

    #: By path in the trainer folder, pictures first.
    clean: dict[str, bytes]
    #: The texts as nnU-Net wrote them, with all that is private.
    texts: dict[str, str]
    #: What was removed, by path.
    removed: dict[str, Leaks]
    #: Pictures that are not valid.
    unreadable: tuple[str, ...]


def is_log(name: str) -> bool:
    """Return whether a file of a fold with this name is packed, apart from the checkpoint."""
    return _LOGS.fullmatch(name) is not None


def read_logs(folder: Path, folds: list[str]) -> TrainingLogs:
    """Read and scrub the logs and pictures in the folds of a trainer folder. Raises UsageError."""
    paths = [
        f"{fold}/{name}"
        for fold in folds
        for name in names_in(folder / fold)
        if is_log(name) and (folder / fold / name).is_file()
    ]
    pictures = {p: _picture(read_file(folder / p)) for p in paths if p.endswith(".png")}
    texts = {p: decoded(read_file(folder / p)) for p in paths if p not in pictures}
    valid = {path: picture for path, picture in pictures.items() if picture}
    notes = {path: notes for path, (_, notes) in valid.items()}
    scrubbed = scrub_all(texts | notes)
    return TrainingLogs(
        clean={
            **{path: data for path, (data, _) in valid.items()},
            **{path: encoded(scrubbed[path].text) for path in texts},
        },
        texts=texts,
        removed={path: frozenset(found.leaks) for path, found in scrubbed.items()},
        unreadable=tuple(path for path in pictures if path not in valid),
    )


def _picture(data: bytes) -> tuple[bytes, str] | None:
    """Return a picture without the texts in it, and these; None if it is not valid."""
    try:
        return strip_notes(data), notes_in(data)
    except ValueError:
        return None
