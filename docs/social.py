"""What a link to the site shows elsewhere: the description of a page, and the card."""

from __future__ import annotations

import io
import re
from html import unescape

from console import output, styled
from sandbox import SHOWN, sandbox

#: Characters that a search engine or a chat shows of a description, about.
_MOST = 200
#: Of the card; what the services that show it ask for.
_WIDTH, _HEIGHT, _DPI = 1200, 630, 100
_COLORS = {"error": "#ff7b72", "warning": "#e3b341", "green": "#7ee787", "dim": "#8b949e"}
_TEXT, _PANEL, _PAGE = "#e6edf3", "#161b22", "#4051b5"
_LINES, _COLUMNS = 14, 84


def described(text: str) -> str:
    """Return the first sentences of a paragraph of HTML or Markdown, without markup."""
    plain = " ".join(unescape(re.sub(r"<[^>]+>|`", "", text)).split())
    sentences = re.split(r"(?<=[.!?]) ", plain)
    while len(sentences) > 1 and (len(" ".join(sentences)) > _MOST or sentences[-1][-1] == ":"):
        sentences.pop()
    return re.sub(":$", ".", " ".join(sentences))


def card() -> bytes:
    """Return the picture that links to the site show, as PNG: the start of a real report."""
    # Its fonts come with it, so the picture is the same on every machine.
    from matplotlib.figure import Figure  # noqa: PLC0415 - takes a second; the tests do not need it

    figure = Figure(figsize=(_WIDTH / _DPI, _HEIGHT / _DPI), dpi=_DPI, facecolor=_PAGE)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(0, _WIDTH), ylim=(_HEIGHT, 0))
    axes.axis("off")
    axes.text(60, 92, "model-lint", color="white", size=42, weight="bold", va="baseline")
    axes.text(
        60, 142, "Check an nnU-Net model before you publish it", color="white", size=23,
        va="baseline",
    )  # fmt: skip
    axes.fill_between([60, _WIDTH], 185, _HEIGHT, color=_PANEL)
    _, text = output(SHOWN, sandbox(), color=True, width=_COLUMNS)
    column, row = 0, 0
    for part, style in styled(f"$ {SHOWN}\n{text}"):
        for piece in re.split(r"(\n)", part):
            if piece == "\n":
                column, row = 0, row + 1
                continue
            if row > _LINES:
                break
            at = column + len(piece) - len(piece.lstrip())  # a space at the start takes no room
            axes.text(
                90 + 12.71 * at, 230 + 27 * row, piece.lstrip(), color=_COLORS.get(style, _TEXT),
                size=15.2, family="monospace", va="baseline", parse_math=False,
                weight="bold" if style in {"bold", "error", "warning"} else "normal",
            )  # fmt: skip
            column += len(piece)
    file = io.BytesIO()
    figure.savefig(file, metadata={"Software": None})
    return file.getvalue()
