"""The image files of a BIDS dataset.

They are ``sub-X[/ses-Y]/DATATYPE/sub-X[_ses-Y][_key-value...]_SUFFIX``, NIfTI, or PNG and TIFF in
microscopy.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from listing import Listing

NIFTI = (".nii.gz", ".nii")
MICROSCOPY = (".png", ".ome.tif", ".tif", ".tiff")
ENDINGS = (*NIFTI, *MICROSCOPY)
_NAME = re.compile(
    r"^(?P<entities>sub-[A-Za-z0-9+]+(?:_[a-z]+-[A-Za-z0-9+]+)*)_(?P<suffix>[A-Za-z0-9]+)$"
)


@dataclass(frozen=True, slots=True)
class Image:
    """One raw image file."""

    path: Path
    entities: tuple[str, ...]
    """``("sub-001", "ses-01", "run-1")``, in the order of the name."""
    suffix: str

    @property
    def subject(self) -> str:
        """``sub-001``."""
        return self.entities[0]

    @property
    def session(self) -> str:
        """``ses-01``, or an empty string."""
        return self._entity("ses-")

    @property
    def run(self) -> str:
        """``run-1``, or an empty string."""
        return self._entity("run-")

    @property
    def visit(self) -> str:
        """``sub-001_ses-01``, or the subject."""
        return "_".join(filter(None, (self.subject, self.session)))

    @property
    def stem(self) -> str:
        """The file name without its ending."""
        return "_".join((*self.entities, self.suffix))

    @property
    def ending(self) -> str:
        """``.nii.gz``."""
        return self.path.name.removeprefix(self.stem)

    def matches(self, contrast: str) -> bool:
        """Return whether it has a contrast: a suffix, and entities if any (``acq-sag_T2w``)."""
        *entities, suffix = contrast.split("_")
        return self.suffix == suffix and set(entities) <= set(self.entities)

    def _entity(self, key: str) -> str:
        return next((entity for entity in self.entities if entity.startswith(key)), "")


@dataclass(frozen=True, slots=True)
class Skipped:
    """A part of the dataset that is not used, and why."""

    what: str
    subject: str
    reason: str


def list_images(
    listing: Listing, folder: Path, contrasts: Sequence[str]
) -> tuple[list[Image], list[Skipped]]:
    """Return the images of one subject's folder, and the files of the contrasts that are skipped.

    A file whose content is missing (git-annex) is there.
    """
    images: dict[str, Image] = {}
    skipped: list[Skipped] = []
    subject = folder.name
    suffixes = tuple(f"_{contrast.split('_')[-1]}" for contrast in contrasts)
    for place, name in _files(listing, folder):
        ending = next((e for e in ENDINGS if name.endswith(e)), None)
        if ending is None:
            continue
        stem = name.removesuffix(ending)
        match = _NAME.match(stem)
        entities = match["entities"].split("_") if match else []
        if match is None or entities[0] != subject:
            if stem.endswith(suffixes):
                reason = f"is in the folder of {subject}" if match else "its name is not of BIDS"
                skipped.append(Skipped(name, subject, reason))
            continue
        image = Image(folder / place / name, tuple(entities), match["suffix"])
        if image.stem in images:
            twin = images[image.stem].path.name
            skipped.append(Skipped(name, subject, f"{twin} is used instead"))
            continue
        images[image.stem] = image
    return list(images.values()), skipped


def _files(listing: Listing, folder: Path) -> Iterator[tuple[str, str]]:
    """Yield the place (``ses-01/anat``) and the name of what is in the folders of data types."""
    places: list[tuple[str, ...]] = []
    for outer in listing.folders(folder):
        places.append((outer,))
        if outer.startswith("ses-"):
            places += [(outer, inner) for inner in listing.folders(folder / outer)]
    for parts in sorted(places):
        place = "/".join(parts)
        yield from ((place, name) for name in listing.of(folder / place))
