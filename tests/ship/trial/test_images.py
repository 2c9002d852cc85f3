"""Images that are damaged, or of which half is missing: the package is not to blame."""

from __future__ import annotations

import gzip
import shutil
from collections.abc import Callable
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
import SimpleITK
from model_lint.errors import UsageError
from model_lint.ship.trial.inside import images, whole
from model_lint.ship.trial.trial import group_images

Damage = Callable[[bytes], bytes]


def written(path: Path, kind: type = nib.Nifti1Image) -> Path:
    voxels = np.random.default_rng(0).integers(0, 99, (8, 9, 10), dtype=np.int16)
    nib.save(kind(voxels, np.eye(4)), path)
    return path


def flipped(data: bytes) -> bytes:
    return data[:-6] + bytes([data[-6] ^ 1]) + data[-5:]


@pytest.mark.parametrize(
    ("name", "damage", "says"),
    [
        ("a.nii.gz", lambda data: data[: len(data) // 2], "damaged: Compressed file ended before"),
        ("a.nii.gz", lambda data: data[:-8], "damaged: Compressed file ended before"),
        ("a.nii.gz", flipped, "damaged: CRC check failed"),
        ("a.nii", lambda data: data[:1000], "damaged: it ends after 1,000 of 1,792 bytes"),
        ("a.nii", lambda data: data[:100], None),
        ("a.hdr", lambda data: data, "one of the two files of an image"),
    ],
)
def test_a_damaged_image(name: str, damage: Damage, says: str | None, tmp_path: Path) -> None:
    path = written(tmp_path / name, nib.Nifti1Pair if name == "a.hdr" else nib.Nifti1Image)
    path.write_bytes(damage(path.read_bytes()))
    if says is None:  # too short for a header: the libraries say so themselves
        whole.require_whole(path)
        return
    with pytest.raises(images.Unusable) as raised:
        whole.require_whole(path)
    assert str(raised.value).startswith(f"{path}: {says}")


def test_a_whole_image(tmp_path: Path) -> None:
    kinds = {"a.nii": nib.Nifti1Image, "b.nii.gz": nib.Nifti1Image, "c.nii": nib.Nifti2Image}
    for name, kind in kinds.items():
        whole.require_whole(written(tmp_path / name, kind))
    swapped = tmp_path / "d.nii"
    voxels = np.zeros((3, 4, 5, 1), ">f8")
    big_endian = nib.Nifti1Header(endianness=">")
    big_endian.set_data_dtype(">f8")
    nib.save(nib.Nifti1Image(voxels, np.eye(4), big_endian), swapped)
    whole.require_whole(swapped)
    swapped.write_bytes(swapped.read_bytes()[:-1])
    with pytest.raises(images.Unusable, match="ends after 831 of 832 bytes"):
        whole.require_whole(swapped)
    # SimpleITK reads what is not compressed under this name.
    plain = tmp_path / "e.nii.gz"
    plain.write_bytes(gzip.decompress((tmp_path / "b.nii.gz").read_bytes()))
    whole.require_whole(plain)
    other = tmp_path / "f.nrrd"
    other.write_bytes(b"NRRD")
    whole.require_whole(other)


@pytest.mark.parametrize("affine", [np.diag([1.0, 0, 1, 1]), np.diag([1.0, np.nan, 1, 1])])
def test_voxels_without_a_size(affine: np.ndarray) -> None:
    array = np.zeros((2, 2, 2), np.float32)
    assert images.require_usable(images.Image("a.nii", (array,), np.eye(4)))
    with pytest.raises(images.Unusable, match=r"a\.nii: its header gives the voxels no size"):
        images.require_usable(images.Image("a.nii", (array,), affine))


def test_another_kind_of_image(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from model_lint.ship.trial.inside import stock

    monkeypatch.chdir(tmp_path)
    path = written(tmp_path / "a.nii.gz")
    for ending in (".nii.gz", ".nrrd", ".mha"):
        stock._copy(len(ending), [path], ending)
        assert [p.name for p in Path(f"inputs/{len(ending)}").iterdir()] == [f"image_0000{ending}"]
        shutil.rmtree("inputs")
    picture = tmp_path / "a.vtk"
    SimpleITK.WriteImage(SimpleITK.ReadImage(str(path)), str(picture))
    with pytest.raises(images.Unusable, match=r"a\.vtk: the model takes images that end in \.nii"):
        stock._copy(0, [picture], ".nii.gz")


def test_images_of_a_data_set_are_links(tmp_path: Path) -> None:
    """They keep the names that their user knows."""
    written(tmp_path / "MD5E-s1--abc.nii.gz")
    link = tmp_path / "sub-001_T2w.nii.gz"
    link.symlink_to("MD5E-s1--abc.nii.gz")
    assert group_images([link], None) == ((link,),)
    link.unlink()
    link.symlink_to("not-fetched.nii.gz")
    with pytest.raises(UsageError, match=r"a link to a missing file; .*git annex get"):
        group_images([link], None)
