"""Whatever is typed stays text: in hooks, in file names and in every generated file."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
import yaml
from template.support import bake, context, files, program, refusal, run, source

FREE_TEXT = ("title", "description", "author")


def attacks(marker: Path) -> list[str]:
    """Texts that make the file if anything runs them."""
    return [
        f"$(touch {marker})",
        f"`touch {marker}`",
        f"; touch {marker} #",
        f'"; import pathlib; pathlib.Path("{marker}").touch(); "',
        f"'); __import__('pathlib').Path('{marker}').touch(); ('",
        f'""" + str(__import__("pathlib").Path("{marker}").touch()) + """',
        f'\\"""; import pathlib; pathlib.Path("{marker}").touch() #',
        f"!!python/object/apply:os.system ['touch {marker}']",
        f"$HOME $(touch {marker})",
        f"| touch {marker}",
    ]


def jinja_attacks(marker: Path) -> list[str]:
    code = f"cycler.__init__.__globals__.os.system('touch {marker}')"
    return [f"{{{{ {code} }}}}", f"{{% if {code} %}}{{% endif %}}", "{{ 7 * 7 }}", "{# x #}"]


QUESTIONS_WITH_TEXT = (
    *FREE_TEXT, "anatomy", "animal", "pathology", "contrast", "repo_name", "owner",
    "image_orientation", "labels", "channels",
)  # fmt: skip


def test_code_in_text_for_people_never_runs(tmp_path: Path) -> None:
    marker = tmp_path / "marker"
    for number, attack in enumerate(attacks(marker)):
        made = bake(tmp_path / str(number), **dict.fromkeys(FREE_TEXT, attack))
        assert not marker.exists()
        citation = yaml.safe_load((made / "CITATION.cff").read_text(encoding="utf-8"))
        assert citation["title"] == citation["abstract"] == attack
        assert [path.name for path in made.parent.iterdir()] == ["model_seg_t2"]


@pytest.mark.parametrize("question", sorted({*QUESTIONS_WITH_TEXT} - {*FREE_TEXT}))
def test_code_in_other_answers_is_refused(question: str, tmp_path: Path) -> None:
    marker = tmp_path / "marker"
    shell, python = attacks(marker)[0], attacks(marker)[3]
    for attack in (shell, python):
        with pytest.raises(SystemExit):
            bake(tmp_path / "output", **{question: attack})
        assert list((tmp_path / "output").iterdir()) == []
    for attack in attacks(marker):
        assert refusal(context({question: attack})).startswith(f"{question}: ")
    assert not marker.exists()


@pytest.mark.parametrize("question", FREE_TEXT)
def test_text_reaches_every_file_as_text(question: str, tmp_path: Path) -> None:
    text = """It's "T2*" \\ 50% #1: é 山 😀 <b> & {x} [y] | `z` ~ $HOME -- <!-- card:results -->"""
    made = bake(tmp_path / "output", **{question: text})
    citation = yaml.safe_load((made / "CITATION.cff").read_text(encoding="utf-8"))
    found = {
        "title": citation["title"],
        "description": citation["abstract"],
        "author": " ".join(citation["authors"][0].values()),
    }
    assert found[question] == text
    readme = (made / "README.md").read_text(encoding="utf-8")
    assert readme.count("<!-- card:results -->") == 1
    assert "<b>" not in readme


def type_answers(folder: Path, lines: list[str]) -> subprocess.CompletedProcess[str]:
    """Answer cookiecutter's questions at the keyboard."""
    config = folder / "config.yaml"
    config.write_text(f"replay_dir: {folder}/replay\ncookiecutters_dir: {folder}/c\n")
    output = folder / "output"
    output.mkdir()
    return subprocess.run(
        [program("cookiecutter"), str(source()), "-o", str(output), "--config-file", str(config)],
        input="".join(line + "\n" for line in lines),
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=600,
        check=False,
    )


@pytest.mark.parametrize(
    "name", ["../../evil", "/tmp/evil", "evil", "model_seg_t2/../../evil", "", ".", "model_seg_t2 "]
)
def test_no_folder_is_made_for_another_name(name: str, tmp_path: Path) -> None:
    output = tmp_path / "a" / "output"
    with pytest.raises(SystemExit):
        bake(output, repo_name=name)
    assert list(output.iterdir()) == []
    assert not list(tmp_path.rglob("evil"))


def test_answers_typed_at_the_keyboard(tmp_path: Path) -> None:
    lines = ["1", "sc-gm", "mouse", "", "2", "t1", "2", "", "A title", *[""] * 11]
    done = type_answers(tmp_path, lines)
    assert done.returncode == 0, done.stderr
    (made,) = (tmp_path / "output").iterdir()
    assert made.name == "model_seg_sc-gm_mouse_exvivo_t1_unet3d"
    assert (made / "README.md").read_text(encoding="utf-8").startswith("# A title\n")


def test_a_wrong_part_typed_at_the_keyboard_is_shown_with_the_name(tmp_path: Path) -> None:
    done = type_answers(tmp_path, ["1", "spinal cord", *[""] * 18])
    assert done.returncode == 1
    sentence, _, command = done.stderr.splitlines()
    assert sentence.startswith("anatomy: `spinal cord` can't be part of a name")
    assert sentence in " ".join(done.stdout.split())  # as the default of the name, at question 8
    assert f" {source()} task=seg animal=human " in command
    assert list((tmp_path / "output").iterdir()) == []


def test_template_code_typed_at_the_keyboard_is_refused(tmp_path: Path) -> None:
    marker = tmp_path / "marker"
    for number, attack in enumerate(jinja_attacks(marker)):
        folder = tmp_path / str(number)
        folder.mkdir()
        done = type_answers(folder, [*[""] * 8, attack, *[""] * 11])
        assert done.returncode == 1
        assert "title: " in done.stderr
        assert "contains template code; type it without curly braces." in done.stderr
        assert list((folder / "output").iterdir()) == []
    assert not marker.exists()


def test_template_code_on_the_command_line_is_refused(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    # cookiecutter renders these values before any hook runs; the result must not be taken.
    for question in QUESTIONS_WITH_TEXT:
        with pytest.raises(SystemExit):
            bake(tmp_path / question, **{question: "{{ 'sc' }}"})
        assert list((tmp_path / question).iterdir()) == []
        assert f"{question}: `{{{{ 'sc' }}}}` contains template code" in capfd.readouterr().err


def test_a_description_with_code_is_inert_in_the_repository(tmp_path: Path) -> None:
    marker = tmp_path / "marker"
    made = bake(tmp_path / "output", description=attacks(marker)[0], title=attacks(marker)[3])
    for name in sorted(files(made)):
        text = (made / name).read_text(encoding="utf-8")
        if name.endswith(".json"):
            json.loads(text)
        if name.endswith(".py"):
            compile(text, name, "exec")
            assert str(marker) not in text
        if name.startswith(".github/"):
            assert str(marker) not in text
    assert run("git", "log", "-1", "--format=%s", cwd=made).stdout.strip() in {
        "Start from model-template",
        "",
    }
    assert not marker.exists()
