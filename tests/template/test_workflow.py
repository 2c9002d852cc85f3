"""The workflow of the generated repository: configuration, conversion, splits, Snakemake.

The scripts hold no template code, so they are imported from the template itself; what depends on
answers runs in generated repositories.
"""

from __future__ import annotations

import functools
import re
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import pytest
import yaml
from cookiecutter.utils import create_env_with_context
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st
from jinja2 import Template
from template.support import (
    DEFINITION,
    RULES,
    TEMPLATE,
    Answers,
    bake,
    context,
    program,
    refusal,
    run,
)

SCRIPTS = TEMPLATE / "workflow" / "scripts"
sys.path.insert(0, str(SCRIPTS))

import convert  # noqa: E402 - the path above is where they are
import splits as splitting  # noqa: E402
from orientation import ORIENTATIONS, orientation_of  # noqa: E402
from plan import nnunet_splits  # noqa: E402
from read_volume import read_volume  # noqa: E402
from settings import Settings, SettingsError, merge, parse  # noqa: E402
from volumes import Volume, VolumeError, reorient, to_nifti  # noqa: E402

# -------------------------------------------------------------------------------- the template


@pytest.mark.parametrize("folder", ["workflow", "tests", "datasplits"])
def test_only_the_configuration_is_rendered(folder: str) -> None:
    """These files are copied as they are, so nothing in them may look like template code."""
    for path in (TEMPLATE / folder).rglob("*"):
        if path.is_file() and "__pycache__" not in path.parts:
            assert not re.search(r"\{\{|\{%|\{#", path.read_text("utf-8")), path


@functools.cache
def config_template() -> Template:
    environment = create_env_with_context({"cookiecutter": DEFINITION})
    made: Template = environment.from_string((TEMPLATE / "config.yaml").read_text("utf-8"))
    return made


def configuration(**answers: str) -> dict[str, Any]:
    """What config.yaml holds after these answers, without generating a repository."""
    values = {**context(answers), "channels": answers.get("channels", "T2w")}
    content: dict[str, Any] = yaml.safe_load(config_template().render(cookiecutter=values))
    return content


NAMES = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_-]{0,8}", fullmatch=True)


@st.composite
def label_answers(draw: st.DrawFn) -> str:
    """Labels as people type them, regions too; some of them wrong."""
    names = draw(st.lists(NAMES, min_size=1, max_size=4, unique_by=str.lower))
    values = [
        sorted(draw(st.sets(st.integers(1, len(names)), min_size=1, max_size=len(names))))
        for _ in names
    ]
    pairs = zip(names, values, strict=True)
    return ", ".join(f"{name}={'+'.join(map(str, numbers))}" for name, numbers in pairs)


@given(labels=label_answers())
@settings(max_examples=100)
def test_labels_that_the_question_takes_make_a_valid_configuration(labels: str) -> None:
    assume(not refusal(context({"labels": labels})))
    content = configuration(labels=labels)
    made = parse(content)
    names = {item.split("=")[0].strip() for item in labels.split(",")}
    assert set(made.labels) == names - {"background", "ignore"}
    painted = [v for file in made.dataset.label_files.values() for v in file.values.values()]
    assert len(painted) == len(set(painted))
    if made.regions_class_order is not None and made.ignore is None:
        own = [label.file_value for label in RULES.facts(context({"labels": labels})).labels]
        pairs = zip(own, made.regions_class_order, strict=True)
        assert all(value in {None, order} for value, order in pairs)


@pytest.mark.parametrize(
    ("answers", "check"),
    [
        ({"image_orientation": "AIL"}, lambda s: s.image_orientation == "AIL"),
        ({"custom_trainer": "no"}, lambda s: s.nnunet.trainer_file is None),
        (
            {"architecture": "hemisAndreanne", "nnunet_configuration": "3d_lowres"},
            lambda s: s.nnunet.configuration == "3d_lowres",
        ),
        ({"consumer": "slicer"}, lambda s: s.release.layout == "dataset"),
        ({"consumer": "sct"}, lambda s: s.release.layout == "spec"),
        ({"channels": "T1w, acq-ax_T2w"}, lambda s: s.dataset.contrasts == ("T1w", "acq-ax_T2w")),
        ({"channels_as": "channels"}, lambda s: s.dataset.as_channels),
        ({"channels_as": "samples"}, lambda s: not s.dataset.as_channels),
    ],
)
def test_answers_reach_the_configuration(answers: Answers, check: Any) -> None:
    assert check(parse(configuration(**answers)))


# ------------------------------------------------------------------------- datasets, good and bad

CONFIG = configuration(labels="sc=1+2, gm=2", channels="T2w")
FATAL = {
    "series": r"is 4D",
    "no image": r"can't be read as NIfTI",
    "nan": r"NaN or infinite",
    "undeclared value": r"contains the value 7",
    "soft label": r"contains the value 0\.5",
    "label elsewhere": r"mm apart",
    "label of another shape": r"shape",
    "label is a series": r"is 4D",
    "label is no image": r"can't be read as NIfTI",
}
MISSING = {
    "no label file": "no label file",
    "no image file": "no T2w image",
    "excluded": "excluded: why",
}
HARMLESS = (
    "none",
    "label turned",
    "label rounded",
    "label as float",
    "label empty",
    "scaled",
    "nii",
)


@dataclass(frozen=True)
class Visit:
    """One visit of a made-up dataset."""

    subject: str
    session: str
    orientation: str
    defect: str

    @property
    def name(self) -> str:
        return "_".join(filter(None, (self.subject, self.session)))

    @property
    def place(self) -> Path:
        return Path(self.subject, self.session, "anat")


@st.composite
def visits(draw: st.DrawFn, defects: tuple[str, ...]) -> list[Visit]:
    subjects = draw(
        st.sets(st.from_regex(r"sub-[A-Za-z0-9]{1,4}", fullmatch=True), min_size=4, max_size=6)
    )
    result = []
    for subject in sorted(subjects):
        for session in draw(st.sampled_from([("",), ("ses-1",), ("ses-1", "ses-2")])):
            orientation = draw(st.sampled_from(ORIENTATIONS))
            result.append(Visit(subject, session, orientation, draw(st.sampled_from(defects))))
    return result


def turned(array: np.ndarray, affine: np.ndarray, orientation: str) -> nib.Nifti1Image:
    return to_nifti(reorient(Volume(array, affine), orientation))


def write(root: Path, visit: Visit) -> Path:
    """Write one visit with its defect; return the file that is wrong (or the image)."""
    generator = np.random.default_rng(len(visit.name))
    affine = np.diag([-0.5, 0.5, 2.0, 1.0])
    array = generator.integers(0, 500, (5, 6, 4)).astype(np.int16)
    image = turned(array, affine, visit.orientation)
    cord = np.zeros(array.shape, np.uint8)
    cord[1:4, 1:5] = 1
    grey = np.zeros(array.shape, np.uint8)
    grey[2, 2:4] = 1
    ending = ".nii" if visit.defect == "nii" else ".nii.gz"
    paths = {
        "image": root / visit.place / f"{visit.name}_T2w{ending}",
        "sc": root / "derivatives/labels" / visit.place / f"{visit.name}_T2w_label-SC_seg{ending}",
        "gm": root / "derivatives/labels" / visit.place / f"{visit.name}_T2w_label-GM_seg{ending}",
    }
    sc, gm = (turned(a, affine, visit.orientation) for a in (cord, grey))
    image, sc = spoil(visit.defect, image, sc)
    for name, thing in (("image", image), ("sc", sc), ("gm", gm)):
        paths[name].parent.mkdir(parents=True, exist_ok=True)
        if thing is None:
            continue
        if isinstance(thing, bytes):
            paths[name].write_bytes(thing)
        else:
            nib.save(thing, paths[name])
    return paths["image" if visit.defect in {"series", "no image", "nan"} else "sc"]


Spoil = Callable[[Any, Any, np.ndarray, np.ndarray], tuple[Any, Any]]


def like(image: Any, data: np.ndarray, affine: np.ndarray | None = None) -> nib.Nifti1Image:
    return nib.Nifti1Image(data, image.affine if affine is None else affine)


def scaled(image: Any, sc: Any, array: np.ndarray, mask: np.ndarray) -> tuple[Any, Any]:
    image.header.set_slope_inter(0.5, -3)
    return image, sc


# Each takes an image, its label and the arrays of both; None is a file that is missing.
SPOIL: dict[str, Spoil] = {
    "series": lambda i, s, a, _: (like(i, np.stack([a, a], axis=-1)), s),
    "no image": lambda *things: (b"not an image", things[1]),
    "nan": lambda i, s, a, _: (like(i, np.where(a > 250, np.nan, a).astype(np.float32)), s),
    "scaled": scaled,
    "undeclared value": lambda i, s, _, m: (i, like(s, m * np.uint8(7))),
    "soft label": lambda i, s, _, m: (i, like(s, m * np.float32(0.5))),
    "label elsewhere": lambda i, s, _, m: (i, like(s, m, s.affine + np.eye(4, k=3))),
    "label of another shape": lambda i, s, _, m: (i, like(s, m[:-1])),
    "label is a series": lambda i, s, _, m: (i, like(s, np.stack([m, m], axis=-1))),
    "label is no image": lambda *things: (things[0], b""),
    "label turned": lambda i, s, *_: (i, turned(np.asanyarray(s.dataobj), s.affine, "AIL")),
    "label rounded": lambda i, s, _, m: (i, like(s, m, s.affine + 1e-4)),
    "label as float": lambda i, s, _, m: (i, like(s, m.astype(np.float64))),
    "label empty": lambda i, s, _, m: (i, like(s, np.zeros_like(m))),
    "no label file": lambda *things: (things[0], None),
    "no image file": lambda *things: (None, things[1]),
}


def spoil(defect: str, image: Any, sc: Any) -> tuple[Any, Any]:
    """Put a defect into an image or its label."""
    if defect not in SPOIL:
        return image, sc
    return SPOIL[defect](image, sc, np.asanyarray(image.dataobj), np.asanyarray(sc.dataobj))


@dataclass(frozen=True)
class Made:
    """A made-up dataset and its settings."""

    settings: Settings
    wrong: dict[Visit, Path]


def make(folder: Path, planned: list[Visit], **over: Any) -> Made:
    """Write a dataset and give its settings."""
    bids = folder / "bids"
    (bids / "derivatives/labels").mkdir(parents=True)
    wrong = {visit: write(bids, visit) for visit in planned}
    exclude = {
        (v.name if v.session else v.subject): "why" for v in planned if v.defect == "excluded"
    }
    places = {
        "dataset": {"bids": str(bids), "exclude": exclude},
        "splits": {"file": str(folder / "splits.yaml"), "test": 0.25, "folds": 2},
        "nnunet": {"folds": [0], "trainer": "nnUNetTrainer", "trainer_file": None},
        "work": str(folder / "output"),
    }
    return Made(parse(merge(merge(CONFIG, places), over)), wrong)


# Each example writes files; a failing one is small enough to read without being made smaller.
EACH = settings(
    max_examples=8,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)


@given(planned=visits((*HARMLESS, *MISSING)), orientation=st.sampled_from(ORIENTATIONS))
@EACH
def test_usable_datasets_are_converted(planned: list[Visit], orientation: str) -> None:
    usable = {visit.subject for visit in planned if visit.defect in HARMLESS}
    assume(len(usable) >= 3)
    with tempfile.TemporaryDirectory() as name:
        made = make(Path(name), planned, image_orientation=orientation)
        rows = convert.convert(made.settings)
        cases = {row.case: row for row in rows if row.set != "skipped"}
        assert set(cases) == {f"{v.name}_T2w" for v in planned if v.defect in HARMLESS}
        skipped = {row.case: row.note for row in rows if row.set == "skipped"}
        for visit in planned:
            if visit.defect in MISSING:
                reasons = [note for what, note in skipped.items() if what.startswith(visit.name)]
                assert any(MISSING[visit.defect] in note for note in reasons), (visit, skipped)
        by_part = {
            part: {row.subject for row in cases.values() if row.set == part}
            for part in ("train", "test")
        }
        assert by_part["train"].isdisjoint(by_part["test"])
        for visit in planned:
            if visit.defect in HARMLESS:
                check_case(made.settings, visit, cases[f"{visit.name}_T2w"])


def check_case(made: Settings, visit: Visit, row: convert.Row) -> None:
    suffix = "Tr" if row.set == "train" else "Ts"
    image = nib.load(made.raw / f"images{suffix}" / f"{row.case}_0000.nii.gz")
    label = nib.load(made.raw / f"labels{suffix}" / f"{row.case}.nii.gz")
    assert orientation_of(image.affine) == made.image_orientation
    assert np.array_equal(image.affine, label.affine)
    ending = ".nii" if visit.defect == "nii" else ".nii.gz"
    source = read_volume(made.dataset.bids / visit.place / f"{visit.name}_T2w{ending}")
    expected = reorient(source, made.image_orientation)
    assert np.allclose(image.get_fdata(), expected.array)
    values, counts = np.unique(np.asanyarray(label.dataobj), return_counts=True)
    found = dict(zip(values.tolist(), counts.tolist(), strict=True))
    assert found.get(2) == 8
    assert found.get(1) == (None if visit.defect == "label empty" else 40)
    assert row.orientation == visit.orientation


@given(planned=visits(("none", *FATAL)))
@EACH
def test_every_file_that_is_wrong_gets_one_line(planned: list[Visit]) -> None:
    assume(any(visit.defect in FATAL for visit in planned))
    with tempfile.TemporaryDirectory() as name:
        made = make(Path(name), planned)
        with pytest.raises(VolumeError) as caught:
            convert.convert(made.settings)
        lines = str(caught.value).splitlines()
        wrong = {visit: path for visit, path in made.wrong.items() if visit.defect in FATAL}
        assert len(lines) == len(wrong)
        for visit, path in wrong.items():
            (line,) = [line for line in lines if line.startswith(f"{path}: ")]
            assert re.search(FATAL[visit.defect], line), line
        raw = made.settings.raw
        assert not raw.exists()
        # The cases without a defect, for the next run.
        assert {path.name for path in raw.parent.iterdir()} <= {f"{raw.name}.part"}


@given(
    subjects=st.sets(st.from_regex(r"sub-[a-z0-9]{1,5}", fullmatch=True), max_size=40),
    test=st.floats(0.01, 0.99),
    folds=st.integers(2, 6),
    seed=st.integers(0, 2**31),
)
def test_splits_hold_every_subject_once_or_are_refused(
    subjects: set[str], test: float, folds: int, seed: int
) -> None:
    try:
        drawn = splitting.draw(subjects, test=test, folds=folds, seed=seed)
    except ValueError as error:
        assert "too few" in str(error)
        assert len(subjects) - max(1, round(test * len(subjects))) < folds
        return
    assert sorted(drawn.subjects) == sorted(subjects)
    assert drawn.test
    assert all(drawn.folds)
    assert splitting.check(drawn, subjects, excluded=[], folds=folds) == drawn
    cases = {f"{s}_{k}": s for s in subjects if s not in drawn.test for k in range(2)}
    fold_of = {s: str(k) for k, fold in enumerate(drawn.folds) for s in fold}
    for part in nnunet_splits({case: fold_of[s] for case, s in cases.items()}):
        sides = [{cases[case] for case in part[side]} for side in ("train", "val")]
        assert sides[0].isdisjoint(sides[1])
        assert not (sides[0] | sides[1]) & set(drawn.test)
        assert len(part["train"]) + len(part["val"]) == len(cases)


@given(
    junk=st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=8),
        lambda inner: (
            st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
        ),
    ),
    where=st.sampled_from(["", "dataset", "labels", "splits", "nnunet", "resources", "release"]),
)
def test_any_configuration_is_valid_or_explained(junk: Any, where: str) -> None:
    content = merge(CONFIG, {where: junk}) if where else junk
    if not isinstance(content, dict):
        return
    try:
        parse(content)
    except SettingsError as error:
        for line in str(error).splitlines():
            assert line.startswith("config.yaml: ")
            assert len(line) > len("config.yaml: ")


# ------------------------------------------------------------------------- generated repositories


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A generated repository with its phantom data."""
    made = bake(
        tmp_path_factory.mktemp("workflow") / "output",
        anatomy="sc-gm",
        contrast="t2star",
        labels="sc=1+2, gm=2",
        custom_trainer="yes",
    )
    done = run(sys.executable, "tests/phantom.py", "--subjects", "6", cwd=made)
    assert done.returncode == 0, done.stderr
    return made


def snakemake(folder: Path, *arguments: str) -> Any:
    return run(program("snakemake"), *arguments, cwd=folder)


STEPS = ("split", "convert", "plan_preprocess", "train", "predict", "evaluate", "card", "pack")


@pytest.mark.parametrize("where", [("--cores", "1"), ("--profile", "workflow/profiles/local")])
@pytest.mark.parametrize("folds", [["all"], [0, 1]])
def test_snakemake_plans_every_step(
    repository: Path, tmp_path: Path, where: tuple[str, ...], folds: list[int | str]
) -> None:
    over = tmp_path / "over.yaml"
    over.write_text(yaml.safe_dump({"nnunet": {"folds": folds}}), "utf-8")
    done = snakemake(
        repository, *where, "--dry-run", "--configfile", "tests/phantom.yaml", str(over)
    )
    text = done.stdout + done.stderr
    assert done.returncode == 0, text
    for step in STEPS:
        assert f"rule {step}:" in text
    assert text.count("rule train:") == len(folds)


def everything(folder: Path) -> dict[str, bytes]:
    """The files of a repository, but for what Snakemake and Python note for themselves."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and not {".snakemake", "__pycache__", ".git"} & {*path.parts}
    }


@pytest.mark.parametrize("arguments", [("--dry-run", "--cores", "1"), ("--lint",), ("--list",)])
def test_nothing_is_written_before_a_job_starts(
    repository: Path, arguments: tuple[str, ...]
) -> None:
    before = everything(repository)
    snakemake(repository, *arguments, "--configfile", "tests/phantom.yaml")
    assert everything(repository) == before


def test_a_wrong_configuration_stops_snakemake_with_one_line(
    repository: Path, tmp_path: Path
) -> None:
    over = tmp_path / "over.yaml"
    over.write_text("splits: {test: 2}\n", "utf-8")
    done = snakemake(repository, "--cores", "1", "--dry-run", "--configfile", str(over))
    assert done.returncode != 0
    text = done.stdout + done.stderr
    assert "config.yaml: splits.test: 2 is greater than or equal to the maximum of 1" in text
    assert "Traceback" not in text


def test_snakemake_converts_and_does_it_once(repository: Path) -> None:
    arguments = ("--cores", "1", "--configfile", "tests/phantom.yaml", "--until", "convert")
    done = snakemake(repository, *arguments)
    assert done.returncode == 0, done.stdout + done.stderr
    output = repository / "output" / "phantom"
    (dataset,) = (output / "nnUNet_raw").iterdir()
    assert sorted(path.name for path in dataset.iterdir()) == [
        "dataset.json",
        "imagesTr",
        "imagesTs",
        "labelsTr",
        "labelsTs",
    ]
    assert (output / "conversion.csv").is_file()
    splits = (output / "splits.yaml").read_text("utf-8")
    again = snakemake(repository, *arguments)
    assert again.returncode == 0
    assert "rule convert:" not in again.stdout + again.stderr
    splits += "# read and approved\n"
    (output / "splits.yaml").write_text(splits, "utf-8")
    edited = snakemake(repository, *arguments)
    assert "rule convert:" in edited.stdout + edited.stderr
    assert (output / "splits.yaml").read_text("utf-8") == splits


def test_scripts_say_what_they_do_and_fail_in_one_line(repository: Path, tmp_path: Path) -> None:
    for path in sorted((repository / "workflow/scripts").glob("*.py")):
        if "def main(" not in path.read_text("utf-8"):
            continue
        shown = run(sys.executable, str(path), "--help", cwd=tmp_path)
        assert shown.returncode == 0, path.name
        assert "usage:" in shown.stdout
        extra = {"train.py": ["--fold", "0"], "microscopy.py": ["a.png", "a.nii.gz"]}
        done = run(sys.executable, str(path), *extra.get(path.name, []), cwd=tmp_path)
        assert done.returncode == 1, path.name
        assert re.fullmatch(r"error: config\.yaml: can't be read: .*\n", done.stderr), path.name


def test_generated_python_is_formatted_and_clean(repository: Path) -> None:
    for arguments in (("format", "--check"), ("check",)):
        done = run(program("ruff"), *arguments, "--no-cache", ".", cwd=repository)
        assert done.returncode == 0, done.stdout
