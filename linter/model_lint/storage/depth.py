"""How much of a package is read."""

from __future__ import annotations

import enum


class Depth(enum.IntEnum):
    """How much of a package is read; each includes those before it."""

    #: Checkpoints are not looked into.
    NONE = -1
    #: Of a checkpoint that has to be unpacked to get at its end, only the start: what it executes
    #: when it is loaded is not known then.
    START = 0
    #: Checkpoints as torch reads them: by the directory at their end.
    END = 1
    #: Every byte: checksums, and the numbers of the weights.
    ALL = 2
