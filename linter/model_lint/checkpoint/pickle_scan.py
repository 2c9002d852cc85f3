"""Read the pickle of a torch checkpoint without importing, calling or building anything.

A small virtual machine runs over the opcodes that ``torch.save`` writes, in one pass over a stream
that is only read forwards, until STOP. It gives plain values (dict, list, str, int, float, ...),
descriptions of tensors (`Tensor`), and a `PickleIssue` for whatever is not on the exact list of
what torch and nnU-Net write. The codes of the issues are those of the rules:

* K001 a global outside the list, K003 one whose name is no literal string;
* K002 an opcode that no nnU-Net checkpoint needs;
* K004 bytes that are no pickle, or one beyond the limits;
* K006 an allowed callable with arguments that torch does not write.

Where that makes sense the machine goes on behind an issue, with a placeholder (`OPAQUE`) as the
value, so that a file shows all of its defects. The lists were held against the allow-list of
``torch.load(weights_only=True)`` and against checkpoints of nnU-Net 2.0 to 2.8.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from .pickle_machine import Machine
from .pickle_values import PickleIssue, Storage


class PickleScan(NamedTuple):
    """All that a pickle says."""

    #: The unpickled value; `OPAQUE` where the pickle could not be read to its end.
    value: object
    issues: tuple[PickleIssue, ...]
    #: By key, in order of appearance.
    storages: dict[str, Storage]
    #: The allowed globals that it names, as ``module.name``.
    globals: frozenset[str]
    #: The others, likewise.
    refused: frozenset[str]
    protocol: int
    #: Whether STOP was reached.
    complete: bool
    #: Bytes up to and with STOP, or those that were understood.
    size: int
    #: What was read from the stream beyond them.
    rest: bytes


def scan_pickle(read: Callable[[int], bytes]) -> PickleScan:
    """Read a pickle; never raises by itself.

    ``read(n)`` gives at most n bytes and none at the end of the stream. What it raises passes.
    """
    machine = Machine(read)
    value = machine.run()
    return PickleScan(
        value=value,
        issues=tuple(machine.issues),
        storages=machine.storages,
        globals=frozenset(str(g) for g in machine.named),
        refused=frozenset(machine.refused),
        protocol=machine.protocol,
        complete=machine.complete,
        size=machine.base + machine.pos,
        rest=machine.buffer[machine.pos :],
    )
