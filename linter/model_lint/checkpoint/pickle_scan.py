"""Read the pickle of a torch checkpoint without importing, calling or building anything.

A small virtual machine runs over the opcodes that ``torch.save`` writes, in one pass over a stream
that is only read forward, until STOP. It returns plain values (dict, list, str, int, float, ...),
descriptions of tensors (`Tensor`), and a `Problem` for anything that is not on the exact list
of what torch and nnU-Net write (`pickle_allowed`). The codes of the issues are those of the rules:

* K001 a global outside the list, K003 a global whose name is not a literal string;
* K002 an opcode that no nnU-Net checkpoint needs;
* K004 bytes that are not a pickle, or a pickle above the limits;
* K006 an allowed callable with arguments that torch does not write.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from ..findings import Problem
from .limits import ALONE, Limits
from .pickle_machine import Machine
from .pickle_values import Storage


class PickleScan(NamedTuple):
    """The content of a pickle."""

    #: The unpickled value; `OPAQUE` if the pickle could not be read to its end.
    value: object
    issues: tuple[Problem, ...]
    #: By key, in order of appearance.
    storages: dict[str, Storage]
    #: The allowed globals that it names, as ``module.name``.
    globals: frozenset[str]
    #: The other globals that it names.
    refused: frozenset[str]
    protocol: int
    #: Whether STOP was reached.
    complete: bool
    #: Bytes up to and including STOP, or up to the end of the scan.
    size: int
    #: Bytes read from the stream after these.
    rest: bytes


def scan_pickle(read: Callable[[int], bytes], limits: Limits = ALONE) -> PickleScan:
    """Read a pickle; never raise for its content.

    ``read(n)`` returns at most n bytes, and none at the end of the stream. It may raise.
    """
    machine = Machine(read, limits)
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
