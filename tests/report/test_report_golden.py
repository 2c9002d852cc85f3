"""Each format, byte for byte. After a change on purpose: UPDATE_GOLDEN=1 pytest tests/report"""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from model_lint import __version__
from model_lint.report import FORMATS, render
from report.sample_report import ALL_CLEAN, NOTHING, REPORT

GOLDEN = Path(__file__).with_name("golden")
SUFFIXES = {
    "text": "txt",
    "concise": "concise.txt",
    "json": "json",
    "sarif": "sarif",
    "github": "github.txt",
    "outputs": "outputs.txt",
    "markdown": "md",
    "html": "html",
    "junit": "xml",
}


def agrees(name: str, rendered: str) -> None:
    path = GOLDEN / name
    rendered = rendered.replace(__version__, "VERSION")
    rendered = re.sub(r"(?s)(?<=<style>\n).*(?=</style>)", "STYLE\n", rendered)
    if os.environ.get("UPDATE_GOLDEN"):
        path.write_text(rendered, encoding="utf-8")
    assert rendered == path.read_text(encoding="utf-8")


@pytest.mark.parametrize("form", FORMATS)
def test_format(form: str) -> None:
    agrees(f"report.{SUFFIXES[form]}", render(REPORT, form))


@pytest.mark.parametrize("form", FORMATS)
def test_clean(form: str) -> None:
    agrees(f"clean.{SUFFIXES[form]}", render(ALL_CLEAN, form))


@pytest.mark.parametrize("form", FORMATS)
def test_nothing(form: str) -> None:
    agrees(f"nothing.{SUFFIXES[form]}", render(NOTHING, form))


@pytest.mark.parametrize("form", ["json", "sarif", "html", "junit"])
def test_documents_mean_the_same_in_every_encoding(form: str) -> None:
    assert "m\u00e4dchen" in render(REPORT, "text")
    assert render(REPORT, form).isascii()


def test_color() -> None:
    agrees("color.txt", render(REPORT, "text", color=True))


def test_narrow() -> None:
    agrees("narrow.txt", render(REPORT, "text", width=60))


def test_every_golden_file_is_used() -> None:
    kinds = ("report", "clean", "nothing")
    names = {f"{kind}.{suffix}" for kind in kinds for suffix in SUFFIXES.values()}
    assert {p.name for p in GOLDEN.iterdir()} == names | {"color.txt", "narrow.txt"}
