"""Releases: listed, made, edited, published and deleted."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from .access import Level
from .answer import Answer, RefusedError, as_json, error, fault, invalid, not_found
from .assets import asset_json, visible
from .git import GitError
from .paging import listed
from .route import Call, route
from .state import Release, Repository, node_id
from .users import user_json
from .when import stamp

_BASE = "/repos/{owner}/{repo}/releases"
_ONE = _BASE + "/{id:int}"
_LONGEST_NOTES = 125_000


def release_json(call: Call, release: Release) -> dict[str, Any]:
    """Show a release."""
    url = f"{call.repository_url}/releases/{release.id}"
    uploads = f"{call.request.uploads}/repos/{call.repository.full_name}/releases/{release.id}"
    tag = quote(release.tag, safe="")
    balls = {
        f"{kind}_url": None if release.draft else f"{call.repository_url}/{kind}/{tag}"
        for kind in ("tarball", "zipball")
    }
    return {
        "url": url,
        "assets_url": f"{url}/assets",
        "upload_url": f"{uploads}/assets{{?name,label}}",
        "html_url": f"{call.web_url}/releases/tag/{quote(release.web_tag, safe='')}",
        "id": release.id,
        "author": user_json(call, release.author),
        "node_id": node_id("Release", release.id),
        "tag_name": release.tag,
        "target_commitish": release.target,
        "name": release.title,
        "draft": release.draft,
        "immutable": False,
        "prerelease": release.prerelease,
        "created_at": stamp(release.created_at),
        "updated_at": stamp(release.updated_at),
        "published_at": stamp(release.published_at) if release.published_at else None,
        "assets": [asset_json(call, release, asset) for asset in release.assets],
        **balls,
        "body": release.notes,
    }


def newest_first(releases: list[Release]) -> list[Release]:
    """Sort releases by the date of their commit, as GitHub does."""
    return sorted(releases, key=lambda r: (r.created_at, r.id), reverse=True)


def latest(repository: Repository, releases: list[Release]) -> Release | None:
    """Return the release that was made the latest, else the one of the newest commit."""
    able = newest_first([r for r in releases if not r.draft and not r.prerelease])
    chosen = (r for r in able if r.id == repository.latest)
    return next(chosen, able[0] if able else None)


def _one(call: Call, *, now: bool = False) -> Release:
    """Return the release with the number in the path; ``now`` for one that is to be changed."""
    among = call.repository.releases if now else visible(call)
    for release in among:
        if release.id == call.number("id"):
            return release
    raise not_found()


@route("GET", _BASE)
def list_releases(call: Call) -> Answer:
    """List releases."""
    found = newest_first(visible(call))
    return listed(call.request, found, lambda r: release_json(call, r))


@route("GET", _BASE + "/latest")
def get_latest(call: Call) -> Answer:
    """Show the latest release."""
    release = latest(call.repository, visible(call))
    if release is None:
        raise not_found()
    return as_json(release_json(call, release))


@route("GET", _BASE + "/tags/{tag:path}")
def get_by_tag(call: Call) -> Answer:
    """Show the published release of a tag."""
    for release in visible(call):
        if release.tag == call.words["tag"] and not release.draft:
            return as_json(release_json(call, release))
    raise not_found()


@route("GET", _ONE)
def get_release(call: Call) -> Answer:
    """Show a release."""
    return as_json(release_json(call, _one(call)))


@route("POST", _BASE, Level.PUSH)
def create_release(call: Call) -> Answer:
    """Make a release."""
    repository, new = call.repository, call.request.json()
    if not new.get("tag_name"):
        raise invalid(
            fault("Release", "missing_field", "tag_name"),
            fault("Release", "custom", "tag_name", "tag_name is not well-formed"),
            fault("Release", "custom", None, "Published releases must have a valid tag"),
        )
    if repository.git.is_empty():
        raise invalid(fault("Release", "custom", None, "Repository is empty."))
    now = call.state.now()
    release = Release(
        call.state.new_id(),
        new["tag_name"],
        new.get("target_commitish") or repository.default_branch,
        call.user,
        created_at=now,
        updated_at=now,
        draft=True,
    )
    _apply(call, release, new, publish=not new.get("draft", False))
    if new.get("generate_release_notes"):
        notes = _notes(call, release.tag, release.target, None)
        release.title = release.title or notes["name"]
        release.notes = (release.notes or "") + notes["body"]
    shown = release_json(call, release)
    return as_json(shown, 201, {"Location": shown["url"]})


@route("PATCH", _ONE, Level.PUSH)
def edit_release(call: Call) -> Answer:
    """Change a release: publish it, make it a draft again, change what it says."""
    new = call.request.json()
    release = _one(call, now=True)
    _apply(call, release, new, publish=not new.get("draft", release.draft))
    return as_json(release_json(call, release))


@route("DELETE", _ONE, Level.PUSH)
def delete_release(call: Call) -> Answer:
    """Delete a release; its tag stays."""
    release = _one(call, now=True)
    call.repository.remember()
    call.repository.releases.remove(release)
    return Answer(204)


@route("POST", _BASE + "/generate-notes", Level.PUSH)
def generate_notes(call: Call) -> Answer:
    """Write the notes of a release."""
    new = call.request.json()
    if not new.get("tag_name"):
        raise invalid(fault("Release", "missing_field", "tag_name"))
    target = new.get("target_commitish") or call.repository.default_branch
    return as_json(_notes(call, new["tag_name"], target, new.get("previous_tag_name")))


def _notes(call: Call, tag: str, target: str, previous: str | None) -> dict[str, str]:
    git = call.repository.git
    if not git.sha(f"refs/tags/{tag}") and not _target(call.repository, target):
        raise invalid(fault("Release", "invalid", "target_commitish"))
    earlier = [r.tag for r in newest_first(visible(call)) if not r.draft and r.tag != tag]
    previous = previous or (earlier[0] if earlier else None)
    span = f"compare/{previous}...{tag}" if previous else f"commits/{tag}"
    return {"name": tag, "body": f"**Full Changelog**: {call.web_url}/{span}"}


def _apply(call: Call, release: Release, new: dict[str, Any], *, publish: bool) -> None:
    """Change a release, or add it, once all of it is known to be right."""
    repository, git = call.repository, call.repository.git
    tag = new.get("tag_name") or release.tag
    target = new.get("target_commitish") or release.target
    _check(call, release, tag, new, publish=publish)
    sha = git.sha(f"refs/tags/{tag}") or _target(repository, target)
    if publish and sha is None:
        raise invalid(
            fault("Release", "custom", "tag_name", "tag_name is not a valid tag"),
            fault("Release", "custom", None, "Published releases must have a valid tag"),
            fault("Release", "invalid", "target_commitish"),
        )
    repository.remember()
    if publish and sha and not git.sha(f"refs/tags/{tag}"):
        git.set_ref(f"refs/tags/{tag}", sha)
    now = call.state.now()
    release.tag, release.target, release.updated_at = tag, target, now
    release.title = new.get("name", release.title)
    release.notes = new.get("body", release.notes)
    release.prerelease = bool(new.get("prerelease", release.prerelease))
    if sha:
        release.created_at = git.commit(sha).committer.date
    if publish and release.draft:
        release.published_at = now
    if not publish:
        release.published_at = None
    _choose_latest(repository, release, new, publish=publish)
    release.draft = not publish
    if release not in repository.releases:
        repository.releases.append(release)


def _choose_latest(
    repository: Repository, release: Release, new: dict[str, Any], *, publish: bool
) -> None:
    wish = str(new.get("make_latest", "true" if release.draft else "")).lower()
    if publish and wish == "true" and not release.prerelease:
        repository.latest = release.id
    elif repository.latest == release.id and (not publish or wish in {"false", "legacy"}):
        repository.latest = None


def _check(call: Call, release: Release, tag: str, new: dict[str, Any], *, publish: bool) -> None:
    if len(new.get("body") or "") > _LONGEST_NOTES:
        message = f"body is too long (maximum is {_LONGEST_NOTES} characters)"
        raise invalid(fault("Release", "custom", "body", message))
    if str(new.get("make_latest", "legacy")).lower() not in {"true", "false", "legacy"}:
        raise RefusedError(error(422, "Invalid request.\n\nInvalid input for make_latest."))
    try:
        call.repository.git.run("check-ref-format", f"refs/tags/{tag}")
    except GitError as problem:
        raise invalid(
            fault("Release", "custom", "tag_name", "tag_name is not well-formed"),
            fault("Release", "custom", None, "Published releases must have a valid tag"),
        ) from problem
    other = call.repository.published(tag)
    if publish and other is not None and other is not release:
        raise invalid(fault("Release", "already_exists", "tag_name"))


def _target(repository: Repository, target: str) -> str | None:
    """Return the commit of a branch, or the one that is named by its whole name."""
    git = repository.git
    found = git.sha(f"refs/heads/{target.removeprefix('refs/heads/')}")
    return found or (git.sha(target) if len(target) == 40 else None)


def withdraw_untagged(repository: Repository) -> None:
    """Make drafts of the releases whose tag is no longer there."""
    tags = {ref.name for ref in repository.git.refs("refs/tags")}
    for release in repository.releases:
        if not release.draft and f"refs/tags/{release.tag}" not in tags:
            release.draft, release.published_at = True, None
