"""Find what must not leave the laboratory in a text.

Only what is certain is a leak: an absolute path, a host after a key for hosts, a BIDS ``sub-``
label, or a case in a line where nnU-Net names cases. Web addresses, fractions, dates, module paths
and contrasts are not leaks. Names of hosts and cases found in this way are then searched for in the
whole text.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from itertools import islice
from typing import NamedTuple

from .folders import PATHS, owner
from .limits import MAX_ADDRESSES, MAX_LEAK, MAX_MATCHES, MAX_NAME
from .patterns import PATTERNS
from .persons import ADDRESSES, CASE_CONTEXTS, HOST_CONTEXTS, is_private_address
from .searched import KINDS, Kind, Pattern, Searched


class Leak(NamedTuple):
    """One thing in a text that must not leave the laboratory."""

    kind: Kind
    value: str
    #: 1-based line of the text.
    line: int

    @property
    def shown(self) -> str:
        """The value; of a secret only its beginning, from which its owner knows which one it is."""
        if self.kind != "secret":
            return self.value
        if self.value.startswith("-----"):
            return self.value.partition("\n")[0]
        return f"{self.value[:4]}..." if len(self.value) >= 20 else "..."


class Span(NamedTuple):
    """The place of a leak in a text."""

    start: int
    #: The end, negative: of two spans with the same start, the longer one sorts first.
    minus_end: int
    #: The position of its pattern in the list of patterns.
    order: int
    kind: Kind

    @property
    def end(self) -> int:
        """The offset after it."""
        return -self.minus_end


class Names(NamedTuple):
    """Hosts and cases that a text names, to be found again without their context."""

    hosts: frozenset[str] = frozenset()
    subjects: frozenset[str] = frozenset()

    def __or__(self, other: Names) -> Names:
        return Names(self.hosts | other.hosts, self.subjects | other.subjects)


NO_NAMES = Names()


def find_leaks(
    text: str, *, search_names_everywhere: bool = True, kinds: Collection[Kind] = KINDS
) -> tuple[Leak, ...]:
    """Return the leaks of these kinds in a text, in their order.

    With ``search_names_everywhere``, the names of hosts and cases are also found where the context
    does not show what they are.
    """
    searched = Searched.of(text)
    names = _names(searched) if search_names_everywhere else NO_NAMES
    return tuple(_leaks(searched, find_spans(searched, names, kinds, most=MAX_MATCHES)))


def find_personal(text: str) -> tuple[Leak, ...]:
    """Return what a script reveals of persons, groups and clusters.

    Of a path, the beginning that names them; of e-mail addresses, those that are not for readers.
    """
    searched = Searched.of(text)
    spans = (
        span._replace(minus_end=-(span.start + len(name)))
        for span in _found(PATHS, searched, MAX_MATCHES)
        if (name := owner(searched.text[span.start : span.end]))
    )
    addresses = (
        span
        for span in _found(ADDRESSES, searched, MAX_ADDRESSES)
        if is_private_address(searched.text, span.start, span.end)
    )
    return tuple(_leaks(searched, _outermost([*spans, *addresses])))


def find_names(text: str) -> Names:
    """Return the hosts and cases that a text names in a context that shows what they are."""
    return _names(Searched.of(text))


def _names(searched: Searched) -> Names:
    hosts, cases = (
        frozenset(
            value
            for pattern in contexts
            for start, end in pattern.spans(searched)
            if _is_distinctive(value := searched.text[start:end])
        )
        for contexts in (HOST_CONTEXTS, CASE_CONTEXTS)
    )
    return Names(hosts, cases)


def find_spans(
    searched: Searched, names: Names, kinds: Collection[Kind] = KINDS, *, most: int | None = None
) -> list[Span]:
    """Return the places of leaks, without those inside another of their kind.

    ``names`` are searched for as whole words. ``most`` limits the matches of each pattern.
    """
    spans = [*_found((p for p in PATTERNS if p.kind in kinds), searched, most)]
    named: tuple[tuple[Kind, frozenset[str]], ...] = (
        ("host", names.hosts),
        ("subject", names.subjects),
    )
    for kind, found in named:
        if kind in kinds:
            spans += islice(_named(kind, found, searched), most)
    return _outermost(spans)


def _found(patterns: Iterable[Pattern], searched: Searched, most: int | None) -> Iterator[Span]:
    for order, pattern in enumerate(patterns):
        for start, end in pattern.spans(searched, most):
            yield Span(start, -end, order, pattern.kind)


def _outermost(spans: list[Span]) -> list[Span]:
    """Return the spans that do not begin inside another of their kind."""
    kept: list[Span] = []
    ends: dict[Kind, int] = {}
    for span in sorted(spans):
        if span.start >= ends.get(span.kind, 0):
            ends[span.kind] = span.end
            kept.append(span)
    return kept


def _leaks(searched: Searched, spans: Iterable[Span]) -> Iterator[Leak]:
    line, counted = 1, 0
    for span in spans:
        line += searched.source.count("\n", counted, span.start)
        counted = span.start
        value = searched.value(span.start, min(span.end, span.start + MAX_LEAK))
        yield Leak(span.kind, value, line)


_WORD = re.compile(r"[A-Za-z0-9]+")


def _named(kind: Kind, names: frozenset[str], searched: Searched) -> Iterator[Span]:
    """Yield the places of names as whole words: at each word, look for names that begin with it."""
    text = searched.text
    lengths: dict[str, set[int]] = {}
    for name in names:
        first = _WORD.match(name)
        if first:
            lengths.setdefault(first[0], set()).add(len(name))
    longest_first = {word: sorted(found, reverse=True) for word, found in lengths.items()}
    for word in _WORD.finditer(text) if names else ():
        start = word.start()
        for length in longest_first.get(word[0], ()):
            if text[start : start + length] in names and _is_whole(text, start, start + length):
                yield Span(start, -(start + length), len(PATTERNS), kind)
                break


def _is_whole(text: str, start: int, end: int) -> bool:
    after = text[end : end + 1]
    return text[start - 1 : start] != "<" and after != ">" and not _WORD.match(after)


#: Words of every log: a machine or a case with this name is replaced only where context shows it.
_COMMON = (
    r"(?i:epoch|cuda|fold|time|dice|loss|train|training|validation|predicting|plans|labels|user|root"
    r"|data|nnunet|torch|shape|rank|case|none|true|false|configuration)"
)


def _is_distinctive(name: str) -> bool:
    """Return whether a name is long and unusual enough to search for as a whole word."""
    return (
        4 <= len(name) <= MAX_NAME
        and any(c.isalpha() for c in name)
        and not re.fullmatch(_COMMON, name)
    )
