"""The parts of the model card between their marks: read, filled, and their digests."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from model_lint.models.card import digest, fill, parts

EMPTY = "# Title\n\n<!-- card:results -->\n\nNothing yet.\n\n<!-- card:end -->\n\nMore.\n"
LINES = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r"))


def test_a_part_is_filled_and_filled_again() -> None:
    filled = fill(EMPTY, "results", "Dice: 0.9", {"results/table.csv": "0.9\n"})
    (part,) = parts(filled)
    assert (part.name, part.line, part.digest) == ("results", 3, digest("Dice: 0.9"))
    assert part.text == "\nDice: 0.9\n"
    assert part.sources == {"results/table.csv": digest("0.9\n")}
    assert filled.startswith("# Title\n\n<!-- card:results sha256:")
    assert filled.endswith("<!-- card:end -->\n\nMore.\n")
    assert fill(filled, "results", "Dice: 0.9", {"results/table.csv": "0.9\n"}) == filled
    assert "0.9" not in fill(filled, "results", "Nothing", {})


def test_other_parts_stay_as_they_are() -> None:
    text = f"{EMPTY}<!-- card:data -->\nold\n<!-- card:end -->\n"
    filled = fill(text, "data", "new", {})
    assert filled.startswith(EMPTY)
    assert [(part.name, part.digest is None) for part in parts(filled)] == [
        ("results", True),
        ("data", False),
    ]


@pytest.mark.parametrize(
    "readme",
    [
        "",
        "<!-- card:results -->",
        "<!-- card:end -->\n<!-- card:results -->",
        "<!-- card:results -->\n<!-- card:data -->\n<!-- card:end -->",
        EMPTY + EMPTY,
    ],
)
def test_a_readme_without_the_marks_is_refused(readme: str) -> None:
    with pytest.raises(ValueError, match="needs the lines"):
        fill(readme, "results", "x", {})


@given(before=LINES, text=LINES, after=LINES)
def test_what_is_filled_is_read_and_nothing_else_changes(
    before: str, text: str, after: str
) -> None:
    readme = f"{before}\n<!-- card:results -->\n<!-- card:end -->\n{after}"
    filled = fill(readme, "results", text, {})
    (part,) = parts(filled)
    assert part.digest == digest(part.text or "") == digest(text)
    assert filled.startswith(f"{before}\n<!-- card:results sha256:")
    assert filled.rstrip("\n").endswith(f"<!-- card:end -->\n{after}".rstrip("\n"))


def test_white_space_at_the_ends_of_lines_is_not_a_change() -> None:
    assert digest("a\nb") == digest("\n a \r\nb  \n".replace("\n a", "\na"))
    assert digest("a\nb") != digest("a b")
