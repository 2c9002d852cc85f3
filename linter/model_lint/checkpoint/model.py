"""The model of a checkpoint that the rules look at."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from ..findings import Problem
from .limits import MAX_NODES_DEPTH
from .pickle_values import Device, Scalar, Storage, Tensor
from .torch_zip import Record

if TYPE_CHECKING:
    from .every_byte import EveryByte

#: The code of a `BadCheckpoint` whose bytes don't unpack from the package.
DAMAGED = "Z002"
#: The keys that nnU-Net's predictor needs.
NEEDED_KEYS = ("network_weights", "trainer_name", "init_args")
#: Prefixes that wrappers of networks add to every weight, and that inference does not remove.
WRAPPERS = ("module.", "_orig_mod.")


class BadCheckpoint(NamedTuple):
    """A file that can't be read as a checkpoint."""

    #: C001 not a torch zip, C002 incomplete, DAMAGED, or the K code of what ended the scan.
    code: str
    #: One line.
    reason: str
    issues: tuple[Problem, ...] = ()


class Architecture(NamedTuple):
    """The network, if it is one of nnU-Net's own, from the names and shapes of the weights."""

    #: ``PlainConvUNet`` or ``ResidualEncoderUNet``.
    name: str
    input_channels: int
    #: Channels of the output that is used, the one of full resolution.
    output_heads: int
    #: 2 or 3.
    dimensions: int


class Checkpoint(NamedTuple):
    """A checkpoint, without the numbers of its weights."""

    #: The folder of the records: the name of the file when it was saved, without ``.pth``.
    prefix: str
    #: For rules of the families C and K: what torch does not write, or what contradicts.
    issues: tuple[Problem, ...]
    #: The top-level value as unpickled; empty if it is not a dict.
    content: Mapping[Any, Any]
    storages: Mapping[str, Storage]
    #: Names of globals that ``torch.load(weights_only=True)`` refuses.
    weights_only_refuses: tuple[str, ...]
    bytes_read: int
    #: The tensors of ``network_weights`` by name.
    weights: Mapping[str, Tensor]
    #: The trainer's arguments as plain values (a device as text, numpy scalars as numbers).
    init_args: dict[str, Any] | None
    #: The network; None if it is not one of nnU-Net's own.
    architecture: Architecture | None
    #: Bytes of ``data.pkl``.
    pickle_size: int = 0
    #: The directory at its end; empty if only the start was read.
    records: tuple[Record, ...] = ()
    #: None unless every byte was read.
    every_byte: EveryByte | None = None

    @property
    def directory_read(self) -> bool:
        """Whether it was read by the directory at its end, as torch reads it."""
        return bool(self.records)

    @property
    def checksums(self) -> Mapping[str, int]:
        """CRC-32 of the storages by their keys, as the directory states them.

        Empty if it was not read, or states none (``torch.serialization.set_crc32_options``).
        """
        start = f"{self.prefix}/data/"
        if not any(record.crc for record in self.records):
            return {}
        return {r.name.removeprefix(start): r.crc for r in self.records if r.name.startswith(start)}

    @property
    def keys(self) -> tuple[str, ...]:
        """The top-level keys."""
        return tuple(key for key in self.content if isinstance(key, str))

    @property
    def missing_keys(self) -> tuple[str, ...]:
        """The keys that inference needs and that are missing or of a wrong type."""
        found = {
            "network_weights": bool(self.weights),
            "trainer_name": self.trainer_name is not None,
            "init_args": isinstance(self.content.get("init_args"), dict),
        }
        missing = tuple(key for key in NEEDED_KEYS if not found[key])
        if found["init_args"] and self.configuration is None:
            return (*missing, "init_args['configuration']")
        return missing

    @property
    def trainer_name(self) -> str | None:
        """The class of the trainer."""
        return _text(self.content.get("trainer_name"))

    @property
    def configuration(self) -> str | None:
        """``2d``, ``3d_fullres``, ..."""
        arguments = self.content.get("init_args")
        return _text(arguments.get("configuration")) if isinstance(arguments, dict) else None

    @property
    def fold(self) -> int | str | None:
        """The number of the fold, or ``"all"``."""
        fold = (self.init_args or {}).get("fold")
        number = isinstance(fold, int) and not isinstance(fold, bool)
        return fold if number or fold == "all" else None

    @property
    def plans(self) -> dict[str, Any] | None:
        """The plans with which it was trained."""
        plans = (self.init_args or {}).get("plans")
        return plans if isinstance(plans, dict) else None

    @property
    def dataset_json(self) -> dict[str, Any] | None:
        """The ``dataset.json`` with which it was trained."""
        dataset = (self.init_args or {}).get("dataset_json")
        return dataset if isinstance(dataset, dict) else None

    @property
    def weight_names(self) -> tuple[str, ...]:
        """All keys of ``network_weights`` as text, with any values."""
        weights = self.content.get("network_weights")
        return tuple(map(str, weights)) if isinstance(weights, dict) else ()

    @property
    def wrapper_prefix(self) -> str | None:
        """The prefix that one or more wrappers added to all weights (``module._orig_mod.``)."""
        prefix = ""
        while found := next((p for p in WRAPPERS if self._all_begin(prefix + p)), None):
            prefix += found
        return prefix or None

    def _all_begin(self, prefix: str) -> bool:
        return bool(self.weights) and all(name.startswith(prefix) for name in self.weights)

    @property
    def storage_bytes(self) -> int:
        """Bytes of all storages."""
        return sum(storage.nbytes for storage in self.storages.values())

    @property
    def optimizer_bytes(self) -> int:
        """Bytes of the storages without weights of the network."""
        used = {tensor.storage.key for tensor in self.weights.values()}
        return sum(s.nbytes for key, s in self.storages.items() if key not in used)


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


class _NotPlainError(Exception):
    """A value that is too large or too deep, or cyclic."""


def tensors_by_name(value: object) -> dict[str, Tensor]:
    """Return the tensors of a state dict by name."""
    if not isinstance(value, dict):
        return {}
    return {k: t for k, t in value.items() if isinstance(k, str) and isinstance(t, Tensor)}


def plain_dict(value: object, nodes: int) -> dict[str, Any] | None:
    """Copy a dict of at most so many values into plain ones.

    None if it is not a dict, too large, too deep or cyclic.
    """
    left = [nodes]
    try:
        plain = _plain(value, left, MAX_NODES_DEPTH)
    except _NotPlainError:
        return None
    return plain if isinstance(plain, dict) else None


def _plain(value: object, left: list[int], depth: int) -> Any:
    left[0] -= 1
    if left[0] < 0 or depth < 0:
        raise _NotPlainError
    if value is None or isinstance(value, str | int | float):
        return value
    if isinstance(value, Scalar):
        return value.value
    if isinstance(value, Device):
        return str(value)
    if isinstance(value, dict):
        return {str(k): _plain(v, left, depth - 1) for k, v in value.items()}
    # Not a subclass of tuple: the description of a tensor is one.
    if isinstance(value, list | set | frozenset) or type(value) is tuple:
        parts = [_plain(part, left, depth - 1) for part in value]
        return tuple(parts) if isinstance(value, tuple) else parts
    return None  # a tensor, an array or a placeholder: not needed here


def architecture_of(weights: Mapping[str, Tensor]) -> Architecture | None:
    """Return the network that the weights belong to; None if it is not one of nnU-Net's own."""
    stems = {
        "ResidualEncoderUNet": weights.get("encoder.stem.convs.0.conv.weight"),
        "PlainConvUNet": weights.get("encoder.stages.0.0.convs.0.conv.weight"),
    }
    heads = [weights.get(f"decoder.seg_layers.{i}.weight") for i in range(len(weights))]
    used = next((head for head in reversed(heads) if head is not None), None)
    for name, stem in stems.items():
        if stem is None or used is None:
            continue
        dimensions = len(stem.shape) - 2
        if dimensions in {2, 3} and len(used.shape) == dimensions + 2:
            return Architecture(name, stem.shape[1], used.shape[0], dimensions)
    return None
