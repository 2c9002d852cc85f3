"""What nnU-Net's records say about the people and machines behind a model, and how to take it out.

nnU-Net writes the host name and absolute paths into ``debug.json`` and paths and case names into
its training logs. This module finds them in any text, and replaces them by ``<path>``, ``<host>``,
``<subject-1>`` and ``<secret>``. Text that is JSON stays JSON: it is read string by string.

Only what is certain is called a leak: a path is absolute, a host stands after a key that says so,
a subject is a BIDS ``sub-`` label or a case that nnU-Net names as one. Web addresses, fractions,
dates, module paths and contrasts are none. A name that such a place gives away is found again
wherever else it stands in the text.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Literal

Kind = Literal["path", "host", "subject", "secret"]


@dataclass(frozen=True)
class Leak:
    """One thing in a text that should not leave the laboratory."""

    #: path: an absolute one. host: the name of a machine or a person. subject: a subject or case
    #: of the data set. secret: a token, password or private key.
    kind: Kind
    value: str
    #: 1-based line of the text.
    line: int


@dataclass(frozen=True)
class Names:
    """Hosts and cases that a text gives away, to be found again where no context shows them."""

    hosts: frozenset[str] = frozenset()
    subjects: frozenset[str] = frozenset()

    def __or__(self, other: Names) -> Names:
        return Names(self.hosts | other.hosts, self.subjects | other.subjects)


def find_leaks(text: str) -> tuple[Leak, ...]:
    """Return what leaks in a text, in the order in which it stands there."""
    detectors = (*_DETECTORS, *_named(find_names(text)))
    found: dict[tuple[int, int, Kind], str] = {}
    for piece in _pieces(text):
        for kind, pattern in (*_of_key(piece), *detectors):
            for leak in pattern.finditer(piece.text):
                # Where two patterns see the same thing, the first sees more of it.
                found.setdefault((piece.start, leak.start("value"), kind), leak["value"])
    return tuple(
        Leak(kind, value, _line(text, start, offset))
        for (start, offset, kind), value in sorted(found.items())
    )


def find_names(text: str) -> Names:
    """Return the hosts and cases that a text names in a place that says what they are."""
    pieces = list(_pieces(text))
    hosts = {
        match["value"]
        for piece in pieces
        for kind, pattern in (*_of_key(piece), *_HOST_CONTEXTS)
        for match in pattern.finditer(piece.text)
        if kind == "host"
    }
    cases = {
        match["value"]
        for piece in pieces
        for _, pattern in _CASE_CONTEXTS
        for match in pattern.finditer(piece.text)
    }
    return Names(frozenset(filter(_telling, hosts)), frozenset(filter(_telling, cases)))


def scrub(text: str, names: Names = Names()) -> str:
    """Return the text without its leaks; scrubbing it again changes nothing.

    ``names`` are further hosts and cases, such as those that other files of the model name. A
    subject gets a number, the same wherever it stands in the text.
    """
    subjects: dict[str, str] = {}
    detectors = (*_DETECTORS, *_named(find_names(text) | names))
    parts: list[str] = []
    end = 0
    for piece in _pieces(text):
        clean = piece.text
        for kind, pattern in (*_of_key(piece), *detectors):
            clean = pattern.sub(partial(_replaced, _SUBSTITUTES[kind], subjects), clean)
        if clean != piece.text:
            parts += [text[end : piece.start], json.dumps(clean) if piece.quoted else clean]
            end = piece.end
    return "".join(parts) + text[end:]


# ------------------------------------------------------------------------------------- pieces


@dataclass(frozen=True)
class _Piece:
    """A stretch of the text that is read on its own: a string of JSON, or the whole text."""

    start: int
    end: int
    #: What it says, escapes resolved.
    text: str
    quoted: bool = False
    #: The key of the object that it is the value of.
    key: str = ""


_JSON_STRING = re.compile(r'"(?:[^"\\]|\\.)*"')


def _pieces(text: str) -> Iterator[_Piece]:
    if not _is_json(text):
        yield _Piece(0, len(text), text)
        return
    key = ""
    for match in _JSON_STRING.finditer(text):
        value = json.loads(match[0], strict=False)
        is_key = text[match.end() : match.end() + 100].lstrip().startswith(":")
        yield _Piece(match.start(), match.end(), value, quoted=True, key="" if is_key else key)
        key = value if is_key else ""


def _is_json(text: str) -> bool:
    if text.lstrip()[:1] not in {"{", "["}:
        return False
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def _line(text: str, start: int, offset: int) -> int:
    """Return the line of a place in a piece; a string of JSON stands on one line."""
    return 1 + text.count("\n", 0, start or offset)


# ---------------------------------------------------------------------------------- detectors

#: A kind and a pattern whose group ``value`` is what leaks.
Detector = tuple[Kind, "re.Pattern[str]"]

#: Characters of a path's component, where no quotes say where the path ends.
_PART = r"[^\s/\\'\"`<>|;:,()\[\]{}]+"
_SPACED = r"[^/\\'\"`<>|;:\n]+"
#: Folders that belong to every Linux system and say nothing about whose it is.
_SYSTEM = r"(?:bin|sbin|lib|lib64|usr|etc|dev|proc|sys)/"
#: Folders below which people work: here two components make a path, elsewhere three.
_ROOT = (
    r"(?:home|Users|users|root|mnt|media|Volumes|export|nfs|net|srv|opt|tmp|var|private|run"
    r"|(?:local)?scratch|data|dataset|datasets|projects?|work|workspace|storage|store|share|shared"
    r"|cluster|lustre|gpfs|beegfs|ceph|cvmfs|nas|ssd|hdd|nvme|raid|disk|vol|archive|content|kaggle"
    r"|mount|app|code|input|output|nnunet|nnUNet\w*)\d*"
)
_NO_PATH_BEFORE = r"(?<![\w/.~$%>)\]}*\\<&?#=-]/)(?<![\w/.~$%>)\]}*\\<-])"


def _posix(part: str) -> str:
    return rf"/(?!{_SYSTEM})(?=[^/\s]*[^\W\d])(?:{_ROOT}/{part}|{part}/{part}/{part})(?:/{part})*/?"


def _windows(part: str) -> str:
    sep = r"(?:\\\\?|/)"
    return rf"[A-Za-z]:{sep}{part}(?:{sep}{part})+|[A-Z]:\\\\?{part}"


_PATHS = (
    # A whole line, a whole string or a quoted one may have spaces in it.
    (
        rf"(?:^|(?<=['\"`])|(?<=split file: ))(?P<value>{_posix(_SPACED)}|{_windows(_SPACED)})"
        r"(?=['\"`]|[ \t]*$)"
    ),
    rf"{_NO_PATH_BEFORE}(?P<value>{_posix(_PART)})",
    rf"(?<=file://)(?P<value>{_posix(_PART)})",
    rf"(?<![A-Za-z0-9])(?P<value>{_windows(_PART)})",
    rf"(?<![\\\w])(?P<value>\\\\(?:\\\\)?[A-Za-z0-9][\w.-]+(?:\\\\?{_PART})+)",
)

#: What stands for "no host": never a leak.
_NOBODY = r"(?!(?:localhost|none|null|unknown|true|false|127\.0\.0\.1|0\.0\.0\.0)\b)"
_HOST = rf"{_NOBODY}(?P<value>[A-Za-z0-9][\w.-]*)"
_HOST_KEYS = re.compile(
    r"(?i:host(_?name)?|node(_?name)?|computername|machine|slurmd_nodename|slurm_(job_)?nodelist"
    r"|master_addr|user(_?name)?|login|logname)"
)
_HOST_KEY = re.compile(rf"^{_HOST}$", re.IGNORECASE)
_SAYS_HOST = (
    r"(?:hostname|host_name|nodename|computername|SLURMD_NODENAME|SLURM_(?:JOB_)?NODELIST"
    r"|MASTER_ADDR|username|user_name|LOGNAME)"
)

_TIME = r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d+)?: "
_CASE = r"(?P<value>[^\s<][^\n]*?)"


def _compiled(kind: Kind, patterns: Iterable[str], flags: int = 0) -> tuple[Detector, ...]:
    return tuple((kind, re.compile(pattern, re.MULTILINE | flags)) for pattern in patterns)


_HOST_CONTEXTS = _compiled(
    "host", [rf"(?<![A-Za-z0-9_]){_SAYS_HOST}['\"]?\s*[:=]\s*['\"]?{_HOST}"], re.IGNORECASE
)
#: Where nnU-Net names a case: in the log of the final validation, and where dataset.json lists
#: the training images.
_CASE_CONTEXTS = _compiled(
    "subject",
    [
        rf"{_TIME}predicting {_CASE}[ \t]*$",
        rf"{_TIME}{_CASE}, shape (?:torch\.Size\(|\()",
        rf"Predicting next stage \S+ failed for case {_CASE} because",
        (
            r"\b(?:images|labels)(?:Tr|Ts|Va)[/\\](?P<value>[^\s'\"<>/\\]+?)(?:_\d{4})?"
            r"(?=\.(?:nii|nrrd|mha|gipl|png|tiff?|bmp|b2nd|npz|npy)\b)"
        ),
    ],
)

_DETECTORS: tuple[Detector, ...] = (
    *_compiled(
        "secret",
        [
            r"(?P<value>-----BEGIN [A-Z ]*PRIVATE KEY-----(?:[\s\S]*?-----END [A-Z ]*-----)?)",
            (
                r"(?<![A-Za-z0-9_])(?P<value>gh[pousr]_[A-Za-z0-9]{30,}|github_pat_\w{22,}"
                r"|glpat-[\w-]{20,}|hf_[A-Za-z0-9]{30,}|(?:AKIA|ASIA)[0-9A-Z]{16}|AIza[\w-]{35}"
                r"|xox[abeprs]-[\w-]{10,}|pypi-[\w-]{50,}|sk-(?:\w+-)*\w{20,}|dckr_pat_[\w-]{20,}"
                r"|eyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]{8,})"
            ),
            # The password in https://user:password@host.
            r"(?<=://)(?P<value>[^\s/:@'\"<>]+:[^\s/@'\"<>]+)(?=@)",
            (
                r"(?i:(?<![A-Za-z0-9])(?:\w{0,40}_)?(?:password|passwd|api_?key|secret_?key|secret"
                r"|(?:access|auth)_?token|token)['\"]?\s*[:=]\s*['\"]?)"
                r"(?P<value>(?=[^\s'\",;}]*\d)(?=[^\s'\",;}]*[A-Za-z])[^\s'\",;<>(){}\[\]]{8,})"
            ),
        ],
    ),
    *_compiled("path", _PATHS),
    *_HOST_CONTEXTS,
    *_compiled(
        "host",
        [
            # E-mail addresses, not those of programs.
            (
                r"(?<![\w.+/:@-])(?!(?:git|no-?reply)@)"
                r"(?P<value>[A-Za-z0-9][\w.+-]*@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*"
                r"\.(?!(?:zip|json|py|pth|txt|png)\b)[A-Za-z]{2,24})(?![\w@-])"
            ),
            # user@host: as scp and git-annex write it.
            r"(?<![\w.+/:@-])(?!git@)(?P<value>[A-Za-z_][\w.-]*@[A-Za-z0-9][\w.-]*)(?=:[/~<])",
            r"(?<=tcp://)(?!127\.0\.0\.1|localhost\b|0\.0\.0\.0)(?P<value>[A-Za-z0-9][\w.-]*)",
        ],
    ),
    *_CASE_CONTEXTS,
    *_compiled(
        "subject",
        [
            # A BIDS label has a digit or a capital, or a BIDS name goes on after it; an English
            # word (sub-volume, sub-optimal) does not.
            (
                r"(?<![A-Za-z0-9<])(?P<value>sub-(?:[a-z]*[A-Z0-9][A-Za-z0-9]*|[a-z]+(?=_[a-z]+-|[_/]"
                r"(?:T1w|T2w|T2star|dwi|bold|UNIT1|MP2RAGE|anat|func)\b))(?:[_/]ses-[A-Za-z0-9]+)?)"
            ),
            (
                r"(?i:(?<![A-Za-z0-9<])(?P<value>(?:subject|subj|patient|participant)[-_]\d+)"
                r"(?![A-Za-z0-9]))"
            ),
        ],
    ),
)


def _of_key(piece: _Piece) -> tuple[Detector, ...]:
    """Return what the key of a JSON value says about the whole value."""
    return (("host", _HOST_KEY),) if _HOST_KEYS.fullmatch(piece.key) else ()


def _named(names: Names) -> tuple[Detector, ...]:
    """Return what finds these names wherever they stand as whole words."""
    kinds: tuple[tuple[Kind, frozenset[str]], ...] = (
        ("host", names.hosts),
        ("subject", names.subjects),
    )
    return tuple(
        # The longest first, so that liver_1 does not hide liver_1_b.
        (kind, re.compile(rf"(?<![A-Za-z0-9<])(?P<value>{'|'.join(words)})(?![A-Za-z0-9>])"))
        for kind, found in kinds
        if (words := [re.escape(w) for w in sorted(found, key=lambda w: (-len(w), w))])
    )


#: Words of every log: a machine or a case of such a name is replaced only where context shows it.
_COMMON = re.compile(
    r"(?i:epoch|cuda|fold|time|dice|loss|train|training|validation|predicting|plans|labels|user|root"
    r"|data|nnunet|torch|shape|rank|case|none|true|false|configuration)"
)


def _telling(name: str) -> bool:
    """Whether a name is so much a name that it can be looked for in the whole text."""
    return len(name) >= 4 and any(c.isalpha() for c in name) and not _COMMON.fullmatch(name)


# -------------------------------------------------------------------------------- substitutes

#: The last component of a path that stays, because nnU-Net chose it and it helps the reader.
_HARMLESS = re.compile(
    r"[/\\]((?:fold_(?:all|\d+)|splits_final\.json|dataset\.json|plans\.json|debug\.json|progress\.png"
    r"|training_log_[\d_]+\.txt|checkpoint_(?:final|best|latest)\.pth|Dataset\d{3}_\w+"
    r"|nnUNet(?:Trainer|Plans)\w*))/?$"
)


def _path(value: str, _subjects: dict[str, str]) -> str:
    kept = _HARMLESS.search(value)
    return f"<path>/{kept[1]}" if kept else "<path>"


def _subject(value: str, subjects: dict[str, str]) -> str:
    return subjects.setdefault(value, f"<subject-{len(subjects) + 1}>")


_SUBSTITUTES: dict[Kind, Callable[[str, dict[str, str]], str]] = {
    "path": _path,
    "host": lambda _value, _subjects: "<host>",
    "subject": _subject,
    "secret": lambda _value, _subjects: "<secret>",
}


def _replaced(
    substitute: Callable[[str, dict[str, str]], str], subjects: dict[str, str], match: re.Match[str]
) -> str:
    start, end = (position - match.start() for position in match.span("value"))
    return match[0][:start] + substitute(match["value"], subjects) + match[0][end:]
