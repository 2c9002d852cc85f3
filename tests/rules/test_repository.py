"""The rules about checkouts, each on a small repository in git with one change."""

from __future__ import annotations

import json
import os
import subprocess
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from build import Case, assert_case, findings
from model_lint.findings import Severity
from model_lint.models.card import fill
from model_lint.models.repository import build_repository
from model_lint.storage.checkout import CheckoutSource

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
KEY = "0a1b" * 10
TOKEN = "hf_" + "a1B2" * 9
PRIVATE = "-----BEGIN EC PRIVATE KEY-----\nMIIE\n-----END EC PRIVATE KEY-----\n"
MODEL_FILES = {
    f"models/nnUNetTrainer__nnUNetPlans__2d/{path}": "{}"
    for path in ("plans.json", "fold_0/checkpoint_final.pth")
}
Then = Callable[[Path], None]


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
    folder: Path, files: Mapping[str, str | bytes | None], then: Then | None = None
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
    then: Then | None = None,
    **more: Any,
) -> Case:
    more["also"] = frozenset(more.get("also", ()))
    return Case(
        code,
        what,
        lambda folder: checkout(folder, files, then),
        valid=lambda folder: checkout(folder, {}),
        **more,
    )


def silent(
    code: str, what: str, files: Mapping[str, str | bytes | None], then: Then | None = None
) -> Case:
    return case(code, what, files, then, fires=False)


def readme(text: str) -> dict[str, str]:
    return {"README.md": f"{README}\n{text}\n"}


TABLE = "results/table.csv"


def card(change: Callable[[str], str] = str) -> dict[str, str | bytes | None]:
    """Return a README whose results the workflow has written, after a change, and their table."""
    marks = readme("<!-- card:results -->\n<!-- card:end -->")["README.md"]
    table = "0.91\n"
    return {"README.md": change(fill(marks, "results", "Dice: 0.91", {TABLE: table})), TABLE: table}


def script(line: str, path: str = "training/run.sh") -> dict[str, str]:
    return {path: f"#!/bin/bash\n{line}\n"}


def later(files: Mapping[str, str | bytes | None], *, tracked: bool = False) -> Then:
    """Change files after all were added to git, and add those too."""

    def change(root: Path) -> None:
        write(root, files)
        if tracked:
            git(root, "add", "--all")

    return change


def link(root: Path) -> None:
    """Track a link to a file elsewhere, as git-annex does."""
    (root / "model.pth").symlink_to(".git/annex/objects/x/SHA256E-s31000000--0.pth")
    git(root, "add", "model.pth")


def smudged(root: Path) -> None:
    """Have the content of a file of git-lfs in the checkout, while git holds the pointer."""
    write(root, {"model.pth": POINTER})
    git(root, "add", "model.pth")
    write(root, {"model.pth": BIG})


def nested(root: Path) -> None:
    """Add a clone inside the repository as if it were a folder."""
    write(root / "inner", {"x.txt": "x"})
    git(root / "inner", "init", "--quiet")
    git(root / "inner", "add", "--all")
    git(root / "inner", "commit", "--quiet", "-m", "x")
    git(root, "add", "--no-warn-embedded-repo", "inner")


def submodule(root: Path) -> None:
    nested(root)
    text = '[submodule "inner"]\n\tpath = inner\n\turl = https://github.com/x/inner\n'
    write(root, {".gitmodules": text})
    git(root, "add", ".gitmodules")


def linked_readme(root: Path) -> None:
    write(root, {"docs/index.md": README, "README.md": None})
    (root / "README.md").symlink_to("docs/index.md")
    git(root, "add", "--all")


CASES = [
    silent("R001", "a good repository", {}),
    case("R001", "no README", {"README.md": None}, severity=E, says="no README"),
    case("R001", "empty", {"README.md": " \n"}, says="empty", at="README.md"),
    case("R001", "deeper", {"README.md": None}, later({"training/README.md": README})),
    silent("R001", "restructured", {"README.md": None}, later({"README.rst": "Title\n=====\n"})),
    silent("R001", "small letters", {"README.md": None}, later({"readme.md": README})),
    silent("R001", "plain", {"README.md": None}, later({"README": "A model.\n"})),
    silent("R001", "below .github", {"README.md": None}, later({".github/README.md": README})),
    silent("R001", "a link", {}, linked_readme),
    case("R002", "no licence", {"LICENSE": None}, severity=E),
    case("R002", "empty", {"LICENSE": ""}, says="empty", at="LICENSE"),
    silent("R002", "with a suffix", {"LICENSE": None}, later({"LICENSE.txt": "MIT"})),
    silent("R002", "spelled otherwise", {"LICENSE": None}, later({"LICENCE.md": "MIT"})),
    silent("R002", "GNU", {"LICENSE": None}, later({"COPYING": "GPL"})),
    silent("R002", "of a kind", {"LICENSE": None}, later({"LICENSE-MIT": "MIT"})),
    silent(
        "R002",
        "a folder",
        {"LICENSE": None},
        later({"LICENSES/MIT.txt": "MIT"}, tracked=True),
    ),
    *(
        case(
            "R002",
            f"in the README {text[:9]}",
            {"LICENSE": None},
            later(readme(text)),
            severity=W,
            says="in the README only",
            at="README.md",
        )
        for text in (
            "## MIT License\n\nPermission is hereby granted, free of charge, to any person",
            "BSD: Redistribution and use in\nsource and binary forms, with or without",
            'Licensed under the Apache License, Version 2.0 (the "License");',
            "This work is licensed under a Creative Commons Attribution 4.0 License.",
            "                    GNU GENERAL PUBLIC LICENSE\n  Version 3",
        )
    ),
    case("R002", "only named", {"LICENSE": None}, later(readme("MIT, see LICENSE")), severity=E),
    case("R003", "no citation", {"CITATION.cff": None}, severity=W),
    case(
        "R003",
        "small letters",
        {"CITATION.cff": None},
        later({"citation.cff": "x"}, tracked=True),
        says="case matters",
    ),
    silent("R003", "there", {}),
    case(
        "R004",
        "a TODO that is left",
        readme("TODO: add the figure"),
        says="`TODO` is left",
        at="README.md",
        line=LAST,
        severity=W,
    ),
    case("R004", "of a model card", readme("[More Information Needed]")),
    case("R004", "of a template", readme("This is {{ cookiecutter.title }}.")),
    case(
        "R004",
        "where the BibTeX belongs",
        readme("```\nTODO: when published, add citation.\n```"),
        line=LAST + 1,
    ),
    case("R004", "in BibTeX", readme("```bibtex\n@article{x,\n  title = {TODO},\n}\n```")),
    silent("R004", "commented code", readme("~~~\n  // TODO: faster\n% FIXME\n~~~\n")),
    silent("R004", "in code", readme("```python\n# TODO: faster\n```\nand `TODO`")),
    silent("R004", "a file of that name", readme("See [TODO.md](TODO.md) or <INPUT>.")),
    silent("R004", "in a comment", readme("<!-- TODO: figure -->")),
    case(
        "R005",
        "a checkpoint in git",
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
    case("R005", "a pointer of git-lfs", {"model.pth": POINTER}, severity=I, says="by git-lfs"),
    case("R005", "git-lfs with its content", {}, smudged, severity=I, at="model.pth"),
    silent("R005", "an image of git-lfs", {"data/t2.nii.gz": POINTER}),
    silent("R005", "an empty checkpoint", {"model.pth": "x"}),
    *(
        case("R005", f"weights {path}", {path: BIG}, says="a checkpoint", severity=E)
        for path in (
            *("model.hdf5", "model.h5", "model.ckpt.data-00000-of-00001", "model.ckpt.meta"),
            *("model.ckpt.index", "saved_model.pb", "variables/variables.data-00000-of-00001"),
            *("pytorch_model.bin", "model.pth.tar", "net.torchscript", "x/model.onnx.data"),
            *("fold_0/model_final_checkpoint.model", "net.tflite", "net.ptl"),
        )
    ),
    silent("R005", "other data", {"x.meta": BIG, "search.index": BIG, "raw.bin": BIG}),
    silent("R005", "other zips", {"docs/figures.zip": BIG, "utils.zip": BIG}),
    silent("R005", "pictures", {"figure.png": BIG, "video.gif": BIG}),
    case(
        "R006",
        "a home folder in a script",
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
    case("R006", "a disk", script("P = '/media/xdoe42/Transcend/x'", "x.py"), says="/media/xdoe42"),
    case("R006", "a mount", script("cd /mnt/data/jdoe")),
    case("R006", "an export", script("cd /export/jdoe")),
    case("R006", "home on a mount", script("ls /mnt/c/Users/jdoe/x"), says="`/mnt/c/Users/jdoe`"),
    case("R006", "configuration", {"config/x.json": '{"raw": "/home/G.POLY.CA/p1"}'}, line=1),
    case("R006", "escaped", {"config/x.json": '{"raw": "C:\\\\Users\\\\jdoe"}'}, says="jdoe"),
    silent("R006", "metadata", {"codemeta.json": '{"author": [{"email": "jane@polymtl.ca"}]}'}),
    case("R006", "toml", {"x.toml": 'raw = "/scratch/jdoe/x"\n'}),
    case("R006", "a copy in a comment", script("# rsync jdoe@romane:~/x .", "x.py")),
    case("R006", "an e-mail of a workflow", {".github/x.yml": "to: jane@polymtl.ca\n"}),
    *(
        silent("R006", f"for readers {number}", script(line, "x.m"))
        for number, line in enumerate(
            (
                "%  - Jane Doe (jdoe@uni-hospital.ca)",
                "% Jane Doe, jdoe@uni-hospital.ca",
                "Questions? -> j.doe@institute.de",
                "For help write to j.doe@institute.de",
                "Report bugs: j.doe@institute.de",
                "x = 1 % by jdoe@uni.ca, see the licence (jdoe@uni.ca)",
                "E-mail: j.doe@institute.de",
                "Jane Doe <j.doe@institute.de>",
            )
        )
    ),
    *(
        silent("R006", f"git {address}", script(f"url_ssh: {address}"))
        for address in (
            "gitea@data.example-lab.ca:SITE/site_006.git",
            "git@data.example-lab.ca:SITE/site_006",
            "forge@lab.ca:a/b.git",
            "gitlab@lab.ca:a/b",
            "ssh://git@lab.ca/a/b.git",
        )
    ),
    silent("R006", "conventional folders", script("ls /data/raw /mnt/data/raw/x /media/images/x")),
    silent("R006", "authors", script("# Author: Jane Doe <jane@polymtl.ca>", "x.py")),
    silent("R006", "documents", readme("Ask jane@polymtl.ca, or see /home/jdoe.")),
    silent("R006", "numbers", script("recall@50.0 mAP@0.5.in 3/scratch/x 1/home/x")),
    silent("R006", "of an image", {"Dockerfile": "RUN cp x /home/jdoe/y\n"}),
    silent("R006", "too large a number", script("x = 1/home, 2/Users")),
    case("R007", "a file of macOS", {"model/.DS_Store": BIG}, severity=W, says="operating system"),
    case("R007", "of Windows", {"x/Thumbs.db": BIG, "y/desktop.ini": "x"}, says="and 1 more"),
    silent("R007", "a file of git", {".gitignore": ".DS_Store\n"}),
    case("R007", "bytecode", {"__pycache__/x.cpython-311.pyc": BIG}, at=".pyc", severity=W),
    case("R007", "two", {"a.pyc": BIG, "b.pyo": BIG}, says="and 1 more"),
    silent("R007", "not tracked", {}, later({"__pycache__/x.cpython-311.pyc": BIG})),
    case(
        "R008",
        "an option that SCT removed",
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
    case("R008", "deeper", {"packaging/README.md": "    sct_deepseg -i x -task sc\n"}, line=1),
    case("R008", "a script", script("sct_deepseg -task sc -i x"), at="run.sh", line=2, severity=W),
    case("R008", "in Python", script("os.system('sct_deepseg -i x -task sc')", "x.py"), line=2),
    case("R008", "a list", script("run(['sct_deepseg', '-task', 'sc'])", "x.py"), line=2),
    case("R008", "notebook", {"x.ipynb": '{"cells": ["!sct_deepseg -task sc -i x"]}'}),
    case("R008", "make", {"Makefile": "x:\n\tsct_deepseg -install-task sc\n"}, line=2),
    silent("R008", "a script for SCT 6", script("# needs SCT v6.5\nsct_deepseg -task sc")),
    silent("R008", "a new script", script("sct_deepseg sc -i x; other -task x")),
    silent("R008", "another option", script("sct_deepseg sc -i x -task-details")),
    silent("R008", "other commands", readme("sct_deepseg_sc -i x -c t2; mytool -task x")),
    silent("R008", "a sentence", readme("`sct_deepseg` has no `-task` since SCT 7.")),
    case(
        "R010",
        "a key of a service in a script",
        script(f'os.environ["WANDB_API_KEY"] = "{KEY}"', "training/train.py"),
        says="the password, token or key `0a1b...`",
        at="train.py",
        line=2,
        severity=E,
    ),
    case("R010", "in a notebook", {"x.ipynb": json.dumps({"source": [f"login('{TOKEN}')\n"]})}),
    case("R010", "in a configuration", {"config.json": f'{{"token": "{TOKEN}"}}'}),
    case("R010", "in a workflow", {".github/x.yml": f"env:\n  WANDB_API_KEY: {KEY}\n"}, line=2),
    case("R010", "in an environment", {".env": "PASSWORD=Tr0ub4dor\n"}, says="`...`"),
    case("R010", "of a machine", {".netrc": f"login user password {KEY}\n"}),
    case("R010", "a private key", {"keys/id_rsa": PRIVATE}, says="BEGIN EC PRIVATE KEY"),
    case("R010", "in the README", readme(f"export HF_TOKEN={TOKEN}"), line=LAST),
    case("R010", "in another README", {"x/README.md": TOKEN}),
    case("R010", "two", script(f"a = '{TOKEN}'\nb = '{TOKEN[:-1]}9'"), says="2 passwords"),
    silent("R010", "not tracked", {}, later({".env": f"TOKEN={TOKEN}"})),
    silent("R010", "of GitHub", {".github/x.yml": "token: ${{ secrets.GITHUB_TOKEN }}\n"}),
    silent("R010", "from the environment", script('key = os.environ["WANDB_API_KEY"]', "x.py")),
    silent("R010", "to fill in", readme("export WANDB_API_KEY=<your key>")),
    silent("R010", "commits and sums", script(f"rev: {KEY}\nsha256: {'0a1b' * 16}", "x.yml")),
    case("R011", "a clone that was added", {}, nested, says="`inner` is a link", at="/inner"),
    silent("R011", "a submodule", {}, submodule),
    case(
        "R012",
        "a trainer folder",
        MODEL_FILES,
        says="`models/nnUNetTrainer__nnUNetPlans__2d` is not checked",
        at="__2d",
        severity=I,
    ),
    silent("R012", "plans alone", {"x/nnUNetTrainer__nnUNetPlans__2d/plans.json": "{}"}),
    case(
        "R014",
        "a number that was changed",
        card(lambda text: text.replace("0.91", "0.97")),
        says="`results` of the model card was edited by hand",
        line=LAST,
    ),
    case(
        "R014", "newer results", {**card(), TABLE: "0.80\n"}, says="older than `results/table.csv`"
    ),
    case(
        "R014",
        "no end",
        card(lambda text: text.replace("<!-- card:end -->\n", "")),
        says="has no end",
    ),
    silent("R014", "as it was written", card()),
    silent("R014", "before the evaluation", readme("<!-- card:results -->\n\n<!-- card:end -->")),
    silent("R014", "text outside of the marks", card(lambda text: f"{text}\nMore.\n")),
    silent("R014", "other ends of lines", card(lambda text: text.replace("\n", "\r\n"))),
    silent("R014", "results that are not in git", {"README.md": card()["README.md"]}),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_case(case: Case, tmp_path: Path) -> None:
    assert_case(case, tmp_path, "R")


def test_many_files_of_a_kind_are_counted(tmp_path: Path) -> None:
    found = findings(checkout(tmp_path, {f"data/{i}.dcm": BIG for i in range(20)}), "R")
    assert [f.code for f in found] == ["R005"] * 11
    assert found[-1].message == "and 10 more image volumes in git"
    assert found[-1].severity is E


def test_the_count_is_as_bad_as_what_it_counts(tmp_path: Path) -> None:
    small = {f"tests/data/{i}.nii.gz": BIG for i in range(12)}
    (tmp_path / "a").mkdir()
    found = findings(checkout(tmp_path / "a", small), "R")
    assert [f.severity for f in found] == [I] * 11
    (tmp_path / "b").mkdir()
    large = {f"tests/data/z{i}.nii.gz": BIG * 600 for i in range(2)}
    found = findings(checkout(tmp_path / "b", small | large), "R")
    assert [f.severity for f in found] == [E] * 2 + [I] * 9
    assert "and 4 more image volumes" in found[-1].message


def test_a_flood_of_paths_is_cut(tmp_path: Path) -> None:
    many = {f"scripts/{i:02}.sh": f"cd /home/jdoe/{i}\n" for i in range(60)}
    found = findings(checkout(tmp_path, many), "R")
    assert len(found) == 11
    assert "50 more files with personal paths" in found[-1].message


def test_a_secret_is_not_repeated(tmp_path: Path) -> None:
    (found,) = findings(checkout(tmp_path, script(f"x = '{TOKEN}'", "x.py")), "R")
    assert TOKEN[4:] not in found.message + found.help
    assert found.source is None


def test_a_readme_that_leads_elsewhere_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "secret.md").write_text("TODO", encoding="utf-8")
    root = checkout(tmp_path, {"README.md": None})
    (root / "README.md").symlink_to("../secret.md")
    assert [f.message for f in findings(root, "R")] == ["the README is empty"]


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
    other = build_repository(CheckoutSource(tmp_path / "elsewhere"))
    assert (other.name, other.files) == (
        "model_seg_gm_t2",
        build_repository(CheckoutSource(root)).files,
    )
    git(root, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(root), "sub")
    assert "sub" not in build_repository(CheckoutSource(root)).files
    assert build_repository(CheckoutSource(root / "sub")).name == "model_seg_sc_t2"


@pytest.mark.parametrize("name", ["a b.pth", "é.pth", "x\ny.pth", '"q".pth', b"\xff.pth"])
def test_any_file_name(tmp_path: Path, name: str | bytes) -> None:
    (found,) = findings(checkout(tmp_path, {os.fsdecode(name): BIG}), "R")
    assert found.code == "R005"
    found.message.encode()


def test_the_downloaded_archive_of_a_tag(tmp_path: Path) -> None:
    tags = ("r20240915", "r20240708-stanford", "v0.4", "0.1", "1.2.3", "v2", "0.3-beta", "1.0rc1")
    for suffix in ("", "-main", "-master", "-develop", f"-{'0a' * 20}", *(f"-{t}" for t in tags)):
        folder = tmp_path / f"model_seg_sc_t2{suffix}"
        write(folder, FILES)
        assert build_repository(CheckoutSource(folder)).name == "model_seg_sc_t2"


def test_what_looks_like_a_zip_of_the_repository(tmp_path: Path) -> None:
    root = checkout(tmp_path, {})
    with zipfile.ZipFile(root / "notes.zip", "w") as archive:
        archive.writestr("x", "y")
    git(root, "add", "--all")
    assert findings(root, "R") == []
