"""The page and the gallery: every other character stays, and docutils reads the result."""

from __future__ import annotations

import difflib

import pytest
from docutils import nodes
from docutils.core import publish_doctree
from docutils.parsers.rst import Directive, directives
from mini_sct import GALLERY
from model_lint.ship.sct.page import Unfit, add_to_gallery, write_page


class _Passive(Directive):  # type: ignore[misc]
    """A directive of Sphinx, of which only the form is judged."""

    has_content = True
    optional_arguments = 1
    final_argument_whitespace = True
    option_spec = dict.fromkeys(
        ("hidden", "maxdepth", "ref", "prog", "markdownhelp"), directives.unchanged
    )

    def run(self) -> list[nodes.Node]:
        return []


def parsed(text: str) -> nodes.document:
    """Return the document; a warning fails."""
    for name in ("toctree", "argparse"):
        directives.register_directive(name, _Passive)
    found: nodes.document = publish_doctree(
        text, settings_overrides={"halt_level": 2, "report_level": 5}
    )
    return found


def changes(old: str, new: str) -> list[str]:
    lines = difflib.ndiff(old.splitlines(keepends=True), new.splitlines(keepends=True))
    return [line for line in lines if line[0] in "+-"]


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize(
    ("group", "cell"),
    [
        ("spinal_cord", ["-      -", "+      - |new| ``new``"]),
        ("gray_matter", ["+    * - |new| ``new``", "+      -", "+      -"]),
        ("pathology", ["-      -", "+      - |new| ``new``"]),
        ("", ["+    * - |new| ``new``", "+      -", "+      -"]),
    ],
)
def test_a_task_is_added_to_its_section(group: str, cell: list[str], newline: str) -> None:
    old = GALLERY.replace("\n", newline)
    new = add_to_gallery(old, "new", group)
    found = changes(old, new)
    assert all(line.endswith(newline) for line in found)
    told = [line.rstrip() for line in found]
    assert sorted(told) == sorted(
        [
            *cell,
            "+ .. |new| image:: https://raw.githubusercontent.com/spinalcordtoolbox/doc-figures/"
            "master/sct_deepseg/new.png",
            "+    :target: deepseg/new.html",
            "+",
            "+    deepseg/new",
        ]
    )
    assert add_to_gallery(new, "new", group) == new


@pytest.mark.parametrize("group", ["spinal_cord", "gray_matter", "pathology", ""])
def test_docutils_finds_the_figure_in_its_section(group: str) -> None:
    document = parsed(add_to_gallery(GALLERY, "new", group))
    (section,) = [s for s in document.findall(nodes.section) if s["names"] == [_NAMES[group]]]
    row = list(section.findall(nodes.row))[-1]
    assert len(row) == 3
    assert any(image["uri"].endswith("/new.png") for image in row.findall(nodes.image))
    assert any(r["refuri"] == "deepseg/new.html" for r in row.findall(nodes.reference))


_NAMES = {
    "spinal_cord": "spinal cord",
    "gray_matter": "gray matter",
    "pathology": "pathologies",
    "": "other structures",
}


def test_many_tasks_fill_the_rows() -> None:
    text = GALLERY
    for number in range(5):
        text = add_to_gallery(text, f"new{number}", "pathology")
    (section,) = [s for s in parsed(text).findall(nodes.section) if s["names"] == ["pathologies"]]
    rows = [[len(entry) for entry in row] for row in section.findall(nodes.row)]
    assert rows == [[1, 1, 1], [1, 1, 1]]


def test_the_last_line_may_have_no_end() -> None:
    old = GALLERY.rstrip("\n")
    new = add_to_gallery(old, "new", "spinal_cord")
    assert new == add_to_gallery(GALLERY, "new", "spinal_cord")
    assert add_to_gallery(new.rstrip("\n"), "new", "spinal_cord") == new.rstrip("\n")


@pytest.mark.parametrize(
    ("old", "says"),
    [
        ("", "no table of contents"),
        (GALLERY.replace("Pathologies", "Diseases###"), "no section 'pathologies'"),
        (GALLERY.replace(".. list-table::", ".. table::"), "no list-table"),
    ],
)
def test_another_form_is_left_to_people(old: str, says: str) -> None:
    with pytest.raises(Unfit, match=says):
        add_to_gallery(old, "new", "pathology")


def test_a_page_is_read_by_docutils() -> None:
    (title,) = parsed(write_page("lesion_ms_mp2rage")).findall(nodes.title)
    assert title.astext() == "lesion_ms_mp2rage"
