"""What an argument or a link names on GitHub, and that nothing else is asked for."""

from __future__ import annotations

import pytest
from model_lint.errors import UsageError
from model_lint.storage.github_place import Place, api_of, read_place, web_of

WEB = "https://github.com"


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("lab/model_seg", Place("lab", "model_seg")),
        ("lab/model_seg.git", Place("lab", "model_seg")),
        ("lab/.github@v1/x", Place("lab", ".github", "v1/x")),
        (f"{WEB}/lab/model_seg.git", Place("lab", "model_seg")),
        (f"{WEB}/jane_lab/m.n", Place("jane_lab", "m.n")),
        (f"{WEB}/lab/m/releases/tag/a%2Fb", Place("lab", "m", "a/b")),
        (f"{WEB}/lab/m/releases/download/v1/m%20n.zip", Place("lab", "m", "v1", "m n.zip")),
    ],
)
def test_a_place(text: str, place: Place) -> None:
    assert read_place(text, WEB) == place


@pytest.mark.parametrize(
    "text",
    [
        "lab/..",
        "lab/..@v1",
        "lab/m@..",
        f"{WEB}/lab/..%2f..%2fuser",
        f"{WEB}/lab%2f..%2flab/m",
        f"{WEB}/lab/m%3Fa/releases/latest/download/m.zip",
        f"{WEB}/lab/m%23a/releases/tag/v1",
        f"{WEB}/lab/m%0d%0aX-Header:%201/releases/tag/v1",
        f"{WEB}/lab/../releases/tag/v1",
        f"{WEB}/lab/m/releases/download/../m.zip",
        f"{WEB}/lab/m/releases/tag/%2e%2e",
    ],
)
def test_what_would_lead_a_request_elsewhere_is_no_place(text: str) -> None:
    assert read_place(text, WEB) is None


@pytest.mark.parametrize(
    ("variables", "api", "web"),
    [
        ({}, "https://api.github.com", WEB),
        ({"GITHUB_API_URL": "", "GITHUB_SERVER_URL": ""}, "https://api.github.com", WEB),
        ({"GITHUB_API_URL": "https://api.github.com/"}, "https://api.github.com", WEB),
        ({"GITHUB_API_URL": "https://x.org/api/v3"}, "https://x.org/api/v3", "https://x.org"),
        (
            {"GITHUB_API_URL": "http://x:8080", "GITHUB_SERVER_URL": "http://y/"},
            "http://x:8080",
            "http://y",
        ),
    ],
)
def test_a_github(variables: dict[str, str], api: str, web: str) -> None:
    assert (api_of(variables), web_of(variables)) == (api, web)


@pytest.mark.parametrize("name", ["GITHUB_API_URL", "GITHUB_SERVER_URL"])
@pytest.mark.parametrize(
    "value",
    [
        "x",
        "github.com",
        "ftp://x",
        "https://",
        "https://x:99999",
        "https://[x",
        "https://jane:secret@x/api/v3",
        "https://x/api/v3?token=secret",
    ],
)
def test_the_address_of_no_github(name: str, value: str) -> None:
    with pytest.raises(UsageError, match=f"^{name} is not the address of a GitHub") as error:
        web_of({name: value})
    assert "secret" not in str(error.value)
