"""The notes of a release, and what they take from the model card."""

from __future__ import annotations

from pathlib import Path

import pytest
from build import TRAINER, load
from model_lint.findings import Answer, Consumer
from model_lint.naming import parse
from model_lint.privacy import find_leaks
from model_lint.ship.publish.about import about_of, description, results_of
from model_lint.ship.publish.notes import Change, History, Origin, Packed, write_notes
from publishing import FILES, NAME, README, TAG, ZIP, packed

URL = f"https://github.com/lab/{NAME}"
COMMIT = "0123456" + "0" * 33
ORIGIN = Origin(URL, TAG, COMMIT, FILES, {"datasplits/splits.yaml": b"test: [one]\n"})
TAKEN = (Answer(Consumer.SCT), Answer(Consumer.NNUNET))


@pytest.fixture
def package(tmp_path: Path) -> Packed:
    """A package that SCT and nnU-Net take."""
    path = tmp_path / ZIP
    path.write_bytes(packed())
    model = load(path, deep=True).package
    assert model
    return Packed(ZIP, model, TAKEN)


def written(package: Packed, *, own: str = "", history: History = History()) -> str:  # noqa: B008
    return write_notes(ORIGIN, (package,), history, own)


def test_all_sections(package: Packed) -> None:
    changes = (Change("1" * 40, "Train longer\n\nMuch."), Change("2" * 40, "Merge branch x"))
    notes = written(package, history=History("r20261101", changes))
    assert notes.split("\n## ")[0] == "Segments the cord of phantoms, with nnU-Net.\n"
    assert [part.splitlines()[0] for part in notes.split("\n## ")[1:]] == [
        "What changed since r20261101",
        "Results",
        "Training",
        "How to use it",
        "Where it comes from",
    ]
    assert f"\n- Train longer (1111111)\n\n[All changes since r20261101]({URL}/compare/" in notes
    assert "Merge branch" not in notes
    address = f"{URL}/releases/download/{TAG}/{ZIP}"
    assert f"\nsct_deepseg spinalcord -install -custom-url {address}\n" in notes
    assert f"\nnnUNetv2_predict_from_modelfolder -m {TRAINER} -f 0 -i " in notes
    assert f"| Code | [`0123456`]({URL}/tree/{COMMIT}) |" in notes
    assert "| Trainer | `nnUNetTrainerTiny` |" in notes
    assert "| Configuration | `2d` |" in notes
    assert "| Folds | 0 |" in notes
    assert "| nnU-Net | 2.8.1, as `pyproject.toml` says |" in notes
    assert "| PyTorch | `2.15.0+cu132` |" in notes
    assert "| Split | `datasplits/splits.yaml`, sha256 `0bfb3e60e4f332d9...` |" in notes
    assert find_leaks(notes) == ()


def test_the_users_own_notes_come_first(package: Packed) -> None:
    notes = written(package, own="# New\n\nTrained on more.\n")
    assert notes.startswith("# New\n\nTrained on more.\n\n## What changed\n\nThis is the first")


def test_a_section_of_ones_own_is_not_repeated(package: Packed) -> None:
    notes = written(package, own="## training\n\nMine.\n\n### Results ##\n\nGood.")
    titles = [line for line in notes.splitlines() if line.startswith("#")]
    assert titles == [
        "## training",
        "### Results ##",
        "## What changed",
        "## How to use it",
        "## Where it comes from",
    ]


def test_the_folds_are_described_from_their_logs(package: Packed) -> None:
    assert "\n## Training\n\n| Fold | Epochs | Validation Dice |\n" in written(package)
    assert "\n| 0 | 30 |  |\n" in written(package)


@pytest.mark.parametrize(
    ("answers", "sct", "nnunet"),
    [
        (TAKEN, True, True),
        ((Answer(Consumer.SCT, ("D009",)), Answer(Consumer.NNUNET)), False, True),
        ((Answer(Consumer.SCT), Answer(Consumer.NNUNET, ("L001",))), True, False),
        ((), False, False),
    ],
)
def test_only_those_who_take_it_are_told_how(
    package: Packed, answers: tuple[Answer, ...], sct: bool, nnunet: bool
) -> None:
    notes = written(package._replace(takes=answers))
    assert ("sct_deepseg" in notes) == sct
    assert ("nnUNetv2_predict" in notes) == nnunet
    assert "sha256sum --check --ignore-missing SHA256SUMS" in notes


def test_what_people_write_stays_text_and_reveals_nothing(package: Packed) -> None:
    subjects = ("Fix @someone's [link](x) | `a`", "Read /home/jane/data/sub-003_T2w.nii.gz")
    changes = tuple(Change(str(n) * 40, text) for n, text in enumerate(subjects))
    notes = written(package, history=History("r20261101", changes))
    assert r"- Fix @&#8203;someone's \[link\](x) \| \`a\` (0000000)" in notes
    assert "- Read \\<path\\> (1111111)" in notes
    assert "jane" not in notes


def test_many_commits_are_counted(package: Packed) -> None:
    changes = tuple(Change(f"{n:040d}", f"Commit {n}") for n in range(25))
    notes = written(package, history=History("r20261101", changes))
    assert "- Commit 24 (" in notes
    assert "- Commit 4 (" not in notes
    assert "\n- and 5 more commits\n" in notes


def test_results_with_links_to_the_commit() -> None:
    files = f"{URL}/blob/{COMMIT}"
    text = (
        "| a |\n|--|\n| [csv](results/a.csv) |\n\n![x](figures/a b.png)\n![x](figures/a.png)\n"
        "[web](https://x.org/y) [here](#there)"
    )
    assert results_of(f"<!-- card:results -->\n{text}\n<!-- card:end -->\n", files) == (
        f"| a |\n|--|\n| [csv]({files}/results/a.csv) |\n\n![x](figures/a b.png)\n"
        f"![x]({files}/figures/a.png?raw=true)\n[web](https://x.org/y) [here](#there)"
    )
    marked = "<!-- card:results sha256:0123456789abcdef from:a.csv@fedcba9876543210 -->"
    assert results_of(f"{marked}\n\n| a |\n\n<!-- card:end -->\n", files) == "| a |"


@pytest.mark.parametrize(
    "readme",
    [
        "",
        "| a |\n",
        "<!-- card:results -->\n\nThe evaluation writes here.\n\n<!-- card:end -->\n",
        "<!-- card:results -->\n| a |\n",
    ],
)
def test_no_results(readme: str) -> None:
    assert results_of(readme, URL) == ""


@pytest.mark.parametrize(
    ("readme", "said"),
    [
        (README, "Segments the cord of phantoms, with nnU-Net."),
        ("# Title\n\n<img src=x>\n\n> Note\n\n- item\n\nThe *first* `text`,\nwrapped.\n", None),
        ("# Title\n\nRun it:\n\nThe *first* `text`,\nwrapped.\n", None),
        ("# Title\n", ""),
        ("Un\\_escaped \\*star\\*.", "Un_escaped *star*."),
        ("One. " * 100, ("One. " * 70).strip()),
        ("x" * 400, "x" * 347 + "..."),
    ],
)
def test_a_description_is_the_first_paragraph(readme: str, said: str | None) -> None:
    assert description(readme) == ("The first text, wrapped." if said is None else said)
    assert len(description(readme)) <= 350


def test_a_card() -> None:
    citation = 'doi: "10.1/y"\nurl: https://lab.org\nkeywords:\n  - Deep Learning\n  - "MRI"\n'
    about = about_of(README, citation, parse("model_seg_sc-lesion_ms_t2"))
    assert about.homepage == "https://doi.org/10.1/y"
    assert about.topics == (
        *("deep-learning", "nnunet", "segmentation", "spinal-cord", "multiple-sclerosis", "t2w"),
        "mri",
    )
    assert about_of("", "url: https://lab.org\n", parse("x")).homepage == "https://lab.org"
    assert about_of("", "", parse("model_seg")).homepage == ""
