"""The Slurm job that a training runs in: the time that is left, and a new start in the queue.

A job that comes near its time limit goes back into the queue by itself. It keeps its number, so
Snakemake goes on waiting for it and counts no failure.
"""

from __future__ import annotations

import os
import re
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from common import read_json, write_json

_RESERVE_S = 60
"""What is left of the time limit when nnU-Net is stopped: Slurm's commands may take a while."""
_STOP_S = 600
"""Slurm stops a job that goes back into the queue much sooner."""
_STARTS = 5


@dataclass(frozen=True)
class Job:
    """A job that Slurm may start again."""

    number: str
    limit: float
    """Its time limit in seconds."""
    end: float
    """When it is reached, on the clock of ``time.monotonic``."""

    def seconds(self) -> float:
        """Return how long nnU-Net may still work."""
        return max(0.0, self.end - time.monotonic() - min(_RESERVE_S, self.limit / 10))


def current() -> Job | None:
    """Return this job, if it has a time limit and Slurm may start it again."""
    number = os.environ.get("SLURM_JOB_ID")
    if not number:
        return None
    text = output("scontrol", "show", "job", "--oneliner", number)
    found = dict(re.findall(r"(\w+)=(\S+)", text))
    limit, used = (seconds(found.get(name, "")) for name in ("TimeLimit", "RunTime"))
    if limit is None or used is None or found["BatchFlag"] == "0" or found["Requeue"] == "0":
        return None
    return Job(number, limit, time.monotonic() + limit - used)


def requeue(job: Job) -> None:
    """Put the job back into the queue, and wait until Slurm stops it.

    Raises:
        RuntimeError: if Slurm does not.
    """
    print(f"the time limit is near: job {job.number} goes back into the queue", flush=True)
    output("scontrol", "requeue", job.number)
    if output("squeue", "--noheader", "--jobs", job.number, "--format", "%T") != "RUNNING":
        time.sleep(_STOP_S)
    raise RuntimeError("the time limit is near, and Slurm did not put the job back in the queue")


def count_start(job: Job, record: Path, state: object) -> None:
    """Count how often a job was started in the same state, and stop it if that does not change.

    A node that fails may end a job again and again, and Slurm would never tire of starting it.

    Raises:
        RuntimeError: if it was started too often.
    """
    known = read_json(record) if record.is_file() else {}
    is_same = (known.get("job"), known.get("state")) == (job.number, repr(state))
    starts = known["starts"] + 1 if is_same else 1
    write_json(record, {"job": job.number, "state": repr(state), "starts": starts})
    if starts > _STARTS:
        raise RuntimeError(
            f"Slurm started job {job.number} {_STARTS} times, and each time it ended before a "
            "checkpoint was saved"
        )


def seconds(text: str) -> float | None:
    """Return the seconds of a time as Slurm prints it (1-02:03:04, 03:04); None: no limit."""
    found = re.fullmatch(r"(?:(?:(\d+)-)?(\d+):)?(\d+):(\d+)", text)
    if found is None:
        return None
    days, hours, minutes, rest = (int(part or 0) for part in found.groups())
    return ((days * 24 + hours) * 60 + minutes) * 60 + rest


def output(*command: str) -> str:
    """Return what a command of Slurm prints; nothing if it can't be run."""
    done = _run(command, None)
    return done.stdout.strip() if done else ""


def succeeds(*command: str) -> bool:
    """Return whether a command of Slurm succeeds; what it says is not shown."""
    done = _run(command, subprocess.DEVNULL)
    return done is not None and done.returncode == 0


def _run(command: tuple[str, ...], stderr: int | None) -> subprocess.CompletedProcess[str] | None:
    try:
        return subprocess.run(  # noqa: S603 - with the arguments above
            command,
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
            timeout=120,
            check=False,
        )
    except (OSError, subprocess.SubprocessError):
        return None
