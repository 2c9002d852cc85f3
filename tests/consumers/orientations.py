"""Segment one image in all 48 orientations with packages, through SCT's steps.

    python tests/consumers/orientations.py PACKAGE ...

with ``nnunetv2-neuropoly`` on the path. Prints JSON: for each package the different results, each
as the voxels and hash of every mask in the image's first orientation, with the orientations that
gave it.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections import defaultdict
from pathlib import Path

import nibabel as nib
from sct import load, segment
from sct_files import install
from sct_image import CODES
from worker import digest, phantom


def results(package: Path, folder: Path) -> dict[str, list[str]]:
    """Return the orientations by the result that they gave."""
    install(package, folder / "installed", folder / "unzipped")
    predictor = load(folder / "installed", lambda _: None)
    image = phantom()
    first = nib.io_orientation(image.affine)
    found = defaultdict(list)
    for code in CODES:
        turned = image.as_reoriented(
            nib.orientations.ornt_transform(first, nib.orientations.axcodes2ornt(code))
        )
        back = nib.orientations.ornt_transform(nib.io_orientation(turned.affine), first)
        masks = segment(predictor, folder, lambda _: None, turned)
        digests = {
            name: digest(nib.orientations.apply_orientation(mask, back))
            for name, mask in masks.items()
        }
        found[json.dumps(digests)].append(code)
    return dict(found)


if __name__ == "__main__":
    answers = []
    for word in sys.argv[1:]:
        with tempfile.TemporaryDirectory() as work:
            os.chdir(work)
            answers.append(results(Path(word), Path(work)))
    print("\n" + json.dumps(answers))
