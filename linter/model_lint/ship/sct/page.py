"""The documentation page of a task, and its place in the gallery of SCT's documentation."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

#: Where SCT's documentation gets its figures: another repository.
FIGURES = "spinalcordtoolbox/doc-figures"
_FIGURE = f"https://raw.githubusercontent.com/{FIGURES}/master/sct_deepseg/"
#: The beginning of a group's heading in the gallery.
_HEADINGS = {
    "spinal_cord": "spinal cord",
    "gray_matter": "gray matter",
    "pathology": "pathologies",
    "": "other structures",
}
_UNDERLINE = re.compile(r"([=\-~^\"'`#*+])\1{2,}\s*")
_SUBSTITUTION = re.compile(r"\.\. \|[^|]+\| image::")
_CELL = re.compile(r"(?P<indent>[ \t]+)(?P<mark>\* -|-)(?P<text>.*)")


def figure_name(task: str) -> str:
    """Return the path of a task's figure in the repository of the figures."""
    return f"sct_deepseg/{task}.png"


def write_page(task: str) -> str:
    """Return the page of a task."""
    return (
        f".. _sct_deepseg_{task}:\n\n{task}\n{'=' * len(task)}\n\n.. argparse::\n"
        f"   :ref: spinalcordtoolbox.scripts.sct_deepseg.{task}\n"
        f"   :prog: sct_deepseg {task}\n   :markdownhelp:\n"
    )


def write_substitution(task: str) -> str:
    """Return the figure, as the gallery defines it."""
    return f".. |{task}| image:: {_FIGURE}{task}.png\n   :target: deepseg/{task}.html\n"


def write_cell(task: str) -> str:
    """Return the content of the cell in the gallery."""
    return f"|{task}| ``{task}``"


def write_entry(task: str) -> str:
    """Return the line of the table of contents, without its indentation."""
    return f"deepseg/{task}"


class Unfit(Exception):  # noqa: N818 - an answer
    """The gallery has not the form that is known; the message says what is missing."""


def add_to_gallery(gallery: str, task: str, group: str) -> str:
    """Return the gallery with a task: figure, cell and table of contents; what is there stays.

    The task comes last in its section. No other character is changed.

    Raises:
        Unfit: there is no place for it.
    """
    lines = gallery.splitlines(keepends=True)
    newline = "\r\n" if lines and lines[0].endswith("\r\n") else "\n"
    if lines and not lines[-1].endswith("\n"):
        lines[-1] += newline
    editor = _Gallery(lines, newline, task)
    # From the end to the beginning, so that the numbers of lines stay valid.
    editor.add_to_contents()
    if f"|{task}|" not in gallery:
        editor.add_cell(_section(lines, _HEADINGS[group]))
        editor.add_substitution(_section(lines, _HEADINGS[group]))
    changed = "".join(lines)
    return gallery if changed in {gallery, gallery + newline} else changed


def retired_line(gallery: str, task: str) -> int | None:
    """Return the line that lists a task as one that SCT had once; None if there is none."""
    lines = gallery.splitlines()
    try:
        section = _section(lines, "retired models")
    except Unfit:
        return None
    row = re.compile(rf"\s+\* - ``{re.escape(task)}``\s*")
    found = (n + 1 for n in range(section.start, section.end) if row.fullmatch(lines[n]))
    return next(found, None)


class _Section(NamedTuple):
    """The lines of a section, after its heading."""

    start: int
    end: int


def _section(lines: Sequence[str], heading: str) -> _Section:
    """Return a section by the beginning of its heading, in any capitals."""
    headings = [n for n in range(len(lines) - 1) if _is_heading(lines[n], lines[n + 1])]
    for place, n in enumerate(headings):
        if lines[n].lower().startswith(heading):
            after = headings[place + 1] if place + 1 < len(headings) else len(lines)
            return _Section(n + 2, after)
    raise Unfit(f"no section {heading!r}")


def _is_heading(line: str, underline: str) -> bool:
    text = line.rstrip()
    is_long = len(underline.rstrip()) >= len(text) > 0
    return is_long and not line[:1].isspace() and _UNDERLINE.fullmatch(underline) is not None


class _Gallery(NamedTuple):
    """A gallery while it is changed."""

    lines: list[str]
    newline: str
    task: str

    def _insert(self, at: int, text: str) -> None:
        self.lines[at:at] = [line + self.newline for line in text.splitlines()]

    def add_to_contents(self) -> None:
        entries = [
            n for n, line in enumerate(self.lines) if re.match(r"[ \t]+deepseg/\S+\s*$", line)
        ]
        if not entries:
            raise Unfit("no table of contents with `deepseg/` pages")
        if any(self.lines[n].strip() == write_entry(self.task) for n in entries):
            return
        last = self.lines[entries[-1]]
        indent = last[: len(last) - len(last.lstrip())]
        self._insert(entries[-1] + 1, indent + write_entry(self.task))

    def add_cell(self, section: _Section) -> None:
        """Fill the first empty cell of the section's last row, or begin a row."""
        rows = list(_rows(self.lines, section))
        if not rows:
            raise Unfit("no list-table in its section")
        content = write_cell(self.task)
        for n in rows[-1]:
            cell = _CELL.match(self.lines[n])
            if cell and not cell["text"].strip():
                self.lines[n] = f"{cell['indent']}{cell['mark']} {content}{self.newline}"
                return
        first = _CELL.match(self.lines[rows[-1][0]])
        assert first is not None  # noqa: S101 - it is a row
        others = [f"{first['indent']}  -"] * (len(rows[0]) - 1)
        row = [f"{first['indent']}* - {content}", *others]
        self._insert(rows[-1][-1] + 1, "\n".join(row))

    def add_substitution(self, section: _Section) -> None:
        """Define the figure after the last one of the section."""
        found = [n for n in range(section.start, section.end) if _SUBSTITUTION.match(self.lines[n])]
        text = write_substitution(self.task)
        if not found:
            self._insert(section.start, f"\n{text}")
            return
        at = found[-1] + 1
        while at < section.end and self.lines[at][:1].isspace() and self.lines[at].strip():
            at += 1
        self._insert(at, f"\n{text}")


def _rows(lines: Sequence[str], section: _Section) -> Iterator[list[int]]:
    """Yield the rows of the section's last list-table, each as the lines of its cells."""
    tables = [
        n for n in range(section.start, section.end) if lines[n].startswith(".. list-table::")
    ]
    row: list[int] = []
    for n in range(tables[-1] + 1 if tables else section.end, section.end):
        cell = _CELL.match(lines[n])
        if cell and cell["mark"] == "* -":
            if row:
                yield row
            row = [n]
        elif cell and row:
            row.append(n)
        elif lines[n].strip() and not lines[n][0].isspace():
            break
    if row:
        yield row
