"""The catalogue: every package that is mutated from the genuine model in ``tests/data``.

The modules of this package hold those that the consumers alone judge, by subject; the tests of the
rules, in ``tests/rules``, hold those that are about a rule; the consumers judge some of them too.
Each module has its cases in ``CASES``; those of the rules about names are pairs of names.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from build import Case

HERE = Path(__file__).parent


@cache
def of_rules() -> tuple[Case, ...]:
    """Return the cases that are about a rule."""
    return tuple(_cases(HERE.parent / "rules", "test_*.py"))


@cache
def judged() -> tuple[Case, ...]:
    """Return the cases that the consumers judge."""
    return tuple(case for case in (*_cases(HERE, "[a-z]*.py"), *of_rules()) if case.judged)


@cache
def names() -> dict[str, tuple[str, str]]:
    """Return a wrong name and a right one beside it, by the code of the rule."""
    from rules.test_names import NAMES

    return NAMES


def _cases(folder: Path, pattern: str) -> Iterator[Case]:
    for path in sorted(folder.glob(pattern)):
        # The other modules there ask for the cases themselves.
        if re.search(r"^CASES\b", path.read_text(encoding="utf-8"), re.MULTILINE):
            yield from importlib.import_module(f"{folder.name}.{path.stem}").CASES
