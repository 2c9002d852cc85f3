"""Repositories: shown, made and edited."""

from __future__ import annotations

import re
from typing import Any

from .access import Level, Token, level
from .answer import Answer, RefusedError, as_json, error, fault, invalid, not_found
from .licenses import license_json
from .route import Call, route
from .seed import add_commit
from .state import Owner, Repository, node_id
from .users import user_json
from .when import stamp

_LINKS = {
    "archive_url": "/{archive_format}{/ref}",
    "assignees_url": "/assignees{/user}",
    "blobs_url": "/git/blobs{/sha}",
    "branches_url": "/branches{/branch}",
    "collaborators_url": "/collaborators{/collaborator}",
    "comments_url": "/comments{/number}",
    "commits_url": "/commits{/sha}",
    "compare_url": "/compare/{base}...{head}",
    "contents_url": "/contents/{+path}",
    "git_commits_url": "/git/commits{/sha}",
    "git_refs_url": "/git/refs{/sha}",
    "git_tags_url": "/git/tags{/sha}",
    "issue_comment_url": "/issues/comments{/number}",
    "issue_events_url": "/issues/events{/number}",
    "issues_url": "/issues{/number}",
    "keys_url": "/keys{/key_id}",
    "labels_url": "/labels{/name}",
    "milestones_url": "/milestones{/number}",
    "notifications_url": "/notifications{?since,all,participating}",
    "pulls_url": "/pulls{/number}",
    "releases_url": "/releases{/id}",
    "statuses_url": "/statuses/{sha}",
    "trees_url": "/git/trees{/sha}",
    **{
        f"{name}_url": f"/{name}"
        for name in (
            *("contributors", "deployments", "downloads", "events", "forks", "hooks", "languages"),
            *("merges", "stargazers", "subscribers", "subscription", "tags", "teams"),
        )
    },
}


def repository_json(call: Call, repository: Repository) -> dict[str, Any]:
    """Show a repository, as in lists."""
    full_name = repository.full_name
    url, web = f"{call.request.api}/repos/{full_name}", f"{call.request.web}/{full_name}"
    git = web.partition(":")[2]
    return {
        "id": repository.id,
        "node_id": node_id("Repository", repository.id),
        "name": repository.name,
        "full_name": full_name,
        "private": repository.private,
        "owner": user_json(call, repository.owner),
        "html_url": web,
        "description": repository.description,
        "fork": False,
        "url": url,
        **{name: url + path for name, path in _LINKS.items()},
        "created_at": stamp(repository.created_at),
        "updated_at": stamp(repository.updated_at),
        "pushed_at": stamp(repository.pushed_at),
        "git_url": f"git:{git}.git",
        "ssh_url": f"git@127.0.0.1:{full_name}.git",
        "clone_url": f"{web}.git",
        "svn_url": web,
        "homepage": repository.homepage,
        "size": 1,
        **_counts(repository),
        "license": license_json(call.request.api, repository.license),
        "topics": repository.topics,
        "visibility": "private" if repository.private else "public",
        "default_branch": repository.default_branch,
        "permissions": _permissions(call.token, repository),
    }


def _counts(repository: Repository) -> dict[str, Any]:
    open_issues = sum(issue.state == "open" for issue in repository.issues)
    numbers = ("stargazers_count", "watchers_count", "forks_count", "forks", "watchers")
    return {
        **dict.fromkeys(numbers, 0),
        "open_issues_count": open_issues,
        "open_issues": open_issues,
        "language": None,
        "mirror_url": None,
        "has_issues": True,
        "has_projects": True,
        "has_downloads": True,
        "has_wiki": True,
        "has_pages": False,
        "has_discussions": False,
        "archived": repository.archived,
        "disabled": False,
        "allow_forking": True,
        "is_template": False,
        "web_commit_signoff_required": False,
    }


def _permissions(token: Token | None, repository: Repository) -> dict[str, bool]:
    granted = level(token, repository)
    return {
        "admin": granted >= Level.ADMIN,
        "maintain": granted >= Level.ADMIN,
        "push": granted >= Level.PUSH,
        "triage": granted >= Level.PUSH,
        "pull": granted >= Level.READ,
    }


def _full_json(call: Call, repository: Repository) -> dict[str, Any]:
    owner = repository.owner
    organization = {"organization": user_json(call, owner)} if owner.kind == "Organization" else {}
    return {
        **repository_json(call, repository),
        **organization,
        "temp_clone_token": None,
        "network_count": 0,
        "subscribers_count": 0,
    }


@route("GET", "/repos/{owner}/{repo}")
def get_repository(call: Call) -> Answer:
    """Show a repository."""
    return as_json(_full_json(call, call.repository))


@route("PATCH", "/repos/{owner}/{repo}", Level.ADMIN)
def edit_repository(call: Call) -> Answer:
    """Change what is said of a repository, its default branch, its name, or archive it."""
    repository, new = call.repository, call.request.json()
    branch = new.get("default_branch", repository.default_branch)
    if not repository.git.sha(f"refs/heads/{branch}") and branch != repository.default_branch:
        message = (
            f"The branch {branch} was not found. "
            "Please push that ref first or create it via the Git Data API."
        )
        raise invalid(fault("Repository", "invalid", "default_branch", message))
    if new.get("name", repository.name) != repository.name:
        _check_name(call, repository.owner, new["name"])
        call.state.rename(repository, new["name"])
    for name in ("description", "homepage", "archived", "private", "default_branch"):
        if name in new:
            setattr(repository, name, new[name])
    repository.git.run("symbolic-ref", "HEAD", f"refs/heads/{branch}")
    repository.updated_at = call.state.now()
    return as_json(_full_json(call, repository))


@route("GET", "/repos/{owner}/{repo}/topics")
def get_topics(call: Call) -> Answer:
    """Show the topics."""
    return as_json({"names": call.repository.topics})


@route("PUT", "/repos/{owner}/{repo}/topics", Level.ADMIN)
def set_topics(call: Call) -> Answer:
    """Replace the topics."""
    names = call.request.json().get("names")
    if not isinstance(names, list):
        raise invalid(fault("Repository", "missing_field", "names"))
    names = [str(name).lower() for name in names]
    if len(names) > 20:
        raise RefusedError(error(422, "A repository cannot have more than 20 topics."))
    if not all(re.fullmatch(r"[a-z0-9][a-z0-9-]{0,49}", name) for name in names):
        raise RefusedError(
            error(
                422,
                "Validation Failed",
                errors=[
                    "Topics must start with a lowercase letter or number, consist of 50 characters "
                    "or less, and can include lowercase letters, numbers, hyphens."
                ],
            )
        )
    call.repository.topics = names
    return as_json({"names": names})


@route("POST", "/orgs/{login}/repos")
def create_in_organization(call: Call) -> Answer:
    """Make a repository of an organization."""
    owner = call.state.owner(call.words["login"])
    if owner is None or owner.kind != "Organization":
        raise not_found()
    return _create(call, owner)


@route("POST", "/user/repos")
def create_own(call: Call) -> Answer:
    """Make a repository of the user."""
    if call.token is None:
        raise RefusedError(error(401, "Requires authentication"))
    return _create(call, call.user)


def _create(call: Call, owner: Owner) -> Answer:
    new = call.request.json()
    name = new.get("name")
    if call.token is None:
        raise RefusedError(error(401, "Requires authentication"))
    if call.token.level(f"{owner.login}/{name}") < Level.ADMIN:
        message = "Resource not accessible by personal access token"
        if call.token.kind == "classic":
            message = "You need admin access to the organization before adding a repository to it."
        raise RefusedError(error(403, message))
    _check_name(call, owner, name)
    repository = call.state.add_repository(owner, str(name))
    repository.private = bool(new.get("private") or new.get("visibility") == "private")
    repository.description = new.get("description")
    repository.homepage = new.get("homepage")
    if new.get("auto_init"):
        add_commit(repository, {"README.md": f"# {name}\n"}, call.state.now())
    shown = _full_json(call, repository)
    return as_json(shown, 201, {"Location": shown["url"]})


def _check_name(call: Call, owner: Owner, name: object) -> None:
    if not isinstance(name, str) or not re.fullmatch(r"[\w.-]{1,100}", name, re.ASCII):
        raise invalid(
            fault("Repository", "missing_field" if not name else "invalid", "name"),
            message="Repository creation failed.",
        )
    if call.state.repository(f"{owner.login}/{name}"):
        wrong = fault("Repository", "custom", "name", "name already exists on this account")
        raise invalid(wrong, message="Repository creation failed.")
