"""The rules about releases, each on a release of the local GitHub with one change."""

from __future__ import annotations

import hashlib
from functools import partial
from pathlib import Path

import pytest
from build import dataset, drop, plans, put, rename_trainer
from github_server import GitHubServer, RepositoryBuilder
from model_lint.findings import Severity
from releasing import NAME, OWNER, TAG, ZIP, ReleaseCase, Then, inside, judged, zip_of

from rules.test_repository import README

W, E, I = Severity.WARNING, Severity.ERROR, Severity.INFO  # noqa: E741 (as in the table of rules)
case = ReleaseCase
silent = partial(ReleaseCase, fires=False)

FOLD_0, FOLD_1 = zip_of(folds=(0,)), zip_of(folds=(1,))
SHA = hashlib.sha256(zip_of()).hexdigest()
OTHER_SHA = hashlib.sha256(b"other").hexdigest()
FIGURES = zip_of(put("/a.png"), drop(""))
OLD_ZIP = f"{NAME}-r20261001.zip"


def folds(*zips: bytes) -> dict[str, bytes]:
    return {f"{NAME}-{TAG}_fold{number}.zip": data for number, data in enumerate(zips)}


def uploaded(date: str, name: str = ZIP) -> Then:
    """Attach a file again, later."""

    def change(_: GitHubServer, repository: RepositoryBuilder) -> None:
        from github_server.when import moment

        for asset in repository.repository.releases[0].assets:
            if asset.name == name:
                asset.created_at = moment(date)

    return change


def unfinished(_: GitHubServer, repository: RepositoryBuilder) -> None:
    repository.repository.releases[0].assets[-1].state = "starter"


def without_digest(_: GitHubServer, repository: RepositoryBuilder) -> None:
    repository.repository.releases[0].assets[0].digest = None


def committed(files: dict[str, str | None], date: str = "2026-11-24") -> Then:
    return lambda _, repository: repository.commit(files, date)


def moved(date: str, message: str | None = None) -> Then:
    """Move the tag to a newer commit."""

    def change(_: GitHubServer, repository: RepositoryBuilder) -> None:
        commit = repository.commit({"training/new.py": "x = 1\n"}, date)
        repository.tag(TAG, commit=commit, message=message)

    return change


def renamed(server: GitHubServer, repository: RepositoryBuilder) -> None:
    server.state.rename(repository.repository, "model_seg_sc_t2star")


def linked(text: str) -> Then:
    """Link to something from the README at the tag."""

    def change(server: GitHubServer, repository: RepositoryBuilder) -> None:
        links = text.replace("SERVER", f"{server.url}/{OWNER}/{NAME}")
        readme = f"{README}\n{links}\n"
        repository.tag(TAG, commit=repository.commit({"README.md": readme}, "2026-11-21"))

    return change


def other(name: str, tag: str = "r1") -> Then:
    """Make another repository, with a release."""

    def change(server: GitHubServer, repository: RepositoryBuilder) -> None:
        found = server.add_owner("someone").add_repository(name, {"x": "x"}, date="2020-01-01")
        found.release(tag, {"x.zip": b"x"})
        url = f"{server.url}/someone/{name}"
        linked(f"{url}/releases/tag/r1 and {url}/releases/download/r1/x.zip")(server, repository)

    return change


def cited(name: str) -> dict[str, str | None]:
    return {"CITATION.cff": f"title: x\nrepository-code: 'https://github.com/{OWNER}/{name}'\n"}


MIT = "MIT License\n\nCopyright (c) 2026 {}\n\nPermission is hereby granted\n"
LAST = README.count("\n") + 2

RELEASES = [
    silent("T001", "a good release"),
    silent("T001", "an annotated tag", then=lambda _, r: r.tag(TAG, message="The model.")),
    silent("T001", "of code", tag="v1.2.0", assets={"notes.pdf": b"x"}, also=frozenset({"T005"})),
    case("T001", "a version", tag="v0.4", severity=E, says="`v0.4` is not `rYYYYMMDD`"),
    case("T001", "an addition", tag=f"{TAG}-stanford", says="`r20261123-stanford` is not"),
    case("T001", "in capitals", tag="R20261123", assets={}, also=frozenset({"T005"})),
    case("T001", "without the letter", tag="20261123"),
    case("T002", "no such day", tag="r20261131", severity=E, says="does not exist"),
    case(
        "T002",
        "next year",
        tag="r20271123",
        assets={f"{NAME}-r20271123.zip": zip_of()},
        severity=E,
        says="in the future",
        also=frozenset({"T004"}),
    ),
    silent(
        "T002", "tomorrow elsewhere", tag="r20261125", assets={f"{NAME}-r20261125.zip": zip_of()}
    ),
    case("T003", "words", title="Model of 2026", severity=E, says="the title is `Model of 2026`"),
    silent("T003", "no title", title=""),
    silent("T003", "blanks around it", title=f" {TAG} "),
    silent("T003", "of code", tag="v1", title="x", assets={}, also=frozenset({"T005"})),
    case(
        "T004",
        "the wrong year",
        tag="r20251123",
        assets={f"{NAME}-r20251123.zip": zip_of()},
        severity=W,
        says="is 362 days from 2026-11-20, when its commit was made",
    ),
    case(
        "T004",
        "published much later",
        committed="2025-01-01",
        published="2026-11-23",
        tag="r20261001",
        assets={OLD_ZIP: zip_of()},
        says="is 53 days from 2026-11-23, when it was published",
    ),
    silent("T004", "an old commit", committed="2025-01-01"),
    silent("T004", "published later", committed="2026-11-20", published="2027-02-01"),
    case("T005", "nothing attached", assets={}, severity=E, says="nothing is attached"),
    case("T005", "no zip", assets={"x.nii.gz": b"x", "y.csv": b"y"}, says="`x.nii.gz` and `y.csv`"),
    case(
        "T005",
        "a checkpoint in place of a zip",
        assets={
            ZIP: Path(__file__).parents[1] / "data/nnUNetTrainerTiny__nnUNetPlans__2d/fold_0"
            "/checkpoint_final.pth"
        },
        says="is a checkpoint, no package",
    ),
    case(
        "T005",
        "a release of code",
        tag="v1.2.0",
        title="Better scripts",
        assets={},
        severity=I,
        says="only the repository was checked",
    ),
    silent(
        "T005",
        "figures beside it",
        assets={ZIP: zip_of(), "figures.zip": FIGURES, f"figures-{TAG}.zip": FIGURES},
    ),
    silent(
        "T005",
        "the only dated zip",
        assets={f"weights-{TAG}.zip": FIGURES},
        also=frozenset({"L001"}),
    ),
    case(
        "T005", "figures alone", assets={"figures.zip": FIGURES}, says="`figures.zip` is no model"
    ),
    case(
        "T006",
        "only the name",
        assets={f"{NAME}.zip": zip_of()},
        severity=W,
        says="does not contain",
    ),
    silent("T006", "in front", assets={f"{TAG}_model.zip": zip_of()}),
    silent("T006", "a figure without the tag", assets={ZIP: zip_of(), "x.png": b"x"}),
    case("T007", "an older one", assets={OLD_ZIP: zip_of()}, severity=E, says="states 2026-10-01"),
    case("T007", "without the letter", assets={"model_20261001.zip": zip_of()}),
    silent("T007", "that of the data too", assets={f"data20200101_{TAG}.zip": zip_of()}),
    silent("T007", "other digits", assets={f"model_20269999_{TAG}.zip": zip_of()}),
    case("T008", "a week later", then=uploaded("2026-11-30"), severity=W, says="7 days after"),
    silent("T008", "hours later", then=uploaded("2026-11-23T18:00:00")),
    silent(
        "T008",
        "another file later",
        assets={ZIP: zip_of(), "x.png": b"x"},
        then=uploaded("2026-11-30", "x.png"),
    ),
    silent("T009", "a zip for each fold", assets=folds(FOLD_0, FOLD_1)),
    silent(
        "T009",
        "two models",
        assets={f"a-{TAG}.zip": FOLD_0, f"b-{TAG}.zip": zip_of(dataset({"x": 1}))},
    ),
    case(
        "T009",
        "the same fold twice",
        assets=folds(FOLD_0, FOLD_0),
        severity=E,
        says="`fold_0` is in",
    ),
    case(
        "T009",
        "another trainer folder",
        assets=folds(FOLD_0, zip_of(rename_trainer("nnUNetTrainerTiny__other__2d"), folds=(1,))),
        says="is `nnUNetTrainerTiny__other__2d`, that of",
        also=frozenset({"P003"}),
    ),
    case(
        "T009",
        "other labels",
        assets=folds(FOLD_0, zip_of(dataset({"description": "x"}), folds=(1,))),
        says="the `dataset.json` of",
    ),
    case(
        "T009",
        "other plans",
        assets=folds(FOLD_0, zip_of(plans({"x": 1}), folds=(1,))),
        says="the `plans.json` of",
    ),
    case(
        "T009",
        "another trainer class",
        assets=folds(FOLD_0, zip_of(put("trainer_class.py", b""), folds=(1,))),
        says="the `trainer_class.py` of",
        also=frozenset({"L018"}),
    ),
    case(
        "T009",
        "the trainer class in one",
        assets=folds(FOLD_0, zip_of(drop("trainer_class.py"), folds=(1,))),
        severity=W,
        says="is of no use alone",
    ),
    silent(
        "T009",
        "the trainer class in none",
        assets=folds(*(zip_of(drop("trainer_class.py"), folds=(n,)) for n in (0, 1))),
        also=frozenset({"L016"}),
    ),
    case("T010", "a draft", draft=True, severity=I, says="is a draft"),
    case("T010", "a pre-release", prerelease=True, severity=I, says="is a pre-release"),
    silent("T010", "published"),
    case(
        "T011",
        "an upload that broke",
        assets={ZIP: zip_of(), "x.zip": b"x"},
        then=unfinished,
        severity=E,
        says="`x.zip` was never finished",
    ),
    case("T011", "of the model", then=unfinished, also=frozenset({"T005"})),
    silent("T011", "finished"),
    case(
        "T012",
        "of another file",
        notes=f"| file | SHA-256 |\n|---|---|\n| {ZIP} | `{OTHER_SHA}` |",
        severity=E,
        says=f"{OTHER_SHA[:12]}..., GitHub says {SHA[:12]}...",
    ),
    case("T012", "below the name", notes=f"`{ZIP}`\n\n    {OTHER_SHA}"),
    case("T012", "of the only file", notes=f"SHA256: {OTHER_SHA.upper()}"),
    case("T012", "of the package", notes=f"- **Checksum of the zip** (SHA-256): `{OTHER_SHA}`"),
    silent("T012", "of the data", notes=f"SHA-256 of the training data archive: {OTHER_SHA}"),
    silent("T012", "of the splits", notes=f"{ZIP}\n\nsplits: {OTHER_SHA}\nmodel: {SHA}"),
    silent("T012", "of an image", notes=f"{ZIP}, trained in lab/image@sha256:{OTHER_SHA}"),
    silent("T012", "right", notes=f"{SHA}  {ZIP}\n"),
    silent("T012", "of something else", notes=f"{ZIP} {SHA}\nweights.pth {OTHER_SHA}\n"),
    silent("T012", "of a file that is not attached", notes=f"{ZIP}\n\nsplits.json: {OTHER_SHA}"),
    silent("T012", "before GitHub had one", notes=f"{OTHER_SHA}  {ZIP}", then=without_digest),
    silent("T012", "a commit", notes="Built from 0a1b2c3d4e5f60718293a4b5c6d7e8f901234567"),
    case(
        "T013",
        "another name",
        then=renamed,
        severity=W,
        says=f"`{OWNER}/{NAME}` is now `{OWNER}/model_seg_sc_t2star`",
    ),
    case("T013", "by the address", asked=f"SERVER/{OWNER}/{NAME}/releases/tag/{TAG}", then=renamed),
    silent("T013", "capitals", asked=f"{OWNER.upper()}/{NAME}@{TAG}"),
    case(
        "T014",
        "another licence",
        files={"LICENSE": MIT.format("ivadomed")},
        then=committed({"LICENSE": "Creative Commons\n"}),
        severity=W,
        says="the licence is another one",
        at="LICENSE",
    ),
    case(
        "T014",
        "another title",
        then=committed({"README.md": README.replace("spinal cord", "lesions", 1)}),
        says="`Segmentation of the lesions`",
        at="README.md",
    ),
    case(
        "T014",
        "another name",
        files=cited("model_old"),
        then=committed(cited(NAME)),
        says=f"names `model_old`, on the default branch `{NAME}`",
        at="CITATION.cff",
    ),
    silent(
        "T014",
        "another year",
        files={"LICENSE": MIT.format("a")},
        then=committed({"LICENSE": MIT.format("b")}),
    ),
    silent("T014", "a longer README", then=committed({"README.md": f"{README}\n## Results\n"})),
    silent("T014", "newer scripts", then=committed({"training/new.py": "x = 1\n"})),
    silent(
        "T014",
        "a first licence",
        files={"LICENSE": None},
        then=committed({"LICENSE": "MIT"}),
        also=frozenset({"R002"}),
    ),
    case("T015", "moved", then=moved("2026-12-20"), severity=W, says="its commit is of 2026-12-20"),
    case("T015", "an annotated one", then=moved("2026-12-20", "Again.")),
    silent("T015", "before it was published", then=moved("2026-11-22")),
    case(
        "T016",
        "none at all",
        released=False,
        asked=f"{OWNER}/{NAME}",
        severity=W,
        says="there is no release",
    ),
    case(
        "T016", "a draft only", draft=True, asked=f"{OWNER}/{NAME}", says=f"`{TAG}` is a draft or"
    ),
    case(
        "T016", "a pre-release only", prerelease=True, asked=f"{OWNER}/{NAME}", says="pre-release"
    ),
    silent("T016", "the latest", asked=f"{OWNER}/{NAME}"),
    case(
        "R009",
        "a release that does not exist",
        then=linked("See [it](SERVER/releases/tag/r20200101)."),
        severity=W,
        says=f"`{OWNER}/{NAME}` has no release `r20200101`",
        at="README.md",
        line=LAST,
    ),
    case(
        "R009",
        "an asset",
        then=linked(f"SERVER/releases/download/{TAG}/model.zip"),
        says="has no asset `model.zip`",
    ),
    case(
        "R009",
        "the latest asset",
        then=linked("SERVER/releases/latest/download/x.zip"),
        says="`x.zip`",
    ),
    silent("R009", "that asset", then=linked(f"SERVER/releases/download/{TAG}/{ZIP}")),
    silent("R009", "the latest", then=linked("SERVER/releases, SERVER/releases/latest")),
    silent("R009", "the latest asset there", then=linked(f"SERVER/releases/latest/download/{ZIP}")),
    silent("R009", "no repository", then=linked(f"SERVER%3Fa/releases/latest/download/{ZIP}")),
    silent("R009", "another repository", then=other("tool")),
    case(
        "R009",
        "another that lacks it",
        then=other("tool", "r2"),
        says="`someone/tool` has no release `r1`",
    ),
    case(
        "R013",
        "larger than an archive",
        files={"figure.png": "x" * 2**26, **{f"scripts/{n}.py": f"x = {n}" for n in range(40)}},
        severity=I,
        says="and 12 more were not read",
    ),
    silent("R013", "many scripts", files={f"scripts/{n}.py": f"x = {n}" for n in range(40)}),
    silent("R009", "other hosts", then=linked("https://example.org/a/b/releases/tag/r20200101")),
]


@pytest.mark.parametrize("release", RELEASES, ids=str)
def test_release(release: ReleaseCase) -> None:
    with GitHubServer() as server:
        release.publish(server)
        found = judged(release.load(server))
    # What the genuine model keeps of its training is not what is tested here.
    relevant = [f for f in found if f.code not in {"C010", "C011", "N004", "N012"}]
    expected = {release.code} if release.fires else set()
    assert {f.code for f in relevant} == expected | release.also, relevant
    if not release.fires:
        return
    first = next(f for f in found if f.code == release.code)
    assert release.says in first.message, first
    assert "\n" not in first.message + first.help
    assert first.severity is (release.severity or first.severity), first
    assert inside(first.location) == release.at or not release.at, first
    assert first.line == (release.line or first.line), first
