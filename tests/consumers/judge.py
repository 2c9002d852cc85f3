"""Ask the consumers: start a judge, hand it packages one after another, collect what it says."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
#: nnunetv2-neuropoly, unpacked by ``make test``; everything else is this environment's.
FORK = ROOT / ".venv-sct"
CONSUMERS = ("sct", "nnunet")
SCRIPTS = {"sct": HERE / "sct.py", "nnunet": HERE / "stock.py"}


@dataclass(frozen=True)
class Verdict:
    """What one consumer made of one package."""

    #: Whether it went through to the masks.
    runs: bool
    #: Where it stopped, empty when it runs.
    stage: str = ""
    error: str = ""
    #: Voxels and hash of each mask by the suffix of its file.
    outputs: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


def ask(consumer: str, packages: Iterable[Path]) -> Iterator[tuple[Path, Verdict]]:
    """Let a consumer judge packages; it takes the next one when it is done with the one before."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "nnUNet_compile": "f"}
    if consumer == "sct":
        if not (FORK / "nnunetv2").is_dir():
            raise RuntimeError(f"{FORK.name} is missing: run the tests with `make test`")
        environment["PYTHONPATH"] = str(FORK)
    with subprocess.Popen(
        [sys.executable, str(SCRIPTS[consumer])],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        if not process.stdout.readline():
            raise RuntimeError(f"the judge {consumer} does not start:\n{process.stderr.read()}")
        for package in packages:
            process.stdin.write(json.dumps({"zip": str(package)}) + "\n")
            process.stdin.flush()
            yield package, _verdict(json.loads(process.stdout.readline()))
        process.stdin.close()


def _verdict(answer: dict[str, object]) -> Verdict:
    if answer["status"] == "runs":
        outputs = answer["outputs"]
        assert isinstance(outputs, dict)
        return Verdict(runs=True, outputs=outputs)
    return Verdict(runs=False, stage=str(answer["stage"]), error=str(answer["error"]))
