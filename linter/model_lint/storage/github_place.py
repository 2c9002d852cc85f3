"""What the words of a user name on GitHub: a repository, a release, or a file of one."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from ..errors import UsageError

#: A repository on GitHub, or the release of a tag: OWNER/REPO or OWNER/REPO@TAG.
ON_GITHUB = re.compile(r"([A-Za-z0-9][A-Za-z0-9-]{0,38})/([\w.-]{1,100})(?:@(.+))?", re.ASCII)
#: What can be an owner and a repository. Anything else would lead a request, with the user's token,
#: to another part of the API.
_REPOSITORY = re.compile(r"[A-Za-z0-9][\w-]*/[\w.-]{1,100}", re.ASCII)
_UP = frozenset({".", ".."})
#: The API of github.com; ``GITHUB_API_URL`` names that of a GitHub Enterprise Server.
_API = "https://api.github.com"


class Place(NamedTuple):
    """A place on GitHub."""

    owner: str
    name: str
    #: "" for the latest release.
    tag: str = ""
    #: The name of a file of the release; "" for all of it.
    asset: str = ""

    @property
    def full_name(self) -> str:
        """Owner and name of the repository."""
        return f"{self.owner}/{self.name}"


def read_place(text: str, web: str) -> Place | None:
    """Return what an argument names; None if it is no place on that GitHub.

    Args:
        text: OWNER/REPO, OWNER/REPO@TAG, or the address of a page.
        web: the address of the pages of the GitHub.
    """
    short = ON_GITHUB.fullmatch(text)
    if short:
        place: Place | None = Place(short[1], short[2].removesuffix(".git"), short[3] or "")
    else:
        place = _of_address(text, web)
    if place is None or not _REPOSITORY.fullmatch(place.full_name):
        return None
    return None if _UP & {place.name, place.tag} else place


def is_on(text: str, web: str) -> bool:
    """Return whether an address is one of that GitHub."""
    address, home = urlsplit(text), urlsplit(web)
    return address.netloc.lower().removeprefix("www.") == home.netloc.lower()


def _of_address(text: str, web: str) -> Place | None:
    address, home = urlsplit(text), urlsplit(web)
    if not is_on(text, web):
        return None
    path = address.path.removeprefix(home.path).strip("/")
    return _page([unquote(part) for part in path.split("/")])


def _page(parts: list[str]) -> Place | None:
    match parts:
        case [owner, name] | [owner, name, "releases"] | [owner, name, "releases", "latest"]:
            return Place(owner, name.removesuffix(".git"))
        case [owner, name, "releases", "tag", *tag] if tag:
            return Place(owner, name, "/".join(tag))
        case [owner, name, "releases", "latest", "download", asset]:
            return Place(owner, name, "", asset)
        case [owner, name, "releases", "download", *tag, asset] if tag:
            return Place(owner, name, "/".join(tag), asset)
    return None


def api_of(environment: Mapping[str, str]) -> str:
    """Return the address of the API, without a slash at the end. Raises UsageError."""
    return _server(environment, "GITHUB_API_URL") or _API


def web_of(environment: Mapping[str, str]) -> str:
    """Return the address of the pages of the same GitHub. Raises UsageError."""
    web, api = _server(environment, "GITHUB_SERVER_URL"), api_of(environment)
    return web or ("https://github.com" if api == _API else re.sub(r"/api/v3$", "", api))


def _server(environment: Mapping[str, str], variable: str) -> str:
    """Return the address in a variable, without a slash at the end; "" if it is not set."""
    given = environment.get(variable, "").strip().rstrip("/")
    if given and not _is_server(given):
        raise UsageError(
            f"{variable} is not the address of a GitHub, such as https://github.example.org/api/v3 "
            "for its API, without a password"
        )
    return given


def _is_server(address: str) -> bool:
    try:
        parts = urlsplit(address)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return False
    is_plain = not (parts.username or parts.query or parts.fragment)
    return parts.scheme in {"http", "https"} and bool(host) and is_plain
