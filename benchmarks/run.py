"""Measure what the budgets are about, side by side in one run, and print the tables of README.md.

    make bench

Times are medians of whole processes, in seconds; memory is the peak of the process. The packages
are made once, in ``benchmarks/work``.
"""

from __future__ import annotations

import io
import json
import os
import pickle
import shutil
import statistics
import subprocess
import sys
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path

from audit import audits
from measured import Measured, measured
from pages import in_the_browser
from web import on_the_web

HERE = Path(__file__).parent
ROOT = HERE.parent
WORK = HERE / "work"
BIN = Path(sys.executable).parent
TOOLS = ROOT / ".venv-bench" / "bin"
MODEL = ROOT / "tests" / "data" / "nnUNetTrainerTiny__nnUNetPlans__2d"
RESULTS = WORK / "nnUNet_results"
LARGE = RESULTS / "Dataset777_Bench" / "nnUNetTrainer__nnUNetPlans__3d_fullres"
ZIPFILE: Command = [BIN / "python", "-m", "zipfile"]
PACKED = WORK / "model_seg_sc-gm_t2_unet3d-r20260103.zip"
#: As on a user's machine: bytecode is cached.
ENVIRONMENT = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"} | {
    "nnUNet_results": str(RESULTS),
    "nnUNet_raw": str(WORK),
    "nnUNet_preprocessed": str(WORK),
}

#: A program and its arguments.
Command = Sequence[str | Path]


def main() -> None:
    """Make the packages and print every table."""
    WORK.mkdir(exist_ok=True)
    small, stored, deflated = prepare()
    print(machine())
    packing()
    speed(small, stored, deflated)
    on_the_web(packages(stored, deflated), lint, row)
    audits(row)
    in_the_browser(row)
    growth(small, stored)
    verdicts(small)


def prepare() -> tuple[Path, Path, Path]:
    """Return the small package and the large one, stored and deflated."""
    if not LARGE.exists():
        subprocess.run([sys.executable, HERE / "make_model.py", RESULTS], check=True)
    small = WORK / "model_seg_sc-gm_t2-r20260101.zip"
    stored = WORK / "model_seg_sc-gm_t2_unet3d-r20260101.zip"
    deflated = WORK / "model_seg_sc-gm_t2_unet3d-r20260102.zip"
    for target, source, method in (
        (small, MODEL, zipfile.ZIP_DEFLATED),
        (stored, LARGE, zipfile.ZIP_STORED),
        (deflated, LARGE, zipfile.ZIP_DEFLATED),
    ):
        if not target.exists():
            write_zip(target, source, method)
    return small, stored, deflated


def packages(stored: Path, deflated: Path) -> dict[str, Path]:
    """Return the large packages by name."""
    return {"stored": stored, "deflated": deflated, "as `pack` writes it": PACKED}


def write_zip(target: Path, source: Path, method: int, folds: int = 5) -> None:
    """Zip a trainer folder without its validation."""
    names = {f"fold_{fold}" for fold in range(folds)}
    with zipfile.ZipFile(target, "w", method) as archive:
        for path in sorted(p for p in source.rglob("*") if p.is_file()):
            parts = path.relative_to(source).parts
            if "validation" in parts or (parts[0].startswith("fold_") and parts[0] not in names):
                continue
            archive.write(path, path.relative_to(source.parent))


def machine() -> str:
    """Say what was measured on."""
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    cpu = models[0] if models else "unknown processor"
    return f"{cpu}, {os.cpu_count()} cores, Python {sys.version.split()[0]}\n"


def measure(
    *command: str | Path, repeat: int = 5, before: Callable[[], None] | None = None
) -> tuple[float, float]:
    """Return the median seconds and the peak memory in MB of a command."""
    (figures,) = in_turns([command], repeat, before)
    return figures


def in_turns(
    commands: Sequence[Command],
    repeat: int,
    before: Callable[[], None] | None = None,
) -> list[tuple[float, float]]:
    """Measure each command so often, one after the other: what slows one down slows all."""
    runs: list[list[Measured]] = [[] for _ in commands]
    for _ in range(repeat):
        for command, figures in zip(commands, runs, strict=True):
            if before:
                before()
            figures.append(measured(command, ENVIRONMENT))
    return [
        (statistics.median(run.seconds for run in figures), max(run.megabytes for run in figures))
        for figures in runs
    ]


def lint(*arguments: str | Path) -> list[str | Path]:
    """Return the command that lints."""
    return [BIN / "model-lint", "check", "--exit-zero", *arguments]


def bytes_read(target: Path) -> tuple[int, int]:
    """Return how many bytes a check reads, and of how many."""
    done = subprocess.run(
        [*map(str, lint(target, "--format", "json"))],
        capture_output=True,
        env=ENVIRONMENT,
        check=True,
    )
    stats = json.loads(done.stdout)["targets"][0]["stats"]
    return stats["bytes_read"], stats["bytes_total"]


def row(*cells: object) -> None:
    """Print a line of a table."""
    print("| " + " | ".join(str(cell) for cell in cells) + " |")


def speed(small: Path, stored: Path, deflated: Path) -> None:
    """Print how long a check takes beside other programs on the same package."""
    large = packages(stored, deflated)
    commands: list[Command] = [
        [BIN / "python", "-c", "pass"],
        *map(lint, (small, *large.values())),
    ]
    (base, _), (quick, quick_memory), *checks = in_turns(commands, 21)
    row("what", "seconds", "memory (MB)", "read", "against")
    row(":--", "--:", "--:", "--:", ":--")
    row("`python -c pass`", f"{base:.3f}", "", "", "")
    row(
        "`check`, small package",
        f"{quick:.3f}",
        f"{quick_memory:.0f}",
        "",
        f"{quick / base:.1f} x `python -c pass`",
    )
    for (name, target), (seconds, memory) in zip(large.items(), checks, strict=True):
        read, total = bytes_read(target)
        row(
            f"`check`, 5 folds, {total / 1e9:.2f} GB, {name}",
            f"{seconds:.3f}",
            f"{memory:.0f}",
            f"{100 * read / total:.3f} %",
            f"{seconds / quick:.2f} x the small one",
        )
    for (name, target), (seconds, _) in zip(large.items(), checks[:2], strict=False):
        reading: list[Command] = [
            lint("--deep", target),
            ["unzip", "-tq", target],
            [*ZIPFILE, "-t", target],
        ]
        (deep, memory), (unzip, _), (python, _) = in_turns(reading, 3)
        row(
            f"`check --deep`, {name}",
            f"{deep:.2f}",
            f"{memory:.0f}",
            "100 %",
            f"{deep / python:.2f} x `python -m zipfile -t`",
        )
        for tool, slow in (("unzip -t", unzip), ("python -m zipfile -t", python)):
            row(f"`{tool}`, {name}", f"{slow:.2f}", "", "100 %", f"{slow / seconds:.0f} x `check`")
    for tool in ("picklescan", "modelscan"):
        arguments: Command = ["-p", LARGE] if tool == "modelscan" else ["--path", LARGE]
        seconds, memory = measure(TOOLS / tool, *arguments, repeat=3)
        against = f"{seconds / checks[0][0]:.1f} x `check`"
        row(f"{tool}, extracted", f"{seconds:.2f}", f"{memory:.0f}", "", against)
    generate, _ = measure(
        BIN / "cookiecutter", "--no-input", ROOT, "-o", WORK / "generated",
        repeat=5, before=lambda: shutil.rmtree(WORK / "generated", ignore_errors=True),
    )  # fmt: skip
    row("generating a repository, hooks included", f"{generate:.2f}", "", "", "")
    print()


def packing() -> None:
    """Print size and time of `pack` beside nnU-Net's own export."""
    exported, packed = WORK / "export.zip", PACKED
    export, _ = measure(
        BIN / "nnUNetv2_export_model_to_zip", "-d", "777", "-c", "3d_fullres", "-o", exported,
        repeat=1, before=lambda: exported.unlink(missing_ok=True),
    )  # fmt: skip
    pack, memory = measure(
        BIN / "model-lint", "pack", LARGE, "--name", "model_seg_sc-gm_t2_unet3d",
        "--tag", "r20260103", "--output", packed,
        repeat=3, before=lambda: packed.unlink(missing_ok=True),
    )  # fmt: skip
    before, after = exported.stat().st_size, packed.stat().st_size
    row("five folds", "seconds", "bytes", "memory (MB)")
    row(":--", "--:", "--:", "--:")
    row("`nnUNetv2_export_model_to_zip`", f"{export:.1f}", f"{before:,}", "")
    row("`model-lint pack`", f"{pack:.1f}", f"{after:,}", f"{memory:.0f}")
    row("ratio", f"{pack / export:.2f}", f"{after / before:.3f}", "")
    print()


def growth(small: Path, stored: Path) -> None:
    """Print how the time of a check grows with folds, members and size."""
    row("grows with", "", "seconds", "memory (MB)")
    row(":--", "--:", "--:", "--:")
    for folds in (1, 5, 25):
        row("folds (small checkpoints)", folds, *figures(with_folds(small, folds)))
    for count in (10, 1_000, 10_000, 100_000):
        target = WORK / f"members-{count}-r20260101.zip"
        with zipfile.ZipFile(target, "w") as archive:
            for name, data in members(small):
                archive.writestr(name, data)
            for number in range(count - len(archive.infolist())):
                archive.writestr(f"{MODEL.name}/extra/{number:06}.txt", b"")
        row("members", f"{count:,}", *figures(target))
    for folds in (1, 5):
        target = WORK / f"size-{folds}-r20260101.zip"
        if folds == 5:
            target = stored
        elif not target.exists():
            write_zip(target, LARGE, zipfile.ZIP_STORED, folds)
        row("bytes", f"{target.stat().st_size:,}", *figures(target))
    print()


def with_folds(small: Path, folds: int) -> Path:
    """Return a package with copies of the first fold."""
    target = WORK / f"folds-{folds}-r20260101.zip"
    with zipfile.ZipFile(target, "w") as archive:
        for name, data in members(small):
            if "/fold_1/" in name:
                continue
            copies = range(folds if "/fold_0/" in name else 1)
            for fold in copies:
                archive.writestr(name.replace("/fold_0/", f"/fold_{fold}/"), data)
    return target


def figures(target: Path) -> tuple[str, str]:
    """Return the seconds and the memory of a check, as text."""
    seconds, memory = measure(*lint(target), repeat=3)
    return f"{seconds:.2f}", f"{memory:.0f}"


def members(package: Path) -> list[tuple[str, bytes]]:
    """Return names and contents of a package."""
    with zipfile.ZipFile(package) as archive:
        return [(info.filename, archive.read(info)) for info in archive.infolist()]


class Evil:
    """What a hostile checkpoint holds: it runs a command, when something unpickles it."""

    def __reduce__(self) -> tuple[Callable[..., object], tuple[str]]:
        return os.system, ("true",)


def verdicts(small: Path) -> None:
    """Print who flags an evil package and who wrongly flags the clean one."""
    evil = WORK / "evil" / small.name
    evil.parent.mkdir(exist_ok=True)
    with zipfile.ZipFile(evil, "w") as archive:
        for name, data in members(small):
            archive.writestr(name, poisoned(data) if name.endswith(".pth") else data)
    row("who", "evil package", "clean package", "evil checkpoint", "clean checkpoint")
    row(":--", ":--", ":--", ":--", ":--")
    for tool in ("model-lint", "picklescan", "modelscan"):
        targets = [evil, small, extracted(evil), extracted(small)]
        row(tool, *(verdict(tool, target) for target in targets))


def poisoned(checkpoint: bytes) -> bytes:
    """Return a checkpoint whose pickle calls a function first."""
    target = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(checkpoint)) as source, zipfile.ZipFile(target, "w") as archive:
        for info in source.infolist():
            data = source.read(info)
            if info.filename.endswith("/data.pkl"):
                call = pickle.dumps(Evil(), protocol=2)[2:-1]
                data = data[:2] + call + b"0" + data[2:]
            archive.writestr(info.filename, data)
    return target.getvalue()


def extracted(package: Path) -> Path:
    """Unpack a package beside itself."""
    folder = package.with_suffix("")
    shutil.rmtree(folder, ignore_errors=True)
    shutil.unpack_archive(package, folder)
    return folder


def verdict(tool: str, target: Path) -> str:
    """Return what a tool says: flagged, clean, or nothing scanned."""
    commands: dict[str, Command] = {
        "model-lint": [BIN / "model-lint", "check", target],
        "picklescan": [TOOLS / "picklescan", "--path", target],
        "modelscan": [TOOLS / "modelscan", "-p", target],
    }
    done = subprocess.run(
        [*map(str, commands[tool])], capture_output=True, text=True, env=ENVIRONMENT, check=False
    )
    if tool == "picklescan" and "Scanned files: 0" in done.stdout + done.stderr:
        return "nothing scanned (exit 0)"
    return {0: "clean", 1: "flagged"}.get(
        done.returncode, f"nothing scanned (exit {done.returncode})"
    )


if __name__ == "__main__":
    main()
