"""Users and organizations."""

from __future__ import annotations

from typing import Any

from .access import Level, level
from .answer import Answer, RefusedError, as_json, error, not_found
from .paging import listed
from .repositories import repository_json
from .route import Call, route
from .state import Owner, Repository, node_id
from .users import user_json
from .when import stamp


def _counted(call: Call, owner: Owner) -> list[Repository]:
    return [r for r in call.state.repositories if r.owner is owner and not r.private]


def _full_json(call: Call, owner: Owner) -> dict[str, Any]:
    at = stamp(owner.created_at)
    empty = ("company", "location", "email", "hireable", "bio")
    return {
        **user_json(call, owner),
        "name": owner.name,
        **dict.fromkeys(empty),
        "blog": "",
        "twitter_username": None,
        "public_repos": len(_counted(call, owner)),
        "public_gists": 0,
        "followers": 0,
        "following": 0,
        "created_at": at,
        "updated_at": at,
    }


def _organization_json(call: Call, owner: Owner) -> dict[str, Any]:
    url = f"{call.request.api}/orgs/{owner.login}"
    at = stamp(owner.created_at)
    links = ("repos", "events", "hooks", "issues")
    return {
        "login": owner.login,
        "id": owner.id,
        "node_id": node_id(owner.kind, owner.id),
        "url": url,
        **{f"{name}_url": f"{url}/{name}" for name in links},
        "members_url": url + "/members{/member}",
        "public_members_url": url + "/public_members{/member}",
        "avatar_url": f"{call.request.web}/avatars/u/{owner.id}?v=4",
        "description": owner.description,
        "name": owner.name,
        "is_verified": False,
        "has_organization_projects": True,
        "has_repository_projects": True,
        "public_repos": len(_counted(call, owner)),
        "public_gists": 0,
        "followers": 0,
        "following": 0,
        "html_url": f"{call.request.web}/{owner.login}",
        "created_at": at,
        "updated_at": at,
        "archived_at": None,
        "type": "Organization",
    }


def _owner(call: Call, kind: str = "") -> Owner:
    owner = call.state.owner(call.words["login"])
    if owner is None or kind not in {"", owner.kind}:
        raise not_found()
    return owner


@route("GET", "/users/{login}")
def get_user(call: Call) -> Answer:
    """Show a user, or an organization as one."""
    return as_json(_full_json(call, _owner(call)))


@route("GET", "/orgs/{login}")
def get_organization(call: Call) -> Answer:
    """Show an organization."""
    return as_json(_organization_json(call, _owner(call, "Organization")))


@route("GET", "/user")
def get_self(call: Call) -> Answer:
    """Show whose token it is."""
    if call.token is None:
        raise RefusedError(error(401, "Requires authentication"))
    numbers = ("private_gists", "total_private_repos", "owned_private_repos", "disk_usage")
    private = {**dict.fromkeys(numbers, 0), "collaborators": 0, "two_factor_authentication": True}
    return as_json({**_full_json(call, call.user), **private})


def _repositories(call: Call, found: list[Repository], sort: str) -> Answer:
    query = call.request.query
    sort = query.get("sort", sort)
    keys = {
        "created": lambda r: r.created_at,
        "updated": lambda r: r.updated_at,
        "pushed": lambda r: r.pushed_at,
        "full_name": lambda r: r.full_name.lower(),
    }
    down = query.get("direction", "asc" if sort == "full_name" else "desc") == "desc"
    found.sort(key=keys.get(sort, keys["created"]), reverse=down)
    return listed(call.request, found, lambda r: repository_json(call, r))


def _of(call: Call, owner: Owner) -> list[Repository]:
    mine = [r for r in call.state.repositories if r.owner is owner]
    return [r for r in mine if level(call.token, r) >= Level.READ]


@route("GET", "/orgs/{login}/repos")
def list_organization_repositories(call: Call) -> Answer:
    """List the repositories of an organization."""
    found = _of(call, _owner(call, "Organization"))
    kind = call.request.query.get("type", "all")
    if kind in {"public", "private"}:
        found = [r for r in found if r.private == (kind == "private")]
    if kind in {"forks", "member"}:
        found = []
    return _repositories(call, found, "created")


@route("GET", "/users/{login}/repos")
def list_user_repositories(call: Call) -> Answer:
    """List the public repositories of a user."""
    found = [r for r in _of(call, _owner(call)) if not r.private]
    return _repositories(call, found, "full_name")


@route("GET", "/user/repos")
def list_own_repositories(call: Call) -> Answer:
    """List the repositories that the token may do something with."""
    if call.token is None:
        raise RefusedError(error(401, "Requires authentication"))
    token = call.token
    found = [r for r in call.state.repositories if token.level(r.full_name) >= Level.READ]
    return _repositories(call, found, "full_name")
