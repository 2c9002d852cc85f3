"""Start the server with the demo: ``python -m tests.github_server``.

It prints two lines that a shell can take over, and runs until it is interrupted or terminated:

    GITHUB_API_URL=http://127.0.0.1:PORT/api/v3
    GITHUB_TOKEN=...
"""

from __future__ import annotations

import argparse
import signal
from threading import Event

from .demo import build_demo
from .server import GitHubServer


def main() -> None:
    """Run the server."""
    parser = argparse.ArgumentParser(prog="python -m tests.github_server", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="the port; any free one by default")
    parser.add_argument("--storage-port", type=int, default=0, help="that of the storage")
    given = parser.parse_args()
    ended = Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    with GitHubServer(port=given.port, storage_port=given.storage_port) as server:
        token = build_demo(server)
        print(f"GITHUB_API_URL={server.api_url}\nGITHUB_TOKEN={token}", flush=True)
        ended.wait()


if __name__ == "__main__":
    main()
