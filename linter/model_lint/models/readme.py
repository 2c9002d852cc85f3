"""Find placeholders, options that SCT removed and licences in a README and in scripts.

Each function reads its text once, line by line: time is linear in its length.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

_PLACEHOLDER = re.compile(
    r"\b(?:TODO|FIXME|TBD)\b(?!\.\w|\s+list\b)|\[More Information Needed\]|(?i:lorem ipsum)"
    r"|\{\{ ?cookiecutter"
)
#: A placeholder in a code block begins its line; ``# TODO`` belongs to the program.
_BLOCK_PLACEHOLDER = re.compile(r"\s*(?:[\w-]+\s*=\s*\{)?(TODO|FIXME|TBD)\b(?!\.\w)")
_INLINE_CODE = re.compile(r"`[^`]*`")
#: Options that SCT 7.0 removed, up to the end of the command; the task is its first argument now.
_COMMAND = re.compile(r"\bsct_deepseg(?![\w-])")
_OLD_OPTION = re.compile(r"(?<![^\s'\"])-(?:task|install-task|list-tasks)(?![\w-])")
_COMMAND_END = re.compile(r"[`;|&]")
#: Words that show that a command is meant for an older SCT.
_OLDER = re.compile(
    r"(?i:\b(?:older|earlier|previous|legacy|before|prior|deprecated|no longer)\b"
    r"|\b(?:sct|toolbox)\b.{0,20}(?:<|\bv?[1-6]\.\d))"
)
#: Sections that are folded or hidden: about older versions, or comments.
_HIDDEN = (("<details", "</details>"), ("<!--", "-->"))
_COMMENT = re.compile(r"\s*(?:#|//|%)")
#: Terms of licences; GitHub does not recognise them in a README.
_LICENSE = re.compile(
    r"Permission is hereby granted, free of charge"
    r"|Permission to use, copy, modify, and(?:/or)? distribute this software"
    r"|Redistribution and use in source and binary forms"
    r"|Licensed under the Apache License, Version 2\.0 \("
    r"|GNU (?:AFFERO |LESSER )?GENERAL PUBLIC LICENSE"
    r"|licensed under (?:a |the )?Creative Commons"
)


class _Line(NamedTuple):
    number: int
    text: str
    #: Whether it is in a fenced code block.
    is_code: bool


def placeholders(readme: str) -> Iterator[tuple[int, str]]:
    """Yield the placeholders that were not replaced, with their line numbers."""
    for line in _lines(_shown(readme)):
        if line.is_code:
            found = _BLOCK_PLACEHOLDER.match(line.text)
            if found:
                yield line.number, found[1]
        else:
            for left in _PLACEHOLDER.finditer(_INLINE_CODE.sub("", line.text)):
                yield line.number, left[0]


def outdated_options(text: str) -> Iterator[tuple[int, str]]:
    """Yield options of ``sct_deepseg`` that SCT 7.0 removed, with their line numbers.

    A command is ignored if its heading, or the line of text before it, says that it is for an older
    SCT.
    """
    heading = spoken = ""
    begun: int | None = None
    for line in _lines(_shown(text)):
        start = _COMMAND.search(line.text)
        if start:
            begun = line.number
        arguments = line.text[start.end() if start else 0 :] if begun else ""
        option = _OLD_OPTION.search(arguments)
        if begun and option and not _COMMAND_END.search(arguments, 0, option.start()):
            if not any(map(_OLDER.search, (heading, spoken, line.text[:200]))):
                yield begun, option[0]
            begun = None
        if not line.text.endswith("\\"):
            begun = None
        if not line.is_code and line.text.startswith("#"):
            heading, spoken = line.text[:200], ""
        elif line.text.strip() and (not line.is_code or _COMMENT.match(line.text)):
            spoken = line.text[:200]


def grants_license(readme: str) -> bool:
    """Return whether a README contains the terms of a licence."""
    return _LICENSE.search(" ".join(readme.split())) is not None


def title(readme: str) -> str:
    """Return the first heading of a README, in Markdown or reStructuredText; "" if it has none."""
    before = ""
    for line in _lines(_shown(readme)):
        text = "" if line.is_code else line.text.strip()
        if text.startswith("# "):
            return text.strip("# ")
        if before and len(text) > 2 and not text.strip("="):
            return before
        before = text
    return ""


def code_blocks(readme: str) -> Iterator[str]:
    """Yield the texts of the fenced code blocks that are shown."""
    block: list[str] = []
    last = 0
    for line in _lines(_shown(readme)):
        if block and (not line.is_code or line.number > last + 1):
            yield "\n".join(block)
            block = []
        if line.is_code:
            block.append(line.text)
        last = line.number
    if block:
        yield "\n".join(block)


def _lines(text: str) -> Iterator[_Line]:
    fence = ""
    for number, line in enumerate(text.split("\n"), 1):
        mark = line.strip()[:3]
        if fence and mark == fence:
            fence = ""
        elif not fence and mark in {"```", "~~~"} and line.count(mark) == 1:
            fence = mark
        else:
            yield _Line(number, line, is_code=bool(fence))


def _shown(text: str) -> str:
    """Blank out the folded sections and comments of a text, keeping its line numbers."""
    for opening, closing in _HIDDEN:
        text = _without(text, opening, closing)
    return text


def _without(text: str, opening: str, closing: str) -> str:
    lowered = text.lower()
    parts: list[str] = []
    end = 0
    while (start := lowered.find(opening, end)) >= 0:
        stop = lowered.find(closing, start)
        if stop < 0:
            break
        stop += len(closing)
        parts += [text[end:start], "\n" * text.count("\n", start, stop)]
        end = stop
    return "".join(parts) + text[end:]
