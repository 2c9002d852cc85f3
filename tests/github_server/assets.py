"""Assets of releases: listed, uploaded, pointed to, edited and deleted."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from .access import Level, level
from .answer import Answer, RefusedError, as_json, error, fault, invalid, not_found, redirect
from .paging import listed
from .route import Call, route
from .state import Asset, Release, node_id
from .storage import asset_url, whole
from .users import user_json
from .when import stamp

if TYPE_CHECKING:
    from collections.abc import Iterator

_BASE = "/repos/{owner}/{repo}/releases"
_ONE = _BASE + "/assets/{id:int}"


def visible(call: Call) -> list[Release]:
    """Return the releases that the token may see, as this request sees them."""
    repository = call.repository
    stale = "stale" in call.request.faults and repository.before is not None
    found = repository.before if stale and repository.before is not None else repository.releases
    pushes = level(call.token, repository) >= Level.PUSH
    return [r for r in found if pushes or not r.draft]


def asset_json(call: Call, release: Release, asset: Asset) -> dict[str, Any]:
    """Show an asset."""
    place = f"{quote(release.web_tag, safe='')}/{quote(asset.name)}"
    return {
        "url": f"{call.repository_url}/releases/assets/{asset.id}",
        "id": asset.id,
        "node_id": node_id("ReleaseAsset", asset.id),
        "name": asset.name,
        "label": asset.label,
        "uploader": user_json(call, asset.uploader),
        "content_type": asset.content_type,
        "state": asset.state,
        "size": asset.size,
        "digest": asset.digest,
        "download_count": asset.downloads,
        "created_at": stamp(asset.created_at),
        "updated_at": stamp(asset.updated_at),
        "browser_download_url": f"{call.web_url}/releases/download/{place}",
    }


def _found(call: Call, *, now: bool = False) -> tuple[Release, Asset]:
    for release in call.repository.releases if now else visible(call):
        for asset in release.assets:
            if asset.id == call.number("id"):
                return release, asset
    raise not_found()


def _release(call: Call, *, now: bool = False) -> Release:
    for release in call.repository.releases if now else visible(call):
        if release.id == call.number("id"):
            return release
    raise not_found()


@route("GET", _BASE + "/{id:int}/assets")
def list_assets(call: Call) -> Answer:
    """List the assets of a release."""
    release = _release(call)
    return listed(call.request, release.assets, lambda a: asset_json(call, release, a))


@route("GET", _ONE)
def get_asset(call: Call) -> Answer:
    """Show an asset, or point to its content."""
    release, asset = _found(call)
    if "application/octet-stream" not in call.request.accept:
        return as_json(asset_json(call, release, asset))
    if asset.state != "uploaded":
        raise not_found()
    asset.downloads += 1
    if call.state.settings.direct_downloads:
        return whole(asset)
    return redirect(302, asset_url(call.state, call.request, call.repository, asset))


@route("PATCH", _ONE, Level.PUSH)
def edit_asset(call: Call) -> Answer:
    """Change the name or the label of an asset."""
    new = call.request.json()
    release, asset = _found(call, now=True)
    name = clean_name(str(new.get("name", asset.name)))
    if any(a.name == name and a is not asset for a in release.assets):
        raise invalid(fault("ReleaseAsset", "already_exists", "name"))
    call.repository.remember()
    asset.name = name
    asset.label = new.get("label", asset.label)
    asset.updated_at = call.state.now()
    return as_json(asset_json(call, release, asset))


@route("DELETE", _ONE, Level.PUSH)
def delete_asset(call: Call) -> Answer:
    """Delete an asset."""
    release, asset = _found(call, now=True)
    call.repository.remember()
    release.assets.remove(asset)
    if isinstance(asset.content, Path) and call.state.root in asset.content.parents:
        asset.content.unlink(missing_ok=True)
    return Answer(204)


def clean_name(name: str) -> str:
    """Rename a file as GitHub does: dots for what is no letter, digit or one of ``_-+@``."""
    dotted = re.sub(r"[^\w.+@-]", ".", name, flags=re.ASCII)
    return re.sub(r"\.+", ".", dotted).strip(".")


@route("POST", _BASE + "/{id:int}/assets", Level.PUSH)
def upload_asset(call: Call) -> Answer:
    """Take an asset. Until all of it is there, it is listed as ``starter``."""
    release, body = _release(call, now=True), call.request.body
    if body.length is None:
        raise RefusedError(error(400, "Bad Content-Length: "))
    with call.state.lock:
        _check(call, release, body.length)
        asset = _begin(call, release)
    key, faults = asset.key, call.request.faults
    path = call.state.root / "assets" / key
    digest = hashlib.sha256()
    with path.open("wb") as file:
        for piece in _sent(call):
            digest.update(piece)
            file.write(piece)
    if "starter" in faults:
        path.unlink()
        return as_json({"message": "Server Error"}, 502)
    if "corrupt-upload" in faults:
        with path.open("r+b") as file:
            first = file.read(1)
            file.seek(0)
            file.write(bytes([first[0] ^ 0xFF]))
    if "wrong-digest" in faults:
        digest.update(b"another content")
    with call.state.lock:
        asset.content, asset.size, asset.state = path, body.length, "uploaded"
        asset.digest = f"sha256:{digest.hexdigest()}"
        asset.updated_at = call.state.now()
        shown = asset_json(call, release, asset)
        return as_json(shown, 201, {"Location": shown["url"]})


def _sent(call: Call) -> Iterator[bytes]:
    """Read what is sent, unless a fault resets the connection in the middle of it."""
    fault_ = call.request.faults.get("reset-upload")
    if fault_:
        call.request.body.mark(fault_.amount, lambda: True)
    return call.request.body.pieces()


def _check(call: Call, release: Release, length: int) -> None:
    settings, name = call.state.settings, clean_name(call.request.query.get("name", ""))
    wrong: dict[str, str] | None = None
    if not name:
        wrong = fault("ReleaseAsset", "missing_field", "name")
    elif any(asset.name == name for asset in release.assets):
        wrong = fault("ReleaseAsset", "already_exists", "name")
    elif length > settings.max_asset_size:
        message = f"size must be less than or equal to {settings.max_asset_size}"
        wrong = fault("ReleaseAsset", "custom", "size", message)
    elif not length:
        message = "size must be greater than or equal to 1"
        wrong = fault("ReleaseAsset", "custom", "size", message)
    elif len(release.assets) >= settings.max_assets:
        message = f"file_count limited to {settings.max_assets} assets per release"
        wrong = fault("ReleaseAsset", "custom", "file_count", message)
    if wrong:
        raise invalid(wrong)


def _begin(call: Call, release: Release) -> Asset:
    now = call.state.now()
    asset = Asset(
        call.state.new_id(),
        clean_name(call.request.query["name"]),
        call.request.headers.get("Content-Type", "application/octet-stream"),
        created_at=now,
        updated_at=now,
        uploader=call.user,
        label=call.request.query.get("label", ""),
    )
    call.repository.remember()
    release.assets.append(asset)
    return asset
