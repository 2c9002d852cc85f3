"""Steps that were killed go on where they were, and their result is that of one run."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import pytest
import yaml

import case_files
import comparisons
import convert
import evaluate
import listing
import predict
from bids import find_samples
from case_table import to_csv
from common import write_json, write_text
from conftest import settings_for
from journal import Journal
from listing import state
from settings import Settings
from volumes import VolumeError

SCRIPTS = Path(convert.__file__).parent
KILLED_AFTER = 3


def counted(
    monkeypatch: pytest.MonkeyPatch, module: Any, name: str, case: Callable[[Any], str]
) -> list[str]:
    """Return the list to which the name of each case is added that a function works on."""
    found: list[str] = []
    real = getattr(module, name)

    def also(job: Any, **options: Any) -> Any:
        found.append(case(job))
        return real(job, **options)

    monkeypatch.setattr(module, name, also)
    return found


@pytest.fixture
def converting(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    return counted(monkeypatch, convert, "write_case", lambda job: job.sample.case)


@pytest.fixture
def comparing(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    return counted(monkeypatch, comparisons, "compare_one", lambda pair: pair.case)


def content(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def killed_convert(settings: Settings, config: dict[str, Any], folder: Path) -> None:
    """Convert in two processes; the first is killed when it has written down three cases."""
    over = {
        "dataset": {**config["dataset"], "bids": str(settings.dataset.bids), "exclude": {}},
        "splits": {"file": str(settings.splits.file), "test": 0.3, "folds": 2},
        "nnunet": {**config["nnunet"], "folds": [0], "plans": {}},
        "work": str(settings.work),
    }
    (folder / "config.yaml").write_text(
        yaml.safe_dump({**config, **over}, sort_keys=False), "utf-8"
    )
    code = f"""
import os, signal, sys
sys.path.insert(0, {str(SCRIPTS)!r})
import convert, journal
real, done = journal.Journal.add, []
def add(self, key, result):
    real(self, key, result)
    done.append(key)
    if len(done) == {KILLED_AFTER}:
        os.kill(os.getpid(), signal.SIGKILL)
journal.Journal.add = add
convert.main(["--config", {str(folder / "config.yaml")!r}, "--jobs", "2"])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False, text=True)
    assert done.returncode == -signal.SIGKILL, done.stdout + done.stderr


def test_a_conversion_that_was_killed_goes_on(
    settings: Settings, config: dict[str, Any], tmp_path: Path, converting: list[str]
) -> None:
    killed_convert(settings, config, tmp_path)
    assert not settings.raw.exists()
    rows = convert.convert(settings)
    assert len(converting) == len([row for row in rows if row.set != "skipped"]) - KILLED_AFTER
    whole = replace(settings, work=tmp_path / "other")
    assert convert.convert(whole) == rows
    assert content(settings.raw) == content(whole.raw)


def test_only_what_changed_is_converted_again(
    config: dict[str, Any], phantom_bids: Path, tmp_path: Path, converting: list[str]
) -> None:
    shutil.copytree(phantom_bids / "bids", tmp_path / "bids")
    settings = settings_for(config, tmp_path)
    before = {row.case: row.digest for row in convert.convert(settings)}
    assert sorted(converting) == sorted(before)
    converting.clear()
    assert {row.case: row.digest for row in convert.convert(settings)} == before
    assert converting == []
    path = min((tmp_path / "bids" / settings.dataset.labels_folder).rglob("sub-*.nii.gz"))
    image = nib.load(path)
    nib.save(nib.Nifti1Image(np.ones(image.shape, np.uint8), image.affine), path)
    after = {row.case: row.digest for row in convert.convert(settings)}
    (changed,) = converting
    assert {case for case in before if before[case] != after[case]} == {changed}
    # A file that was lost is made again, and only that case.
    converting.clear()
    lost = min((settings.raw / "labelsTr").iterdir())
    lost.unlink()
    convert.convert(settings)
    assert [f"{case}.nii.gz" for case in converting] == [lost.name]


def test_another_orientation_takes_nothing_over(settings: Settings, converting: list[str]) -> None:
    number = len(convert.convert(settings))
    convert.convert(replace(settings, image_orientation=settings.image_orientation[::-1]))
    assert len(converting) == 2 * number


def test_settings_that_were_tried_and_undone_leave_nothing(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Empty label maps have the same size in each orientation, so the size says nothing."""
    monkeypatch.setattr(case_files.nib, "save", lambda _, path: path.write_bytes(text[0]))
    text = [b"first"]
    convert.convert(settings)
    before = content(settings.raw)
    text[0] = b"other"
    turned = replace(settings, image_orientation=settings.image_orientation[::-1])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Journal, "keep", lambda *_: 1 / 0)  # both are written down then
        with pytest.raises(ZeroDivisionError):
            convert.convert(turned)
    convert.convert(settings)
    assert content(settings.raw) == before


def test_a_case_that_is_excluded_leaves_no_file(settings: Settings, converting: list[str]) -> None:
    convert.convert(settings)
    subject = min(settings.dataset.bids.glob("sub-*")).name
    converting.clear()
    fewer = replace(settings, dataset=replace(settings.dataset, exclude={subject: "why"}))
    convert.convert(fewer)
    assert converting == []
    assert not [name for name in content(settings.raw) if subject in name]


def test_the_earlier_result_is_whole_until_the_next_one_is(settings: Settings) -> None:
    """Files are taken over as links: writing the next result must not change the earlier one."""
    convert.convert(settings)
    before = content(settings.raw)
    turned = replace(settings, image_orientation=settings.image_orientation[::-1])
    folder = settings.raw.with_name(f"{settings.raw.name}.part")

    def fail(*_: Any, **__: Any) -> None:
        raise VolumeError("invalid")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(convert, "dataset_json", fail)
        with pytest.raises(VolumeError):
            convert.convert(turned)
    assert content(settings.raw) == before
    assert folder.is_dir()
    convert.convert(settings)
    assert content(settings.raw) == before
    assert not folder.exists()


@pytest.mark.parametrize("links", ["allowed", "refused"])
def test_files_are_taken_over_where_links_are_refused(
    links: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_links(*_: object) -> None:
        raise PermissionError

    if links == "refused":
        monkeypatch.setattr(case_files.os, "link", no_links)
    write_text(tmp_path / "earlier" / "labelsTr" / "a", "abc")
    case_files.clear(tmp_path / "now", [])
    size, changed = state(tmp_path / "earlier" / "labelsTr" / "a")
    here = (tmp_path / "now", tmp_path / "earlier")
    for _ in range(2):
        assert case_files.take({"labelsTr/a": (size, changed)}, *here)
        assert (tmp_path / "now" / "labelsTr" / "a").read_text("utf-8") == "abc"
    assert not case_files.take({"labelsTr/a": (size + 1, changed)}, *here)
    assert not case_files.take({"labelsTr/a": (size, changed + 1)}, *here)
    assert not case_files.take({"labelsTr/b": (size, changed)}, *here)


@pytest.fixture
def predicted(settings: Settings) -> Settings:
    """A converted dataset whose references are the predictions."""
    write_text(settings.work / "conversion.csv", to_csv(convert.convert(settings)))
    folder = settings.work / "predictions"
    folder.mkdir()
    for path in (settings.raw / "labelsTs").iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    return settings


def results(settings: Settings, **options: Any) -> list[Any]:
    return evaluate.evaluate(settings, evaluate.own_volumes(settings), {}, **options)


def test_an_evaluation_goes_on_with_the_cases_that_are_left(
    predicted: Settings, comparing: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    cases = [row.case for row in evaluate.test_rows(predicted)]
    real = Journal.add

    def killed(self: Journal, key: str, result: Any) -> None:
        real(self, key, result)
        raise KeyboardInterrupt

    monkeypatch.setattr(Journal, "add", killed)
    with pytest.raises(KeyboardInterrupt):
        results(predicted)
    assert comparing == cases[:1]
    monkeypatch.setattr(Journal, "add", real)
    first = results(predicted)
    assert comparing == cases
    assert repr(results(predicted)) == repr(first)
    assert comparing == cases


def test_what_an_evaluation_depends_on_is_measured_again(
    predicted: Settings, comparing: list[str]
) -> None:
    cases = [row.case for row in evaluate.test_rows(predicted)]
    results(predicted)
    comparing.clear()
    path = predicted.work / "predictions" / f"{cases[-1]}.nii.gz"
    image = nib.load(path)
    nib.save(nib.Nifti1Image(np.zeros(image.shape, np.uint8), image.affine), path)
    results(predicted)
    assert comparing == cases[-1:]
    comparing.clear()
    wider = replace(predicted, evaluation=replace(predicted.evaluation, tolerance_mm=2.5))
    results(wider)
    assert comparing == cases
    comparing.clear()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("importlib.metadata.version", lambda _: "99.0")
        results(wider)
    assert comparing == cases


def test_nobody_changes_the_predictions_that_are_evaluated(
    predicted: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An evaluation that outlived its Snakemake would mix the numbers of two models."""
    take = "import fcntl, sys; fcntl.lockf(open(sys.argv[1], 'r+'), fcntl.LOCK_EX | fcntl.LOCK_NB)"
    lock = predicted.work / "locks" / "predictions"

    def refused(*_: Any) -> tuple[list[Any], list[str]]:
        command = [sys.executable, "-c", take, str(lock)]
        done = subprocess.run(command, capture_output=True, check=False)
        assert b"BlockingIOError" in done.stderr
        raise ValueError("refused")

    monkeypatch.setattr(evaluate, "load", lambda _: predicted)
    monkeypatch.setattr(evaluate, "_evaluate_all", refused)
    assert evaluate.main([]) == 1


def test_a_fold_that_was_trained_again_predicts_again(predicted: Settings) -> None:
    """On the same data, its checkpoint has the same size."""
    scores = predicted.model / "fold_0" / "validation" / "summary.json"
    write_json(scores, {"foreground_mean": {"Dice": 0.81}})
    before = predict.depends_on(predicted)
    assert predict.depends_on(predicted) == before
    write_json(scores, {"foreground_mean": {"Dice": 0.82}})
    assert predict.depends_on(predicted) != before


def test_one_wrong_prediction_costs_no_other(predicted: Settings, comparing: list[str]) -> None:
    cases = [row.case for row in evaluate.test_rows(predicted)]
    path = predicted.work / "predictions" / f"{cases[0]}.nii.gz"
    whole = path.read_bytes()
    path.write_bytes(whole[:100])
    with pytest.raises(ValueError, match="can't be read as NIfTI") as caught:
        results(predicted)
    assert len(str(caught.value).splitlines()) == 1
    assert comparing == cases
    comparing.clear()
    path.write_bytes(whole)
    assert {result.case for result in results(predicted)} == set(cases)
    assert comparing == cases[:1]


def test_several_processes_give_the_same(predicted: Settings, tmp_path: Path) -> None:
    both = [results(predicted, jobs=jobs, who=f"jobs{jobs}") for jobs in (1, 2)]
    assert repr(both[0]) == repr(both[1])
    other = replace(predicted, work=tmp_path / "other")
    assert convert.convert(other, 2) == convert.convert(predicted)
    assert content(other.raw) == content(predicted.raw)


def test_a_prediction_goes_on_with_whole_files_of_the_same_model(
    predicted: Settings, tmp_path: Path
) -> None:
    folder, mark = tmp_path / "predictions.part", tmp_path / "begun"
    assert predict.begin(folder, mark, "model") == 0
    names = sorted(path.name for path in (predicted.work / "predictions").iterdir())
    for name in names:
        (folder / name).write_bytes((predicted.work / "predictions" / name).read_bytes())
    (folder / names[0]).write_bytes((folder / names[0]).read_bytes()[:-20])
    assert predict.begin(folder, mark, "model") == len(names) - 1
    assert sorted(path.name for path in folder.iterdir()) == names[1:]
    assert predict.begin(folder, mark, "another model") == 0
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("place", ["at the image's place", "flat"])
def test_each_folder_is_read_once(place: str, tmp_path: Path, config: dict[str, Any]) -> None:
    """Also a folder that has the label files of all subjects: else the time grows as the square."""
    settings = settings_for(config, tmp_path)
    contrast = settings.dataset.contrasts[0]
    labels = settings.dataset.bids / settings.dataset.labels_folder
    for number in range(20):
        home = Path(f"sub-{number:02d}", "anat")
        for suffix in settings.dataset.contrasts:
            write_text(settings.dataset.bids / home / f"sub-{number:02d}_{suffix}.nii.gz", "")
        for suffix in settings.dataset.label_files:
            name = f"sub-{number:02d}_{contrast}_{suffix}.nii.gz"
            write_text((labels if place == "flat" else labels / home) / name, "")
    read: list[str] = []
    real = listing._content
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(listing, "_content", lambda folder: (read.append(folder), real(folder))[1])
        samples, _ = find_samples(settings.dataset)
    assert len(samples) == 20
    assert sorted(read) == sorted(set(read))


def test_a_prediction_that_was_killed_asks_for_the_images_that_are_left(
    predicted: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = predicted.work / "predictions"
    known = {path.name: path.read_bytes() for path in folder.iterdir()}
    shutil.rmtree(folder)
    left: list[list[str]] = []

    def nnunet(_: str, *arguments: str, **__: Any) -> None:
        assert "--continue_prediction" in arguments
        output = Path(arguments[arguments.index("-o") + 1])
        left.append(sorted(set(known) - {path.name for path in output.iterdir()}))
        for name in left[-1]:
            (output / name).write_bytes(known[name])
            if len(left) == 1:
                raise RuntimeError("killed")

    monkeypatch.setattr(predict, "run_nnunet", nnunet)
    monkeypatch.setattr(predict, "stale", lambda _: "")
    with pytest.raises(RuntimeError, match="killed"):
        predict.predict(predicted, 1)
    assert not folder.exists()
    predict.predict(predicted, 1)
    assert left == [sorted(known), sorted(known)[1:]]
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == known
