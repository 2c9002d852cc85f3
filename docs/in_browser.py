"""The pages that run the linter in the browser (`tools/`): Pyodide, the Python code, the policy.

A hook of mkdocs. On these pages

    <!-- parts -->        the template's questions about the name, as fields
    <!-- selectors -->    the codes and names of the rules, to choose from

are replaced. The pages ask no other host than their own: a policy in each forbids it.
"""

from __future__ import annotations

import json
import re
import sys
import zipfile
from base64 import b64encode
from collections.abc import Callable, Iterator
from hashlib import sha256
from html import escape
from io import BytesIO
from pathlib import Path
from typing import Any

from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page
from model_lint.naming import FIELDS, VOCABULARY
from model_lint.rules import all_rules

sys.path.insert(0, str(Path(__file__).parent))

from pyodide import FILES, STDLIB, MissingError, compiled, pyodide

DOCS = Path(__file__).parent
ROOT = DOCS.parent
TOOLS = "tools/"
#: What the pages run in Pyodide, as one package: its name in the archive, and where it is here.
PACKAGE = {
    "model_lint": ROOT / "linter" / "model_lint",
    "questions": ROOT / "questions",
    "cookiecutter.json": ROOT / "cookiecutter.json",
    "check.py": DOCS / "tools" / "check.py",
    "name.py": DOCS / "tools" / "name.py",
}
#: Folders of these that the pages do not run: what makes packages and releases.
_LEFT_OUT = frozenset({"__pycache__", "ship"})
_SERVICE_WORKER = DOCS / "tools" / "service_worker.js"
_MARK = re.compile(r"<!-- (parts|selectors) -->")
#: A script in a page, which its policy names by its digest, and what a page loads.
_INLINE = re.compile(r"<script(?: type=\"module\")?>(.*?)</script>", re.DOTALL)
_LOADED = re.compile(r'<(?:script|link)[^>]*? (?:src|href)="([^"#?]+\.(?:js|css|png|svg|ico))"')


def on_files(files: Files, *, config: Any) -> Files:
    """Add Pyodide and the Python code to the site."""
    try:
        folder = pyodide()
        stdlib, code = compiled(archive())
    except MissingError as error:
        raise PluginError(str(error)) from error
    for name in FILES:
        uri = f"{TOOLS}pyodide/{name}"
        files.append(File.generated(config, uri, abs_src_path=str(folder / name)))
    files.append(File.generated(config, f"{TOOLS}pyodide/{STDLIB}", content=stdlib))
    files.append(File.generated(config, f"{TOOLS}model_template.zip", content=code))
    return files


def on_page_markdown(markdown: str, *, page: Page, **_: Any) -> str:
    """Replace the marks of a page."""
    if not _is_tool(page):
        return markdown
    makers: dict[str, Callable[[], str]] = {"parts": parts, "selectors": selectors}
    return _MARK.sub(lambda found: makers[found[1]](), markdown)


def on_post_page(output: str, *, page: Page, **_: Any) -> str:
    """Give a page its policy."""
    return restricted(output) if _is_tool(page) else output


def on_post_build(*, config: Any) -> None:
    """List for the service worker what the pages need, each file with its digest."""
    site = Path(config["site_dir"])
    tools = site / TOOLS
    pages = sorted(tools.glob("*/index.html"))
    needed = {path for page in pages for path in _needed(page)}
    others = {p for p in tools.rglob("*") if p.is_file() and p.name != _SERVICE_WORKER.name}
    digests = {_address(path, tools): _digest(path.read_bytes()) for path in needed | others}
    text = _SERVICE_WORKER.read_text(encoding="utf-8")
    listed = json.dumps(dict(sorted(digests.items())), indent=2)
    (tools / _SERVICE_WORKER.name).write_text(
        text.replace("const FILES = {};", f"const FILES = {listed};"), encoding="utf-8"
    )


def archive() -> bytes:
    """Return the Python code as a zip: the same bytes for the same code, which stays cached."""
    out = BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as written:
        for name, path in _modules():
            info = zipfile.ZipInfo(f"model_template/{name}")
            info.compress_type = zipfile.ZIP_DEFLATED
            written.writestr(info, path.read_bytes())
    return out.getvalue()


def _modules() -> Iterator[tuple[str, Path]]:
    for name, place in PACKAGE.items():
        if place.is_file():
            yield name, place
            continue
        for path in sorted(place.rglob("*")):
            inside = path.relative_to(place)
            if path.is_file() and _LEFT_OUT.isdisjoint(inside.parts):
                yield f"{name}/{inside.as_posix()}", path


# ------------------------------------------------------------------------------------ the policy


def restricted(html: str) -> str:
    """Return a page that asks its own host alone, and runs no script but the site's."""
    digests = " ".join(f"'{_digest(text.encode())}'" for text in _INLINE.findall(html))
    policy = "; ".join(
        [
            "default-src 'none'",
            f"script-src 'self' 'wasm-unsafe-eval' {digests}",
            "style-src 'self' 'unsafe-inline'",
            "img-src 'self' data:",
            "connect-src 'self'",
            # A worker has the policy of the page only if its script is made by the page.
            "worker-src 'self' blob:",
            "form-action 'none'",
            "base-uri 'none'",
        ]
    )
    mark = '<meta charset="utf-8">'
    meta = f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
    if mark not in html:
        raise PluginError("the theme's pages begin in another way: docs/in_browser.py")
    return html.replace(mark, f"{mark}\n{meta}", 1)


def _digest(data: bytes) -> str:
    return f"sha256-{b64encode(sha256(data).digest()).decode()}"


def _is_tool(page: Page) -> bool:
    return page.file.src_uri.startswith(TOOLS)


def _needed(page: Path) -> Iterator[Path]:
    """Yield a page and what it loads."""
    yield page
    for link in _LOADED.findall(page.read_text(encoding="utf-8")):
        path = (page.parent / link).resolve()
        if path.is_file():
            yield path


def _address(path: Path, tools: Path) -> str:
    """Return the address of a file, as seen from the service worker."""
    below = path.relative_to(tools.parent).as_posix().removesuffix("index.html")
    return below.removeprefix(TOOLS) if below.startswith(TOOLS) else f"../{below}"


# ------------------------------------------------------------------------------------ the fields


def parts() -> str:
    """Return the template's questions about the name as fields of a form."""
    definition = json.loads((ROOT / "cookiecutter.json").read_text(encoding="utf-8"))
    prompts = definition["__prompts__"]
    return "\n".join(_part(field, definition[field], prompts[field]) for field in FIELDS)


def _part(field: str, answer: str | list[str], prompt: str | dict[str, str]) -> str:
    asked = prompt if isinstance(prompt, str) else prompt["__prompt__"]
    title, _, hint = asked.partition(": ")
    if isinstance(prompt, dict) and isinstance(answer, list):
        options = "".join(
            f'<option value="{escape(value)}">{escape(prompt[value])}</option>' for value in answer
        )
        control = f'<select id="{field}" name="{field}"{_described(field)}>{options}</select>'
    else:
        control = (
            f'<input id="{field}" name="{field}" value="{escape(str(answer))}" list="{field}-words"'
            f'{_described(field)} autocomplete="off" autocapitalize="none" spellcheck="false">'
            f'<datalist id="{field}-words">{_words(VOCABULARY[field].allowed)}</datalist>'
        )
    return (
        f'<div class="tool-field"><label for="{field}">{escape(title)}</label>\n{control}\n'
        f'<p id="{field}-hint">{escape(hint)}</p>\n'
        f'<p id="{field}-error" class="tool-error" hidden></p></div>'
    )


def _described(field: str) -> str:
    return f' aria-describedby="{field}-hint {field}-error"'


def selectors() -> str:
    """Return the codes and names of the rules as words to choose from."""
    known = [word for rule in all_rules() for word in (rule.code, rule.name)]
    return f'<datalist id="rules">{_words(known)}</datalist>'


def _words(words: list[str] | tuple[str, ...]) -> str:
    return "".join(f'<option value="{escape(word)}">' for word in words)
