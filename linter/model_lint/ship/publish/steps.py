"""The steps of publishing, as data; `remote` does them."""

from __future__ import annotations

from typing import NamedTuple

from ...wording import printable, size
from .wanted import About, Asset, Release, State, Uploaded

#: What a token needs to write to a repository and its releases, in GitHub's words.
CONTENTS = "Contents: write (a classic token: public_repo, or repo for a private repository)"


class CreateRepository(NamedTuple):
    """Create the repository, empty."""

    name: str
    about: About

    @property
    def text(self) -> str:
        """What the step does."""
        said = printable(self.about.description) or "no description"
        home = f", homepage {printable(self.about.homepage)}" if self.about.homepage else ""
        return f"create the public repository {self.name} ({said}{home})"

    def shows(self, state: State) -> bool:
        """Return whether its effect is there, or that of the same step of another run."""
        return state.repository is not None


class SetTopics(NamedTuple):
    """Set the topics of the new repository."""

    topics: tuple[str, ...]

    @property
    def text(self) -> str:
        """What the step does."""
        return f"set its topics: {', '.join(self.topics)}"

    def shows(self, state: State) -> bool:
        """Return whether its effect is there, or that of the same step of another run."""
        return state.repository is not None and bool(state.repository.topics)


class Push(NamedTuple):
    """Push the branch of the checkout to the new repository."""

    branch: str
    commit: str

    @property
    def text(self) -> str:
        """What the step does."""
        return f"push the branch {printable(self.branch)} ({self.commit[:7]})"

    def shows(self, state: State) -> bool:
        """Return whether its effect is there, or that of the same step of another run."""
        return state.repository is not None and not state.repository.empty


class SetDefaultBranch(NamedTuple):
    """Make the pushed branch the default."""

    branch: str

    @property
    def text(self) -> str:
        """What the step does."""
        return f"make {printable(self.branch)} its default branch"

    def shows(self, state: State) -> bool:
        """Return whether its effect is there, or that of the same step of another run."""
        return state.repository is not None and state.repository.default_branch == self.branch


class CreateTag(NamedTuple):
    """Create the tag, which claims the release for this run."""

    tag: str
    commit: str

    @property
    def text(self) -> str:
        """What the step does."""
        return f"create the tag {self.tag} on {self.commit[:7]}"

    def shows(self, state: State) -> bool:
        """Return whether its effect is there, or that of the same step of another run."""
        return state.tag is not None


class CreateDraft(NamedTuple):
    """Create the draft with the generated notes."""

    tag: str

    @property
    def text(self) -> str:
        """What the step does."""
        return f"create a draft of the release {self.tag}"

    def shows(self, state: State) -> bool:
        """Return whether its effect is there, or that of the same step of another run."""
        return bool(state.releases)


class DeleteDraft(NamedTuple):
    """Delete an own empty draft where an older one is used, or the release is published."""

    release: Release

    @property
    def text(self) -> str:
        """What the step does."""
        return f"delete the second, empty draft {self.release.url}"

    def shows(self, state: State) -> bool:
        """Return whether its effect is there, or that of the same step of another run."""
        return all(release.id != self.release.id for release in state.releases)


class DeleteAsset(NamedTuple):
    """Delete an asset of the draft that is incomplete, or has other bytes."""

    asset: Uploaded

    @property
    def text(self) -> str:
        """What the step does."""
        why = "has other bytes" if self.asset.complete else "an upload that broke off"
        return f"delete {printable(self.asset.name)} from the draft ({why})"

    def shows(self, state: State) -> bool:
        """Return whether its effect is there, or that of the same step of another run."""
        return all(asset.id != self.asset.id for asset in state.assets)


class Upload(NamedTuple):
    """Upload an asset to the draft."""

    release: int
    asset: Asset

    @property
    def text(self) -> str:
        """What the step does."""
        return f"upload {self.asset.name} ({size(self.asset.size)})"

    def shows(self, state: State) -> bool:
        """Return whether its effect is there, or that of the same step of another run."""
        return any(a.name == self.asset.name and a.complete for a in state.assets)


class WriteNotes(NamedTuple):
    """Write the generated notes into a draft that has none."""

    release: int

    @property
    def text(self) -> str:
        """What the step does."""
        return "write the notes, which are empty"

    def shows(self, state: State) -> bool:
        """Return whether its effect is there, or that of the same step of another run."""
        return any(r.id == self.release and r.notes.strip() for r in state.releases)


class Publish(NamedTuple):
    """Publish the draft."""

    release: int
    tag: str

    @property
    def text(self) -> str:
        """What the step does."""
        return f"publish the release {self.tag}"

    def shows(self, state: State) -> bool:
        """Return whether its effect is there, or that of the same step of another run."""
        return state.published is not None


#: A step of publishing.
Step = (
    CreateRepository
    | SetTopics
    | Push
    | SetDefaultBranch
    | CreateTag
    | CreateDraft
    | DeleteDraft
    | DeleteAsset
    | Upload
    | WriteNotes
    | Publish
)


def step_name(step: Step) -> str:
    """Return the name of a step: ``create-tag``."""
    name = type(step).__name__
    return "".join(f"-{c.lower()}" if c.isupper() else c for c in name).lstrip("-")


def needed(step: Step) -> str:
    """Return what a token needs for a step, in GitHub's words."""
    if isinstance(step, CreateRepository | SetTopics | SetDefaultBranch):
        return "Administration: write (a classic token: public_repo, or repo)"
    if isinstance(step, Push):
        return "Contents: write and Workflows: write (a classic token: public_repo and workflow)"
    return CONTENTS
