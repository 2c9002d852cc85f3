"""Orientations: two conventions, 48 codes, and no loss on the way there and back."""

from __future__ import annotations

import nibabel as nib
import numpy as np
import pytest

from orientation import (
    ORIENTATIONS,
    orientation_of,
    reorient_affine,
    reorient_array,
    switch_convention,
)
from volumes import Volume, reorient


def test_sct_names_where_an_axis_comes_from() -> None:
    assert switch_convention("RPI") == "LAS"
    assert switch_convention("LPI") == "RAS"


@pytest.mark.parametrize("code", ORIENTATIONS)
def test_conventions_are_inverse_and_agree_with_nibabel(code: str) -> None:
    nibabel_code = switch_convention(code)
    assert switch_convention(nibabel_code) == code
    # The world's axes go to right, anterior and superior.
    affine = np.eye(4)
    for axis, letter in enumerate(nibabel_code):
        world = next(k for k, pair in enumerate(("LR", "PA", "IS")) if letter in pair)
        affine[:3, axis] = np.eye(3)[world] * (1 if letter in "RAS" else -1)
    assert nib.aff2axcodes(affine) == tuple(nibabel_code)
    assert orientation_of(affine) == code


def test_there_are_48_orientations() -> None:
    assert len(set(ORIENTATIONS)) == len(ORIENTATIONS) == 48


@pytest.mark.parametrize("code", ["rpi", "RP", "RPIS", "RLP", "XYZ", "", "RPR", "R P"])
def test_other_codes_are_refused(code: str) -> None:
    with pytest.raises(ValueError, match="three capital letters"):
        switch_convention(code)


@pytest.mark.parametrize("code", ORIENTATIONS)
def test_reorienting_keeps_every_voxel_in_its_place(code: str) -> None:
    generator = np.random.default_rng(0)
    array = generator.normal(size=(3, 4, 5))
    affine = np.diag([-0.5, 0.7, 2.0, 1.0])
    affine[:3, 3] = (7.0, -3.0, 11.0)
    assert orientation_of(affine) == "RPI"
    turned = reorient_array(array, "RPI", code)
    turned_affine = reorient_affine(affine, array.shape, "RPI", code)
    assert orientation_of(turned_affine) == code
    inverse = np.linalg.inv(turned_affine)
    for voxel in np.ndindex(array.shape):
        place = affine @ [*voxel, 1]
        there = tuple(np.rint(inverse @ place)[:3].astype(int))
        assert turned[there] == array[voxel]
    assert np.array_equal(reorient_array(turned, code, "RPI"), array)


@pytest.mark.parametrize("code", ["RPI", "AIL", "SRP"])
def test_oblique_images_keep_their_angles(code: str) -> None:
    angle = np.deg2rad(20)
    affine = np.eye(4)
    affine[:2, :2] = [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
    volume = Volume(np.arange(24.0).reshape(2, 3, 4), affine)
    there = reorient(volume, code)
    back = reorient(there, volume.orientation)
    assert there.orientation == code
    assert np.allclose(back.affine, affine)
    assert np.array_equal(back.array, volume.array)


@pytest.mark.parametrize("value", [0.0, np.nan, np.inf])
def test_a_matrix_without_directions_is_refused(value: float) -> None:
    affine = np.eye(4)
    affine[2, 2] = value
    with pytest.raises(ValueError, match="singular"):
        orientation_of(affine)
