"""What is judged is what every program unpacks, and what torch reads; or it is an error.

Each trick of ``zip_tricks.py`` is a zip in which two programs could find two checkpoints. Where
no error is reported, every program that unpacks zips must find what was judged.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from build import NAME
from torch_zip_reader import disagreement
from zip_judge import differing
from zip_mixtures import mixture
from zip_readers import Reader, readers
from zip_tricks import checkpoint_subject, single, styles

#: Mixtures that are tried here; ``make fuzz`` tries more.
MIXTURES = 150


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Reader]]:
    with readers(tmp_path_factory.mktemp("unpacked")) as found:
        yield found


def test_every_program_unpacks_what_is_judged(programs: dict[str, Reader], tmp_path: Path) -> None:
    path = tmp_path / NAME
    wrong = {name: differing(data, programs, path) for name, data in single(styles()[:3])}
    assert {name: found for name, found in wrong.items() if found} == {}
    assert len(wrong) > 500


def test_mixtures_of_tricks(programs: dict[str, Reader], tmp_path: Path) -> None:
    path = tmp_path / NAME
    wrong = {
        number: differing(mixture(random.Random(number), styles()), programs, path)
        for number in range(MIXTURES)
    }
    assert {number: found for number, found in wrong.items() if found} == {}


def test_torch_reads_the_pickle_that_is_judged() -> None:
    ways = styles(checkpoint_subject())
    wrong = {name: disagreement(data) for name, data in single(ways[:3])}
    wrong |= {
        str(number): disagreement(mixture(random.Random(number), ways))
        for number in range(MIXTURES)
    }
    assert {name: text for name, text in wrong.items() if text} == {}
