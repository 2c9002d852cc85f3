"""The steps of SCT that are written again for the judge, against nibabel and by example."""

from __future__ import annotations

import zipfile
from pathlib import Path

import nibabel as nib
import nnunet_names
import numpy as np
import pytest
from judge import FORK
from model_lint.nnunet.sct_modules import missing_in_nnunet
from sct_files import install, require_crop_metadata, require_nnunet
from sct_image import CODES, OPPOSITE, reorient, split_labels


@pytest.mark.parametrize("wanted", CODES)
def test_reorients_as_nibabel_does(wanted: str) -> None:
    data = np.arange(2 * 3 * 4).reshape(2, 3, 4)
    image = nib.Nifti1Image(data.astype(np.int16), np.diag([-0.5, 0.6, 5.0, 1.0]))  # SCT's RPI
    toward = "".join(OPPOSITE[letter] for letter in wanted)
    start = nib.orientations.axcodes2ornt("LAS")
    there = image.as_reoriented(
        nib.orientations.ornt_transform(start, nib.orientations.axcodes2ornt(toward))
    )
    turned, spacing, letters = reorient(data, np.array([0.5, 0.6, 5.0]), "RPI", wanted)
    assert letters == wanted
    assert np.array_equal(turned, np.asarray(there.dataobj))
    assert np.allclose(spacing, there.header.get_zooms())
    back, _, _ = reorient(turned, spacing, wanted, "RPI")
    assert np.array_equal(back, data)


@pytest.mark.parametrize(
    ("wanted", "error"),
    [("rpi", ValueError), ("RAP", ValueError), ("RP", ValueError), (None, AttributeError)],
)
def test_wrong_orientations_raise_as_in_sct(wanted: object, error: type[Exception]) -> None:
    with pytest.raises(error):
        reorient(np.zeros((2, 2, 2)), np.ones(3), "RPI", wanted)


def _installed(tmp_path: Path, *names: str) -> set[str]:
    package = tmp_path / "model.zip"
    with zipfile.ZipFile(package, "w") as archive:
        for name in names:
            archive.writestr(name, "{}")
    installed = tmp_path / "installed"
    install(package, installed, tmp_path / "unzipped")
    return {path.name for path in installed.iterdir()}


def test_one_folder_at_the_root_is_stripped(tmp_path: Path) -> None:
    names = ("model/nnUNetTrainer__a__2d/x", "model/README.md", "__MACOSX/x")
    assert _installed(tmp_path, *names) == {"nnUNetTrainer__a__2d", "README.md"}


def test_a_second_entry_at_the_root_keeps_the_folder(tmp_path: Path) -> None:
    assert _installed(tmp_path, "model/nnUNetTrainer__a__2d/x", ".DS_Store") == {
        "model",
        ".DS_Store",
    }


def test_the_trainer_folder_is_never_stripped(tmp_path: Path) -> None:
    assert _installed(tmp_path, "nnUNetTrainer__a__2d/x") == {"nnUNetTrainer__a__2d"}


def test_a_ckpt_file_is_taken_for_monai(tmp_path: Path) -> None:
    (tmp_path / "a.pth").touch()
    require_nnunet(tmp_path)
    (tmp_path / "last.ckpt").touch()
    with pytest.raises(ValueError, match="MONAI"):
        require_nnunet(tmp_path)


def test_crop_metadata_must_be_whole_and_at_the_root(tmp_path: Path) -> None:
    require_crop_metadata(tmp_path)
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "crop_metadata.json").write_text("{}", encoding="utf-8")
    with pytest.raises(RuntimeError, match="root"):
        require_crop_metadata(tmp_path)
    (tmp_path / "crop_metadata.json").write_text('{"pad_left": 1}', encoding="utf-8")
    with pytest.raises(RuntimeError, match="pad_superior"):
        require_crop_metadata(tmp_path)


def test_masks_are_named_as_in_sct() -> None:
    result = np.array([[[0, 1, 2]]])
    assert list(split_labels(result, {"background": 0, "sc": 1})) == ["_seg"]
    assert list(split_labels(result, {"background": 0, "lvl1": 1, "lvl2": 2})) == ["_rootlets"]
    masks = split_labels(result, {"background": 0, "sc": [1, 2], "gm": 2})
    assert masks["_sc_seg"].tolist() == [[[False, True, True]]]
    assert masks["_gm_seg"].tolist() == [[[False, False, True]]]


def test_the_names_in_both_nnunets_are_known() -> None:
    assert nnunet_names.FILE.read_text(encoding="utf-8") == nnunet_names.listing()


def test_the_modules_of_the_fork_are_known() -> None:
    modules = [m.relative_to(FORK).with_suffix("").parts for m in FORK.glob("nnunetv2/**/*.py")]
    names = [".".join(parts).removesuffix(".__init__") for parts in modules]
    assert [name for name in names if missing_in_nnunet(name)] == []
    assert missing_in_nnunet("nnunetv2.nets.UMamba", ["UMamba"]) == "nnunetv2.nets.UMamba"
    assert missing_in_nnunet("nnunetv2.paths", ["nnUNet_extTrainer"]) is not None
    assert missing_in_nnunet("nnunetv2.paths", ["nnUNet_extTrainer"], stock=True) is None
