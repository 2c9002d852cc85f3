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
from functools import cached_property, partial
from itertools import islice
from typing import Literal, NamedTuple

Kind = Literal["path", "host", "subject", "secret"]
#: Places that one detector finds in one text: more say no more, and take memory.
_MOST = 10_000
#: Characters that are kept of one: no path is longer.
_LONG = 4096


class Leak(NamedTuple):
    """One thing in a text that should not leave the laboratory."""

    #: path: an absolute one. host: the name of a machine or a person. subject: a subject or case
    #: of the data set. secret: a token, password or private key.
    kind: Kind
    value: str
    #: 1-based line of the text.
    line: int


class Names(NamedTuple):
    """Hosts and cases that a text gives away, to be found again where no context shows them."""

    hosts: frozenset[str] = frozenset()
    subjects: frozenset[str] = frozenset()

    def __or__(self, other: Names) -> Names:
        return Names(self.hosts | other.hosts, self.subjects | other.subjects)


def find_leaks(text: str, *, again: bool = True) -> tuple[Leak, ...]:
    """Return what leaks in a text, in the order in which it stands there.

    ``again`` is whether to look for the names of hosts and cases also where nothing says what they
    are: it finds no further names, and takes time where there are many.
    """
    names = find_names(text) if again else Names()
    detectors = _possible(_DETECTORS, text)
    leaks: list[tuple[int, int, Kind, str]] = []
    for piece in _pieces(text):
        found = sorted(
            (detector.kind, match.start("value"), -match.end("value"), match["value"][:_LONG])
            for detector in (*_of_key(piece), *detectors, *_named(names, piece.text))
            for match in islice(detector.find(piece), _MOST)
        )
        seen: dict[Kind, int] = {}
        for kind, start, end, value in found:
            # What lies inside a longer one of its kind is a part of that.
            if start >= seen.get(kind, 0):
                seen[kind] = -end
                # A string of JSON stands on one line.
                leaks.append((piece.start, 0 if piece.quoted else start, kind, value))
    return tuple(_numbered(text, leaks))


def _numbered(text: str, leaks: list[tuple[int, int, Kind, str]]) -> Iterator[Leak]:
    line, counted = 1, 0
    for start, offset, kind, value in sorted(leaks, key=lambda leak: leak[:2]):
        line += text.count("\n", counted, start + offset)
        counted = start + offset
        yield Leak(kind, value, line)


def find_names(text: str) -> Names:
    """Return the hosts and cases that a text names in a place that says what they are."""
    hosts: set[str] = set()
    cases: set[str] = set()
    host_contexts = _possible(_HOST_CONTEXTS, text)
    case_contexts = _possible(_CASE_CONTEXTS, text)
    for piece in _pieces(text):
        for detector in (*_of_key(piece), *host_contexts):
            hosts |= {match["value"] for match in detector.find(piece)}
        for detector in case_contexts:
            cases |= {match["value"] for match in detector.find(piece)}
    return Names(frozenset(filter(_telling, hosts)), frozenset(filter(_telling, cases)))


_NO_NAMES = Names()


def scrub(text: str, names: Names = _NO_NAMES) -> str:
    """Return the text without its leaks; scrubbing it again changes nothing.

    ``names`` are further hosts and cases, such as those that other files of the model name. A
    subject gets a number, the same wherever it stands in the text.
    """
    subjects: dict[str, str] = {}
    names |= find_names(text)
    parts: list[str] = []
    end = 0
    for piece in _pieces(text):
        clean = piece.text
        for detector in (*_of_key(piece), *_DETECTORS):
            clean = detector.replace(clean, subjects)
        for detector in _named(names, clean):
            clean = detector.replace(clean, subjects)
        if clean != piece.text:
            parts += [text[end : piece.start], json.dumps(clean) if piece.quoted else clean]
            end = piece.end
    return "".join(parts) + text[end:]


# ------------------------------------------------------------------------------------- pieces


class _Stretch(NamedTuple):
    start: int
    end: int
    #: What it says, escapes resolved.
    text: str
    quoted: bool = False
    #: The key of the object that it is the value of.
    key: str = ""


class _Piece(_Stretch):
    """A stretch of the text that is read on its own: a string of JSON, or the whole text."""

    @cached_property
    def lowered(self) -> str:
        """The text in small letters, in which the markers of the detectors are looked for."""
        return self.text.lower()

    @cached_property
    def outline(self) -> str:
        """Its lines in small letters, without digits and each once: of a log, next to nothing."""
        if len(self.text) < 10_000:
            return self.lowered
        raw = self.lowered.encode("utf-8", "surrogatepass").translate(None, b"0123456789")
        return b"\n".join(set(raw.split(b"\n"))).decode("utf-8", "surrogatepass")


_JSON_STRING = re.compile(r'"(?:[^"\\]|\\.)*"')


def _pieces(text: str) -> Iterator[_Piece]:
    if not _is_json(text):
        yield _Piece(0, len(text), text)
        return
    key = ""
    for match in _JSON_STRING.finditer(text):
        value = json.loads(match[0], strict=False) if "\\" in match[0] else match[0][1:-1]
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


# ---------------------------------------------------------------------------------- detectors


class _Search(NamedTuple):
    kind: Kind
    #: A regular expression, whose group ``value`` is what leaks.
    expression: str
    #: Every match begins on a line that holds one of these, in small letters and without digits:
    #: only those lines are searched, which is what makes a long log quick to read.
    markers: tuple[str, ...] = ()
    #: Whether a match ends on the line on which it begins.
    one_line: bool = True


class _Detector(_Search):
    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """The expression, compiled only where a text needs it: that takes longer than a search."""
        return re.compile(self.expression, re.MULTILINE)

    def find(self, piece: _Piece) -> Iterator[re.Match[str]]:
        """Yield the matches in a piece."""
        text, lowered = piece.text, piece.lowered
        if not self.markers or len(lowered) != len(text):
            yield from self.pattern.finditer(text)
            return
        present = [marker for marker in self.markers if marker in piece.outline]
        end = 0
        for start in _line_starts(lowered, present):
            if start >= end:
                end = _line_end(text, start) if self.one_line else len(text)
                yield from self.pattern.finditer(text, start, end)

    def replace(self, text: str, subjects: dict[str, str]) -> str:
        lowered = text.lower()
        if self.markers and not any(marker in lowered for marker in self.markers):
            return text
        return self.pattern.sub(partial(_replaced, _SUBSTITUTES[self.kind], subjects), text)


def _possible(detectors: Iterable[_Detector], text: str) -> list[_Detector]:
    """Leave out the detectors that can't match anywhere in a text, be it JSON or not."""
    if "\\u" in text:  # JSON that spells characters as numbers
        return list(detectors)
    outline = _Piece(0, len(text), text).outline
    return [d for d in detectors if not d.markers or any(m in outline for m in d.markers)]


def _line_starts(lowered: str, markers: list[str]) -> list[int]:
    """Return where the lines begin that hold one of these, in order."""
    starts: set[int] = set()
    for marker in markers:
        at = lowered.find(marker)
        while at >= 0:
            starts.add(lowered.rfind("\n", 0, at) + 1)
            at = lowered.find(marker, _line_end(lowered, at))
    return sorted(starts)


def _line_end(text: str, start: int) -> int:
    end = text.find("\n", start)
    return len(text) if end < 0 else end


#: Characters of a path's component, where no quotes say where the path ends.
_PART = r"[^\s/\\'\"`<>|;:,()\[\]{}]+"
_SPACED = r"[^/\\'\"`<>|;:\n]+"
#: Folders that belong to every Linux system and say nothing about whose it is.
_SYSTEM = r"(?:bin|sbin|lib|lib64|usr|etc|dev|proc|sys|opt/conda)/"
#: What examples write, and what stands for somebody's own folder: none is anybody's.
_ANYBODY = r"(?i:path/to/|(?:your|some|my)[-_/]|\w*/?\$)"
#: Folders below which people work: here two components make a path, elsewhere three.
_ROOT = (
    r"(?:home|Users|users|root|mnt|media|Volumes|export|nfs|net|srv|opt|tmp|var|private|run"
    r"|(?:local)?scratch|data|dataset|datasets|projects?|work|workspace|storage|store|share|shared"
    r"|cluster|lustre|gpfs|beegfs|ceph|cvmfs|nas|ssd|hdd|nvme|raid|disk|vol|archive|content|kaggle"
    r"|mount|app|code|input|output|nnunet|nnUNet\w*)\d*"
)
#: A whole line, a whole string, or what stands between quotes.
_CERTAIN_START = r"(?:^|(?<=['\"`])|(?<=split file: ))"
_NO_PATH_BEFORE = r"(?<![\w/.~$%>)\]}*\\<&?#=-]/)(?<![\w/.~$%>)\]}*\\<-])"


def _posix(part: str) -> str:
    somebodys = rf"/(?!{_SYSTEM}|{_ANYBODY})(?=[^/\s]*[^\W\d])"
    return rf"{somebodys}(?:{_ROOT}/{part}|{part}/{part}/{part})(?:/{part})*/?"


def _windows(part: str) -> str:
    sep = r"(?:\\\\?|/)"
    return rf"(?:[A-Za-z]:{sep}{part}(?:{sep}{part})+|[A-Z]:\\\\?{part})"


#: Patterns and their markers; the first two see paths with spaces, which need a certain end.
_CERTAIN_END = r"(?<=\S))(?=['\"`]|[ \t]*$)"
_PATHS = (
    (rf"{_CERTAIN_START}(?P<value>{_posix(_SPACED)}{_CERTAIN_END}", "/"),
    (rf"{_CERTAIN_START}(?P<value>{_windows(_SPACED)}{_CERTAIN_END}", ":\\", ":/"),
    (rf"(?<![A-Za-z0-9])(?P<value>{_windows(_PART)})", ":\\", ":/"),
    (rf"(?<![\\\w>])(?P<value>\\\\(?:\\\\)?[A-Za-z0-9][\w.-]+(?:\\\\?{_PART})+)", "\\\\"),
    (rf"(?<=file://)(?P<value>{_posix(_PART)})", "file://"),
    (rf"{_NO_PATH_BEFORE}(?P<value>{_posix(_PART)})", "/"),
)

#: What stands for "no host": never a leak.
_NOBODY = r"(?!(?:localhost|none|null|unknown|true|false|not|command|127\.0\.0\.1|0\.0\.0\.0)\b)"
_HOST = rf"{_NOBODY}(?P<value>[A-Za-z0-9][\w.-]*)"
_HOST_KEYS = re.compile(
    r"(?i:host(_?name)?|node(_?name)?|computername|machine|slurmd_nodename|slurm_(job_)?nodelist"
    r"|master_addr|user(_?name)?|login|logname)"
)
_HOST_KEY = rf"(?i:\A{_HOST}\Z)"
_SAYS_HOST = (
    r"(?:hostname|host_name|nodename|computername|SLURMD_NODENAME|SLURM_(?:JOB_)?NODELIST"
    r"|MASTER_ADDR|username|user_name|LOGNAME)"
)

_TIME = r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d+)?: "
_CASE = r"(?P<value>[^\s<][^\n]{0,200}?)"


def _detector(kind: Kind, expression: str, *markers: str) -> _Detector:
    return _Detector(kind, expression, markers)


_HOST_CONTEXTS = (
    _detector(
        "host",
        rf"(?i:(?<![A-Za-z0-9_]){_SAYS_HOST}['\"]?[ \t]*[:=][ \t]*['\"]?{_HOST})",
        "name",
        "slurm",
        "master_addr",
    ),
)
#: Where nnU-Net names a case: in the log of the final validation, and where dataset.json lists
#: the training images.
_CASE_CONTEXTS = (
    _detector("subject", rf"{_TIME}predicting {_CASE}[ \t]*$", "predicting "),
    _detector("subject", rf"{_TIME}{_CASE}, shape (?:torch\.Size\(|\()", ", shape "),
    _detector("subject", rf"failed for case {_CASE} because", "failed for case "),
    _detector(
        "subject",
        r"\b(?:images|labels)(?:Tr|Ts|Va)[/\\](?P<value>[^\s'\"<>/\\]+?)(?:_\d{4})?"
        r"(?=\.(?:nii|nrrd|mha|gipl|png|tiff?|bmp|b2nd|npz|npy)\b)",
        *(f"{what}{part}" for what in ("images", "labels") for part in ("tr", "ts", "va")),
    ),
)

#: What stands for a secret, and names in a program: words that a dot or an underscore joins.
_PLAIN = (
    r"(?!(?i:<|\$|%|\*|\.\.\.|xxx|your|example|changeme|dummy)"
    r"|[A-Za-z]+(?:[._][A-Za-z0-9]+)+(?![\w.]))"
)

_SECRETS = (
    _Detector(
        "secret",
        r"(?P<value>-----BEGIN [A-Z ]*PRIVATE KEY-----(?:[\s\S]{0,10000}?-----END [A-Z ]*-----)?)",
        ("-----begin ",),
        one_line=False,
    ),
    _detector(
        "secret",
        r"(?<![A-Za-z0-9_])(?P<value>gh[pousr]_[A-Za-z0-9]{30,}|github_pat_\w{22,}"
        r"|glpat-[\w-]{20,}|hf_[A-Za-z0-9]{30,}|(?:AKIA|ASIA)[0-9A-Z]{16}|AIza[\w-]{35}"
        r"|xox[abeprs]-[\w-]{10,}|pypi-[\w-]{50,}|sk-(?=[\w-]{0,40}\d)(?:\w{1,20}-){0,3}\w{20,}|dckr_pat_[\w-]{20,}"
        r"|eyJ[\w-]{8,200}\.eyJ[\w-]{8,4000}\.[\w-]{8,})",
        *("ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_", "glpat-", "hf_", "akia", "asia"),
        *("aiza", "xox", "pypi-", "sk-", "dckr_pat_", "eyj"),
    ),
    # The password in https://user:password@host.
    _detector(
        "secret",
        r"(?<=://)(?P<value>(?!user(?:name)?:pass)[^\s/:@'\"<>]+:[^\s/@'\"<>$%{]+)(?=@)",
        "://",
    ),
    _detector(
        "secret",
        r"(?i:(?<![A-Za-z0-9])(?:password|passwd|api_?key|secret_?key|secret"
        r"|(?:access|auth)_?token|token)['\"]?[ \t]*[:=][ \t]*['\"]?)"
        rf"(?P<value>{_PLAIN}(?=[^\s'\",;}}]{{0,200}}\d)(?=[^\s'\",;}}]{{0,200}}[A-Za-z])[^\s'\",;<>(){{}}\[\]]{{8,}})",
        "passw",
        "key",
        "secret",
        "token",
    ),
    # A key of Weights & Biases, as `wandb.login(key="...")` takes it.
    _detector(
        "secret", r"(?<![\w-])key['\"]?[ \t]*[:=][ \t]*['\"](?P<value>[0-9a-f]{40})['\"]", "key"
    ),
)

_PEOPLE_AND_MACHINES = (
    # E-mail addresses, not those of programs.
    _detector(
        "host",
        r"(?<![\w.+/:@-])(?!(?:git|no-?reply)@)"
        r"(?P<value>[A-Za-z0-9][\w.+-]*@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*"
        r"\.(?!(?:zip|json|py|pth|txt|png)\b)[A-Za-z]{2,24})(?![\w@-])",
        "@",
    ),
    # user@host: as scp and git-annex write it.
    _detector(
        "host",
        r"(?<![\w.+/:@-])(?!git@)(?P<value>[A-Za-z_][\w.-]*@[A-Za-z0-9][\w.-]*)(?=:[/~<])",
        "@",
    ),
    _detector("host", rf"(?<=tcp://){_HOST}", "tcp://"),
)

_SUBJECTS = (
    # A BIDS label has a digit or a capital, or a BIDS name goes on after it; an English word
    # (sub-volume, sub-optimal) does not.
    _detector(
        "subject",
        r"(?<![A-Za-z0-9<])(?P<value>sub-(?!X+(?![A-Za-z0-9]))(?:[a-z]*[A-Z0-9][A-Za-z0-9]*|[a-z]+(?=_[a-z]+-|[_/]"
        r"(?:T1w|T2w|T2star|dwi|bold|UNIT1|MP2RAGE|anat|func)\b))(?:[_/]ses-[A-Za-z0-9]+)?)",
        "sub-",
    ),
    _detector(
        "subject",
        r"(?<![A-Za-z0-9<])(?P<value>(?i:subject|subj|patient|participant)[-_]\d+)(?![A-Za-z0-9])",
        *("subject-", "subject_", "subj-", "subj_", "patient-", "patient_"),
        *("participant-", "participant_"),
    ),
)

_DETECTORS = (
    *_SECRETS,
    *(_detector("path", *path) for path in _PATHS),
    *_HOST_CONTEXTS,
    *_PEOPLE_AND_MACHINES,
    *_CASE_CONTEXTS,
    *_SUBJECTS,
)


def _of_key(piece: _Piece) -> tuple[_Detector, ...]:
    """Return what the key of a JSON value says about the whole value."""
    return (_Detector("host", _HOST_KEY),) if _HOST_KEYS.fullmatch(piece.key) else ()


def _named(names: Names, text: str) -> Iterator[_Detector]:
    """Yield what finds these names in a text, wherever they stand as whole words."""
    kinds: tuple[tuple[Kind, frozenset[str]], ...] = (
        ("host", names.hosts),
        ("subject", names.subjects),
    )
    for kind, found in kinds:
        # The longest first, so that liver_1 does not hide liver_1_b.
        for name in sorted(found, key=lambda n: (-len(n), n)):
            if name in text:
                word = re.escape(name)
                # What stands before it is looked at last: that is quicker.
                yield _detector(kind, rf"(?P<value>{word})(?<![A-Za-z0-9<]{word})(?![A-Za-z0-9>])")


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
