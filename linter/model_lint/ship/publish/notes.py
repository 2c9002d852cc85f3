"""The notes of a release: what changed, results, how to use it, and where it comes from."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from ... import __version__
from ...findings import Answer, Consumer
from ...models.package import Package
from ...privacy import scrub
from ...wording import count
from ..pinned import pinned_nnunet
from ..training import Training, training_of
from ..training_notes import TRAINING, describe
from .about import description, results_of

#: Commits that are listed; the rest is counted.
_MAX_COMMITS = 20
_HEADING = re.compile(r"(?m)^#{1,3} +(.+?)[ #]*$")


class Change(NamedTuple):
    """A commit since the last release."""

    sha: str
    message: str


class History(NamedTuple):
    """What happened since the last release."""

    #: The tag of the last release; "" if there is none.
    since: str = ""
    changes: tuple[Change, ...] = ()


class Origin(NamedTuple):
    """Where the release is, and where its model comes from."""

    #: The address of the repository.
    url: str
    tag: str
    commit: str
    #: Texts of the commit by path.
    texts: Mapping[str, str]
    #: The files that say which subject is in which split, with their content.
    splits: Mapping[str, bytes]


class Packed(NamedTuple):
    """A package of the release."""

    name: str
    package: Package
    takes: tuple[Answer, ...]


def write_notes(origin: Origin, packages: tuple[Packed, ...], history: History, own: str) -> str:
    """Return the notes as Markdown, without paths, hosts and subjects.

    ``own`` is what the user writes; it comes first, and a section that it has is not repeated.
    """
    files = f"{origin.url}/blob/{origin.commit}"
    readme = origin.texts.get("README.md", "")
    trainings, labels = _trainings(packages)
    sections = {
        "What changed": _changes(origin, history),
        "Results": _section("Results", results_of(readme, files)),
        TRAINING: _section(TRAINING, describe(trainings, labels)),
        "How to use it": _section("How to use it", "\n\n".join(_usage(origin, packages))),
        "Where it comes from": _section(
            "Where it comes from", _table(_origin(origin, packages, trainings))
        ),
    }
    there = {heading.lower() for heading in _HEADING.findall(own)}
    generated = (text for title, text in sections.items() if title.lower() not in there)
    return scrub("\n\n".join(filter(None, (own.strip() or description(readme), *generated)))) + "\n"


def _trainings(packages: tuple[Packed, ...]) -> tuple[list[Training], object]:
    """Return what the logs in the packages say of each fold, and the labels."""
    found, labels = [], None
    for packed in packages:
        texts = {text.path: text.text for text in packed.package.texts}
        for trainer in packed.package.judged:
            labels = trainer.dataset.object.get("labels") if trainer.dataset else labels
            for fold in trainer.folds:
                start = f"{fold.path}/"
                own = {p.removeprefix(start): t for p, t in texts.items() if p.startswith(start)}
                found.append(training_of(fold.name, own))
    return found, labels


def _section(title: str, text: str) -> str:
    return f"## {title}\n\n{text}" if text else ""


def _changes(origin: Origin, history: History) -> str:
    if not history.since:
        return _section("What changed", "This is the first release.")
    changes = [c for c in history.changes if not c.message.startswith("Merge ")][::-1]
    lines = [f"- {_plain(scrub(_subject(c)))} ({c.sha[:7]})" for c in changes[:_MAX_COMMITS]]
    left = len(changes) - _MAX_COMMITS
    if left > 0:
        lines.append(f"- and {count(left, 'more commit')}")
    if not lines:
        lines = ["The same code, with other packages."]
    address = f"{origin.url}/compare/{history.since}...{origin.tag}"
    lines.append(f"\n[All changes since {history.since}]({address})")
    return _section(f"What changed since {history.since}", "\n".join(lines))


def _subject(change: Change) -> str:
    return change.message.strip().partition("\n")[0]


def _plain(text: str) -> str:
    """Return a text that Markdown and GitHub take as it is: no mention, link or heading."""
    return re.sub(r"([\\`*_\[\]<>|~])", r"\\\1", text).replace("@", "@&#8203;")


def _usage(origin: Origin, packages: tuple[Packed, ...]) -> Iterator[str]:
    addresses = [f"{origin.url}/releases/download/{origin.tag}/{p.name}" for p in packages]
    if _taken(packages, Consumer.SCT):
        lines = [
            f"sct_deepseg spinalcord -install -custom-url {' '.join(addresses)}",
            "sct_deepseg spinalcord -i IMAGE.nii.gz",
        ]
        yield (
            "In the [Spinal Cord Toolbox](https://spinalcordtoolbox.com) 7.0 or later, in place of "
            f"the model of the task `spinalcord`:\n\n{_code(lines)}\n\n"
            "`sct_deepseg spinalcord -install` restores SCT's own model."
        )
    if _taken(packages, Consumer.NNUNET):
        folder, folds = _trainer_folder(packages)
        if folder:
            command = f"nnUNetv2_predict_from_modelfolder -m {folder} -f {folds}"
            unpack = [f"unzip {packed.name}" for packed in packages]
            yield f"In nnU-Net:\n\n{_code([*unpack, f'{command} -i IMAGES -o SEGMENTATIONS'])}"
    yield (
        "To check a download: `sha256sum --check --ignore-missing SHA256SUMS`, in the same folder."
    )


def _taken(packages: tuple[Packed, ...], consumer: Consumer) -> bool:
    answers = [a for packed in packages for a in packed.takes if a.consumer is consumer]
    return bool(answers) and all(answer.verdict == "yes" for answer in answers)


def _trainer_folder(packages: tuple[Packed, ...]) -> tuple[str, str]:
    """Return the trainer folder and the folds of all packages, for nnU-Net's command."""
    trainers = [trainer for packed in packages for trainer in packed.package.judged]
    folds = [fold.name.removeprefix("fold_") for t in trainers for fold in t.folds]
    folders = {trainer.path for trainer in trainers}
    return (folders.pop() if len(folders) == 1 else ""), " ".join(dict.fromkeys(folds))


def _code(lines: list[str]) -> str:
    return "\n".join(["```bash", *lines, "```"])


def _table(rows: Iterable[tuple[str, str]]) -> str:
    lines = [f"| {name} | {value} |" for name, value in rows if value]
    return "\n".join(["| | |", "|:--|:--|", *lines])


def _origin(
    origin: Origin, packages: tuple[Packed, ...], trainings: Iterable[Training]
) -> Iterator[tuple[str, str]]:
    trainers = [trainer for packed in packages for trainer in packed.package.judged]
    yield "Code", f"[`{origin.commit[:7]}`]({origin.url}/tree/{origin.commit})"
    yield "Trainer", _each(trainer.class_name for trainer in trainers)
    yield "Configuration", _each(trainer.configuration or "" for trainer in trainers)
    yield "Plans", _each(trainer.parts.plans for trainer in trainers if trainer.parts)
    yield "Folds", _trainer_folder(packages)[1].replace(" ", ", ")
    yield "nnU-Net", pinned_nnunet(origin.texts)
    yield "PyTorch", _each(training.torch for training in trainings)
    for path, data in origin.splits.items():
        # Not all of it: T012 takes a whole digest for one of an asset.
        digest = hashlib.sha256(data).hexdigest()[:16]
        yield "Split", f"`{path}`, sha256 `{digest}...`"
    yield "Checked with", f"model-lint {__version__}, `check --deep`"


def _each(values: Iterable[str]) -> str:
    return ", ".join(f"`{value}`" for value in dict.fromkeys(values) if value)
