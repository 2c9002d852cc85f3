"""Rules about a model repository's checkout."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..findings import Problem
from ..wording import count, quote, size
from . import ERROR, GITHUB, INFO, PRACTICE, SCT, SPEC, WARNING, rule

if TYPE_CHECKING:
    from ..models.repository import Repository

#: Findings about single files of one kind before the rest is counted.
_SHOWN = 5


@rule(
    "R001",
    ERROR,
    SPEC,
    "This repository will track issues, as well as store the README and any code or scripts "
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
    ERROR,
    PRACTICE,
    "Without a licence nobody may use, change or share what a repository holds",
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


@rule("R003", WARNING, GITHUB, "GitHub shows `Cite this repository` where it finds a CITATION.cff")
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


@rule("R004", WARNING, PRACTICE, "TODO placeholders were left in the READMEs of published models")
def readme_placeholder(repository: Repository) -> Iterator[Problem]:
    """Text that was meant to be replaced is left in the README.

    Why: a reader can't tell what is true from what nobody filled in.

    Fix: write what belongs there, or remove the line.
    """
    from ..repository_texts import placeholders  # noqa: PLC0415 - a package has no README

    path, text = repository.readme or ("", "")
    for line, found in placeholders(text):
        yield Problem(f"{quote(found)} is left in the README", path, line)


@rule(
    "R005",
    ERROR,
    SPEC,
    "should be uploaded as 'assets' to a release of the repository",
    also=(INFO,),
)
def weights_in_git(repository: Repository) -> Iterator[Problem]:
    """A checkpoint, a packaged model or an image is tracked by git.

    Why: it stays in every clone for ever, even after it is removed, and an image may be a person's.
    The specification wants models attached to a release.

    Fix: `git rm --cached` the file and add it to `.gitignore`; attach models to a release.
    """
    kinds: dict[str, list[str]] = {}
    for path in repository.large:
        kinds.setdefault(repository.kind(path), []).append(path)
    for kind, paths in kinds.items():
        for path in paths[:_SHOWN]:
            amount = size(repository.large[path])
            sample = kind == "image volume" and repository.is_sample(path)
            yield Problem(
                f"{_a(kind)} ({amount}) is tracked by git",
                path,
                severity=INFO if sample else None,
                help="nothing to fix if it is made up, or may be published" if sample else None,
            )
        if paths[_SHOWN:]:
            more = count(len(paths) - _SHOWN, f"more {kind}")
            yield Problem(f"{more} in git", paths[_SHOWN])


def _a(kind: str) -> str:
    return f"an {kind}" if kind[0] in "aeiou" else f"a {kind}"


@rule(
    "R006",
    WARNING,
    PRACTICE,
    "Personal e-mail addresses and home folders stand in published repositories",
)
def personal_path(repository: Repository) -> Iterator[Problem]:
    """A script or workflow names somebody's folder or e-mail address.

    Why: it runs for nobody else, and it tells the world about a person and a cluster. An address in
    a line about authors, copyright or contact is meant to stand there.

    Fix: take it from the configuration, an argument or an environment variable (`$HOME`, `$USER`).
    """
    from ..repository_texts import personal  # noqa: PLC0415 - as above

    for path, text in repository.scripts.items():
        places = sorted(personal(path, text))
        if not places:
            continue
        start, first = places[0]
        others = len({value for _, value in places}) - 1
        more = f" and {others} more" if others else ""
        yield Problem(f"names {quote(first)}{more}", path, text.count("\n", 0, start) + 1)


@rule("R007", WARNING, PRACTICE, "Compiled Python files stand in published model repositories")
def bytecode_in_git(repository: Repository) -> Iterator[Problem]:
    """Compiled Python files are tracked by git.

    Why: they hold the paths of the machine that made them and fit one version of Python.

    Fix: `git rm -r --cached` them and add `__pycache__/` to `.gitignore`.
    """
    found = [path for path in repository.files if path.endswith((".pyc", ".pyo"))]
    if found and repository.tracked:
        more = f" and {len(found) - 1} more" if found[1:] else ""
        yield Problem(f"a compiled Python file is tracked by git{more}", found[0])


@rule("R008", WARNING, SCT, "SCT 7.0 removed `sct_deepseg -task` and `sct_deepseg -install-task`")
def readme_command_outdated(repository: Repository) -> Iterator[Problem]:
    """The README shows a command that SCT no longer has.

    Why: since SCT 7.0 the task is the first argument: `sct_deepseg TASK -i IMAGE`. A folded
    `<details>` section about older versions is passed over.

    Fix: write `sct_deepseg TASK -install` and `sct_deepseg TASK -i IMAGE`.
    """
    from ..repository_texts import outdated_options  # noqa: PLC0415 - as above

    path, text = repository.readme or ("", "")
    for line, option in outdated_options(text):
        yield Problem(f"`sct_deepseg` has no option `{option}`", path, line)


def _readme(repository: Repository) -> str:
    return repository.readme[0] if repository.readme else ""
