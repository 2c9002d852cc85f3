"""Find different file names that are the same name on some file system."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

#: Paths without a match need only a comparison that ignores case. It begins with a set, for which
#: long texts are searched fast.
_ODD = re.compile(r"[^A-Za-z0-9_\-+/()](?:(?<![. ])|(?=/|$))")
#: Characters that HFS+ ignores.
_IGNORED = dict.fromkeys([*range(0x200C, 0x2010), *range(0x202A, 0x202F), *range(0x206A, 0x2070)])
#: Characters that Windows forbids in a name, and what Python writes instead.
_ILLEGAL = str.maketrans(dict.fromkeys(':<>|"?*', "_"))
#: Names of devices on Windows, with any suffix.
DEVICE = re.compile(
    r"(?:.*/)?(?:con|prn|aux|nul|conin\$|conout\$|com[1-9\xb9\xb2\xb3]|lpt[1-9\xb9\xb2\xb3])"
    r" *(?:[.:].*)?",
    re.IGNORECASE | re.DOTALL,
)
_SHORT = re.compile(r"([^/.~]{1,6})~[0-9]{1,2}(?:\.([^/.]{0,3}))?")


def one_name(folders: Mapping[str, tuple[str, ...]]) -> Iterator[tuple[str, ...]]:
    """Yield the groups of paths, listed by folder, that are the same path on some file system.

    HFS+ and APFS ignore case and compose letters. Windows ignores case, and dots and blanks at the
    end of a name; a colon begins the name of a stream of a file, or becomes ``_`` if Python
    unpacks; and a file has a second, short name.
    """
    if all(map(_differ_plainly, folders.values())):
        return
    listed = ((folder, name) for folder, names in folders.items() for name in names)
    paths = sorted(f"{folder}/{name}" if folder else name for folder, name in listed)
    same: dict[str, list[str]] = {}
    short: list[str] = []
    for path in paths:
        if _ODD.search(path) is None:
            same.setdefault(path.lower(), []).append(path)
            continue
        for key in _keys(path):
            same.setdefault(key, []).append(path)
        if "~" in path:
            short.append(path)
    groups = [tuple(group) for group in same.values() if len(group) > 1]
    if short:
        groups += _short_names(short, same)
    yield from dict.fromkeys(groups)


def _differ_plainly(names: tuple[str, ...]) -> bool:
    """Return whether names in a folder differ on every file system: a fast answer for most."""
    return len({*map(str.lower, names)}) == len(names) and _ODD.search("/".join(names)) is None


def _keys(path: str) -> set[str]:
    """Return a path as different systems read it."""
    import unicodedata  # noqa: PLC0415 - names of models are ASCII

    plain = unicodedata.normalize("NFC", path.translate(_IGNORED).replace("\ufeff", "")).casefold()
    parts = plain.split("/")
    return {
        plain,
        "/".join(part.translate(_ILLEGAL).rstrip(". ") for part in parts),
        "/".join(part.partition(":")[0].rstrip(". ") for part in parts),
    }


def _short_names(short: list[str], same: dict[str, list[str]]) -> Iterator[tuple[str, ...]]:
    """Yield the paths that could be the short name of another: ``CHECKP~1.PTH``."""
    cut: dict[tuple[str, ...], str] = {}
    for folded, paths in same.items():
        folder, _, name = folded.rpartition("/")
        stem, _, ending = name.rpartition(".") if "." in name else (name, "", "")
        if "~" not in name:
            cut.setdefault((folder, re.sub("[. ]", "", stem)[:6], ending[:3]), paths[0])
    for path in short:
        folder, _, name = path.lower().rpartition("/")
        match = _SHORT.fullmatch(name)
        other = cut.get((folder, match[1], match[2] or "")) if match else None
        if other:
            yield other, path
