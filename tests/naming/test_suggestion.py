"""The nearest right name has every word of the wrong one, invents none, and admits a guess."""

from __future__ import annotations

import re
import unicodedata
from difflib import get_close_matches
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from model_lint.naming import (
    MAX_LENGTH,
    TOLERATED,
    VOCABULARY,
    Suggestion,
    compose,
    extend,
    parse,
)

#: A text, the nearest right name or -, and "guess".
TABLE = [
    line.split()
    for line in (Path(__file__).parent / "names.txt").read_text(encoding="utf-8").splitlines()
    if line and not line.startswith("#")
]
CODES = {f"N{number:03}" for number in range(1, 12)}
#: Words that no list holds and that join to none.
UNLISTED = st.text("bcdfghjklmnpqrstvwxz", min_size=5, max_size=7)
ALIASES = {a: value for words in VOCABULARY.values() for a, value in words.aliases.items()}


def letters(text: str) -> str:
    """Return the letters and digits of a text, without the address of the repository."""
    text = text.strip().rstrip("/").rpartition("/")[2].removesuffix(".git")
    plain = unicodedata.normalize("NFKD", text).lower().replace("t2*", "t2star")
    digits = (str(unicodedata.digit(c, c)) for c in plain if not unicodedata.combining(c))
    return "".join(c for c in digits if c.isalnum())


def spellings(value: str) -> set[str]:
    """Return the words that may stand for a value."""
    return {value.lower(), *(alias for alias, meant in ALIASES.items() if meant == value)}


def slips(text: str, words: set[str]) -> set[str]:
    """Return the words of a text that are these with a slip of the pen."""
    written = re.findall("[a-z0-9]+", text.lower())
    return {word for word in written if get_close_matches(word, words, cutoff=0.8)}


def is_made_of(text: str, words: set[str]) -> bool:
    """Tell whether a text is nothing but these words, one behind the other."""
    reached = {0}
    for start in range(len(text)):
        if start in reached:
            reached |= {start + len(word) for word in words if text.startswith(word, start)}
    return len(text) in reached


def check_suggestion(text: str) -> None:
    """Assert what holds for the suggestion of any text."""
    read = parse(text)
    if read.suggestion is None:
        return
    name, certain = read.suggestion
    nearest = parse(name)
    assert nearest.fields is not None
    assert {problem.code for problem in nearest.problems} <= {"N005"}
    assert nearest.suggestion is None
    values = {v: spellings(v) for token in name.split("_")[1:] for v in token.split("-")}
    if not certain:
        values = {value: words | slips(text, words) for value, words in values.items()}
    said = letters(text)
    assert is_made_of(said, {"model", "models"}.union(*values.values()))
    invented = {value for value, words in values.items() if not any(w in said for w in words)}
    assert invented <= (set() if certain else {"seg"})


@pytest.mark.parametrize(
    "line", TABLE, ids=[line[0].encode("unicode_escape").decode() for line in TABLE]
)
def test_the_table(line: list[str]) -> None:
    text, name, *guess = line
    expected = None if name == "-" else Suggestion(name, certain=not guess)
    assert parse(text).suggestion == expected
    check_suggestion(text)


def test_the_table_is_large_and_says_each_name_once() -> None:
    names = [line[0] for line in TABLE]
    assert len(names) == len(set(names)) > 400


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (" model_seg_sc_t2w", "model_seg_sc_t2"),
        ("model_seg_sc t2", "model_seg_sc_t2"),
        ("model_seg_sci\n", "model_seg_sci"),
        ("model_seg_sci\r\n", "model_seg_sci"),
        ("model_seg_sc\x00", "model_seg_sc"),
        ("spinal cord segmentation", "model_seg_sc"),
    ],
)
def test_blanks_and_control_characters_are_no_words(text: str, name: str) -> None:
    suggestion = parse(text).suggestion
    assert suggestion is not None
    assert suggestion.name == name
    check_suggestion(text)


@pytest.mark.parametrize(
    "text", ["", "_", "x" * 100_000, "model_" + "a-" * 50_000, "model_" + "_" * 100_000]
)
def test_no_suggestion_for_no_words_and_for_too_many(text: str) -> None:
    assert parse(text).suggestion is None


def test_no_word_goes_where_the_name_is_too_long() -> None:
    anatomy = "x" * 55
    name = f"model_seg_sc-{anatomy}_human_hc_invivo_t1-t2-t2star_unet2d"
    assert len(name) > MAX_LENGTH
    assert parse(name).suggestion is None


def test_an_ambiguous_word_gets_its_choices_and_no_suggestion() -> None:
    read = parse("model_seg_yak")
    (problem,) = read.problems
    assert problem.message.endswith(
        ": write `model_seg_yak_human` for an anatomy, `model_seg_sc_yak_hc` for an animal, "
        "`model_seg_human_yak` for a contrast"
    )
    assert read.suggestion is None


def test_the_words_of_a_configuration_count() -> None:
    vocabulary = extend(VOCABULARY, {"pathology": ["dcm"], "anatomy": ["sulcus"]})
    assert parse("model_seg_dcm_sulcus").suggestion is None
    assert parse("model_seg_dcm_sulcus", vocabulary).suggestion == Suggestion(
        "model_seg_sulcus_dcm", certain=True
    )


# ---------------------------------------------------------------------------------- any text


@st.composite
def soups(draw: st.DrawFn) -> str:
    """Texts that look like names: words of all lists and none, in any order, with slips."""
    words = [w for f in VOCABULARY.values() for w in (*f.allowed, *f.aliases, *f.refused)]
    word = st.one_of(
        st.sampled_from(words),
        UNLISTED,
        st.sampled_from(
            ["7t", "2", "v2", "star", "vivo", "ex", "unet3dx", "humna", "SC", "T2w", ""]
        ),
    )
    token = st.lists(word, min_size=1, max_size=3).map("-".join)
    separator = draw(st.sampled_from(["_", "_", "_", "-", " ", "."]))
    prefix = draw(st.sampled_from(["model_", "model_", "model_seg_", "model-", "", "Model_"]))
    suffix = draw(st.sampled_from(["", "", ".git", "\n", "_"]))
    return prefix + separator.join(draw(st.lists(token, max_size=8))) + suffix


def check_any(text: str) -> None:
    """Assert what holds for every text."""
    read = parse(text)
    assert {problem.code for problem in read.problems} <= CODES
    assert read.usable == ({problem.code for problem in read.problems} <= TOLERATED)
    for problem in read.problems:
        assert problem.message.isprintable()
    if read.problems == ():
        assert read.suggestion is None
        assert read.fields is not None
    if read.fields is not None:
        assert parse(compose(read.fields)).fields == read.fields
        assert [slot.field for slot in read.slots if slot.token is None]
    check_suggestion(text)


@given(st.one_of(st.text(), st.text().map(lambda text: "model_" + text)))
@example("model_\ud800")
def test_any_text_can_be_parsed(text: str) -> None:
    check_any(text)


@given(soups())
def test_anything_like_a_name_can_be_parsed(text: str) -> None:
    check_any(text)


@given(st.text("a-_79stc", max_size=40).map(lambda text: "model_" + text))
def test_any_short_words_can_be_parsed(text: str) -> None:
    check_any(text)
