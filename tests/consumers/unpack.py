"""Unpack zips with the ``zipfile`` of the Python that runs this: one path for each line of input.

Runs on every Python 3, without anything else: no syntax and no module that is newer than 3.6.
"""

# ruff: noqa: PTH118, PTH112, PTH114, PTH123, UP031

import hashlib
import json
import os
import shutil
import sys
import tempfile
import zipfile


def files(folder: str) -> "dict[str, str]":
    """Return what lies in a folder: the hash of each file by its path, or what else it is."""
    found = {}
    for at, folders, names in os.walk(folder):
        for name in names + folders:
            path = os.path.join(at, name)
            key = (
                os.path.relpath(path, folder).encode("utf-8", "replace").decode("utf-8", "replace")
            )
            if os.path.islink(path):
                found[key] = "link"
            elif not os.path.isdir(path):
                with open(path, "rb") as stream:
                    found[key] = hashlib.sha256(stream.read()).hexdigest()
    return found


def unpack(path: str) -> "dict[str, object]":
    """Return what ``extractall`` leaves, and why it stopped."""
    folder = tempfile.mkdtemp(dir=sys.argv[1])
    error = ""
    try:
        with zipfile.ZipFile(path) as archive:
            archive.extractall(folder)
    except Exception as problem:
        error = "%s: %s" % (type(problem).__name__, problem)
    found = files(folder)
    shutil.rmtree(folder)
    return {"error": error, "files": found}


if __name__ == "__main__":
    for line in sys.stdin:
        print(json.dumps(unpack(line.rstrip("\n"))))
        sys.stdout.flush()
