"""The report of ``model-lint pack``, as text and as JSON."""

from __future__ import annotations

import shlex
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from ..findings import Report
from ..naming.tag import tag_in
from ..report import render
from ..report.json import as_data, dump
from ..report.shared import taken
from ..wording import count, inert, printable, size
from .pack import Packed
from .removed import Leaks, counted, described, total
from .results_folder import LeftOut


def as_json(packages: Sequence[Packed], tag: str, *, split: bool) -> str:
    """Describe a package, or the findings that refused it, as one JSON object.

    If the model was ``split`` into folds, the packages are listed under ``packages``.
    """
    described = [package_data(packed, tag, refused=_refused(packages)) for packed in packages]
    return dump({"version": 1, "tag": tag, "packages": described} if split else described[0])


def package_data(packed: Packed, tag: str, *, refused: bool) -> dict[str, Any]:
    """Return what the JSON says of a package, or of the findings that refused it."""
    report = as_data(Report((packed.report,)))
    removed = packed.gathered.removed
    return {
        "version": 1,
        "package": None if refused else str(packed.path),
        "tag": tag,
        "bytes": packed.written.size,
        "sha256": packed.written.sha256,
        "members": [
            {"path": m.path, "bytes": m.size, "compressed": m.compressed}
            for m in packed.written.entries
        ],
        "checkpoints": [
            {"path": path, "bytes_before": before, "bytes_after": after}
            for path, before, after in packed.checkpoints
        ],
        "left_out": [
            {"path": printable(item.path), "files": item.files, "bytes": item.size}
            for item in packed.gathered.left_out
        ],
        "scrubbed": dict(sorted(counted(total(removed)).items())),
        "removed": [
            {"path": printable(path), "kind": kind, "count": number}
            for path, leaks in removed.items()
            for kind, number in counted(leaks).items()
        ],
        "notes": list(packed.gathered.notes),
        "findings": report["targets"][0]["findings"],
        "takes": report["targets"][0]["takes"],
    }


def as_text(packages: Sequence[Packed], tag: str) -> str:
    """Describe packages of one model as text, or show the findings that refused them."""
    reports = tuple(packed.report for packed in packages)
    findings = render(Report(reports), "text")
    if _refused(packages):
        return findings
    gathered = packages[0].gathered
    found = any(report.findings for report in reports)
    blocks = [
        *map(_tree, packages),
        *_about_checkpoints(packages),
        *_about_left_out(gathered.left_out),
        *_about_removed(gathered.removed),
        *(_wrapped(printable(note)) for note in gathered.notes),
        findings if found else f"model-lint check --deep: clean\n{taken(reports[0])}\n",
        "".join(map(_digest, packages)) if len(packages) > 1 else _digest(packages[0], named=False),
        next_steps([packed.path for packed in packages], tag),
    ]
    return inert("\n".join(blocks))


def _refused(packages: Sequence[Packed]) -> bool:
    return any(packed.refused for packed in packages)


def _digest(packed: Packed, *, named: bool = True) -> str:
    name = f"  {printable(packed.path.name)}" if named else ""
    return f"sha256 {packed.written.sha256}{name}\n"


def next_steps(paths: Sequence[Path], tag: str) -> str:
    """Return the commands that follow, with the tag if the names of the packages lack it."""
    names = [shlex.quote(printable(str(path))) for path in paths]
    option = "" if tag_in(paths[0].name) == tag else f" --tag {tag}"
    tries = [f"model-lint try {name}" for name in names]
    steps = [*tries, f"model-lint publish {' '.join(names)}{option}"]
    return "Next: " + "\n      ".join(steps) + "\n"


def _tree(packed: Packed) -> str:
    """Draw the package as the specification does, with sizes."""
    lines = [f"{printable(str(packed.path))}  {size(packed.written.size)}"]
    paths = {member.path: member.size for member in packed.written.entries}
    _branch(sorted(paths), paths, "", "", lines)
    return "\n".join(lines) + "\n"


def _branch(
    paths: list[str], sizes: Mapping[str, int], folder: str, indent: str, lines: list[str]
) -> None:
    names = sorted({path.removeprefix(folder).partition("/")[0] for path in paths})
    for name in names:
        last = name == names[-1]
        full = folder + name
        amount = f"  {size(sizes[full])}" if full in sizes else ""
        lines.append(f"{indent}{'└── ' if last else '├── '}{printable(name)}{amount}")
        below = [path for path in paths if path.startswith(f"{full}/")]
        _branch(below, sizes, f"{full}/", indent + ("    " if last else "│   "), lines)


def _about_checkpoints(packages: Sequence[Packed]) -> Iterator[str]:
    checkpoints = [checkpoint for packed in packages for checkpoint in packed.checkpoints]
    before = sum(b for _, b, _ in checkpoints)
    after = sum(a for _, _, a in checkpoints)
    if after < before:
        number = count(checkpoints, "checkpoint")
        yield _wrapped(
            f"{number}: {size(before)} before, {size(after)} now, without what only training needs"
        )


def _about_left_out(left_out: tuple[LeftOut, ...]) -> Iterator[str]:
    if not left_out:
        return
    total = size(sum(item.size for item in left_out))
    lines = [f"Left out ({total}), as not asked for or not in the specification's tree:"]
    for item in left_out:
        files = f"{count(item.files, 'file')}, " if item.path.endswith("/") else ""
        lines.append(f"  {printable(item.path)}  {files}{size(item.size)}")
    yield "\n".join(lines) + "\n"


def _about_removed(removed: Mapping[str, Leaks]) -> Iterator[str]:
    if removed:
        lines = [f"  {printable(path)}  {described(leaks)}" for path, leaks in removed.items()]
        title = "Removed, because it names people, machines or subjects:"
        yield "\n".join([title, *lines]) + "\n"


def _wrapped(text: str) -> str:
    lines = textwrap.wrap(
        text, 100, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False
    )
    return "\n".join(lines) + "\n"
