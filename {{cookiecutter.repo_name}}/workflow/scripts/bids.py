"""Find images and their labels in a BIDS dataset.

Raw images are ``sub-X[/ses-Y]/DATATYPE/sub-X[_ses-Y][_key-value...]_SUFFIX.nii[.gz]``. A label
file is at the same place in ``derivatives/labels``. Its name is that of the image with an addition
(``sub-001_T2star_label-SC_seg.nii.gz``) or with another suffix (``sub-001_dseg.nii.gz``).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from settings import Dataset

_NAME = re.compile(
    r"^(?P<entities>sub-[A-Za-z0-9]+(?:_[a-z]+-[A-Za-z0-9]+)*)_(?P<suffix>[A-Za-z0-9]+)$"
)
_ENDINGS = (".nii.gz", ".nii")


@dataclass(frozen=True)
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
        return next((e for e in self.entities if e.startswith("ses-")), "")

    @property
    def stem(self) -> str:
        """The file name without its ending."""
        return "_".join((*self.entities, self.suffix))


@dataclass(frozen=True)
class Sample:
    """One training or test case: its channels, in order, and its label files."""

    case: str
    subject: str
    images: tuple[Path, ...]
    labels: tuple[tuple[Path, Mapping[int, int]], ...]
    """Label files in painting order, each with: value in the file -> value for training."""


@dataclass(frozen=True)
class Skipped:
    """A part of the dataset that is not used, and why."""

    what: str
    subject: str
    reason: str


def find_samples(dataset: Dataset) -> tuple[list[Sample], list[Skipped]]:
    """Return the usable samples of a BIDS dataset, and what is skipped.

    Raises:
        FileNotFoundError: if the dataset or its labels folder does not exist or has no subject.
    """
    labels_root = dataset.bids / dataset.labels_folder
    for folder, key in ((dataset.bids, "bids"), (labels_root, "labels_folder")):
        if not folder.is_dir():
            raise FileNotFoundError(f"{folder} is not a folder; set dataset.{key} in config.yaml")
    subjects = sorted(p.name for p in dataset.bids.glob("sub-*") if p.is_dir())
    if not subjects:
        raise FileNotFoundError(f"{dataset.bids} has no sub-* folder, so it is not a BIDS dataset")
    samples: list[Sample] = []
    skipped: list[Skipped] = []
    for subject in subjects:
        if subject in dataset.exclude:
            skipped.append(Skipped(subject, subject, f"excluded: {dataset.exclude[subject]}"))
            continue
        found, left_out = _subject_samples(dataset, labels_root, subject)
        samples += found
        skipped += left_out
    met = dataset.exclude.keys() & {item.what for item in skipped}
    skipped += [
        Skipped(name, subject, "excluded, but not in the dataset")
        for name, subject in ((name, name.split("_")[0]) for name in dataset.exclude)
        if met.isdisjoint((name, subject))
    ]
    return samples, skipped


def _subject_samples(
    dataset: Dataset, labels_root: Path, subject: str
) -> tuple[list[Sample], list[Skipped]]:
    folder = dataset.bids / subject
    images, skipped = list_images(folder)
    sessions = {image.session for image in images} | {p.name for p in folder.glob("ses-*")}
    samples: list[Sample] = []
    for session in sorted(sessions) or [""]:
        visit = "_".join(filter(None, (subject, session)))
        if session and visit in dataset.exclude:
            skipped.append(Skipped(visit, subject, f"excluded: {dataset.exclude[visit]}"))
            continue
        here = [image for image in images if image.session == session]
        per_contrast = {c: [i for i in here if matches(i, c)] for c in dataset.contrasts}
        if dataset.as_channels:
            groups, missing = _group_channels(visit, subject, per_contrast)
        else:
            groups, missing = _separate(visit, subject, per_contrast)
        skipped += missing
        for case, group in groups.items():
            labels, absent = _labels_of(dataset, labels_root, group)
            if absent:
                skipped.append(Skipped(case, subject, absent))
                continue
            samples.append(Sample(case, subject, tuple(i.path for i in group), labels))
    return samples, skipped


def list_images(folder: Path) -> tuple[list[Image], list[Skipped]]:
    """Return the images of one subject's folder, and the files that are skipped."""
    images: dict[str, Image] = {}
    skipped: list[Skipped] = []
    subject = folder.name
    paths = sorted([*folder.glob("*/*.nii*"), *folder.glob("ses-*/*/*.nii*")])
    for path in paths:
        ending = next((e for e in _ENDINGS if path.name.endswith(e)), None)
        match = _NAME.match(path.name[: -len(ending)]) if ending else None
        if match is None or match["entities"].split("_")[0] != subject:
            continue
        if not path.is_file():
            skipped.append(Skipped(path.name, subject, _NO_CONTENT))
            continue
        image = Image(path, tuple(match["entities"].split("_")), match["suffix"])
        if image.stem in images:
            twin = images[image.stem].path.name
            skipped.append(Skipped(path.name, subject, f"{twin} is used instead"))
            continue
        images[image.stem] = image
    return list(images.values()), skipped


_NO_CONTENT = "the file's content is missing (a broken link; with git-annex: git annex get)"


def matches(image: Image, contrast: str) -> bool:
    """Return whether an image has a contrast: a suffix, and entities if any (``acq-sag_T2w``)."""
    *entities, suffix = contrast.split("_")
    return image.suffix == suffix and set(entities) <= set(image.entities)


def _separate(
    visit: str, subject: str, per_contrast: Mapping[str, list[Image]]
) -> tuple[dict[str, list[Image]], list[Skipped]]:
    """Return every image as a separate sample."""
    groups = {image.stem: [image] for images in per_contrast.values() for image in images}
    missing = [
        Skipped(f"{visit}_{contrast}", subject, f"no {contrast} image")
        for contrast, images in per_contrast.items()
        if not images
    ]
    return groups, missing


def _group_channels(
    visit: str, subject: str, per_contrast: Mapping[str, list[Image]]
) -> tuple[dict[str, list[Image]], list[Skipped]]:
    """Return samples of the images that belong together, one per contrast.

    A single image per contrast belongs together with the others. If there are several (runs,
    acquisitions), those with the same remaining entities belong together.
    """
    absent = [contrast for contrast, images in per_contrast.items() if not images]
    if absent:
        return {}, [Skipped(visit, subject, f"no {', '.join(absent)} image")]
    if len(per_contrast) > 1 and all(len(images) == 1 for images in per_contrast.values()):
        return {visit: [images[0] for images in per_contrast.values()]}, []
    own = {entity for contrast in per_contrast for entity in contrast.split("_")[:-1]}
    found: dict[str, dict[str, Image]] = {}
    for contrast, images in per_contrast.items():
        for image in images:
            case = "_".join(e for e in image.entities if e not in own)
            found.setdefault(case, {}).setdefault(contrast, image)
    groups: dict[str, list[Image]] = {}
    skipped: list[Skipped] = []
    for case, by_contrast in found.items():
        absent = [contrast for contrast in per_contrast if contrast not in by_contrast]
        if absent:
            skipped.append(Skipped(case, subject, f"no {', '.join(absent)} image"))
        else:
            groups[case] = [by_contrast[contrast] for contrast in per_contrast]
    return groups, skipped


def _labels_of(
    dataset: Dataset, labels_root: Path, group: Iterable[Image]
) -> tuple[tuple[tuple[Path, Mapping[int, int]], ...], str]:
    """Return the label files of the first channel that has all, or which file is missing."""
    absent = ""
    for image in group:
        folder = labels_root / image.path.parent.relative_to(dataset.bids)
        names = {
            s: (f"{image.stem}_{s}", "_".join((*image.entities, s))) for s in dataset.label_files
        }
        paths = {suffix: _first_file(folder, pair) for suffix, pair in names.items()}
        missing = [names[suffix] for suffix, path in paths.items() if path is None]
        if not missing:
            return tuple((p, dataset.label_files[s]) for s, p in paths.items() if p is not None), ""
        absent = absent or _absence(folder, missing[0])
    return (), absent


def _absence(folder: Path, stems: tuple[str, ...]) -> str:
    broken = next((path for path in _candidates(folder, stems) if path.is_symlink()), None)
    return f"no label file {stems[0]}.nii.gz" if broken is None else f"{broken.name}: {_NO_CONTENT}"


def _first_file(folder: Path, stems: tuple[str, ...]) -> Path | None:
    return next((path for path in _candidates(folder, stems) if path.is_file()), None)


def _candidates(folder: Path, stems: tuple[str, ...]) -> list[Path]:
    return [folder / (stem + ending) for stem in stems for ending in _ENDINGS]
