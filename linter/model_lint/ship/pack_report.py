"""The report of ``model-lint pack``, as text and as JSON."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping
from typing import Any

from ..findings import Report
from ..naming.tag import tag_in
from ..report import render
from ..report.json import as_data, dump
from ..report.shared import taken
from ..wording import count, inert, printable, size
from .pack import Packed
from .results_folder import LeftOut


def as_json(packed: Packed, tag: str) -> str:
    """Describe a package, or the findings that refused it, as one JSON object."""
    return dump(package_data(packed, tag))


def package_data(packed: Packed, tag: str) -> dict[str, Any]:
    """Return what the JSON says of a package, or of the findings that refused it."""
    report = as_data(Report((packed.report,)))
    return {
        "version": 1,
        "package": None if packed.refused else str(packed.path),
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
        "scrubbed": dict(sorted(packed.gathered.scrubbed.items())),
        "notes": list(packed.gathered.notes),
        "findings": report["targets"][0]["findings"],
        "takes": report["targets"][0]["takes"],
    }


def as_text(packed: Packed, tag: str) -> str:
    """Describe a package as text, or show the findings that refused it."""
    findings = render(Report((packed.report,)), "text")
    if packed.refused:
        return findings
    takes = taken(packed.report)
    blocks = [
        _tree(packed),
        *_about_checkpoints(packed),
        *_about_left_out(packed.gathered.left_out),
        *_about_scrubbed(packed),
        *(_wrapped(printable(note)) for note in packed.gathered.notes),
        findings if packed.report.findings else f"model-lint check --deep: clean\n{takes}\n",
        f"sha256 {packed.written.sha256}\n",
        f"Next: model-lint publish {printable(str(packed.path))}{_tag(packed, tag)}\n",
    ]
    return inert("\n".join(blocks))


def _tag(packed: Packed, tag: str) -> str:
    """Return the option that names the tag, if the package's name does not."""
    return "" if tag_in(packed.path.name) == tag else f" --tag {tag}"


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


def _about_checkpoints(packed: Packed) -> Iterator[str]:
    before = sum(b for _, b, _ in packed.checkpoints)
    after = sum(a for _, _, a in packed.checkpoints)
    if after < before:
        number = count(packed.checkpoints, "checkpoint")
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


def _about_scrubbed(packed: Packed) -> Iterator[str]:
    words = {"path": "path", "host": "host or user name", "subject": "subject", "secret": "secret"}
    found = [
        count(packed.gathered.scrubbed[kind], word)
        for kind, word in words.items()
        if packed.gathered.scrubbed[kind]
    ]
    if found:
        yield _wrapped(f"Removed from debug.json and the logs: {', '.join(found)}")


def _wrapped(text: str) -> str:
    lines = textwrap.wrap(
        text, 100, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False
    )
    return "\n".join(lines) + "\n"
