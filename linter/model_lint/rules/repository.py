"""Rules about a model repository's checkout."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from ..findings import Problem, Severity
from ..repository import Repository
from . import rule

_WEIGHTS = (".pth", ".pt", ".ckpt", ".onnx", ".safetensors", ".h5")
_IMAGES = (".nii", ".nii.gz", ".nrrd", ".mha", ".mhd", ".dcm", ".mgz", ".b2nd")
_MODEL_ZIP = re.compile(
    r"(^|/)(model|dataset\d{3}|.*(nnunet|checkpoint))[^/]*\.zip$", re.IGNORECASE
)

_PLACEHOLDER = re.compile(
    r"\bTODO\b|\bFIXME\b|\bTBD\b|\[More Information Needed\]|(?i:lorem ipsum)|\{\{ ?cookiecutter"
)
#: Options that SCT 7.0 removed; the task is now the first argument.
_OLD_COMMAND = re.compile(r"sct_deepseg[^\n`]*?\s(-task|-install-task|-list-tasks)\b")
_DETAILS = re.compile(r"<details.*?</details>", re.DOTALL | re.IGNORECASE)

#: Home folders, less the names that stand for anybody's, and the usual roots of clusters.
_PERSONAL_PATH = re.compile(
    r"(?<![\w.$}/~-])(?:"
    r"/(?:home|Users)/(?!(?:user|username|runner|you|your|me|name|ubuntu|vscode|jovyan)\b)\w[\w.-]*"
    r"|/(?:scratch|lustre|gpfs|project|projects|cluster)/\w[\w./-]*"
    r"|[A-Z]:\\Users\\(?!user)\w[\w.-]*"
    r")"
)
_EMAIL = re.compile(
    r"(?<![\w.+-])(?!git@|noreply@|no-reply@)[A-Za-z][\w.+-]*@(?!example\.|users\.noreply)"
    r"(?:[\w-]+\.)+(?:com|org|net|edu|gov|mil|int|info|io|eu|ca|us|uk|fr|de|ch|at|be|nl|it|es|pt|cz"
    r"|pl|se|no|dk|fi|jp|cn|kr|au|nz|br|mx|in|il|sg|hk|tw)\b"
)


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
    if not repository.named("license", "licence", "copying"):
        yield Problem("there is no LICENSE at the root of the repository")


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
    if "CITATION.cff" not in repository.files:
        yield Problem("there is no CITATION.cff at the root of the repository")


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
    for line, text in _lines(repository):
        if found := _PLACEHOLDER.search(text):
            yield Problem(f"`{found[0]}` is left in the README", _readme(repository), line)


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
    for path in repository.files:
        name = path.lower()
        if name.endswith(_WEIGHTS):
            yield Problem("a checkpoint is tracked by git", path)
        elif name.endswith(_IMAGES):
            yield Problem("an image volume is tracked by git", path)
        elif _MODEL_ZIP.search(path):
            yield Problem("a packaged model is tracked by git", path)


@rule(
    "R006",
    "personal-path",
    severity=Severity.WARNING,
    since="0.1",
    source="Personal e-mail addresses and home folders stand in published repositories",
)
def personal_path(repository: Repository) -> Iterator[Problem]:
    """A script or workflow names somebody's folder or e-mail address.

    Why: it runs for nobody else, and it tells the world about a person and a cluster.

    Fix: take it from the configuration, an argument or an environment variable (`$HOME`, `$USER`).
    """
    for path, text in repository.scripts.items():
        for number, line in enumerate(text.splitlines(), 1):
            found = _PERSONAL_PATH.search(line) or _EMAIL.search(line)
            if found:
                yield Problem(f"names `{found[0]}`", path, number)


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
    found = [path for path in repository.files if PurePosixPath(path).suffix in {".pyc", ".pyo"}]
    if found:
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
    for line, text in _lines(repository):
        if found := _OLD_COMMAND.search(text):
            yield Problem(f"`sct_deepseg` has no option `{found[1]}`", _readme(repository), line)


def _readme(repository: Repository) -> str:
    return repository.readme[0] if repository.readme else ""


def _lines(repository: Repository) -> Iterator[tuple[int, str]]:
    """Yield the numbered lines of the README, those in folded sections blanked."""
    text = repository.readme[1] if repository.readme else ""
    shown = _DETAILS.sub(lambda found: "\n" * found[0].count("\n"), text)
    yield from enumerate(shown.splitlines(), 1)
