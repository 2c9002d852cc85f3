"""What GitHub shows and sends outside of its API: pages, downloads and git."""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import quote, unquote

from .access import Level, Token, identify, level
from .answer import Answer, RefusedError, html, redirect
from .releases import latest
from .request import Request
from .smart_http import answer_git
from .state import Repository, State
from .storage import archive_url, asset_url, raw_url

_MISSING = "Not Found"


def answer_web(state: State, request: Request) -> Answer:
    """Answer a request for anything but the API."""
    try:
        return _answer(state, request)
    except RefusedError as refused:
        return refused.answer
    finally:
        request.body.drain()


def _answer(state: State, request: Request) -> Answer:
    found = re.fullmatch(r"/([^/]+)/([^/]+?)(\.git)?(/.*)?", request.path)
    if not found:
        owner = state.owner(unquote(request.path.strip("/")))
        return html(owner.login) if owner else html(_MISSING, 404)
    full_name, rest = f"{unquote(found[1])}/{unquote(found[2])}", found[4] or ""
    repository = state.repository(full_name)
    if repository is None and full_name.lower() in state.former:
        new = state.former[full_name.lower()].full_name
        asked = f"?{request.query_text}" if request.query_text else ""
        return redirect(301, f"{request.web}/{new}{found[3] or ''}{rest}{asked}")
    if re.fullmatch(r"/(info/refs|git-(upload|receive)-pack)", rest):
        request.entry.route = "git"
        return answer_git(state, request, repository, rest)
    token = identify(state.tokens, request.headers.get("Authorization"))
    if repository is None or level(token, repository) < Level.READ:
        return html(_MISSING, 404)
    return _page(state, request, repository, token, rest)


def _page(
    state: State, request: Request, repository: Repository, token: Token | None, rest: str
) -> Answer:
    pages: dict[str, Callable[..., Answer]] = {
        r"/?": _home,
        r"/releases/download/(?P<tag>[^/]+)/(?P<name>[^/]+)": _download,
        r"/releases/latest(?P<rest>/download/[^/]+)?": _latest,
        r"/releases(/tag/(?P<tag>[^/]+))?": _release_page,
        r"/archive/(?P<ref>.+?)\.(?P<form>tar\.gz|zip)": _archive,
        r"/(raw|blob|tree)/(?P<path>.+)": _file,
    }
    for pattern, page in pages.items():
        found = re.fullmatch(pattern, rest)
        if found:
            request.entry.route = f"GET {page.__name__.strip('_')}"
            words = {name: unquote(word or "") for name, word in found.groupdict().items()}
            return page(
                state, request, repository, pushes=level(token, repository) >= Level.PUSH, **words
            )
    return html(_MISSING, 404)


def _home(_state: State, _request: Request, repository: Repository, *, pushes: bool) -> Answer:
    del pushes
    return html(repository.full_name)


def _download(
    state: State, request: Request, repository: Repository, *, pushes: bool, tag: str, name: str
) -> Answer:
    for release in repository.releases:
        if release.web_tag == tag and (pushes or not release.draft):
            for asset in release.assets:
                if asset.name == name and asset.state == "uploaded":
                    asset.downloads += request.method == "GET"
                    return redirect(302, asset_url(state, request, repository, asset))
    return html(_MISSING, 404)


def _latest(
    _state: State, request: Request, repository: Repository, *, pushes: bool, rest: str
) -> Answer:
    del pushes
    release = latest(repository, repository.releases)
    base = f"{request.web}/{repository.full_name}/releases"
    if release is None:
        return html(_MISSING, 404) if rest else redirect(302, base)
    tag = quote(release.tag, safe="")
    name = quote(rest.removeprefix("/download/"))
    return redirect(302, f"{base}/download/{tag}/{name}" if rest else f"{base}/tag/{tag}")


def _release_page(
    _state: State, _request: Request, repository: Repository, *, pushes: bool, tag: str
) -> Answer:
    found = [r for r in repository.releases if r.web_tag == tag and (pushes or not r.draft)]
    tagged = found or repository.git.sha(f"refs/tags/{tag}")
    return html(f"{repository.full_name} {tag}") if tagged or not tag else html(_MISSING, 404)


def _archive(
    _state: State, request: Request, repository: Repository, *, pushes: bool, ref: str, form: str
) -> Answer:
    del pushes
    places = ("", "refs/heads/", "refs/tags/")
    place = next((p + ref for p in places if repository.git.sha(p + ref)), None)
    if place is None:
        return html(_MISSING, 404)
    return redirect(302, archive_url(request, repository, form, place))


def _file(
    _state: State, request: Request, repository: Repository, *, pushes: bool, path: str
) -> Answer:
    del pushes
    ref, _, file = path.partition("/")
    if repository.git.file(ref, file) is None:
        return html(_MISSING, 404)
    raw = request.path.split("/")[3] == "raw"
    return redirect(302, raw_url(request, repository, ref, file)) if raw else html(file)
