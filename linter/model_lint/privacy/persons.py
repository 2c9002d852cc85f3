"""Patterns of machines, e-mail addresses and subjects, and the names that are placeholders."""

from __future__ import annotations

import re

from .limits import MAX_BEFORE
from .searched import Pattern

#: Placeholders, and names of accounts in containers, services and programs.
_NAMES = (
    r"(?i:user(?:name|[-_]\w+|\d*)|your[\w.+-]*|you|me|myname|name|someone|somebody|ubuntu|debian"
    r"|centos|vscode|jovyan|runner(?:admin)?|node|app|appuser|docker|coder|codespace|gitpod|circleci"
    r"|travis|vsts|jenkins|ec2-user|azureuser|opc|mambauser|micromamba|conda|nonroot|root|admin|dev"
    r"|developer|public|default|shared|sct|nnunet|path|to|dir|folder|x+|foo|bar|git|gitea|gitlab"
    r"|forgejo|gogs|bitbucket|hg|svn|no-?reply|actions?|github-actions|first[\w.]*last[\w.]*)"
)
NOBODY = rf"{_NAMES}(?![\w.-])"
#: Words in the place of a host that are not hosts, such as the names of a program.
_NO_HOST = (
    r"(?:(?:localhost|none|null|unknown|true|false|not|command|str|int|any|optional|union|os|sys|self"
    r"|args|cfg|config|opts?|options|params|settings|socket|platform|subprocess|getpass)(?![\w-])"
    r"|127\.0\.0\.1|0\.0\.0\.0)"
)
_HOST = rf"(?!(?i:{_NO_HOST})|{NOBODY})(?P<value>[A-Za-z0-9][\w.-]*)(?![(\[{{])"
#: Domains of examples, and of addresses that programs generate.
_NO_DOMAIN = r"(?:[\w-]+\.)*(?:example|domain|github|email|mail|test)\.(?:com|org|net)(?![\w.-])"
_DOMAIN = (
    rf"(?!{_NO_DOMAIN})(?:[A-Za-z][\w-]{{0,63}}\.)+(?!(?:zip|json|py|pth|txt|png)\b)[A-Za-z]{{2,24}}"
    r"(?![\w@(\[-]|\.\w)"
)
#: In a program ``a@b.T`` multiplies matrices, so there an address must end in one of these.
_TOP = (
    r".*\.(?:com|org|net|edu|gov|mil|int|info|io|ai|eu|ac|ae|ar|at|au|be|bg|br|ca|ch|cl|cn|co|cz|de|dk"
    r"|ee|eg|es|fi|fr|gr|hk|hr|hu|id|ie|il|in|ir|is|it|jp|ke|kr|lt|lu|lv|mx|my|ng|nl|no|nz|pe|ph|pk"
    r"|pl|pt|ro|rs|ru|sa|se|sg|si|sk|th|tr|tw|ua|uk|us|uy|ve|vn|za)"
)
#: ``person@machine:folder``, as scp and rsync write it, but not ``git@host:owner/name.git``.
_REMOTE = r"[A-Za-z][\w.-]*(?=:[/~<.])"
_NO_GIT = r"(?!:[\w./~-]{0,200}\.git\b)"
_ADDRESS = rf"(?P<value>@(?:{_DOMAIN}|{_REMOTE})){_NO_GIT}"
_NAME = rf"(?<![\w.+/:@-])(?!{_NAMES}\Z)[A-Za-z0-9_][\w.+-]*\Z"

_HOST_NAMES = (
    r"host_?name|node_?name|computername|slurmd_nodename|slurm_(?:job_)?nodelist|master_addr"
    r"|user_?name|logname"
)


def _begins_word(text: str, found: re.Match[str]) -> bool:
    before = text[found.start() - 1 : found.start()]
    return not (before.isalnum() or before == "_")


#: Contexts in which a text names a machine or a person.
HOST_CONTEXTS = (
    Pattern(
        "host",
        rf"(?:{_HOST_NAMES})['\"]{{0,2}}[ \t]{{0,9}}[:=][ \t]{{0,9}}['\"]{{0,2}}{_HOST}",
        (
            *("hostname", "host_name", "nodename", "node_name", "computername", "nodelist"),
            *("master_addr", "username", "user_name", "logname"),
        ),
        any_case=True,
        accepts=_begins_word,
    ),
    # A key in quotes may be a shorter word, because its value in quotes is a whole name.
    Pattern(
        "host",
        rf"['\"](?:{_HOST_NAMES}|host|node|machine|user|login)['\"]{{1,2}}\s{{0,9}}:\s{{0,9}}"
        rf"['\"]{{1,2}}{_HOST}(?=['\"])",
        ("host", "node", "machine", "user", "login"),
        any_case=True,
    ),
)

ADDRESSES = (Pattern("host", _ADDRESS, ("@",), begins=_NAME),)

HOSTS = (
    *HOST_CONTEXTS,
    *ADDRESSES,
    Pattern("host", rf"tcp://{_HOST}", ("tcp://",)),
)

#: The beginning of a line in nnU-Net's log, or of a string of JSON that is such a line.
_TIME = r"\d{4}(?<![^\n\"]\d{4})-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d{1,9})?: "
_CASE = r"(?P<value>[^\s<\"][^\n\"]{0,200}?)"
#: Contexts in which nnU-Net names a case: the log of the final validation, and the training images
#: in dataset.json.
CASE_CONTEXTS = (
    Pattern("subject", rf"{_TIME}predicting {_CASE}[ \t]{{0,20}}(?=\"|$)", ("predicting ",)),
    Pattern("subject", rf"{_TIME}{_CASE}, shape (?:torch\.Size\(|\()", (", shape ",)),
    Pattern("subject", rf"failed for case {_CASE} because", ("failed for case ",)),
    Pattern(
        "subject",
        r"(?:images|labels)(?:Tr|Ts|Va)[/\\]{1,2}(?P<value>[^\s'\"<>/\\]{1,200}?)(?:_\d{4})?"
        r"(?=\.(?:nii|nrrd|mha|gipl|png|tiff?|bmp|b2nd|npz|npy)\b)",
        ("imagestr", "imagests", "imagesva", "labelstr", "labelsts", "labelsva"),
    ),
)

SUBJECTS = (
    *CASE_CONTEXTS,
    # A BIDS label has a digit or a capital, or a BIDS name goes on after it; an English word
    # (sub-volume, sub-optimal) does not.
    Pattern(
        "subject",
        r"(?P<value>sub-(?<![A-Za-z0-9<]sub-)(?!X+(?![A-Za-z0-9]))"
        r"(?:[a-z]{0,64}[A-Z0-9][A-Za-z0-9]{0,64}|[a-z]{1,64}(?=_[a-z]{1,64}-"
        r"|[_/](?:T1w|T2w|T2star|dwi|bold|UNIT1|MP2RAGE|anat|func)\b))"
        r"(?:[_/]ses-[A-Za-z0-9]{1,64})?)",
        ("sub-",),
    ),
    Pattern(
        "subject",
        r"(?P<value>(?:subject|subj|patient|participant)[-_]\d{1,64})(?![a-z0-9])",
        tuple(
            f"{word}{mark}"
            for word in ("subject", "subj", "patient", "participant")
            for mark in "-_"
        ),
        any_case=True,
        accepts=lambda text, found: (
            _begins_word(text, found) and text[found.start() - 1 : found.start()] != "<"
        ),
    ),
)

_WHOLE_ADDRESS = r"[^@\s]+@[^@\s]+\.[A-Za-z]{2,24}"
# The next expressions are compiled when needed: few texts need them.
#: Words before an address that its owner wants to publish.
_SIGNED = (
    r"author|copyright|\(c\)|maintain|contact|licen[sc]e|citation|credit|correspond|question|feedback"
    r"|[ei]nquir|\bbugs?\b|\bissues?\b|\bhelp\b|\bwrite to\b|\breach\b|\b\w+ed by\b|\be-mail\b"
    r"|__email__|['\"]e?mail['\"]\s*:"
)
#: A comment is for readers, but not a line for the scheduler of a cluster, which looks like one.
_COMMENT = (
    r"(?:^|\s)(?:#(?!\s*(?:SBATCH|PBS|BSUB|OAR|PJM|MSUB|COBALT|QSUB|\$))|%|//|/\*|\*|<!--|REM\b|!)"
    r"\s[^=]*$"
)
#: ``Jane Doe <`` or ``Jane Doe (``.
_NAMED = r"[A-Z][\w'.-]* (?:[A-Z][\w'.-]* ){0,3}[<(]$"


def is_address(value: str) -> bool:
    """Return whether a value is an e-mail address."""
    return re.fullmatch(_WHOLE_ADDRESS, value) is not None


def is_private_address(text: str, start: int, end: int) -> bool:
    """Return whether the address between two offsets of a program is not meant for its readers."""
    if text[end : end + 1] == ":":  # a folder on a machine
        return True
    before = text[max(0, start - MAX_BEFORE) : start]
    line = before[before.rfind("\n") + 1 :]
    is_signed = (
        re.search(_SIGNED, line.lower()) is not None
        or re.search(_COMMENT, line) is not None
        or (line.endswith(("<", "(")) and re.search(_NAMED, line) is not None)
    )
    return not is_signed and re.fullmatch(_TOP, text[start:end]) is not None
