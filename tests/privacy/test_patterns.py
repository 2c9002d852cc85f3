"""Each pattern: what it is meant to find, what looks alike, and that its time is linear."""

from __future__ import annotations

import json
import re

import pytest
from leaks import FOLDERS, NO_SECRETS, SECRETS, SPACED, TIME
from model_lint.privacy import Leak, find_leaks, find_personal, is_nobodys, scrub
from model_lint.privacy.folders import owner
from model_lint.privacy.patterns import PATTERNS
from model_lint.privacy.persons import NOBODY
from model_lint.privacy.searched import KINDS, Searched
from model_lint.storage.limits import MAX_EXCERPT_BYTES


@pytest.mark.parametrize(("path", "who", "nobodys"), FOLDERS)
def test_whose_folder_it_is(path: str, who: str | None, nobodys: bool) -> None:
    assert owner(path) == who
    assert is_nobodys(path) is nobodys
    assert [leak.value for leak in find_personal(f"cd {path}\n")] == ([who] if who else [])
    # A log was written on one machine: there every path is one of it.
    assert [leak.value for leak in find_leaks(f"in {path}\n")] == [path]


@pytest.mark.parametrize("text", SECRETS)
def test_secrets(text: str) -> None:
    (leak,) = find_leaks(text, kinds=["secret"])
    assert len(leak.value) >= 8
    assert find_leaks(scrub(text)) == ()
    assert leak.value not in scrub(text)
    in_json = json.dumps({"source": [text]})
    assert [found.value for found in find_leaks(in_json, kinds=["secret"])] == [leak.value]


@pytest.mark.parametrize("text", NO_SECRETS)
def test_no_secrets(text: str) -> None:
    assert find_leaks(text, kinds=["secret"]) == ()
    assert find_leaks(json.dumps([text]), kinds=["secret"]) == ()


@pytest.mark.parametrize("end", ["-----END EC PRIVATE KEY-----", ""])
def test_a_private_key_goes_with_its_body(end: str) -> None:
    body = "Proc-Type: 4,ENCRYPTED\n\n" * bool(end) + "MIIEowIBAAKCAQEAxyz\n" * 20
    text = f"before\n-----BEGIN EC PRIVATE KEY-----\n{body}{end}\nafter"
    clean = scrub(text)
    assert clean.split() == ["before", "<secret>", "after"]


@pytest.mark.parametrize(("text", "clean"), SPACED)
def test_blanks_in_paths(text: str, clean: str) -> None:
    assert scrub(text) == clean
    assert scrub(json.dumps([text])) == json.dumps([clean])


@pytest.mark.parametrize(
    "address",
    [
        "gitea@data.example-lab.ca:SITE/site_006.git",
        "forge@lab.ca:a/b.git",
        "gitlab@lab.ca:a/b",
        "git@github.com:a/b",
        "ssh://git@lab.ca/a/b.git",
        "a@b.T",
        "x@self.fc(y)",
        "jane@example.org",
    ],
)
def test_no_persons_address(address: str) -> None:
    assert find_leaks(f"clone {address} x") == ()


def test_a_key_in_json_tells_what_its_value_is_wherever_it_stands() -> None:
    text = '{"node": "romane", "Login" : "jdoe", "user": "ubuntu", "machine": "no name"}'
    assert [leak.value for leak in find_leaks(text)] == ["romane", "jdoe"]


def test_escapes_of_json_are_read() -> None:
    text = '{"a": "\\u002fhome\\u002fjd\\u00f6e\\n\\/data\\/x", "b": "D:\\\\new\\\\tab"}'
    assert [leak.value for leak in find_leaks(text)] == ["/home/jdöe", "/data/x", "D:\\new\\tab"]
    assert json.loads(scrub(text)) == {"a": "<path>\n<path>", "b": "<path>"}


@pytest.mark.parametrize(
    "text", ["[INFO] x", "{'a': '/home/b/c'}", '{"a" "', '["\0"]', '{"a": b"c"}']
)
def test_what_is_no_json_is_read_as_it_is(text: str) -> None:
    searched = Searched.of(text)
    assert (searched.source, searched.text, searched.is_json) == (text, text, False)


def test_small_letters_keep_their_places() -> None:
    text = "İ İ HOSTNAME=Romane"
    assert len(Searched.of(text).lowered) == len(text)
    assert find_leaks(text) == (Leak("host", "Romane", 1),)


@pytest.mark.parametrize("pattern", PATTERNS, ids=lambda p: f"{p.kind}-{p.markers[0]}")
def test_a_pattern_is_well_formed(pattern: object) -> None:
    """A marker is what the outline of a text can hold."""
    from model_lint.privacy.searched import Pattern

    assert isinstance(pattern, Pattern)
    assert pattern.kind in KINDS
    assert "value" in re.compile(pattern.expression, re.MULTILINE).groupindex
    assert all(marker == marker.lower() for marker in pattern.markers)
    assert not any(char.isdigit() for marker in pattern.markers for char in marker)


#: Pieces that, one behind another, make a pattern that backtracks take quadratic time.
PIECES = [
    *(
        "/",
        "/\n",
        " /a",
        " /a/b/c",
        "'/a/b",
        " b/c",
        "/a b",
        " C:\\a",
        "C:/",
        "\\",
        "\\\\a",
        "file:///a",
    ),
    *("key ", "key=", "key='a1b2c3d4 ", "password: ", "token,", "default=", '"key", x'),
    *("-----BEGIN PRIVATE KEY-----", "-----BEGIN EC PRIVATE KEY-----\nabc\n", "-----BEGIN ", "-"),
    *(
        "A",
        "a",
        " ",
        "\n",
        "a-",
        "a.",
        "_",
        "@",
        "a@",
        "a@b.",
        "a@b.ca ",
        "a@b.c@",
        "://a:",
        "//a:b",
    ),
    *("sk-", "sk-a1", "-eyJaaaaaaaa.eyJ", "eyJ", "ghp_", "hf_", "xoxb-", "SG.", "wandb login "),
    *(
        "hostname:",
        "hostname",
        '"host":"a",',
        "tcp://",
        "sub-",
        " sub-1a_ses-",
        "subject-",
        "subj_1",
    ),
    *(f"{TIME}predicting x\n", f"{TIME}a, shape \n", f"{TIME}predicting {'x' * 150}{' ' * 99}y\n"),
    *(
        "failed for case ",
        ", shape ",
        "imagesTr/a",
        "imagesTr/",
        '"a",',
        '"',
        '\\"',
        "\\n",
        "\\u002f",
    ),
    *("bearer ", "bearer a", "\0", "İ", "é", "0", "a1", "A1b", "=", "split file: /"),
]
#: The searched part of a long text. Quadratic time takes minutes there, linear time a moment.
LONG = 2 * MAX_EXCERPT_BYTES


@pytest.mark.parametrize("piece", PIECES)
@pytest.mark.parametrize("around", [("", ""), ('["', '"]'), ("password='", "")])
def test_a_long_text_is_searched_in_linear_time(piece: str, around: tuple[str, str]) -> None:
    before, after = around
    text = before + piece * (LONG // len(piece)) + after
    find_leaks(text, search_names_everywhere=False)


@pytest.mark.parametrize("markers", [p.markers for p in PATTERNS], ids=str)
def test_markers_alone_are_searched_in_linear_time(markers: tuple[str, ...]) -> None:
    for marker in markers:
        find_leaks(marker * (LONG // len(marker)), search_names_everywhere=False)


def test_nobody_is_a_name_as_a_whole() -> None:
    names = ("user", "runner", "you", "your_name", "ubuntu")
    assert all(re.fullmatch(NOBODY, name) for name in names)
    assert not any(re.match(NOBODY, f"{name}x.y") for name in ("runner", "ubuntu", "node"))
