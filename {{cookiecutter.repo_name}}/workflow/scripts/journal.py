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

    def get(self, key: str) -> Any:
        """Return the result with a key; None if there is none."""
        return self._known.get(key)

    def add(self, key: str, result: Any) -> None:
        """Write down a result."""
        self._known[key] = result
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._path.open("a", encoding="utf-8") as file:
            # On a new line, whatever a process that was killed has left.
            file.write(f"\n{_line(key, result)}" if file.tell() else _line(key, result))

    def keep(self, keys: Iterable[str]) -> None:
        """Forget all other results, when the step is finished."""
        wanted = set(keys)
        self._known = {key: result for key, result in self._known.items() if key in wanted}
        write_text(self._path, "\n".join(_line(k, r) for k, r in self._known.items()))


def _line(key: str, result: Any) -> str:
    return json.dumps([key, result])


def _read(path: Path) -> Iterator[tuple[str, Any]]:
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return
    for line in text.splitlines():
        try:
            key, result = json.loads(line)
        except (ValueError, TypeError):
            continue
        yield key, result
