"""The conversation with model-lint: a request in, limits, leave to go on, and what became of it."""

from __future__ import annotations

import base64
import json
import os
import platform
import sys
from itertools import chain
from pathlib import Path
from typing import Any

from . import limits

#: Characters of a message: one about all weights of a large network.
_TEXT = 200_000


class _Answers:
    """Writes answers where the package's own output does not get."""

    def __init__(self) -> None:
        self._file = os.fdopen(os.dup(1), "w", encoding="utf-8")
        silence = os.open(os.devnull, os.O_WRONLY)
        os.dup2(silence, 1)
        os.dup2(silence, 2)
        self.at = "start"

    def say(self, what: str, **more: Any) -> None:
        """Write one answer."""
        self._file.write(json.dumps({"say": what, **more}) + "\n")
        self._file.flush()

    def stage(self, name: str) -> None:
        """Say what is being done from now on."""
        self.at = name
        self.say("stage", stage=name)

    def failed(self, error: BaseException) -> None:
        """Say what went wrong."""
        text = str(error)
        if isinstance(error, KeyError):
            text = f"no key {text}"
        self.say("failed", stage=self.at, kind=type(error).__name__, text=text[:_TEXT])


def main() -> None:
    """Answer one request; every way to fail is an answer too."""
    answers = _Answers()
    try:
        _answer(json.loads(sys.stdin.readline()), answers)
    except BaseException as error:  # SystemExit too: the package's own code ran
        answers.failed(error)
    os._exit(0)  # what the package left running does not keep this process


def _answer(request: dict[str, Any], answers: _Answers) -> None:
    limits.end_with_parent()
    os.chdir(request["scratch"])
    files = limits.limit_files(request, importing=True)
    answers.stage("import")
    consumer = _consumer()
    import nnunetv2  # noqa: F401, PLC0415 - fails here, if it can't be imported
    import torch  # noqa: PLC0415

    # After the limits: they import numpy.
    from .images import require_usable, with_reference  # noqa: PLC0415
    from .whole import require_whole  # noqa: PLC0415

    torch.get_num_threads()  # starts OpenMP
    answers.stage("image")
    memory = limits.limit_size(request)  # before a phantom is drawn: the package says how large
    for path in (*chain(*request["images"]), *request["references"]):
        require_whole(Path(path))
    images = [require_usable(image) for image in consumer.prepare(request)]
    if request["references"]:
        references = map(consumer.read, request["references"])
        images = [*map(with_reference, images, references)]
    files = files and limits.limit_files(request, importing=False)
    calls = limits.limit_calls()
    answers.say(
        "ready",
        consumer=consumer.name,
        versions={
            "python": platform.python_version(),
            "torch": str(torch.__version__),
            "nnunetv2": _version(),
        },
        limits={"files": files, "network": calls, "processes": calls, "memory": memory},
    )
    if sys.stdin.readline().strip() != "go":
        return
    _try(request, consumer, images, answers)


def _try(request: dict[str, Any], consumer: Any, images: list[Any], answers: _Answers) -> None:
    from .results import describe  # noqa: PLC0415 - after the limits: it imports numpy

    predictor, found = consumer.load(request, answers.stage)
    network = predictor.network
    answers.say(
        "loaded",
        **found,
        trainer=str(predictor.trainer_name),
        network=type(network).__name__,
        parameters=sum(p.numel() for p in network.parameters()),
    )
    results = []
    for result in consumer.segment(predictor, images, answers.stage):
        answers.stage("check")
        answers.say("image", result=describe(result, predictor.dataset_json))
        results.append(result)
    if request["picture"]:
        from .picture import draw  # noqa: PLC0415

        answers.stage("picture")
        png = draw(results, request["title"])
        answers.say("picture", png=base64.b64encode(png).decode("ascii"))
    answers.say("done")


def _consumer() -> Any:
    """Return SCT's steps with its fork of nnU-Net, which takes a trainer class; else nnU-Net's."""
    import inspect  # noqa: PLC0415

    from nnunetv2.inference.predict_from_raw_data import nnUNetPredictor  # noqa: PLC0415

    load = nnUNetPredictor.initialize_from_trained_model_folder
    if "trainer_class" in inspect.signature(load).parameters:
        from .sct import Consumer as Sct  # noqa: PLC0415

        return Sct()
    from .stock import Consumer as Stock  # noqa: PLC0415

    return Stock()


def _version() -> str:
    from importlib import metadata  # noqa: PLC0415

    import nnunetv2  # noqa: PLC0415

    # Two may be installed; the one that is used is beside its record.
    here = os.path.dirname(os.path.dirname(os.path.realpath(nnunetv2.__file__)))  # noqa: PTH120
    for name in ("nnunetv2-neuropoly", "nnunetv2"):
        for found in metadata.distributions(name=name, path=[here]):
            return f"{name} {found.version}"
    try:
        return f"nnunetv2 {metadata.version('nnunetv2')}"
    except metadata.PackageNotFoundError:
        return "nnunetv2"
