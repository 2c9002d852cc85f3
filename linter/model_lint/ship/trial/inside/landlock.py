"""Limit which files can be read and written, on Linux (Landlock, from 5.13 on).

It needs no privilege and can't be taken off. It holds for the thread that asks and for those that
it starts, so it is asked before there are others.
"""

from __future__ import annotations

import ctypes
import os
import platform
import struct
from collections.abc import Iterable

#: Numbers of the system calls, the same on every machine.
_CREATE, _ADD, _RESTRICT = 444, 445, 446
_VERSION, _PATH_BENEATH, _NO_NEW_PRIVS = 1, 1, 38
_EXECUTE, _WRITE, _READ, _LIST, _TRUNCATE, _DEVICE = 1, 2, 4, 8, 1 << 14, 1 << 15
#: The rights that each version of Landlock knows, as the number of their bits.
_BITS = {1: 13, 2: 14, 3: 15, 4: 15}
_NEWEST_BITS = 16
#: TCP: bind and connect (version 4). Sockets without a name, signals (version 6).
_TCP, _SCOPES = 3, 3


def version() -> int:
    """Return the version of Landlock, 0 without it."""
    if platform.system() != "Linux":
        return 0
    return max(0, _call(_CREATE, None, 0, _VERSION))


def restrict(readable: Iterable[str], writable: Iterable[str]) -> bool:
    """Allow reading below some paths, and everything below others; return whether it holds.

    Paths that do not exist are left out.
    """
    known = version()
    if not known:
        return False
    rights = (1 << _BITS.get(known, _NEWEST_BITS)) - 1
    attributes = struct.pack("QQQ", rights, _TCP, _SCOPES)
    size = 24 if known >= 6 else 16 if known >= 4 else 8
    rules = _call(_CREATE, attributes, size, 0)
    if rules < 0:
        return False
    try:
        for path in readable:
            # Importing nnU-Net starts programs of the system; later none can be started.
            _allow(rules, path, _READ | _LIST | _EXECUTE)
        for path in writable:
            _allow(rules, path, rights & ~_EXECUTE & ~_DEVICE)
        libc = ctypes.CDLL(None, use_errno=True)
        return libc.prctl(_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 and _call(_RESTRICT, rules, 0) == 0
    finally:
        os.close(rules)


def _allow(rules: int, path: str, rights: int) -> None:
    try:
        place = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    try:
        if not os.path.isdir(path):  # noqa: PTH112 - as above, of os
            rights &= _READ | _WRITE | _TRUNCATE | _EXECUTE
        _call(_ADD, rules, _PATH_BENEATH, struct.pack("=Qi", rights, place), 0)
    finally:
        os.close(place)


def _call(number: int, *arguments: bytes | int | None) -> int:
    libc = ctypes.CDLL(None, use_errno=True)
    return int(libc.syscall(ctypes.c_long(number), *arguments))
