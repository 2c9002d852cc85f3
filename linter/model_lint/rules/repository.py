"""Rules about a model repository's checkout."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..findings import Problem, Severity
from ..repository import Repository, large_kind
from ..wording import count, quote, size
from . import rule

#: Findings about single files of one kind before the rest is counted.
_SHOWN = 5
#: Folders of files that a program is tried with: a small image there is made for it, or a sample.
_SAMPLES = re.compile(
    r"(^|/)([^/]*[-_.])?(tests?|testing|testdata|examples?|samples?|demos?|phantoms?|fixtures?)"
    r"([-_.][^/]*)?/",
    re.IGNORECASE,
)
_SMALL = 1024 * 1024

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


@rule(
    "R001",
    "readme-missing",
    severity=Severity.ERROR,
    since="0.1",
    source="This repository will track issues, as well as store the README and any code or scripts "
    "associated with your model.",
)
def readme_missing(repository: Repository) -> Iterator[Problem]:
    """The repository has no README.

    Why: the specification asks for it, and nobody can use a model that nothing describes.

    Fix: add a `README.md` that says what the model segments, on which images, and how to run it.
    """
    if repository.readme is None:
        yield Problem("there is no README at the root of the repository")
    elif not repository.readme[1].strip():
        yield Problem("the README is empty", repository.readme[0])


@rule(
    "R002",
    "license-missing",
    severity=Severity.ERROR,
    since="0.1",
    source="Without a licence nobody may use, change or share what a repository holds",
)
def license_missing(repository: Repository) -> Iterator[Problem]:
    """The repository has no licence.

    Why: without one nobody, SCT included, is allowed to distribute the model.

    Fix: add a `LICENSE` file; the model repositories of ivadomed use MIT.
    """
    if repository.license is None:
        yield Problem("there is no LICENSE at the root of the repository")
    elif not repository.license[1].strip():
        yield Problem("the licence is empty", repository.license[0])


@rule(
    "R003",
    "citation-missing",
    severity=Severity.WARNING,
    since="0.1",
    source="GitHub shows `Cite this repository` where it finds a CITATION.cff",
)
def citation_missing(repository: Repository) -> Iterator[Problem]:
    """The repository has no `CITATION.cff`.

    Why: GitHub, Zenodo and reference managers read it; without it people cite the wrong thing.

    Fix: add a `CITATION.cff` with the authors, the title and the paper or its preprint.
    """
    if "CITATION.cff" in repository.files:
        return
    near = [path for path in repository.files if path.lower() == "citation.cff"]
    hint = f": GitHub does not know {quote(near[0])}, case matters" if near else ""
    yield Problem(f"there is no CITATION.cff at the root of the repository{hint}")


@rule(
    "R004",
    "readme-placeholder",
    severity=Severity.WARNING,
    since="0.1",
    source="TODO placeholders were left in the READMEs of published models",
)
def readme_placeholder(repository: Repository) -> Iterator[Problem]:
    """Text that was meant to be replaced is left in the README.

    Why: a reader can't tell what is true from what nobody filled in.

    Fix: write what belongs there, or remove the line.
    """
    text = _CODE.sub(_blank, _shown(repository))
    for found in _PLACEHOLDER.finditer(text):
        line = text.count("\n", 0, found.start()) + 1
        yield Problem(f"{quote(found[0])} is left in the README", _readme(repository), line)


@rule(
    "R005",
    "weights-in-git",
    severity=Severity.ERROR,
    since="0.1",
    source="should be uploaded as 'assets' to a release of the repository",
)
def weights_in_git(repository: Repository) -> Iterator[Problem]:
    """A checkpoint, a packaged model or an image is tracked by git.

    Why: it stays in every clone for ever, even after it is removed, and an image may be a person's.
    The specification wants models attached to a release.

    Fix: `git rm --cached` the file and add it to `.gitignore`; attach models to a release.
    """
    kinds: dict[str, list[str]] = {}
    for path in repository.large:
        kinds.setdefault(large_kind(path) or "", []).append(path)
    for kind, paths in kinds.items():
        for path in paths[:_SHOWN]:
            amount = size(repository.large[path])
            sample = kind == "image volume" and _is_sample(path, repository)
            yield Problem(
                f"{_a(kind)} ({amount}) is tracked by git",
                path,
                severity=Severity.INFO if sample else None,
                help="nothing to fix if it is made up, or may be published" if sample else None,
            )
        if paths[_SHOWN:]:
            more = count(len(paths) - _SHOWN, f"more {kind}")
            yield Problem(f"{more} in git", paths[_SHOWN])


def _a(kind: str) -> str:
    return f"an {kind}" if kind[0] in "aeiou" else f"a {kind}"


def _is_sample(path: str, repository: Repository) -> bool:
    return repository.large[path] < _SMALL and _SAMPLES.search(path) is not None


@rule(
    "R006",
    "personal-path",
    severity=Severity.WARNING,
    since="0.1",
    source="Personal e-mail addresses and home folders stand in published repositories",
)
def personal_path(repository: Repository) -> Iterator[Problem]:
    """A script or workflow names somebody's folder or e-mail address.

    Why: it runs for nobody else, and it tells the world about a person and a cluster. An address in
    a line about authors, copyright or contact is meant to stand there.

    Fix: take it from the configuration, an argument or an environment variable (`$HOME`, `$USER`).
    """
    for path, text in repository.scripts.items():
        places = sorted(_personal(path, text))
        if not places:
            continue
        start, first = places[0]
        others = len({value for _, value in places}) - 1
        more = f" and {others} more" if others else ""
        yield Problem(f"names {quote(first)}{more}", path, text.count("\n", 0, start) + 1)


def _personal(path: str, text: str) -> Iterator[tuple[int, str]]:
    """Yield the paths and addresses of persons in a script, with their offsets."""
    # A home folder in an image is that of nobody.
    if path.rpartition("/")[2] != "Dockerfile" and any(root in text for root in _ROOTS):
        yield from ((found.start(), found[0]) for found in _PERSONAL_PATH.finditer(text))
    for host in _MAIL_HOST.finditer(text):
        line = text[max(text.rfind("\n", 0, host.start()) + 1, host.start() - 200) : host.start()]
        name = _MAIL_NAME.search(line)
        if name and not _NOBODY.fullmatch(name[0]) and not _SIGNED.search(line):
            yield host.start() - len(name[0]), name[0] + host[0]


@rule(
    "R007",
    "bytecode-in-git",
    severity=Severity.WARNING,
    since="0.1",
    source="Compiled Python files stand in published model repositories",
)
def bytecode_in_git(repository: Repository) -> Iterator[Problem]:
    """Compiled Python files are tracked by git.

    Why: they hold the paths of the machine that made them and fit one version of Python.

    Fix: `git rm -r --cached` them and add `__pycache__/` to `.gitignore`.
    """
    found = [path for path in repository.files if path.endswith((".pyc", ".pyo"))]
    if found and repository.tracked:
        more = f" and {len(found) - 1} more" if found[1:] else ""
        yield Problem(f"a compiled Python file is tracked by git{more}", found[0])


@rule(
    "R008",
    "readme-command-outdated",
    severity=Severity.WARNING,
    since="0.1",
    source="SCT 7.0 removed `sct_deepseg -task` and `sct_deepseg -install-task`",
)
def readme_command_outdated(repository: Repository) -> Iterator[Problem]:
    """The README shows a command that SCT no longer has.

    Why: since SCT 7.0 the task is the first argument: `sct_deepseg TASK -i IMAGE`. A folded
    `<details>` section about older versions is passed over.

    Fix: write `sct_deepseg TASK -install` and `sct_deepseg TASK -i IMAGE`.
    """
    text = _shown(repository)
    for found in _OLD_COMMAND.finditer(text):
        if not _OLDER.search(_introduction(text, found.start())):
            line = text.count("\n", 0, found.start()) + 1
            yield Problem(f"`sct_deepseg` has no option `{found[1]}`", _readme(repository), line)


def _readme(repository: Repository) -> str:
    return repository.readme[0] if repository.readme else ""


def _shown(repository: Repository) -> str:
    """Return the README without its folded sections and comments, lines kept."""
    return _DETAILS.sub(_blank, repository.readme[1] if repository.readme else "")


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
