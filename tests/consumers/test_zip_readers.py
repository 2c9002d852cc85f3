"""What is judged is what every program unpacks, and what torch reads; or it is an error.

Each trick of ``zip_tricks.py`` is a zip in which two programs could find two checkpoints. Where
no error is reported, every program that unpacks zips must find what was judged.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from build import NAME, TRAINER
from model_lint.errors import UsageError
from model_lint.findings import Severity
from model_lint.lint import Options, lint
from model_lint.models.reading import Reading
from model_lint.models.target import load_zip
from model_lint.storage.depth import Depth
from model_lint.storage.ranges import of_bytes
from model_lint.storage.tree import DamagedError
from model_lint.storage.zip import ZipTree
from torch_zip_reader import disagreement
from zip_mixtures import mixture
from zip_readers import Reader, readers
from zip_tricks import PATH, checkpoint_subject, single, styles

#: Of a file that is damaged, which a check does not notice that does not read it.
UNREAD = "unread"
#: Mixtures that are tried here; ``make fuzz`` tries more.
MIXTURES = 150


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Reader]]:
    with readers(tmp_path_factory.mktemp("unpacked")) as found:
        yield found


def judged(data: bytes, depth: Depth = Depth.END) -> dict[str, str] | None:
    """Return the hash of each file that was judged; None where there is an error."""
    try:
        target = load_zip(NAME, of_bytes(data), reading=Reading(depth, 1))
    except UsageError:
        return None
    if any(f.severity is Severity.ERROR for f in lint(target, Options()).findings):
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


def test_every_program_unpacks_what_is_judged(programs: dict[str, Reader], tmp_path: Path) -> None:
    path = tmp_path / NAME
    wrong = {name: differing(data, programs, path) for name, data in single(styles())}
    assert {name: found for name, found in wrong.items() if found} == {}
    assert len(wrong) > 500


def test_mixtures_of_tricks(programs: dict[str, Reader], tmp_path: Path) -> None:
    path = tmp_path / NAME
    wrong = {
        number: differing(mixture(random.Random(number), styles()), programs, path)
        for number in range(MIXTURES)
    }
    assert {number: found for number, found in wrong.items() if found} == {}


def test_torch_reads_the_pickle_that_is_judged(tmp_path: Path) -> None:
    ways = styles(checkpoint_subject())
    wrong = {name: disagreement(data) for name, data in single(ways)}
    wrong |= {
        str(number): disagreement(mixture(random.Random(number), ways))
        for number in range(MIXTURES)
    }
    assert {name: text for name, text in wrong.items() if text} == {}
