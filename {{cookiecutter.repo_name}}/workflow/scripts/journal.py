"""What a step has finished, case by case, so that it goes on where it was killed.

Each line of the file has the key of a case, which is a digest of everything that its result depends
on, and the result. A line is written when the case is finished. One that was cut off is ignored. So
the file never has to be right about what is current: a case that changed has another key.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from common import write_text


class Journal:
    """The results of a step by key."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._known = dict(_read(path))
        """Key -> line of the file: the text takes a tenth of the memory of what it means."""

    def get(self, key: str) -> Any:
        """Return the result with a key; None if there is none."""
        line = self._known.get(key)
        return None if line is None else json.loads(line)[1]

    def add(self, key: str, result: Any) -> None:
        """Write down a result."""
        line = json.dumps([key, result])
        self._known[key] = line
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._path.open("a", encoding="utf-8") as file:
            # On a new line, whatever a process that was killed has left.
            file.write(f"\n{line}" if file.tell() else line)

    def keep(self, keys: Iterable[str]) -> None:
        """Forget all other results, when the step is finished."""
        wanted = set(keys)
        self._known = {key: line for key, line in self._known.items() if key in wanted}
        write_text(self._path, "\n".join(self._known.values()))


def _read(path: Path) -> Iterator[tuple[str, str]]:
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return
    for line in text.splitlines():
        try:
            key, _ = json.loads(line)
        except (ValueError, TypeError):
            continue
        yield key, line
