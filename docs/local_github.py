"""Commands about releases: run against the tests' GitHub, and shown as if it were the real one."""

from __future__ import annotations

import os
import re
import tempfile
from pathlib import Path
from unittest.mock import patch

from console import console
from github_server import GitHubServer
from releasing import NAME, TAG, ReleaseCase, zip_of

#: What the guides show: a release of two models, with a title of its own.
SHOWN = ReleaseCase(
    "",
    "",
    title="First model",
    assets={f"{NAME}-{TAG}.zip": zip_of()},
    files={"training/run.sh": "cd /home/jdoe/nnunet\n"},
)


def local_console(case: ReleaseCase, command: str) -> str:
    """Run a command while a release is on the local GitHub; return the console."""
    with GitHubServer() as server, tempfile.TemporaryDirectory() as folder:
        case.publish(server)
        token = server.add_token("maker", {"*": "push"})
        asked = {"GITHUB_API_URL": server.api_url, "GH_TOKEN": token, "GITHUB_SERVER_URL": ""}
        with patch.dict(os.environ, asked):
            text = console(command.replace("https://github.com", server.url), Path(folder))
    shown = text.replace("SERVER", server.url).replace(server.url, "https://github.com")
    return re.sub(r"127\.0\.0\.1:\d+", "github.com", shown)
