"""Owners in short, as they are shown within other things."""

from __future__ import annotations

from typing import Any

from .route import Call
from .state import Owner, node_id

_LINKS = {
    "followers_url": "/followers",
    "following_url": "/following{/other_user}",
    "gists_url": "/gists{/gist_id}",
    "starred_url": "/starred{/owner}{/repo}",
    "subscriptions_url": "/subscriptions",
    "organizations_url": "/orgs",
    "repos_url": "/repos",
    "events_url": "/events{/privacy}",
    "received_events_url": "/received_events",
}


def user_json(call: Call, owner: Owner) -> dict[str, Any]:
    """Show an owner in short."""
    url = f"{call.request.api}/users/{owner.login}"
    return {
        "login": owner.login,
        "id": owner.id,
        "node_id": node_id(owner.kind, owner.id),
        "avatar_url": f"{call.request.web}/avatars/u/{owner.id}?v=4",
        "gravatar_id": "",
        "url": url,
        "html_url": f"{call.request.web}/{owner.login}",
        **{name: url + path for name, path in _LINKS.items()},
        "type": owner.kind,
        "user_view_type": "public",
        "site_admin": False,
    }
