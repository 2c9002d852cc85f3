"""Who asks, and what they may do."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum

from .answer import RefusedError, error
from .state import Repository


class Level(IntEnum):
    """What a token may do with a repository; each level includes those before it."""

    NONE = 0
    READ = 1
    PUSH = 2
    ADMIN = 3


#: What GitHub says to a token of each kind that lacks a permission.
_REFUSALS = {
    "fine-grained": "Resource not accessible by personal access token",
    "actions": "Resource not accessible by integration",
}


@dataclass(frozen=True)
class Token:
    """A token of a user.

    Attributes:
        value: the secret.
        login: whose it is.
        permissions: ``OWNER/REPO``, ``OWNER/*`` or ``*`` and the level there.
        kind: ``classic``, ``fine-grained`` or ``actions``.
        scopes: those of a classic token.
    """

    value: str
    login: str
    permissions: Mapping[str, Level] = field(default_factory=dict)
    kind: str = "classic"
    scopes: tuple[str, ...] = ("repo", "workflow")

    def level(self, full_name: str) -> Level:
        """Return what it may do with a repository, apart from reading public ones."""
        owner = full_name.split("/", maxsplit=1)[0]
        granted = {name.lower(): level for name, level in self.permissions.items()}
        found = [granted.get(name.lower()) for name in (full_name, f"{owner}/*", "*")]
        return next((level for level in found if level is not None), Level.NONE)


def level(token: Token | None, repository: Repository) -> Level:
    """Return what may be done with a repository."""
    granted = token.level(repository.full_name) if token else Level.NONE
    return max(granted, Level.NONE if repository.private else Level.READ)


def secret(authorization: str) -> str:
    """Return the token in the header of a request: as a bearer, or as a password for git."""
    scheme, _, value = authorization.partition(" ")
    if scheme.lower() != "basic":
        return value.strip()
    try:
        name, _, password = base64.b64decode(value).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return ""
    return password if password and password != "x-oauth-basic" else name


def identify(tokens: Mapping[str, Token], authorization: str | None) -> Token | None:
    """Return the token of a request, or None if it has none. Raises RefusedError."""
    if authorization is None:
        return None
    found = tokens.get(secret(authorization))
    if found is None:
        raise RefusedError(error(401, "Bad credentials"))
    return found


def demand(token: Token | None, repository: Repository, needed: Level) -> None:
    """Raise RefusedError unless the level is granted."""
    granted = level(token, repository)
    if granted >= needed:
        return
    if granted == Level.NONE:
        raise RefusedError(error(404, "Not Found"))
    if token is None:
        raise RefusedError(error(401, "Requires authentication"))
    if token.kind in _REFUSALS:
        raise RefusedError(error(403, _REFUSALS[token.kind]))
    if needed == Level.ADMIN and granted == Level.PUSH:
        raise RefusedError(error(403, "Must have admin rights to Repository."))
    raise RefusedError(error(404, "Not Found"))  # a classic token is not told that there is more
