"""One sentence for each way to fail, and the rules that report it.

What nnU-Net and SCT raise is in `consumers/test_differential.py`, from packages that make them.
"""

from __future__ import annotations

import pytest
from model_lint.findings import Consumer, Finding, Severity, Stats, TargetReport
from model_lint.ship.trial.explain import explain, explain_defect, explain_end
from model_lint.ship.trial.outcome import Defect
from model_lint.ship.trial.process import Ended

ALL = tuple(Consumer)


def report(**codes: tuple[Consumer, ...]) -> TargetReport:
    """Return a report with an error of each code, which stops these consumers."""
    findings = tuple(
        Finding(code, "a-rule", Severity.ERROR, "wrong", "x.zip", None, "fix", "", stops=stops)
        for code, stops in codes.items()
    )
    return TargetReport("x.zip", "package", findings, Stats())


@pytest.mark.parametrize(
    ("raised", "sentence"),
    [
        ("2 entries match nnUNetTrainer*", "nnUNetTrainer... at the top, and finds 2"),
        ("no folder has a plans.json", "there is no trainer folder with a plans.json"),
        ("taken for a model of MONAI: it has a .ckpt file", "because of a .ckpt file"),
        ("there is no .pth file", "no fold has a checkpoint that is loaded"),
        ("neither checkpoint_final.pth nor checkpoint_best.pth is in a fold", "no fold has a"),
        ("no entry matches fold_*", "it has no fold"),
        ("there is no folder fold_0, fold_1, ... or fold_all", "it has no fold"),
        ("invalid literal for int() with base 10: 'old'", "the number of a fold"),
        ("crop_metadata.json has no pad_left", "crop_metadata.json has no pad_left"),
    ],
)  # fmt: skip
def test_what_stops_the_search_for_a_model(raised: str, sentence: str) -> None:
    failure = explain("find", "ValueError", raised, "sct", report())
    assert sentence in failure.sentence
    assert failure.codes == ()


def test_the_rule_that_fits_is_named_and_none_that_stops_another_consumer() -> None:
    found = report(D001=ALL, L019=ALL, C012=ALL)
    text = "No module named 'wandb'"
    failure = explain("trainer", "ModuleNotFoundError", text, "sct", found)
    assert failure.sentence == "it needs the module wandb, which is not installed there"
    assert failure.codes == ("L019",)
    assert explain("nowhere", "X", "y", "sct", found).codes == ("D001", "L019")
    for_slicer = report(D003=(Consumer.SCT,), L027=(Consumer.SLICER,))
    assert explain("nowhere", "X", "y", "sct", for_slicer).codes == ("D003",)


def test_an_edited_plans_json_is_named_only_if_nothing_else_is() -> None:
    assert explain("predict", "X", "y", "sct", report(C012=ALL)).codes == ("C012",)
    assert explain("predict", "X", "y", "sct", report(C012=ALL, P007=ALL)).codes == ("P007",)


def test_weights_that_do_not_fit_are_counted() -> None:
    text = (
        "Error(s) in loading state_dict for PlainConvUNet: "
        'Missing key(s) in state_dict: "a.weight", "b, c.bias". '
        'Unexpected key(s) in state_dict: "d". size mismatch for e: ... size mismatch for f: ...'
    )
    failure = explain("load", "RuntimeError", text, "nnunet", report())
    assert failure.sentence.endswith("PlainConvUNet: 2 missing, 1 left over, 2 of another shape")


@pytest.mark.parametrize(
    ("why", "status", "sentence"),
    [
        ("time", None, "it takes more than 60 s (predicting); --timeout allows more"),
        ("disk", None, "it writes more than the 5 MB that a trial allows"),
        ("answer", None, "its code wrote into the answers of the trial"),
        ("died", -9, "the system ended it while predicting: most likely it needs more memory"),
        ("died", -11, "its process ended without an answer while predicting (signal 11)"),
        ("died", 3, "its process ended without an answer while predicting (status 3)"),
    ],
)
def test_a_process_that_ends(why: str, status: int | None, sentence: str) -> None:
    limits = {"seconds": 60, "disk": 5_000_000}
    failure = explain_end(Ended(why, status), "predict", limits, report(), "sct")
    assert failure.sentence.startswith(sentence)


def test_a_wrong_result_names_no_rule_that_has_nothing_to_do_with_it() -> None:
    found = report(C013=ALL, L016=ALL)
    nan = explain_defect(Defect("finite", ""), "image.nii.gz", "sct", found)
    assert nan.codes == ("C013",)
    shifted = explain_defect(Defect("grid", ""), "image.nii.gz", "sct", found)
    assert (shifted.sentence, shifted.codes) == (
        "the result does not lie where image.nii.gz does",
        (),
    )


def test_whatever_is_raised_becomes_one_short_line() -> None:
    for text in ("\x1b[31m\n\r" * 10_000, "{0} {raised} %s", "\udcff\u202e", ""):
        for stage in ("find", "trainer", "load", "predict", "save", "unpack", "{x}"):
            line = explain(stage, "E{0}", text, "sct", report()).sentence
            assert line.isprintable()
            assert 10 < len(line) < 320


def test_a_long_text_that_the_package_wrote() -> None:
    """Every beginning of a cause in it would be tried with every end."""
    failure = explain(
        "load", "RuntimeError", "FileNotFoundError: a/checkpoint_" * 6000, "sct", report()
    )
    assert failure.sentence.startswith("it can't be loaded: ")
    missing = ", ".join(f'"weight{n}"' for n in range(9000))
    text = f"Error(s) in loading state_dict for Net: Missing key(s) in state_dict: {missing}"
    failure = explain("load", "RuntimeError", text, "sct", report())
    assert failure.sentence == "the weights do not fit the network Net: 9000 missing"
