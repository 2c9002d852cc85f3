"""A text as it is searched, and a pattern that is searched for in it.

Time is linear in the length of the text: a pattern begins with fixed characters, each repetition
in it has a bound or ends at a character that it excludes, and the text before a match is checked
last.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from functools import cached_property
from itertools import islice
from typing import Literal, NamedTuple, get_args

#: path: an absolute one. host: the name of a machine or a person. subject: a subject or case of
#: the data set. secret: a token, password or private key.
Kind = Literal["path", "host", "subject", "secret"]
KINDS: tuple[Kind, ...] = get_args(Kind)

_LONGEST_BEGINNING = 64
#: A string in JSON, which is on one line.
_STRING = re.compile(r'"[^"\\\n]*(?:\\.[^"\\\n]*)*"')
#: All characters of JSON outside of strings: numbers, true, false, null, NaN and Infinity.
_OUTSIDE = frozenset(" \t\r\n{}[],:.+-0123456789eEtrufalsnNaIity")
_SPELLED = re.compile(r"\\(?:\\|/|u([0-9a-fA-F]{4}))")
#: Escapes, each with two characters of about the same meaning, so that offsets do not change.
_ESCAPES = (('\\"', "''"), ("\\n", "\n\n"), ("\\r", "\n\n"), ("\\t", "\t\t"))


class _Forms(NamedTuple):
    #: The text; in JSON, with printable characters in place of their ``\\u`` escapes.
    source: str
    #: The source; in JSON, with newlines and quotes in place of their escapes.
    text: str
    is_json: bool


class Searched(_Forms):
    """A text, and the form of it that patterns are matched against, with the same offsets."""

    @classmethod
    def of(cls, text: str) -> Searched:
        """Prepare a text."""
        if not _is_json(text):
            return cls(text, text, is_json=False)
        source = _SPELLED.sub(_character, text) if "\\u" in text or "\\/" in text else text
        # An escaped backslash is set aside: the character after it is not an escape.
        searched = source.replace("\\\\", "\0\0")
        for escape, meant in _ESCAPES:
            searched = searched.replace(escape, meant)
        return cls(source, searched.replace("\0\0", "\\\\"), is_json=True)

    @cached_property
    def lowered(self) -> str:
        """The text in small letters, character by character."""
        lowered = self.text.lower()
        if len(lowered) == len(self.text):
            return lowered
        return "".join(c.lower() if c.isascii() else c for c in self.text)

    @cached_property
    def outline(self) -> str:
        """The distinct lines in small letters, without digits: for a log, this is very short."""
        raw = self.lowered.encode("utf-8", "surrogatepass").translate(None, b"0123456789")
        return b"\n".join(set(raw.split(b"\n"))).decode("utf-8", "surrogatepass")

    def value(self, start: int, end: int) -> str:
        """Return the text between two offsets, with escapes resolved."""
        value = self.source[start:end]
        if self.is_json and "\\" in value:
            try:
                return str(json.loads(f'"{value}"'))
            except ValueError:  # more than one string
                return value
        return value


def _is_json(text: str) -> bool:
    """Return whether a text can be split into strings as JSON."""
    if text.lstrip()[:1] not in {"{", "["} or "\0" in text:
        return False
    return _OUTSIDE.issuperset(_STRING.sub("", text))


def _character(found: re.Match[str]) -> str:
    if found[0] == "\\/":
        return "/"
    character = chr(int(found[1], 16)) if found[1] else ""
    return character if character.isprintable() and character not in {"", '"', "\\"} else found[0]


def _always(_text: str, _found: re.Match[str]) -> bool:
    return True


class _Expression(NamedTuple):
    kind: Kind
    #: A regular expression, whose group ``value`` is the leak.
    expression: str
    #: Every match contains one of these on one line, in small letters and without digits: a text
    #: without them is not searched.
    markers: tuple[str, ...]
    #: Whether the expression is in small letters and also matches capitals.
    any_case: bool = False
    #: Whether a match in a text is a leak, by its content or by the text before it.
    accepts: Callable[[str, re.Match[str]], bool] = _always
    #: A regular expression for the text before the match that belongs to the value. It ends in
    #: ``\\Z``, and is searched from _LONGEST_BEGINNING characters before the match.
    begins: str = ""


class Pattern(_Expression):
    """A pattern of one form of leak."""

    @cached_property
    def _compiled(self) -> re.Pattern[str]:
        """The expression, compiled only if a text needs it: that takes longer than a search."""
        return re.compile(self.expression, re.MULTILINE)

    @cached_property
    def _beginning(self) -> re.Pattern[str]:
        return re.compile(self.begins)

    def spans(self, searched: Searched, most: int | None = None) -> Iterator[tuple[int, int]]:
        """Yield the start and end of each value in a text, from at most ``most`` matches."""
        if not any(marker in searched.outline for marker in self.markers):
            return
        text = searched.lowered if self.any_case else searched.text
        for found in islice(self._compiled.finditer(text), most):
            if self.accepts(searched.text, found):
                start, end = found.span("value")
                begin = self._begin(text, start)
                if begin is not None:
                    yield begin, end

    def _begin(self, text: str, start: int) -> int | None:
        if not self.begins:
            return start
        found = self._beginning.search(text, max(0, start - _LONGEST_BEGINNING), start)
        return found.start() if found else None
