"""Targets on a server: the address of a zip."""

from __future__ import annotations

import re
import time
from contextlib import ExitStack
from urllib.parse import unquote, urlsplit, urlunsplit

from ..errors import UsageError
from ..storage.depth import Depth
from ..storage.http import Server
from ..storage.http_ranges import HttpRanges
from ..storage.tree import TreeError
from .target import Given, Target, load_zip


def load_remote(text: str, given: Given) -> tuple[Target, ...]:
    """Read what an argument names on a server. Raises UsageError."""
    if not re.match(r"https?://", text, re.IGNORECASE):
        raise UsageError(f"{text}: not an address of the web; it begins with https://")
    return (load_url(text, given),)


def load_url(text: str, given: Given) -> Target:
    """Read the zip at an address. Raises UsageError if the server does not send it."""
    address = urlsplit(text)
    # A password in the address is sent, but not shown.
    shown = urlunsplit(address._replace(netloc=address.netloc.rpartition("@")[2]))
    name = unquote(address.path.rpartition("/")[2])
    return load_zip_of(shown, Server(text), given, name or address.netloc)


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
        raise UsageError(message if message.startswith(text) else f"{text}: {message}") from error
    return target._replace(seconds=time.perf_counter() - started)
