"""Rules about a model repository's checkout."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from ..findings import Problem
from ..wording import listing, quote, size
from . import ERROR, GITHUB, INFO, PRACTICE, SCT, SPEC, WARNING, rule
from .shared import leak_message, shown

if TYPE_CHECKING:
    from ..models.card import Part
    from ..models.repository import Repository
    from ..privacy import Kind, Leak


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
    "Without a licence nobody may use, change or share what a repository contains",
    also=(WARNING,),
)
def license_missing(repository: Repository) -> Iterator[Problem]:
    """The repository has no licence.

    Why: without one nobody, SCT included, is allowed to distribute the model.

    Fix: add a `LICENSE` file; the model repositories of ivadomed use MIT.
    """
    from ..models.readme import grants_license  # noqa: PLC0415 - a package has no README

    path, readme = repository.readme or ("", "")
    if repository.license is None and grants_license(readme):
        yield Problem(
            "the licence is in the README only, where GitHub does not see it",
            path,
            severity=WARNING,
            help="move it to a file `LICENSE`",
        )
    elif repository.license is None:
        yield Problem("there is no LICENSE at the root of the repository")
    elif not repository.license[1].strip():
        yield Problem("the licence is empty", repository.license[0])


@rule("R003", WARNING, GITHUB, "GitHub shows `Cite this repository` if it finds a CITATION.cff")
def citation_missing(repository: Repository) -> Iterator[Problem]:
    """The repository has no `CITATION.cff`.

    Why: GitHub, Zenodo and reference managers read it; without it people cite the wrong thing.

    Fix: add a `CITATION.cff` with the authors, the title and the paper or its preprint.
    """
    if "CITATION.cff" in repository.files:
        return
    near = [path for path in repository.files if path.lower() == "citation.cff"]
    hint = f": GitHub does not know {quote(near[0])}, case matters" if near else ""
    advice = f"rename {quote(near[0])} to `CITATION.cff`" if near else None
    yield Problem(f"there is no CITATION.cff at the root of the repository{hint}", help=advice)


@rule("R004", WARNING, PRACTICE, "TODO placeholders were left in the READMEs of published models")
def readme_placeholder(repository: Repository) -> Iterator[Problem]:
    """Text that was meant to be replaced is left in the README.

    Why: a reader can't tell what is true from what nobody filled in.

    Fix: write what belongs there, or remove the line.
    """
    from ..models.readme import placeholders  # noqa: PLC0415 - as above

    path, text = repository.readme or ("", "")
    problems = (
        Problem(f"{quote(found)} is left in the README", path, line)
        for line, found in placeholders(text)
    )
    yield from shown(problems, WARNING, "placeholder in the README", "placeholders in it")


@rule(
    "R005",
    ERROR,
    SPEC,
    "should be uploaded as 'assets' to a release of the repository",
    also=(INFO,),
)
def weights_in_git(repository: Repository) -> Iterator[Problem]:
    """A checkpoint, a packaged model or an image is tracked by git.

    Why: it stays in every clone for ever, even after it is removed, and an image may show a person.
    The specification wants models attached to a release. A clone without git-lfs has only a pointer
    to a file that git-lfs keeps.

    Fix: `git rm --cached` the file and add it to `.gitignore`; attach models to a release.
    """
    kinds: dict[str, list[Problem]] = {}
    for path in repository.large:
        kinds.setdefault(repository.kind(path), []).append(_large(repository, path))
    for kind, problems in kinds.items():
        yield from shown(problems, ERROR, f"{kind} in git", f"{kind}s in git")
    pointers = (
        Problem(
            f"{_a(repository.kind(path))} is kept by git-lfs",
            path,
            severity=INFO,
            help="attach it to a release: SCT installs models from there",
        )
        for path in repository.pointers
    )
    yield from shown(pointers, ERROR, "model kept by git-lfs", "models kept by git-lfs")


def _large(repository: Repository, path: str) -> Problem:
    kind = repository.kind(path)
    sample = kind == "image volume" and repository.is_sample(path)
    return Problem(
        f"{_a(kind)} ({size(repository.large[path])}) is tracked by git",
        path,
        severity=INFO if sample else None,
        help="nothing to fix if it is synthetic, or may be published" if sample else None,
    )


def _a(kind: str) -> str:
    return f"an {kind}" if kind[0] in "aeiou" else f"a {kind}"


@rule(
    "R006",
    WARNING,
    PRACTICE,
    "Published repositories contain personal e-mail addresses and home folders",
)
def personal_path(repository: Repository) -> Iterator[Problem]:
    """A script, workflow or configuration names somebody's folder or e-mail address.

    Why: it does not run for anybody else, and it tells everybody about a person and a cluster. An
    address in a comment, or in a line about authors, copyright or contact, is ignored.

    Fix: take it from the configuration, an argument or an environment variable (`$HOME`, `$USER`).
    """
    problems = (
        _personal(path, leaks)
        for path, text in repository.scripts.items()
        if (leaks := _names_somebody(path, text))
    )
    yield from shown(problems, WARNING, "file with personal paths", "files with personal paths")


def _names_somebody(path: str, text: str) -> list[Leak]:
    from ..privacy import find_personal  # noqa: PLC0415 - as above

    # A home folder in a container image belongs to nobody.
    in_image = path.rpartition("/")[2] in {"Dockerfile", "Containerfile"}
    return [leak for leak in find_personal(text) if not (in_image and leak.kind == "path")]


def _personal(path: str, leaks: Sequence[Leak]) -> Problem:
    others = len({leak.value for leak in leaks}) - 1
    more = f" and {others} more" if others else ""
    return Problem(f"names {quote(leaks[0].value)}{more}", path, leaks[0].line)


@rule("R007", WARNING, PRACTICE, "Published model repositories contain compiled Python files")
def bytecode_in_git(repository: Repository) -> Iterator[Problem]:
    """Compiled Python, or what an operating system leaves behind, is tracked by git.

    Why: compiled files contain paths of the machine that made them and fit one version of Python;
    `.DS_Store` and similar files list names of files that are not in the repository.

    Fix: `git rm -r --cached` them and add `__pycache__/` or `.DS_Store` to `.gitignore`.
    """
    from ..models.paths import is_junk  # noqa: PLC0415 - as above

    compiled = [path for path in repository.files if path.endswith((".pyc", ".pyo"))]
    junk = [path for path in repository.files if is_junk(path)]
    for found, what in (
        (compiled, "a compiled Python file is tracked by git"),
        (junk, "a file that an operating system left behind is tracked by git"),
    ):
        if found and repository.tracked:
            more = f" and {len(found) - 1} more" if found[1:] else ""
            yield Problem(f"{what}{more}", found[0])


@rule("R008", WARNING, SCT, "SCT 7.0 removed `sct_deepseg -task` and `sct_deepseg -install-task`")
def readme_command_outdated(repository: Repository) -> Iterator[Problem]:
    """A README or a script uses a command that SCT no longer has.

    Why: since SCT 7.0 the task is the first argument: `sct_deepseg TASK -i IMAGE`. Commands in a
    folded `<details>` section, and commands that are introduced as those of an older version, are
    ignored.

    Fix: write `sct_deepseg TASK -install` and `sct_deepseg TASK -i IMAGE`.
    """
    from ..models.readme import outdated_options  # noqa: PLC0415 - as above

    problems = (
        Problem(f"`sct_deepseg` has no option `{option}`", path, line)
        for path, text in repository.texts.items()
        if "sct_deepseg" in text
        for line, option in outdated_options(text)
    )
    yield from shown(problems, WARNING, "such command")


@rule(
    "R010",
    ERROR,
    GITHUB,
    "GitHub searches public repositories for tokens and revokes them, and so do thieves",
    security=True,
    private=True,
)
def secret_in_git(repository: Repository) -> Iterator[Problem]:
    """A script, a configuration or a README contains a password, a token or a private key.

    Why: everybody who reads the repository can use it, and git keeps it after it is removed.

    Fix: revoke it where it was issued, because it counts as known. Then read it from the
    environment.
    """
    from ..privacy import find_leaks  # noqa: PLC0415 - as above

    kinds: tuple[Kind, ...] = ("secret",)
    problems = (
        Problem(
            leak_message(secrets, "the password, token or key", "passwords, tokens or keys"),
            path,
            secrets[0].line,
        )
        for path, text in repository.texts.items()
        if (secrets := find_leaks(text, search_names_everywhere=False, kinds=kinds))
    )
    yield from shown(problems, ERROR, "file with secrets", "files with secrets")


@rule(
    "R011",
    WARNING,
    PRACTICE,
    "git can't fetch a submodule: no url found in .gitmodules",
)
def submodule_undeclared(repository: Repository) -> Iterator[Problem]:
    """A folder is a link to another repository, but `.gitmodules` has no address for it.

    Why: git tracks only the number of a commit there, so the folder is empty in every clone. This
    happens when a clone inside the repository is added with `git add`.

    Fix: add it with `git submodule add ADDRESS FOLDER`, or remove it with `git rm --cached`.
    """
    links = repository.broken_links
    if links:
        verb = "are links" if links[1:] else "is a link"
        message = f"{listing(links)} {verb} to another repository without an address"
        yield Problem(f"{message} in `.gitmodules`", links[0])


@rule(
    "R012",
    INFO,
    SCT,
    "SCT and nnU-Net load a trainer folder, not the repository around it",
)
def model_in_git(repository: Repository) -> Iterator[Problem]:
    """The repository tracks a whole trainer folder, which is not checked with it.

    Why: a repository and a model are linted by different rules.

    Fix: lint it with `model-lint check FOLDER`.
    """
    problems = (
        Problem(
            f"the model {quote(folder)} is not checked",
            folder,
            help=f"`model-lint check {folder}` lints it",
        )
        for folder in repository.trainers
    )
    yield from shown(problems, INFO, "model")


@rule("R013", INFO, PRACTICE, "What was not read is not called clean")
def text_unread(repository: Repository) -> Iterator[Problem]:
    """Scripts or other texts of a repository on GitHub were not read.

    Why: the repository is too large to be sent in one archive, and each file that is
    read alone takes a request. Without a token, GitHub allows 60 requests in an hour.

    Fix: clone the repository, and lint the clone.
    """
    unread = repository.unread
    if unread:
        yield Problem(f"{listing(unread)} {'were' if unread[1:] else 'was'} not read")


@rule(
    "R014",
    WARNING,
    PRACTICE,
    "READMEs of published models describe other versions than the one that is released",
)
def card_outdated(repository: Repository) -> Iterator[Problem]:
    """A part of the model card that the workflow writes was edited, or is older than its results.

    Why: its numbers are then not those of the evaluation, and nobody can tell which are right. The
    workflow overwrites what is edited there.

    Fix: run the step that writes it again: `snakemake --forcerun card`. Write your own text outside
    of the marks `<!-- card:... -->` and `<!-- card:end -->`.
    """
    from ..models.card import parts  # noqa: PLC0415 - as above

    path, text = repository.readme or ("", "")
    problems = (
        Problem(f"the part {quote(part.name)} of the model card {wrong}", path, part.line)
        for part in parts(text)
        if (wrong := _outdated(part, repository.card_sources))
    )
    yield from shown(problems, WARNING, "such part", "such parts")


def _outdated(part: Part, sources: Mapping[str, str]) -> str:
    """Return what is wrong with a part of the card; "" if it is as it was written."""
    from ..models.card import digest  # noqa: PLC0415 - as above

    if part.text is None:
        return "has no end: the line `<!-- card:end -->` is missing"
    if part.digest is not None and digest(part.text) != part.digest:
        return "was edited by hand"
    changed = [
        p for p, known in part.sources.items() if p in sources and digest(sources[p]) != known
    ]
    return f"is older than {listing(changed)}" if changed else ""
