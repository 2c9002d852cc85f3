"""Refs, annotated tags and branches."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from .access import Level
from .answer import Answer, RefusedError, as_json, error, not_found
from .commits import commit_json, person_json, unsigned
from .git import Git, GitError, Ref
from .paging import listed
from .releases import withdraw_untagged
from .route import Call, route
from .state import node_id

_GIT = "/repos/{owner}/{repo}/git"
_BRANCHES = "/repos/{owner}/{repo}/branches"


def _ref_json(call: Call, ref: Ref) -> dict[str, Any]:
    path = quote(ref.name.removeprefix("refs/"))
    return {
        "ref": ref.name,
        "node_id": node_id("Ref", len(ref.name)),
        "url": f"{call.repository_url}/git/refs/{path}",
        "object": {
            "sha": ref.sha,
            "type": ref.kind,
            "url": f"{call.repository_url}/git/{ref.kind}s/{ref.sha}",
        },
    }


def filled(call: Call) -> Git:
    """Return the repository's git. Raises RefusedError where nothing was ever committed."""
    if call.repository.git.is_empty():
        raise RefusedError(error(409, "Git Repository is empty."))
    return call.repository.git


def _exact(git: Git, name: str) -> Ref | None:
    return next((ref for ref in git.refs(name) if ref.name == name), None)


@route("GET", _GIT + "/ref/{ref:path}")
def get_ref(call: Call) -> Answer:
    """Show a ref."""
    ref = _exact(filled(call), f"refs/{call.words['ref']}")
    if ref is None:
        raise not_found()
    return as_json(_ref_json(call, ref))


@route("GET", _GIT + "/matching-refs/{ref:path}")
def list_matching_refs(call: Call) -> Answer:
    """List the refs whose names begin so."""
    prefix = f"refs/{call.words['ref']}"
    found = [ref for ref in filled(call).refs() if ref.name.startswith(prefix)]
    return as_json([_ref_json(call, ref) for ref in found])


@route("POST", _GIT + "/refs", Level.PUSH)
def create_ref(call: Call) -> Answer:
    """Make a ref."""
    git, new = filled(call), call.request.json()
    name, sha = str(new.get("ref")), str(new.get("sha"))
    if not name.startswith("refs/") or name.count("/") < 2:
        raise RefusedError(
            error(422, "Reference name must start with 'refs/' and have at least two slashes.")
        )
    if not git.kind(sha):
        raise RefusedError(error(422, "Object does not exist"))
    if _exact(git, name):
        raise RefusedError(error(422, "Reference already exists"))
    try:
        git.set_ref(name, sha)
    except GitError as problem:
        raise RefusedError(error(422, "Reference name is not valid")) from problem
    ref = _exact(git, name)
    assert ref
    shown = _ref_json(call, ref)
    return as_json(shown, 201, {"Location": shown["url"]})


@route("PATCH", _GIT + "/refs/{ref:path}", Level.PUSH)
def move_ref(call: Call) -> Answer:
    """Move a ref, forward unless it is forced."""
    git, new = filled(call), call.request.json()
    name, sha = f"refs/{call.words['ref']}", str(new.get("sha"))
    old = _exact(git, name)
    if old is None:
        raise RefusedError(error(422, "Reference does not exist"))
    if not git.kind(sha):
        raise RefusedError(error(422, "Object does not exist"))
    if not new.get("force") and git.sha(old.sha) not in git.lines("rev-list", sha):
        raise RefusedError(error(422, "Update is not a fast forward"))
    git.set_ref(name, sha)
    ref = _exact(git, name)
    assert ref
    return as_json(_ref_json(call, ref))


@route("DELETE", _GIT + "/refs/{ref:path}", Level.PUSH)
def delete_ref(call: Call) -> Answer:
    """Remove a ref; the release of a tag becomes a draft."""
    git, name = filled(call), f"refs/{call.words['ref']}"
    if not _exact(git, name):
        raise RefusedError(error(422, "Reference does not exist"))
    git.delete_ref(name)
    withdraw_untagged(call.repository)
    return Answer(204)


def _tag_json(call: Call, sha: str) -> dict[str, Any]:
    tag = call.repository.git.tag(sha)
    return {
        "node_id": node_id("Tag", int(sha[:8], 16)),
        "tag": tag.name,
        "sha": sha,
        "url": f"{call.repository_url}/git/tags/{sha}",
        "message": tag.message,
        "tagger": person_json(tag.tagger),
        "object": {
            "sha": tag.target,
            "type": tag.kind,
            "url": f"{call.repository_url}/git/{tag.kind}s/{tag.target}",
        },
        "verification": unsigned(),
    }


@route("GET", _GIT + "/tags/{sha}")
def get_tag(call: Call) -> Answer:
    """Show an annotated tag."""
    if filled(call).kind(call.words["sha"]) != "tag":
        raise not_found()
    return as_json(_tag_json(call, call.words["sha"]))


@route("POST", _GIT + "/tags", Level.PUSH)
def create_tag(call: Call) -> Answer:
    """Make an annotated tag, without the ref that names it."""
    git, new = filled(call), call.request.json()
    kind = git.kind(str(new.get("object")))
    if kind is None or kind != new.get("type"):
        raise RefusedError(error(422, "Object does not exist"))
    tagger = new.get("tagger") or {}
    name, email = tagger.get("name", call.user.login), tagger.get("email", "noreply@example.org")
    seconds = int(call.state.now().timestamp())
    text = (
        f"object {new['object']}\ntype {kind}\ntag {new.get('tag')}\n"
        f"tagger {name} <{email}> {seconds} +0000\n\n{new.get('message', '')}\n"
    )
    sha = git.run("mktag", given=text.encode()).decode().strip()
    shown = _tag_json(call, sha)
    return as_json(shown, 201, {"Location": shown["url"]})


@route("GET", "/repos/{owner}/{repo}/tags")
def list_tags(call: Call) -> Answer:
    """List tags, with the commits that they lead to."""
    git = call.repository.git
    names = [ref.name.removeprefix("refs/tags/") for ref in git.refs("refs/tags")]

    def view(name: str) -> dict[str, Any]:
        sha = git.sha(f"refs/tags/{name}")
        balls = {
            f"{kind}_url": f"{call.repository_url}/{kind}/refs/tags/{quote(name)}"
            for kind in ("zipball", "tarball")
        }
        commit = {"sha": sha, "url": f"{call.repository_url}/commits/{sha}"}
        return {"name": name, **balls, "commit": commit, "node_id": node_id("Ref", len(name))}

    return listed(call.request, sorted(names, reverse=True), view)


@route("GET", _BRANCHES)
def list_branches(call: Call) -> Answer:
    """List branches."""

    def view(ref: Ref) -> dict[str, Any]:
        commit = {"sha": ref.sha, "url": f"{call.repository_url}/commits/{ref.sha}"}
        return {"name": ref.name.removeprefix("refs/heads/"), "commit": commit, "protected": False}

    return listed(call.request, call.repository.git.refs("refs/heads"), view)


@route("GET", _BRANCHES + "/{branch:path}")
def get_branch(call: Call) -> Answer:
    """Show a branch."""
    name = call.words["branch"]
    ref = _exact(call.repository.git, f"refs/heads/{name}")
    if ref is None:
        raise RefusedError(error(404, "Branch not found"))
    url = f"{call.repository_url}/branches/{quote(name)}"
    checks = {"enforcement_level": "off", "contexts": [], "checks": []}
    return as_json(
        {
            "name": name,
            "commit": commit_json(call, call.repository.git.commit(ref.sha)),
            "_links": {"self": url, "html": f"{call.web_url}/tree/{quote(name)}"},
            "protected": False,
            "protection": {"enabled": False, "required_status_checks": checks},
            "protection_url": f"{url}/protection",
        }
    )
