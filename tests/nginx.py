"""A real nginx on loopback that serves a folder."""

from __future__ import annotations

import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

CONFIGURATION = """\
daemon off; master_process off; pid {home}/pid; error_log stderr;
events {{}}
http {{
    access_log off;
    types {{ text/html html; text/css css; text/javascript js mjs; application/wasm wasm; }}
    client_body_temp_path {home}; proxy_temp_path {home}; fastcgi_temp_path {home};
    uwsgi_temp_path {home}; scgi_temp_path {home};
    server {{ listen 127.0.0.1:{port}; root {root}; }}
}}
"""


@contextmanager
def serving(root: Path, home: Path) -> Iterator[str]:
    """Serve the files below ``root``, with nginx's own files in ``home``; yield the address."""
    port = _free_port()
    configuration = home / "nginx.conf"
    configuration.write_text(CONFIGURATION.format(home=home, port=port, root=root))
    program = shutil.which("nginx", path="/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin")
    assert program, "nginx is missing: .ci/programs installs it"
    server = subprocess.Popen([program, "-c", configuration, "-p", home], stderr=subprocess.PIPE)
    try:
        _wait_for(port, server)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.communicate()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port: int = listening.getsockname()[1]
        return port


def _wait_for(port: int, server: subprocess.Popen[bytes]) -> None:
    while server.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except ConnectionRefusedError:
            continue
        return
    raise AssertionError(server.communicate()[1].decode())
