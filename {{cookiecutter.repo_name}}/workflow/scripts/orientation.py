"""Orientations: SCT's letters, nibabel's letters, and moving arrays between them.

An orientation is three letters, one per array axis. SCT's letters name the side that the axis
comes *from* (its first voxel); nibabel's name the side that it goes *to* (its last voxel). SCT's
``RPI`` is therefore nibabel's ``LAS``. ``image_orientation`` in ``dataset.json`` and in
``config.yaml`` is in SCT's letters.
"""

from __future__ import annotations

import functools

import numpy as np
from model_lint.nnunet.orientation import ORIENTATIONS
from nibabel.orientations import (
    apply_orientation,
    axcodes2ornt,
    inv_ornt_aff,
    io_orientation,
    ornt2axcodes,
    ornt_transform,
)

_OPPOSITE = dict(zip("LRAPIS", "RLPASI", strict=True))


def switch_convention(code: str) -> str:
    """Translate an orientation between SCT's *from* letters and nibabel's *to* letters.

    The two name opposite sides, so the same function goes both ways: ``RPI`` <-> ``LAS``.

    Raises:
        ValueError: if ``code`` is not one of the 48 codes in capital letters.
    """
    if code not in ORIENTATIONS:
        raise ValueError(
            f"orientation {code!r} is not three capital letters, one each of L/R, P/A and I/S, "
            "for example RPI"
        )
    return "".join(_OPPOSITE[letter] for letter in code)


def orientation_of(affine: np.ndarray) -> str:
    """Return the orientation of a 4 x 4 voxel-to-world (RAS+, mm) matrix in SCT's letters.

    Raises:
        ValueError: if the matrix is singular or contains non-finite numbers.
    """
    return _orientation(np.asarray(affine, dtype=float).tobytes())


@functools.lru_cache(maxsize=64)
def _orientation(numbers: bytes) -> str:
    affine = np.frombuffer(numbers).reshape(4, 4)
    matrix = affine[:3, :3]
    if not np.isfinite(matrix).all() or np.isclose(np.linalg.det(matrix), 0, atol=1e-12):
        raise ValueError("its orientation matrix is singular, so its axes have no direction")
    letters = ornt2axcodes(io_orientation(affine))
    return switch_convention("".join(str(letter) for letter in letters))


def reorient_array(array: np.ndarray, current: str, wanted: str) -> np.ndarray:
    """Flip and swap the first three axes of ``array`` from one orientation to another.

    Both orientations are in SCT's letters. No value is interpolated, so going there and back
    returns the same array.
    """
    moves = ornt_transform(_ornt(current), _ornt(wanted))
    return np.ascontiguousarray(apply_orientation(array, moves))


def reorient_affine(
    affine: np.ndarray, shape: tuple[int, ...], current: str, wanted: str
) -> np.ndarray:
    """Return the voxel-to-world matrix of an array of ``shape`` after ``reorient_array``."""
    moves = ornt_transform(_ornt(current), _ornt(wanted))
    return np.asarray(affine @ inv_ornt_aff(moves, shape[:3]))


@functools.cache
def _ornt(code: str) -> np.ndarray:
    return np.asarray(axcodes2ornt(tuple(switch_convention(code))))
