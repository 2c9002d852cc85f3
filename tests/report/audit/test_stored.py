"""Reports that are kept come back as they were."""

from __future__ import annotations

import pytest
from hypothesis import given
from model_lint.findings import Report
from model_lint.report.audit.stored import pack, unpack
from report.sample_report import REPORT
from report.test_report_escaping import quick, reports


@given(reports())
@quick
def test_any_report_comes_back(report: Report) -> None:
    assert unpack(pack(report.targets)) == report.targets


def test_every_part_comes_back() -> None:
    """What is silenced is not kept: it is silenced again."""
    targets = tuple(target._replace(ignored=()) for target in REPORT.targets)
    assert unpack(pack(targets)) == targets


@pytest.mark.parametrize("data", [b"", b"{}", b"[[]]", b"[1]", b'[["x", "package"]]', b"\xff"])
def test_anything_else_is_nothing(data: bytes) -> None:
    assert not unpack(data)
