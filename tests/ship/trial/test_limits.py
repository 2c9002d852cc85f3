"""What a package's code can't do: real processes, real limits."""

from __future__ import annotations

import json
import os
import platform
import re
import select
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from build import LISTEN, package, put
from model_lint.cli import main
from model_lint.ship.trial.inside import landlock, seccomp
from report.test_report_schemas import report_schema
from ship.trial.hostile import HARMLESS, attacks, attempting, write_nnunet

pytestmark = pytest.mark.skipif(
    platform.machine() != "x86_64" or landlock.version() < 1, reason="the limits are of Linux"
)

SECRET = "ghp_do_not_tell"
#: Where Linux's headers have the numbers of system calls: x86-64, ARM.
NUMBERS = (
    Path("/usr/include/x86_64-linux-gnu/asm/unistd_64.h"),
    Path("/usr/include/asm-generic/unistd.h"),
)
#: Writes files that have no name any more.
HIDDEN = """
import os
kept = []
for n in range(100):
    kept.append(open("x", "wb"))
    os.unlink("x")
    for _ in range(4): kept[-1].write(bytes(1 << 24))
import time; time.sleep(1000)
"""
#: As these, but closed: a page of each stays in memory, and with it the file on the disk.
MAPPED = """
import ctypes, os, time
c = ctypes.CDLL(None)
c.mmap.restype = ctypes.c_void_p
for n in range(100):
    file = open("x", "wb+")
    for _ in range(4): file.write(bytes(1 << 24))
    file.flush()
    assert c.mmap(None, ctypes.c_size_t(4096), 1, 1, file.fileno(), ctypes.c_long(0)) > 0
    os.unlink("x")
    file.close()
time.sleep(1000)
"""


def without_the_first_thread(source: str) -> str:
    """Return source that runs in a thread, after the first one has ended."""
    return f"""
import ctypes, threading
threading.Thread(target=exec, args=({source!r}, {{}})).start()
ctypes.CDLL(None).syscall(60, 0)
"""


@pytest.fixture(scope="module")
def nnunet(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_nnunet(tmp_path_factory.mktemp("nnunet"))


@pytest.fixture
def attacked(
    tmp_path: Path, nnunet: Path, elsewhere: None, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., Any]]:
    """Try a package whose trainer has a source; return the only trial."""
    home, temporary = tmp_path / "home", tmp_path / "temporary"
    for folder in (home, temporary):
        folder.mkdir()
    (home / "secret").write_text(SECRET)
    (tmp_path / "victim").write_text(SECRET)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("TMPDIR", str(temporary))
    monkeypatch.setattr("tempfile.tempdir", None)
    monkeypatch.setenv("PYTHONPATH", str(nnunet))
    monkeypatch.setenv("GH_TOKEN", SECRET)
    report = tmp_path / "report.json"

    def attack(source: str, *options: str) -> Any:
        path = package(tmp_path, put("trainer_class.py", source))
        output = ["--format", "json", "--output", str(report)]
        assert main(["try", str(path), *output, *options]) == 1
        text = report.read_text()
        assert SECRET not in text
        data = json.loads(text)
        report_schema("try").validate(data)
        return data["trials"][0]

    yield attack
    assert (tmp_path / "victim").read_text() == SECRET
    assert not (tmp_path / "new").exists()
    assert list(temporary.iterdir()) == []


def writing(data: str) -> str:
    """Return source that writes bytes to every open file: one is that of the answers."""
    lines = ["import os", "for n in range(3, 40):", f" try: os.write(n, {data})"]
    return "\n".join([*lines, " except OSError: pass"])


def why(trial: Any) -> str:
    (failure,) = trial["failures"]
    return str(failure["message"])


def test_what_harms_is_refused_and_what_does_not_is_not(
    attacked: Callable[..., Any], tmp_path: Path
) -> None:
    harm = attacks(tmp_path, tmp_path / "home")
    before = (tmp_path / "victim").stat()
    trial = attacked(attempting(harm, HARMLESS))
    assert trial["limits"] == dict.fromkeys(("files", "network", "processes", "memory"), True)
    assert f"{len(harm) + len(HARMLESS)} tried; wrong: []" in why(trial)
    after = (tmp_path / "victim").stat()
    assert (after.st_mode, after.st_mtime, after.st_uid) == (
        before.st_mode,
        before.st_mtime,
        before.st_uid,
    )


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("x = []\nwhile True: x.append(bytearray(1 << 26))", "more memory than --memory allows"),
        ("for n in range(10**9): open(f'{n}', 'wb').write(bytes(1 << 25))", "it writes more than"),
        ("file = open('x', 'wb')\nwhile True: file.write(bytes(1 << 25))", "it writes more than"),
        (HIDDEN, "it writes more than"),
        (MAPPED, "it writes more than"),
        (without_the_first_thread(HIDDEN), "it writes more than"),
        (without_the_first_thread(MAPPED), "it writes more than"),
        ("for n in range(10**9): open(f'{n}', 'wb').close()", "it writes more than"),
        ("import os\nwhile True: os.mkdir('x'); os.chdir('x')", "it writes more than"),
        ("x = [open(f'{n}', 'wb') for n in range(10**9)]", "it opens more files than"),
        ("import os; os._exit(0)", "its process ended without an answer while running"),
        ("import ctypes; ctypes.string_at(0)", "its process ended without an answer while"),
        ("raise SystemExit(0)", "trainer_class.py fails when it is run: SystemExit: 0"),
        ("def f(): f()\nf()", "trainer_class.py fails when it is run: RecursionError"),
        (writing("b'x\\n'"), "its code wrote into the answers"),
        (writing("""b'{"say": "ready"}\\n'"""), "its code wrote into the answers"),
        (writing("""b'{"say": "image"}\\n' * 2"""), "its code wrote into the answers"),
        (writing("""b'{"say": "failed", "stage": "import"}\\n'"""), "it fails in import"),
        (writing("b'[1]\\n'"), "its code wrote into the answers"),
        (writing("b'x' * 2**27"), "its code wrote into the answers"),
    ],
)  # fmt: skip
def test_what_takes_too_much_or_dies_is_ended(
    source: str, message: str, attacked: Callable[..., Any]
) -> None:
    assert message in why(attacked(source, "--memory", "1"))


@pytest.mark.parametrize("source", ["while True: pass", "import time; time.sleep(1000)"])
def test_what_does_not_end_is_ended(source: str, attacked: Callable[..., Any]) -> None:
    expected = "it takes more than 1 s (running trainer_class.py); --timeout allows more"
    assert why(attacked(source, "--timeout", "1")) == expected


def test_a_message_is_one_plain_line(attacked: Callable[..., Any]) -> None:
    line = why(attacked("raise ValueError('\\x1b[31mred\\n::error::x' + 'x' * 10**7)"))
    assert line.isprintable()
    assert len(line) < 400


def test_a_forged_success_is_not_taken_for_one(attacked: Callable[..., Any]) -> None:
    """Without an image there is none; a package that lies better only deceives about itself."""
    forged = """b'{"say": "done"}\\n'"""
    assert "wrote into the answers" in why(attacked(f"{writing(forged)}\nos._exit(0)"))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_stop_leaves_no_process_and_no_file(
    number: signal.Signals, tmp_path: Path, nnunet: Path
) -> None:
    """Killed outright, it leaves its temporary folder, but no process."""
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    path = package(tmp_path, put("trainer_class.py", "while True: pass"))
    code = f"{LISTEN}from model_lint.__main__ import run; run()"
    variables = {**os.environ, "PYTHONPATH": str(nnunet), "TMPDIR": str(temporary)}
    started = [sys.executable, "-c", code, "try", str(path)]
    with subprocess.Popen(started, env=variables, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr
        assert "running the package's code" in process.stderr.readline()
        (child,) = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        watched = os.pidfd_open(int(child))
        process.send_signal(number)
        error = process.stderr.read()
    select.select([watched], [], [])  # until it has ended
    os.close(watched)
    if number is not signal.SIGKILL:
        assert process.returncode == 128 + number
        assert error == f"model-lint: stopped ({number.name})\n"
        assert list(temporary.iterdir()) == []


@pytest.mark.skipif(not NUMBERS[0].exists(), reason="the numbers are in Linux's headers")
def test_the_numbers_of_calls_are_those_of_linux() -> None:
    named = {**seccomp.REFUSED, "clone": seccomp.CLONE, "clone3": seccomp.CLONE3,
             "open": seccomp.OPEN, "openat": seccomp.OPENAT, "openat2": seccomp.OPENAT2,
             "prlimit64": seccomp.PRLIMIT, "prctl": seccomp.PRCTL, "kill": seccomp.KILL,
             "tgkill": seccomp.TGKILL, "sched_setaffinity": seccomp.AFFINITY}  # fmt: skip
    for column, path in enumerate(NUMBERS):
        stated = dict(re.findall(r"#define __NR(?:3264)?_(\w+)\s+(\d+)", path.read_text()))
        for name, pair in named.items():
            if name in stated:  # older headers have fewer calls
                assert pair[column] == int(stated[name]), name
            else:
                assert (pair[column] or 441) > 440, name
