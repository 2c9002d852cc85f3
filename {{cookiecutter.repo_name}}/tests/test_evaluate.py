"""The evaluation of label maps on disk: tables, figures, other raters, what is required."""

from __future__ import annotations

import csv
import math
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import pytest

import evaluate
from common import write_json, write_text
from conftest import settings_for
from convert import convert, to_csv
from estimates import Estimate
from figures import draw_differences, draw_groups, draw_metrics
from groups import find_groups
from montage import choose, draw_montage
from read_volume import read_volume
from report import DASH, cell, dataset_title, plain, to_markdown
from results import NUMBERS, Result, compare, main_number, read_csv
from results import to_csv as results_csv
from settings import Settings
from volumes import Volume, reorient, to_nifti

NAN = math.nan


def with_each_kind(config: dict[str, Any]) -> dict[str, Any]:
    """The configuration with labels of each kind, in place of its own."""
    return {
        **config,
        "labels": {"sc": [1, 2], "lesion": 2, "disc": 3},
        "regions_class_order": [1, 2, 3],
        "dataset": {
            **config["dataset"],
            "contrasts": ["T2w"],
            "label_files": {"label-SC_seg": 1, "label-LESION_seg": 2, "label-DISC_seg": 3},
        },
        "evaluation": {
            "kinds": {"lesion": "lesions", "disc": "points"},
            "tolerance_mm": {"sc": 0.5},
        },
    }


@pytest.fixture
def made(config: dict[str, Any], tmp_path: Path) -> Settings:
    """Settings of a converted test set, whose predictions are the references, moved by a voxel."""
    wanted = {"groups": ["site", "session"]}
    settings = settings_for(with_each_kind(config), tmp_path, evaluation=wanted)
    raw = settings.raw
    for folder in (raw / "imagesTs", raw / "labelsTs", settings.work / "predictions"):
        folder.mkdir(parents=True)
    lines = ["case,subject,set,fold,orientation,values,note,digest"]
    people = ["participant_id\tsite"]
    affine = np.diag([-0.5, 0.5, 3.0, 1.0])
    for number in range(7):
        subject = f"sub-{number}"
        people.append(f"{subject}\t{'n/a' if number == 6 else 'ab'[number % 2]}")
        for session in ("ses-1", "ses-2") if number == 0 else ("ses-1",):
            case = f"{subject}_{session}_T2w"
            lines.append(f"{case},{subject},test,,RPI,1 2 3,,")
            label = label_map(number)
            moved = np.roll(label, 1, axis=0)
            for path, array in (
                (raw / "imagesTs" / f"{case}_0000.nii.gz", label * 100.0),
                (raw / "labelsTs" / f"{case}.nii.gz", label),
                (settings.work / "predictions" / f"{case}.nii.gz", moved),
            ):
                volume = Volume(array.astype(np.float32), affine)
                nib.save(to_nifti(reorient(volume, settings.image_orientation)), path)
    write_text(settings.work / "conversion.csv", "\n".join(lines) + "\n")
    write_text(settings.dataset.bids / "participants.tsv", "\n".join(people) + "\n")
    return settings


def label_map(number: int) -> np.ndarray:
    label = np.zeros((16, 18, 8), np.uint8)
    label[4:12, 4:14] = 1
    if number % 3:  # some have no lesion
        label[5:8, 6:9, 2:4] = 2
        label[9:11, 10:12, 5:7] = 2
    label[7:9, 7:9, 6:8] = 3
    return label


def run(settings: Settings) -> list[Result]:
    subjects = {row.case: row.subject for row in evaluate.test_rows(settings)}
    groups, _ = find_groups(settings, subjects)
    return evaluate.evaluate(settings, evaluate.own_volumes(settings), groups)


def test_each_kind_of_label_has_its_numbers(made: Settings) -> None:
    results = {(r.case, r.label): r for r in run(made)}
    assert len(results) == 8 * 3
    sc, lesion, disc = (results["sub-1_ses-1_T2w", x].numbers for x in ("sc", "lesion", "disc"))
    assert 0.8 < sc["dice"] < 1
    assert sc["surface_dice"] == 1  # moved by one voxel of 0.5 mm
    assert "found" not in sc
    assert (lesion["reference"], lesion["prediction"], lesion["found"]) == (2, 2, 2)
    assert 0 < lesion["dice"] < 1
    assert set(disc) == {"reference", "prediction", "found", "distance_mm"}
    assert disc["distance_mm"] == pytest.approx(0.5)
    healthy = results["sub-0_ses-2_T2w", "lesion"]
    assert math.isnan(healthy.number("dice"))
    assert healthy.number("reference") == healthy.number("prediction") == 0


def test_regions_and_ignored_voxels(made: Settings) -> None:
    reference, prediction = np.array([[[0, 1, 2, 4]]]), np.array([[[0, 2, 2, 1]]])
    found = compare(reference, prediction, (1, 1, 1), replace(made, ignore=4))
    assert found["sc"]["dice"] == 1
    assert found["lesion"]["dice"] == pytest.approx(2 / 3)
    assert compare(reference, prediction, (1, 1, 1), made)["sc"]["dice"] < 1


def test_groups_come_from_names_and_participants(made: Settings) -> None:
    groups, notes = find_groups(made, {"sub-0_ses-2_T2w": "sub-0", "sub-6_T2w": "sub-6"})
    assert groups["sub-0_ses-2_T2w"] == {"site": "a", "session": "2"}
    assert groups["sub-6_T2w"] == {"site": "", "session": ""}
    assert notes == []
    wanted = replace(made.evaluation, groups=("contrast", "weight", "run"))
    groups, notes = find_groups(replace(made, evaluation=wanted), {"sub-0_T2w": "sub-0"})
    assert groups == {"sub-0_T2w": {"contrast": "T2w"}}
    assert [note.split(":")[0] for note in notes] == ["group weight", "group run"]
    many = {f"sub-{k}_run-{k}_T2w": f"sub-{k}" for k in range(20)}
    _, notes = find_groups(replace(made, evaluation=wanted), many)
    assert "group run: left out, because it has 20 values" in notes


def test_tables_say_nothing_that_is_not_defined(made: Settings) -> None:
    results = run(made)
    text = results_csv(results)
    assert "nan" not in text.lower()
    lines = list(csv.DictReader(text.splitlines()))
    assert list(lines[0]) == ["case", "subject", "label", "site", "session", *NUMBERS]
    empty = next(x for x in lines if x["case"] == "sub-3_ses-1_T2w" and x["label"] == "lesion")
    assert (empty["dice"], empty["hd95_mm"], empty["reference"]) == ("", "", "0")
    again = read_csv(text)
    assert [(r.case, r.label, r.groups) for r in again] == [
        (r.case, r.label, r.groups) for r in results
    ]
    assert main_number(again[0]) == pytest.approx(main_number(results[0]), abs=1e-4)
    shown = to_markdown(made, results, {}, [])
    assert "nan" not in shown.lower()
    assert "inf" not in shown.lower()


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (Estimate(NAN), DASH),
        (Estimate(0.91234), "0.912"),
        (Estimate(0.9, 0.85, 0.95), "0.900 [0.850, 0.950]"),
        (Estimate(-0.0001, -0.0002, 0.0001), "0.000 [0.000, 0.000]"),
    ],
)
def test_a_cell(value: Estimate, shown: str) -> None:
    from columns import DICE

    assert cell(value, DICE) == shown


def test_the_report_shows_each_kind_the_groups_and_others(made: Settings) -> None:
    results = run(made)
    text = to_markdown(made, results, {"rater2": results[:9]}, [Path("figures/metrics.svg")])
    assert "7 subjects, 8 images" in text
    assert "0.5 mm (sc), 1 mm (lesion)" in text
    assert re.search(r"\| sc \| 0\.\d{3} \[0\.\d{3}, 0\.\d{3}\] \| 1\.000 \[1\.000, 1\.000\]", text)
    assert "| lesion | 8 | 8 | 1.00 | 1.00 | 1.00 |" in text  # four subjects have lesions
    assert re.search(r"\| disc \| 8 \| 8 \| 1\.00 \[.*\| 0\.50 \[0\.50, 0\.50\] \|", text)
    assert "| a | sc | 3 subjects, 4 images |" in text
    assert re.search(r"\| sc \| Dice \| 0\.\d+ \| 0\.\d+ \| 0\.000 \|", text)
    assert "figures/metrics.svg" in text
    assert "\n\n\n" not in text


def test_all_is_written_twice_the_same(made: Settings) -> None:
    results = run(made)
    outputs = {}
    for _ in range(2):
        evaluate.write_outputs(made, results, {"rater2": results})
        folders = (made.evaluation.results, made.evaluation.figures)
        files = [path for folder in folders for path in folder.iterdir()]
        outputs[len(outputs)] = {path.name: path.read_bytes() for path in files}
    assert outputs[0] == outputs[1]
    assert set(outputs[0]) == {
        *("test_metrics.csv", "test_metrics_rater2.csv", "test_summary.csv", "test_results.md"),
        *("metrics.svg", "groups.svg", "differences.svg", "montage.png"),
    }
    summary = list(csv.DictReader(outputs[0]["test_summary.csv"].decode().splitlines()))
    gap = next(x for x in summary if x["of"] == "rater2 - model" and x["number"] == "dice")
    assert (gap["value"], gap["low"], gap["high"]) == ("0", "0", "0")
    assert not any(line["value"].lower() in {"nan", "inf"} for line in summary)


def test_figures_of_nothing(made: Settings, tmp_path: Path) -> None:
    """A label that is nowhere leaves its panel empty; what has no content is not drawn."""
    nothing = dict.fromkeys(NUMBERS, NAN)
    results = [Result("sub-1_ses-1_T2w", "sub-1", label, nothing, {}) for label in made.labels]
    assert draw_metrics(made, results, tmp_path / "m.svg") == tmp_path / "m.svg"
    assert draw_groups(made, results, tmp_path / "g.svg") is None
    assert draw_differences(made, results, {}, tmp_path / "d.svg") is None
    assert evaluate.rank(results) == {}
    assert draw_montage(made, {}, tmp_path / "x.png") is None
    assert [path.name for path in tmp_path.glob("*.svg")] == ["m.svg"]


def test_the_worst_cases_come_first(made: Settings) -> None:
    folder = made.work / "predictions"
    for case, count in (("sub-4_ses-1_T2w", 4), ("sub-2_ses-1_T2w", 2)):
        image = nib.load(folder / f"{case}.nii.gz")
        array = np.roll(np.asanyarray(image.dataobj), count, axis=1)
        nib.save(nib.Nifti1Image(array, image.affine), folder / f"{case}.nii.gz")
    assert list(evaluate.rank(run(made)))[:2] == ["sub-4_ses-1_T2w", "sub-2_ses-1_T2w"]


@pytest.mark.parametrize(
    ("number", "texts"),
    [
        (1, ["worst: 0.000"]),
        (2, ["worst: 0.000", "best: 0.100"]),
        (3, ["worst: 0.000", "median: 0.100", "best: 0.200"]),
        (6, ["worst: 0.000", "2. worst: 0.100", "median: 0.200", "best: 0.500"]),
        (
            20,
            [
                *("worst: 0.000", "2. worst: 0.100", "3. worst: 0.200", "4. worst: 0.300"),
                *("median: 0.900", "best: 1.900"),
            ],
        ),
    ],
)
def test_the_cases_that_are_drawn_are_what_they_are_called(number: int, texts: list[str]) -> None:
    assert [text for _, text in choose({str(k): k / 10 for k in range(number)})] == texts


def test_a_figure_of_many_subjects_stays_small(made: Settings, tmp_path: Path) -> None:
    results = [
        Result(f"sub-{n}", f"sub-{n}", label, {"dice": n / 3000, "surface_dice": 0.5}, {})
        for n in range(3000)
        for label in made.labels
    ]
    path = draw_metrics(made, results, tmp_path / "metrics.svg")
    assert path.stat().st_size < 500_000


def test_label_maps_of_another_model_may_have_another_orientation(
    made: Settings, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    for path in sorted((made.work / "predictions").iterdir())[:3]:
        nib.save(to_nifti(reorient(read_volume(path), "AIL")), other / path.name)
    found = evaluate.evaluate(made, evaluate.other_volumes(made, other), {})
    mine = {(r.case, r.label): r.numbers for r in run(made)}
    assert len(found) == 9
    for result in found:
        assert dict(result.numbers) == pytest.approx(mine[result.case, result.label], nan_ok=True)


def test_a_rater_has_label_files_as_the_dataset(settings: Settings) -> None:
    """The labels of the dataset itself, as a rater's, agree with the references everywhere."""
    rows = convert(settings)
    write_text(settings.work / "conversion.csv", to_csv(rows))
    labels = settings.dataset.bids / settings.dataset.labels_folder
    found = evaluate.evaluate(settings, evaluate.other_volumes(settings, labels), {})
    assert {r.case for r in found} == {row.case for row in rows if row.set == "test"}
    assert all(main_number(result) in {1} for result in found)


def test_a_prediction_that_is_missing_or_elsewhere_ends_in_one_line(made: Settings) -> None:
    path = made.work / "predictions" / "sub-3_ses-1_T2w.nii.gz"
    image = nib.load(path)
    nib.save(nib.Nifti1Image(np.asanyarray(image.dataobj)[1:], image.affine), path)
    with pytest.raises(ValueError, match="sub-3_ses-1_T2w: the prediction is not on the reference"):
        run(made)
    path.unlink()
    with pytest.raises(ValueError, match=r"sub-3_ses-1_T2w\.nii\.gz is missing"):
        evaluate.own_volumes(made)
    with pytest.raises(ValueError, match="has no label map of the test set"):
        evaluate.other_volumes(made, made.evaluation.results)


def test_a_required_dice(made: Settings) -> None:
    results = run(made)
    high = replace(made.evaluation, minimum_dice={"sc": 0.99, "lesion": 0.1})
    lines = evaluate.too_low(replace(made, evaluation=high), results)
    assert [re.sub(r"0\.8\d+", "0.8", line) for line in lines] == [
        "mean Dice of sc is 0.8; config.yaml requires 0.99"
    ]
    nothing = [r for r in results if r.label != "lesion"]
    (_, line) = evaluate.too_low(replace(made, evaluation=high), nothing)
    assert line == "mean Dice of lesion is not defined; config.yaml requires 0.1"


def test_titles_can_not_break_the_card(tmp_path: Path) -> None:
    name = "My | data <b> [x](y) `z` 2.0"
    write_json(tmp_path / "dataset_description.json", {"Name": name})
    assert dataset_title(tmp_path) == "My data b x (y) z 2.0"
    assert dataset_title(tmp_path / "elsewhere") == "elsewhere"
    assert plain("a_b*c|d\n") == "a b c d"


def test_without_a_configuration_one_line_says_so(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert evaluate.main(["--config", "config.yaml"]) == 1
    assert capsys.readouterr().err == (
        "error: config.yaml: can't be read: [Errno 2] No such file or directory: 'config.yaml'\n"
    )
