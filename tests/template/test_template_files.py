"""The generated repository, for every option and for all pairs of options."""

from __future__ import annotations

import itertools
import json
import re
import shlex
import sys
from importlib import resources
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from model_lint import __version__
from model_lint.config import load_config
from model_lint.models.card import parts
from template.support import ROOT, Answers, bake, files, pairwise, program, run

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

PARAMETERS = {
    "task": ("seg", "label", "find"),
    "anatomy": ("sc", "sc-gm", "lesion", "foo"),
    "animal": ("human", "mouse", "yak"),
    "pathology": ("hc", "hc-ms", "sci"),
    "condition": ("invivo", "exvivo"),
    "contrast": ("t2", "t1-t2", "foo"),
    # The configuration must suit the architecture.
    "architecture": (
        "unet2d/2d",
        "unet3d/3d_fullres",
        "unet3d/3d_lowres",
        "filmCharley/2d",
        "hemisAndreanne/3d_fullres",
    ),
    "owner": ("ivadomed", "Ada-1"),
    "author": ("ivadomed", "Ada Lovelace", 'Zoë O\'Brien, Jean "J" \\ Müller: #1'),
    "license": ("MIT", "BSD-3-Clause", "Apache-2.0", "GPL-3.0-or-later"),
    "image_orientation": ("RPI", "LAS", "SAR"),
    "labels": ("", "sc=1, gm=2", "sc=1+2, lesion=2", "on=1, ignore=2"),
    "channels_as": ("samples", "channels"),
    "custom_trainer": ("no", "yes"),
    "consumer": ("sct", "slicer", "both"),
}

LICENSES = {
    "MIT": "MIT License",
    "BSD-3-Clause": "BSD 3-Clause License",
    "Apache-2.0": "Apache License",
    "GPL-3.0-or-later": "GNU GENERAL PUBLIC LICENSE",
}

TREE = [
    ".github/dependabot.yml",
    ".github/workflows/lint.yml",
    ".github/workflows/release.yml",
    ".gitignore",
    ".pre-commit-config.yaml",
    "CITATION.cff",
    "LICENSE",
    "README.md",
    "config.yaml",
    "datasplits/README.md",
    "inference/cases.py",
    "inference/network.py",
    "inference/package.py",
    "inference/segment.py",
    "inference/stream.py",
    "pyproject.toml",
    "tests/conftest.py",
    "tests/phantom.py",
    "tests/phantom.yaml",
    "tests/phantom_trainer.py",
    "tests/test_bids.py",
    "tests/test_card.py",
    "tests/test_cluster.py",
    "tests/test_convert.py",
    "tests/test_disk.py",
    "tests/test_estimates.py",
    "tests/test_evaluate.py",
    "tests/test_exclusions.py",
    "tests/test_gpus.py",
    "tests/test_labels.py",
    "tests/test_metrics.py",
    "tests/test_microscopy.py",
    "tests/test_notes.py",
    "tests/test_objects.py",
    "tests/test_orientation.py",
    "tests/test_parallel.py",
    "tests/test_resume.py",
    "tests/test_scratch.py",
    "tests/test_segment.py",
    "tests/test_settings.py",
    "tests/test_sources.py",
    "tests/test_splits.py",
    "tests/test_stream.py",
    "tests/test_train.py",
    "workflow/Snakefile",
    "workflow/profiles/default/config.yaml",
    "workflow/profiles/local/config.yaml",
    "workflow/profiles/slurm/config.yaml",
    "workflow/schemas/config.schema.yaml",
    "workflow/scripts/bids.py",
    "workflow/scripts/card.py",
    "workflow/scripts/card_parts.py",
    "workflow/scripts/case_files.py",
    "workflow/scripts/case_table.py",
    "workflow/scripts/cluster.py",
    "workflow/scripts/columns.py",
    "workflow/scripts/common.py",
    "workflow/scripts/comparisons.py",
    "workflow/scripts/config_checks.py",
    "workflow/scripts/config_schema.py",
    "workflow/scripts/convert.py",
    "workflow/scripts/dataset_settings.py",
    "workflow/scripts/disk.py",
    "workflow/scripts/estimates.py",
    "workflow/scripts/evaluate.py",
    "workflow/scripts/evaluation_settings.py",
    "workflow/scripts/exclusions.py",
    "workflow/scripts/figures.py",
    "workflow/scripts/folds.py",
    "workflow/scripts/gpus.py",
    "workflow/scripts/groups.py",
    "workflow/scripts/images.py",
    "workflow/scripts/journal.py",
    "workflow/scripts/label_maps.py",
    "workflow/scripts/labels.py",
    "workflow/scripts/listing.py",
    "workflow/scripts/locks.py",
    "workflow/scripts/metrics.py",
    "workflow/scripts/microscopy.py",
    "workflow/scripts/montage.py",
    "workflow/scripts/nnunet_checks.py",
    "workflow/scripts/notes.py",
    "workflow/scripts/objects.py",
    "workflow/scripts/orientation.py",
    "workflow/scripts/pack.py",
    "workflow/scripts/parallel.py",
    "workflow/scripts/plan.py",
    "workflow/scripts/predict.py",
    "workflow/scripts/progress.py",
    "workflow/scripts/read_volume.py",
    "workflow/scripts/records.py",
    "workflow/scripts/report.py",
    "workflow/scripts/results.py",
    "workflow/scripts/samples.py",
    "workflow/scripts/save_often.py",
    "workflow/scripts/scratch.py",
    "workflow/scripts/settings.py",
    "workflow/scripts/slurm.py",
    "workflow/scripts/sources.py",
    "workflow/scripts/split_files.py",
    "workflow/scripts/splits.py",
    "workflow/scripts/summary.py",
    "workflow/scripts/train.py",
    "workflow/scripts/volumes.py",
]


CITATION_SCHEMA = json.loads(
    (resources.files("check_jsonschema") / "builtin_schemas/vendor/citation-file-format.json")
    .read_text(encoding="utf-8")
)  # fmt: skip


def answers_of(combination: Answers) -> Answers:
    """Turn a combination into answers; what is empty is left to its default."""
    architecture, configuration = combination["architecture"].split("/")
    given = combination | {"architecture": architecture, "nnunet_configuration": configuration}
    return {name: value for name, value in given.items() if value}


COMBINATIONS = [answers_of(combination) for combination in pairwise(PARAMETERS)]


@pytest.fixture(
    scope="session", params=[{}, *COMBINATIONS], ids=lambda a: a.get("anatomy", "defaults")
)
def case(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Answers, Path]:
    """The answers, and the repository generated from them."""
    output = tmp_path_factory.mktemp("bake") / "output"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MODEL_TEMPLATE_NO_GIT", "1")
        return request.param, bake(output, **request.param)


@pytest.fixture(scope="session")
def default(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The repository that the defaults give; tests only read it."""
    return bake(tmp_path_factory.mktemp("default") / "output")


def test_pairwise_holds_every_pair() -> None:
    made = pairwise(PARAMETERS)
    for (name, values), (other, others) in itertools.combinations(PARAMETERS.items(), 2):
        met = {(combination[name], combination[other]) for combination in made}
        assert met == set(itertools.product(values, others))


def test_the_tree(case: tuple[Answers, Path]) -> None:
    answers, made = case
    custom = {"trainer_class.py"} if answers.get("custom_trainer") == "yes" else set()
    assert files(made) == {*TREE, *custom}
    assert not [path for path in made.rglob("*") if path.is_dir() and not any(path.iterdir())]
    assert not [path for path in made.rglob("*") if path.is_file() and path.stat().st_size == 0]


def test_nothing_of_the_template_is_left(case: tuple[Answers, Path]) -> None:
    _, made = case
    for name in files(made):
        text = (made / name).read_text(encoding="utf-8")
        assert not re.search(r"cookiecutter\.|\{%|%\}|(?<!\$)\{\{ |\{#", text), name
        assert not re.search(r"\b(TODO|FIXME|XXX|lorem|CHANGEME)\b", text), name
        assert text.endswith("\n"), name
        assert not text.endswith("\n\n"), name
        assert not re.search(r"[ \t]+$", text, re.MULTILINE) or name == "LICENSE", name
        assert "\n\n\n" not in text or name.endswith((".py", "LICENSE", "Snakefile")), name


def test_every_file_parses(case: tuple[Answers, Path]) -> None:
    _, made = case
    for name in files(made):
        text = (made / name).read_text(encoding="utf-8")
        if name.endswith((".yml", ".yaml", ".cff")):
            assert isinstance(yaml.safe_load(text), dict), name
        elif name.endswith(".toml"):
            tomllib.loads(text)
        elif name.endswith(".json"):
            json.loads(text)
        elif name.endswith(".py"):
            compile(text, name, "exec")


def test_the_licence(case: tuple[Answers, Path]) -> None:
    answers, made = case
    text = (made / "LICENSE").read_text(encoding="utf-8")
    wanted = answers.get("license", "MIT")
    assert text.split("\n\n")[0].strip().startswith(LICENSES[wanted])
    if wanted in {"MIT", "BSD-3-Clause"}:
        owner = answers.get("owner", "ivadomed")
        assert re.search(rf"^Copyright \(c\) 20\d\d,? {owner}$", text, re.MULTILINE)


def test_the_citation(case: tuple[Answers, Path]) -> None:
    answers, made = case
    citation = yaml.safe_load((made / "CITATION.cff").read_text(encoding="utf-8"))
    jsonschema.validate(citation, CITATION_SCHEMA)
    owner = answers.get("owner", "ivadomed")
    assert citation["repository-code"] == f"https://github.com/{owner}/{made.name}"
    assert citation["license"] == answers.get("license", "MIT")
    names = [" ".join(author.values()) for author in citation["authors"]]
    assert ", ".join(names) == answers.get("author", "ivadomed")


def config_of(made: Path) -> dict[str, Any]:
    loaded = yaml.safe_load((made / "config.yaml").read_text(encoding="utf-8"))
    assert isinstance(loaded, dict)
    return loaded


def test_the_configuration_holds_the_answers(case: tuple[Answers, Path]) -> None:
    answers, made = case
    config = config_of(made)
    assert config["image_orientation"] == answers.get("image_orientation", "RPI")
    assert config["nnunet"]["configuration"] == answers.get("nnunet_configuration", "2d")
    assert config["dataset"]["contrasts_as"] == answers.get("channels_as", "samples")
    assert config["release"]["name"] == made.name
    assert config["release"]["layout"] == (
        "spec" if answers.get("consumer", "sct") == "sct" else "dataset"
    )
    labels = {
        "sc=1, gm=2": {"sc": 1, "gm": 2},
        "sc=1+2, lesion=2": {"sc": [1, 2], "lesion": 2},
        "on=1, ignore=2": {"on": 1, "ignore": 2},
    }
    if "labels" in answers:
        assert config["labels"] == labels[answers["labels"]]
    custom = answers.get("custom_trainer") == "yes"
    assert config["nnunet"]["trainer"] == ("nnUNetTrainerCustom" if custom else "nnUNetTrainer")
    assert config["nnunet"]["trainer_file"] == ("trainer_class.py" if custom else None)


def test_the_model_card(case: tuple[Answers, Path]) -> None:
    answers, made = case
    text = (made / "README.md").read_text(encoding="utf-8")
    assert text.startswith("# ")
    found = [(part.name, part.digest) for part in parts(text) if part.text]
    assert found == [(name, None) for name in ("limits", "data", "results", "training")]
    assert "-install-task" not in text
    assert "-task " not in text
    consumer = answers.get("consumer", "sct")
    contrasts = config_of(made)["dataset"]["contrasts"]
    one_channel = answers.get("channels_as", "samples") == "samples" or len(contrasts) == 1
    # What is said of SCT, Slicer and nnU-Net holds for nnU-Net's networks.
    own = answers.get("architecture") not in {"filmCharley", "hemisAndreanne"}
    assert ("sct_deepseg" in text) == (own and consumer in {"sct", "both"} and one_channel)
    in_slicer = own and consumer in {"slicer", "both"} and one_channel
    assert ("### In 3D Slicer" in text) == in_slicer
    named = load_config(made / "pyproject.toml").consumers
    wanted = {"sct": "sct_deepseg" in text, "nnunet": True, "slicer": in_slicer}
    assert {consumer.value for consumer in named} == {who for who in wanted if wanted[who]}
    assert ("inference/segment.py" in text) == own
    assert ("The model is trained with" in text) == own
    assert text.count("nnU-Net has no network") == (not own)
    points = answers.get("task") in {"label", "find"}
    kinds = config_of(made)["evaluation"]["kinds"]
    labels = set(config_of(made)["labels"]) - {"ignore"}
    lesions = {"lesion": "lesions"} if "lesion" in labels else {}
    assert kinds == (dict.fromkeys(labels, "points") if points else lesions)
    assert ("trainer_class.py" in text) == (answers.get("custom_trainer") == "yes")


def test_what_the_workflow_can_not_do_is_said(tmp_path: Path) -> None:
    answers = {"task": "find", "contrast": "sem", "architecture": "filmCharley"}
    made = bake(tmp_path / "output", **answers)
    config = (made / "config.yaml").read_text(encoding="utf-8")
    readme = (made / "README.md").read_text(encoding="utf-8")
    assert config_of(made)["nnunet"]["network"] == "filmCharley"
    assert "nnU-Net has no network `filmCharley`" in readme
    assert "mark each point by a small region" in config
    assert "PNG and TIFF files become\n  # NIfTI slices" in config
    assert "PNG and TIFF files of microscopy become NIfTI slices" in readme
    plain = bake(tmp_path / "plain")
    for name in ("config.yaml", "README.md"):
        text = (plain / name).read_text(encoding="utf-8")
        assert not re.search(r"has no network|each point by|PNG", text)


def test_what_is_said_is_what_was_answered(tmp_path: Path) -> None:
    made = bake(
        tmp_path / "output",
        labels="axon=1, myelin=2",
        description=" Where is the myelin? ",
        author="Ada Lovelace; Alan Turing",
    )
    readme = (made / "README.md").read_text(encoding="utf-8")
    assert "\nWhere is the myelin? The model is" in readme
    citation = yaml.safe_load((made / "CITATION.cff").read_text(encoding="utf-8"))
    assert [author["family-names"] for author in citation["authors"]] == ["Lovelace", "Turing"]
    config = (made / "config.yaml").read_text(encoding="utf-8")
    assert "sub-001_T2w_label-AXON_seg.nii.gz" in config
    assert "label-SC" not in config


def test_links_of_the_model_card_lead_somewhere(case: tuple[Answers, Path]) -> None:
    _, made = case
    text = (made / "README.md").read_text(encoding="utf-8")
    headings = {
        re.sub(r"[^a-z0-9 -]", "", line.lstrip("# ").lower()).replace(" ", "-")
        for line in text.splitlines()
        if line.startswith("#")
    }
    for target in re.findall(r"\]\(([^)]+)\)", text):
        if target.startswith("#"):
            assert target[1:] in headings
        elif not target.startswith("https://"):
            assert (made / target).exists(), target


def test_python_is_clean(case: tuple[Answers, Path]) -> None:
    _, made = case
    for check in (["check"], ["format", "--check"]):
        done = run(program("ruff"), *check, "--no-cache", ".", cwd=made)
        assert done.returncode == 0, done.stdout


def test_scripts_call_each_other_as_they_are_written(tmp_path: Path) -> None:
    """Workflow and inference share modules, so a changed argument may break a script elsewhere."""
    made = bake(tmp_path / "output", custom_trainer="yes")
    scripts = ("workflow/scripts", "inference")
    # Libraries that have no types, or other ones in each version, are left out.
    options = ("--check-untyped-defs", "--follow-imports=skip", "--ignore-missing-imports")
    done = run(
        *(sys.executable, "-m", "mypy", "--config-file=", f"--cache-dir={tmp_path / 'cache'}"),
        *(*options, *scripts, "trainer_class.py"),
        cwd=made,
        MYPYPATH=":".join(scripts),
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_linter_finds_nothing(case: tuple[Answers, Path]) -> None:
    _, made = case
    done = run(program("model-lint"), "check", ".", "--format", "json", cwd=made)
    (target,) = json.loads(done.stdout)["targets"]
    # Unlisted words such as `yak` are worth a note, and nothing more.
    assert [f for f in target["findings"] if f["code"] != "N005"] == []
    assert target["kind"] == "repository"
    assert done.returncode == 0


SCHEMAS = {
    ".github/workflows/lint.yml": "github-workflows",
    ".github/workflows/release.yml": "github-workflows",
    ".github/dependabot.yml": "dependabot",
    "CITATION.cff": "citation-file-format",
}


@pytest.mark.parametrize("name", SCHEMAS)
def test_files_with_a_schema_keep_it(name: str, default: Path) -> None:
    schema = ("--builtin-schema", f"{SCHEMAS[name]}")
    done = run(program("check-jsonschema"), *schema, name, cwd=default)
    assert done.returncode == 0, done.stdout


def test_the_pre_commit_hooks_exist(default: Path) -> None:
    done = run(program("pre-commit"), "validate-config", cwd=default)
    assert done.returncode == 0, done.stdout
    config = yaml.safe_load((default / ".pre-commit-config.yaml").read_text(encoding="utf-8"))
    (repository,) = config["repos"]
    offered = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
    assert {hook["id"] for hook in repository["hooks"]} <= {hook["id"] for hook in offered}
    assert repository["rev"] == f"v{__version__}"


def test_commands_of_the_model_card_exist(default: Path) -> None:
    readme = (default / "README.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```bash\n(.*?)```", readme, re.DOTALL)
    commands = [shlex.split(line, comments=True) for block in blocks for line in block.splitlines()]
    scripts_used = [c for c in commands if c[:1] == ["python"] and c[1].endswith(".py")]
    assert scripts_used
    for command in scripts_used:
        parser_help = run(sys.executable, command[1], "--help", cwd=default)
        assert parser_help.returncode == 0, parser_help.stderr
        for option in (word for word in command if word.startswith("-")):
            assert option in parser_help.stdout
    for profile in (c[c.index("--profile") + 1] for c in commands if "--profile" in c):
        assert (default / profile / "config.yaml").is_file()
