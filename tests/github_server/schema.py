"""What GitHub publishes of its answers, as ``githubkit`` has it: every answer is held against it.

Only this module needs ``githubkit``; the server does not.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from githubkit_schemas.v2022_11_28 import models as gh
from pydantic import TypeAdapter, ValidationError

from .answer import Answer
from .log import Entry
from .server import GitHubServer

_REPO = "/repos/{owner}/{repo}"
_FOLDER = list[gh.ContentDirectoryItems]
#: What each route answers with where all is well; None for nothing, or for what is no JSON.
MODELS: dict[str, Any] = {
    "GET /rate_limit": gh.RateLimitOverview,
    "GET /user": gh.PrivateUser,
    "GET /user/repos": list[gh.Repository],
    "GET /users/{login}": gh.PublicUser,
    "GET /users/{login}/repos": list[gh.MinimalRepository],
    "GET /orgs/{login}": gh.OrganizationFull,
    "GET /orgs/{login}/repos": list[gh.MinimalRepository],
    "POST /orgs/{login}/repos": gh.FullRepository,
    "POST /user/repos": gh.FullRepository,
    f"GET {_REPO}": gh.FullRepository,
    f"PATCH {_REPO}": gh.FullRepository,
    f"GET {_REPO}/topics": gh.Topic,
    f"PUT {_REPO}/topics": gh.Topic,
    f"GET {_REPO}/releases": list[gh.Release],
    f"POST {_REPO}/releases": gh.Release,
    f"GET {_REPO}/releases/latest": gh.Release,
    f"GET {_REPO}/releases/tags/{{tag}}": gh.Release,
    f"GET {_REPO}/releases/{{id}}": gh.Release,
    f"PATCH {_REPO}/releases/{{id}}": gh.Release,
    f"DELETE {_REPO}/releases/{{id}}": None,
    f"POST {_REPO}/releases/generate-notes": gh.ReleaseNotesContent,
    f"GET {_REPO}/releases/{{id}}/assets": list[gh.ReleaseAsset],
    f"POST {_REPO}/releases/{{id}}/assets": gh.ReleaseAsset,
    f"GET {_REPO}/releases/assets/{{id}}": gh.ReleaseAsset,
    f"PATCH {_REPO}/releases/assets/{{id}}": gh.ReleaseAsset,
    f"DELETE {_REPO}/releases/assets/{{id}}": None,
    f"GET {_REPO}/git/ref/{{ref}}": gh.GitRef,
    f"GET {_REPO}/git/matching-refs/{{ref}}": list[gh.GitRef],
    f"POST {_REPO}/git/refs": gh.GitRef,
    f"PATCH {_REPO}/git/refs/{{ref}}": gh.GitRef,
    f"DELETE {_REPO}/git/refs/{{ref}}": None,
    f"GET {_REPO}/git/tags/{{sha}}": gh.GitTag,
    f"POST {_REPO}/git/tags": gh.GitTag,
    f"GET {_REPO}/git/commits/{{sha}}": gh.GitCommit,
    f"GET {_REPO}/git/trees/{{ref}}": gh.GitTree,
    f"GET {_REPO}/git/blobs/{{sha}}": gh.Blob,
    f"GET {_REPO}/tags": list[gh.Tag],
    f"GET {_REPO}/branches": list[gh.ShortBranch],
    f"GET {_REPO}/branches/{{branch}}": gh.BranchWithProtection,
    f"GET {_REPO}/commits": list[gh.Commit],
    f"GET {_REPO}/commits/{{ref}}": gh.Commit,
    f"GET {_REPO}/compare/{{span}}": gh.CommitComparison,
    f"GET {_REPO}/contents": _FOLDER,
    f"GET {_REPO}/contents/": _FOLDER,
    f"GET {_REPO}/contents/{{path}}": _FOLDER | gh.ContentFile | gh.ContentSymlink,
    f"GET {_REPO}/readme": gh.ContentFile,
    f"GET {_REPO}/license": gh.LicenseContent,
    f"GET {_REPO}/tarball": None,
    f"GET {_REPO}/tarball/{{ref}}": None,
    f"GET {_REPO}/zipball/{{ref}}": None,
    f"GET {_REPO}/issues": list[gh.Issue],
    f"POST {_REPO}/issues": gh.Issue,
    f"GET {_REPO}/issues/{{number}}": gh.Issue,
    f"PATCH {_REPO}/issues/{{number}}": gh.Issue,
    f"GET {_REPO}/issues/{{number}}/comments": list[gh.IssueComment],
    f"POST {_REPO}/issues/{{number}}/comments": gh.IssueComment,
    f"GET {_REPO}/commits/{{sha}}/comments": list[gh.CommitComment],
    f"POST {_REPO}/commits/{{sha}}/comments": gh.CommitComment,
}
_REFUSALS = gh.ValidationError | gh.ValidationErrorSimple | gh.BasicError


@cache
def _adapter(route: str, status: int) -> TypeAdapter[Any] | None:
    if status >= 500:
        return TypeAdapter(gh.BasicError)
    if status >= 300:
        return TypeAdapter(_REFUSALS if status == 422 else gh.BasicError)
    return TypeAdapter(MODELS[route]) if MODELS[route] else None


def problems(entry: Entry, answer: Answer) -> list[str]:
    """Return what is wrong with an answer: fields that are missing, of another type or made up."""
    if not answer.headers.get("Content-Type", "").startswith("application/json"):
        return []
    assert isinstance(answer.body, bytes)
    # GitHub lists a broken upload as `starter`, which its own schema does not know.
    body = answer.body.replace(b'"state":"starter"', b'"state":"open"')
    adapter = _adapter(entry.route, answer.status)
    if adapter is None:
        return [f"{entry}: a body where there should be none"]
    try:
        value = adapter.validate_json(body, strict=True)
    except ValidationError as error:
        return [f"{entry}: {error}"]
    known = adapter.dump_python(value, by_alias=True, exclude_unset=True, mode="json")
    # Refusals say their status, which the schema leaves out for some.
    made_up = set(_fields(json.loads(body))) - set(_fields(known)) - {".status"}
    return [f"{entry}: GitHub has no {name}" for name in sorted(made_up)]


def _fields(value: object, place: str = "") -> Iterator[str]:
    if isinstance(value, dict):
        for name, inside in value.items():
            yield f"{place}.{name}"
            yield from _fields(inside, f"{place}.{name}")
    elif isinstance(value, list):
        for number, inside in enumerate(value):
            yield from _fields(inside, f"{place}[{number}]")


@contextmanager
def validated(server: GitHubServer) -> Iterator[set[tuple[str, int]]]:
    """Hold every answer of the API against the schema; yield the routes and statuses seen."""
    found: list[str] = []
    seen: set[tuple[str, int]] = set()

    def look(entry: Entry, answer: Answer) -> None:
        if re.match(r"[A-Z]+ /", entry.route):
            seen.add((entry.route, answer.status))
            found.extend(problems(entry, answer))

    server.listeners.append(look)
    yield seen
    server.listeners.remove(look)
    assert not found, "\n".join(found)
