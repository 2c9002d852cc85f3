"""How much of a package is read."""

from __future__ import annotations

import enum


class Depth(enum.IntEnum):
    """How much of a package is read; each includes those before it."""

    #: No checkpoint is read.
    NONE = -1
    #: Only the start of a checkpoint that must be unpacked to reach its end. What it executes when
    #: it is loaded is then unknown.
    START = 0
    #: Checkpoints as torch reads them: by the directory at their end.
    END = 1
    #: Every byte: checksums, and the numbers of the weights.
    ALL = 2
