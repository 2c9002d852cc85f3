"""The files of a repository in one state: a checkout, or a commit on GitHub."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Protocol


class Source(Protocol):
    """What git contains of a repository, and the texts in it.

    Paths are relative to the root, with ``/`` between their parts.
    """

    @property
    def name(self) -> str:
        """The repository's name."""

    @property
    def tracked(self) -> bool:
        """Whether it is known what git contains."""

    @property
    def files(self) -> tuple[str, ...]:
        """Tracked files and links, sorted; every file if there is no git."""

    @property
    def modules(self) -> tuple[str, ...]:
        """Folders that are links to a commit of another repository."""

    def names(self, folder: str) -> list[str]:
        """Return the names in a folder, sorted; none if it is missing. "" is the root."""

    def is_file(self, path: str) -> bool:
        """Return whether a path leads to a file; a link may do so too."""

    def is_link(self, path: str) -> bool:
        """Return whether a path is a link."""

    def sizes(self, paths: Iterable[str]) -> Mapping[str, int]:
        """Return the bytes that git contains of files; links are left out."""

    def beginning_with(self, paths: Iterable[str], beginning: str) -> tuple[str, ...]:
        """Return the files whose content in git begins with a text."""

    def expect(self, paths: Iterable[str]) -> None:
        """Say which texts will be read: a server sends them together."""

    def text(self, path: str) -> str:
        """Return the beginning of a text; "" if it is unreadable, or a link that leads outside."""

    @property
    def unread(self) -> tuple[str, ...]:
        """Texts that were expected, but not read because of a limit."""
