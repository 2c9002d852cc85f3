"""Commits, and what lies between two of them."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from .answer import Answer, RefusedError, as_json, error
from .git import EMPTY_TREE, Change, Commit, Person
from .paging import page_of
from .route import Call, route
from .state import node_id
from .when import stamp

_BASE = "/repos/{owner}/{repo}"
_STATUS = {"A": "added", "D": "removed", "M": "modified", "T": "changed"}


def unsigned() -> dict[str, Any]:
    """Say that nobody signed."""
    nothing = dict.fromkeys(("signature", "payload", "verified_at"))
    return {"verified": False, "reason": "unsigned", **nothing}


def person_json(person: Person) -> dict[str, str]:
    """Show who made a commit."""
    return {"name": person.name, "email": person.email, "date": stamp(person.date)}


def commit_json(call: Call, commit: Commit) -> dict[str, Any]:
    """Show a commit."""
    url = f"{call.repository_url}/commits/{commit.sha}"
    git_url = f"{call.repository_url}/git"
    return {
        "sha": commit.sha,
        "node_id": node_id("Commit", int(commit.sha[:8], 16)),
        "commit": {
            "author": person_json(commit.author),
            "committer": person_json(commit.committer),
            "message": commit.message,
            "tree": {"sha": commit.tree, "url": f"{git_url}/trees/{commit.tree}"},
            "url": f"{git_url}/commits/{commit.sha}",
            "comment_count": sum(
                comment.commit == commit.sha for comment in call.repository.commit_comments
            ),
            "verification": unsigned(),
        },
        "url": url,
        "html_url": f"{call.web_url}/commit/{commit.sha}",
        "comments_url": f"{url}/comments",
        "author": None,
        "committer": None,
        "parents": [
            {
                "sha": sha,
                "url": f"{call.repository_url}/commits/{sha}",
                "html_url": f"{call.web_url}/commit/{sha}",
            }
            for sha in commit.parents
        ],
    }


def found_commit(call: Call, name: str) -> str:
    """Return the commit that a name in a request means. Raises RefusedError."""
    git = call.repository.git
    if git.is_empty():
        raise RefusedError(error(409, "Git Repository is empty."))
    short = name.removeprefix("refs/")
    places = (name, f"refs/heads/{name}", f"refs/tags/{name}", f"refs/{short}")
    for place in places if not name.startswith("-") else ():
        sha = git.sha(place)
        if sha:
            return sha
    raise RefusedError(error(422, f"No commit found for SHA: {name}"))


def _changes_json(call: Call, sha: str, changes: list[Change]) -> list[dict[str, Any]]:
    return [
        {
            "sha": change.sha if change.status != "D" else None,
            "filename": change.path,
            "status": _STATUS[change.status],
            "additions": change.added,
            "deletions": change.deleted,
            "changes": change.added + change.deleted,
            "blob_url": f"{call.web_url}/blob/{sha}/{quote(change.path)}",
            "raw_url": f"{call.web_url}/raw/{sha}/{quote(change.path)}",
            "contents_url": f"{call.repository_url}/contents/{quote(change.path)}?ref={sha}",
        }
        for change in changes
    ]


@route("GET", _BASE + "/commits")
def list_commits(call: Call) -> Answer:
    """List commits, of one path if asked for."""
    query = call.request.query
    start = found_commit(call, query.get("sha") or call.repository.default_branch)
    words = [f"--{name}={query[name]}" for name in ("since", "until") if name in query]
    paths = ["--", query["path"]] if query.get("path") else []
    commits = call.repository.git.commits(*words, start, *paths)
    page, headers = page_of(call.request, commits)
    return as_json([commit_json(call, commit) for commit in page], headers=headers)


@route("GET", _BASE + "/commits/{ref:path}")
def get_commit(call: Call) -> Answer:
    """Show a commit and the files that it changes."""
    git = call.repository.git
    commit = git.commit(found_commit(call, call.words["ref"]))
    if call.request.accept.startswith("application/vnd.github.sha"):
        return Answer(200, commit.sha.encode(), {"Content-Type": "application/vnd.github.sha"})
    changes = git.changes(commit.parents[0] if commit.parents else EMPTY_TREE, commit.sha)
    added, deleted = sum(c.added for c in changes), sum(c.deleted for c in changes)
    return as_json(
        {
            **commit_json(call, commit),
            "stats": {"total": added + deleted, "additions": added, "deletions": deleted},
            "files": _changes_json(call, commit.sha, changes),
        }
    )


@route("GET", _BASE + "/git/commits/{sha}")
def get_git_commit(call: Call) -> Answer:
    """Show a commit as git has it."""
    git = call.repository.git
    if git.kind(call.words["sha"]) != "commit":
        raise RefusedError(error(404, "Not Found"))
    commit = git.commit(call.words["sha"])
    url = f"{call.repository_url}/git"
    return as_json(
        {
            "sha": commit.sha,
            "node_id": node_id("Commit", int(commit.sha[:8], 16)),
            "url": f"{url}/commits/{commit.sha}",
            "html_url": f"{call.web_url}/commit/{commit.sha}",
            "author": person_json(commit.author),
            "committer": person_json(commit.committer),
            "tree": {"sha": commit.tree, "url": f"{url}/trees/{commit.tree}"},
            "message": commit.message,
            "parents": [
                {
                    "sha": sha,
                    "url": f"{url}/commits/{sha}",
                    "html_url": f"{call.web_url}/commit/{sha}",
                }
                for sha in commit.parents
            ],
            "verification": unsigned(),
        }
    )


@route("GET", _BASE + "/compare/{span:path}")
def compare(call: Call) -> Answer:
    """Show what one commit has that another has not."""
    base_name, dots, head_name = call.words["span"].partition("...")
    if not dots:
        raise RefusedError(error(404, "Not Found"))
    git = call.repository.git
    try:
        base, head = found_commit(call, base_name), found_commit(call, head_name)
        fork = git.lines("merge-base", base, head)[0]
    except RefusedError as refused:
        raise RefusedError(error(404, "Not Found")) from refused
    ahead = git.commits("--reverse", f"{base}..{head}")
    behind = len(git.lines("rev-list", f"{head}..{base}"))
    page, headers = page_of(call.request, ahead, default=250)
    status = ("diverged" if behind else "ahead") if ahead else ("behind" if behind else "identical")
    web = f"{call.web_url}/compare/{base_name}...{head_name}"
    return as_json(
        {
            "url": f"{call.repository_url}/compare/{base_name}...{head_name}",
            "html_url": web,
            "permalink_url": f"{call.web_url}/compare/{base[:7]}...{head[:7]}",
            "diff_url": f"{web}.diff",
            "patch_url": f"{web}.patch",
            "base_commit": commit_json(call, git.commit(base)),
            "merge_base_commit": commit_json(call, git.commit(fork)),
            "status": status,
            "ahead_by": len(ahead),
            "behind_by": behind,
            "total_commits": len(ahead),
            "commits": [commit_json(call, commit) for commit in page],
            "files": _changes_json(call, head, git.changes(fork, head)),
        },
        headers=headers,
    )
