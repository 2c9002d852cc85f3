"""Which subjects, sessions and images are left out: of ``config.yaml`` and of an exclude file.

An exclude file (``exclude.yml``) is a list of names, or several lists under the names of groups.
A comment behind a name is the reason. A name is a subject (``sub-01``), a session
(``sub-01_ses-02``, ``sub-01/ses-02``), an image or label file, with or without its folders and
ending, or a site: ``stanford`` is every subject ``sub-stanford01``, ``sub-stanford02``, ...
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from config_schema import listed
from dataset_settings import Dataset

_ITEM = re.compile(r"^\s*-\s+['\"]?(?P<name>[^\s'\"#]+)['\"]?\s*(?:#+\s*(?P<why>.*?))?\s*$")


class Exclusions:
    """Names that are left out, with reasons; it knows which of them occurred."""

    def __init__(self, reasons: dict[str, str]) -> None:
        self._reasons = reasons
        self._met: set[str] = set()
        self._of_stem: dict[str, list[str]] = {}
        for name in reasons:
            parts = name.split("_")
            for end in range(1, len(parts)):
                self._of_stem.setdefault("_".join(parts[:end]), []).append(name)
        self._sites = {n: re.compile(rf"sub-{re.escape(n)}\d+") for n in reasons if "-" not in n}

    def why(self, subject: str, visit: str = "", stem: str = "") -> str | None:
        """Return why a subject, one of its visits or one of its images is left out, or None."""
        names = [name for name in (subject, visit, stem) if name in self._reasons]
        names += [site for site, pattern in self._sites.items() if pattern.fullmatch(subject)]
        if stem:  # the name of one of its label files
            names += self._of_stem.get(stem, [])
        self._met.update(names)
        return f"excluded: {self._reasons[names[0]]}" if names else None

    def unmet(self) -> Iterator[str]:
        """Yield the names that did not occur."""
        yield from (name for name in self._reasons if name not in self._met)


def exclusions(dataset: Dataset) -> Exclusions:
    """Return what the configuration leaves out.

    Raises:
        ValueError: with one line, if the exclude file is invalid.
    """
    given = {_name(entry): why for entry, why in dataset.exclude.items()}
    if dataset.exclude_file is None:
        return Exclusions(given)
    return Exclusions({**_read(dataset.exclude_file, dataset.exclude_groups), **given})


def _read(path: Path, groups: tuple[str, ...]) -> dict[str, str]:
    try:
        text = path.read_text(encoding="utf-8")
        content: Any = yaml.safe_load(text)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ValueError(f"{path}: can't be read: {' '.join(str(error).split())}") from None
    lists = {"": content} if isinstance(content, list) else content or {}
    if not isinstance(lists, dict) or not all(isinstance(v, list | None) for v in lists.values()):
        raise ValueError(f"{path}: must contain a list of names, or a list for each group")
    unknown = [group for group in groups if group not in lists]
    if unknown:
        raise ValueError(f"{path}: has no group {unknown[0]}; it has {listed(lists)}")
    comments = {m["name"]: m["why"] for line in text.splitlines() if (m := _ITEM.match(line))}
    found: dict[str, str] = {}
    for group in groups or lists:
        for entry in lists[group] or []:
            why = comments.get(str(entry)) or f"in {path.name}"
            found.setdefault(_name(str(entry)), f"{why} ({group})" if group else why)
    return found


def _name(entry: str) -> str:
    """Return ``sub-01_ses-02`` for ``sub-01/ses-02``, and a file's name without its ending."""
    *above, last = [part for part in entry.split("/") if part] or [entry]
    if last.startswith("ses-") and above:
        return f"{above[-1]}_{last}"
    return last.split(".")[0]
