"""The expressions, as GitHub documents them."""

from __future__ import annotations

from typing import Any

import pytest

from actions.expression import evaluate, fill
from actions.job import holds

CONTEXTS = {
    "github": {"event_name": "release", "event": {"release": {"tag_name": "r1"}, "private": False}},
    "inputs": {},
    "needs": {"check": {"outputs": {"status": "1", "list": '[{"name": "a"}]'}}},
}


@pytest.mark.parametrize(
    ("source", "value"),
    [
        ("github.event.release.tag_name", "r1"),
        ("inputs.tag || github.event.release.tag_name", "r1"),
        ("inputs.tag", None),
        ("github.event.missing.name", None),
        ("needs.check.outputs.status == '1' && (inputs.x || github.event_name == 'release')", True),
        ("needs.check.outputs.status != '1'", False),
        ("!github.event.private && 'it''s'", "it's"),
        ("!(true && false) == true", True),
        ("inputs.x == ''", True),
        ("fromJSON(needs.check.outputs.list)", [{"name": "a"}]),
        ("null", None),
    ],
)
def test_values(source: str, value: Any) -> None:
    assert evaluate(source, CONTEXTS, {}) == value


@pytest.mark.parametrize("source", ["a.b", "github.x ~ 1", "hello()", "(true", "true false", "'x"])
def test_what_is_not_understood_is_an_error(source: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        evaluate(source, CONTEXTS, {})


def test_text_around_expressions() -> None:
    tag = "github.event.release.tag_name"
    assert fill(f"a ${{{{ {tag} }}}}-${{{{ inputs.x }}}}", CONTEXTS, {}) == "a r1-"
    assert fill("${{ github.event.private }}", CONTEXTS, {}) is False
    assert fill("x ${{ github.event.private }}", CONTEXTS, {}) == "x false"
    assert fill(7, CONTEXTS, {}) == 7


@pytest.mark.parametrize(
    ("condition", "after_success", "after_failure"),
    [
        ("", True, False),
        ("true", True, False),
        ("failure()", False, True),
        ("${{ always() }}", True, True),
        ("${{ !cancelled() && inputs.x }}", False, False),
        ("failure() && github.event_name == 'release'", False, True),
    ],
)
def test_conditions(condition: str, after_success: bool, after_failure: bool) -> None:
    assert holds(condition, CONTEXTS, failed=False) == after_success
    assert holds(condition, CONTEXTS, failed=True) == after_failure
