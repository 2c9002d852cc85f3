"""A GitHub on this machine, for tests: see README.md."""

from .access import Level, Token
from .builder import OwnerBuilder, RepositoryBuilder
from .faults import ANSWERS, STEPS, Fault
from .hooks import Pause
from .log import Entry
from .server import Ended, GitHubServer

__all__ = [
    "ANSWERS",
    "STEPS",
    "Ended",
    "Entry",
    "Fault",
    "GitHubServer",
    "Level",
    "OwnerBuilder",
    "Pause",
    "RepositoryBuilder",
    "Token",
]
