"""Which steps are missing. It asks nobody: the state of GitHub goes in, steps come out."""

from __future__ import annotations

from collections.abc import Iterator

from ...errors import UsageError
from ...wording import listing
from .steps import (
    CreateDraft,
    CreateRepository,
    CreateTag,
    DeleteAsset,
    DeleteDraft,
    Publish,
    Push,
    SetDefaultBranch,
    SetTopics,
    Step,
    Upload,
    WriteNotes,
)
from .wanted import SUMS, NewRepository, Release, Run, State, Wanted

MISSING = "not there, or the token can't see it; add --create to create it"
_EMPTY = "empty; push the checkout, or add --create to do that"
#: Stands for the draft that is not there yet, in a plan that is only shown.
_NEW = 0


def plan(wanted: Wanted, state: State, run: Run) -> tuple[Step, ...]:
    """Return what is missing of a release; empty if it is published.

    Raises UsageError if it can't be published, or another run publishes it.
    """
    steps = tuple(_of_repository(wanted, state))
    if state.published:
        return _after(wanted, state, state.published, run)
    _require_tag(wanted, state, run)
    draft = state.drafts[0] if state.drafts else None
    extra = _empty(state.drafts[1:], run)
    if draft and not draft.by(run.claim.login):
        if extra:
            return extra
        raise UsageError(
            f"{wanted.tag}: {draft.author} has a draft of it, {draft.url}; "
            "let them publish it, or delete it there"
        )
    if not state.tag:
        steps += (CreateTag(wanted.tag, wanted.commit),)
    return (*steps, *extra, *_of_draft(wanted, draft))


def _of_repository(wanted: Wanted, state: State) -> Iterator[Step]:
    """Yield what is missing of a repository that may be created."""
    there, create = state.repository, wanted.create
    if there and not there.empty:
        if create and create.branch != there.default_branch and _is_fresh(state, create):
            yield SetDefaultBranch(create.branch)
        return
    if create is None:
        raise UsageError(f"{wanted.repository}: {_EMPTY if there else MISSING}")
    if there is None:
        yield CreateRepository(wanted.repository, create.about)
    if create.about.topics and not (there and there.topics):
        yield SetTopics(create.about.topics)
    yield Push(create.branch, wanted.commit)


def _is_fresh(state: State, create: NewRepository) -> bool:
    """Return whether the default branch of a repository was never pushed."""
    return state.repository is not None and state.repository.branches == (create.branch,)


def _require_tag(wanted: Wanted, state: State, run: Run) -> None:
    """Raise UsageError unless the tag is free, or names the commit and is not another run's."""
    tag, own = state.tag, run.claim
    if tag is None:
        return
    if tag.claim and not tag.claim.by(own.login):
        raise UsageError(
            f"{wanted.tag}: {tag.claim.login} is publishing it; if they gave up, remove the tag "
            f"(git push --delete origin {wanted.tag}) and its draft, and run again"
        )
    if tag.claim and tag.claim.run != own.run and tag != run.first.tag:
        raise UsageError(f"{wanted.tag}: another run of yours has just begun to publish it")
    if tag.commit != wanted.commit:
        raise UsageError(
            f"{wanted.tag}: the tag is on {tag.commit[:7]} already, not on {wanted.commit[:7]}; "
            "give the package a new tag, or --target with the commit of this one"
        )


def _empty(drafts: tuple[Release, ...], run: Run) -> tuple[Step, ...]:
    """Return how to get rid of drafts that this user's runs made in vain."""
    mine = (draft for draft in drafts if draft.by(run.claim.login))
    return tuple(DeleteDraft(d) for d in mine if not any(a.complete for a in d.assets))


def _of_draft(wanted: Wanted, draft: Release | None) -> Iterator[Step]:
    """Yield what is missing of a draft, and last to publish it."""
    if draft is None:
        yield CreateDraft(wanted.tag)
    number = draft.id if draft else _NEW
    there = {asset.name: asset for asset in draft.assets} if draft else {}
    names = {asset.name for asset in wanted.assets}
    others = [a for a in there.values() if a.name not in names]
    packages = [a.name for a in others if a.complete and a.name.lower().endswith(".zip")]
    if packages and draft:
        raise UsageError(
            f"{wanted.tag}: its draft has {listing(packages)} too; delete that from {draft.url}, "
            "or give it as a package"
        )
    yield from (DeleteAsset(asset) for asset in others if not asset.complete)
    for asset in wanted.assets:
        found = there.get(asset.name)
        if found and not found.is_same(asset):
            yield DeleteAsset(found)
        if not (found and found.is_same(asset)):
            yield Upload(number, asset)
    if draft and not draft.notes.strip():
        yield WriteNotes(number)
    yield Publish(number, wanted.tag)


def _after(wanted: Wanted, state: State, published: Release, run: Run) -> tuple[Step, ...]:
    """Return how to clean up after publication.

    Raises UsageError if another run published it meanwhile, or it is something else.
    """
    if steps := _empty(state.drafts, run):
        return steps
    there = {asset.name: asset for asset in published.assets}
    packages = [asset for asset in wanted.assets if asset.name != SUMS]
    wrong = [a.name for a in packages if not (a.name in there and there[a.name].is_same(a))]
    if wrong:
        date = f" on {published.published_at:%Y-%m-%d}" if published.published_at else ""
        what = "without" if wrong[0] not in there else "with other bytes in"
        raise UsageError(
            f"{wanted.tag}: {published.author} published it{date} {what} {listing(wrong)}; a "
            "published release is never changed: give the package a new tag (model-lint pack --tag)"
        )
    tag = state.tag
    if tag and tag.claim and tag != run.first.tag and tag.claim.run != run.claim.run:
        raise UsageError(
            f"{wanted.tag}: another run, by {tag.claim.login}, has just published it: "
            f"{published.url}"
        )
    return ()
