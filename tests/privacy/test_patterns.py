"""Each pattern: what it is meant to find, what looks alike, and that its time is linear."""

from __future__ import annotations

import json
import re

import pytest
from model_lint.privacy import Leak, find_leaks, find_personal, is_nobodys, scrub
from model_lint.privacy.folders import owner
from model_lint.privacy.patterns import PATTERNS
from model_lint.privacy.persons import NOBODY
from model_lint.privacy.searched import KINDS, Searched
from model_lint.storage.limits import MAX_EXCERPT_BYTES

HEX = "0a1b" * 10
MIXED = "aB3dE5gH7jK9mN1pQ3sT"
TIME = "2024-09-03 14:06:03.123456: "

#: A path, the part of it that names somebody, and whether it is the home folder of nobody.
FOLDERS = [
    ("/home/jdoe/x", "/home/jdoe", False),
    ("/home/runner/work/x", None, True),
    ("/home/user/x", None, True),
    ("/home/user1/x", None, True),
    ("/home/ubuntu/x", None, True),
    ("/home/youssef/x", "/home/youssef", False),
    ("/homes/jdoe/x", "/homes/jdoe", False),
    ("/export/jdoe", "/export/jdoe", False),
    ("/export/home/jdoe/x", "/export/home/jdoe", False),
    ("/nas02/home/jdoe", "/nas02/home/jdoe", False),
    ("/home/GRAMES.POLYMTL.CA/p000000/x", "/home/GRAMES.POLYMTL.CA", False),
    ("/Users/jane/x", "/Users/jane", False),
    ("/Users/runner/x", None, True),
    ("/Users/Shared/x", None, True),
    ("/mnt/c/Users/jdoe/x", "/mnt/c/Users/jdoe", False),
    ("C:\\Users\\jane\\x", "C:\\Users\\jane", False),
    ("C:\\Users\\Public\\x", None, True),
    ("D:\\data\\study", None, False),
    ("/mnt/data/jdoe", "/mnt/data/jdoe", False),
    ("/mnt/data/raw/x", None, False),
    ("/media/xdoe42/Transcend/x", "/media/xdoe42/Transcend/x", False),
    ("/run/media/jdoe/USB/x", "/run/media/jdoe/USB/x", False),
    ("/media/images/logo.png", None, False),
    ("/Volumes/Disk/jdoe/x", "/Volumes/Disk/jdoe/x", False),
    ("/scratch/jdoe/y", "/scratch/jdoe/y", False),
    ("/lustre/x/y", "/lustre/x/y", False),
    ("/nfs/group/x", "/nfs/group/x", False),
    ("/project/def-x/y", "/project/def-x/y", False),
    ("/project/6012345/jdoe", "/project/6012345/jdoe", False),
    ("/project/src/x", None, False),
    ("/data/study/x", None, False),
    ("/workspace/x", None, False),
    ("/content/drive/MyDrive", None, False),
    ("/kaggle/input/x", None, False),
    ("/tmp/x", None, False),
]

SECRETS = [
    f'os.environ["WANDB_API_KEY"] = "{HEX}"',
    f"os.environ['WANDB_API_KEY']='{HEX}'",
    f'os.environ.setdefault("WANDB_API_KEY", "{HEX}")',
    f'os.getenv("COMET_API_KEY", "{MIXED}")',
    f'self.wandb_key = "{HEX}"',
    f'wandbKey: "{HEX}"',
    f'wandb.login(key="{HEX}")',
    f"wandb login {HEX}",
    f"wandb login --relogin {HEX}",
    f"export WANDB_API_KEY={HEX}",
    f"ENV WANDB_API_KEY {HEX}",
    f"WANDB_API_KEY: {HEX}",
    f'parser.add_argument("--api_key", type=str, default="{HEX}")',
    f'parser.add_argument("--token", default="{MIXED}")',
    f'{{"key": "{HEX[:32]}"}}',
    f'key = "{HEX}"',
    f'token: str = "{MIXED}"',
    f'"Authorization": "Bearer {MIXED}"',
    f"machine api.wandb.ai login user password {HEX}",
    f"AccountKey={MIXED}{MIXED}==",
    f"client_secret='{MIXED}'",
    f"{{'api-key': '{MIXED}'}}",
    "aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYzzzzzzKEY",
    'set_password("Tr0ub4dor&3")',
    "passwd='s3cretPW1'",
    "DB_PASSWORD=9f8e7d6c5b",
    "x = 'hf_" + "a1B2" * 9 + "'",
    "npm_" + "a1B2" * 9,
    "AKIA" + "A1B2" * 4,
    "AIza" + "a1B2-" * 7,
    "xoxb-123456789012-abc",
    "nvapi-" + "a1B2" * 12,
    "eyJhbGciOiJI.eyJzdWIiOiIx.c2lnbmF0dXJl",
]

NO_SECRETS = [
    "key = args.key",
    'dict(key="image")',
    'image_key="image_0000_t2w"',
    "num_key_frames = 12",
    'password=""',
    "token: ${{ secrets.X }}",
    "token: ${{ secrets.GITHUB_TOKEN2 }}",
    'api_key=os.environ["WANDB_API_KEY"]',
    'api_key=os.environ["WANDB_API_KEY"], project="abc12345"',
    'os.environ.get("WANDB_API_KEY", None)',
    'os.getenv("HF_TOKEN", "")',
    f"commit {HEX}",
    f"rev: {HEX}",
    HEX,
    f'"sha256": "{"ab12" * 16}"',
    f'cache_key = "{HEX}"',
    f"key: SHA256E-s31000000--{'ab12' * 16}.nii.gz",
    "key: pip-linux-py310-v1",
    "key: ${{ runner.os }}-pip-${{ hashFiles('x') }}",
    'pad_token="[PAD1234]"',
    "token = tokenizer2(x)",
    "token = tokenizer2",
    "token = config.api_token_2",
    "password = getpass('Password1: ')",
    'monkey = "banana12345"',
    "ssh_key: ~/.ssh/id_ed25519",
    'public_key="ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ"',
    'key_file="id_rsa2048.pem"',
    "key=lambda x: x[1]",
    'key="Dataset101SpinalCordT2w"',
    'key="nnUNetTrainer__nnUNetPlans__3d_fullres"',
    '"key": "sub-01_ses-02_acq-3d_T2w"',
    '"key": "' + "1" * 32 + '"',
    "password=$PASSWORD1",
    "--token ${TOKEN1}",
    "token = '<your-token-1>'",
    "secret=xxxxxxxx1",
    "tokens: 1000, num_tokens=12345678",
    'keypoints="0a1b0a1b"',
    "d['key'] = 'val12345'",
    "key 12345678 of the table2",
    "basic configuration2024 of this",
    'assert key == "abc12345"',
    f"{TIME}Current learning rate: 0.00999 ",
    f"{TIME}Pseudo dice [np.float32(0.1625), np.float32(0.0)] ",
    "-----BEGIN PUBLIC KEY-----\nMIIE\n-----END PUBLIC KEY-----",
    "https://x-access-token:${TOKEN}@github.com/x",
]

#: A line of a log with a blank in its path, and what is left of it.
SPACED = [
    (
        "loading checkpoint /media/jdoe/SAMSUNG 4TB/proj/01_jdoe/m.model train= False",
        "loading checkpoint <path> train= False",
    ),
    ("saved in C:\\Users\\Jane Doe\\My Files\\x ok", "saved in <path> ok"),
    ("at /Volumes/My Passport 2/data/x, 3", "at <path>, 3"),
    ("/mnt/c/Users/Jane Doe/x.txt: done", "<path>: done"),
    ("Using /data/SAMSUNG T7/raw/x (copy)", "Using <path> (copy)"),
    ("in /home/a/b and /home/a/c of it", "in <path> and <path> of it"),
    ("in /home/a/b epoch 3 of 1000", "in <path> epoch 3 of 1000"),
    ("in /home/a/b 3/1000", "in <path> 3/1000"),
]


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


@pytest.mark.parametrize("end", ["-----END RSA PRIVATE KEY-----", ""])
def test_a_private_key_goes_with_its_body(end: str) -> None:
    body = "Proc-Type: 4,ENCRYPTED\n\n" * bool(end) + "MIIEowIBAAKCAQEAxyz\n" * 20
    text = f"before\n-----BEGIN RSA PRIVATE KEY-----\n{body}{end}\nafter"
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
    *("-----BEGIN PRIVATE KEY-----", "-----BEGIN RSA PRIVATE KEY-----\nabc\n", "-----BEGIN ", "-"),
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
#: What of a long text is searched. Quadratic time for it is minutes, linear time is a blink.
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
