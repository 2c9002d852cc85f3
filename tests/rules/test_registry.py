"""The registry of rules as a whole: documented, quoted truly, and each rule's test its own.

The cases are those of the catalogue.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import catalogue
import pytest
from build import Case, load
from github_server import GitHubServer
from model_lint.findings import Consumer, Problem
from model_lint.lint import Options, lint
from model_lint.models.target import Target
from model_lint.naming import parse
from model_lint.rules import Authority, Rule, all_rules
from releasing import ReleaseCase

from rules.test_release import RELEASES

HERE = Path(__file__).parent
RULES = {rule.code: rule for rule in all_rules()}
SPECIFICATION = HERE.parent.joinpath("data", "specification.txt").read_text(encoding="utf-8")
#: Code, name and severity of each rule: a contract with configurations and reports.
TABLE = """
Z001 not-a-zip error
Z002 zip-corrupt error
Z003 unsafe-path error
Z004 special-entry error
Z005 encrypted error
Z006 compression-unsupported error
Z007 duplicate-entry error
Z008 junk-entry warning
Z009 bomb error
Z010 crc-mismatch error
Z011 header-mismatch error
L001 trainer-folder-missing error
L002 several-trainer-folders error
L003 trainer-folder-name error
L004 nested-too-deep error
L005 wrapper-folder warning
L006 wrapper-name error
L007 file-missing error
L008 fold-missing error
L009 fold-name error
L010 fold-all-mixed error
L011 final-checkpoint-missing error
L012 extra-checkpoint error
L013 image-data error
L014 validation-folder error
L015 unexpected-file warning
L016 trainer-class-missing error
L017 trainer-class-unneeded info
L018 trainer-class-invalid error
L019 trainer-class-imports error
L020 crop-metadata-misplaced error
L021 crop-metadata-invalid error
L022 package-name warning
L023 trainer-class-signature error
L024 sct-several-folds info
L025 nnunet-1 error
L026 package-too-large error
L027 slicer-dataset-folder error
L028 slicer-fold error
D001 dataset-json-invalid error
D002 dataset-schema error
D003 missing-image-orientation error
D004 invalid-image-orientation error
D005 legacy-orientation-key error
D006 labels-invalid error
D007 channels-invalid warning
D008 label-suffix warning
D009 sct-many-channels error
D010 sct-many-labels info
D011 training-count warning
D012 reader-orientation error
D013 image-reader-unknown warning
N001 name-prefix error
N002 name-syntax error
N003 task-missing warning
N004 value-not-allowed error
N005 value-not-listed info
N006 value-ambiguous warning
N007 wrong-order error
N008 legacy-order warning
N009 mixed-token error
N010 repeated-field error
N011 value-alias error
N012 architecture-mismatch warning
C001 not-a-torch-zip error
C002 checkpoint-truncated error
C003 checkpoint-key-missing error
C004 trainer-differs error
C005 configuration-differs error
C006 fold-differs warning
C007 output-channels error
C008 input-channels error
C009 folds-differ error
C010 optimizer-state warning
C011 not-weights-only warning
C012 embedded-plans-differ warning
C013 non-finite-weights error
C014 same-folds warning
C015 weights-shape error
C016 checkpoint-end-unread warning
K001 pickle-global error
K002 pickle-opcode error
K003 pickle-opaque error
K004 pickle-malformed error
K005 torch-zip-member error
K006 pickle-arguments error
P001 plans-invalid error
P002 configuration-missing error
P003 plans-name-differs warning
P004 plans-old-format warning
P005 cascade error
P006 fingerprint-invalid warning
P007 plans-incomplete error
P008 plans-code error
R001 readme-missing error
R002 license-missing error
R003 citation-missing warning
R004 readme-placeholder warning
R005 weights-in-git error
R006 personal-path warning
R007 bytecode-in-git warning
R008 readme-command-outdated warning
R009 readme-release-link warning
R010 secret-in-git error
R011 submodule-undeclared warning
R012 model-in-git info
R013 text-unread info
R014 card-outdated warning
T001 tag-format error
T002 tag-date error
T003 title-differs error
T004 tag-date-far warning
T005 asset-missing error
T006 asset-name warning
T007 asset-date-differs error
T008 asset-edited warning
T009 folds-disagree error
T010 release-unfinished info
T011 asset-incomplete error
T012 checksum-differs error
T013 repository-renamed warning
T014 tagged-state-differs warning
T015 tag-moved warning
T016 release-missing warning
V001 leaked-path warning
V002 leaked-host warning
V003 leaked-subjects warning
V004 leaked-secret error
"""


#: One case for each rule in which it fires.
FIRING: dict[str, Case | ReleaseCase | str] = {
    **{case.code: case for case in reversed(catalogue.of_rules()) if case.fires},
    **{case.code: case for case in reversed(RELEASES) if case.fires},
    **{code: wrong for code, (wrong, _) in catalogue.names().items()},
}


def targets(case: Case | ReleaseCase | str, folder: Path) -> tuple[Target, ...]:
    if isinstance(case, Case):
        path = case.build(folder)
        return (load(path, name=case.name, deep=case.deep, quick=case.quick),)
    if isinstance(case, ReleaseCase):
        with GitHubServer() as server:
            case.publish(server)
            return case.load(server)
    return (Target(case, "name", name=parse(case)),)


def codes(rules: Iterable[Rule], of: Iterable[Target]) -> set[str]:
    options = Options(tuple(rules), consumers=tuple(Consumer))
    return {finding.code for target in of for finding in lint(target, options).findings}


def test_codes_names_and_severities_are_the_contract() -> None:
    lines = TABLE.strip().split("\n")
    table = {code: (name, severity) for code, name, severity in map(str.split, lines)}
    rules = {code: (rule.name, rule.severity.value) for code, rule in RULES.items()}
    assert rules == table


def test_code_that_loading_would_run_is_a_matter_of_security() -> None:
    assert all(RULES[code].security for code in RULES if code == "P008" or code[0] == "K")


def test_names_are_unique() -> None:
    assert len({rule.name for rule in RULES.values()}) == len(RULES)


@pytest.mark.parametrize("code", RULES)
def test_every_rule_has_a_firing_and_a_silent_case(code: str) -> None:
    cases: list[Case | ReleaseCase] = [*catalogue.of_rules(), *RELEASES]
    fires = {case.fires for case in cases if case.code == code}
    assert fires == {True, False} or code in catalogue.names()


def _silent(*_: object) -> Iterator[Problem]:
    yield from ()


@pytest.mark.parametrize("code", FIRING)
def test_an_emptied_rule_fails_its_firing_case(code: str, tmp_path: Path) -> None:
    """The firing case hears of this defect from this rule alone."""
    of = targets(FIRING[code], tmp_path)
    others = [r if r.code != code else r._replace(check=_silent) for r in RULES.values()]
    assert code in codes([RULES[code]], of)
    assert code not in codes(others, of)


@pytest.mark.parametrize("rule", RULES.values(), ids=lambda rule: rule.code)
def test_the_documentation_is_complete(rule: Rule) -> None:
    assert rule.summary
    assert rule.why
    assert rule.fix
    for text in (rule.summary, rule.why, rule.fix):
        assert text.endswith((".", ")", "`", "?")), text
    assert rule.since
    assert len(rule.summary) <= 110


@pytest.mark.parametrize("rule", RULES.values(), ids=lambda rule: rule.code)
def test_what_is_said_of_the_specification_is_quoted_from_it(rule: Rule) -> None:
    assert (rule.source in SPECIFICATION) == (rule.authority is Authority.SPEC)


@pytest.mark.parametrize("rule", RULES.values(), ids=lambda rule: rule.code)
def test_a_rule_is_short(rule: Rule) -> None:
    """A rule is read at one glance: what is more belongs into the models."""
    import inspect

    source = inspect.getsource(rule.check)
    body = source.rpartition('"""')[2].strip().splitlines()
    assert len(body) <= 25, len(body)


def test_importing_the_rules_imports_nothing_heavy() -> None:
    import subprocess
    import sys

    code = "import sys, model_lint.rules as r; r.all_rules(); print(*sys.modules)"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    heavy = {"jsonschema", "torch", "numpy", "difflib", "urllib.request", "hypothesis"}
    assert not heavy & set(out.stdout.split())
