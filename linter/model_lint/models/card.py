"""The parts of a model card that a program writes, between two marks in the README.

The first mark names the part. After it was written, the mark also has a digest of its text, and of
each file that it was made from::

    <!-- card:results sha256:0123456789abcdef from:results/test_metrics.csv@fedcba9876543210 -->
    ...
    <!-- card:end -->

The workflow of a generated repository writes them with ``fill``.
"""

from __future__ import annotations

import hashlib
import re
from bisect import bisect
from collections.abc import Iterator, Mapping
from typing import NamedTuple

_BEGIN = re.compile(
    r"<!-- card:(?P<name>(?!end\b)[a-z]+)(?: sha256:(?P<digest>[0-9a-f]{16}))?"
    r"(?P<sources>(?: from:[^\s@]+@[0-9a-f]{16})*) -->"
)
_END = "<!-- card:end -->"


class Part(NamedTuple):
    """One part of the card."""

    name: str
    #: The line of its first mark.
    line: int
    #: None if the last mark is missing.
    text: str | None
    #: Of the text as it was written; None before that.
    digest: str | None
    #: The files that it was made from, each with its digest.
    sources: Mapping[str, str]


def digest(text: str) -> str:
    """Return the digest of a text; white space at the ends of lines does not count."""
    lines = (line.rstrip() for line in text.strip().split("\n"))
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]


def parts(readme: str) -> Iterator[Part]:
    """Yield the parts of a README, in their order. The time is linear in its length."""
    lines = readme.split("\n")
    begins = [(n, mark) for n, line in enumerate(lines) if (mark := _BEGIN.fullmatch(line))]
    ends = [n for n, line in enumerate(lines) if line == _END]
    for place, (begin, mark) in enumerate(begins):
        following = begins[place + 1][0] if place + 1 < len(begins) else len(lines)
        after = bisect(ends, begin)
        end = ends[after] if after < len(ends) else len(lines)
        text = "\n".join(lines[begin + 1 : end]) if end < following else None
        pairs = (word.removeprefix("from:").split("@") for word in mark["sources"].split())
        sources = {path: known for path, known in pairs}  # noqa: C416 - mypy sees no pairs in lists
        yield Part(mark["name"], begin + 1, text, mark["digest"], sources)


def fill(readme: str, name: str, text: str, sources: Mapping[str, str]) -> str:
    """Return a README with the text of one part, and the digests of it and of the sources' texts.

    Raises:
        ValueError: unless the part is there once, with both marks.
    """
    found = [part for part in parts(readme) if part.name == name and part.text is not None]
    if len(found) != 1:
        msg = f"needs the lines `<!-- card:{name} -->` and `{_END}` once, in this order"
        raise ValueError(msg)
    lines = readme.rstrip("\n").split("\n")
    begin = found[0].line
    end = lines.index(_END, begin)
    words = [f"from:{path}@{digest(content)}" for path, content in sources.items()]
    mark = " ".join([f"<!-- card:{name} sha256:{digest(text)}", *words, "-->"])
    return "\n".join([*lines[: begin - 1], mark, "", text.strip(), "", *lines[end:]]) + "\n"
