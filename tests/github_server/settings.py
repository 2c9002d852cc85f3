"""What a test can set."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class Settings:
    """Limits and habits of the server; the defaults are GitHub's."""

    #: The largest asset, in bytes.
    max_asset_size: int = 2**31
    #: The most assets of one release.
    max_assets: int = 1000
    #: The most entries of a tree that is listed recursively.
    max_tree_entries: int = 100_000
    #: Requests per hour, without and with a token.
    anonymous_limit: int = 60
    token_limit: int = 5000
    #: After how many seconds the limits start anew.
    limit_window: int = 3600
    #: For how many seconds the address of a file in the storage is valid.
    url_lifetime: int = 300
    #: Whether the API sends assets itself instead of pointing to the storage.
    direct_downloads: bool = False
    #: Seconds before each answer: for measurements only.
    latency: float = 0.0
