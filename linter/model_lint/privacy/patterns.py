"""All that is looked for, in the order in which one of two that begin at one place wins."""

from __future__ import annotations

from .credentials import SECRETS
from .folders import PATHS
from .persons import HOSTS, SUBJECTS

PATTERNS = (*SECRETS, *PATHS, *HOSTS, *SUBJECTS)
