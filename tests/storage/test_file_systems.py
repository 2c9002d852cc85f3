"""Names that are one name on some file system."""

from __future__ import annotations

import unicodedata
from itertools import combinations

from hypothesis import example, given
from hypothesis import strategies as st
from model_lint.storage.file_systems import one_name
from model_lint.storage.tree import folders_of

PARTS = st.sampled_from(
    ["a", "A", "a.", "a ", "b", "B-1.txt", "b-1.TXT", "\u00e9", "e\u0301", "x:y"]
)
PATHS = st.lists(PARTS, min_size=1, max_size=3).map("/".join)


def are_one(first: str, second: str) -> bool:
    """Return whether one of three systems takes two paths for the same."""
    return any(read(first) == read(second) for read in (mac, windows, unpacked))


def mac(path: str) -> str:
    return unicodedata.normalize("NFC", path).casefold()


def windows(path: str) -> str:
    return "/".join(part.partition(":")[0].rstrip(". ") for part in mac(path).split("/"))


def unpacked(path: str) -> str:
    return "/".join(part.replace(":", "_").rstrip(". ") for part in mac(path).split("/"))


@given(st.sets(PATHS, max_size=6))
@example({"a/b", "A/b"})
@example({"a/b", "a/c", "d"})
def test_exactly_the_names_that_some_system_takes_for_one_are_grouped(files: set[str]) -> None:
    folders = folders_of(files, ())
    paths = {
        f"{folder}/{name}" if folder else name for folder in folders for name in folders[folder]
    }
    pairs = {pair for pair in combinations(sorted(paths), 2) if are_one(*pair)}
    assert {pair for group in one_name(folders) for pair in combinations(group, 2)} == pairs


def test_an_empty_folder_hides_nothing() -> None:
    assert list(one_name(folders_of(["a/x", "A/y"], ["empty"]))) == [("A", "a")]
