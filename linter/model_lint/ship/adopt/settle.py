"""Settle what the files of a laid-out model say: repair what is certain, ask for the rest."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ...checkpoint.model import Checkpoint
from ...errors import UsageError, require_file
from ...lint import Options, lint
from ...models.json_file import JsonFile
from ...models.paths import FINAL_CHECKPOINT, parse_folder_name
from ...models.target import load_target
from ...models.trainer_folder import TrainerFolder
from ...nnunet.trainers import SCT_TRAINERS
from ...rules import all_rules
from ...rules.privacy import LEAKS
from ...wording import quote
from ..repair import refuse_unsafe
from ..results_folder import read_file, read_json_file
from . import edit_dataset, edit_plans
from .changes import Edit, Remains
from .copies import settled_copy
from .rename_trainer import rename_trainer
from .request import AdoptRequest, Question

#: What `json.load` refuses or misreads at the start of a file, and how Python decodes the rest.
_MARKS = {b"\xef\xbb\xbf": "utf-8-sig", b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}
_JSON = ("plans.json", "dataset.json", "dataset_fingerprint.json")


@dataclass(frozen=True)
class Settled:
    """A model that can be packed."""

    #: The trainer folder, which may have another name now.
    folder: Path
    #: The edits by path in the trainer folder.
    edits: Mapping[str, tuple[Edit, ...]]
    #: The checkpoints as they were laid out, by the name of the fold.
    checkpoints: Mapping[str, Checkpoint]
    #: Codes of the rules that report something in the model as it was.
    codes: frozenset[str]
    #: Those that report something private in a checkpoint.
    leaks: frozenset[str]
    remains: tuple[Remains, ...]


def settle(folder: Path, request: AdoptRequest) -> Settled:
    """Repair the files of a trainer folder in place, and give it its name.

    Raises:
        UsageError: it can't be adopted, or something has to be asked for.
    """
    marked = {name: _unmarked(folder / name) for name in _JSON}
    target = load_target(str(folder))
    refuse_unsafe(target)
    found = lint(target, Options(all_rules())).findings
    trainers = target.package.trainers if target.package else ()
    trainer = next(one for one in trainers if one.name == folder.name)
    settling = _Settling(folder, request, trainer, marked)
    plans = settling.run()
    # A slim checkpoint does not say of which fold it is.
    of_folds = [Remains(f.code, f.message) for f in found if f.code == "C006"]
    return Settled(
        _named(folder, trainer, request.trainer or trainer.class_name, plans),
        {name: tuple(edits) for name, edits in settling.edits.items() if edits},
        {fold.name: checkpoint for fold, checkpoint in trainer.checkpoints},
        frozenset(finding.code for finding in found),
        frozenset(f.code for f in found if f.code in LEAKS and f.location.endswith(".pth")),
        (*settling.remains, *of_folds),
    )


def _unmarked(path: Path) -> list[Edit]:
    """Write a JSON file in UTF-8 without a byte order mark, which consumers can't read."""
    data = read_file(path) if path.is_file() else b""
    coding = next((c for mark, c in _MARKS.items() if data.startswith(mark)), None)
    if coding is None:
        return []
    try:
        text = data.decode(coding)
    except UnicodeDecodeError:
        return []  # it is reported as unreadable
    path.write_bytes(text.encode())
    code = {"plans.json": "P001", "dataset.json": "D001"}.get(path.name, "P006")
    return [Edit("written in UTF-8, without a byte order mark", (code,))]


@dataclass(frozen=True)
class _Settling:
    """The files of one trainer folder, while they are settled."""

    folder: Path
    request: AdoptRequest
    trainer: TrainerFolder
    edits: dict[str, list[Edit]]
    remains: list[Remains] = field(default_factory=list)
    #: What has to be asked for, all at once.
    questions: list[str] = field(default_factory=list)

    def run(self) -> dict[str, Any]:
        """Settle every file, and return the plans. Raises UsageError."""
        plans = self._chosen("plans.json", self.request.plans, self.trainer.plans)
        dataset = self._chosen("dataset.json", self.request.dataset, self.trainer.dataset)
        if self.request.fingerprint:
            self._take("dataset_fingerprint.json", self.request.fingerprint, "L007")
            read_json_file(self.folder / "dataset_fingerprint.json")  # refuses what is no JSON
        self._require_class()
        self._rename_trainer()
        plans, edits = edit_plans.edited(plans)
        self._write("plans.json", plans, edits)
        if dataset:
            self._edit_dataset(dataset, plans)
        if self.questions:
            raise UsageError("; also: ".join(self.questions))
        return plans

    def _chosen(self, name: str, wanted: str | None, file: JsonFile | None) -> dict[str, Any]:
        """Return the content of a file: its own, of the checkpoint's copy, or of another file."""
        try:
            settled = settled_copy(name, wanted, file, self.trainer)
        except Question as question:
            self.questions.append(str(question))
            return {}
        self.remains.extend(settled.remains)
        if settled.taken is not None:
            self._take(name, settled.taken, "L007")
        elif settled.content is not None:
            self._write(name, settled.content, settled.edits)
        return read_json_file(self.folder / name).object

    def _edit_dataset(self, dataset: dict[str, Any], plans: dict[str, Any]) -> None:
        request = self.request
        try:
            dataset, edits = edit_dataset.edited(
                dataset, plans, request.orientation, request.labels
            )
        except Question as question:
            self.questions.insert(0, str(question))
        else:
            self._write("dataset.json", dataset, edits)

    def _require_class(self) -> None:
        """Put the source of a custom trainer into the folder; ask for it if it is missing."""
        if self.request.trainer_class:
            self._take("trainer_class.py", self.request.trainer_class, "L016", "L018")
            return
        name = self.trainer.class_name
        known = {trainer.lower() for trainer in SCT_TRAINERS}
        if self.trainer.trainer_class is None and name.lower() not in known:
            self.questions.append(
                f"the trainer {quote(name)} is not one of nnU-Net's: give --trainer-class FILE, "
                "the file with that class, from the repository or the nnU-Net that trained it"
            )

    def _rename_trainer(self) -> None:
        """Give the trainer another name, if the user asks for it."""
        old, new = self.trainer.class_name, self.request.trainer
        if new is None or new == old:
            return
        folds = [fold.name for fold, _ in self.trainer.checkpoints]
        rename_trainer(self.folder, folds, old, new)
        edit = Edit(f"the trainer `{old}` is called `{new}` too", ("L003",))
        self.edits.setdefault("trainer_class.py", []).append(edit)
        for fold in folds:
            renamed = Edit(f"it names the trainer `{new}`, not `{old}`", ("L003",))
            self.edits[f"{fold}/{FINAL_CHECKPOINT}"] = [renamed]

    def _take(self, name: str, path: Path, *codes: str) -> None:
        require_file(path)
        shutil.copyfile(path, self.folder / name)
        self.edits.setdefault(name, []).append(Edit(f"taken from {path}", codes))

    def _write(self, name: str, data: Mapping[str, Any], edits: Iterable[Edit]) -> None:
        edits = list(edits)
        if edits:
            text = json.dumps(data, indent=4) + "\n"
            (self.folder / name).write_text(text, encoding="utf-8")
            self.edits.setdefault(name, []).extend(edits)


def _named(folder: Path, trainer: TrainerFolder, class_name: str, plans: Mapping[str, Any]) -> Path:
    """Give a trainer folder the name that nnU-Net gave it, and return it."""
    parts = trainer.parts
    name = plans.get("plans_name")
    plain = isinstance(name, str) and "/" not in name and name.isprintable()
    words = (
        class_name,
        name if plain else parts.plans if parts else "nnUNetPlans",
        trainer.configuration,
    )
    new = "__".join(word or "" for word in words)
    if parse_folder_name(new) is None or "/" in new or not new.isprintable() or len(new) > 200:
        raise UsageError(f"no folder can be named after its trainer and plans: {quote(new)}")
    return folder.rename(folder.with_name(new))
