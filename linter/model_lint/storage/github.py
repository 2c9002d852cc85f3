"""GitHub's API through PyGithub: who asks, how long it waits, and one line for each failure."""

from __future__ import annotations

import logging
import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import NamedTuple
from urllib.parse import urlsplit

import requests
from github import Auth, Github, GithubException, RateLimitExceededException
from github.GithubRetry import GithubRetry
from requests.auth import AuthBase

from ..errors import UsageError
from .github_place import api_of, web_of
from .http import USER_AGENT, cause

#: Seconds for an answer; seconds to wait for a limit of requests, above which the run ends instead.
_TIMEOUT, _PATIENCE = 30, 90
_ATTEMPTS = 4
#: Things in one answer, at most.
PAGE = 100
#: Seconds to wait for a limit if GitHub does not say when it ends.
_LIMIT_WAIT = 60.0
#: Who the token of a workflow is.
ACTIONS = "github-actions[bot]"
_TOKEN = re.compile(r"[!-~]+")


class LimitReached(UsageError):  # noqa: N818 - not an error, but a pause
    """GitHub answers no more requests until its limit starts anew."""


class Hub(NamedTuple):
    """A GitHub, and who asks it."""

    api: Github
    #: The address of its API and of its pages, without a slash at the end.
    api_url: str
    web: str
    #: None to ask without a token: public repositories, 60 requests in an hour.
    token: str | None


class Bearer(AuthBase):
    """Sends a token to the API with a request; requests takes it off before another host."""

    def __init__(self, token: str | None) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Add the token."""
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request


def connect(environment: Mapping[str, str] = os.environ) -> Hub:
    """Prepare to ask GitHub, with the user's token if there is one; nothing is sent yet.

    Args:
        environment: ``GITHUB_API_URL`` names the API; the token is ``GH_TOKEN``, ``GITHUB_TOKEN``,
            or what ``gh auth token`` prints.
    """
    logging.getLogger("github").setLevel(logging.ERROR)  # PyGithub prints its redirects and waits
    url = api_of(environment)
    token = find_token(environment)
    retry = GithubRetry(
        total=_ATTEMPTS,
        backoff_factor=0.5,
        max_rate_limit_wait=_PATIENCE,
        allowed_methods=GithubRetry.DEFAULT_ALLOWED_METHODS,  # a POST may have taken effect
    )
    api = Github(
        base_url=url,
        auth=Auth.Token(token) if token else None,
        timeout=_TIMEOUT,
        retry=retry,
        per_page=PAGE,
        user_agent=USER_AGENT,
        seconds_between_requests=None,
        seconds_between_writes=None,
    )
    return Hub(api, url, web_of(environment), token)


def find_token(environment: Mapping[str, str]) -> str | None:
    """Return the user's token: GH_TOKEN, GITHUB_TOKEN, or that of ``gh`` for this GitHub.

    Raises UsageError if a variable has something else: messages would show it.
    """
    for name in ("GH_TOKEN", "GITHUB_TOKEN"):
        token = environment.get(name, "").strip()
        if token and not _TOKEN.fullmatch(token):
            raise UsageError(f"{name} is no token: it has a space, or a character beyond ASCII")
        if token:
            return token
    program = shutil.which("gh", path=environment.get("PATH"))
    if program is None:
        return None
    host = urlsplit(web_of(environment)).netloc
    try:
        done = subprocess.run(  # noqa: S603
            [program, "auth", "token", "--hostname", host],
            capture_output=True,
            text=True,
            check=True,
            timeout=_TIMEOUT,
            env=dict(environment),
        )
    except (OSError, subprocess.SubprocessError):  # not logged in
        return None
    return done.stdout.strip() or None


@contextmanager
def asking(hub: Hub, about: str) -> Iterator[None]:
    """Turn every failure to ask GitHub into a UsageError: one line about what was asked for."""
    try:
        yield
    except GithubException as error:
        kind = LimitReached if _is_limit(error) else UsageError
        raise kind(f"{about}: {explain(hub, error)}") from error
    except requests.RequestException as error:
        host = urlsplit(hub.api_url).netloc
        raise UsageError(f"{about}: {host} can't be reached ({cause(error)})") from error
    except RuntimeError as error:  # PyGithub is redirected to another host or protocol
        raise UsageError(f"{about}: {error}") from error


def explain(hub: Hub, error: GithubException) -> str:
    """Return what a failure means and what to do about it."""
    if _is_limit(error):
        return _limit(hub, _headers(error).get("x-ratelimit-reset"))
    if error.status == 401:
        return (
            "GitHub does not accept the token of GH_TOKEN, GITHUB_TOKEN or gh: it may have expired"
        )
    if error.status == 404:
        private = "or the token can't see it" if hub.token else "or it is private: set GH_TOKEN"
        return f"not on {urlsplit(hub.web).netloc}, {private}"
    text = error.data.get("message") if isinstance(error.data, dict) else None
    reason = f": {text}" if text else ""
    if error.status == 403:
        return f"GitHub refuses access{reason}"
    if error.status >= 500:
        return f"GitHub answers {error.status}, {_ATTEMPTS + 1} times; try again later"
    return f"GitHub answers {error.status}{reason}"


def retry_after(error: GithubException | requests.RequestException) -> float | None:
    """Return how many seconds later the same request may succeed; None if it never will."""
    if not isinstance(error, GithubException) or error.status >= 500:
        return 1.0
    after = _headers(error).get("retry-after", "")
    if after.isdecimal():
        wait = float(after)
    elif error.status == 429 or isinstance(error, RateLimitExceededException):
        wait = _LIMIT_WAIT
    else:
        return None
    return wait if wait <= _PATIENCE else None


def login_of(hub: Hub) -> str:
    """Return whose token it is. Raises UsageError if it is invalid."""
    with asking(hub, "the token"):
        try:
            return hub.api.get_user().login
        except GithubException as error:
            if error.status == 403 and "integration" in str(error.data):
                return ACTIONS  # the token of a workflow belongs to no user
            raise


def _is_limit(error: GithubException) -> bool:
    used_up = _headers(error).get("x-ratelimit-remaining") == "0"
    return isinstance(error, RateLimitExceededException) or (used_up and error.status in {403, 429})


def _headers(error: GithubException) -> dict[str, str]:
    return {name.lower(): value for name, value in (error.headers or {}).items()}


def _limit(hub: Hub, reset: str | None) -> str:
    until = ""
    if reset and reset.isdecimal():
        until = f" until {datetime.fromtimestamp(int(reset)).astimezone():%H:%M}"
    advice = "" if hub.token else "; with a token (GH_TOKEN) it is 5,000 in an hour"
    return f"GitHub's limit of requests is used up{until}{advice}"
