"""Pyodide, the Python that runs in a browser: npm gets it once, into a folder that git ignores.

node runs it to compile what the pages import.

python docs/pyodide.py
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import tarfile
import tempfile
from base64 import b64encode
from functools import cache
from pathlib import Path

VERSION = "314.0.7"
#: Of the package, as npm states it.
SHA512 = "0YvXxEhfEdpLfb/XkM2BFAeMROq0iMUX2bzzH9pOttyMcWkwq+HbE5uyuGD82LN7y2q+SNvi/6V5JEsOlD2R1A=="
#: Python's own modules, which are compiled for the pages.
STDLIB = "python_stdlib.zip"
#: The other files that a page loads. The rest of the package is types, maps and a console.
FILES = ("pyodide.mjs", "pyodide.asm.mjs", "pyodide.asm.wasm", "pyodide-lock.json")
FOLDER = Path(__file__).parents[1] / ".pyodide" / VERSION
_COMPILE = Path(__file__).with_name("compile.mjs")


class MissingError(Exception):
    """Pyodide can't be had; the message is one line that says what to do."""


def pyodide() -> Path:
    """Return the folder with Pyodide's files. Raises MissingError."""
    if not FOLDER.is_dir():
        FOLDER.parent.mkdir(exist_ok=True)
        with tempfile.TemporaryDirectory(dir=FOLDER.parent) as name:
            _put(_unpacked(_packed(Path(name)), Path(name)))
    return FOLDER


@cache  # `mkdocs serve` builds again and again
def compiled(code: bytes) -> tuple[bytes, bytes]:
    """Let Pyodide compile the standard library and a zip of Python code. Raises MissingError.

    Returns:
        Both as zips, with what the pages import compiled: a browser would take a second for it.
    """
    node = shutil.which("node")
    if node is None:
        raise MissingError(
            "node is missing: it compiles what the pages of the site run; .ci/programs installs it"
        )
    with tempfile.TemporaryDirectory() as name:
        zipped = Path(name) / "code.zip"
        zipped.write_bytes(code)
        command = [node, str(_COMPILE), str(pyodide()), str(zipped), name]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            said = done.stderr.strip().splitlines() or ["it says nothing"]
            raise MissingError(f"node can't compile what the pages run: {said[-1]}")
        return (Path(name) / STDLIB).read_bytes(), zipped.read_bytes()


def _packed(folder: Path) -> Path:
    """Let npm get the package."""
    npm = shutil.which("npm")
    if npm is None:
        raise MissingError(
            "npm is missing: it gets Pyodide, for the pages of the site that run the linter; "
            ".ci/programs installs it"
        )
    command = [npm, "pack", "--silent", "--pack-destination", str(folder), f"pyodide@{VERSION}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    found = list(folder.glob("*.tgz"))
    if done.returncode or not found:
        said = (done.stderr or done.stdout).strip().splitlines() or ["it says nothing"]
        raise MissingError(f"npm can't get pyodide {VERSION}: {said[0]}")
    return found[0]


def _unpacked(package: Path, folder: Path) -> Path:
    """Take the files out of the package, if it is the one that is meant."""
    digest = b64encode(hashlib.sha512(package.read_bytes()).digest()).decode()
    if digest != SHA512:
        raise MissingError(f"pyodide {VERSION} is not the package that docs/pyodide.py names")
    files = folder / "files"
    files.mkdir()
    with tarfile.open(package) as archive:
        for name in (*FILES, STDLIB):
            content = archive.extractfile(f"package/{name}")
            assert content is not None
            (files / name).write_bytes(content.read())
    return files


def _put(files: Path) -> None:
    """Give the folder its name, all at once; two builds may do so together."""
    try:
        files.rename(FOLDER)
    except OSError:
        if not FOLDER.is_dir():
            raise


if __name__ == "__main__":
    try:
        pyodide()
    except MissingError as error:
        sys.exit(str(error))
