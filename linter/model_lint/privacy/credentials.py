"""Patterns of keys, tokens and passwords: by their own form, or by the name before them."""

from __future__ import annotations

import re

from .searched import Pattern

# These are compiled when needed: few texts have what may be a secret.

#: Letters and digits mixed in a way that words and version numbers are not.
_MIXED = r"(?=[^A-Z]*[A-Z])(?=[^a-z]*[a-z])(?:[^\W\d_]*\d+[^\W\d_]+){3}"
_HEX = r"(?:[0-9a-f]{32,128}|[0-9A-F]{32,128})"
_RUN = r"[A-Za-z0-9]{16,}"
#: The beginning of a placeholder for a secret, or of the place where the secret is.
_STAND_IN = (
    r"(?i:[<$%*~./-]|\\|https?:|xxx|your|my[-_]|an?[-_]|the[-_]|some|example|changeme|change[-_]|dummy"
    r"|fake|test|sample|demo|placeholder|redacted|hidden|none|null|todo|insert|enter|put[-_]|replace"
    r"|foo|bar|secret|passw|pwd|pass$|token|api[-_]?key|env[.:]|vault|sha\d|md5|ssh-)"
)
#: Names in a program: words joined by dots or underscores.
_PROGRAM = r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+|[A-Za-z]+(?:_[A-Za-z0-9]+)+"
_IDENTIFIER = r"[A-Za-z_]+\d{0,4}"
#: Characters after a name in a program.
_CALLS = frozenset("([{")
#: Words before "key" that make it a secret, and words that do not; other keys may be anything.
_SECRET_KEYS = (
    *("api", "secret", "access", "auth", "private", "encryption", "account", "master", "storage"),
    "admin",
)
_OTHER_KEYS = ("public", "pub", "foreign", "primary", "sort", "cache")
_KEY_VALUE = r"[\w+=-]{20,}"


def _is_random(value: str) -> bool:
    """Return whether a value looks random, as keys of services are."""
    if re.fullmatch(_HEX, value):
        return not value.isdigit()
    return any(re.match(_MIXED, run[0]) for run in re.finditer(_RUN, value))


def _is_secret(text: str, found: re.Match[str]) -> bool:
    """Return whether the value of a key, token or password in a text is a secret."""
    start, end = found.span("value")
    value = text[start:end]
    before = text[max(0, found.start() - 16) : found.start()]
    if found["word"] == "key" and not before.rstrip("-_. ").lower().endswith(_SECRET_KEYS):
        return _is_key(before, text[found.start()], value)
    if before.lower().endswith("publickey"):  # publicKeyToken, of a Windows assembly
        return False
    if re.match(_STAND_IN, value) or "..." in value or text[end : end + 1] in _CALLS:
        return False
    is_joined = found["blank"] is None
    quoted = text[start - 1] in {"'", '"'}
    return _is_random(value) or (is_joined and _is_password(value, quoted=quoted))


def _is_key(before: str, initial: str, value: str) -> bool:
    """Return whether a key that may be anything is a secret, judged by its value."""
    if not re.fullmatch(_KEY_VALUE, value) or re.match(_STAND_IN, value):
        return False
    if before.rstrip("-_. ").lower().endswith(_OTHER_KEYS):
        return False
    is_word = initial.isupper() or not before[-1:].islower()  # not in "monkey"
    return is_word and _is_random(value)


def _is_password(value: str, *, quoted: bool) -> bool:
    """Return whether a value is not just a name in a program."""
    if re.fullmatch(_PROGRAM, value) or (not quoted and re.fullmatch(_IDENTIFIER, value)):
        return False
    return any(map(str.isdigit, value)) and any(map(str.isalpha, value))


def _is_login(text: str, found: re.Match[str]) -> bool:
    """Return whether ``user:password`` in an address is genuine, not a placeholder."""
    password = text[slice(*found.span("value"))].partition(":")[2]
    return not (re.match(_STAND_IN, password) or password.isdigit())


def _stands_alone(text: str, found: re.Match[str]) -> bool:
    before = text[found.start() - 1 : found.start()]
    return not (before.isascii() and before.isalnum()) and before not in {"_", "-"}


#: The body of a private key: base64, and the headers of an encrypted key.
_BODY = r"[A-Za-z0-9+/=\s\\:,.'\"]*(?:-(?!----)[A-Za-z0-9+/=\s\\:,.'\"]*)*"
_FORMS = (
    r"gh[pousr]_[A-Za-z0-9]{30,}",
    r"github_pat_\w{22,}",
    r"glpat-[\w-]{20,}",
    r"hf_[A-Za-z0-9]{30,}",
    r"(?:AKIA|ASIA)[0-9A-Z]{16}(?![A-Za-z0-9])",
    r"AIza[\w-]{35}",
    r"xox[abeprs]-[\w-]{10,}",
    r"pypi-[\w-]{50,}",
    r"npm_[A-Za-z0-9]{36}",
    r"sk-(?<![\w-]sk-)(?=[\w-]{0,40}\d)(?:\w{1,20}-){0,3}\w{20,}",
    r"[rs]k_live_[A-Za-z0-9]{20,}",
    r"SG\.[\w-]{20,24}\.[\w-]{40,}",
    r"dckr_pat_[\w-]{20,}",
    r"nvapi-[\w-]{40,}",
    r"wandb_v1_\w{20,}",
    r"eyJ(?<![\w-]eyJ)[\w-]{8,400}\.eyJ[\w-]{8,4000}\.[\w-]{8,}",
)
_BEGINNINGS = (
    *("ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_", "glpat-", "hf_", "akia", "asia"),
    *("aiza", "xox", "pypi-", "npm_", "sk-", "k_live_", "sg.", "dckr_pat_", "nvapi-"),
    *("wandb_v", "eyj"),
)

#: Between a name and its value: ``api_key="x"``, ``environ["API_KEY"] = "x"``, ``"key": "x"``.
_ASSIGNED = (
    r"['\"]{0,2}[ \t]{0,9}\]?[ \t]{0,9}(?::[ \t]{0,9}\w{1,12}[ \t]{0,9}(?==))?(?:=>|:=|==|[:=])"
    r"[ \t]{0,9}(?:[rbfu]{0,2}['\"]{1,3})?"
)
#: ``setdefault("API_KEY", "x")``, ``set_password("x")``, ``add_argument("--token", default="x")``.
_PASSED = (
    r"['\"]{0,2}[ \t]{0,9}[,(][ \t]{0,9}['\"]{1,3}"
    r"|['\"]{1,2}[ \t]{0,9},[^\n'\"]{0,60}\b(?:default|value)[ \t]{0,9}=[ \t]{0,9}['\"]{1,3}"
)
_BLANK = r"(?P<blank>[ \t]{1,4}['\"]?)"
_VALUE = r"(?P<value>[^\s'\",;<>(){}\[\]]{8,512})"

SECRETS = (
    Pattern(
        "secret",
        r"(?P<value>-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----"
        rf"(?:{_BODY}-----END [A-Z ]{{0,40}}-----|(?:\s{{1,9}}[A-Za-z0-9+/=]{{16,}})*))",
        ("-----begin ",),
    ),
    Pattern("secret", rf"(?P<value>{'|'.join(_FORMS)})", _BEGINNINGS, accepts=_stands_alone),
    # The password in https://user:password@host.
    Pattern(
        "secret",
        r"://(?P<value>(?!user(?:name)?:pass)[^\s/:@'\"<>$%{\[]{1,200}:[^\s/@'\"<>$%{]{1,200})(?=@)",
        ("://",),
        accepts=_is_login,
    ),
    Pattern(
        "secret",
        r"(?P<word>key|token|secret|passw(?:or)?d|passphrase|pwd|credentials?)(?![\w-])"
        rf"(?:{_ASSIGNED}|{_PASSED}|{_BLANK}){_VALUE}",
        ("key", "token", "secret", "passw", "passphrase", "pwd", "credential"),
        any_case=True,
        accepts=_is_secret,
    ),
    Pattern(
        "secret",
        r"wandb[ \t.]{1,3}login[ \t(]{1,3}(?:--\w{1,12}[ \t]{1,3}){0,3}['\"]?"
        r"(?P<value>[0-9a-f]{40})(?![0-9a-f])",
        ("wandb",),
        any_case=True,
    ),
    Pattern(
        "secret",
        r"(?:bearer|basic)[ \t]{1,3}(?P<value>[\w.+/=~-]{20,512})",
        ("bearer ", "basic "),
        any_case=True,
        accepts=lambda text, found: _is_random(text[slice(*found.span("value"))]),
    ),
)
