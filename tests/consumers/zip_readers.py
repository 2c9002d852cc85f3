"""The programs that unpack zips, each asked what it makes of a file."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from unpack import files

HERE = Path(__file__).resolve().parent
#: Programs, and the packages of Debian that they are in.
PROGRAMS = {"unzip": "unzip", "7z": "p7zip-full", "bsdtar": "libarchive-tools"}
COMMANDS: dict[str, tuple[str, ...]] = {
    "unzip": ("unzip", "-o", "-qq", "-P", "x", "{zip}", "-d", "{folder}"),
    "7z": ("7z", "x", "-y", "-px", "-o{folder}", "{zip}"),
    "bsdtar": ("bsdtar", "-xf", "{zip}", "-C", "{folder}"),
}


@dataclass(frozen=True)
class Unpacked:
    """What a program left of a zip: the hash of each file, or what it is, by its path."""

    files: Mapping[str, str]
    #: Why it failed, "" where it did not.
    error: str = ""


Reader = Callable[[Path], Unpacked]


def missing() -> list[str]:
    """Return the packages of the programs that are not here."""
    return [package for program, package in PROGRAMS.items() if shutil.which(program) is None]


@contextmanager
def readers(folder: Path) -> Iterator[dict[str, Reader]]:
    """Start every reader there is: this Python and those of pyenv, three programs, and Java."""
    if missing():
        raise RuntimeError(f"readers of zips are missing: apt-get install {' '.join(missing())}")
    with ExitStack() as stack:
        found: dict[str, Reader] = {}
        for python in pythons():
            command = (python, str(HERE / "unpack.py"), str(folder))
            found[_version(python)] = stack.enter_context(_worker(command))
        if shutil.which("java") and shutil.which("javac"):
            command = ("java", "-Xshare:auto", str(HERE / "Unpack.java"))
            found["java"] = stack.enter_context(_worker(command))
        found |= {name: _program(name, folder) for name in COMMANDS}
        found["bsdtar, a stream"] = _stream(folder)
        yield found


def pythons() -> list[str]:
    """Return this Python and every Python 3 of pyenv, one of each version."""
    root = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    others = sorted(str(path) for path in root.glob("versions/3.*/bin/python"))
    this = f"/{'.'.join(map(str, sys.version_info[:3]))}/"
    return [sys.executable, *(path for path in others if this not in path)]


def _version(python: str) -> str:
    if python == sys.executable:
        return f"python {'.'.join(map(str, sys.version_info[:3]))}"
    return f"python {Path(python).parts[-3]}"


@contextmanager
def _worker(command: tuple[str, ...]) -> Iterator[Reader]:
    """Keep a program running that answers each path on its input with a line of JSON."""
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8"
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        given, answers = process.stdin, process.stdout

        def read(path: Path) -> Unpacked:
            given.write(f"{path}\n")
            given.flush()
            answer = json.loads(answers.readline())
            # Java gives the names as they are, which are paths.
            return Unpacked(
                {os.path.normpath(name): found for name, found in answer["files"].items()},
                answer["error"],
            )

        yield read
        given.close()


def _program(name: str, root: Path) -> Reader:
    def read(path: Path) -> Unpacked:
        with tempfile.TemporaryDirectory(dir=root) as folder:
            command = [part.format(zip=path, folder=folder) for part in COMMANDS[name]]
            return _run(command, folder, None)

    return read


def _stream(root: Path) -> Reader:
    def read(path: Path) -> Unpacked:
        with tempfile.TemporaryDirectory(dir=root) as folder:
            # A pipe, which bsdtar can't seek.
            return _run(["bsdtar", "-xf", "-", "-C", folder], folder, path.read_bytes())

    return read


def _run(command: list[str], folder: str, given: bytes | None) -> Unpacked:
    environment = {**os.environ, "LC_ALL": "C.UTF-8"}
    try:
        done = subprocess.run(
            command,
            input=given or b"",
            capture_output=True,
            check=False,
            timeout=60,
            env=environment,
        )
    except subprocess.TimeoutExpired:
        return Unpacked({}, "it does not end")
    error = (done.stderr + done.stdout).decode(errors="replace") if done.returncode else ""
    subprocess.run(["chmod", "-R", "u+rwX", folder], check=False)
    return Unpacked(files(folder), error)
