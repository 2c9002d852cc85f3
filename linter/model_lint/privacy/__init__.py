"""Find and remove what must not leave the laboratory: paths, hosts, subjects and secrets.

nnU-Net writes the host name and absolute paths into ``debug.json``, and paths and case names into
its training logs. Scripts contain home folders, clusters and keys of services. Packages and
repositories are searched with the same patterns.
"""

from __future__ import annotations

from .find import Leak, Names, find_leaks, find_names, find_personal
from .folders import is_nobodys
from .persons import is_address
from .scrub import Scrubbed, scrub, scrub_all, scrubbed
from .searched import Kind

__all__ = [
    "Kind",
    "Leak",
    "Names",
    "Scrubbed",
    "find_leaks",
    "find_names",
    "find_personal",
    "is_address",
    "is_nobodys",
    "scrub",
    "scrub_all",
    "scrubbed",
]
