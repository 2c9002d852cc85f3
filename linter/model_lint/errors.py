"""What ends a run with exit status 2: one line for the user, never a traceback."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

#: Where a defect of model-lint is reported.
ISSUES_URL = "https://github.com/ivadomed/model-template/issues"
#: What the extra `github` adds.
_EXTRA = frozenset({"github", "platformdirs", "requests", "tqdm", "urllib3"})


def defect(error: Exception) -> str:
    """Return the line about an error that is a defect of model-lint."""
    return (
        f"internal error: {type(error).__name__}: {error}; please report it at {ISSUES_URL} with "
        "what MODEL_LINT_TRACEBACK=1 shows"
    )


class UsageError(Exception):
    """Wrong arguments, wrong configuration, or a target that can't be read.

    The message is one line that says what is wrong and what to do about it.
    """


#: What is said of a link whose file is not there, as in git-annex and DVC.
DANGLING = "a link to a missing file; get its content first (git annex get, dvc pull)"


def require_file(path: Path, shown: str = "") -> None:
    """Raise UsageError unless a path is a file; ``shown`` is how users see it."""
    if not path.is_file():
        missing = DANGLING if path.is_symlink() else "no such file"
        what = "a folder, not a file" if path.is_dir() else "not a file"
        raise UsageError(f"{shown or path}: {what if path.exists() else missing}")


@contextmanager
def contained(about: str = "") -> Iterator[None]:
    """Turn a defect of model-lint into a UsageError, so that the other targets are still judged."""
    try:
        yield
    except (UsageError, OSError):
        raise
    except Exception as error:
        if os.environ.get("MODEL_LINT_TRACEBACK"):
            raise
        raise UsageError(about + defect(error)) from error


class NothingToLint(UsageError):  # noqa: N818 - not an error, but an answer
    """A target that exists but contains nothing to lint: exit status 3 of ``check``."""


class NotAPackage(UsageError):  # noqa: N818 - as above
    """A file that is a checkpoint, without the package around it."""


class NotThere(UsageError):  # noqa: N818 - as above
    """A server has no such file, or none for those who don't say who they are."""


class Stopped(BaseException):
    """A signal asked the program to stop; unfinished files are removed on the way out."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


@contextmanager
def extra(adds: str, about: str = "") -> Iterator[None]:
    """Turn a missing package of the extra ``github`` into a UsageError: how to install it.

    Args:
        adds: what the extra adds.
        about: what the message begins with.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        if error.name not in _EXTRA:
            raise
        advice = f'`pip install "model-lint[github]"` adds {adds}'
        raise UsageError(f"{about}{advice} ({error.name} is missing)") from error
