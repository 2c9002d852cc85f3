"""What is judged of a package, compared with what the programs that unpack zips find in it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

from build import NAME, TRAINER
from model_lint.errors import UsageError
from model_lint.findings import Severity
from model_lint.lint import Options, lint
from model_lint.models.reading import Reading
from model_lint.models.target import Given, load_zip
from model_lint.rules import all_rules
from model_lint.storage.depth import Depth
from model_lint.storage.ranges import of_bytes
from model_lint.storage.tree import DamagedError
from model_lint.storage.zip import ZipTree
from zip_readers import Reader
from zip_tricks import PATH

#: Of a file that is damaged, which a check does not notice that does not read it.
UNREAD = "unread"


def judged(data: bytes, depth: Depth = Depth.END) -> dict[str, str] | None:
    """Return the hash of each file that was judged; None where there is an error."""
    try:
        target = load_zip(NAME, of_bytes(data), Given(reading=Reading(depth, 1)))
    except UsageError:
        return None
    if any(f.severity is Severity.ERROR for f in lint(target, Options(all_rules())).findings):
        return None
    assert target.archive is not None
    tree = target.archive.tree
    assert tree is not None
    return {path: _hash(tree, path) for path in tree.files}


def _hash(tree: ZipTree, path: str) -> str:
    try:
        return hashlib.sha256(tree.open(path).read()).hexdigest()
    except DamagedError:
        assert path not in {PATH, f"{TRAINER}/plans.json"}
        return UNREAD


def differing(data: bytes, programs: dict[str, Reader], path: Path) -> list[str]:
    """Return the programs that unpack something else than was judged without an error."""
    expected = judged(data)
    if expected is None:
        return []
    path.write_bytes(data)
    found = {name: read(path) for name, read in programs.items() if _can(name, data)}
    stops = [name for name, unpacked in found.items() if "python" in name and unpacked.error]
    if stops:  # a checksum, which only reading every byte tells
        return [] if judged(data, Depth.ALL) is None else stops
    return [name for name, unpacked in found.items() if _differs(unpacked.files, expected)]


def _differs(found: Mapping[str, str], expected: Mapping[str, str]) -> bool:
    same = (found.get(path) == content for path, content in expected.items() if content != UNREAD)
    return not all(same) or not set(found) <= set(expected)


def _can(name: str, data: bytes) -> bool:
    """Java unpacks no bzip2."""
    return name != "java" or b"BZh9" not in data
