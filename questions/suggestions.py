"""The defaults that follow from earlier answers; any answers have one."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from .answers import DEFINITION, AnswerError, Answers
from .name import composed, values

#: The words for values of the name, in titles and descriptions.
_TASKS = {"seg": "segmentation", "label": "labeling", "find": "detection"}
_ANATOMIES = {
    "sc": "spinal cord",
    "gm": "gray matter",
    "wm": "white matter",
    "csf": "cerebrospinal fluid",
    "canal": "spinal canal",
    "rootlets": "nerve rootlets",
    "disc": "intervertebral discs",
    "discs": "intervertebral discs",
    "axon": "axons",
    "lesion": "lesions",
    "tumor": "tumors",
    "pmj": "pontomedullary junction",
    "drg": "dorsal root ganglia",
}
_PATHOLOGIES = {"hc": "healthy controls", "ms": "multiple sclerosis", "sci": "spinal cord injury"}
_CONDITIONS = {"invivo": "in vivo", "exvivo": "ex vivo"}
#: The words for contrasts, and the BIDS suffixes of their images.
_CONTRASTS = {
    "t1": ("T1-weighted MRI", "T1w"),
    "t2": ("T2-weighted MRI", "T2w"),
    "t2star": ("T2*-weighted MRI", "T2star"),
    "dwi": ("diffusion-weighted MRI", "dwi"),
    "pd": ("proton density-weighted MRI", "PDw"),
    "mp2rage": ("MP2RAGE MRI", "UNIT1"),
    "unit1": ("MP2RAGE UNIT1 MRI", "UNIT1"),
    "epi": ("EPI MRI", "bold"),
    "psir": ("PSIR MRI", "PSIR"),
    "stir": ("STIR MRI", "STIR"),
    "mt": ("magnetization transfer MRI", "MTS"),
    "sem": ("scanning electron microscopy", "SEM"),
    "tem": ("transmission electron microscopy", "TEM"),
    "ct": ("CT", "ct"),
}
#: Words of a contrast that are not images.
_NO_IMAGE = frozenset({"contrast", "agnostic", "multicontrast"})


def suggested(answers: Answers, question: str) -> str:
    """Return the default of a question after these answers."""
    return _SUGGESTIONS[question](answers)


def follows(answers: Answers, question: str) -> bool:
    """Return whether an answer is the default that follows from the others."""
    default = DEFINITION[question]
    if question in _SUGGESTIONS:
        return bool(answers[question] == suggested(answers, question))
    return bool(question == "author" and answers[question] == answers["owner"] and "{" in default)


def images(answers: Answers) -> list[str]:
    """Return the contrasts that are images, without numbers, field strengths and the like."""
    return [
        value
        for value in values(answers, "contrast")
        if value and value not in _NO_IMAGE and value[0] not in "0123456789"
    ]


def _name(answers: Answers) -> str:
    try:
        return composed(answers)
    except AnswerError as error:
        return str(error)  # shown as the default, before the check


def _title(answers: Answers) -> str:
    anatomy = _said(answers, "anatomy", _ANATOMIES)
    return f"{anatomy[:1].upper()}{anatomy[1:]} {_task(answers)} on {_contrast(answers)}"


def _description(answers: Answers) -> str:
    anatomy, animal = _said(answers, "anatomy", _ANATOMIES), _said(answers, "animal", {})
    text = f"Deep learning-based {_task(answers)} of the {anatomy} on "
    text += f"{_said(answers, 'condition', _CONDITIONS)} {animal} {_contrast(answers)}"
    if values(answers, "pathology") in {(), ("hc",)}:
        return text
    return f"{text} in {_said(answers, 'pathology', _PATHOLOGIES)}"


def _labels(answers: Answers) -> str:
    return ", ".join(f"{v}={n}" for n, v in enumerate(values(answers, "anatomy"), 1))


def _channels(answers: Answers) -> str:
    return ", ".join(_CONTRASTS.get(image, ("", image))[1] for image in images(answers))


_SUGGESTIONS: Mapping[str, Callable[[Answers], str]] = {
    "repo_name": _name,
    "title": _title,
    "description": _description,
    "labels": _labels,
    "channels": _channels,
}


def _task(answers: Answers) -> str:
    return _TASKS.get(str(answers["task"]), "segmentation")


def _contrast(answers: Answers) -> str:
    named = [_CONTRASTS.get(image, (f"{image} images", ""))[0] for image in images(answers)]
    return _listed(named) if named else "images of any contrast"


def _said(answers: Answers, part: str, table: Mapping[str, str]) -> str:
    return _listed([table.get(value, value) for value in values(answers, part)])


def _listed(items: list[str]) -> str:
    *first, last = items or [""]
    return f"{', '.join(first)} and {last}" if first else last
