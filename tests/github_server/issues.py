"""Issues, and comments on issues and commits."""

from __future__ import annotations

from typing import Any

from .access import Level, level
from .answer import Answer, RefusedError, as_json, error, fault, invalid, not_found
from .commits import found_commit
from .paging import listed
from .route import Call, route
from .state import Comment, Issue, node_id
from .users import user_json
from .when import stamp

_ISSUES = "/repos/{owner}/{repo}/issues"
_COMMIT = "/repos/{owner}/{repo}/commits/{sha}/comments"


def _association(call: Call) -> str:
    return "OWNER" if level(call.token, call.repository) >= Level.ADMIN else "COLLABORATOR"


def _label_json(call: Call, name: str) -> dict[str, Any]:
    return {
        "id": sum(name.encode()),
        "node_id": node_id("Label", sum(name.encode())),
        "url": f"{call.repository_url}/labels/{name}",
        "name": name,
        "description": None,
        "color": "ededed",
        "default": False,
    }


def _issue_json(call: Call, issue: Issue) -> dict[str, Any]:
    url = f"{call.repository_url}/issues/{issue.number}"
    return {
        "url": url,
        "repository_url": call.repository_url,
        "labels_url": url + "/labels{/name}",
        "comments_url": f"{url}/comments",
        "events_url": f"{url}/events",
        "html_url": f"{call.web_url}/issues/{issue.number}",
        "id": issue.id,
        "node_id": node_id("Issue", issue.id),
        "number": issue.number,
        "title": issue.title,
        "user": user_json(call, issue.user),
        "labels": [_label_json(call, name) for name in issue.labels],
        "state": issue.state,
        "locked": False,
        "assignee": None,
        "assignees": [],
        "milestone": None,
        "comments": len(issue.comments),
        "created_at": stamp(issue.at),
        "updated_at": stamp(issue.at),
        "closed_at": stamp(issue.closed_at) if issue.closed_at else None,
        "author_association": _association(call),
        "active_lock_reason": None,
        "body": issue.body,
        "closed_by": None,
        "timeline_url": f"{url}/timeline",
        "performed_via_github_app": None,
        "state_reason": "completed" if issue.closed_at else None,
    }


def _comment_json(call: Call, comment: Comment, url: str, html: str) -> dict[str, Any]:
    return {
        "url": f"{call.repository_url}/{url}/{comment.id}",
        "html_url": f"{call.web_url}/{html}-{comment.id}",
        "id": comment.id,
        "node_id": node_id("Comment", comment.id),
        "user": user_json(call, comment.user),
        "created_at": stamp(comment.at),
        "updated_at": stamp(comment.at),
        "author_association": _association(call),
        "body": comment.body,
    }


def _issue_comment_json(call: Call, issue: Issue, comment: Comment) -> dict[str, Any]:
    html = f"issues/{issue.number}#issuecomment"
    return {
        **_comment_json(call, comment, "issues/comments", html),
        "issue_url": f"{call.repository_url}/issues/{issue.number}",
        "performed_via_github_app": None,
    }


def _commit_comment_json(call: Call, comment: Comment) -> dict[str, Any]:
    html = f"commit/{comment.commit}#commitcomment"
    return {
        **_comment_json(call, comment, "comments", html),
        "position": comment.position,
        "line": None,
        "path": comment.path,
        "commit_id": comment.commit,
    }


def _issue(call: Call) -> Issue:
    for issue in call.repository.issues:
        if issue.number == call.number("number"):
            return issue
    raise not_found()


def _asked(call: Call) -> None:
    if call.token is None:
        raise RefusedError(error(401, "Requires authentication"))


def _new_comment(call: Call, resource: str) -> tuple[Comment, dict[str, Any]]:
    _asked(call)
    new = call.request.json()
    if not new.get("body"):
        raise invalid(fault(resource, "missing_field", "body"))
    return Comment(call.state.new_id(), new["body"], call.user, call.state.now()), new


@route("GET", _ISSUES)
def list_issues(call: Call) -> Answer:
    """List issues, the newest first."""
    wanted = call.request.query.get("state", "open")
    labels = [name for name in call.request.query.get("labels", "").split(",") if name]
    found = [i for i in call.repository.issues if wanted in {"all", i.state}]
    found = [i for i in found if set(labels) <= set(i.labels)]
    return listed(call.request, found[::-1], lambda issue: _issue_json(call, issue))


@route("POST", _ISSUES)
def create_issue(call: Call) -> Answer:
    """Make an issue."""
    _asked(call)
    new = call.request.json()
    if not new.get("title"):
        raise invalid(fault("Issue", "missing_field", "title"))
    issues = call.repository.issues
    issue = Issue(
        *(call.state.new_id(), len(issues) + 1, new["title"], new.get("body")),
        *(call.user, call.state.now(), list(new.get("labels", []))),
    )
    issues.append(issue)
    shown = _issue_json(call, issue)
    return as_json(shown, 201, {"Location": shown["url"]})


@route("GET", _ISSUES + "/{number:int}")
def get_issue(call: Call) -> Answer:
    """Show an issue."""
    return as_json(_issue_json(call, _issue(call)))


@route("PATCH", _ISSUES + "/{number:int}", Level.PUSH)
def edit_issue(call: Call) -> Answer:
    """Change an issue, or close it."""
    issue, new = _issue(call), call.request.json()
    issue.title, issue.body = new.get("title", issue.title), new.get("body", issue.body)
    issue.state = new.get("state", issue.state)
    issue.closed_at = call.state.now() if issue.state == "closed" else None
    return as_json(_issue_json(call, issue))


@route("GET", _ISSUES + "/{number:int}/comments")
def list_issue_comments(call: Call) -> Answer:
    """List the comments on an issue."""
    issue = _issue(call)
    return listed(call.request, issue.comments, lambda c: _issue_comment_json(call, issue, c))


@route("POST", _ISSUES + "/{number:int}/comments")
def create_issue_comment(call: Call) -> Answer:
    """Comment on an issue."""
    issue = _issue(call)
    comment, _ = _new_comment(call, "IssueComment")
    issue.comments.append(comment)
    shown = _issue_comment_json(call, issue, comment)
    return as_json(shown, 201, {"Location": shown["url"]})


@route("GET", _COMMIT)
def list_commit_comments(call: Call) -> Answer:
    """List the comments on a commit."""
    sha = found_commit(call, call.words["sha"])
    found = [c for c in call.repository.commit_comments if c.commit == sha]
    return listed(call.request, found, lambda c: _commit_comment_json(call, c))


@route("POST", _COMMIT)
def create_commit_comment(call: Call) -> Answer:
    """Comment on a commit."""
    sha = found_commit(call, call.words["sha"])
    comment, new = _new_comment(call, "CommitComment")
    comment.commit, comment.path, comment.position = sha, new.get("path"), new.get("position")
    call.repository.commit_comments.append(comment)
    shown = _commit_comment_json(call, comment)
    return as_json(shown, 201, {"Location": shown["url"]})
