"""The conversation with the process in which a package is tried."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from ...errors import UsageError
from ...nnunet.orientation import ORIENTATIONS
from ...wording import size
from .asked import Subject, Talk, Wanted
from .environments import Environment
from .explain import explain, explain_defect, explain_end
from .outcome import Failure, ImageResult, Trial, image_of, loaded_of, names_of, png_of, text_of
from .process import Child, Ended

#: How long nnU-Net may take to be imported, and images to be read: nothing of the package runs yet.
START_SECONDS = 600
#: What is being done in a stage, in words.
_DOING = {
    "import": "importing nnU-Net",
    "image": "reading images",
    "load": "loading the model",
    "predict": "predicting",
    "picture": "drawing",
}


class Conversation:
    """Collects the answers of the process."""

    def __init__(
        self, environment: Environment, subject: Subject, wanted: Wanted, folder: Path
    ) -> None:
        """``folder`` is the temporary one, which messages don't name."""
        self._environment, self._report, self._wanted = environment, subject.report, wanted
        self._orientation = subject.dataset.get("image_orientation")
        self._limits = {
            "seconds": wanted.seconds,
            "disk": wanted.disk,
            "memory": wanted.memory,
        }
        self._expected = len(wanted.images) or 1
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
        if self._trial.works and len(self._trial.images) != self._expected:
            self._add(explain_end(Ended("answer"), self._stage, self._limits, self._report, ""))
        return self._trial

    def _take(self, answer: Mapping[str, Any], child: Child, talk: Talk) -> None:
        say = answer["say"]
        if say == "stage":
            self._stage = text_of(answer.get("stage"), 20)
            if self._stage in _DOING:
                talk.show(_DOING[self._stage])
        elif say == "ready":
            if self._trial.consumer:  # the package would have its time anew
                raise Ended("answer")
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
        if len(self._trial.images) == self._expected:
            raise Ended("answer")
        result = image_of(held)
        result = replace(result, notes=tuple(self._notes(result)))
        self._trial = replace(self._trial, images=(*self._trial.images, result))
        for defect in result.defects:
            # Noise and two ellipses need not look like anything that a model knows.
            tolerated = defect.kind == "empty" and (result.is_phantom or self._wanted.allow_empty)
            if not tolerated:
                consumer = self._trial.consumer
                self._add(explain_defect(defect, result.name, consumer, self._report))

    def _notes(self, result: ImageResult) -> Iterator[str]:
        """Yield what to know about a result."""
        if result.is_phantom and not any(result.voxels.values()):
            yield (
                "nothing was segmented, which says nothing: a phantom need not look like what the "
                "model knows; give an image"
            )
        other = self._orientation in ORIENTATIONS and result.orientation != self._orientation
        if other and self._trial.consumer == "nnunet":
            yield (
                f"it is {result.orientation}, and the model knows {self._orientation}: nnU-Net "
                "does not turn images, but SCT does"
            )

    def _failed(self, answer: Mapping[str, Any]) -> None:
        kind, text = (text_of(answer.get(name), 200_000) for name in ("kind", "text"))
        text = text.replace(f"{self._folder}/", "")
        stage = text_of(answer.get("stage"), 20)
        python = self._environment.python
        started = bool(self._trial.consumer)  # from then on, the package may have written it
        if stage in {"start", "import"} and not started:
            if "nnunetv2" in text:
                raise UsageError(f"{python}: has no nnU-Net; `{python} -m pip install nnunetv2`")
            raise UsageError(f"{python}: its nnU-Net can't be imported: {kind}: {text_of(text)}")
        if stage == "image" and not started:
            if kind == "Unusable":
                raise UsageError(text_of(text, 400))
            if kind == "MemoryError" or "bad_alloc" in text:
                allowed = size(self._limits["memory"])
                raise UsageError(f"the images take more than {allowed}; --memory allows more")
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
            raise UsageError(f"{python}: nnU-Net was not imported in {START_SECONDS} s")
        if ended.why == "disk":
            raise UsageError(f"the images take more than {size(self._limits['disk'])}")
        raise UsageError(f"{python}: not a Python that runs nnU-Net ({ended.status})")
