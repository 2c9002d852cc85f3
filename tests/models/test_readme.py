"""What is looked for in READMEs and scripts, and that a long one takes linear time."""

from __future__ import annotations

import pytest
from model_lint.models.readme import grants_license, outdated_options, placeholders, title
from model_lint.storage.limits import MAX_SCRIPT_BYTES


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("TODO: x\n[More Information Needed]", [(1, "TODO"), (2, "[More Information Needed]")]),
        ("`TODO` and TODO.md and a TODO list", []),
        ("<!-- TODO -->\n<details>\nTODO</details>\nTBD", [(4, "TBD")]),
        ("```\nTODO: add citation\n```", [(2, "TODO")]),
        ("```bibtex\n@misc{x,\n title = {TODO}}\n```", [(3, "TODO")]),
        ("```python\n# TODO\n  // FIXME\nx = 'TODO'\n```\nFIXME", [(6, "FIXME")]),
        ("~~~\n```\n# TODO\n~~~\nTODO", [(5, "TODO")]),
        ("```x``` TODO", [(1, "TODO")]),
        ("<details>\nTODO", [(2, "TODO")]),
    ],
)
def test_placeholders(text: str, found: list[tuple[int, str]]) -> None:
    assert list(placeholders(text)) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("sct_deepseg -i x -task y", [(1, "-task")]),
        ("sct_deepseg \\\n  -i x \\\n  -install-task y", [(1, "-install-task")]),
        ("sct_deepseg \\\n\n -task y", []),
        ("sct_deepseg sc -i x; y -task z", []),
        ("`sct_deepseg` has no `-task`", []),
        ("sct_deepseg_sc -task x", []),
        ("sct_deepseg -task-details", []),
        ("run(['sct_deepseg', '-task', x])", [(1, "-task")]),
        ("# For SCT v6.5\n\nsct_deepseg -task x\n# Now\nsct_deepseg -task x", [(5, "-task")]),
        ("Before SCT 7:\n```\nsct_deepseg -task x\n```", []),
        ("<details>sct_deepseg -task x</details>\nsct_deepseg -task x", [(2, "-task")]),
        ("sct_deepseg -task a\nsct_deepseg -list-tasks", [(1, "-task"), (2, "-list-tasks")]),
    ],
)
def test_outdated_options(text: str, found: list[tuple[int, str]]) -> None:
    assert list(outdated_options(text)) == found


@pytest.mark.parametrize(
    ("text", "grants"),
    [
        ("Permission is hereby granted,\nfree of charge", True),
        ("This work is licensed under a\nCreative Commons licence", True),
        ("MIT, see LICENSE", False),
        ("[![License: MIT](https://img.shields.io/badge/License-MIT-blue)](LICENSE)", False),
        ("", False),
    ],
)
def test_a_licence_in_a_readme(text: str, grants: bool) -> None:
    assert grants_license(text) is grants


@pytest.mark.parametrize(
    "piece",
    [
        *(
            "```a\n",
            "```",
            "~~~\n",
            "<details",
            "</details>",
            "<!--",
            "-->",
            "`",
            "`a",
            "TODO ",
            "#",
        ),
        *(
            "sct_deepseg ",
            "sct_deepseg \\\n",
            "sct_deepseg -task ",
            "sct_deepseg x -task\n",
            "older ",
        ),
        *(" -task", "\\\n", "\n", " ", "a", "Licensed under ", "{{ ", "title = {"),
    ],
)
def test_a_long_text_takes_linear_time(piece: str) -> None:
    """Quadratic time for a text of this length is minutes."""
    text = piece * (MAX_SCRIPT_BYTES // len(piece))
    for _ in placeholders(text):
        pass
    for _ in outdated_options(f"{text}\nsct_deepseg -task x"):
        pass
    grants_license(text)


@pytest.mark.parametrize(
    ("readme", "expected"),
    [
        ("# A model\n", "A model"),
        ("[badge]\n\n  # A model #\n# Another\n", "A model"),
        ("A model\n=======\n", "A model"),
        ("```\n# no title\n```\n## Neither\n", ""),
        ("<!-- # no title -->\n# A model", "A model"),
        ("", ""),
        ("# " + " " * 1_000_000 + "x", "x"),
    ],
)
def test_the_title(readme: str, expected: str) -> None:
    assert title(readme) == expected
