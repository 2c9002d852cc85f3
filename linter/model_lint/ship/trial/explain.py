"""Say in one sentence why a package does not work, and which rules report the cause."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

from ...findings import Consumer, Severity, TargetReport
from ...wording import printable, size
from .outcome import Defect, Failure, text_of
from .process import Ended


class _Cause(NamedTuple):
    """A way to fail: what is raised, where, and what it means."""

    #: Stages, or "" for any.
    stages: str
    #: Searched in ``Kind: text``; its groups fill the sentence.
    pattern: str
    sentence: str
    #: Rules that report such a cause, the likeliest first.
    codes: tuple[str, ...] = ()


_CAUSES = (
    # The limits of the trial.
    _Cause("", r"MemoryError|can't allocate memory|Cannot allocate memory|bad_alloc",
           "it needs more memory than --memory allows"),
    _Cause("", r"OSError: .*(File too large|No space left|Disk quota)",
           "it writes more than a trial allows"),
    _Cause("", r"OSError: .*Too many open files", "it opens more files than a trial allows"),
    _Cause("", r"can't start new thread", "it starts more threads than the system allows"),
    _Cause("trainer load predict", r"PermissionError: (.*)",
           "its code does what a trial does not allow: {0}"),
    # The trainer.
    _Cause("", r"attempted relative import",
           "trainer_class.py uses a relative import, which works only inside a Python package",
           ("L018",)),
    _Cause("trainer load predict",
           r"(?:ModuleNotFoundError|ImportError): No module named '([^']+)'",
           "it needs the module {0}, which is not installed there", ("L019", "K001")),
    _Cause("trainer load", r"ImportError: cannot import name '([^']+)' from '([^']+)'",
           "its trainer imports {0} from {1}, which has no such name there", ("L019",)),
    _Cause("trainer load", r"SyntaxError|IndentationError|TabError",
           "trainer_class.py is not valid Python: {raised}", ("L018",)),
    _Cause("load",
           r"(?:Unable to locate trainer class|Could not find requested nnunet trainer) (\w+)",
           "no trainer {0} is in that nnU-Net, nor in the package",
           ("L016", "L018", "C004", "C003")),
    _Cause("load", r"build_network_architecture\(\) |NotImplementedError",
           "the trainer builds its network with other arguments than that nnU-Net gives it",
           ("L023",)),
    _Cause("load",
           r"has no attribute 'build_network_architecture'|must inherit from 'nnUNetTrainer'",
           "trainer_class.py does not give a trainer of nnU-Net", ("L018",)),
    _Cause("trainer", r"", "trainer_class.py fails when it is run: {raised}", ("L018", "L019")),
    # The checkpoint.
    _Cause("load predict", r"Error\(s\) in loading state_dict for (\w+)",
           "the weights do not fit the network {0}: {differences}",
           ("C015", "C009", "C007", "C008", "C003", "C005", "P007", "D006")),
    _Cause("load", r"PytorchStreamReader|inline_container|hasRecord|record size|UnpicklingError"
           r"|EOFError|Invalid magic number|unpickling|storage",
           "a checkpoint is damaged, or not one of torch: {raised}",
           ("C002", "C001", "K004", "Z010", "Z004")),
    _Cause("load", r"(?:FileNotFound|IsADirectory)Error: .*?([^/']+/checkpoint_\w+\.pth)",
           "{0} is missing: every fold needs the same checkpoint", ("L011", "L009", "L012")),
    _Cause("load", r"FileNotFoundError: .*?(\w+\.json)", "{0} is missing", ("L007",)),
    _Cause("load", r"JSONDecodeError|UnicodeDecodeError|decoding a JSON|integer string conversion",
           "dataset.json or plans.json can't be read: {raised}", ("D001", "P001")),
    _Cause("load", r"KeyError: no key '(trainer_name|network_weights|init_args|configuration)'",
           "a checkpoint has no {0}", ("C003",)),
    _Cause("", r"KeyError: no key '(labels|channel_names|file_ending)'",
           "dataset.json has no {0}", ("D002", "D007")),
    _Cause("load", r"[Bb]ackground label|ignore label|regions_class_order|regions",
           "the labels of dataset.json are wrong: {text}", ("D006",)),
    _Cause("load", r"Requested configuration (\S+) not found",
           "plans.json has no configuration {0}", ("P002", "C005")),
    _Cause("load", r"", "it can't be loaded: {raised}",
           ("P002", "P001", "P007", "C003", "D002", "D006", "L018", "L019", "C005")),
    # Finding it.
    _Cause("find", r"(\d+) entries match nnUNetTrainer\*",
           "SCT needs exactly one folder nnUNetTrainer... at the top, and finds {0}",
           ("L001", "L002", "L003", "L004", "L006", "Z003")),
    _Cause("find", r"no folder has a plans\.json", "there is no trainer folder with a plans.json",
           ("L001", "L007", "L025")),
    _Cause("find", r"\.ckpt", "SCT takes it for a model of MONAI, because of a .ckpt file",
           ("L012",)),
    _Cause("find", r"no \.pth file|nor checkpoint_best", "no fold has a checkpoint that is loaded",
           ("L011", "L008", "L001", "L025")),
    _Cause("find", r"no entry matches fold_|there is no folder fold_", "it has no fold",
           ("L008", "L009", "L006")),
    _Cause("find", r"invalid literal for int\(\) with base 10: '([^']*)'",
           "SCT reads the number of a fold from the end of its name, and finds `{0}`",
           ("L010", "L009")),
    _Cause("find", r"crop_metadata\.json", "{text}", ("L020", "L021")),
    _Cause("find", r"JSONDecodeError", "crop_metadata.json can't be read: {raised}", ("L021",)),
    # Orientation, prediction, and what is written.
    _Cause("orientation", r"",
           "SCT can't turn an image to the model's image_orientation: {raised}", ("D004",)),
    _Cause("predict", r"expected input.*to have (\d+) channels, but got (\d+) channels",
           "the network takes {0} channels, and gets {1}", ("D009", "C008", "P005", "D007")),
    _Cause("predict", r"cascade|previous stage|prev_stage",
           "it is the second stage of a cascade, and needs the result of the first", ("P005",)),
    _Cause("predict", r"Encountered inf", "the network's output is not finite", ("C013",)),
    _Cause("predict", r"KeyError: no key '(\w+)'", "plans.json has no {0}", ("P007", "P001")),
    _Cause("predict", r"", "it loads, but can't predict: {raised}",
           ("P007", "D002", "C008", "D009", "P005", "D006")),
    _Cause("save", r"nothing was predicted for files that end in (.*)",
           "nothing was predicted: nnU-Net looks for images that end in {0}", ("D002",)),
    _Cause("save labels check", r"", "the labels can't be told apart or written: {raised}",
           ("D006", "D002")),
    _Cause("picture", r"", "no picture was drawn: {raised}"),
    _Cause("unpack", r"", "it can't be unpacked: {raised}",
           ("Z001", "Z002", "Z003", "Z005", "Z006", "Z010", "Z007", "Z011")),
)  # fmt: skip
_COMPILED = tuple((cause, re.compile(cause.pattern, re.DOTALL)) for cause in _CAUSES)

#: What each kind of wrong result means, and the rules that report such a cause.
_DEFECTS: dict[str, tuple[str, tuple[str, ...]]] = {
    "empty": ("nothing was segmented in {image}", ("C013", "D006", "D004", "D003", "C012")),
    "shape": ("the result does not have the shape of {image}: {text}", ("P007", "C012")),
    "grid": ("the result does not lie where {image} does", ("P007",)),
    "labels": ("the result has values that dataset.json does not declare: {text}", ("D006",)),
    "finite": ("the network's output is not finite (NaN)", ("C013", "P007", "Z010", "C012")),
}
_MOST_CODES = 3
#: Characters in which a cause is searched; the package may have written them.
_SEARCHED = 1_000
#: embedded-plans-differ
_SIGN = "C012"


def explain(stage: str, kind: str, text: str, consumer: str, report: TargetReport) -> Failure:
    """Return why it fails: what was raised in a stage, in words, with the rules that report it."""
    full = f"{kind}: {text}" if text else kind
    raised = text_of(printable(text_of(full)), 200)
    begun = full[:_SEARCHED]
    for cause, pattern in _COMPILED:
        if cause.stages and stage not in cause.stages.split():
            continue
        if found := pattern.search(begun):
            groups = [text_of(group, 80) for group in found.groups() if group]
            groups += [""] * (2 - len(groups))
            words = {
                "raised": raised,
                "text": text_of(text, 200),
                "differences": _differences(text),
            }
            sentence = printable(cause.sentence.format(*groups, **words))
            return Failure(stage, sentence, raised, _codes(cause.codes, consumer, report))
    return Failure(stage, f"it fails in {stage}: {raised}", raised, _codes((), consumer, report))


def explain_end(ended: Ended, stage: str, limits: Mapping[str, int], report: TargetReport,
                consumer: str) -> Failure:  # fmt: skip
    """Return why it fails, if the process ended without an answer."""
    doing = {"trainer": "running trainer_class.py", "predict": "predicting"}.get(stage, stage)
    sentence = {
        "time": f"it takes more than {limits['seconds']} s ({doing}); --timeout allows more",
        "disk": f"it writes more than the {size(limits['disk'])} that a trial allows",
        "answer": "its code wrote into the answers of the trial",
    }.get(ended.why) or _died(ended.status, doing)
    return Failure(stage, sentence, "", _codes((), consumer, report) if ended.why == "died" else ())


def explain_defect(defect: Defect, image: str, consumer: str, report: TargetReport) -> Failure:
    """Return why a result is wrong."""
    sentence, codes = _DEFECTS.get(defect.kind, ("the result is wrong: {text}", ()))
    shown = printable(sentence.format(image=image, text=defect.text))
    return Failure("check", shown, "", _codes(codes, consumer, report, strict=True))


def _died(status: int | None, doing: str) -> str:
    if status == -9:
        return f"the system ended it while {doing}: most likely it needs more memory than there is"
    how = f"signal {-status}" if status and status < 0 else f"status {status}"
    return f"its process ended without an answer while {doing} ({how})"


def _codes(
    likely: tuple[str, ...], consumer: str, report: TargetReport, *, strict: bool = False
) -> tuple[str, ...]:
    """Return the rules that report such a cause; if none does, those that stop this consumer.

    With ``strict`` only the former.
    """
    stopping = {f.code for f in report.findings if Consumer(consumer or "nnunet") in f.stops}
    errors = {f.code for f in report.findings if f.severity is Severity.ERROR}
    named = [code for code in likely if code in stopping | errors]
    if not named and not strict:
        # An edited plans.json is a sign that something is wrong, but not what.
        others = stopping or errors
        named = sorted(others - {_SIGN}) or sorted(others)
    return tuple(named[:_MOST_CODES])


def _differences(text: str) -> str:
    """Return how many weights are missing, left over and of another shape."""
    parts = []
    for what, words in (("Missing", "missing"), ("Unexpected", "left over")):
        listed = re.search(rf'{what} key\(s\) in state_dict: ("[^"]*"(?:, "[^"]*")*)', text)
        if listed:
            parts.append(f"{listed[1].count(chr(34)) // 2} {words}")
    if shapes := text.count("size mismatch for"):
        parts.append(f"{shapes} of another shape")
    return ", ".join(parts) or "other names"
