"""Patterns of absolute paths, and which paths name a person, a group or a cluster."""

from __future__ import annotations

import re

from .persons import NOBODY
from .searched import Pattern

#: Characters of a path's component, if no quotes show where the path ends.
_PART = r"[^\s/\\'\"`<>|;:,()\[\]{}]+"
_SPACED = r"[^/\\'\"`<>|;:\n]+"
#: A word after a blank inside a component: ``SAMSUNG 4TB/``.
_WORD = r" (?!\d+/\d)[^\s/\\'\"`<>|;:,=()\[\]{}~$.*-][^\s/\\'\"`<>|;:,=()\[\]{}]*"
#: Folders of every Linux system, which do not show whose it is.
_SYSTEM = r"(?:bin|sbin|lib|lib64|usr|etc|dev|proc|sys|opt/conda)/"
#: The beginning of paths in examples, and placeholders for the reader's own folder.
_EXAMPLE = r"(?i:path/to/|(?:your|some|my)[-_/]|\w*/?\$)"
#: Folders in which people work: in these, two components make a path; elsewhere three.
_ROOT = (
    r"(?:home|Users|users|root|mnt|media|Volumes|export|nfs|net|srv|opt|tmp|var|private|run"
    r"|(?:local|net)?scratch|data|dataset|datasets|projects?|work|workspace|storage|store|share"
    r"|shared|cluster|lustre|gpfs|beegfs|ceph|cvmfs|nas|ssd|hdd|nvme|raid|disk|vol|archive|content"
    r"|kaggle|mount|app|code|input|output|nnunet|nnUNet\w*)\d*"
)
#: A whole line, a whole string, or the text between quotes.
_CERTAIN_START = r"(?:(?<![^\n'\"`]/)|(?<=split file: /))"
_CERTAIN_END = r"(?<=\S)(?=['\"`]|[ \t]{0,20}$)"
_NO_PATH_BEFORE = r"(?<![\w/.~$%>)\]}*\\<+-]/)"


def _posix(part: str, start: str) -> str:
    somebodys = rf"/{start}(?!{_SYSTEM}|{_EXAMPLE})(?=[^/\s]*[^\W\d])"
    return rf"{somebodys}(?:{_ROOT}/{part}|{part}/{part}/{part})(?:/{part})*"


def _windows(part: str) -> str:
    sep = r"(?:\\\\?|/(?!/))"
    return rf"(?:[A-Za-z]:{sep}{part}(?:{sep}{part})+|[A-Z]:\\\\?{part})"


def _begins_drive(text: str, found: re.Match[str]) -> bool:
    before = text[found.start() - 1 : found.start()]
    return not (before.isascii() and before.isalnum())


def _begins_certainly(text: str, found: re.Match[str]) -> bool:
    return text[found.start() - 1 : found.start()] in {"", "\n", "'", '"', "`"}


#: The first of each kind finds paths with any blanks, which need a certain end.
PATHS = (
    Pattern("path", rf"(?P<value>{_posix(_SPACED, _CERTAIN_START)}/?{_CERTAIN_END})", ("/",)),
    Pattern(
        "path",
        rf"(?P<value>{_posix(_PART, _NO_PATH_BEFORE)}(?:(?:{_WORD}){{1,3}}(?:/{_PART})+)*/?)",
        ("/",),
    ),
    Pattern("path", rf"file://(?P<value>{_posix(_PART, '')}/?)", ("file://",)),
    Pattern(
        "path",
        rf"(?P<value>{_windows(_SPACED)}{_CERTAIN_END})",
        (":\\", ":/"),
        accepts=_begins_certainly,
    ),
    Pattern(
        "path",
        rf"(?P<value>{_windows(_PART)}(?:(?:{_WORD}){{1,3}}(?:\\\\?{_PART})+)*)",
        (":\\", ":/"),
        accepts=_begins_drive,
    ),
    Pattern(
        "path",
        rf"(?P<value>\\\\(?<![\\\w>]\\\\)(?:\\\\)?[A-Za-z0-9][\w.-]+(?:\\\\?{_PART})+)",
        ("\\\\",),
    ),
)

#: Names of folders that many machines have.
_COMMON = (
    r"(?i:data|datasets?|raw|images?|labels?|inputs?|outputs?|models?|results?|projects?|work|src"
    r"|code|tmp|temp|cache|static|uploads?|files?|nnunet\w*|dataset\d{3}_\w+|path|to|x)(?![\w.-])"
)
_NAME = rf"(?!{NOBODY})\w[\w.@-]*"
_REST = r"[\w./-]*"
_FILE = r"[\w-]+\.[a-z]+(?![\w./-])"
#: The beginning of a path that names a person, a group or a cluster. This and the next expression
#: are compiled when needed: few texts need them.
_OWNER = (
    rf"(?:/(?!home|Users)[\w.-]+){{0,3}}/(?:homes?|Users)\d*/{_NAME}"
    rf"|(?:[A-Za-z]:(?:\\{{1,2}}|/)|\\{{1,2}})[Uu]sers(?:\\{{1,2}}|/){_NAME}"
    rf"|/(?:(?:local|net)?scratch|lustre|gpfs|beegfs|ceph|cluster|nfs|nas)\d*/\w{_REST}"
    rf"|/projects?/(?:(?:def|rrg|rpp|ctb|aip|nrg)-\w|[a-z]{{0,3}}\d{{3,}}){_REST}"
    rf"|/(?:run/)?media/(?!{_COMMON}){_NAME}/\w{_REST}"
    rf"|/(?:mnt|Volumes)/[\w.-]+/(?!{_COMMON}|{_FILE}){_NAME}{_REST}"
    rf"|/export\d*/(?!{_COMMON}){_NAME}{_REST}"
)
_NOBODYS = rf"(?:[A-Za-z]:)?(?:/export)?[\\/]{{1,2}}(?:homes?|[Uu]sers)[\\/]{{1,2}}{NOBODY}"


def owner(path: str) -> str | None:
    """Return the beginning of a path that names a person, a group or a cluster, if there is one."""
    found = re.match(_OWNER, path)
    return found[0] if found else None


def is_nobodys(path: str) -> bool:
    """Return whether a path is in the home folder of an example, a service or a container."""
    return re.match(_NOBODYS, path) is not None
