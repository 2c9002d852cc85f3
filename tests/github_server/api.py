"""The API: who asks, how often, what is meant, and what GitHub adds to every answer."""

from __future__ import annotations

import hashlib
import re

from . import assets, commits, contents, issues, owners, refs, releases, repositories
from .access import Level, Token, demand, identify
from .answer import DOCUMENTATION, Answer, RefusedError, as_json, error, not_found
from .git import GitError
from .rate import Rate, exceeded
from .request import Request
from .route import Call, find
from .state import State

#: The modules whose functions are the routes.
SUBJECTS = (assets, commits, contents, issues, owners, refs, releases, repositories)
VERSIONS = ("2022-11-28", "2026-03-10")
_MOVED = f"{DOCUMENTATION}/guides/best-practices-for-using-the-rest-api#follow-redirects"


def answer_api(state: State, rate: Rate, request: Request) -> Answer:
    """Answer a request for the API."""
    token: Token | None = None
    free = request.path == "/rate_limit"
    try:
        token = identify(state.tokens, request.headers.get("Authorization"))
        request.entry.token = token.value if token else None
        if free or rate.spend(token):
            answer = _routed(state, token, rate, request)
        else:
            owner = state.owner(token.login) if token else None
            answer = exceeded(token, owner.id if owner else 0)
    except RefusedError as refused:
        answer = refused.answer
    except GitError as problem:
        answer = error(422, str(problem).strip() or "Unprocessable")
    request.body.drain()
    answer = _conditional(request, answer)
    if answer.status == 304 and token and not free:
        rate.give_back(token)
    return answer.plus(**_common(token)).plus(**rate.headers(token))


def _routed(state: State, token: Token | None, rate: Rate, request: Request) -> Answer:
    _check(request)
    if request.path == "/rate_limit":
        request.entry.route = "GET /rate_limit"
        core = rate.numbers(token)
        return as_json({"resources": {"core": core, "search": {**core, "limit": 30}}, "rate": core})
    path = _by_number(state, request.path)
    route, words = find(request.method, path)
    request.entry.route = route.name
    repository = None
    if "repo" in words:
        full_name = f"{words['owner']}/{words['repo']}"
        repository = state.repository(full_name)
        if repository is None:
            _moved(state, token, request, full_name)
        assert repository
        demand(token, repository, route.needs)
        if repository.archived and request.method != "GET" and not path.count("/") == 3:
            raise RefusedError(error(403, "Repository was archived so is read-only."))
    call = Call(state, request, token, repository, words)
    if request.method in {"GET", "HEAD"} or route.name.endswith("/assets"):
        return route.answer(call)
    with state.lock:
        return route.answer(call)


def _check(request: Request) -> None:
    if not request.headers.get("User-Agent"):
        raise RefusedError(error(403, "Request forbidden by administrative rules."))
    version = request.headers.get("X-GitHub-Api-Version")
    if version and version not in VERSIONS:
        raise RefusedError(error(400, f"Invalid API version: {version}"))


def _by_number(state: State, path: str) -> str:
    """Turn ``/repositories/ID`` into the path with the name."""
    found = re.fullmatch(r"/repositories/(\d+)(/.*)?", path)
    if not found:
        return path
    for repository in state.repositories:
        if repository.id == int(found[1]):
            return f"/repos/{repository.full_name}{found[2] or ''}"
    raise not_found()


def _moved(state: State, token: Token | None, request: Request, full_name: str) -> None:
    """Raise RefusedError: with the new address of what was renamed, or because it is not there."""
    repository = state.former.get(full_name.lower())
    if repository is None:
        raise not_found()
    demand(token, repository, Level.READ)
    rest = request.path.split("/", 4)[4:]
    address = "/".join([f"{request.api}/repositories/{repository.id}", *rest])
    if request.query_text:
        address += f"?{request.query_text}"
    reads = request.method in {"GET", "HEAD"}
    message, status = ("Moved Permanently", 301) if reads else ("Temporary Redirect", 307)
    said = {"message": message, "url": address, "documentation_url": _MOVED}
    raise RefusedError(as_json(said, status, {"Location": address}))


def _conditional(request: Request, answer: Answer) -> Answer:
    """Add the tag of the content; say that it is as it was, where that is so."""
    if request.method not in {"GET", "HEAD"} or answer.status != 200:
        return answer
    if not isinstance(answer.body, bytes):
        return answer
    etag = f'W/"{hashlib.sha256(answer.body).hexdigest()}"'
    known = request.headers.get("If-None-Match", "")
    answer = answer.plus(ETag=etag, Cache_Control="private, max-age=60, s-maxage=60")
    if etag in known or etag.removeprefix("W/") in known:
        kept = {name: value for name, value in answer.headers.items() if name != "Content-Type"}
        return Answer(304, b"", kept)
    return answer


def _common(token: Token | None) -> dict[str, str]:
    headers = {
        "X-GitHub-Media-Type": "github.v3; format=json",
        "X-GitHub-Api-Version-Selected": VERSIONS[0],
        "Vary": "Accept, Authorization, Cookie, X-GitHub-OTP,Accept-Encoding, Accept",
    }
    if token and token.kind == "classic":
        headers |= {"X-OAuth-Scopes": ", ".join(token.scopes), "X-Accepted-OAuth-Scopes": "repo"}
    return headers
