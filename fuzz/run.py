"""Feed mutated archives, pickles, JSON files and names to the linter: each must end in a verdict.

Every input is made from a small seed by one to eight mutations, and every mutation by a random
generator whose seed is the number of the input: `--only KIND:NUMBER` repeats one of them.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import os
import random
import sys
import time
import zipfile
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from itertools import islice
from pathlib import Path

from model_lint import naming
from model_lint.checkpoint.reader import File, read_checkpoint
from model_lint.errors import UsageError
from model_lint.findings import INTERNAL
from model_lint.lint import Options, lint
from model_lint.models.json_file import parse_json
from model_lint.models.reading import Reading
from model_lint.models.target import load_zip
from model_lint.storage.depth import Depth
from model_lint.storage.ranges import of_bytes
from model_lint.storage.tree import TreeError

MODEL = Path(__file__).parent.parent / "tests" / "data" / "nnUNetTrainerTiny__nnUNetPlans__2d"
CHECKPOINT = MODEL / "fold_0" / "checkpoint_final.pth"
#: Share of each kind among the inputs: an archive takes a hundred times as long as a name.
KINDS = {"name": 0.45, "json": 0.35, "pickle": 0.17, "archive": 0.03}
#: A verdict that takes longer is a finding of the fuzzing.
SECONDS = 10.0
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


def names(draw: random.Random) -> None:
    """Parse a mutated repository name; its suggestion must be a right one."""
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
            raise AssertionError(f"{name.text!r}: the suggestion {again.text!r} is wrong")


def json_files(draw: random.Random) -> None:
    """Read a mutated JSON file and ask for the line of everything in it."""
    file = parse_json("x.json", mutate(_seed(draw.choice(_JSON)), draw))
    for key in islice(file.object, 3):
        file.line(key)


def pickles(draw: random.Random) -> None:
    """Read a checkpoint with a mutated pickle, as from a zip that can only be read forward."""
    data = mutate(_seed(CHECKPOINT)[: draw.choice([3000, 12000, 60000])], draw)
    for depth in (Depth.START, Depth.END, Depth.ALL):
        for random_access in (False, True):
            file = File(lambda: io.BytesIO(data), len(data), random_access)
            with contextlib.suppress(TreeError):
                read_checkpoint(file, depth)


def archives(draw: random.Random) -> None:
    """Lint a mutated package with every rule."""
    depth = draw.choice([Depth.END, Depth.ALL])
    ranges = of_bytes(mutate(_package(), draw))
    try:
        target = load_zip("x.zip", ranges, reading=Reading(depth, jobs=1))
    except UsageError:
        return  # a checkpoint, not a package
    report = lint(target, Options())
    for finding in report.findings:
        if finding.code == INTERNAL:
            raise AssertionError(finding.message)


_JSON = [MODEL / "dataset.json", MODEL / "plans.json", MODEL / "dataset_fingerprint.json"]
_RUN: dict[str, Callable[[random.Random], None]] = {
    "name": names,
    "json": json_files,
    "pickle": pickles,
    "archive": archives,
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


def one(kind: str, number: int) -> str | None:
    """Run one input; return what went wrong, None for a verdict."""
    started = time.perf_counter()
    try:
        _RUN[kind](random.Random(f"{kind}:{number}"))
    except Exception as error:
        return f"{kind}:{number}: {type(error).__name__}: {error}"
    seconds = time.perf_counter() - started
    return f"{kind}:{number}: took {seconds:.1f} s" if seconds > SECONDS else None


def batch(kind: str, first: int, count: int) -> list[str]:
    """Run inputs one after another; return what went wrong."""
    return [wrong for number in range(first, first + count) if (wrong := one(kind, number))]


def main() -> int:
    """Run the inputs in parallel until their number or the time is reached."""
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
    with ProcessPoolExecutor(options.jobs) as pool:
        while sum(done.values()) < options.count and time.monotonic() < until:
            planned = [
                (kind, pool.submit(batch, kind, options.first + done[kind] + start, BATCH))
                for kind, share in KINDS.items()
                for start in range(0, round(40 * share) * BATCH, BATCH)
            ]
            for kind, future in planned:
                found = future.result()
                wrong += found
                done[kind] += BATCH
                if found:
                    print("\n" + "\n".join(found))
            print(f"\r{sum(done.values()):,} inputs, {len(wrong)} crashes", end="", flush=True)
    print(f"\n{json.dumps(done)}")
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
