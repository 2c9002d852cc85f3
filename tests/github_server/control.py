"""The same switches over HTTP, for tests whose server is a process of its own."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from .answer import Answer, as_json
from .faults import Fault
from .hooks import Pause

if TYPE_CHECKING:
    from .server import GitHubServer


def answer_control(server: GitHubServer, method: str, path: str, given: bytes) -> Answer:
    """Do what a test asks for.

    ``POST /_control/faults`` adds the fault whose fields the JSON body has, ``DELETE`` clears them;
    ``GET /_control/log`` shows the requests, ``DELETE`` forgets them;
    ``PATCH /_control/settings`` changes settings;
    ``POST /_control/pause`` stops request ``number`` (``when``: before, body, after);
    ``POST /_control/wait`` waits for it and ``POST /_control/release`` lets it go on (``drop``).
    """
    name = f"{method} {path.removeprefix('/_control/')}"
    actions = {
        "POST faults": _add_fault,
        "DELETE faults": _clear_faults,
        "GET log": _show_log,
        "DELETE log": _clear_log,
        "PATCH settings": _change_settings,
        "POST pause": _pause,
        "POST wait": _wait,
        "POST release": _release,
    }
    if name not in actions:
        return as_json({"message": f"no such control: {name}"}, 404)
    try:
        return as_json(actions[name](server, json.loads(given or b"{}")))
    except (ValueError, TypeError, KeyError) as problem:
        return as_json({"message": str(problem)}, 400)


def _add_fault(server: GitHubServer, given: dict[str, Any]) -> object:
    server.faults.add(Fault(**given))
    return {}


def _clear_faults(server: GitHubServer, _given: dict[str, Any]) -> object:
    server.faults.clear()
    return {}


def _show_log(server: GitHubServer, _given: dict[str, Any]) -> object:
    return [asdict(entry) for entry in server.log]


def _clear_log(server: GitHubServer, _given: dict[str, Any]) -> object:
    server.log.clear()
    return {}


def _change_settings(server: GitHubServer, given: dict[str, Any]) -> object:
    for name, value in given.items():
        if not hasattr(server.settings, name):
            raise ValueError(f"no setting is called {name}")
        setattr(server.settings, name, value)
    return asdict(server.settings)


def _of(server: GitHubServer, given: dict[str, Any]) -> Pause:
    return server.hooks.paused(int(given["number"]), str(given.get("when", "before")))


def _pause(server: GitHubServer, given: dict[str, Any]) -> object:
    server.pause_at(int(given["number"]), str(given.get("when", "before")))
    return {}


def _wait(server: GitHubServer, given: dict[str, Any]) -> object:
    return {"reached": _of(server, given).wait(float(given.get("timeout", 60)))}


def _release(server: GitHubServer, given: dict[str, Any]) -> object:
    _of(server, given).release(drop=bool(given.get("drop")))
    return {}
