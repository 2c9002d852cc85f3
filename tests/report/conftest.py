from __future__ import annotations

import pytest
from model_lint.report import html, sarif
from report.sample_report import RULES


@pytest.fixture(autouse=True)
def fixed_rules(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the formats see the rules of the sample, so that the real ones can change."""
    for module in (html, sarif):
        monkeypatch.setattr(module, "all_rules", lambda: RULES)
