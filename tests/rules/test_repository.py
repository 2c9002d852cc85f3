"""The rules about checkouts, each on a small repository in git with one change."""

from __future__ import annotations

import os
import subprocess
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from build import Case, assert_case, findings
from model_lint.findings import Severity
from model_lint.models.repository import build_repository

W, E, I = Severity.WARNING, Severity.ERROR, Severity.INFO  # noqa: E741 (as in the table of rules)
README = """\
# Segmentation of the spinal cord

[![DOI](https://img.shields.io/badge/DOI-10.1/x-blue)](https://doi.org/10.1/x)

Run it with the [Spinal Cord Toolbox](https://spinalcordtoolbox.com) v7.1:

```bash
sct_deepseg sc_t2 -install
sct_deepseg sc_t2 -i <INPUT> -o <OUTPUT>   # for example sub-001_T2w.nii.gz
sct_deepseg -task-details
```

<details><summary>SCT 6</summary>

    sct_deepseg -task seg_sc_t2 -i <INPUT>
    sct_deepseg -install-task seg_sc_t2

TODO: remove with SCT 8
</details>
"""
#: The files of a repository to which no rule objects.
FILES: Mapping[str, str] = {
    "README.md": README,
    "LICENSE": "MIT License\n",
    "CITATION.cff": "cff-version: 1.2.0\n",
    "training/train.py": "x = q@self.weight  # /home/${USER} and $HOME/x\n",
    ".github/workflows/lint.yml": "steps: [{uses: actions/checkout@v4.2.1}]\n",
}
BIG = "\0" * 2048
#: The line of what is added to the README.
LAST = README.count("\n") + 2
POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 31000000\n"
Checkout = Callable[[Path], None]


def git(folder: Path, *arguments: str) -> None:
    environment = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
    options = ("-c", "user.name=x", "-c", "user.email=x@example.org", "-c", "core.autocrlf=false")
    subprocess.run(["git", *options, *arguments], cwd=folder, check=True, env=environment)


def write(folder: Path, files: Mapping[str, str | bytes | None]) -> None:
    for path, text in files.items():
        full = folder / path
        if text is None:
            full.unlink()
            continue
        full.parent.mkdir(parents=True, exist_ok=True)
        full.write_bytes(text.encode() if isinstance(text, str) else text)


def checkout(
    folder: Path, files: Mapping[str, str | bytes | None], then: Checkout | None = None
) -> Path:
    """Make a repository of the files above with these changes, all of them tracked."""
    root = folder / "model_seg_sc_t2"
    write(root, {**FILES, **files} if None not in files.values() else FILES)
    write(root, {p: t for p, t in files.items() if t is None})
    git(root, "init", "--quiet")
    git(root, "add", "--all", "--force")
    if then:
        then(root)
    return root


def case(
    code: str,
    what: str,
    files: Mapping[str, str | bytes | None],
    then: Checkout | None = None,
    **more: Any,
) -> Case:
    more["also"] = frozenset(more.get("also", ()))
    return Case(code, what, lambda folder: checkout(folder, files, then), **more)


def silent(
    code: str, what: str, files: Mapping[str, str | bytes | None], then: Checkout | None = None
) -> Case:
    return case(code, what, files, then, fires=False)


def readme(text: str) -> dict[str, str]:
    return {"README.md": f"{README}\n{text}\n"}


def script(line: str, path: str = "training/run.sh") -> dict[str, str]:
    return {path: f"#!/bin/bash\n{line}\n"}


def later(files: Mapping[str, str | bytes | None]) -> Checkout:
    """Change files after they were added to git."""
    return lambda root: write(root, files)


def link(root: Path) -> None:
    """Track a link to a file elsewhere, as git-annex does."""
    (root / "model.pth").symlink_to(".git/annex/objects/x/SHA256E-s31000000--0.pth")
    git(root, "add", "model.pth")


def smudged(root: Path) -> None:
    """Have the content of a file of git-lfs in the checkout, while git holds the pointer."""
    write(root, {"model.pth": POINTER})
    git(root, "add", "model.pth")
    write(root, {"model.pth": BIG})


def linked_readme(root: Path) -> None:
    write(root, {"docs/index.md": README, "README.md": None})
    (root / "README.md").symlink_to("docs/index.md")
    git(root, "add", "--all")


CASES = [
    silent("R001", "a good repository", {}),
    case("R001", "none", {"README.md": None}, severity=E, says="no README"),
    case("R001", "empty", {"README.md": " \n"}, says="empty", at="README.md"),
    case("R001", "deeper", {"README.md": None}, later({"training/README.md": README})),
    silent("R001", "restructured", {"README.md": None}, later({"README.rst": "Title\n=====\n"})),
    silent("R001", "small letters", {"README.md": None}, later({"readme.md": README})),
    silent("R001", "plain", {"README.md": None}, later({"README": "A model.\n"})),
    silent("R001", "below .github", {"README.md": None}, later({".github/README.md": README})),
    silent("R001", "a link", {}, linked_readme),
    case("R002", "none", {"LICENSE": None}, severity=E),
    case("R002", "empty", {"LICENSE": ""}, says="empty", at="LICENSE"),
    silent("R002", "with a suffix", {"LICENSE": None}, later({"LICENSE.txt": "MIT"})),
    silent("R002", "spelled otherwise", {"LICENSE": None}, later({"LICENCE.md": "MIT"})),
    silent("R002", "GNU", {"LICENSE": None}, later({"COPYING": "GPL"})),
    silent("R002", "of a kind", {"LICENSE": None}, later({"LICENSE-MIT": "MIT"})),
    silent(
        "R002",
        "a folder",
        {"LICENSE": None},
        lambda root: (write(root, {"LICENSES/MIT.txt": "MIT"}), git(root, "add", "--all"))[1],
    ),
    case("R003", "none", {"CITATION.cff": None}, severity=W),
    case(
        "R003",
        "small letters",
        {"CITATION.cff": None},
        lambda root: (write(root, {"citation.cff": "x"}), git(root, "add", "--all"))[1],
        says="case matters",
    ),
    silent("R003", "there", {}),
    case(
        "R004",
        "to do",
        readme("TODO: add the figure"),
        says="`TODO` is left",
        at="README.md",
        line=LAST,
        severity=W,
    ),
    case("R004", "of a model card", readme("[More Information Needed]")),
    case("R004", "of a template", readme("This is {{ cookiecutter.title }}.")),
    silent("R004", "in code", readme("```python\n# TODO: faster\n```\nand `TODO`")),
    silent("R004", "a file of that name", readme("See [TODO.md](TODO.md) or <INPUT>.")),
    silent("R004", "in a comment", readme("<!-- TODO: figure -->")),
    case(
        "R005",
        "checkpoint",
        {"nnunet/fold_0/checkpoint_final.pth": BIG},
        says="a checkpoint (2.05 kB)",
        at="checkpoint_final.pth",
        severity=E,
    ),
    case("R005", "image", {"data/sub-001_T2w.nii.gz": BIG}, says="an image volume", severity=E),
    case("R005", "zip", {"model_seg_sc_t2-r20240915.zip": BIG}, says="a packaged model"),
    case("R005", "of nnU-Net", {"x/Dataset101_SC.zip": BIG}, says="a packaged model"),
    case("R005", "capitals", {"scan.NII.GZ": BIG}, says="an image volume"),
    case("R005", "deleted but tracked", {"model.pt": BIG}, later({"model.pt": None}), severity=E),
    case("R005", "small in tests", {"tests/data/t2.nii.gz": BIG}, severity=I, says="image volume"),
    case("R005", "not of tests", {"latest_data/t2.nii.gz": BIG}, severity=E),
    case("R005", "large in tests", {"tests/t2.nii.gz": BIG * 600}, severity=E),
    case("R005", "checkpoint in tests", {"tests/checkpoint_final.pth": BIG}, severity=E),
    silent("R005", "not tracked", {}, later({"model.pth": BIG, "data/t2.nii.gz": BIG})),
    silent("R005", "a link of git-annex", {}, link),
    silent("R005", "a pointer of git-lfs", {"model.pth": POINTER}),
    silent("R005", "git-lfs with its content", {}, smudged),
    silent("R005", "other zips", {"docs/figures.zip": BIG, "utils.zip": BIG}),
    silent("R005", "pictures", {"figure.png": BIG, "video.gif": BIG}),
    case(
        "R006",
        "home",
        script("cd /home/jdoe/nnunet"),
        says="names `/home/jdoe`",
        at="run.sh",
        line=2,
        severity=W,
    ),
    case("R006", "mac", script("data = '/Users/jane/data'", "x.py"), says="`/Users/jane`"),
    case("R006", "windows", script(r'root = "C:\\Users\\jane\\x"', "x.py"), says=r"Users\\jane"),
    case("R006", "cluster", script("cp x /scratch/jdoe/y")),
    case("R006", "project", script("ls ~/projects/x /project/def-jcohen/jdoe"), says="def-jcohen"),
    case(
        "R006",
        "mail of a job",
        script("#SBATCH --mail-user=jane.doe@mail.mcgill.ca"),
        says="`jane.doe@mail.mcgill.ca`",
    ),
    case("R006", "copy", script("rsync jdoe@cedar.computecanada.ca:x ."), says="jdoe@cedar"),
    case("R006", "notebook", {"x.ipynb": '{"cells": ["/home/jdoe/x", "/home/jdoe/y"]}'}),
    case("R006", "several", script("cd /home/a1; cd /home/b1"), says="`/home/a1` and 1 more"),
    case("R006", "snakemake", {"workflow/Snakefile": "x = '/home/jdoe'\n"}, at="Snakefile"),
    silent("R006", "of a service", script("cd /home/runner/work && ls /home/ubuntu /home/user/x")),
    silent("R006", "variables", script("cd $HOME/x ${HOME}/y /home/$USER/z /home/${USER} ~/x")),
    silent("R006", "addresses", script("curl https://x.org/home/jdoe https://y.org/scratch/z")),
    silent("R006", "image", {"Dockerfile": "FROM x\nWORKDIR /home/nn\nCOPY . /scratch/x\n"}),
    silent(
        "R006", "decorators", script("@torch.no_grad()\ny = (a@b.T, q@self.w, x@df.at[0])", "x.py")
    ),
    silent("R006", "actions", script("- uses: a/b@v4.2.1\n- uses: x/y@main", ".github/x.yml")),
    silent("R006", "git", script("git clone git@github.com:ivadomed/x.git ssh://git@host.org/x")),
    silent(
        "R006",
        "bots",
        script("git config user.email 'github-actions[bot]@users.noreply.github.com'"),
    ),
    silent(
        "R006",
        "placeholders",
        script("--mail-user=your.name@uni.ca first.last@uni.ca jane@example.com /home/<you>/x"),
    ),
    silent("R006", "authors", script("# Author: Jane Doe <jane@polymtl.ca>", "x.py")),
    silent("R006", "documents", readme("Ask jane@polymtl.ca, or see /home/jdoe.")),
    silent("R006", "numbers", script("recall@50.0 mAP@0.5.in 3/scratch/x 1/home/x")),
    case("R007", "bytecode", {"__pycache__/x.cpython-311.pyc": BIG}, at=".pyc", severity=W),
    case("R007", "two", {"a.pyc": BIG, "b.pyo": BIG}, says="and 1 more"),
    silent("R007", "not tracked", {}, later({"__pycache__/x.cpython-311.pyc": BIG})),
    case(
        "R008",
        "old",
        readme("```\nsct_deepseg -i x.nii.gz -task seg_sc_t2\n```"),
        says="no option `-task`",
        line=LAST + 1,
        severity=W,
    ),
    case("R008", "installation", readme("`sct_deepseg -install-task canal_t2w`")),
    case(
        "R008",
        "over two lines",
        readme("```\nsct_deepseg -i x.nii.gz \\\n    -task sc\n```"),
        line=LAST + 1,
    ),
    case(
        "R008",
        "restructured",
        {"README.md": None},
        later({"README.rst": "Run::\n\n    sct_deepseg -list-tasks\n"}),
        says="-list-tasks",
    ),
    silent(
        "R008",
        "under a heading",
        readme("## SCT v6.5 and earlier\n\n```\nsct_deepseg -task x\n```"),
    ),
    silent("R008", "introduced", readme("With older versions:\n\n```\nsct_deepseg -task x\n```")),
    silent("R008", "other commands", readme("sct_deepseg_sc -i x -c t2; mytool -task x")),
    silent("R008", "a sentence", readme("`sct_deepseg` has no `-task` since SCT 7.")),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_case(case: Case, tmp_path: Path) -> None:
    assert_case(case, tmp_path, "R")


def test_many_files_of_a_kind_are_counted(tmp_path: Path) -> None:
    found = findings(checkout(tmp_path, {f"data/{i}.dcm": BIG for i in range(20)}), "R")
    assert [f.code for f in found] == ["R005"] * 6
    assert "15 more image volumes" in found[-1].message


def test_one_finding_for_each_script(tmp_path: Path) -> None:
    line = "cd /home/jdoe\n" * 50
    assert len(findings(checkout(tmp_path, script(line)), "R")) == 1


def test_nothing_is_committed_yet(tmp_path: Path) -> None:
    root = tmp_path / "model_seg_sc_t2"
    write(root, {**FILES, "model.pth": BIG})
    git(root, "init", "--quiet")
    assert {f.code for f in findings(root, "R")} == {"R003"}


def test_a_folder_without_git_is_all_meant(tmp_path: Path) -> None:
    root = tmp_path / "model_seg_sc_t2-main"
    write(root, {**FILES, "model.pth": BIG, "data/x.nii.gz": POINTER})
    found = findings(root)
    assert [(f.code, f.location.rpartition("/")[2]) for f in found] == [("R005", "model.pth")]


def test_a_folder_that_the_repository_around_it_ignores(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet")
    write(tmp_path, {".gitignore": "*\n"})
    root = tmp_path / "model_seg_sc_t2"
    write(root, {**FILES, "model.pth": BIG})
    assert [f.code for f in findings(root)] == ["R005"]


def test_a_folder_of_a_repository(tmp_path: Path) -> None:
    root = checkout(tmp_path, {"inner/README.md": "x", "inner/model.pth": BIG, "other.pth": BIG})
    found = findings(root / "inner", "R005")
    assert [f.location.rpartition("/")[2] for f in found] == ["model.pth"]


def test_without_git_nothing_is_said_of_what_it_tracks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = checkout(tmp_path, {"model.pth": BIG, "x.pyc": BIG, "run.sh": "cd /home/jdoe"})
    monkeypatch.setenv("PATH", "")
    assert [f.code for f in findings(root, "R")] == ["R006"]


def test_the_environment_of_a_hook_does_not_matter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = checkout(tmp_path, {"model.pth": BIG})
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "nowhere"))
    assert [f.code for f in findings(root, "R")] == ["R005"]


def test_a_program_that_the_checkout_names_is_not_run(tmp_path: Path) -> None:
    root = checkout(tmp_path, {})
    program = tmp_path / "program"
    program.write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n", encoding="utf-8")
    program.chmod(0o755)
    git(root, "config", "core.fsmonitor", str(program))
    assert findings(root, "R") == []
    assert not (tmp_path / "ran").exists()


def test_submodules_and_worktrees(tmp_path: Path) -> None:
    root = checkout(tmp_path, {})
    git(root, "remote", "add", "origin", "https://github.com/ivadomed/model_seg_gm_t2.git")
    git(root, "commit", "--quiet", "-m", "x")
    git(root, "worktree", "add", "--quiet", str(tmp_path / "elsewhere"))
    other = build_repository(tmp_path / "elsewhere", None)
    assert (other.name, other.files) == ("model_seg_gm_t2", build_repository(root, None).files)
    git(root, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(root), "sub")
    assert "sub" not in build_repository(root, None).files
    assert build_repository(root / "sub", None).name == "model_seg_sc_t2"


@pytest.mark.parametrize("name", ["a b.pth", "é.pth", "x\ny.pth", '"q".pth', b"\xff.pth"])
def test_any_file_name(tmp_path: Path, name: str | bytes) -> None:
    (found,) = findings(checkout(tmp_path, {os.fsdecode(name): BIG}), "R")
    assert found.code == "R005"
    found.message.encode()


def test_the_downloaded_archive_of_a_tag(tmp_path: Path) -> None:
    for suffix in ("", "-main", "-master", "-r20240915", f"-{'0a' * 20}"):
        folder = tmp_path / f"model_seg_sc_t2{suffix}"
        write(folder, FILES)
        assert build_repository(folder, None).name == "model_seg_sc_t2"


def test_what_looks_like_a_zip_of_the_repository(tmp_path: Path) -> None:
    root = checkout(tmp_path, {})
    with zipfile.ZipFile(root / "notes.zip", "w") as archive:
        archive.writestr("x", "y")
    git(root, "add", "--all")
    assert findings(root, "R") == []
