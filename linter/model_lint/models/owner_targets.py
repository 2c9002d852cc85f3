"""The targets of an audit: what holds for a repository once, then each of its releases."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..storage.github import Hub
from ..storage.http import Server
from .owner import Listed, is_model_zip
from .remote import load_zip_of
from .target import Given, Target


def read_repository(hub: Hub, listed: Listed, given: Given) -> tuple[Target, ...]:
    """Read the default branch of a repository. Raises UsageError."""
    return (Target(listed.full_name, "repository", name=given.parse(listed.name)),)


def read_release(
    hub: Hub, listed: Listed, raw: Mapping[str, Any], given: Given
) -> tuple[Target, ...]:
    """Read a release and its packages. Raises UsageError."""
    return tuple(_packages(raw, given))


def _packages(raw: Mapping[str, Any], given: Given) -> Iterator[Target]:
    for asset in raw["assets"]:
        if is_model_zip(asset["name"]):
            url = asset["browser_download_url"]
            yield load_zip_of(url, Server(url), given, asset["name"])
