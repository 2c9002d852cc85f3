"""Rules about a release on GitHub: its tag, its title, and what is attached to it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..findings import Problem
from ..naming.tag import is_future, is_tag
from ..wording import are, listing, quote
from . import ERROR, GITHUB, INFO, SCT, SPEC, WARNING, rule
from .shared import shown

if TYPE_CHECKING:
    from ..models.release import Address, Links, Release, Unreleased

_TAG = "The tag and title of the release should be `rYYYYMMDD`, example: `r20240915`."
_ASSETS = "should be uploaded as 'assets' to a release of the repository"
_MONTH, _DAY = dt.timedelta(days=31), dt.timedelta(days=1)


@rule("T001", ERROR, SPEC, _TAG)
def tag_format(release: Release) -> Iterator[Problem]:
    """The tag of the release of a model is not `rYYYYMMDD`.

    Why: the tag is the version of the model, in the addresses that SCT installs from, and models
    are told apart by their date.

    Fix: make a new release with the tag `r` and its date, such as `r20240915`. Leave the old one
    where it is if somebody uses its address.
    """
    if release.is_of_model and not is_tag(release.tag):
        yield Problem(f"the tag {quote(release.tag)} is not `rYYYYMMDD`")


@rule("T002", ERROR, SPEC, _TAG)
def tag_date(release: Release) -> Iterator[Problem]:
    """The date in the tag is not one of the calendar, or is in the future.

    Why: nobody knows how old the model is, and the newest model is no longer the one with the
    latest date.

    Fix: make a new release with the date of today.
    """
    date = release.date
    if date is None and is_tag(release.tag):
        yield Problem(f"the tag {quote(release.tag)} states a date that does not exist")
    elif date and is_future(date, release.today):
        yield Problem(f"the tag {quote(release.tag)} states a date in the future")


@rule("T003", ERROR, SPEC, _TAG)
def title_differs(release: Release) -> Iterator[Problem]:
    """The title of the release is not its tag.

    Why: GitHub shows the title, and the address contains the tag: if they differ, people report and
    cite another version than the one that they used.

    Fix: edit the release and make its title the same as its tag, or leave it empty.
    """
    title = release.title.strip()
    if release.is_of_model and title and title != release.tag:
        yield Problem(f"the title is {quote(title)}, the tag {quote(release.tag)}")


@rule("T004", WARNING, SPEC, _TAG)
def tag_date_far(release: Release) -> Iterator[Problem]:
    """The date in the tag is over a month from both the tagged commit and the publication.

    Why: it is probably a typing error, such as last year's number in January, and makes a new model
    look old.

    Fix: make a new release with the right date, and delete the wrong one if nobody uses it.
    """
    date = release.date
    if date is None:
        return
    dates = [release.commit.date, *([release.published] if release.published else [])]
    nearest = min((moment.date() for moment in dates), key=lambda day: abs(day - date))
    if abs(nearest - date) > _MONTH:
        yield Problem(
            f"the tag {quote(release.tag)} is {abs(nearest - date).days} days from {nearest}, when "
            f"{'it was published' if nearest != dates[0].date() else 'its commit was made'}"
        )


@rule("T005", ERROR, SPEC, _ASSETS, also=(INFO,))
def asset_missing(release: Release) -> Iterator[Problem]:
    """No zip of a model is attached to the release.

    Why: SCT and people install a model from a zip that is attached to a release. GitHub's archive
    of the source code contains no model. A release whose tag is not that of a model may be one of
    code: that is only an info.

    Fix: build the zip with `model-lint pack`, and attach it to the release.
    """
    if release.models:
        return
    loose = [asset.name for asset in release.assets if asset.is_complete]
    if release.checkpoints:
        what = f"{listing(release.checkpoints)} {are(release.checkpoints)} a checkpoint, no package"
    elif loose:
        what = f"{listing(loose)} {are(loose)} no model"
    else:
        what = "nothing is attached"
    if release.is_of_model:
        yield Problem(f"no zip of a model is attached: {what}")
    else:
        text = f"only the repository was checked: no zip of a model is attached ({what})"
        advice = "nothing, if this is a release of code; else attach the model"
        yield Problem(text, severity=INFO, help=advice)


@rule("T006", WARNING, SPEC, _TAG)
def asset_name(release: Release) -> Iterator[Problem]:
    """The name of an attached model does not contain the tag.

    Why: users keep the file, and only its name says which version it is.

    Fix: attach it as `<repository>-<tag>.zip`, the name that `model-lint pack` gives it. GitHub
    can't rename what SCT has an address of: then do so in the next release.
    """
    problems = (
        Problem(f"the name of {quote(asset.name)} does not contain {quote(release.tag)}")
        for asset in release.model_assets
        if release.date and release.tag not in asset.name and not asset.dates
    )
    yield from shown(problems, WARNING, "asset without the tag", "assets without the tag")


@rule("T007", ERROR, SPEC, _TAG)
def asset_date_differs(release: Release) -> Iterator[Problem]:
    """The name of an attached model contains another date than the tag.

    Why: one of the two dates is wrong, so nobody can tell which version it is: the file may be the
    model of an earlier release that was attached again.

    Fix: attach the right file, as `<repository>-<tag>.zip`.
    """
    problems = (
        Problem(f"{quote(asset.name)} states {asset.dates[0]}, the tag {quote(release.tag)}")
        for asset in release.model_assets
        if release.date and asset.dates and release.date not in asset.dates
    )
    yield from shown(problems, ERROR, "asset with another date", "assets with another date")


@rule("T008", WARNING, SCT, "SCT installs a model again only if its address is new")
def asset_edited(release: Release) -> Iterator[Problem]:
    """An attached model was uploaded more than a day after the release was published.

    Why: SCT compares addresses, not contents: who installed the earlier file keeps it, and two
    models have one name.

    Fix: leave the assets of a published release as they are; make a new release for a new file.
    """
    published = release.published
    problems = (
        Problem(
            f"{quote(asset.name)} was uploaded {(asset.uploaded - published).days} days after the "
            "release was published"
        )
        for asset in release.model_assets
        if published and asset.uploaded - published > _DAY
    )
    yield from shown(problems, WARNING, "asset uploaded later", "assets uploaded later")


@rule(
    "T009",
    ERROR,
    SCT,
    "SCT unpacks the zips of lesion_ms, one for each fold, into one folder (deepseg/models.py)",
    also=(WARNING,),
)
def folds_disagree(release: Release) -> Iterator[Problem]:
    """Zips of a release that are the folds of one model do not fit together.

    Why: unpacked into one folder, a second trainer folder makes SCT find two models, and a file of
    one zip replaces that of another: a fold is lost, or runs with the labels of another model. A
    `trainer_class.py` in some of them is enough for SCT, but the other zips can't be used alone.

    Fix: build all zips from the same results folder: `model-lint pack --split-folds`.
    """
    from ..models.release_folds import disagreements  # noqa: PLC0415 - only a release needs it

    for family in release.families:
        yield from disagreements(family)


@rule(
    "T010",
    INFO,
    GITHUB,
    "The latest release is the most recent one that is neither a draft nor a pre-release",
)
def release_unfinished(release: Release) -> Iterator[Problem]:
    """The release is a draft or a pre-release.

    Why: the address of a draft works for nobody but those who may edit it, and changes when it is
    published. A pre-release is not the one that GitHub shows, and gives, as the latest.

    Fix: publish it when it is ready.
    """
    if release.is_draft:
        yield Problem("it is a draft: nobody else can download it")
    elif release.is_prerelease:
        yield Problem("it is a pre-release: it is never the latest release")


@rule("T011", ERROR, GITHUB, "An upload that fails leaves an empty asset in the state `starter`")
def asset_incomplete(release: Release) -> Iterator[Problem]:
    """The upload of an asset was never finished.

    Why: the release lists the file, but nobody can download it.

    Fix: delete the asset, and upload the file again.
    """
    problems = (
        Problem(f"the upload of {quote(asset.name)} was never finished")
        for asset in release.assets
        if not asset.is_complete
    )
    yield from shown(problems, ERROR, "unfinished upload")


@rule("T012", ERROR, GITHUB, "GitHub computes the SHA-256 of every asset when it is uploaded")
def checksum_differs(release: Release) -> Iterator[Problem]:
    """A checksum in the notes of the release is not that of the asset that it is written for.

    Why: who compares them takes the download for damaged or forged. If the checksum is right, the
    asset is another file than the one that was published.

    Fix: find out which of them is right. Then correct the notes, or make a new release.
    """
    problems = (
        Problem(
            f"the notes say that the SHA-256 of {quote(name)} is {stated[:12]}..., GitHub says "
            f"{actual[:12]}..."
        )
        for name, stated, actual in release.wrong_checksums
    )
    yield from shown(problems, ERROR, "wrong checksum")


@rule("T013", WARNING, SCT, "SCT installs models from fixed addresses (deepseg/models.py)")
def repository_renamed(address: Address) -> Iterator[Problem]:
    """The repository was renamed or moved: its address is only redirected.

    Why: GitHub redirects the old address until somebody makes a repository of that name, and then
    it leads to theirs. SCT and READMEs keep the addresses that they were given.

    Fix: write the new address wherever the old one is, first of all in SCT, and never use the old
    name again.
    """
    yield Problem(
        f"{quote(address.given)} is now {quote(address.now)}, and redirected",
        help=f"write {quote(address.now)} wherever the old address is, first of all in SCT",
    )


@rule("T014", WARNING, SPEC, _ASSETS)
def tagged_state_differs(release: Release) -> Iterator[Problem]:
    """The files at the tag state another name, licence or title than the default branch.

    Why: the release contains the files at its tag. Who gets the model from it has other terms, or
    another model's card, than the page of the repository shows.

    Fix: make a new release, with a tag on the default branch.
    """
    old, new = release.statement, release.default_statement
    if old is None or new is None:
        return
    if old.name and new.name and old.name != new.name:
        text = f"the citation names {quote(old.name)}, on the default branch {quote(new.name)}"
        yield Problem(text, "CITATION.cff")
    if old.terms and new.terms and old.terms != new.terms:
        yield Problem("the licence is another one than that of the default branch", old.license)
    if old.title and new.title and old.title != new.title:
        text = f"the title is {quote(old.title)}, on the default branch {quote(new.title)}"
        yield Problem(text, old.readme)


@rule("T015", WARNING, GITHUB, "GitHub's archives of a release are made of what its tag names now")
def tag_moved(release: Release) -> Iterator[Problem]:
    """The tagged commit is newer than the publication: the tag was moved.

    Why: the code that the release shows is not the code that it was published with, and clones keep
    the old tag.

    Fix: leave a published tag where it is; make a new release for new code.
    """
    published = release.published
    if published and release.commit.date - published > _DAY:
        yield Problem(
            f"it was published on {published.date()}, but its commit is of "
            f"{release.commit.date.date()}"
        )


@rule("T016", WARNING, SPEC, _ASSETS)
def release_missing(unreleased: Unreleased) -> Iterator[Problem]:
    """The repository has no published release.

    Why: SCT and people install a model from a release; nothing here can be installed.

    Fix: make a release when the model is trained: `model-lint pack` builds its zip.
    """
    if unreleased.tags:
        text = f"no release is the latest one: {listing(unreleased.tags)} {are(unreleased.tags)} "
        text += "drafts or pre-releases" if unreleased.tags[1:] else "a draft or a pre-release"
        yield Problem(text, help="publish it, or check it with OWNER/REPO@TAG")
    else:
        yield Problem("there is no release; only the repository was checked")


@rule("R009", WARNING, GITHUB, "GitHub answers 404 for a release or an asset that does not exist")
def readme_release_link(links: Links) -> Iterator[Problem]:
    """A link in the README leads to a release or an asset that does not exist.

    Why: people who follow the README can't get the model.

    Fix: write the address of a release that exists, or `releases/latest`.
    """
    yield from shown(links.broken, WARNING, "broken link")
