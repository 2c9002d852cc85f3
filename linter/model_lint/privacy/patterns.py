"""All patterns; of two matches with the same start and end, that of the earlier one comes first."""

from __future__ import annotations

from .credentials import SECRETS
from .folders import PATHS
from .persons import HOSTS, SUBJECTS

PATTERNS = (*SECRETS, *PATHS, *HOSTS, *SUBJECTS)
