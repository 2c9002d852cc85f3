"""A copy of the preprocessed data on the disk of the machine that trains, as storage is slow."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from disk import size_text
from notes import note_of
from settings import Settings

_THREADS = 8
_SPARE = 1.05


@contextlib.contextmanager
def preprocessed_at(settings: Settings, folder: str) -> Iterator[dict[str, str]]:
    """Copy the preprocessed data to a folder, and remove the copy at the end.

    Args:
        settings: the configuration.
        folder: where; it may contain environment variables. Empty: no copy.

    Yields:
        The environment variable that makes nnU-Net read the copy; none if the data are read where
        they are, which one line then says.
    """
    place = os.path.expandvars(folder).strip()
    if not place:
        yield {}
        return
    with contextlib.ExitStack() as stack:
        copied = None
        try:
            copied = _copy(settings, Path(place), stack)
        except OSError as error:
            stack.close()
            print(f"scratch {place}: {error.strerror or error}; {_INSTEAD}", flush=True)
        yield {} if copied is None else {"nnUNet_preprocessed": str(copied)}


_INSTEAD = "reading the preprocessed data from where they are"


def _copy(settings: Settings, place: Path, stack: contextlib.ExitStack) -> Path | None:
    sizes = _files(settings)
    needed = round(_SPARE * sum(sizes.values()))
    if (free := shutil.disk_usage(place).free) < needed:
        room = f"{size_text(needed)} needed, {size_text(free)} free"
        print(f"scratch {place}: {room}; {_INSTEAD}", flush=True)
        return None
    target = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="nnunet-", dir=place)))

    def copy(path: Path) -> None:
        to = target / path.relative_to(settings.preprocessed.parent)
        to.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, to)

    with ThreadPoolExecutor(_THREADS) as pool:
        list(pool.map(copy, sizes))
    print(f"scratch {target}: copied {size_text(needed)} of preprocessed data", flush=True)
    return target


def _files(settings: Settings) -> dict[Path, int]:
    """Return what a training of this configuration reads, with the bytes."""
    note = note_of(settings.work, "plan_preprocess")
    made = [settings.work / name for name in note.files] if note else []
    paths = [*made, settings.preprocessed / "splits_final.json"]
    return {path: path.stat().st_size for path in paths}
