"""The checks of all answers, in the order of the questions."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from .answers import DEFINITION, QUESTIONS, AnswerError, Answers, orientation, quote
from .facts import CONFIGURATIONS, channels
from .label_list import read
from .name import check_name

_TEXT_LENGTH = 1000
#: The marks of the template engine.
_CODE = re.compile(r"\{[%#{]")


def check(answers: Answers, raw: Mapping[str, object]) -> None:
    """Check all answers.

    Args:
        answers: the answers, and cookiecutter's own values.
        raw: the answers before the template engine rendered them, as far as they are known.

    Raises:
        AnswerError: for the first invalid answer.
    """
    for question, reason in _reasons(answers, raw):
        if reason:
            raise AnswerError(question, reason)


def _reasons(answers: Answers, raw: Mapping[str, object]) -> Iterator[tuple[str, str | None]]:
    """Yield each question, and why its answer is invalid; None if it is valid."""
    for question in QUESTIONS:
        yield question, why_not_plain(answers[question])
    for question, value in raw.items():
        # Answers of the command line are rendered before the template's code runs, so their code is
        # only visible in the raw answers, which also contain the template's own defaults.
        if value != DEFINITION.get(question):
            yield question, _code(value)
    for question in QUESTIONS:
        yield question, _choice(DEFINITION[question], answers[question])
    check_name(answers)
    yield "owner", _owner(answers["owner"])
    yield "title", _text(answers["title"])
    yield "description", _text(answers["description"])
    yield "author", _text(answers["author"]) or _authors(answers["author"])
    yield "image_orientation", _orientation(answers["image_orientation"])
    yield "nnunet_configuration", _configuration(answers)
    read(answers["labels"])
    yield "channels", _channels(channels(answers))


def why_not_plain(value: object) -> str | None:
    """Return why an answer is not text on one line without template code; None if it is."""
    if not isinstance(value, str):
        return f"{quote(value)} is not text; type a word or a sentence."
    if not value.isprintable():
        return (
            f"{quote(value)} contains a line break or an invisible character; "
            "type it on one line, with plain spaces."
        )
    return _code(value)


def _code(value: object) -> str | None:
    """Refuse the marks of the template engine: a later update would run them."""
    if isinstance(value, str) and _CODE.search(value):
        return f"{quote(value)} contains template code; type it without curly braces."
    return None


def _choice(choices: object, value: str) -> str | None:
    """Refuse answers outside a menu, which come from another program or a replay."""
    if isinstance(choices, list) and value not in choices:
        return f"{quote(value)} is not one of the choices; type one of {', '.join(choices)}."
    return None


def _owner(owner: str) -> str | None:
    """Apply GitHub's rules for the name of a user or an organisation."""
    if re.fullmatch(r"(?!-)(?!.*--)[A-Za-z0-9-]{1,39}(?<!-)", owner):
        return None
    return (
        f"{quote(owner)} is not a GitHub name; type letters, digits and single hyphens, "
        "at most 39, such as ivadomed."
    )


def _text(value: str) -> str | None:
    if not re.search(r"\w", value):
        return f"{quote(value)} has no word; type at least one."
    if len(value) > _TEXT_LENGTH:
        return f"{len(value)} characters are too many; type at most {_TEXT_LENGTH}."
    return None


def _authors(names: str) -> str | None:
    example = "such as Ada Lovelace, Alan Turing."
    if "@" in names:
        return f"{quote(names)} contains an address; type only names, {example}"
    if not all(re.search(r"\w", name) for name in names.split(",")):
        return f"{quote(names)} has an empty name; type names with one comma between, {example}"
    return None


def _orientation(code: str) -> str | None:
    """Require one of the 48 codes, in capitals."""
    if code in orientation.ORIENTATIONS:
        return None
    if code.upper() in orientation.ORIENTATIONS:
        return f"{quote(code)} is in small letters; type {code.upper()}."
    return (
        f"{quote(code)} is not an orientation; type three capitals, "
        "one of R or L, one of A or P and one of S or I, such as RPI."
    )


def _configuration(answers: Answers) -> str | None:
    """Require nnU-Net's configuration to agree with the architecture in the name."""
    chosen, architecture = answers["nnunet_configuration"], answers["architecture"]
    wanted = CONFIGURATIONS.get(architecture)
    if chosen == "auto" or wanted is None or (chosen == "2d") == (wanted == "2d"):
        return None
    return f"{quote(chosen)} contradicts the architecture {architecture}; type {wanted}."


def _channels(suffixes: tuple[str, ...]) -> str | None:
    """Require BIDS suffixes, with entities before them if needed."""
    for suffix in suffixes:
        if re.fullmatch(r"([a-z]+-[A-Za-z0-9+]+_)*[A-Za-z0-9]+", suffix) is None:
            return (
                f"{quote(suffix)} is not the end of a BIDS file name; "
                "type suffixes with commas between, such as T1w, T2w."
            )
    once = tuple(dict.fromkeys(suffixes))
    return f"a suffix is there twice; type {', '.join(once)}." if once != suffixes else None
