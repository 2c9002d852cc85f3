"""Remove from a text what must not leave the laboratory.

Paths, hosts, subjects and secrets are replaced by ``<path>``, ``<host>``, ``<subject-1>`` and
``<secret>``. Text that is JSON stays JSON.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Iterator, Mapping
from functools import reduce
from operator import or_
from typing import NamedTuple, TypeVar

from .find import NO_NAMES, Names, Span, find_names, find_spans
from .searched import Kind, Searched

#: Most rounds of scrubbing: a replaced leak may have hidden another after it.
_ROUNDS = 10

_Key = TypeVar("_Key", bound=Hashable)


class Scrubbed(NamedTuple):
    """A text without its leaks."""

    text: str
    #: What was replaced, each thing once.
    leaks: frozenset[tuple[Kind, str]] = frozenset()


def scrub(text: str, names: Names = NO_NAMES) -> str:
    """Return the text without its leaks; scrubbing it again changes nothing.

    ``names`` are further hosts and cases, such as those that other files of the model name. Each
    subject has the same number in the whole text.
    """
    return scrubbed(text, names).text


def scrubbed(
    text: str, names: Names = NO_NAMES, *, meant: Callable[[str], bool] = lambda _: False
) -> Scrubbed:
    """Return the text without its leaks, as `scrub` does, and what was replaced.

    What is ``meant`` for readers, such as the address of the authors, stays.
    """
    names |= find_names(text)
    subjects: dict[str, str] = {}
    leaks: set[tuple[Kind, str]] = set()
    for _ in range(_ROUNDS):
        searched = Searched.of(text)
        found = (
            (span, searched.value(span.start, span.end)) for span in find_spans(searched, names)
        )
        spans = {span: value for span, value in found if not meant(value)}
        if not spans:
            break
        leaks.update((span.kind, value) for span, value in spans.items())
        text = "".join(_replaced(searched, [*spans], subjects))
    return Scrubbed(text, frozenset(leaks))


def scrub_all(texts: Mapping[_Key, str]) -> dict[_Key, Scrubbed]:
    """Return the texts of one model without their leaks.

    Hosts and cases that one text names are removed from all, even without their context.
    """
    names = reduce(or_, map(find_names, texts.values()), NO_NAMES)
    return {key: scrubbed(text, names) for key, text in texts.items()}


def _replaced(searched: Searched, spans: list[Span], subjects: dict[str, str]) -> Iterator[str]:
    end = 0
    for span in spans:
        if span.start >= end:
            yield searched.source[end : span.start]
            yield _substitute(span.kind, searched.value(span.start, span.end), subjects)
            end = span.end
    yield searched.source[end:]


#: The last component of a path, if nnU-Net chose it: it is kept, because it helps the reader.
_HARMLESS = (
    r"[/\\]((?:fold_(?:all|\d+)|splits_final\.json|dataset\.json|plans\.json|debug\.json|progress\.png"
    r"|training_log_[\d_]+\.txt|checkpoint_(?:final|best|latest)\.pth|Dataset\d{3}_\w+"
    r"|nnUNet(?:Trainer|Plans)\w*))/?$"
)


def _substitute(kind: Kind, value: str, subjects: dict[str, str]) -> str:
    if kind == "subject":
        return subjects.setdefault(value, f"<subject-{len(subjects) + 1}>")
    kept = re.search(_HARMLESS, value) if kind == "path" else None
    return f"<path>/{kept[1]}" if kept else f"<{kind}>"
