"""Names of code in ``plans.json`` that are not parts of a network.

nnU-Net imports the network and every name that ``_kw_requires_import`` lists by ``pydoc.locate``,
without a check, and calls what it finds with arguments from the same file: ``nonlin`` with
``nonlin_kwargs``, and so on (``get_network_from_plans`` of 2.3.1 to 2.8.1).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from ..findings import Problem, Step
from ..wording import quote
from .sct_modules import is_locatable, is_missing_part

#: Exactly this many modules: a longer path can lead to anything that a module imports.
_PART = re.compile(
    r"torch\.nn\.(modules\.[a-z]\w*\.)?[A-Z]\w*"
    r"|dynamic_network_architectures\.building_blocks\.[a-z]\w*\.[A-Z]\w*",
    re.ASCII,
)
#: nnU-Net finds the U-Nets even if their module has moved.
_NETWORK = re.compile(
    r"(dynamic_network_architectures\.architectures\.([a-z]\w*\.)?)?[A-Z]\w*"
    r"|(dynamic_network_architectures|nnunetv2)\.([a-z]\w*\.)*"
    r"(PlainConv|Residual|ResidualEncoder)UNet",
    re.ASCII,
)


def foreign_names(name: str, configuration: Mapping[str, Any]) -> Iterator[Problem]:
    """Yield the names in a resolved configuration that are not classes of networks.

    They would be imported and called. One that certainly can't be imported runs nothing, and is
    left out.
    """
    at: tuple[Step, ...] = ("configurations", name, "architecture")
    described = configuration.get("architecture")
    if not isinstance(described, dict):
        return
    network = described.get("network_class_name")
    if isinstance(network, str) and is_locatable(network) and not _NETWORK.fullmatch(network):
        yield _foreign(network, (*at, "network_class_name"))
    kwargs, imported = described.get("arch_kwargs"), described.get("_kw_requires_import")
    if not isinstance(kwargs, dict) or not isinstance(imported, list):
        return
    for key in imported:
        part = kwargs.get(key) if isinstance(key, str) else None
        if isinstance(part, str) and not _PART.fullmatch(part) and not is_missing_part(part):
            yield _foreign(part, (*at, "arch_kwargs", key))


def _foreign(name: str, steps: tuple[Step, ...]) -> Problem:
    text = f"`{steps[-1]}` is {quote(name)}, which nnU-Net would import and call"
    return Problem(text, steps=steps)
