"""Targets on a server: the address of a zip, a repository or a release on GitHub."""

from __future__ import annotations

import os
import re
import time
from contextlib import ExitStack
from urllib.parse import unquote, urlsplit

from ..errors import NotThere, UsageError
from ..storage.depth import Depth
from ..storage.github_place import Place, is_on, read_place, web_of
from ..storage.http import Server
from ..storage.http_ranges import HttpRanges
from ..storage.tree import TreeError
from ..wording import without_password
from .release import Address
from .target import Given, Target, load_zip


def load_remote(text: str, given: Given) -> tuple[Target, ...]:
    """Read what an argument names on a server. Raises UsageError."""
    web, shown = web_of(os.environ), without_password(text)
    try:
        place = read_place(shown, web)
    except ValueError as error:
        raise UsageError(f"{shown}: not an address of the web: {error}") from error
    if place and not place.asset:
        return _load_place(shown, place, given)
    if not re.match(r"https?://", text, re.IGNORECASE):
        raise UsageError(f"{shown}: not an address of the web; it begins with https://")
    if place is None and is_on(shown, web) and not urlsplit(shown).path.endswith(".zip"):
        raise UsageError(
            f"{shown}: a page of GitHub, not a package; give OWNER/REPO, OWNER/REPO@TAG or the "
            "address of a zip (`model-lint audit OWNER` lints all of an owner)"
        )
    server = Server(text)
    try:
        target = load_url(text, server, given)
    except NotThere:
        if place is None:
            raise
        return _load_place(shown, place, given)  # with the user's token, if there is one
    moved = read_place(server.moved_to, web)
    if place and moved and moved.full_name != place.full_name:
        target = target._replace(address=Address(place.full_name, moved.full_name))
    return (target,)


def _load_place(text: str, place: Place, given: Given) -> tuple[Target, ...]:
    from .releases import load_place  # noqa: PLC0415 - the address of a zip needs no API

    return load_place(text, place, given)


def load_url(text: str, server: Server, given: Given) -> Target:
    """Read the zip at an address. Raises UsageError if the server does not send it."""
    shown = without_password(text)  # it is sent, but not shown
    address = urlsplit(shown)
    name = unquote(address.path.rpartition("/")[2])
    return load_zip_of(shown, server, given, name or address.netloc)


def load_zip_of(text: str, server: Server, given: Given, file_name: str) -> Target:
    """Read a zip that a server sends: what the rules look at, or with ``--deep`` all, once.

    A compressed checkpoint is unpacked to its end only with ``--deep``: that takes all its bytes.

    Raises UsageError, which begins with ``text``.
    """
    started = time.perf_counter()
    reading = given.reading
    deep = reading.depth is Depth.ALL
    if not deep:
        given = given._replace(reading=reading._replace(depth=min(reading.depth, Depth.START)))
    try:
        ranges = HttpRanges(server, whole=deep)
        with ExitStack() as shown:
            if deep and given.watch:
                ranges.watch = shown.enter_context(given.watch(file_name, ranges.size))
            target = load_zip(text, ranges, given, file_name)
    except TreeError as error:
        raise UsageError(f"{text}: {error}") from error
    except UsageError as error:
        message = str(error)
        raise type(error)(message if message.startswith(text) else f"{text}: {message}") from error
    return target._replace(seconds=time.perf_counter() - started)
