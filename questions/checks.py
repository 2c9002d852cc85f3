"""The checks of all answers, in the order of the questions."""

from __future__ import annotations

import re
from collections.abc import Mapping

from . import words
from .checkout import DEFINITION, QUESTIONS, Answers, orientation
from .errors import AnswerError, either, shown
from .label_list import read
from .parts import check_name

_TEXT_LENGTH = 1000
#: The marks of the template engine.
_CODE = re.compile(r"\{[%#{]")


def check(answers: Answers, raw: Mapping[str, object]) -> None:
    """Check all answers.

    Args:
        answers: the answers, and cookiecutter's own values.
        raw: the answers before the template engine rendered them, where these are known.

    Raises:
        AnswerError: for the first wrong one.
    """
    _check_text(answers)
    _check_code(raw)
    _check_choices(answers)
    check_name(answers)
    _check_owner(answers)
    _check_free_text(answers)
    _check_orientation(answers)
    _check_configuration(answers)
    read(answers["labels"])
    _check_channels(answers)


def is_plain(value: object) -> bool:
    """Return whether an answer is text on one line, without marks of the template engine."""
    return isinstance(value, str) and value.isprintable() and not _CODE.search(value)


def _check_text(answers: Answers) -> None:
    """Refuse what no answer may hold: other types, line breaks, odd characters, template code."""
    for question in QUESTIONS:
        value = answers[question]
        if not isinstance(value, str):
            raise AnswerError(question, f"{shown(value)} is not text; type a word or a sentence.")
        if not value.isprintable():
            raise AnswerError(
                question,
                f"{shown(value)} holds a line break or an invisible character; "
                "type it on one line, with plain spaces.",
            )
        _refuse_code(question, value)


def _check_code(raw: Mapping[str, object]) -> None:
    """Refuse answers that the template engine already took for code.

    Values given on the command line are rendered before any code of the template runs, so what they
    said can only be seen in the raw answers, where the template's own defaults stand too.
    """
    for question, value in raw.items():
        if isinstance(value, str) and value != DEFINITION.get(question):
            _refuse_code(question, value)


def _refuse_code(question: str, value: str) -> None:
    """Refuse the marks of the template engine: a later update would run them."""
    if _CODE.search(value):
        raise AnswerError(
            question, f"{shown(value)} holds template code; type it without curly braces."
        )


def _check_choices(answers: Answers) -> None:
    """Refuse answers outside a menu: of another program, or stored for a replay."""
    for question in QUESTIONS:
        choices = DEFINITION[question]
        if isinstance(choices, list) and answers[question] not in choices:
            value = shown(answers[question])
            raise AnswerError(
                question, f"{value} is not one of the choices; type {either(choices)}."
            )


def _check_owner(answers: Answers) -> None:
    """Check the owner: GitHub's rules for the name of a user or an organisation."""
    owner = answers["owner"]
    if re.fullmatch(r"(?!-)(?!.*--)[A-Za-z0-9-]{1,39}(?<!-)", owner) is None:
        raise AnswerError(
            "owner",
            f"{shown(owner)} is not a GitHub name; type letters, digits and single hyphens, "
            "at most 39, such as ivadomed.",
        )


def _check_free_text(answers: Answers) -> None:
    """Check what people read: title, description and authors."""
    for question in ("title", "description", "author"):
        value = answers[question]
        if not re.search(r"\w", value):
            raise AnswerError(question, f"{shown(value)} says nothing; type at least a word.")
        if len(value) > _TEXT_LENGTH:
            raise AnswerError(
                question, f"{len(value)} characters are too many; type at most {_TEXT_LENGTH}."
            )
    author = answers["author"]
    if "@" in author:
        raise AnswerError(
            "author",
            f"{shown(author)} holds an address; type names alone, such as "
            "Ada Lovelace, Alan Turing.",
        )
    if not all(re.search(r"\w", name) for name in author.split(",")):
        raise AnswerError(
            "author",
            f"{shown(author)} has an empty name; "
            "type names with one comma between, such as Ada Lovelace, Alan Turing.",
        )


def _check_orientation(answers: Answers) -> None:
    """Check the orientation: one of the 48 codes, in capitals."""
    code = answers["image_orientation"]
    if code in orientation.ORIENTATIONS:
        return
    if code.upper() in orientation.ORIENTATIONS:
        raise AnswerError(
            "image_orientation", f"{shown(code)} is in small letters; type {code.upper()}."
        )
    raise AnswerError(
        "image_orientation",
        f"{shown(code)} is not an orientation; type three capitals, "
        "one of R or L, one of A or P and one of S or I, such as RPI.",
    )


def _check_configuration(answers: Answers) -> None:
    """Check nnU-Net's configuration against the architecture in the name."""
    chosen, architecture = answers["nnunet_configuration"], answers["architecture"]
    wanted = words.NNUNET.get(architecture)
    if chosen == "auto" or wanted is None or (chosen == "2d") == (wanted == "2d"):
        return
    raise AnswerError(
        "nnunet_configuration",
        f"{shown(chosen)} contradicts the architecture {architecture}; type {wanted}.",
    )


def _check_channels(answers: Answers) -> None:
    """Check the channels: BIDS suffixes, with entities before them where they are needed."""
    channels = [channel.strip() for channel in answers["channels"].split(",")]
    for channel in channels:
        if re.fullmatch(r"([a-z]+-[A-Za-z0-9]+_)*[A-Za-z0-9]+", channel) is None:
            raise AnswerError(
                "channels",
                f"{shown(channel)} is not how a BIDS file name ends; "
                "type suffixes with commas between, such as T1w, T2w.",
            )
    if len(set(channels)) < len(channels):
        once = ", ".join(dict.fromkeys(channels))
        raise AnswerError("channels", f"a suffix stands there twice; type {once}.")
