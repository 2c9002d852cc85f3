"""Limits on what is read of a checkpoint, and of all checkpoints of a package together.

Beside each stands the figure of the largest genuine checkpoint, as nnU-Net 2.8 writes it after 1000
epochs. The largest network that its planners choose is ResEncXL, with nine stages in 2D. The most
labels are those of TotalSegmentator, 118 with the background; the most epochs of a trainer of
nnU-Net are 8000.
"""

from __future__ import annotations

from typing import NamedTuple


class Limits(NamedTuple):
    """Limits on one checkpoint."""

    #: Bytes of the directory at its end: 55,009 for ResEncXL in 2D, which has 846 records.
    directory: int
    #: Bytes of ``data.pkl``: 0.7 MB for ResEncXL in 2D, 7.4 MB for 118 labels, and 26 MB for 50
    #: labels and 8000 epochs.
    pickle: int
    #: Opcodes, of which a run of scalars (`pickle_runs`) counts as one: 77,940 for ResEncXL in 2D.
    #: In a log that has no runs, 14 for each scalar.
    opcodes: int
    #: Bytes of memory that the values take, about: 21 MB for 118 labels, and 72 MB for 50 labels
    #: and 8000 epochs. Memory forbids ten times as much.
    memory: int
    #: Values in ``init_args``, of which a copy is made: 555 for 118 labels, and three more for each
    #: training case if ``dataset.json`` lists them.
    nodes: int

    def shared(self, amount: int) -> Limits:
        """Return the limits on each of so many that share these."""
        return Limits(*(value // amount for value in self))


#: Of a checkpoint that is read alone.
ALONE = Limits(1024 * 1024, 64 * 1024 * 1024, 3_000_000, 120_000_000, 50_000)
#: Of all checkpoints of a package together: enough for fifty of the default network, for 25 of the
#: largest network, and for five of 118 labels.
TOGETHER = Limits(3 * 1024 * 1024, 64 * 1024 * 1024, 6_000_000, 120_000_000, 150_000)

#: Nesting of ``init_args``: 8.
MAX_NODES_DEPTH = 64
#: Bytes of a text: 68, the longest name of a weight.
MAX_STRING = 4 * 1024 * 1024
#: Tuples as keys, whose hashes can be made to collide: none.
MAX_TUPLE_KEYS = 2_000
#: Values on the stack, and marks on it: 2,010 and 9.
MAX_STACK = 250_000
MAX_MARKS = 10_000
#: Memo entries out of sequence: none, as picklers number theirs from 0 upwards.
MAX_LOOSE_MEMO = 100_000
#: Numbers of a list that are read at once: one for each label, 117.
MAX_ROW = 256
#: Searches for runs that found none, or a short one: 104 for 50 labels and 8000 epochs. They take
#: longer than they save.
MAX_MISSED_RUNS = 200
#: Defects of one pickle that are listed: none.
MAX_ISSUES = 20
#: Bare pickles in a file of torch's legacy format: 5.
MAX_PICKLES = 5
#: Bytes that are searched for the end of a record of unknown length: 40, of
#: ``.data/serialization_id``.
MAX_UNKNOWN = 1 << 16
#: Nesting, and number of parts, of the pickle that is written: 9 and 3,376, ResEncXL in 2D.
MAX_WRITTEN_DEPTH = 100
MAX_WRITTEN = 2_000_000


def limits_of_each(checkpoints: int) -> Limits:
    """Return the limits on each of so many checkpoints of a package, one or more."""
    return Limits(*map(min, ALONE, TOGETHER.shared(checkpoints)))
