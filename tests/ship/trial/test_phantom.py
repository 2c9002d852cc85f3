"""The size and the intensities of phantoms, and how images are turned."""

from __future__ import annotations

import json
import re
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import pytest
import sct_image
from build import ABSENT, Change, configuration, dataset, load, package, plans
from hypothesis import given
from hypothesis import strategies as st
from model_lint.nnunet.orientation import ORIENTATIONS
from model_lint.ship.trial.inside import images
from model_lint.ship.trial.phantom import phantom_for

CODES = st.sampled_from(ORIENTATIONS)


def spec(folder: Path, *changes: Change) -> dict[str, Any]:
    target = load(package(folder, *changes), weights=False)
    assert target.package
    return phantom_for(target.package.trainers[0])


def test_it_is_a_patch_of_the_model(tmp_path: Path) -> None:
    made = spec(tmp_path)
    assert made["shape"] == [48, 48, 5]
    assert made["spacing"] == [0.45, 0.45, 4.5]  # finer than the plans', so that it is resampled
    assert made["orientation"] == "RPI"
    (channel,) = made["channels"]
    assert 150 < channel["mean"] < 200


def test_it_is_drawn_within_little_memory() -> None:
    """A package says how large it is: its arrays are a small multiple of the phantom."""
    side = 96
    channels = [{"mean": 100.0, "std": 10.0}] * 2
    made = {"shape": [side] * 3, "spacing": [1.0] * 3, "orientation": "RPI", "channels": channels}
    tracemalloc.start()
    try:
        drawn = images.phantom(made, "LPI")
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert sum(channel.nbytes for channel in drawn.channels) == 2 * 4 * side**3
    assert most < 50 * side**3


@pytest.mark.parametrize("library", ["SimpleITK", "nibabel"])
@pytest.mark.parametrize("data", [b"", b"text", b"PK\x03\x04", b"\x5c\x01\0\0" * 20])
def test_what_is_no_image_is_one_plain_line(data: bytes, library: str, tmp_path: Path) -> None:
    import SimpleITK

    path = tmp_path / "x.nii.gz"
    path.write_bytes(data)
    read: Callable[[str], Any] = SimpleITK.ReadImage if library == "SimpleITK" else nib.load
    with pytest.raises(images.Unusable) as raised, images.reading(path, library):
        np.asarray(read(str(path)).dataobj)
    line = str(raised.value)
    assert line.startswith(f"{path}: {library} can't read it as an image: ")
    assert line.isprintable()
    assert not {"sitk", "Exception", ".cxx"} & set(re.split(r"[ :]+", line))


def test_a_reason_of_several_lines_is_one(tmp_path: Path) -> None:
    said = "Exception thrown in x.cxx:145:\nITK ERROR: Image(0x5): Bad turn from 1 0\n0 1\n to\n"
    with pytest.raises(images.Unusable) as raised, images.reading(tmp_path, "SimpleITK"):
        raise RuntimeError(said)
    assert str(raised.value).endswith("as an image: Image(0x5): Bad turn from 1 0 0 1 to")


def test_an_image_that_can_be_read_stays_as_it_is(tmp_path: Path) -> None:
    with images.reading(tmp_path, "nibabel"):
        pass
    with pytest.raises(MemoryError), images.reading(tmp_path, "nibabel"):
        raise MemoryError


def test_of_a_3d_model_along_its_own_axes(tmp_path: Path) -> None:
    """Plans are z, y, x, and transposed; a phantom is x, y, z."""
    made = spec(
        tmp_path,
        configuration({"patch_size": [96, 32, 64], "spacing": [0.5, 3.0, 0.8]}),
        plans({"transpose_forward": [1, 0, 2], "transpose_backward": [1, 0, 2]}),
    )
    assert made["shape"] == [64, 96, 32]
    assert made["spacing"] == [0.72, 0.45, 2.7]


@pytest.mark.parametrize(
    "change",
    [
        plans({"configurations": ABSENT}),
        plans({"transpose_backward": "210", "original_median_spacing_after_transp": [0, None]}),
        plans({"foreground_intensity_properties_per_channel": {"0": {"mean": "x"}}}),
        configuration({"patch_size": [10**30, -1], "spacing": ["1", 2]}),
        configuration({"patch_size": [1e9, 1.5, 1], "spacing": [float("nan"), 1, 1]}),
        dataset({"image_orientation": "RAP", "channel_names": 7}),
        dataset(lambda _: []),
    ],
)
def test_what_is_wrong_in_a_package_is_replaced(change: Change, tmp_path: Path) -> None:
    made = spec(tmp_path, change)
    json.dumps(made, allow_nan=False)
    assert np.prod(made["shape"]) < 10**8
    assert made["orientation"] in ORIENTATIONS
    drawn = images.phantom({**made, "shape": [8, 9, 10]}, "LPI")
    assert all(np.isfinite(channel).all() for channel in drawn.channels)


@given(own=CODES, other=CODES)
def test_the_phantom_is_the_same_in_every_orientation(own: str, other: str) -> None:
    made = {
        "shape": [8, 9, 10], "spacing": [1, 2, 3], "orientation": own,
        "channels": [{"mean": 100, "std": 20}],
    }  # fmt: skip
    drawn, turned = images.phantom(made, own), images.phantom(made, other)
    assert drawn.letters == own
    assert turned.letters == other
    back, spacing = images.reorient(turned.channels[0], turned.spacing, other, own)
    assert np.array_equal(back, drawn.channels[0])
    assert spacing.tolist() == [1, 2, 3]


@given(code=CODES, tilt=st.floats(-0.3, 0.3))
def test_letters_are_the_opposite_of_those_of_nibabel(code: str, tilt: float) -> None:
    affine = images.affine_of(code, (0.5, 1, 2))
    assert images.letters_of(affine) == code
    opposite = str.maketrans("LRAPIS", "RLPASI")
    assert "".join(nib.aff2axcodes(affine)).translate(opposite) == code
    c, s = np.cos(tilt), np.sin(tilt)
    turned = np.array([[c, -s, 0, 0], [s, c, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]]) @ affine
    assert images.letters_of(turned) == code


@given(source=CODES, wanted=CODES)
def test_images_are_turned_as_in_sct(source: str, wanted: str) -> None:
    data, spacing = np.arange(24).reshape(2, 3, 4), np.array([1.0, 2, 3])
    expected, sides, letters = sct_image.reorient(data, spacing, source, wanted)
    turned, own_sides = images.reorient(data, spacing, source, wanted)
    assert letters == wanted
    assert np.array_equal(turned, expected)
    assert np.array_equal(own_sides, sides)
