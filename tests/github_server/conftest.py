"""A server with one owner, and the clients that ask it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from github_server import GitHubServer, RepositoryBuilder

FILES = {
    "README.md": "# A model\n",
    "LICENSE": "MIT License\n\nCopyright\n",
    "scripts/train.py": "print('training')\n",
}
ASSET = bytes(range(256)) * 100


@pytest.fixture
def server() -> Iterator[GitHubServer]:
    """The server."""
    with GitHubServer() as server:
        yield server


@pytest.fixture
def model(server: GitHubServer) -> RepositoryBuilder:
    """A repository with two commits and one release."""
    owner = server.add_owner("lab")
    model = owner.add_repository("model_seg_sc", FILES, date="2024-05-01", description="A model")
    model.commit({"scripts/train.py": "print('more')\n", "old.txt": "old"}, "2024-05-20")
    model.release("r20240520", {"model.zip": ASSET}, notes="The first.")
    return model


@pytest.fixture
def token(server: GitHubServer, model: RepositoryBuilder) -> str:
    """The token of one who may do everything with it."""
    return server.add_token("maker", {"lab/*": "admin"})
