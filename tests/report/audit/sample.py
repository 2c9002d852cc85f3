"""One fixed audit, made by hand, that holds every kind of thing that an audit can hold."""

from __future__ import annotations

from model_lint.findings import (
    Answer,
    Consumer,
    Finding,
    Ignored,
    Severity,
    Stats,
    TargetReport,
)
from model_lint.report.audit.data import (
    Audit,
    Change,
    ReleaseReport,
    RepositoryReport,
    Requests,
    worst_first,
)
from report.sample_report import finding

WEB = "https://github.com/ivadomed"
SCT, NNUNET, SLICER = Consumer
E, W, I = Severity  # noqa: E741 - as in the table of rules
YES, WRAP = Answer(NNUNET), Answer(SLICER, ("L027",), "wrapping it in DatasetNNN_NAME/")
TRAINER = "nnUNetTrainer__nnUNetPlans__2d"


def missing_orientation(zip_url: str) -> Finding:
    return finding(
        "D003",
        "missing-image-orientation",
        E,
        "no `image_orientation`",
        f"{zip_url}!/{TRAINER}/dataset.json",
        1,
        'add the orientation of the training images, such as `"image_orientation": "RPI"`',
        stops=(SCT,),
    )


def unexpected(zip_url: str, name: str = "notes.docx") -> Finding:
    return finding(
        "L015",
        "unexpected-file",
        W,
        f"`{name}` is not part of a package",
        f"{zip_url}!/{TRAINER}/{name}",
    )


def release(
    repository: str, date: str, *findings: str, answers: tuple[Answer, ...] = ()
) -> ReleaseReport:
    """A release of a day with one package, and findings by the codes D003 and L015."""
    tag = f"r{date.replace('-', '')}"
    url = f"{WEB}/{repository}/releases/download/{tag}/{repository}-{tag}.zip"
    made = {"D003": missing_orientation, "L015": unexpected}
    package = TargetReport(
        url,
        "package",
        tuple(made[code](url) for code in findings),
        Stats(1_098_765_432, 312_456, 13, 0.8),
        looked_for=frozenset(made),
        takes=answers or (Answer(SCT), YES, WRAP),
    )
    own = TargetReport(f"ivadomed/{repository}@{tag}", "release", (), Stats())
    return ReleaseReport(tag, f"{WEB}/{repository}/releases/tag/{tag}", date, (own, package))


def own_target(repository: str, *findings: Finding) -> TargetReport:
    return TargetReport(f"ivadomed/{repository}", "repository", findings, Stats())


def placeholder(repository: str) -> Finding:
    return finding(
        "R004",
        "readme-placeholder",
        W,
        "`TODO: describe the data` is left of the template",
        f"ivadomed/{repository}/README.md",
        12,
        "write what it asks for",
    )


BAD = RepositoryReport(
    "ivadomed/model_seg_sc-gm_t2star",
    f"{WEB}/model_seg_sc-gm_t2star",
    "Segmentation of the spinal cord and its gray matter in T2*-weighted images",
    target=own_target("model_seg_sc-gm_t2star", placeholder("model_seg_sc-gm_t2star")),
    releases=(
        release("model_seg_sc-gm_t2star", "2024-09-15", "L015"),
        release(
            "model_seg_sc-gm_t2star",
            "2023-05-12",
            "D003",
            "L015",
            answers=(Answer(SCT, ("D003",)), YES, WRAP),
        ),
    ),
)
CLEAN = RepositoryReport(
    "ivadomed/model_seg_rootlets_t2",
    f"{WEB}/model_seg_rootlets_t2",
    "Segmentation of spinal nerve rootlets",
    target=own_target("model_seg_rootlets_t2"),
    releases=(release("model_seg_rootlets_t2", "2025-01-31"),),
)
STOPPED = RepositoryReport(
    "ivadomed/model_seg_canal_t2",
    f"{WEB}/model_seg_canal_t2",
    marks=("archived",),
    target=own_target("model_seg_canal_t2")._replace(
        ignored=(Ignored(placeholder("model_seg_canal_t2"), "in the baseline"),)
    ),
    releases=(
        release(
            "model_seg_canal_t2", "2024-11-02", "D003", answers=(Answer(SCT, ("D003",)), YES, WRAP)
        ),
    ),
)
HALF = RepositoryReport(
    "ivadomed/model_seg_sc_human_ms-sci_exvivo_t1-t2-t2star-mp2rage_unet3d",
    f"{WEB}/model_seg_sc_human_ms-sci_exvivo_t1-t2-t2star-mp2rage_unet3d",
    "A name as long as the convention makes them",
    target=own_target("model_seg_sc_human_ms-sci_exvivo_t1-t2-t2star-mp2rage_unet3d"),
    releases=(
        ReleaseReport(
            "r20240101",
            f"{WEB}/x/releases/tag/r20240101",
            "2024-01-01",
            (),
            "the server answers 502",
        ),
    ),
)
UNREAD = RepositoryReport(
    "ivadomed/model_seg_lesion_ms",
    f"{WEB}/model_seg_lesion_ms",
    error="GitHub refuses access: Repository access blocked",
)
ALONE = RepositoryReport(
    "ivadomed/model_label_discs", f"{WEB}/model_label_discs", target=own_target("model_label_discs")
)

UNUSED = finding(
    "X001",
    "unused-ignore",
    W,
    "the configuration ignores D011, but it silences no finding",
    "model-lint.toml",
    help="remove D011 from `ignore`",
)
AUDIT = Audit(
    "ivadomed",
    WEB,
    "2026-11-23T12:00:00Z",
    worst_first([ALONE, CLEAN, BAD, STOPPED, HALF, UNREAD]),
    {"archived": 3, "fork": 2, "not of a model": 41},
    (UNUSED,),
    requests=Requests(61, 40),
)
COMPARED = AUDIT._replace(
    since="2026-10-01",
    configuration=(),
    repositories=tuple(
        one._replace(
            change={
                BAD: Change(BAD.findings[:1], 2, 3),
                CLEAN: Change((), 4, 0),
                ALONE: Change((), was_known=False),
            }.get(one, Change())
        )
        for one in AUDIT.repositories
    ),
)
ALL_CLEAN = AUDIT._replace(repositories=(CLEAN,), passed_over={}, configuration=())
NOTHING = AUDIT._replace(repositories=(), configuration=())
