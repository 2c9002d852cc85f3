"""The nearest right name: the words of a wrong one, mended and put where they belong."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Literal, NamedTuple

from .model import MAX_LENGTH, NO_WORD, PREFIX, Fields, NameProblem, Reading, Token
from .reading import read
from .vocabulary import Found, Index
from .wording import a
from .writing import write

#: The open fields, in the order in which an unlisted word is likely to be meant as one.
_LIKELY = ("anatomy", "contrast", "animal")
#: Versions and tags, which belong to a release.
_TAG = re.compile(r"v[0-9]+|r[0-9]{8}")


def advise(reading: Reading, index: Index) -> Iterator[NameProblem]:
    """Yield the problems of a name, each with the nearest right name."""
    if not reading.problems:
        return
    nearest = nearest_name(reading, index)
    unsure = [placed for placed in reading.problems if placed.problem.code == "N006"]
    for placed in reading.problems:
        problem = placed.problem
        if unsure == [placed] and reading.usable:
            message = problem.message + _alternatives(reading, placed.position, index)
            yield replace(problem, message=message, suggestion=nearest)
        elif problem.code == "N005" and nearest and problem.token in nearest.split("_"):
            yield problem  # the nearest right name keeps what it is about
        else:
            yield replace(problem, suggestion=nearest)


def _alternatives(reading: Reading, position: int, index: Index) -> str:
    """Return the names that say for certain what a token is, as the end of a message."""
    token = reading.tokens[position]
    if token.is_no_word:
        return ""
    names = {
        name: nearest_name(reading, index, {position: name})
        for name in _LIKELY
        if name in token.candidates
    }
    certain = [f"`{full}` for {a(name)}" for name, full in names.items() if full]
    return ": write " + ", ".join(certain) if certain else ""


class _Group(NamedTuple):
    """Words that stood together in one token."""

    found: tuple[Found, ...]
    #: The field of its unlisted words, where that is known.
    field: str | None = None
    #: Whether an unlisted word may be a slip of the pen for one in a list: never, only for a very
    #: near one (where it can stand as it is), or always.
    mend: Literal["never", "near", "always"] = "always"
    #: Whether it stands where the task should, and is none.
    instead_of_task: bool = False


def nearest_name(
    reading: Reading, index: Index, decided: Mapping[int, str] | None = None
) -> str | None:
    """Return the right name that says what this text seems to mean, if that is another text.

    ``decided`` gives tokens (by position) a field.
    """
    if reading.tokens:
        groups = [_group(token, reading, index, decided or {}) for token in reading.tokens]
        return _rebuilt(groups, reading.text, index)
    if len(reading.text) > 4 * MAX_LENGTH:
        return None
    cleaned = read(_cleaned(reading.text), index, any_length=True)
    if cleaned.codes <= {"N005"}:
        groups = [_Group(token.found, token.field, mend="never") for token in cleaned.tokens]
    else:
        groups = [_Group(token.found) for token in cleaned.tokens]
    if not any(f.home for group in groups for f in group.found):
        return None  # a text that has nothing to do with this convention
    return _rebuilt(groups, reading.text, index)


def _group(token: Token, reading: Reading, index: Index, decided: Mapping[int, str]) -> _Group:
    if token.position in decided:
        return _Group(token.found, decided[token.position], mend="never")
    if token.by_place and token.field == "task":
        return _Group(token.found, instead_of_task=True)
    if token.is_no_word:
        return _Group(token.found)
    if token.candidates:
        return _Group(token.found, next(name for name in _LIKELY if name in token.candidates))
    if token.field is None or not index.is_open(token.field):
        return _Group(token.found, token.field)
    return _Group(token.found, token.field, "near" if reading.codes <= {"N005"} else "never")


def _rebuilt(groups: Sequence[_Group], text: str, index: Index) -> str | None:
    """Return a right name of the words in these groups."""
    groups = [_mended(group, index) for group in groups]
    if any(f.standing == "refused" for group in groups for f in group.found):
        return None  # the convention has no word for what it says
    values = _sorted_out(groups, index)
    values.setdefault("task", ["seg"])
    fields = Fields(
        **{
            name: tuple(dict.fromkeys(values.get(name, words.defaults)))
            for name, words in index.vocabulary.items()
        }
    )
    name = write(fields, index, frozenset(values)) or write(fields, index)
    return name if name != text else None


def _mended(group: _Group, index: Index) -> _Group:
    """Replace the words of a group that are in no list by near ones that are."""
    return group._replace(found=tuple(_mended_word(f, group, index) for f in group.found))


def _mended_word(found: Found, group: _Group, index: Index) -> Found:
    vocabulary = index.vocabulary
    if found.standing == "refused":
        options = {word: word for word in vocabulary[found.home or ""].allowed}
        return _closest(found, options, index, 0.6)
    if found.standing != "unlisted" or group.mend == "never" or len(found.written) < 4:
        return found
    if group.mend == "near":
        listed = {word: f.value for word, f in index.words.items() if _is_near(found, f)}
        return _closest(found, listed, index, 0.8)
    if group.instead_of_task:
        task = vocabulary["task"]
        options = {**task.aliases, **{word: word for word in task.allowed}}
        mended = _closest(found, options, index, 0.7)
        if mended is not found:
            return mended
    for words in vocabulary.values():
        for word in () if words.open else words.spec:
            if len(word) > 4 and found.written.startswith(word.lower()):
                return index.find(word)  # a suffix on it: `unet3dmulticlass`
    options = {
        word: f.value
        for word, f in index.words.items()
        if f.standing != "refused" and abs(len(word) - len(found.written)) <= 1
    }
    return _closest(found, options, index, 0.8)


def _is_near(found: Found, other: Found) -> bool:
    """Tell whether a word that may stand as it is could yet be meant as this one.

    The specification's own words are what is meant most often; of the others, only the same letters
    in another order are a sign.
    """
    if other.standing == "listed":
        return abs(len(other.written) - len(found.written)) <= 1
    return other.standing == "known" and sorted(other.written) == sorted(found.written)


def _closest(found: Found, options: Mapping[str, str], index: Index, cutoff: float) -> Found:
    from difflib import get_close_matches  # noqa: PLC0415 - only a wrong name pays for it

    near = get_close_matches(found.written, options, n=1, cutoff=cutoff)
    return index.find(options[near[0]]) if near else found


def _sorted_out(groups: Sequence[_Group], index: Index) -> dict[str, list[str]]:
    """Return the values that the words of all groups give to each field."""
    words = [(found, group) for group in groups for found in group.found]
    homes = [found.home for found, _ in words]
    values: dict[str, list[str]] = {}
    # Numbers and field strengths come last, behind the values that they are joined to.
    order = sorted(range(len(words)), key=lambda i: bool(NO_WORD.fullmatch(words[i][0].written)))
    for position in order:
        found, group = words[position]
        if found.home is None:
            adopted = _adopted(position, group, homes, index)
            if adopted is None or not index.is_open(adopted) or _TAG.fullmatch(found.written):
                continue
            homes[position] = adopted
        values.setdefault(homes[position] or "", []).append(found.value)
    return values


def _adopted(position: int, group: _Group, homes: Sequence[str | None], index: Index) -> str | None:
    """Return the field that an unlisted word is best read as; None to leave it out."""
    mates = [f.home for f in group.found if f.home]
    if mates or group.field:
        return group.field or mates[0]
    if group.instead_of_task:
        return None if "anatomy" in homes else "anatomy"
    if "contrast" in homes and all(NO_WORD.fullmatch(f.written) for f in group.found):
        return "contrast"  # where field strengths belong, if anywhere
    if "architecture" in homes[:position]:
        return None  # after it nothing else has a place
    before = next((home for home in reversed(homes[:position]) if home), None)
    after = next((home for home in homes[position + 1 :] if home), None)
    return next((h for h in (before, after) if h and index.is_open(h)), "anatomy")


def _cleaned(text: str) -> str:
    """Return the text with the prefix, the characters and the separators of a name."""
    import unicodedata  # noqa: PLC0415 - only a wrong name pays for it

    text = text.strip().rstrip("/").rpartition("/")[2].removesuffix(".git").removesuffix(".zip")
    if text.isalnum():
        text = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", text)  # modelSegMouse
    text = unicodedata.normalize("NFKD", text).lower().replace("t2*", "t2star")
    text = re.sub(r"\s*[+&,]\s*", "-", text)
    # Accents go, digits of other scripts become ours.
    text = re.sub(r"[^\x00-\x7f]", lambda found: str(unicodedata.digit(found[0], "")), text)
    text = re.sub(r"[^a-z0-9_-]+", "_", text)
    text = re.sub(r"^_*models?(?=[_-]|$)", "", text).removeprefix("model")
    if "_" not in text.strip("_-"):
        text = text.replace("-", "_")
    tokens = (re.sub(r"-+", "-", token).strip("-") for token in text.split("_"))
    return PREFIX + "_".join(token for token in tokens if token)
