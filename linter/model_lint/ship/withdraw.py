"""Make a published release a draft again, and say why in a comment on its commit.

A release has no comments. A comment on the commit of its tag needs no permission besides that of
the draft (an issue needs another one, and a repository may have no issues), and GitHub shows it
where the tag leads. The text and the files of the release stay as they are.
"""

from __future__ import annotations

import hashlib
from typing import NamedTuple

from github.Commit import Commit
from github.GithubException import UnknownObjectException
from github.GitRelease import GitRelease

from ..errors import UsageError
from ..storage.github import Hub, asking
from ..storage.github_repository import Remote
from .publish.steps import CONTENTS

#: Characters of the reason in a comment, of which GitHub takes 65,536 in all.
_ROOM = 60_000


class Withdrawal(NamedTuple):
    """A release to withdraw."""

    #: ``OWNER/REPO`` and the tag.
    repository: str
    tag: str
    #: Why, as Markdown.
    reason: str
    #: An address with more about it; "" for none.
    details: str = ""

    @property
    def text(self) -> str:
        """The release as users write it."""
        return f"{self.repository}@{self.tag}"


class Withdrawn(NamedTuple):
    """What was done."""

    #: Whether it was published before.
    was_published: bool
    #: The address of the new comment; "" if the reason had been given before.
    comment: str


def withdraw(hub: Hub, wanted: Withdrawal) -> Withdrawn:
    """Make a release a draft, then comment; a second call with the same reason changes nothing.

    Raises UsageError if there is no such release, or if GitHub refuses.
    """
    if hub.token is None:
        raise UsageError("withdrawing takes a token: set GH_TOKEN, or log in with `gh auth login`")
    with asking(hub, wanted.text):
        repository = hub.api.get_repo(wanted.repository)
        release = Remote(hub, wanted.repository, listed=repository).release(wanted.tag)
        if release is None:
            raise UsageError(
                f"{wanted.text}: there is no such release, or the token can't see its draft"
            )
        was_published = not release.draft
        stays = was_published and bool(release.raw_data.get("immutable"))
        if was_published and not stays:
            _make_draft(hub, release, wanted)
        commit = repository.get_commit(f"tags/{wanted.tag}")
        comment = _comment(commit, wanted, stays=stays)
    if stays:
        raise UsageError(
            f"{wanted.text}: immutable, so that GitHub does not make it a draft; delete it, and "
            "publish the repaired packages under another tag"
        )
    return Withdrawn(was_published, comment)


def _make_draft(hub: Hub, release: GitRelease, wanted: Withdrawal) -> None:
    """Make a release a draft. Raises UsageError and GithubException."""
    try:
        # Only this: `update_release` would send the title and the notes too.
        hub.api.requester.requestJsonAndCheck("PATCH", release.url, input={"draft": True})
    except UnknownObjectException as error:  # it was there: this is what GitHub says to readers
        text = f"{wanted.text}: the token may not do that; it takes {CONTENTS}"
        raise UsageError(text) from error


def _comment(commit: Commit, wanted: Withdrawal, *, stays: bool) -> str:
    """Comment on a commit unless that was done, and return the address of the comment."""
    digest = hashlib.sha256(wanted.reason.encode()).hexdigest()[:16]
    mark = f"<!-- model-lint withdraw {wanted.tag} {digest} -->"
    if any(mark in comment.body for comment in commit.get_comments()):
        return ""
    return commit.create_comment(_body(wanted, mark, stays=stays)).html_url


def _body(wanted: Withdrawal, mark: str, *, stays: bool) -> str:
    """Return the comment: what happened, why, and what to do now."""
    what = "failed its check" if stays else "failed its check and is a draft again"
    more = f" ([details]({wanted.details}))" if wanted.details else ""
    now = (
        "Delete the release, and publish the repaired packages under another tag."
        if stays
        else "Replace its packages by repaired ones, then publish it again."
    )
    return f"{mark}\nThe release `{wanted.tag}` {what}{more}.\n\n{_cut(wanted.reason)}\n\n{now}\n"


def _cut(reason: str) -> str:
    """Return a text without the lines that a comment has no room for."""
    if len(reason) <= _ROOM:
        return reason.strip()
    return f"{reason[:_ROOM].rpartition(chr(10))[0]}\n\nThe rest would not fit here."
