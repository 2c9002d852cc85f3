"""The report of ``model-lint adopt``, as text and as JSON."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterator
from dataclasses import asdict

from ...findings import Report
from ...report import render
from ...report.json import dump
from ...report.shared import taken
from ...wording import count, inert, printable
from ..pack_report import next_steps, package_data
from .adopt import Adopted
from .changes import Change, trainer_folder

_SIGNS = {"drop": "-", "move": ">", "edit": "~", "add": "+"}
#: Changes of one kind that are shown before the rest is counted.
_SHOWN = 20


def as_json(adopted: Adopted, tag: str, *, dry: bool) -> str:
    """Describe the new package and every change as one JSON object."""
    data = package_data(adopted.packed, tag, refused=adopted.packed.refused)
    if adopted.same or dry:
        data["package"] = None
    return dump(
        {
            **data,
            "sources": list(adopted.sources),
            "same": adopted.same,
            "changes": [asdict(change) for change in adopted.changes],
            "remains": [asdict(one) for one in adopted.remains],
        }
    )


def as_text(adopted: Adopted, tag: str, *, dry: bool, width: int) -> str:
    """Describe the new package and every change, or show the findings that refused it."""
    packed = adopted.packed
    if packed.refused:
        return render(Report((packed.report,)), "text")
    names = ", ".join(map(printable, adopted.sources))
    if adopted.same:
        return inert(f"{names}: nothing to change\n")
    changes = count(adopted.changes, "change")
    lines = [f"{names} -> {printable(str(packed.path))}: {changes}"]
    lines += _changes(adopted, width)
    lines += _remains(adopted, width)
    lines += ["", *_verdict(adopted)]
    if not dry:
        lines += [f"sha256 {packed.written.sha256}", "", next_steps([packed.path], tag).rstrip()]
    return inert("\n".join(lines) + "\n")


def _changes(adopted: Adopted, width: int) -> Iterator[str]:
    short = _shortened(adopted)
    for kind, sign in _SIGNS.items():
        alike = [change for change in adopted.changes if change.kind == kind]
        for change in alike[:_SHOWN]:
            codes = f" ({' '.join(change.codes)})" if change.codes else ""
            yield f"{sign} {_what(change, short)}{codes}"
            for text in change.details:
                yield from _wrapped(text, "    ", width)
        if len(alike) > _SHOWN:
            yield f"{sign} and {len(alike) - _SHOWN} more"


def _what(change: Change, short: Callable[[str], str]) -> str:
    if change.kind == "move":
        return f"{short(change.old)} -> {short(change.new)}"
    if change.kind == "drop":
        return printable(change.old)
    return short(change.new) or "the zip"


def _shortened(adopted: Adopted) -> Callable[[str], str]:
    """Return a function that shows the paths of files as in the trainer folder."""
    folders = [c for c in adopted.changes if c.kind == "move" and c.new.endswith("/")]
    home = trainer_folder(entry.path for entry in adopted.packed.written.entries)
    prefixes = [home, *(change.old for change in folders)]

    def short(path: str) -> str:
        inside = next((p for p in prefixes if path.startswith(p) and path != p), "")
        return printable(path.removeprefix(inside))

    return short


def _remains(adopted: Adopted, width: int) -> Iterator[str]:
    if not adopted.remains:
        return
    yield ""
    yield "Left as it is:"
    for one in adopted.remains:
        option = f"; {one.option} changes it" if one.option else ""
        yield from _wrapped(f"{one.code} {one.message}{option}", "  ", width)


def _wrapped(text: str, indent: str, width: int) -> list[str]:
    return textwrap.wrap(
        printable(text),
        width,
        initial_indent=indent,
        subsequent_indent=f"{indent}  ",
        break_long_words=False,
        break_on_hyphens=False,
    )


def _verdict(adopted: Adopted) -> Iterator[str]:
    findings = adopted.packed.report.findings
    what = count(findings, "finding") + ", no error" if findings else "clean"
    yield f"model-lint check --deep: {what}"
    yield taken(adopted.packed.report)
