"""A taste of the fuzzing: `make fuzz` feeds a million inputs, this a few hundred of each kind."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "fuzz" / "run.py"
spec = importlib.util.spec_from_file_location("fuzz_run", SCRIPT)
assert spec is not None
assert spec.loader is not None
fuzz = importlib.util.module_from_spec(spec)
spec.loader.exec_module(fuzz)


@pytest.mark.parametrize(
    ("kind", "count"), [("name", 500), ("json", 300), ("pickle", 100), ("archive", 20)]
)
def test_every_mutated_input_ends_in_a_verdict(kind: str, count: int) -> None:
    wrong, stages = fuzz.batch(kind, 0, count)
    assert wrong == []
    assert sum(stages.values()) == count
    assert len(stages) > 1
