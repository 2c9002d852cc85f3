"""The GPUs of this machine: which ones may be used, and one process at a time for each.

The driver's ``nvidia-smi`` lists them, since importing torch takes seconds. Its numbers are those
of ``CUDA_VISIBLE_DEVICES``. Without it, none is allotted: there is none, or one of another maker,
or a container does not have the program.
"""

from __future__ import annotations

import contextlib
import functools
import os
import re
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass

from common import count, pick_device

_LINE = re.compile(r"^ *(GPU|MIG) .*\(UUID: ([^)]+)\)", re.MULTILINE)
_PAUSE_S = 2


@dataclass(frozen=True)
class Gpu:
    """A GPU, whole or divided."""

    uuid: str
    parts: tuple[str, ...] = ()
    """The UUIDs of its MIG devices; if there are any, the GPU can't be used as a whole."""

    @property
    def devices(self) -> tuple[str, ...]:
        """The names by which CUDA knows what can be used."""
        return self.parts or (self.uuid,)


@functools.cache
def installed() -> tuple[Gpu, ...]:
    """Return the GPUs that the driver lists; none without the driver."""
    try:
        done = subprocess.run(  # `--query-gpu` does not list MIG devices
            ["nvidia-smi", "-L"],  # noqa: S607 - the driver decides where it is
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return ()
    gpus: list[Gpu] = []
    for kind, uuid in _LINE.findall(done.stdout):
        if kind == "GPU":
            gpus.append(Gpu(uuid))
        else:
            gpus[-1] = Gpu(gpus[-1].uuid, (*gpus[-1].parts, uuid))
    return tuple(gpus)


def visible(gpus: tuple[Gpu, ...] | None = None) -> tuple[str, ...]:
    """Return the UUIDs of the devices that ``CUDA_VISIBLE_DEVICES`` allows; all, if it is not set.

    As for CUDA, a name is a number or the beginning of a UUID, and what follows a name that is
    wrong does not number.
    """
    gpus = installed() if gpus is None else gpus
    wanted = os.environ.get("CUDA_VISIBLE_DEVICES")
    if wanted is None:
        return tuple(device for gpu in gpus for device in gpu.devices)
    found: dict[str, None] = {}
    for name in wanted.split(","):
        device = _device(name.strip(), gpus)
        if device is None:
            break
        found[device] = None
    return tuple(found)


def _device(name: str, gpus: tuple[Gpu, ...]) -> str | None:
    if name.isdecimal():
        return gpus[int(name)].devices[0] if int(name) < len(gpus) else None
    if not name.startswith(("GPU-", "MIG-")):
        return None
    names = {gpu.uuid: gpu.devices[0] for gpu in gpus}
    names |= {part: part for gpu in gpus for part in gpu.parts}
    matching = {device for uuid, device in names.items() if uuid.startswith(name)}
    return matching.pop() if len(matching) == 1 else None


def device_for(wanted: str, number: int) -> str:
    """Return the device of a step that may use so many GPUs; say so if it uses none.

    Raises:
        ValueError: if torch can't use the GPUs that are there: without them, it takes weeks.
    """
    if wanted == "auto" and not number:
        return "cpu"
    device = pick_device(wanted)
    if wanted == "auto" and device == "cpu":
        if devices := visible():
            raise ValueError(
                f"torch can't use a GPU, but nvidia-smi lists {count(len(devices), 'GPU')}: "
                "install a torch for the CUDA of the driver (https://pytorch.org), or set "
                "resources.train.gpus to 0 in config.yaml to use none"
            )
        print("no GPU is visible: using the processor", flush=True)
    return device


@contextlib.contextmanager
def taking(device: str, number: int) -> Iterator[dict[str, str]]:
    """Take GPUs that nobody else has taken, and wait for them if needed; give them back at the end.

    Yields:
        The environment variables that make CUDA use exactly these; none for another device.

    Raises:
        ValueError: if fewer are visible.
    """
    gpus = installed() if device == "cuda" else ()
    if not gpus:
        if device == "cuda":
            print(
                "nvidia-smi lists no GPU, so GPUs can't be shared out: this uses the first ones, "
                "and on one machine the trainings run one after the other",
                flush=True,
            )
        yield {}
        return
    devices = _enough(visible(gpus), number)
    locks = _locks(devices, number)
    if not locks:
        found = count(len(devices), "GPU")
        print(f"waiting for {count(number, 'GPU')}: {found} visible, in use", flush=True)
    while not locks:
        time.sleep(_PAUSE_S)
        locks = _locks(devices, number)
    try:
        print(f"using {', '.join(locks)}", flush=True)
        yield {"CUDA_VISIBLE_DEVICES": ",".join(locks)}
    finally:
        for lock in locks.values():
            lock.close()


def _enough(devices: tuple[str, ...], number: int) -> tuple[str, ...]:
    """Return the devices of which a step may take so many, or raise an error."""
    usable = tuple(d for d in devices if number == 1 or not d.startswith("MIG-"))
    if len(usable) >= number:
        return usable
    named = os.environ.get("CUDA_VISIBLE_DEVICES")
    why = "" if named is None else f" (CUDA_VISIBLE_DEVICES is '{named}')"
    if usable != devices:
        why += "; CUDA uses only one MIG device at a time"
    raise ValueError(
        f"needs {count(number, 'GPU')} (resources.train.gpus in config.yaml), but "
        f"{count(len(usable), 'GPU')} visible{why}"
    )


def _locks(devices: tuple[str, ...], number: int) -> dict[str, socket.socket]:
    """Return locks on so many devices or none: two that need two must not wait for each other."""
    locks: dict[str, socket.socket] = {}
    for device in devices:
        if len(locks) < number and (lock := _lock(device)):
            locks[device] = lock
    if len(locks) == number:
        return locks
    for lock in locks.values():
        lock.close()
    return {}


def _lock(device: str) -> socket.socket | None:
    """Return a lock that ends with this process, or None if somebody has it.

    It is a name of Linux, not a file: a GPU is the machine's, and a file in a common folder belongs
    to the user who made it, and is tidied away while a training still holds it.
    """
    lock = socket.socket(socket.AF_UNIX)
    try:
        lock.bind(f"\0nnunet-training-{device}")
    except OSError:
        lock.close()
        return None
    return lock
