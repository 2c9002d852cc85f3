"""Limits on what is read of a checkpoint, and of all checkpoints of a package together."""

from __future__ import annotations

from typing import NamedTuple


class Limits(NamedTuple):
    """Limits on one checkpoint."""

    #: Bytes of the directory at its end. The largest genuine one has 0.1 MB.
    directory: int
    #: Bytes of ``data.pkl``: 0.5 MB for 31 million parameters and 1000 epochs of log, about 5 MB
    #: for 16 000 epochs.
    pickle: int
    #: Opcodes: 16 000 for 31 million parameters and 1000 epochs, whose runs of scalars count as one
    #: (`pickle_runs`); 115 000 if each opcode of these counted.
    opcodes: int
    #: Lists, dicts, sets and results of calls: 16 for each epoch of a log.
    containers: int


#: Of a checkpoint that is read alone.
ALONE = Limits(4 * 1024 * 1024, 16 * 1024 * 1024, 3_000_000, 600_000)
#: Of all checkpoints of a package together. Fifty folds of 1000 epochs, or five of 8000, the most
#: of any trainer in nnU-Net, need less.
TOGETHER = Limits(8 * 1024 * 1024, 32 * 1024 * 1024, 6_000_000, 1_000_000)


def limits_of_each(checkpoints: int) -> Limits:
    """Return the limits on each of so many checkpoints of a package, one or more."""
    pairs = zip(ALONE, TOGETHER, strict=True)
    return Limits(*(min(alone, together // checkpoints) for alone, together in pairs))
