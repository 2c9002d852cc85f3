"""The family: packages mutated from the genuine model in ``tests/data``, good and bad.

``python -m family FOLDER`` (with ``tests/consumers`` on the path) writes them all.
"""

from __future__ import annotations

from . import checkpoint, container, dataset, layout, networks, plans, trainer
from .sample import FAMILY, Sample

__all__ = [
    "FAMILY",
    "Sample",
    "checkpoint",
    "container",
    "dataset",
    "layout",
    "networks",
    "plans",
    "trainer",
]
