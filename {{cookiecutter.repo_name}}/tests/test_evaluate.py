"""Metrics on shapes whose agreement is known, and the report of results."""

from __future__ import annotations

import csv
import math
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from evaluate import Result, compare, fill_readme, main, mean_dice, to_csv, to_markdown
from figures import Case, draw_metrics, draw_montage
from metrics import Agreement, agreement


def box(start: int, stop: int, shape: tuple[int, int, int] = (20, 20, 20)) -> np.ndarray:
    mask = np.zeros(shape, bool)
    mask[start:stop, 5:15, 5:15] = True
    return mask


def test_a_mask_agrees_with_itself() -> None:
    found = agreement(box(5, 15), box(5, 15), (0.5, 1.0, 2.0))
    assert found == Agreement(1.0, 0.0, 0.0, 1000.0, 1000.0)


@pytest.mark.parametrize("axis", [0, 1, 2])
@pytest.mark.parametrize("voxels", [1, 2, 3])
def test_distances_are_in_millimetres_along_each_axis(axis: int, voxels: int) -> None:
    spacing = (0.5, 1.0, 3.0)
    reference = box(5, 15)
    shifted = np.roll(reference, voxels, axis)
    found = agreement(reference, shifted, spacing)
    assert found.hd95_mm == pytest.approx(voxels * spacing[axis])
    assert found.dice == pytest.approx((10 - voxels) / 10)
    assert 0 < found.assd_mm < found.hd95_mm
    assert found.reference_mm3 == found.prediction_mm3 == pytest.approx(1500.0)


def test_swapping_both_masks_changes_only_the_volumes() -> None:
    small, large = box(7, 12), box(5, 15)
    one, other = agreement(small, large, (1, 1, 1)), agreement(large, small, (1, 1, 1))
    assert (one.dice, one.assd_mm, one.hd95_mm) == (other.dice, other.assd_mm, other.hd95_mm)
    assert (one.reference_mm3, one.prediction_mm3) == (500.0, 1000.0)


def test_empty_masks() -> None:
    nothing = np.zeros((20, 20, 20), bool)
    assert agreement(nothing, nothing, (1, 1, 1)) == Agreement(1.0, 0.0, 0.0, 0.0, 0.0)
    for reference, prediction in ((box(5, 15), nothing), (nothing, box(5, 15))):
        found = agreement(reference, prediction, (1, 1, 1))
        assert found.dice == 0
        assert math.isnan(found.assd_mm)
        assert math.isnan(found.hd95_mm)


def test_masks_of_other_shapes_are_refused() -> None:
    with pytest.raises(ValueError, match="shapes differ"):
        agreement(box(5, 15), np.zeros((3, 3, 3), bool), (1, 1, 1))


def test_a_region_is_the_union_of_its_values_and_ignored_voxels_do_not_count() -> None:
    reference = np.array([[[0, 1, 2, 3]]])
    prediction = np.array([[[0, 2, 2, 1]]])
    labels = {"sc": (1, 2), "gm": (2,)}
    found = compare(reference, prediction, (1, 1, 1), labels, ignore=3)
    assert found["sc"].dice == 1
    assert found["gm"].dice == pytest.approx(2 / 3)
    assert compare(reference, prediction, (1, 1, 1), labels)["sc"].dice < 1


RESULTS = [
    Result("sub-01", "sub-01", "sc", Agreement(0.9, 0.5, 1.0, 100.0, 110.0)),
    Result("sub-02", "sub-02", "sc", Agreement(0.7, 0.7, 2.0, 100.0, 90.0)),
    Result("sub-01", "sub-01", "lesion", Agreement(1.0, 0.0, 0.0, 0.0, 0.0)),
    Result("sub-02", "sub-02", "lesion", Agreement(0.0, math.nan, math.nan, 0.0, 5.0)),
]


def test_the_table_has_a_line_for_each_case_and_label() -> None:
    lines = list(csv.DictReader(to_csv(RESULTS).splitlines()))
    assert [line["label"] for line in lines] == ["sc", "sc", "lesion", "lesion"]
    assert lines[0]["dice"] == "0.9000"
    assert lines[3]["assd_mm"] == ""
    assert mean_dice(RESULTS) == {"sc": pytest.approx(0.8), "lesion": 0.5}


def test_the_readme_gets_the_results_between_its_marks() -> None:
    text = to_markdown(RESULTS, "My data", [Path("figures/montage.png")])
    assert "2 subjects, 2 images" in text
    assert "| sc | 0.800 ± 0.141 | 0.60 ± 0.14 | 1.50 ± 0.71 | 0.0 ± 14.1 | 0 of 2 |" in text
    assert "| lesion | 0.500 ± 0.707 | 0.00 | 0.00 | – | 1 of 2 |" in text  # noqa: RUF001
    assert "![montage](figures/montage.png)" in text
    readme = "# T\n<!-- results:begin -->\nold\n<!-- results:end -->\nrest\n"
    filled = fill_readme(readme, text)
    assert "old" not in filled
    assert filled.startswith("# T\n<!-- results:begin -->\n")
    assert filled.endswith("<!-- results:end -->\nrest\n")
    assert fill_readme(filled, text) == filled


@pytest.mark.parametrize(
    "readme",
    ["", "<!-- results:begin -->", "<!-- results:end --><!-- results:begin -->"],
)
def test_a_readme_without_marks_is_left_alone(readme: str) -> None:
    with pytest.raises(ValueError, match="needs the lines"):
        fill_readme(readme, "x")


def test_figures_are_drawn_even_where_a_label_is_missing(tmp_path: Path) -> None:
    labels = {"sc": (1, 2), "lesion": (2,)}
    reference = box(5, 15).astype(np.uint8)
    for name, array in (("image", reference * 100.0), ("reference", reference)):
        nib.save(nib.Nifti1Image(array, np.diag([-0.5, 0.5, 4, 1])), tmp_path / f"{name}.nii.gz")
    nothing = np.zeros((20, 20, 20), np.uint8)
    nib.save(nib.Nifti1Image(nothing, np.diag([-0.5, 0.5, 4, 1])), tmp_path / "prediction.nii.gz")
    files = [tmp_path / f"{name}.nii.gz" for name in ("image", "reference", "prediction")]
    draw_montage([Case(*files, 0.5)], labels, tmp_path / "montage.png")
    grouped = {k: [r.agreement for r in RESULTS if r.label == k] for k in labels}
    draw_metrics(grouped, tmp_path / "metrics.png")
    for name in ("montage", "metrics"):
        assert (tmp_path / f"{name}.png").read_bytes().startswith(b"\x89PNG")


def test_without_predictions_one_line_says_so(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["--config", "config.yaml"]) == 1
    assert capsys.readouterr().err == (
        "error: config.yaml: can't be read: [Errno 2] No such file or directory: 'config.yaml'\n"
    )
