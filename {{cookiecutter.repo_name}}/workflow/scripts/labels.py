"""Find the label files of an image, by the lab's habits: names, folders, visits and raters.

A label file's name is that of the image with an addition (``sub-001_T2star_label-SC_seg.nii.gz``),
that of its entities (``sub-001_dseg.nii.gz``), or that of the visit, for all of its images
(``sub-001_ses-01_label-SC_seg.nii.gz``). It is in the labels folder: at the image's place, or flat.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from dataset_settings import RATER, Dataset, LabelFile
from images import ENDINGS, Image
from listing import Listing


@dataclass(frozen=True, slots=True)
class Source:
    """The files of one suffix for one sample."""

    paths: tuple[Path, ...]
    """One, several if a majority of raters decides, none if there is nothing of its labels."""
    file: LabelFile
    name: str
    """The suffix."""


class Labels:
    """The label files of a dataset."""

    def __init__(self, dataset: Dataset, listing: Listing) -> None:
        self._dataset = dataset
        self._listing = listing
        self._root = dataset.bids / dataset.labels_folder

    def of(
        self, group: Sequence[Image], visit: Sequence[Image]
    ) -> tuple[dict[str, tuple[Source, ...]], str]:
        """Return the label files of one input.

        Args:
            group: the images of the input, one for each channel.
            visit: all images of the visit.

        Returns:
            An addition to the case's name (``_rater1`` if each rater's labels are a sample, else
            empty) -> the label files in painting order; and why there are none.
        """
        images: Sequence[Image] = group
        if self._dataset.labels_of is not None:
            images = companions(group[0], visit, self._dataset.labels_of)
            if len(images) != 1:
                what = "several images" if images else "no image"
                return {}, f"{what} {self._dataset.labels_of}, whose labels are those of the visit"
        raters = self._dataset.raters
        if self._dataset.raters_as != "each":
            sources, absent = self._of_first(images, raters)
            return ({} if absent else {"": sources}), absent
        own = [rater for rater in raters if self._has_rated(images, rater)]
        found = {f"_{rater}": self._of_first(images, (rater,)) for rater in own}
        if not own:
            found = {"": self._of_first(images, raters)}
        whole = {name: sources for name, (sources, absent) in found.items() if not absent}
        return whole, "" if whole else next(absent for _, absent in found.values())

    def _of_first(
        self, images: Iterable[Image], raters: Sequence[str]
    ) -> tuple[tuple[Source, ...], str]:
        """Return the label files of the image that has most of them, of the first one if equal."""
        tried = [self._of_image(image, raters) for image in images]
        whole = [found for found in tried if not found[1]]
        if not whole:
            return tried[0]
        return max(whole, key=lambda found: sum(bool(source.paths) for source in found[0]))

    def _of_image(self, image: Image, raters: Sequence[str]) -> tuple[tuple[Source, ...], str]:
        sources: list[Source] = []
        for suffix, file in self._dataset.label_files.items():
            names = [suffix.replace(RATER, rater) for rater in raters or ("",)]
            names = names if RATER in suffix else [suffix]
            paths = [path for name in names if (path := self._find(image, name)) is not None]
            if not paths:
                near = self._near(image, names[0], alike=not file.missing_is_empty)
                if near or not file.missing_is_empty:
                    return (), f"no label file {image.stem}_{names[0]}{image.ending}{near}"
            if self._dataset.raters_as != "majority":
                paths = paths[:1]
            sources.append(Source(tuple(paths), file, suffix))
        return tuple(sources), ""

    def _has_rated(self, images: Iterable[Image], rater: str) -> bool:
        names = [s.replace(RATER, rater) for s in self._dataset.label_files if RATER in s]
        return any(self._find(image, name) is not None for image in images for name in names)

    def _find(self, image: Image, suffix: str) -> Path | None:
        folders = [(folder, self._listing.of(folder)) for folder in self._folders(image)]
        for stem in _stems(image, suffix):
            for folder, names in folders:
                for ending in ENDINGS:
                    if stem + ending in names:
                        return folder / (stem + ending)
        return None

    def _folders(self, image: Image) -> tuple[Path, Path]:
        return self._root / image.path.parent.relative_to(self._dataset.bids), self._root

    def _near(self, image: Image, suffix: str, *, alike: bool) -> str:
        """Return the end of a message about a missing file: the file that is nearest to it.

        Args:
            image: the image.
            suffix: the suffix of the file that is missing.
            alike: whether a similar name is near enough, or only other letter cases are.
        """
        wanted = {stem.casefold() for stem in _stems(image, suffix)}
        others = {
            stem
            for other in self._dataset.label_files
            for rater in self._dataset.raters or ("",)
            for stem in _stems(image, other.replace(RATER, rater))
        } - {*_stems(image, suffix)}
        files = [p for p in self._around(image) if _stem(p.name) not in others]
        same = [path for path in files if _stem(path.name).casefold() in wanted]
        if alike and not same:
            names = [path.name for path in files]
            close = difflib.get_close_matches(f"{image.stem}_{suffix}{image.ending}", names, n=1)
            same = [path for path in files if path.name in close]
        if not same:
            return ""
        home = same[0].parent in self._folders(image)
        shown = same[0].name if home else same[0].relative_to(self._dataset.bids)
        return f"; there is {shown}"

    def _around(self, image: Image) -> Iterator[Path]:
        """Yield the files of the subject where labels may be: first where they should be."""
        place = image.path.parent.relative_to(self._dataset.bids)
        derivatives = self._dataset.bids / "derivatives"
        elsewhere = [derivatives / name for name in self._listing.folders(derivatives)]
        folders = [*self._folders(image), *(folder / place for folder in elsewhere), *elsewhere]
        for folder in dict.fromkeys(folders):
            yield from (folder / n for n in self._listing.of_subject(folder, image.subject))


def companions(image: Image, visit: Iterable[Image], contrast: str) -> list[Image]:
    """Return the images of a contrast in a visit that belong to an image: of its run, if any."""
    own = [other for other in visit if other.matches(contrast)]
    run = [other for other in own if other.run == image.run]
    return own if len(own) == 1 else run


def _stems(image: Image, suffix: str) -> list[str]:
    """Return the names that a label file may have, without ending."""
    stems = [image.stem, "_".join(image.entities), image.visit]
    return [f"{stem}_{suffix}" for stem in dict.fromkeys(stems)]


def _stem(name: str) -> str:
    return next((name.removesuffix(e) for e in ENDINGS if name.endswith(e)), name)
