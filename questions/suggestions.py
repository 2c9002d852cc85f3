"""Defaults that follow from earlier answers. No answer makes them fail."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from . import words
from .checkout import DEFINITION, Answers
from .errors import AnswerError
from .parts import composed, values


def suggested(answers: Answers, question: str) -> str:
    """Return the default of a question after these answers."""
    return _SUGGESTIONS[question](answers)


def follows(answers: Answers, question: str) -> bool:
    """Return whether an answer is the one that follows from the others."""
    default = DEFINITION[question]
    if question in _SUGGESTIONS:
        return bool(answers[question] == suggested(answers, question))
    return bool(question == "author" and answers[question] == answers["owner"] and "{" in default)


def images(answers: Answers) -> list[str]:
    """Return the contrasts that name images, without numbers, field strengths and the like."""
    return [
        value
        for value in values(answers, "contrast")
        if value and value not in words.NO_IMAGE and value[0] not in "0123456789"
    ]


def _name(answers: Answers) -> str:
    try:
        return composed(answers)
    except AnswerError as error:
        return str(error)  # shown with the question, long before the check


def _title(answers: Answers) -> str:
    anatomy = _anatomy(answers)
    return f"{anatomy[:1].upper()}{anatomy[1:]} {_task(answers)} on {_contrast(answers)}"


def _description(answers: Answers) -> str:
    condition = _said(answers, "condition", words.CONDITIONS)
    animal = " and ".join(values(answers, "animal"))
    text = (
        f"Deep learning-based {_task(answers)} of the {_anatomy(answers)} on {condition} {animal}"
    )
    text += f" {_contrast(answers)}"
    if values(answers, "pathology") in {(), ("hc",)}:
        return text
    return f"{text} in {_said(answers, 'pathology', words.PATHOLOGIES)}"


def _labels(answers: Answers) -> str:
    return ", ".join(f"{v}={n}" for n, v in enumerate(values(answers, "anatomy"), 1))


def _channels(answers: Answers) -> str:
    return ", ".join(words.SUFFIXES.get(image, image) for image in images(answers))


_SUGGESTIONS: Mapping[str, Callable[[Answers], str]] = {
    "repo_name": _name,
    "title": _title,
    "description": _description,
    "labels": _labels,
    "channels": _channels,
}


def _task(answers: Answers) -> str:
    return words.TASKS.get(str(answers["task"]), "segmentation")


def _anatomy(answers: Answers) -> str:
    return _listed(words.ANATOMIES.get(v, v) for v in values(answers, "anatomy"))


def _contrast(answers: Answers) -> str:
    named = [words.CONTRASTS.get(image, f"{image} images") for image in images(answers)]
    return _listed(named) if named else "images of any contrast"


def _said(answers: Answers, part: str, table: Mapping[str, str]) -> str:
    return " and ".join(table.get(value, value) for value in values(answers, part))


def _listed(items: Iterable[str]) -> str:
    *first, last = list(items) or [""]
    return f"{', '.join(first)} and {last}" if first else last
