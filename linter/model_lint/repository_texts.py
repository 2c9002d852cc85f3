"""What is looked for in the texts of a model repository: its README and its scripts."""

from __future__ import annotations

import re
from collections.abc import Iterator

_PLACEHOLDER = re.compile(
    r"\b(?:TODO|FIXME|TBD)\b(?!\.\w|\s+list\b)|\[More Information Needed\]|(?i:lorem ipsum)"
    r"|\{\{ ?cookiecutter"
)
#: Options that SCT 7.0 removed, up to the end of the command; the task is its first argument now.
_OLD_COMMAND = re.compile(
    r"\bsct_deepseg\b(?:[^\n`\\]|\\\n)*?(?<=\s)(-task|-install-task|-list-tasks)(?![\w-])"
)
#: What says of a command that it is meant for an older SCT.
_OLDER = re.compile(
    r"(?i:\b(?:older|earlier|previous|legacy|before|prior|deprecated|no longer)\b"
    r"|\b(?:sct|toolbox)\b.{0,20}(?:<|\bv?[1-6]\.\d))"
)
_DETAILS = re.compile(r"<details.*?</details>|<!--.*?-->", re.DOTALL | re.IGNORECASE)
_CODE = re.compile(r"^([ \t]*)(```+|~~~+).*?^\1\2[ \t]*$|`[^`\n]*`", re.DOTALL | re.MULTILINE)

#: Names in paths that stand for anybody, or for the user of an image or a service.
_ANYBODY = (
    r"(?i:user(?:name|[-_]\w+|\d*)|your\w*|you|me|myname|name|someone|ubuntu|vscode|jovyan"
    r"|runner(?:admin)?|node|app|appuser|docker|coder|codespace|gitpod|circleci|travis|vsts|ec2-user|mambauser|micromamba|conda"
    r"|nonroot|dev|developer|public|default|shared|sct|nnunet|path|to|dir|folder|x+|foo|bar)"
    r"(?![\w.-])"
)
#: Home folders, and the usual roots of clusters.
_PERSONAL_PATH = re.compile(
    rf"(?:(?<=file://)|(?<![\w.$}}/~-]))(?:"
    rf"/(?:home|Users)/(?!{_ANYBODY})\w[\w.-]*"
    r"|/(?:(?:local)?scratch|lustre|gpfs|cluster|nfs)\d*/\w[\w./-]*"
    r"|/projects?/(?:def|rrg|rpp|ctb|aip|nrg)-\w[\w./-]*"
    rf"|[A-Za-z]:(?:\\{{1,4}}|/)Users(?:\\{{1,4}}|/)(?!{_ANYBODY})\w[\w.-]*"
    r")"
)
#: Every such path holds one of these: looking for them first saves most of the time.
_ROOTS = ("/home/", "Users", "scratch", "/lustre", "/gpfs", "/cluster", "/nfs", "/project")
#: An address is looked for by its end, and the rest read backwards.
_MAIL_HOST = re.compile(
    r"@(?!(?:[\w-]+\.)*(?:example|domain|github|email|mail|test)\.(?:com|org|net)(?![\w.-]))"
    r"(?:[A-Za-z][\w-]*\.)+(?:com|org|net|edu|gov|mil|int|info|io|eu|ca|us|uk|fr|de|ch|at|be|nl|it"
    r"|es|pt|cz|pl|se|no|dk|fi|jp|cn|kr|au|nz|br|mx|in|il|sg|hk|tw)(?![\w@(\[-]|\.\w)"
)
_MAIL_NAME = re.compile(r"(?<![\w.+-])[A-Za-z][\w.+-]*$")
_NOBODY = re.compile(
    rf"git|no-?reply|actions?|github-actions|your[\w.+-]*|first[\w.]*last[\w.]*|{_ANYBODY}"
)
#: An address on such a line is its owner's choice.
_SIGNED = re.compile(r"(?i:author|copyright|\(c\)|maintainer|contact|licen[sc]e|citation|credit)")


def placeholders(readme: str) -> Iterator[tuple[int, str]]:
    """Yield what was meant to be replaced, with the number of its line."""
    text = _CODE.sub(_blank, _shown(readme))
    for found in _PLACEHOLDER.finditer(text):
        yield text.count("\n", 0, found.start()) + 1, found[0]


def outdated_options(readme: str) -> Iterator[tuple[int, str]]:
    """Yield options of ``sct_deepseg`` that SCT 7.0 removed, with the number of their line."""
    text = _shown(readme)
    for found in _OLD_COMMAND.finditer(text):
        if not _OLDER.search(_introduction(text, found.start())):
            yield text.count("\n", 0, found.start()) + 1, found[1]


def personal(path: str, text: str) -> Iterator[tuple[int, str]]:
    """Yield the paths and addresses of persons in a script, with their offsets."""
    # A home folder in an image is that of nobody.
    if path.rpartition("/")[2] != "Dockerfile" and any(root in text for root in _ROOTS):
        yield from ((found.start(), found[0]) for found in _PERSONAL_PATH.finditer(text))
    for host in _MAIL_HOST.finditer(text):
        line = text[max(text.rfind("\n", 0, host.start()) + 1, host.start() - 200) : host.start()]
        name = _MAIL_NAME.search(line)
        if name and not _NOBODY.fullmatch(name[0]) and not _SIGNED.search(line):
            yield host.start() - len(name[0]), name[0] + host[0]


def _shown(readme: str) -> str:
    """Return a README without its folded sections and comments, lines kept."""
    return _DETAILS.sub(_blank, readme)


def _blank(found: re.Match[str]) -> str:
    return "\n" * found[0].count("\n")


def _introduction(text: str, offset: int) -> str:
    """Return what introduces a command: its heading, and the last line of text before the code."""
    heading = spoken = ""
    in_code = False
    for line in text[:offset].split("\n"):
        if line.lstrip().startswith(("```", "~~~")):
            in_code = not in_code
        elif not in_code and line.startswith("#"):
            heading, spoken = line, ""
        elif not in_code and line.strip():
            spoken = line
    return f"{heading}\n{spoken}\n{text[text.rfind(chr(10), 0, offset) + 1 : offset]}"
