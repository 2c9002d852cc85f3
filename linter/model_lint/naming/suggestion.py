"""Suggest the nearest valid name: the words of an invalid one, each in its place, and no others."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ..findings import Problem
from ..wording import a
from .model import (
    MAX_LENGTH,
    NO_WORD,
    PREFIX,
    Fields,
    Reading,
    Suggestion,
    Token,
)
from .placing import rank
from .reading import read
from .vocabulary import FIELDS, Found, Index
from .writing import join, write

#: Problems that another name does not repair: unlisted words, which may be valid.
_NO_BETTER = frozenset({"N005", "N006"})
_FIELD_STRENGTH = re.compile(r"[0-9]+t")
#: The beginning of a name, perhaps after its owner.
_NAME = re.compile(rf"(?:.*/)?[\s_]*{PREFIX}", re.DOTALL)
#: Words that are never a value.
_CONNECTIVES = frozenset({"a", "and", "at", "by", "for", "from", "in", "of", "on", "the", "with"})
#: Before a capital that begins a word: in `GmLesion` and `T2Mouse`, not in `MP2RAGE` or `unet3D`.
_CAPITAL = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[0-9])(?=[A-Z][a-z])")


class _Word(NamedTuple):
    """A value, and the field that it should be in."""

    value: str
    #: None if no field has room for it.
    field: str | None
    #: Whether that field follows from the lists or from the place in the name.
    certain: bool = True
    #: Whether it is not in any list and was placed by likelihood.
    placed: bool = False


def suggest(reading: Reading, index: Index) -> Suggestion | None:
    """Return the valid name that has every word of a text, or None if there is no such name.

    It is a guess if a word was split, corrected or placed by likelihood; if the text has no task
    (most models segment); and if the text is not a model's name, so that defaults are not implied.
    """
    if reading.codes <= _NO_BETTER:
        return None
    text = reading.text.lower()
    is_name = _NAME.match(text) is not None
    tokens = reading.tokens or read(_cleaned(reading.text), index, any_length=True).tokens
    words = list(_words(tokens, index, is_name=is_name))
    if not words or not _is_plausible(words, is_model="model" in text):
        return None
    said = {word.field for word in words}
    is_clear = is_name or ("model" in text and "anatomy" in said)
    certain = is_clear and "task" in said and all(word.certain for word in words)
    name = _arranged(words, index)
    return Suggestion(name, certain) if name else None


def _is_plausible(words: Sequence[_Word], *, is_model: bool) -> bool:
    """Return whether every word has a field, and the words are enough to describe a model."""
    said = {word.field for word in words}
    placed = sum(word.placed for word in words)
    if None in said or placed > 1 or (placed and "task" not in said):
        return False
    return is_model or ("anatomy" in said and not said.isdisjoint({"task", "contrast"}))


def _arranged(words: Sequence[_Word], index: Index) -> str | None:
    """Return the valid name of these words and no others, except a missing task."""
    values: dict[str, tuple[str, ...]] = {}
    # A field strength comes after the contrast that it belongs to.
    for word in sorted(words, key=lambda word: bool(_FIELD_STRENGTH.fullmatch(word.value))):
        field = word.field or ""
        values[field] = tuple(dict.fromkeys((*values.get(field, ()), word.value)))
    fields = Fields(**{"task": ("seg",), **values})
    name = join(fields, omitted=set(FIELDS).difference(values, {"task"}))
    nearest = read(name, index)
    is_right = nearest.fields == fields and nearest.codes <= {"N005"}
    return name if is_right else None  # too long, or a word needs a default next to it


def _words(tokens: Sequence[Token], index: Index, *, is_name: bool) -> Iterator[_Word]:
    """Yield the words of all tokens; places count only in a text that is a name."""
    is_behind = False
    for token in tokens if is_name else map(_without_place, tokens):
        for found in token.found:
            yield from _known(found, index) or [
                _unlisted(found.written, token, index, is_behind=is_behind)
            ]
        is_behind |= is_name and token.field is not None and rank(token.field) > rank("anatomy")


def _without_place(token: Token) -> Token:
    return token._replace(field=token.field if token.homes else None, candidates=())


def _known(found: Found, index: Index) -> list[_Word]:
    """Return a listed word, or the two listed words in one such as `gmseg`; else an empty list."""
    if found.home is not None:
        return [_Word(found.value, None if found.status == "refused" else found.home)]
    written = found.written
    for cut in range(2, len(written) - 1):
        both = index.find(written[:cut]), index.find(written[cut:])
        homes = {None if part.status == "refused" else part.home for part in both}
        if "task" in homes and None not in homes:
            return [_Word(part.value, part.home, certain=False) for part in both]
    return []


def _unlisted(written: str, token: Token, index: Index, *, is_behind: bool) -> _Word:
    """Return a word that is not listed; ``is_behind`` means after the place of the anatomy."""
    if token.field is not None and index.is_open(token.field):
        return _Word(written, token.field)
    if NO_WORD.fullmatch(written):
        is_strength = _FIELD_STRENGTH.fullmatch(written)
        return _Word(written, "contrast" if is_strength else None, certain=False, placed=True)
    if token.field is not None or is_behind:
        return _corrected(written, index)
    if token.candidates or written in _CONNECTIVES:
        return _Word(written, None)
    # Never an animal: most unlisted words are not species.
    return _Word(written, "anatomy", certain=False, placed=True)


def _corrected(written: str, index: Index) -> _Word:
    """Return the one value of a closed list that this is a typing error for."""
    from difflib import get_close_matches  # noqa: PLC0415 - only an invalid name needs it

    options = {
        word: _Word(index.find(word).value, name, certain=False)
        for name, words in index.vocabulary.items()
        if not words.open
        for word in (*words.allowed, *words.aliases)
    }
    near = {options[word] for word in get_close_matches(written, options, cutoff=0.8)}
    return near.pop() if len(near) == 1 and len(written) > 3 else _Word(written, None)


def _cleaned(text: str) -> str:
    """Return the text with the prefix, the characters and the separators of a name.

    Empty if the text is too long, or if a letter would be lost.
    """
    import unicodedata  # noqa: PLC0415 - only an invalid name needs it

    text = text.strip().rstrip("/").rpartition("/")[2].removesuffix(".git").removesuffix(".zip")
    if len(text) > 4 * MAX_LENGTH:
        return ""
    text = _CAPITAL.sub("-", re.sub(r"(?i)nnu-?net", "-nnunet-", text))
    text = unicodedata.normalize("NFKD", text).lower().replace("t2*", "t2star")
    # Drop accents, and turn digits of other scripts into ASCII digits.
    text = "".join(str(unicodedata.digit(c, c)) for c in text if not unicodedata.combining(c))
    if any(c.isalnum() and not c.isascii() for c in text):
        return ""
    text = re.sub(r"\s*[+&,]\s*", "-", text)
    text = re.sub(r"[^a-z0-9_-]+", "_", text)
    text = re.sub(r"(?<![a-z0-9])models?(?![a-z0-9])", "", text).strip("_-")
    if "_" not in text:
        text = text.replace("-", "_")
    tokens = (re.sub(r"-+", "-", token).strip("-") for token in text.split("_"))
    return PREFIX + "_".join(token for token in tokens if token)


def explain(reading: Reading, index: Index) -> tuple[Problem, ...]:
    """Return the problems; that of a single ambiguous word shows the name for each field."""
    problems = tuple(placed.problem for placed in reading.problems)
    unsure = [token for token in reading.tokens if token.candidates]
    if len(unsure) != 1 or unsure[0].is_no_word or not reading.usable:
        return problems
    said = {slot.field: slot.values for slot in reading.slots}
    word = tuple(found.value for found in unsure[0].found)
    names = {
        field: write(Fields(**{**said, field: word}), index, frozenset(said))
        for field in unsure[0].candidates
    }
    certain = [f"`{name}` for {a(field)}" for field, name in names.items() if name]
    end = ": write " + ", ".join(certain) if certain else ""
    return tuple(
        problem._replace(message=problem.message + end) if problem.code == "N006" else problem
        for problem in problems
    )
