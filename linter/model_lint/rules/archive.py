"""Rules about the zip as a container."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import pairwise
from operator import attrgetter

from ..findings import Problem
from ..models.archive import Archive
from ..models.package import Package
from ..models.paths import is_junk
from ..storage.tree import LimitError
from ..storage.zip_member import READABLE_METHODS, Member
from ..wording import are, count, listing, printable, quote
from . import ERROR, EVERYWHERE, IN_SCT, PRACTICE, SCT, SPEC, WARNING, ZIPFILE, rule
from .shared import SHOWN

#: The message of ``zipfile`` if it finds no end of a central directory.
_NO_ZIP = "File is not a zip file"

#: How other files begin, and what to call them.
_KINDS = {
    b"\x1f\x8b": "a gzip file (.tar.gz?)",
    b"7z\xbc\xaf'\x1c": "a 7z archive",
    b"Rar!": "a RAR archive",
    b"BZh": "a bzip2 file",
    b"\xfd7zXZ": "an xz file",
    b"\x28\xb5\x2f\xfd": "a Zstandard file",
    b"version https://git-lfs": "a git-lfs pointer, not the file itself",
    b"<": "a web page, not a downloaded file",
    b"\x80": "a Python pickle (a checkpoint of old PyTorch?)",
    b"{": "a JSON file",
}

_METHODS = {
    1: "shrink",
    6: "implode",
    9: "Deflate64",
    93: "Zstandard",
    95: "xz",
    98: "PPMd",
    99: "AES",
}

#: Bytes of a deflate stream without data, which Java writes for folders.
_EMPTY = 2
#: Bytes of a local header before the name.
_LOCAL_HEADER = 30


@rule(
    "Z001",
    ERROR,
    SPEC,
    "Zip the folder and upload it as an asset in the release",
    blocks_repair=True,
    stops=EVERYWHERE,
)
def not_a_zip(archive: Archive) -> Iterator[Problem]:
    """The file is not a zip.

    Why: SCT unpacks a model with Python's `zipfile`, which refuses anything else.

    Fix: zip the trainer folder: `model-lint pack` does it.
    """
    if archive.error is None or archive.size == 0 or not _is_other_kind(archive):
        return
    kind = next((k for start, k in _KINDS.items() if archive.head.startswith(start)), None)
    yield Problem(f"not a zip: {kind}" if kind else "not a zip: it contains no zip directory")


def _is_other_kind(archive: Archive) -> bool:
    return str(archive.error) == _NO_ZIP and not archive.head.startswith(b"PK")


@rule(
    "Z002",
    ERROR,
    SCT,
    "SCT unpacks with zipfile.ZipFile(...).extractall, which stops at the first bad entry",
    blocks_repair=True,
    stops=EVERYWHERE,
)
def zip_corrupt(archive: Archive, package: Package | None) -> Iterator[Problem]:
    """The zip is truncated, or its directory and its data disagree.

    Why: SCT installs nothing from a zip if one of its entries can't be unpacked.

    Fix: zip the folder again, test it with `python -m zipfile -t`, and upload it again.
    """
    if archive.size == 0:
        yield Problem("the file is empty")
    elif isinstance(archive.error, LimitError) or (archive.error and _is_other_kind(archive)):
        return
    elif archive.error:
        yield Problem(
            f"it begins like a zip but can't be read as one ({archive.error}): the end is missing "
            "after an interrupted copy or upload, or bytes were changed"
        )
    outside = [m for m in archive.members if not _is_inside(m, archive)]
    yield from about(outside, "the directory places {} outside the file")
    inside = [m for m in archive.members if _is_inside(m, archive)] if outside else archive.members
    placed = sorted(inside, key=attrgetter("offset"))
    overlaps = [b for a, b in pairwise(placed) if b.offset < _end(a)]
    yield from about(overlaps, "the data of {} overlaps that of other entries")
    damaged = list(_damaged(archive, package).items())
    for path, reason in damaged[:SHOWN]:
        yield Problem(f"it does not unpack: {reason}", printable(path))
    if len(damaged) > SHOWN:
        yield Problem(f"and {len(damaged) - SHOWN} more entries do not unpack")


def _damaged(archive: Archive, package: Package | None) -> dict[str, str]:
    """Return the entries that were found not to unpack, with the reason."""
    return dict(package.damaged if package else ()) | dict(archive.headers.broken)


def _is_inside(member: Member, archive: Archive) -> bool:
    return 0 <= member.offset <= _end(member) <= archive.size


def _end(member: Member) -> int:
    """Return where a member's data ends at the earliest."""
    return member.offset + _LOCAL_HEADER + len(member.raw_name) + member.compressed


@rule(
    "Z004",
    ERROR,
    ZIPFILE,
    "zipfile writes a symbolic link as a text file that contains the link's target",
    blocks_repair=True,
    security=True,
    stops=EVERYWHERE,
)
def special_entry(package: Package) -> Iterator[Problem]:
    """An entry is a symbolic link, a device, a pipe or a socket, or a link that leaves the folder.

    Why: SCT's `zipfile` writes the link's target as text where the file should be, so that loading
    fails. Other tools follow the link, which may point anywhere.

    Fix: zip the files that the links stand for: `zip -r` without `--symlinks`, or
    `model-lint pack`.
    """
    special = package.tree.special
    for what in dict.fromkeys(special.values()):
        yield from about_paths(
            [path for path in special if special[path] == what], f"{{}} is {what}"
        )


@rule(
    "Z005",
    ERROR,
    SCT,
    "SCT unpacks without a password: RuntimeError, password required for extraction",
    blocks_repair=True,
    stops=EVERYWHERE,
)
def encrypted(archive: Archive) -> Iterator[Problem]:
    """An entry is encrypted.

    Why: SCT and nnU-Net have no password and can't unpack the entry.

    Fix: zip the folder again without a password.
    """
    yield from about([m for m in archive.members if m.encrypted], "{} is encrypted")


@rule(
    "Z006",
    ERROR,
    SCT,
    "SCT and nnU-Net unpack with Python's zipfile: stored, deflate, bzip2 and LZMA",
    repair="compresses it with deflate, if this Python can read it",
    stops=EVERYWHERE,
)
def compression_unsupported(archive: Archive) -> Iterator[Problem]:
    """An entry is compressed in a way that Python's `zipfile` can't undo.

    Why: SCT and nnU-Net unpack with `zipfile`, which raises NotImplementedError.

    Fix: zip the folder again with the usual method, deflate: `model-lint pack` or `zip -r`.
    """
    unknown = [m for m in archive.members if not m.encrypted and m.method not in READABLE_METHODS]
    for method in sorted({m.method for m in unknown}):
        name = _METHODS.get(method, "unknown")
        which = [m for m in unknown if m.method == method]
        yield from about(which, f"{{}} is compressed with method {method} ({name})")
    patched = [m for m in archive.members if m.patched and not m.encrypted]
    yield from about(patched, "{} is stored as patched data")


@rule(
    "Z008",
    WARNING,
    SCT,
    "SCT ignores __MACOSX at the top, and nothing else (download.py, install_data)",
    also=(ERROR,),
    repair="leaves it out",
    stops=(IN_SCT,),
)
def junk_entry(package: Package) -> Iterator[Problem]:
    """The package contains files that macOS or Windows left behind.

    Why: nobody needs them. If one of them is at the top, next to the only folder there, SCT does
    not look inside that folder and finds no model.

    Fix: leave them out: `model-lint pack` does, and so does `zip -r -x "*.DS_Store" "__MACOSX/*"`.
    """
    junk = package.junk
    beside = [name for name in package.top if is_junk(name)]
    others = [name for name in package.top if not is_junk(name)]
    hides = bool(beside) and len(others) == 1 and not package.found and bool(package.trainers)
    if hides and all(t.path.startswith(f"{others[0]}/") for t in package.trainers):
        text = f"{listing(beside)} next to {quote(others[0])} keeps SCT from looking inside it"
        yield Problem(text, printable(beside[0]), severity=ERROR)
    elif junk:
        text = f"{count(junk, 'file')} of the operating system: {listing(junk)}"
        yield Problem(text, printable(junk[0]))


@rule(
    "Z009",
    ERROR,
    PRACTICE,
    "The largest published models are a hundred times below these limits",
    blocks_repair=True,
    security=True,
    stops=EVERYWHERE,
)
def bomb(archive: Archive) -> Iterator[Problem]:
    """The zip has far more entries, deeper folders or more data than any model, or is a zip bomb.

    Why: unpacking it could fill the disk of every user, so its content is not checked. The limits
    are 100,000 entries, 32 folders deep, 256 GiB, and 256 MiB from entries that unpack to more than
    200 times their size. Entries that share their data are reported by Z002.

    Fix: zip the trainer folder alone: `model-lint pack` does it.
    """
    if isinstance(archive.error, LimitError):
        yield Problem(str(archive.error))


@rule(
    "Z010",
    ERROR,
    ZIPFILE,
    "zipfile stops at a wrong checksum; torch.load never looks at those of a checkpoint",
    deep=True,
    stops=EVERYWHERE,
)
def crc_mismatch(package: Package) -> Iterator[Problem]:
    """The checksum of a file, or of a part of a checkpoint, is wrong: bytes were changed.

    Why: unpacking stops at a wrong checksum in the package. A wrong checksum inside a checkpoint is
    not noticed: torch loads the changed weights. Only `model-lint check --deep` looks for it.

    Fix: copy the file again from nnU-Net's results folder, and zip the folder again.
    """
    known = dict(package.damaged)
    wrong = [place for place in package.wrong_checksums if place[0] not in known]
    for trainer in package.trainers:
        for fold in trainer.folds:
            text = package.wrong_bytes(fold)
            wrong += [(fold.checkpoint_path, text)] if text else []
    for path, text in wrong[:SHOWN]:
        yield Problem(text, printable(path))
    if len(wrong) > SHOWN:
        yield Problem(f"and {count(wrong[SHOWN:], 'more file')}")


@rule(
    "Z011",
    ERROR,
    ZIPFILE,
    "zipfile goes by the directory; programs that unpack a stream go from header to header",
    repair="writes the headers and the directory again",
    stops=EVERYWHERE,
)
def header_mismatch(archive: Archive, package: Package | None) -> Iterator[Problem]:
    """The zip's directory and its entries disagree, or the zip contains data that is in no entry.

    Why: programs may find different files in it, so that one file is checked and another one is
    used. No program that writes zips does that: bytes were added or changed later.

    Fix: zip the folder again into a new file: `model-lint pack` or `zip -r`.
    """
    filled = [m for m in archive.members if m.is_dir and (m.size or m.compressed > _EMPTY)]
    yield from about(filled, "{} is a folder, but has data, which no program unpacks")
    unreadable = _damaged(archive, package)
    differing = [entry for entry in archive.headers.differing if entry[0] not in unreadable]
    for path, text in differing[:SHOWN]:
        yield Problem(text, printable(path))
    if len(differing) > SHOWN:
        yield Problem(f"and {count(differing[SHOWN:], 'more disagreement')}")


def about(members: Iterable[Member], message: str) -> Iterator[Problem]:
    """Yield one problem about all members that share a defect, placed at the first."""
    return about_paths([m.raw_name for m in members], message)


def about_paths(names: list[str], message: str) -> Iterator[Problem]:
    """Yield one problem about all entries that share a defect, placed at the first."""
    if not names:
        return
    others = len(names) - 1
    text = message.format(quote(names[0]))
    if others:
        text += f"; so {are(names[1:])} {count(others, 'other entry', 'other entries')}"
    yield Problem(text, printable(names[0]))
