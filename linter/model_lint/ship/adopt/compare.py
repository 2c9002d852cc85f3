"""List what differs between old packages and the new one, from their bytes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ...checkpoint.model import Checkpoint
from ...models.paths import CROP_METADATA, FINAL_CHECKPOINT
from ...rules.privacy import LEAKS
from ...wording import listing, size
from ..contents import Given
from ..gather import Gathered
from ..log_text import decoded
from ..new_package import Written, WrittenEntry
from ..repairs import taken_out
from .changes import Change, left_out, trainer_folder
from .lay_out import LaidOut, Origin
from .pick import Picked
from .settle import Settled
from .sources import Source

#: What a checkpoint of a package holds.
_KEPT = ("network_weights", "trainer_name", "init_args", "inference_allowed_mirroring_axes")
#: Rules about the place and the name of the trainer folder.
_PLACE = ("L001", "L004", "L005", "L006")
_NAME = ("L003", "C004", "C005", "P003")
_LEAKED = {"V001": "paths", "V002": "host and user names", "V003": "subjects", "V004": "secrets"}


@dataclass(frozen=True)
class Comparison:
    """What was made of old packages."""

    picked: Mapping[Source, Picked]
    laid: LaidOut
    settled: Settled
    gathered: Gathered
    written: Written
    #: The file name of the new package.
    name: str

    @property
    def _codes(self) -> frozenset[str]:
        """Codes of the rules that report something in the old packages."""
        return self.settled.codes.union(*(source.codes for source in self.picked))

    def changes(self) -> tuple[Change, ...]:
        """Return every change: what is left out, moved, changed and added."""
        dropped = [change for source in self.picked for change in self._dropped(source)]
        return (*dropped, *self._unwritten(), *self._moved(), *self._entries(), *self._whole())

    def _dropped(self, source: Source) -> Iterator[Change]:
        one = self.picked[source]
        used = {*one.files.values(), *([one.crop] if one.crop else [])}
        yield from left_out(source.tree.files, used)
        yield from (Change("drop", path, "", ("Z007",)) for path in source.repeated)

    def _unwritten(self) -> Iterator[Change]:
        """Yield what was laid out and not packed, such as a picture that is not valid."""
        places = {self._place(entry.path) for entry in self.written.entries}
        for place, origin in self.laid.origins.items():
            if place not in places:
                yield Change("drop", origin.path, "", ("L015",))

    # ------------------------------------------------------------------------------------ moves

    def _moved(self) -> Iterator[Change]:
        new = self._inside.rstrip("/")
        for one in self.picked.values():
            old = one.trainer.path
            if old != new:
                renamed = one.trainer.name != self.settled.folder.name
                rules = (*_PLACE, *(_NAME if renamed else ()))
                # Junk beside a wrapper is reported in place of it.
                codes = self._reported(*rules) or ("L005",)
                yield Change("move", f"{old}/" if old else "./", f"{new}/", codes)

    @property
    def _inside(self) -> str:
        return trainer_folder(entry.path for entry in self.written.entries)

    def _place(self, path: str) -> str:
        return CROP_METADATA if path.endswith(CROP_METADATA) else path.removeprefix(self._inside)

    # ---------------------------------------------------------------------------------- entries

    def _entries(self) -> Iterator[Change]:
        for entry in self.written.entries:
            place = self._place(entry.path)
            origin = self.laid.origins.get(place)
            if origin is None:
                details = tuple(edit.text for edit in self.settled.edits.get(place, ()))
                yield Change("add", "", entry.path, self._of_edits(place), details)
                continue
            if not self._stays(place, origin):
                yield Change("move", origin.path, entry.path, self._reported(*_of_place(place)))
            if origin.digest != entry.sha256:
                yield self._edited(place, entry, origin)

    def _stays(self, place: str, origin: Origin) -> bool:
        """Return whether a file is where it was, apart from the folders around it."""
        trainer = self.picked[origin.source].trainer
        if place == CROP_METADATA:
            return origin.path == f"{trainer.parent}/{place}".lstrip("/")
        return origin.path == trainer.at(place)

    def _edited(self, place: str, entry: WrittenEntry, origin: Origin) -> Change:
        if place.endswith(f"/{FINAL_CHECKPOINT}"):
            codes = self._reported("C003", "C010", "C011", "C012")
            codes += (*sorted(self.settled.leaks), *self._of_edits(place))
            details = tuple(self._of_checkpoint(place.partition("/")[0], entry, origin))
        elif place in self.settled.edits or "/" not in place:
            edits = self.settled.edits.get(place, ())
            notes = [n for n in self.gathered.notes if n.startswith(f"{place}: ")]
            codes = self._of_edits(place)
            details = (*(e.text for e in edits), *(n.partition(": ")[2] for n in notes))
        elif place.endswith(".png"):
            codes, details = self._reported("V001", "V002"), ("without the notes in the picture",)
        else:
            codes = self._of_log(entry, origin)
            details = (f"without {', '.join(_LEAKED[code] for code in codes)}",)
        return Change("edit", origin.path, entry.path, codes, details)

    def _of_checkpoint(self, fold: str, entry: WrittenEntry, origin: Origin) -> Iterator[str]:
        checkpoint = self.settled.checkpoints[fold]
        edits = self.settled.edits.get(f"{fold}/{FINAL_CHECKPOINT}", ())
        yield from (edit.text for edit in edits)
        yield from self._of_values(checkpoint)
        before = origin.source.tree.files[origin.path].size
        yield f"{size(before)} before, {size(entry.size)} now; every weight has the same bytes"

    def _of_values(self, checkpoint: Checkpoint) -> Iterator[str]:
        """Yield what is left out of a checkpoint."""
        gone = [key for key in checkpoint.keys if key not in _KEPT]
        if gone:
            yield f"without {listing(gone, shown=9)}, which only training reads"
        copies = [key for key in ("plans", "dataset_json") if key in (checkpoint.init_args or {})]
        if copies:
            yield f"without the copies of {listing(copies)}: prediction reads the files"
        if checkpoint.wrapper_prefix:
            yield f"{checkpoint.wrapper_prefix} is removed from the names of the weights"
        if not gone and not copies:
            yield "written as `model-lint pack` does, with compressed numbers"

    def _of_log(self, entry: WrittenEntry, origin: Origin) -> tuple[str, ...]:
        after = next(c.origin for c in self.gathered.contents if c.path == entry.path)
        with origin.source.tree.open(origin.path) as stream:
            before = stream.read()
        if not isinstance(after, Given):
            return ()
        return taken_out(decoded(before), decoded(after.data)) or tuple(LEAKS)

    def _of_edits(self, place: str) -> tuple[str, ...]:
        rules = [code for edit in self.settled.edits.get(place, ()) for code in edit.codes]
        return self._reported(*dict.fromkeys(rules))

    def _reported(self, *rules: str) -> tuple[str, ...]:
        """Return the rules that report something in the old packages."""
        return tuple(code for code in rules if code in self._codes)

    def _whole(self) -> Iterator[Change]:
        """Yield what is changed in the zip itself."""
        codes = self._reported("Z006", "Z011")
        if codes:
            yield Change("edit", "", "", codes, ("the zip is written anew",))
        for source in self.picked:
            if source.file_name and len(self.picked) == 1 and source.file_name != self.name:
                yield Change("move", source.file_name, self.name, self._reported("L022"))


def _of_place(place: str) -> tuple[str, ...]:
    """Return the rules that report a file that is at another place than this."""
    if place == CROP_METADATA:
        return ("L020",)
    if place == "trainer_class.py":
        return ("L016",)
    return ("L008", "L009", "L011") if "/" in place else ("L007",)
