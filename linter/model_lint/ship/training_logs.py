"""nnU-Net's logs and pictures of a training, without private things."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from ..privacy import find_leaks, scrub_all
from .log_text import decoded, encoded
from .png import strip_notes
from .results_folder import names_in, read_file

#: The files of a fold in the specification's tree, without the checkpoint.
_LOGS = re.compile(r"debug\.json|progress\.png|training_log_[A-Za-z0-9_.+-]*\.(?:txt|png)")


@dataclass(frozen=True)
class TrainingLogs:
    """Logs, ``debug.json`` and pictures of all folds."""

    #: By path in the trainer folder, pictures first.
    clean: dict[str, bytes]
    #: Number of different paths, hosts, ... that were removed.
    scrubbed: Counter[str]
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
    leaks = {(leak.kind, leak.value) for text in texts.values() for leak in find_leaks(text)}
    return TrainingLogs(
        clean={
            **{path: data for path, data in pictures.items() if data is not None},
            **{path: encoded(text) for path, text in scrub_all(texts).items()},
        },
        scrubbed=Counter(str(kind) for kind, _ in leaks),
        unreadable=tuple(path for path, data in pictures.items() if data is None),
    )


def _picture(data: bytes) -> bytes | None:
    try:
        return strip_notes(data)
    except ValueError:
        return None
