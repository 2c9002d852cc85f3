"""Whatever a zip holds, it is judged within little memory and time; or a finding names the limit.

Each runs in a process of its own whose memory and time the system limits: generously, since what is
wrong in kind takes many times as much.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from build import NAME
from worst import WORST

pytest.importorskip("resource", reason="Windows limits no processes")

#: Bytes in memory at once, and seconds of a processor.
MEMORY, SECONDS = 200 * 1024**2, 30
#: Runs the program, and says on standard error how many bytes it took at most before it exits.
CHECK = f"""
import os, pathlib, re, resource, sys
resource.setrlimit(resource.RLIMIT_CPU, ({SECONDS}, {SECONDS}))
from model_lint.__main__ import run
def report(code):
    status = pathlib.Path("/proc/self/status")
    peak = re.search(r"VmHWM:\\s*(\\d+) kB", status.read_text()) if status.exists() else None
    print(int(peak[1]) * 1024 if peak else 0, file=sys.stderr)
    sys.exit()
os._exit = report
sys.argv = ["model-lint", "check", sys.argv[1], "--format", "json"]
run()
"""


@pytest.mark.parametrize("what", WORST)
def test_the_worst_of_its_kind(what: str, tmp_path: Path) -> None:
    build, code = WORST[what]
    path = tmp_path / NAME
    path.write_bytes(build())
    done = subprocess.run([sys.executable, "-c", CHECK, str(path)], capture_output=True, check=True)
    found = json.loads(done.stdout)["targets"][0]["findings"]
    assert code in {finding["code"] for finding in found}
    assert int(done.stderr.split()[-1]) < MEMORY
