"""Helpers of several steps: arguments, errors, files, and running nnU-Net."""

from __future__ import annotations

import argparse
import contextlib
import errno
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

UNSUPPORTED = (
    "this workflow needs Linux or macOS; on Windows, run it in WSL (Windows Subsystem for Linux)"
)


def add_config_argument(parser: argparse.ArgumentParser) -> None:
    """Add ``--config``, which takes several files: values of later files replace earlier ones."""
    parser.add_argument(
        "--config",
        type=Path,
        nargs="+",
        default=[Path("config.yaml")],
        metavar="FILE",
        help="configuration; values of later files replace earlier ones (default: config.yaml)",
    )


def fail(error: object) -> int:
    """Print an error to standard error and return its exit status."""
    if isinstance(error, OSError) and error.errno in {errno.ENOSPC, errno.EDQUOT}:
        where = f" of {error.filename}" if error.filename else ""
        error = f"the disk{where} is full; free some space and run the same command again"
    for line in str(error).splitlines() or [repr(error)]:
        print(f"error: {line}", file=sys.stderr)
    return 1


def stopped() -> int:
    """Say that a step was stopped from the keyboard, and return its exit status."""
    print("stopped; what is finished is kept: run the same command again to go on", file=sys.stderr)
    return 128 + signal.SIGINT


def count(number: int, noun: str) -> str:
    """Return ``1 image`` or ``2 images``."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def write_text(path: Path, text: str) -> None:
    """Write a text file in one step: under another name first, then renamed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}.part")
    partial.write_text(text, encoding="utf-8")
    partial.replace(path)


def read_json(path: Path) -> Any:
    """Read a JSON file."""
    return json.loads(path.read_text(encoding="utf-8"))


def write_json(path: Path, content: Any) -> None:
    """Write a JSON file in one step."""
    write_text(path, json.dumps(content, indent=4) + "\n")


def nnunet_command(name: str) -> str:
    """Return the path of one of nnU-Net's commands, first next to the Python of this script.

    Raises:
        FileNotFoundError: if nnU-Net is not installed.
    """
    beside = str(Path(sys.executable).parent)
    found = shutil.which(name, path=beside) or shutil.which(name)
    if found is None:
        raise FileNotFoundError(f"{name} is not installed; install this repository: pip install .")
    return found


def run_group(command: list[str], environment: dict[str, str], seconds: float | None = None) -> int:
    """Run a program, end all of its processes, and return its exit status.

    When nnU-Net is killed (for lack of memory, for example), its workers go on, and a reader of
    their output waits forever. So it runs in its own process group, which ends with it, and with
    this process, however that ends: else nnU-Net would go on writing and use a GPU after the locks
    on them have ended.

    Raises:
        subprocess.TimeoutExpired: if it works longer than so many seconds; it is ended then.
    """
    early: list[int] = []  # signals that arrive while the program is being started
    _on_stop(early.append)
    process = subprocess.Popen(  # noqa: S603 - the command is composed by us, without a shell
        command,
        env={**os.environ, **_bars(), **environment},
        start_new_session=True,
    )
    guard = _guard(process.pid)
    try:
        _on_stop(lambda number: sys.exit(128 + number))
        if early:
            sys.exit(128 + early[0])
        return process.wait(seconds)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        guard.kill()
        guard.communicate()


def _guard(group: int) -> subprocess.Popen[bytes]:
    """Start a process that ends a process group when this process ends, and with it the pipe."""
    return subprocess.Popen(  # noqa: S603
        ["/bin/sh", "-c", 'read line; kill -s KILL -- "-$0"', str(group)],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def _bars() -> dict[str, str]:
    """Return variables that make lines of nnU-Net's progress bars, unless this is a terminal.

    In the pipe of Snakemake's jobs, and so in the log, they would be thousands of bars in one line.
    """
    if sys.stderr.isatty():
        return {}
    line = "{desc}: {n_fmt} of {total_fmt}, {remaining} left\n"
    return {"TQDM_MININTERVAL": "10", "TQDM_BAR_FORMAT": line}


def _on_stop(act: Callable[[int], object]) -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda received, _: act(received))


def run_nnunet(
    name: str,
    *arguments: str,
    environment: dict[str, str],
    script: Path | None = None,
    seconds: float | None = None,
) -> None:
    """Run one of nnU-Net's commands, or a script that does the same and more.

    Raises:
        RuntimeError: if it fails.
        subprocess.TimeoutExpired: if it works longer than so many seconds; it is ended then.
    """
    print(f"$ {name} {' '.join(arguments)}", flush=True)
    program = nnunet_command(name)
    command = [sys.executable, str(script)] if script else [program]
    status = run_group([*command, *arguments], environment, seconds)
    if status != 0:
        how = (
            f"was killed by signal {-status}" if status < 0 else f"failed with exit status {status}"
        )
        raise RuntimeError(f"{name} {how}; its messages are above")


def pick_device(wanted: str) -> str:
    """Return the device; ``auto`` is the first available of ``cuda``, ``mps`` and ``cpu``."""
    if wanted != "auto":
        return wanted
    import torch

    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


def thrift(cpus: int, device: str) -> dict[str, str]:
    """Return the variables, unless set, that limit nnU-Net and torch to this many processors."""
    wanted = {
        "nnUNet_n_proc_DA": str(cpus),
        "nnUNet_def_n_proc": str(cpus),
        "PYTHONUNBUFFERED": "1",
    }
    if device != "cuda":
        wanted["nnUNet_compile"] = "f"
        # Waiting threads sleep instead of using a processor.
        wanted["OMP_WAIT_POLICY"] = "passive"
    return {name: value for name, value in wanted.items() if name not in os.environ}
