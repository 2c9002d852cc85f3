"""The process in which a package's code runs: started, watched, and always ended."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, Any

from .scratch import MAX_FILE, hidden, used

HERE = Path(__file__).resolve().parent
#: The first word is the folder of `inside`; nothing of model-lint stays importable.
_START = (
    "import sys; sys.path[0] = sys.argv[1]; from inside.main import main; del sys.path[0]; main()"
)
#: What is handed on of the environment: where Python finds its packages, and the language.
_KEPT = ("LANG", "LC_ALL", "LC_CTYPE", "OMP_NUM_THREADS", "SYSTEMROOT", "SYSTEMDRIVE", "WINDIR",
         "NUMBER_OF_PROCESSORS")  # fmt: skip
_PATHS = ("PYTHONPATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")
#: Bytes of one answer and of all together: pictures are the largest.
_MAX_LINE, _MAX_ANSWERS = 32 << 20, 64 << 20
_POLL_SECONDS = 0.1


class Ended(Exception):  # noqa: N818 - an answer: how the process ended without one
    """The process ended, or was ended, before it said how it went."""

    def __init__(self, why: str, status: int | None = None) -> None:
        super().__init__(why)
        #: time, disk, answer, or died.
        self.why = why
        self.status = status


class Child:
    """A process that runs `inside`; a context manager, after which it is gone."""

    def __init__(self, python: Path, folder: Path, *, seconds: float, disk: int) -> None:
        """Start it.

        Args:
            python: the Python that has nnU-Net.
            folder: the only one it may write in, and its home.
            seconds: how long it may take, from now on.
            disk: bytes that it may write.
        """
        self._folder, self._disk = folder, disk
        self._deadline = time.monotonic() + seconds
        self._answers: queue.Queue[bytes | None] = queue.Queue(maxsize=100)
        self._process = subprocess.Popen(  # noqa: S603 - the Python that the user names
            [str(python), "-B", "-c", _START, str(HERE)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=folder,
            env=clean_environment(os.environ, folder),
            start_new_session=True,  # Ctrl-C is for model-lint, which then ends it
        )
        assert self._process.stdout is not None  # noqa: S101 - see stdout above
        threading.Thread(target=self._read, args=(self._process.stdout,), daemon=True).start()

    def __enter__(self) -> Child:  # noqa: PYI034 - Python 3.10 has no Self
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def tell(self, line: str) -> None:
        """Send it a line."""
        assert self._process.stdin is not None  # noqa: S101
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.write(f"{line}\n".encode())
            self._process.stdin.flush()

    def allow(self, seconds: float) -> None:
        """Let it take so long from now on."""
        self._deadline = time.monotonic() + seconds

    def answers(self) -> Iterator[dict[str, Any]]:
        """Yield its answers, until it has said that it is done or has failed.

        Raises Ended if it ends without that, takes too long or writes too much.
        """
        while True:
            answer = _parse(self._next())
            yield answer
            if answer["say"] in {"done", "failed"}:
                return

    def end(self) -> None:
        """End it, with every process that it started, if it could."""
        if sys.platform != "win32":
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)
        self._process.kill()
        self._process.wait()
        if sys.platform == "linux":  # what Intel's OpenMP leaves of a process that is killed
            left = Path("/dev/shm", f"__KMP_REGISTERED_LIB_{self._process.pid}_{os.getuid()}")  # noqa: S108
            left.unlink(missing_ok=True)
        for stream in (self._process.stdin, self._process.stdout):
            with contextlib.suppress(OSError):
                if stream:
                    stream.close()

    def _next(self) -> bytes:
        while True:
            if time.monotonic() > self._deadline:
                raise Ended("time")
            held = hidden(self._process.pid, self._folder, min(MAX_FILE, self._disk))
            if held + used(self._folder, self._disk) > self._disk:
                raise Ended("disk")
            try:
                line = self._answers.get(timeout=_POLL_SECONDS)
            except queue.Empty:
                continue
            if line is None:
                raise Ended("died", self._status())
            return line

    def _status(self) -> int | None:
        """Return how it ended, if it has not only stopped to answer."""
        try:
            return self._process.wait(max(0.0, self._deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            raise Ended("time") from None

    def _read(self, stream: IO[bytes]) -> None:
        """Hand on whole lines, of bounded length."""
        total = 0
        try:
            while line := stream.readline(_MAX_LINE):
                total += len(line)
                whole = line.endswith(b"\n") and total <= _MAX_ANSWERS
                self._answers.put(line if whole else b"")
                if not whole:
                    break
        except (OSError, ValueError):  # closed
            pass
        self._answers.put(None)


def _parse(line: bytes) -> dict[str, Any]:
    """Return an answer; the package may have written it. Raises Ended if it is none."""
    try:
        answer = json.loads(line)
    except (ValueError, RecursionError):
        answer = None
    if not isinstance(answer, dict) or not isinstance(answer.get("say"), str):
        raise Ended("answer")
    return answer


def clean_environment(variables: Mapping[str, str], folder: Path) -> dict[str, str]:
    """Return the environment of the process: no tokens, no settings, a home that is empty."""
    kept = {name: variables[name] for name in _KEPT if name in variables}
    for name in filter(variables.get, _PATHS):
        paths = variables[name].split(os.pathsep)
        kept[name] = os.pathsep.join(str(Path(path).absolute()) for path in paths if path)
    home = str(folder)
    base = variables.get("PYTHONUSERBASE") or str(Path("~/.local").expanduser())
    return {
        **kept,
        "PATH": os.defpath,
        "HOME": home,
        "USER": "model-lint",
        "LOGNAME": "model-lint",
        "USERPROFILE": home,
        "TMPDIR": home,
        "TEMP": home,
        "TMP": home,
        "PYTHONUSERBASE": base,  # where `pip install --user` puts packages
        "PYTHONDONTWRITEBYTECODE": "1",
        "CUDA_VISIBLE_DEVICES": "",
        "nnUNet_compile": "f",
        "nnUNet_def_n_proc": "1",
        **{f"nnUNet_{name}": home for name in ("raw", "preprocessed", "results")},
    }
