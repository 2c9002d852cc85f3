"""Find the samples of a BIDS dataset: images that belong together, and their label files."""

from __future__ import annotations

import fnmatch
import shlex
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from dataset_settings import RATER, Dataset
from exclusions import Exclusions, exclusions
from images import Image, Skipped, list_images
from labels import Labels, Source
from listing import Listing

#: How git-annex and git-lfs leave files without content, and the command that gets it.
_POINTERS = {b"/annex/objects/": "annex get", b"version https://git-lfs": "lfs pull"}
_POINTER_BYTES = 32 * 1024
#: So many files are named in a command; more are described by their ends.
_NAMED = 8


@dataclass(frozen=True, slots=True)
class Sample:
    """One training or test case: its channels, in order, and its label files."""

    case: str
    subject: str
    images: tuple[Path, ...]
    labels: tuple[Source, ...]
    """In painting order."""

    @property
    def files(self) -> tuple[Path, ...]:
        """All its files."""
        return (*self.images, *(path for source in self.labels for path in source.paths))


Found = tuple[list[Sample], list[Skipped]]
"""The usable samples of a dataset, and what is skipped."""


def find_samples(dataset: Dataset, listing: Listing | None = None) -> Found:
    """Return the usable samples of a BIDS dataset, and what is skipped.

    Args:
        dataset: what is wanted.
        listing: it then knows which folders were read.

    Raises:
        FileNotFoundError: if the dataset or its labels folder does not exist or has no subject, or
            if the content of files is missing (git-annex).
        ValueError: if the exclude file is invalid, or no file has the name of an optional one.
    """
    labels_root = dataset.bids / dataset.labels_folder
    for folder, key in ((dataset.bids, "bids"), (labels_root, "labels_folder")):
        if not folder.is_dir():
            raise FileNotFoundError(f"{folder} is not a folder; set dataset.{key} in config.yaml")
    listing = Listing() if listing is None else listing
    subjects = [name for name in listing.folders(dataset.bids) if name.startswith("sub-")]
    if not subjects:
        raise FileNotFoundError(f"{dataset.bids} has no sub-* folder, so it is not a BIDS dataset")
    samples: list[Sample] = []
    skipped: list[Skipped] = []
    out = exclusions(dataset)
    labels = Labels(dataset, listing)
    absent = {*dataset.contrasts}
    for subject in subjects:
        why = out.why(subject)
        if why is not None:
            skipped.append(Skipped(subject, subject, why))
            continue
        found, left_out, has = _subject_samples(dataset, listing, labels, out, subject)
        absent -= has
        samples += found
        skipped += left_out
    skipped += [
        Skipped(name, name.split("_")[0], "excluded, but not in the dataset")
        for name in out.unmet()
    ]
    if samples and absent:
        raise ValueError(
            f"dataset.contrasts: no subject has a {min(absent)} image, so the model would be "
            "trained without it; is the name right?"
        )
    _check_optional(dataset, samples)
    _check_content(dataset, samples)
    return samples, skipped


def _subject_samples(
    dataset: Dataset, listing: Listing, labels: Labels, out: Exclusions, subject: str
) -> tuple[list[Sample], list[Skipped], set[str]]:
    """Return also which contrasts there are, whether or not they can be used."""
    folder = dataset.bids / subject
    images, skipped = list_images(listing, folder, dataset.contrasts)
    sessions = {name for name in listing.of(folder) if name.startswith("ses-")}
    sessions |= {image.session for image in images}
    samples: list[Sample] = []
    for session in sorted(sessions) or [""]:
        visit = "_".join(filter(None, (subject, session)))
        why = out.why(subject, visit)
        if why is not None:
            skipped.append(Skipped(visit, subject, why))
            continue
        here = [image for image in images if image.session == session]
        wanted = [image for image in here if any(map(image.matches, dataset.contrasts))]
        reasons = {image.stem: out.why(subject, visit, image.stem) for image in wanted}
        skipped += [Skipped(stem, subject, why) for stem, why in reasons.items() if why]
        used = [image for image in wanted if not reasons[image.stem]]
        per_contrast = {c: [i for i in used if i.matches(c)] for c in dataset.contrasts}
        group = _group_channels if dataset.as_channels else _separate
        groups, missing = group(visit, subject, per_contrast)
        skipped += [item for item in missing if item.what not in reasons]
        for case, together in groups.items():
            found, absent = labels.of(together, here)
            if absent:
                skipped.append(Skipped(case, subject, absent))
            paths = tuple(image.path for image in together)
            samples += [Sample(case + end, subject, paths, own) for end, own in found.items()]
    return samples, skipped, {c for c in dataset.contrasts if any(i.matches(c) for i in images)}


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


def _check_optional(dataset: Dataset, samples: Iterable[Sample]) -> None:
    """Refuse a label file that may be missing and always is: its name is probably wrong."""
    samples = list(samples)
    for position, (suffix, file) in enumerate(dataset.label_files.items()):
        found = any(sample.labels[position].paths for sample in samples)
        if samples and file.missing_is_empty and not found:
            raise ValueError(
                f"dataset.label_files.{suffix}: no image has such a file, and with missing: empty "
                "all of them would count as images without its label; is the name right?"
            )


def _check_content(dataset: Dataset, samples: Iterable[Sample]) -> None:
    """Refuse files without content: silently, the model would be trained with fewer subjects."""
    absent = {path: how for s in samples for path in s.files if (how := _without_content(path))}
    if not absent:
        return
    root, how = shlex.quote(str(dataset.bids)), next(iter(absent.values()))
    names = [path.relative_to(dataset.bids).as_posix() for path in absent]
    number = f"the content of {len(names)} files is" if len(names) > 1 else "a file's content is"
    if how != "annex get":
        raise FileNotFoundError(f"{number} missing; get it with: git -C {root} {how}")
    if len(names) <= _NAMED:
        raise FileNotFoundError(
            f"{number} missing; get it with (or with datalad get, and the same names): "
            f"git -C {root} {how} {shlex.join(names)}"
        )
    ends = [*dataset.contrasts, *(s.replace(RATER, "*") for s in dataset.label_files)]
    patterns = [f"*_{end}.*" for end in ends if fnmatch.filter(names, f"*_{end}.*")]
    wanted = " --or ".join(f"--include={shlex.quote(pattern)}" for pattern in patterns)
    raise FileNotFoundError(
        f"{number} missing, such as {names[0]}; get it with: git -C {root} {how} {wanted} ."
    )


def _without_content(path: Path) -> str:
    """Return the command of git that gets the content of a file; empty if it is there."""
    if not path.exists():
        return "annex get"
    if path.stat().st_size > _POINTER_BYTES:
        return ""
    with path.open("rb") as file:
        start = file.read(64)
    return next((how for mark, how in _POINTERS.items() if start.startswith(mark)), "")
