"""Try a package in one nnU-Net after the other."""

from __future__ import annotations

import json
import lzma
import math
import os
import time
import zipfile
import zlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

from ...errors import UsageError
from ...findings import TargetReport
from ...models.package import Package
from ...models.target import Target
from ...models.trainer_folder import TrainerFolder
from ...rules import all_rules
from ...wording import count, size
from .bundle import unpack
from .environments import Environment
from .explain import explain, explain_defect, explain_end
from .outcome import (
    Failure,
    Trial,
    image_of,
    loaded_of,
    names_of,
    png_of,
    text_of,
)
from .phantom import phantom_for
from .process import Child, Ended
from .scratch import scratch

#: Families of rules whose security matters here; P008 names code that loading would run.
_UNSAFE = frozenset("ZCK"), frozenset({"P008"})
#: Bytes that a trial may write: at least, and for each byte of its images on disk.
_DISK, _DISK_PER_BYTE = 256 << 20, 20
_MAX_DISK, _MAX_FILE = 8 << 30, 2 << 30
_MEMORY = 16 * 1000**3
#: How long nnU-Net may take to be imported, and images to be read: nothing of the package runs yet.
_START_SECONDS = 600


#: What unpacking a zip raises, apart from defects of this program.
_UNPACKING = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, NotImplementedError, RuntimeError,
              EOFError, ValueError, OSError)  # fmt: skip


@dataclass(frozen=True)
class Wanted:
    """What to try it with, and within which limits."""

    #: Files of each image, one for each channel; empty for a phantom.
    images: tuple[tuple[Path, ...], ...]
    seconds: int
    #: Bytes, on top of what Python and its libraries take.
    memory: int
    picture: bool
    #: Whether an image in which nothing is segmented is fine.
    allow_empty: bool


class Talk(NamedTuple):
    """What the user is told and asked while a package is tried."""

    #: Takes which limits hold, before the package's code can run; returns whether to go on.
    ask: Callable[[Mapping[str, bool]], bool]
    #: Takes what is being done.
    show: Callable[[str], None] = lambda _: None


#: What is being done in a stage, in words.
_DOING = {
    "import": "importing nnU-Net",
    "image": "reading images",
    "load": "loading the model",
    "predict": "predicting",
    "picture": "drawing",
}


def unsafe(report: TargetReport) -> tuple[str, ...]:
    """Return the rules for which a package is not tried: loading or unpacking it does harm.

    What the configuration silences counts too.
    """
    families, more = _UNSAFE
    codes = {rule.code for rule in all_rules() if rule.security and rule.family in families} | more
    found = {f.code for f in report.findings} | {i.finding.code for i in report.ignored}
    return tuple(sorted(found & codes))


def code_of(package: Package | None) -> list[str]:
    """Return what of a package is code, or may be: checkpoints that the linter can't look into."""
    if package is None:
        return []
    files = package.tree.files
    own = sorted({Path(path).name for path in files if path.endswith("trainer_class.py")})
    seen = {f.checkpoint_path for t in package.trainers for f, _ in t.checkpoints}
    return own + [path for path in package.weights if path not in seen][:3]


def group_images(
    paths: Iterable[Path], trainer: TrainerFolder | None
) -> tuple[tuple[Path, ...], ...]:
    """Return the files of each image: as many as the model has channels, in their order.

    Raises UsageError if a file is missing, or one of an image is.
    """
    given = list(paths)
    for path in given:
        if not path.is_file():
            raise UsageError(f"{path}: no such file")
    channels = max(1, (trainer.channels if trainer else None) or 1)
    if len(given) % channels:
        raise UsageError(
            f"the model takes {count(channels, 'channel')}, each a file of its own, in order; "
            f"{count(len(given), 'file')} given"
        )
    absolute = [path.resolve() for path in given]
    return tuple(tuple(absolute[k : k + channels]) for k in range(0, len(absolute), channels))


def trainer_of(target: Target) -> TrainerFolder | None:
    """Return the trainer folder that is tried: the first one that a consumer loads."""
    return next(iter(target.package.judged), None) if target.package else None


@dataclass(frozen=True)
class Subject:
    """What is tried."""

    #: The zip or the folder, on this machine.
    path: Path
    #: What the linter read of it, and what it reports.
    target: Target
    report: TargetReport


def attempt(environment: Environment, subject: Subject, wanted: Wanted, talk: Talk) -> Trial:
    """Try a package with one Python.

    Args:
        environment: the Python.
        subject: the package.
        wanted: what to do.
        talk: tells and asks the user.

    Raises:
        UsageError: there is no nnU-Net, an image can't be read, or the user says no.
    """
    started = time.perf_counter()
    with scratch() as folder:
        try:
            bundle, model = _placed(subject, folder)
        except _UNPACKING as error:
            kind, text = type(error).__name__, str(error).replace(f"{folder}/", "")
            failure = explain("unpack", kind, text, "", subject.report)
            return Trial(environment.name, failures=(failure,))
        home = folder / "home"
        home.mkdir()
        places = {"bundle": str(bundle), "model": str(model or ""), "scratch": str(home)}
        request = {**places, **_request(subject.target, wanted)}
        disk = disk_for(wanted)
        with Child(environment.python, home, seconds=_START_SECONDS, disk=disk) as child:
            child.tell(json.dumps(request))
            trial = _Conversation(environment, subject.report, wanted, folder).hold(child, talk)
    return replace(trial, seconds=time.perf_counter() - started)


def _request(target: Target, wanted: Wanted) -> dict[str, Any]:
    """Return what the process is told, apart from where things are."""
    trainer = trainer_of(target)
    return {
        "home": str(Path.home()),
        "images": [[str(file) for file in image] for image in wanted.images],
        "phantom": None if wanted.images else phantom_for(trainer),
        "file_ending": _file_ending(trainer),
        "memory": wanted.memory,
        "cpu_seconds": wanted.seconds * (os.cpu_count() or 1) + 60,
        "file_bytes": min(_MAX_FILE, disk_for(wanted)),
        "picture": wanted.picture,
        "title": Path(target.text).name,
    }


def _placed(subject: Subject, folder: Path) -> tuple[Path, Path | None]:
    """Return the folder in which consumers look, and the trainer folder if only that is given."""
    if subject.path.is_dir():
        full = subject.path.resolve()
        return (full.parent, full) if subject.target.top else (full, None)
    bundle = folder / "unpacked"
    bundle.mkdir()
    unpack(subject.path, bundle)
    return bundle, None


def disk_for(wanted: Wanted) -> int:
    """Return the bytes that a trial may write: more for larger images."""
    size_ = sum(file.stat().st_size for image in wanted.images for file in image)
    return min(_MAX_DISK, _DISK + _DISK_PER_BYTE * size_)


def _file_ending(trainer: TrainerFolder | None) -> str:
    dataset = (trainer.dataset.object if trainer and trainer.dataset else None) or {}
    ending = dataset.get("file_ending")
    return ending if isinstance(ending, str) else ".nii.gz"


class _Conversation:
    """Collects the answers of the process."""

    def __init__(
        self, environment: Environment, report: TargetReport, wanted: Wanted, folder: Path
    ) -> None:
        """``folder`` is the temporary one, which messages don't name."""
        self._environment, self._report, self._wanted = environment, report, wanted
        self._limits = {"seconds": wanted.seconds, "disk": disk_for(wanted)}
        self._folder = folder
        self._stage = "start"
        self._trial = Trial(environment.name)

    def hold(self, child: Child, talk: Talk) -> Trial:
        """Return what became of it. Raises UsageError."""
        try:
            for answer in child.answers():
                self._take(answer, child, talk)
        except Ended as ended:
            self._require_start(ended)
            failure = explain_end(
                ended, self._stage, self._limits, self._report, self._trial.consumer
            )
            self._add(failure)
        expected = len(self._wanted.images) or 1
        if self._trial.works and len(self._trial.images) != expected:
            self._add(explain_end(Ended("answer"), self._stage, self._limits, self._report, ""))
        return self._trial

    def _take(self, answer: Mapping[str, Any], child: Child, talk: Talk) -> None:
        say = answer["say"]
        if say == "stage":
            self._stage = text_of(answer.get("stage"), 20)
            if self._stage in _DOING:
                talk.show(_DOING[self._stage])
        elif say == "ready":
            self._ready(answer)
            if not talk.ask(self._trial.limits):
                raise UsageError("not tried")
            child.allow(self._wanted.seconds)
            child.tell("go")
        elif say == "loaded":
            self._trial = replace(self._trial, loaded=loaded_of(answer))
        elif say == "image":
            self._image(answer.get("result"))
        elif say == "picture":
            self._trial = replace(self._trial, picture=png_of(answer.get("png")))
        elif say == "failed":
            self._failed(answer)

    def _ready(self, answer: Mapping[str, Any]) -> None:
        consumer = answer.get("consumer")
        self._trial = replace(
            self._trial,
            consumer=consumer if consumer in {"sct", "nnunet"} else "nnunet",
            versions={k: text_of(v, 60) for k, v in names_of(answer.get("versions"), str).items()},
            limits=names_of(answer.get("limits"), bool),
        )

    def _image(self, held: Any) -> None:
        result = image_of(held)
        self._trial = replace(self._trial, images=(*self._trial.images, result))
        for defect in result.defects:
            # Noise and two ellipses need not look like anything that a model knows.
            tolerated = defect.kind == "empty" and (result.is_phantom or self._wanted.allow_empty)
            if not tolerated:
                consumer = self._trial.consumer
                self._add(explain_defect(defect, result.name, consumer, self._report))

    def _failed(self, answer: Mapping[str, Any]) -> None:
        kind, text = (text_of(answer.get(name), 200_000) for name in ("kind", "text"))
        text = text.replace(f"{self._folder}/", "")
        stage = text_of(answer.get("stage"), 20)
        python = self._environment.python
        if stage in {"start", "import"}:
            if "nnunetv2" in text:
                raise UsageError(f"{python}: has no nnU-Net; `{python} -m pip install nnunetv2`")
            raise UsageError(f"{python}: its nnU-Net can't be imported: {kind}: {text_of(text)}")
        if stage == "image":
            raise UsageError(f"an image can't be read: {kind}: {text_of(text)}")
        self._add(explain(stage, kind, text, self._trial.consumer, self._report))

    def _add(self, failure: Failure) -> None:
        if failure not in self._trial.failures:
            self._trial = replace(self._trial, failures=(*self._trial.failures, failure))

    def _require_start(self, ended: Ended) -> None:
        """Raise UsageError if it ended before it had anything of the package."""
        if self._trial.consumer:
            return
        python = self._environment.python
        if ended.why == "time":
            raise UsageError(f"{python}: nnU-Net was not imported in {_START_SECONDS} s")
        if ended.why == "disk":
            raise UsageError(f"the images take more than {size(self._limits['disk'])}")
        raise UsageError(f"{python}: not a Python that runs nnU-Net ({ended.status})")


def default_memory() -> int:
    """Return the bytes that a package may take: 16 GB, or three quarters of a smaller machine's."""
    try:
        whole = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, OSError, ValueError):
        return _MEMORY
    return min(_MEMORY, math.floor(0.75 * whole))
