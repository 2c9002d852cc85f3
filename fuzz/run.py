"""Feed mutated archives, pickles, JSON files and names to the linter, which must give a verdict.

It must do so in little time and memory. For mixtures of the tricks of
``tests/consumers/zip_tricks.py``, the verdict must also be about what torch, and the programs that
unpack zips, find. The report says how far the inputs were read.

Every input is a small file with one to eight mutations. The number of the input is the seed of its
random generator: `--only KIND:NUMBER` repeats one input.
"""

from __future__ import annotations

import argparse
import atexit
import contextlib
import io
import json
import os
import random
import re
import shutil
import sys
import tempfile
import time
import zipfile
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any

from model_lint import naming
from model_lint.checkpoint.model import BadCheckpoint
from model_lint.checkpoint.reader import File, read_checkpoint
from model_lint.errors import UsageError
from model_lint.findings import INTERNAL
from model_lint.lint import Options, lint
from model_lint.models.json_file import parse_json
from model_lint.models.reading import Reading
from model_lint.models.target import Given, Target, load_zip
from model_lint.rules import all_rules
from model_lint.storage.depth import Depth
from model_lint.storage.ranges import of_bytes
from model_lint.storage.tree import TreeError

TESTS = Path(__file__).resolve().parent.parent / "tests"
MODEL = TESTS / "data" / "nnUNetTrainerTiny__nnUNetPlans__2d"
sys.path += [str(TESTS), str(TESTS / "consumers")]
CHECKPOINT = MODEL / "fold_0" / "checkpoint_final.pth"
#: Share of each kind of input: an archive takes a hundred times as long as a name.
KINDS = {"name": 0.45, "json": 0.35, "pickle": 0.16, "archive": 0.03, "torch": 0.005, "zip": 0.005}
#: A verdict that takes longer, or more memory, is a finding of the fuzzing; torch takes more.
SECONDS, MEBIBYTES = 5.0, 200
BATCH = 500

INTERESTING = [0, 1, 0x7F, 0x80, 0xFF]
WORDS = [
    *(b"..", b"/", b"\\", b"\0", b"_", b"-", b"{", b"[" * 40, b'"', b"NaN", b"1e999", b"-0"),
    *(b"PK\3\4", b"PK\1\2", b"PK\5\6", b"c", b"R", b"\x93", b"\x8c\xff", b"t\x94", b"."),
    *(b"\xff\xff\xff\xff", b"\0\0\0\0", "\u0660".encode(), b"model_", b"seg", b"sc", b"background"),
    *(b"ctorch\n_rebuild\n", b"cos\nsystem\n", b"2", b"0", b"(", b"}", b"]"),
]


def mutate(data: bytes, draw: random.Random) -> bytes:
    """Return the data with one to eight random changes."""
    out = bytearray(data)
    for _ in range(draw.randint(1, 8)):
        at = draw.randrange(len(out) + 1)
        size = draw.choice([1, 1, 1, 2, 4, 8, 64])
        match draw.randrange(7):
            case 0 if out:
                out[at % len(out)] = draw.choice(INTERESTING)
            case 1 if out:
                out[at % len(out)] ^= 1 << draw.randrange(8)
            case 2:
                del out[at : at + size]
            case 3:
                out[at:at] = draw.choice(WORDS)
            case 4:
                out[at : at + size] = draw.choice(WORDS)
            case 5:
                start = draw.randrange(len(out) + 1)
                out[at:at] = out[start : start + size]
            case _:
                del out[draw.randrange(len(out) // 2 + 1) + len(out) // 2 :]
    return bytes(out)


def names(draw: random.Random) -> str:
    """Parse a mutated repository name; its suggestion must be valid."""
    seed = draw.choice(
        [
            b"model_seg_monkey_sc_t1_unet3d",
            b"model_seg_sc-gm-lesion_human_ms_exvivo_t2star",
            b"model_seg_sc-gm_t1-t2_unet3d",
            b"model_seg_mouse-sc_wm-gm_t1",
            b"model-spinal-rootlets",
        ]
    )
    name = naming.parse(mutate(seed, draw).decode(errors="replace"))
    if name.suggestion is not None:
        again = naming.parse(name.suggestion.name)
        if not again.usable:
            raise AssertionError(f"{name.text!r}: the suggestion {again.text!r} is invalid")
    return "usable" if name.usable else "refused"


def json_files(draw: random.Random) -> str:
    """Read a mutated JSON file, and find the lines of its first keys."""
    file = parse_json("x.json", mutate(_seed(draw.choice(_JSON)), draw))
    for key in islice(file.object, 3):
        file.line(key)
    return "parsed" if file.unreadable is None else "refused"


def pickles(draw: random.Random) -> str:
    """Read a checkpoint with a mutated pickle, with random access and without."""
    data = mutate(_seed(CHECKPOINT)[: draw.choice([3000, 12000, 60000, None])], draw)
    reached = []
    for depth in (Depth.START, Depth.END, Depth.ALL):
        for random_access in (False, True):
            file = File(lambda: io.BytesIO(data), len(data), random_access)
            with contextlib.suppress(TreeError):
                reached.append(read_checkpoint(file, depth))
    read = [found for found in reached if not isinstance(found, BadCheckpoint)]
    if not read:
        return "refused"
    if not any(found.directory_read for found in read):
        return "its start"
    return "its directory" if any(found.issues for found in read) else "its directory, no issues"


def archives(draw: random.Random) -> str:
    """Lint a mutated package with every rule."""
    depth = draw.choice([Depth.END, Depth.ALL])
    ranges = of_bytes(mutate(_package(), draw))
    try:
        target = load_zip("x.zip", ranges, Given(reading=Reading(depth, jobs=1)))
    except UsageError:
        return "a checkpoint"  # not a package
    report = lint(target, Options(all_rules()))
    for finding in report.findings:
        if finding.code == INTERNAL:
            raise AssertionError(finding.message)
    return _stage(target)


def _stage(target: Target) -> str:
    """Return how far a package was read."""
    archive, package = target.archive, target.package
    if archive is None or archive.tree is None or package is None:
        return "no directory"
    if archive.headers.broken or archive.headers.differing:
        return "headers that differ"
    read = any(trainer.checkpoints for trainer in package.trainers)
    return "headers, rules and a checkpoint" if read else "headers and rules"


def zips(draw: random.Random) -> str:
    """Unpack a mixture of tricks with every program: it must find what was judged, or an error."""
    import zip_judge  # noqa: PLC0415
    from zip_mixtures import mixture  # noqa: PLC0415
    from zip_tricks import styles  # noqa: PLC0415

    programs, path = _programs()
    data = mixture(draw, styles())
    if zip_judge.judged(data) is None:
        return "an error"
    wrong = zip_judge.differing(data, programs, path)
    if wrong:
        raise AssertionError(f"{', '.join(wrong)} unpack something else than is judged")
    return "unpacked by all"


def torch_zips(draw: random.Random) -> str:
    """Read a mixture of tricks inside a checkpoint with torch."""
    from torch_zip_reader import disagreement  # noqa: PLC0415
    from zip_mixtures import mixture  # noqa: PLC0415
    from zip_tricks import checkpoint_subject, styles  # noqa: PLC0415

    wrong = disagreement(mixture(draw, styles(checkpoint_subject())))
    if wrong:
        raise AssertionError(wrong)
    return "agreed"


@cache
def _programs() -> tuple[dict[str, Any], Path]:
    """Start the programs once for each process; they end with it."""
    from zip_readers import readers  # noqa: PLC0415

    folder = Path(tempfile.mkdtemp(prefix="fuzz-"))
    stack = contextlib.ExitStack()
    programs = stack.enter_context(readers(folder))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    atexit.register(stack.close)  # before the folder goes: the last that is registered is the first
    return programs, folder / "model_seg_sc-gm_t2star-r20261123.zip"


_JSON = [MODEL / "dataset.json", MODEL / "plans.json", MODEL / "dataset_fingerprint.json"]
_RUN: dict[str, Callable[[random.Random], str]] = {
    "name": names,
    "json": json_files,
    "pickle": pickles,
    "archive": archives,
    "torch": torch_zips,
    "zip": zips,
}
_SEEDS: dict[Path | str, bytes] = {}


def _seed(path: Path) -> bytes:
    if path not in _SEEDS:
        _SEEDS[path] = path.read_bytes()
    return _SEEDS[path]


def _package() -> bytes:
    if "package" not in _SEEDS:
        target = io.BytesIO()
        with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
            for path in sorted(p for p in MODEL.rglob("*") if p.is_file()):
                if "fold_1" not in path.parts and path.suffix != ".png":
                    archive.write(path, path.relative_to(MODEL.parent))
        _SEEDS["package"] = target.getvalue()
    return _SEEDS["package"]


def one(kind: str, number: int) -> tuple[str, str]:
    """Run one input; return how far it was read, and its error ("" if it has a verdict)."""
    started = time.perf_counter()
    try:
        stage = _RUN[kind](random.Random(f"{kind}:{number}"))
    except Exception as error:
        return "failed", f"{kind}:{number}: {type(error).__name__}: {error}"
    seconds = time.perf_counter() - started
    if seconds > SECONDS and kind != "zip":  # in which a dozen programs run
        return stage, f"{kind}:{number}: took {seconds:.1f} s"
    size = _peak()
    if size > MEBIBYTES and "torch" not in sys.modules:
        return stage, f"{kind}:{number}: took {size} MiB, or one before it"
    return stage, ""


def _peak() -> int:
    """Return the highest memory use of this process in MiB; 0 if the system does not report it."""
    status = Path("/proc/self/status")
    found = re.search(r"VmHWM:\s*(\d+) kB", status.read_text()) if status.exists() else None
    return int(found[1]) >> 10 if found else 0


def batch(kind: str, first: int, count: int) -> tuple[list[str], Counter[str]]:
    """Run inputs one after another; return their errors, and counts of how far they were read."""
    stages: Counter[str] = Counter()
    wrong = []
    for number in range(first, first + count):
        stage, text = one(kind, number)
        stages[f"{kind}: {stage}"] += 1
        wrong += [text] if text else []
    return wrong, stages


def main() -> int:
    """Run inputs in parallel, up to their number or the time limit."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=1_000_000, help="inputs (default: a million)")
    parser.add_argument("--first", type=int, default=0, help="number of the first input")
    parser.add_argument("--minutes", type=float, default=60, help="stop after this time")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--only", metavar="KIND:NUMBER", help="repeat one input")
    options = parser.parse_args()
    if options.only:
        kind, _, number = options.only.partition(":")
        _RUN[kind](random.Random(f"{kind}:{number}"))
        return 0
    until = time.monotonic() + 60 * options.minutes
    done = dict.fromkeys(KINDS, 0)
    wrong: list[str] = []
    stages: Counter[str] = Counter()
    with ProcessPoolExecutor(options.jobs) as pool:
        while sum(done.values()) < options.count and time.monotonic() < until:
            planned = [
                (kind, size, pool.submit(batch, kind, options.first + done[kind] + start, size))
                for kind, share in KINDS.items()
                for size in [BATCH if share > 0.01 else BATCH // 5]
                for start in range(0, max(1, round(40 * share)) * size, size)
            ]
            for kind, size, future in planned:
                found, reached = future.result()
                wrong += found
                stages += reached
                done[kind] += size
                if found:
                    print("\n" + "\n".join(found))
            print(f"\r{sum(done.values()):,} inputs, {len(wrong)} wrong", end="", flush=True)
    print(f"\n{json.dumps(done)}")
    for stage, number in sorted(stages.items()):
        print(f"{number:>9,}  {stage}")
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
