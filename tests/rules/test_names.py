"""The rules about names: each fires on its defect, alone, and stays silent on right names."""

from __future__ import annotations

import re

import pytest
from model_lint.findings import Severity
from model_lint.naming import TOLERATED, parse
from model_lint.rules import Rule, name_rules

RULES = {rule.code: rule for rule in name_rules() if rule.models == ("name",)}

#: Code: a name where the rule fires and no other does, and one beside it where none does.
NAMES = {
    "N001": ("model-seg_sc_t2", "model_seg_sc_t2"),
    "N002": ("model_seg_SC_t2", "model_seg_sc_t2"),
    "N003": ("model_sc_t2", "model_seg_sc_t2"),
    "N004": ("model_seg_sc_t2_unet3d-multiclass", "model_seg_sc_t2_unet3d"),
    "N005": ("model_seg_sc-sulcus_t2", "model_seg_sc-lesion_t2"),
    "N006": ("model_seg_yak", "model_seg_monkey"),
    "N007": ("model_seg_exvivo_gm_t2", "model_seg_gm_exvivo_t2"),
    "N008": ("model_seg_monkey_sc_t1_unet3d", "model_seg_sc_monkey_t1_unet3d"),
    "N009": ("model_seg_mouse-sc_t1", "model_seg_sc_mouse_t1"),
    "N010": ("model_seg_sc_gm_t2", "model_seg_sc-gm_t2"),
    "N011": ("model_seg_mice_t2w", "model_seg_mouse_t2"),
}


def fired(name: str) -> set[str]:
    return {code for code, rule in RULES.items() if list(rule.check(parse(name)))}


def test_there_is_a_case_for_each_rule() -> None:
    assert list(RULES) == list(NAMES)


@pytest.mark.parametrize("code", NAMES)
def test_fires_on_its_defect_alone(code: str) -> None:
    wrong, right = NAMES[code]
    assert fired(wrong) == {code}
    assert fired(right) == set()


@pytest.mark.parametrize("code", NAMES)
def test_says_what_and_how_to_fix(code: str) -> None:
    wrong, right = NAMES[code]
    for problem in RULES[code].check(parse(wrong)):
        assert "\n" not in problem.message
        assert problem.at == ""
        if code in {"N004", "N005", "N006"}:  # the message names the choices, if there are any
            assert problem.help is None
        elif code == "N003":  # any task may be meant
            assert problem.help == f"perhaps `{right}`"
        else:
            assert problem.help == f"rename it to `{right}`"


def test_errors_are_what_makes_a_name_unusable() -> None:
    errors = {code for code, rule in RULES.items() if rule.severity is Severity.ERROR}
    assert errors.isdisjoint(TOLERATED)
    assert errors | TOLERATED == set(RULES)
    assert RULES["N005"].severity is Severity.INFO


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_the_documentation_is_complete_and_its_examples_are_true(rule: Rule) -> None:
    assert rule.summary.endswith(".")
    assert rule.why
    assert rule.fix
    example = (rule.check.__doc__ or "").partition("Example: ")[2]
    names = re.findall(r"`(model[_-][^`]+)`", example)
    if rule.code != "N011":  # shows values, not names
        assert rule.code in fired(names[0])
    for wrong in re.findall(r"`(model[^`]+)` is wrong", example):
        assert fired(wrong) == {rule.code}
    for right in names[1:]:
        assert fired(right) <= {"N005"}
