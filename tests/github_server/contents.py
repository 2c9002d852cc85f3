"""What is in the files: trees, blobs, contents and archives."""

from __future__ import annotations

import base64
from typing import Any
from urllib.parse import quote

from .answer import Answer, RefusedError, as_json, error, not_found, redirect
from .commits import found_commit
from .git import Entry
from .licenses import FILES, license_json
from .refs import filled
from .route import Call, route
from .state import node_id
from .storage import archive_url, raw_url

_BASE = "/repos/{owner}/{repo}"
#: The largest file that is shown in JSON, and the largest that is sent at all.
_SHOWN, _SENT = 1 << 20, 100 << 20
_KINDS = {"blob": "file", "tree": "dir", "commit": "submodule"}


def _lines(data: bytes) -> str:
    """Encode bytes as GitHub does, in lines of 60."""
    text = base64.b64encode(data).decode()
    return "".join(text[at : at + 60] + "\n" for at in range(0, len(text), 60))


def _wants_raw(call: Call) -> bool:
    return call.request.accept.startswith("application/vnd.github") and "raw" in call.request.accept


def _raw(data: bytes) -> Answer:
    return Answer(200, data, {"Content-Type": "application/vnd.github.raw+json; charset=utf-8"})


@route("GET", _BASE + "/git/trees/{ref:path}")
def get_tree(call: Call) -> Answer:
    """Show a tree, with all below it if asked for."""
    git, name = filled(call), call.words["ref"]
    try:
        start = found_commit(call, name)
    except RefusedError:
        start = name
    sha = git.sha(start, "tree")
    if sha is None:
        raise not_found()
    recursive = call.request.query.get("recursive") is not None
    entries = git.tree(sha, recursive=recursive)
    most = call.state.settings.max_tree_entries
    url = f"{call.repository_url}/git"

    def view(entry: Entry) -> dict[str, Any]:
        shown: dict[str, Any] = {
            "path": entry.path,
            "mode": entry.mode,
            "type": entry.kind,
            "sha": entry.sha,
        }
        if entry.kind == "blob":
            shown["size"] = entry.size
        if entry.kind != "commit":
            shown["url"] = f"{url}/{entry.kind}s/{entry.sha}"
        return shown

    return as_json(
        {
            "sha": sha,
            "url": f"{url}/trees/{sha}",
            "tree": [view(entry) for entry in entries[:most]],
            "truncated": len(entries) > most,
        }
    )


@route("GET", _BASE + "/git/blobs/{sha}")
def get_blob(call: Call) -> Answer:
    """Show a file by the name of its content."""
    git, sha = filled(call), call.words["sha"]
    if git.kind(sha) != "blob":
        raise not_found()
    data = git.content(sha)
    if _wants_raw(call):
        return _raw(data)
    return as_json(
        {
            "sha": sha,
            "node_id": node_id("Blob", int(sha[:8], 16)),
            "size": len(data),
            "url": f"{call.repository_url}/git/blobs/{sha}",
            "content": _lines(data),
            "encoding": "base64",
        }
    )


def _entry_json(call: Call, entry: Entry, path: str, ref: str) -> dict[str, Any]:
    """Show an entry of a folder."""
    kind = "symlink" if entry.mode == "120000" else _KINDS[entry.kind]
    url = f"{call.repository_url}/contents/{quote(path)}?ref={quote(ref)}"
    git_kind = "trees" if kind == "dir" else "blobs"
    git_url = f"{call.repository_url}/git/{git_kind}/{entry.sha}"
    html = f"{call.web_url}/{'tree' if kind == 'dir' else 'blob'}/{quote(ref)}/{quote(path)}"
    raw = raw_url(call.request, call.repository, ref, path) if entry.kind == "blob" else None
    return {
        "name": path.rsplit("/", 1)[-1],
        "path": path,
        "sha": entry.sha,
        "size": entry.size or 0,
        "url": url,
        "html_url": html,
        "git_url": git_url,
        "download_url": raw,
        "type": kind,
        "_links": {"self": url, "git": git_url, "html": html},
    }


def _file_json(call: Call, entry: Entry, path: str, ref: str) -> dict[str, Any]:
    """Show a file, with its content if it is small."""
    shown = _entry_json(call, entry, path, ref)
    data = call.repository.git.content(entry.sha)
    if shown["type"] == "symlink":
        return {**shown, "target": data.decode(errors="replace")}
    if len(data) > _SHOWN:
        return {**shown, "content": "", "encoding": "none"}
    return {**shown, "content": _lines(data), "encoding": "base64"}


def _at(call: Call, path: str) -> Answer:
    git = call.repository.git
    if git.is_empty():
        raise RefusedError(error(404, "This repository is empty."))
    ref = call.request.query.get("ref") or call.repository.default_branch
    try:
        commit = found_commit(call, ref)
    except RefusedError as refused:
        raise RefusedError(error(404, f"No commit found for the ref {ref}")) from refused
    path = path.strip("/")
    entry = next(iter(git.tree(commit, path=path)), None) if path else None
    if path and entry is None:
        raise not_found()
    if entry is None or entry.kind == "tree":
        inside = git.tree(entry.sha if entry else commit)
        prefix = f"{path}/" if path else ""
        return as_json([_entry_json(call, e, prefix + e.path, ref) for e in inside])
    if (entry.size or 0) > _SENT:
        raise RefusedError(error(403, "This API returns blobs up to 100 MB in size."))
    if _wants_raw(call):
        return _raw(git.content(entry.sha))
    return as_json(_file_json(call, entry, path, ref))


@route("GET", _BASE + "/contents")
def get_root(call: Call) -> Answer:
    """List the topmost folder."""
    return _at(call, "")


@route("GET", _BASE + "/contents/")
def get_root_with_slash(call: Call) -> Answer:
    """List the topmost folder."""
    return _at(call, "")


@route("GET", _BASE + "/contents/{path:path}")
def get_contents(call: Call) -> Answer:
    """Show a file, or list a folder."""
    return _at(call, call.words["path"])


def _first(call: Call, names: tuple[str, ...]) -> tuple[Entry, str]:
    git = call.repository.git
    ref = call.request.query.get("ref") or call.repository.default_branch
    wanted = {name.lower(): number for number, name in enumerate(names)}
    commit = git.sha(ref)
    entries = git.tree(commit) if commit else []
    found = [e for e in entries if e.kind == "blob" and e.path.lower() in wanted]
    if not found:
        raise not_found()
    return min(found, key=lambda e: wanted[e.path.lower()]), ref


@route("GET", _BASE + "/readme")
def get_readme(call: Call) -> Answer:
    """Show the README."""
    entry, ref = _first(call, ("README.md", "README.rst", "README.txt", "README"))
    if _wants_raw(call):
        return _raw(call.repository.git.content(entry.sha))
    return as_json(_file_json(call, entry, entry.path, ref))


@route("GET", _BASE + "/license")
def get_license(call: Call) -> Answer:
    """Show the licence."""
    entry, ref = _first(call, FILES)
    license_ = license_json(call.request.api, call.repository.license)
    return as_json({**_file_json(call, entry, entry.path, ref), "license": license_})


def _archive(call: Call, form: str) -> Answer:
    name = call.words.get("ref", call.repository.default_branch)
    try:
        found_commit(call, name)
    except RefusedError as refused:
        raise not_found() from refused
    git = call.repository.git
    place = next((p for p in ("refs/heads/", "refs/tags/") if git.sha(p + name)), "")
    return redirect(302, archive_url(call.request, call.repository, f"legacy.{form}", place + name))


@route("GET", _BASE + "/tarball/{ref:path}")
def get_tarball(call: Call) -> Answer:
    """Point to an archive."""
    return _archive(call, "tar.gz")


@route("GET", _BASE + "/zipball/{ref:path}")
def get_zipball(call: Call) -> Answer:
    """Point to an archive."""
    return _archive(call, "zip")


@route("GET", _BASE + "/tarball")
def get_tarball_of_default_branch(call: Call) -> Answer:
    """Point to an archive."""
    return _archive(call, "tar.gz")
