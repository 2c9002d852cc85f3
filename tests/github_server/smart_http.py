"""git over HTTP, by git's own program."""

from __future__ import annotations

import subprocess

from .access import Level, demand, identify, level
from .answer import Answer, RefusedError
from .git import ENVIRONMENT
from .licenses import FILES
from .releases import withdraw_untagged
from .request import Request
from .seed import note_license
from .state import Repository, State


def answer_git(state: State, request: Request, repository: Repository | None, rest: str) -> Answer:
    """Answer a clone, a fetch or a push."""
    pushes = "receive-pack" in rest or request.query.get("service") == "git-receive-pack"
    try:
        token = identify(state.tokens, request.headers.get("Authorization"))
    except RefusedError:
        return _ask("Invalid username or token.")
    request.entry.token = token.value if token else None
    needed = Level.PUSH if pushes else Level.READ
    if repository is None or level(token, repository) < needed:
        if token is None:
            return _ask("Repository not found.")
        if repository is None or level(token, repository) == Level.NONE:
            return Answer(404, b"Repository not found.", {"Content-Type": "text/plain"})
        name = repository.full_name
        text = f"Permission to {name}.git denied to {token.login}.".encode()
        return Answer(403, text, {"Content-Type": "text/plain"})
    demand(token, repository, needed)
    if pushes and repository.archived:
        text = b"This repository was archived so it is read-only."
        return Answer(403, text, {"Content-Type": "text/plain"})
    answer = _backend(request, repository, rest)
    if rest == "/git-receive-pack":
        with state.lock:
            _after_push(state, repository)
    return answer


def _ask(text: str) -> Answer:
    headers = {"Content-Type": "text/plain", "WWW-Authenticate": 'Basic realm="GitHub"'}
    return Answer(401, text.encode(), headers)


def _backend(request: Request, repository: Repository, rest: str) -> Answer:
    """Run ``git http-backend`` with the request's body, and return what it answers."""
    environment = {
        **ENVIRONMENT,
        "GIT_PROJECT_ROOT": str(repository.git.folder.parent),
        "GIT_HTTP_EXPORT_ALL": "1",
        "PATH_INFO": f"/{repository.git.folder.name}{rest}",
        "REQUEST_METHOD": request.method,
        "QUERY_STRING": request.query_text,
        "CONTENT_TYPE": request.headers.get("Content-Type", ""),
        "HTTP_CONTENT_ENCODING": request.headers.get("Content-Encoding", ""),
        "GIT_PROTOCOL": request.headers.get("Git-Protocol", ""),
        "REMOTE_USER": "somebody" if request.entry.token else "",
    }
    body = request.body.read()
    environment["CONTENT_LENGTH"] = str(len(body))
    done = subprocess.run(
        ["git", "http-backend"], input=body, stdout=subprocess.PIPE, env=environment, check=True
    )
    head, _, content = done.stdout.partition(b"\r\n\r\n")
    headers = dict(line.split(": ", 1) for line in head.decode().splitlines())
    status = int(headers.pop("Status", "200").split()[0])
    return Answer(status, content, headers)


def _after_push(state: State, repository: Repository) -> None:
    """Let the releases follow the tags, and the licence the file."""
    git = repository.git
    heads = [ref.name.removeprefix("refs/heads/") for ref in git.refs("refs/heads")]
    if heads and repository.default_branch not in heads:
        repository.default_branch = heads[0]
        git.run("symbolic-ref", "HEAD", f"refs/heads/{heads[0]}")
    repository.pushed_at = state.now()
    withdraw_untagged(repository)
    for name in FILES:
        sha = git.file(repository.default_branch, name)
        if sha:
            note_license(repository, {name: git.content(sha)})
            return
