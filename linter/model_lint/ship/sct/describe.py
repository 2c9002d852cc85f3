"""What SCT is to state of a model, from its packages, its repository and the user."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import NamedTuple

from ...errors import UsageError
from ...models.paths import CROP_METADATA
from ...models.trainer_folder import TrainerFolder
from ...naming import Name
from ...nnunet.labels import BACKGROUND, outputs
from ...wording import listing, quote
from . import card
from .gather import Subject
from .naming import (
    TABLE_WIDTH,
    TASK,
    TASK_WIDTH,
    contrasts_of,
    group_of,
    priority_of,
    task_of,
)
from .text import plain
from .wanted import Url, Wanted

#: Characters of a description, so that a line of SCT's list of tasks fits a terminal.
_MAX_DESCRIPTION = TABLE_WIDTH - TASK_WIDTH


#: SCT makes a folder of this name.
_MODEL = re.compile(r"\w[\w.-]*", re.ASCII)


class Answers(NamedTuple):
    """What the user says in place of what is found."""

    task: str | None = None
    #: The key in ``MODELS``.
    model: str | None = None
    description: str | None = None
    long_description: str | None = None
    contrasts: tuple[str, ...] = ()
    #: "" for none; None to find it.
    group: str | None = None
    #: BibTeX.
    citation: str | None = None


class Described(NamedTuple):
    """What is known of a model, and what a new entry still takes."""

    wanted: Wanted
    #: Options, each with what it takes.
    missing: tuple[str, ...]

    def require_complete(self) -> None:
        """Raise UsageError, with all options that a new entry still takes."""
        if self.missing:
            told = "; ".join(self.missing)
            raise UsageError(f"{self.wanted.repository}: a new entry also takes {told}")


def describe(subject: Subject, answers: Answers, parse: Callable[[str], Name]) -> Described:
    """Return what SCT is to state of a model. Raises UsageError for an answer that SCT refuses."""
    folder = _trainer_folder(subject)
    dataset = folder.dataset.object if folder.dataset else {}
    labels = dataset.get("labels")
    named = [label for label in labels if label != BACKGROUND] if isinstance(labels, dict) else []
    name = parse(subject.repository.partition("/")[2])
    readme, citation = subject.text("README.md"), subject.text("CITATION.cff")
    task = answers.task or task_of(name, named) or ""
    contrasts = answers.contrasts or contrasts_of(name, dataset)
    description, why = _description(answers, readme, citation)
    wanted = Wanted(
        model=answers.model or name.text,
        task=task,
        repository=subject.repository,
        page=subject.page,
        tag=subject.tag,
        url=_url(subject),
        description=description,
        long_description=plain(answers.long_description or "")
        or card.long_description(readme, citation),
        contrasts=contrasts,
        cropped_image=any(
            _is_cropped(one.package.wrapper, one.package.crops) for one in subject.zips
        ),
        suffixes=tuple(outputs(labels)) if isinstance(labels, dict) else (),
        citation=card.bibtex(readme, citation, subject.tag)
        if answers.citation is None
        else answers.citation,
        group=group_of(name, named) if answers.group is None else answers.group,
        priority=priority_of(name),
    )
    _require_valid(wanted)
    return Described(wanted, tuple(_missing(wanted, why)))


def _trainer_folder(subject: Subject) -> TrainerFolder:
    first = subject.zips[0]
    if not first.package.judged:
        raise UsageError(f"{first.target.text}: no trainer folder")
    return first.package.judged[0]


def _is_cropped(wrapper: str, crops: tuple[object, ...]) -> bool:
    """Return whether ``crop_metadata.json`` is where SCT looks for it."""
    path = f"{wrapper}/{CROP_METADATA}" if wrapper else CROP_METADATA
    return any(getattr(crop, "path", None) == path for crop in crops)


def _url(subject: Subject) -> Url:
    if len(subject.zips) == 1:
        return [subject.zips[0].url]
    folds: list[tuple[int, str]] = []
    for one in subject.zips:
        numbers = [fold.number for fold in one.package.judged[0].folds]
        if len(numbers) != 1 or not isinstance(numbers[0], int):
            raise UsageError(f"{one.name}: not one numbered fold; SCT joins zips of one fold each")
        folds.append((numbers[0], one.url))
    return {f"model_fold{number}": [url] for number, url in sorted(folds)}


def _description(answers: Answers, readme: str, citation: str) -> tuple[str, str]:
    """Return the description, or "" and why there is none."""
    if answers.description is not None:
        return plain(answers.description), ""
    found = card.descriptions(readme, citation)
    fitting = next((text for text in found if len(text) <= _MAX_DESCRIPTION), "")
    if fitting or not found:
        return fitting, "" if fitting else "the README and the citation have none"
    return "", f"the README's has {len(found[0])}: {quote(found[0])}"


def _missing(wanted: Wanted, why: str) -> list[str]:
    description = f"--description TEXT (at most {_MAX_DESCRIPTION} characters; {why})"
    missing: Mapping[str, bool] = {
        "--task NAME (the name of the repository gives none)": not wanted.task,
        description: not wanted.description,
        "--long-description TEXT (the README has no paragraph)": not wanted.long_description,
        "--contrast NAME (such as t2, or any)": not wanted.contrasts,
    }
    return [text for text, is_missing in missing.items() if is_missing]


def _require_valid(wanted: Wanted) -> None:
    """Raise UsageError for what SCT's reviewers refuse."""
    task, model = wanted.task, wanted.model
    if task and not TASK.fullmatch(task):
        raise UsageError(
            f"--task {task}: lower case, digits and `_` only, and a letter first: SCT's users copy "
            "it with a double click"
        )
    if len(task) >= TASK_WIDTH:
        raise UsageError(
            f"the task {task} has {len(task)} characters; SCT's list of tasks has room for "
            f"{TASK_WIDTH - 1}: give a shorter name with --task"
        )
    if task == model:
        raise UsageError(f"--task {task}: the task and the model must not have the same name")
    if len(wanted.description) > _MAX_DESCRIPTION:
        raise UsageError(
            f"--description: {len(wanted.description)} characters; a line of SCT's list of tasks "
            f"fits 80 columns with at most {_MAX_DESCRIPTION}"
        )
    if not _MODEL.fullmatch(model):
        raise UsageError(f"--model {model}: letters, digits, `-`, `_` and `.` only: it is a folder")
    if wrong := [c for c in wanted.contrasts if not c.isprintable() or not c.strip()]:
        raise UsageError(f"--contrast {listing(wrong)}: not the name of a contrast")
