"""The test of a task in SCT's ``test_sct_deepseg.py``: one tuple of a parametrized test."""

from __future__ import annotations

import ast
from typing import NamedTuple

from .entries import Change, adding
from .page import Unfit
from .source import Source
from .text import double, single
from .wanted import Wanted

BINARY, MULTICLASS = "test_segment_nifti_binary_seg", "test_segment_nifti_multiclass"
#: The parameters that SCT's tests have, where there is no SCT.
_PARAMETERS = {
    BINARY: "fname_image, fname_seg_manual, fname_out, task, thr, expected_dice",
    MULTICLASS: "fname_image, fnames_seg_manual, fname_out, suffixes, task, thr, expected_dice, "
    "extra_args",
}
#: The images in SCT's test data, by contrast: folder and file.
_IMAGES = {"t2": ("t2", "t2"), "t2star": ("t2s", "t2s"), "any": ("t2", "t2")}


class _Parametrized(NamedTuple):
    """A parametrized test of SCT."""

    names: list[str]
    cases: ast.List


def fitting_test(wanted: Wanted) -> str:
    """Return the name of SCT's test for a model: by the number of files that it writes."""
    return MULTICLASS if len(wanted.suffixes) > 1 else BINARY


def write_test(wanted: Wanted) -> str:
    """Return the tuple, with the parameters that SCT's tests have today."""
    return _tuple(wanted, _PARAMETERS[fitting_test(wanted)].split(", "))


def add_test(source: Source, wanted: Wanted) -> Change | None:
    """Add the tuple to its test; None if the task has one.

    Raises:
        Unfit: the test has another form than is known.
    """
    test = find_test(source, fitting_test(wanted))
    if test is None:
        raise Unfit(f"no test {fitting_test(wanted)} with a list of cases")
    if has_case(source, wanted.task):
        return None
    return adding(source, test.cases, _tuple(wanted, test.names))


def has_case(source: Source, task: str) -> bool:
    """Return whether a test of SCT has a case of a task."""
    found = (find_test(source, name) for name in (BINARY, MULTICLASS))
    return any(
        isinstance(node, ast.Constant) and node.value == task
        for test in found
        if test
        for node in ast.walk(test.cases)
    )


def case_suffixes(source: Source, task: str) -> tuple[int, list[str]] | None:
    """Return the line and the suffixes of a task's case; None if there is none, or it is code."""
    test = find_test(source, MULTICLASS)
    if test is None or "suffixes" not in test.names:
        return None
    at = test.names.index("suffixes")
    for case in test.cases.elts:
        parts = case.elts if isinstance(case, ast.Tuple) else []
        if any(isinstance(part, ast.Constant) and part.value == task for part in parts):
            try:
                return parts[at].lineno, list(ast.literal_eval(parts[at]))
            except (ValueError, TypeError, IndexError):
                return None
    return None


def find_test(source: Source, name: str) -> _Parametrized | None:
    """Return a parametrized test whose cases are a list; None if there is none."""
    for function in source.tree.body:
        if not isinstance(function, ast.FunctionDef) or function.name != name:
            continue
        for decorator in function.decorator_list:
            if isinstance(decorator, ast.Call) and len(decorator.args) == 2:
                names, cases = decorator.args
                if isinstance(cases, ast.List):
                    return _Parametrized(_names(names), cases)
    return None


def _names(node: ast.expr) -> list[str]:
    try:
        given = ast.literal_eval(node)
    except ValueError:
        return []
    words = given.split(",") if isinstance(given, str) else given
    return [str(word).strip() for word in words]


def _tuple(wanted: Wanted, names: list[str]) -> str:
    values = _values(wanted)
    if unknown := [name for name in names if name not in values]:
        raise Unfit(f"its test has the parameter {unknown[0]!r}, of which no value is known")
    lines = [f"{values[name][0]}," for name in names]
    lines[-1] = f"{lines[-1][:-1]}),"
    lines = [line + values[name][1] for line, name in zip(lines, names, strict=True)]
    return "    (" + "\n     ".join(lines) + "\n"


def _values(wanted: Wanted) -> dict[str, tuple[str, str]]:
    """Return the values of the parameters, each with its comment."""
    folder, image = next(
        (_IMAGES[contrast] for contrast in wanted.contrasts if contrast in _IMAGES), ("", "")
    )
    shown = "/".join(contrast.upper() for contrast in wanted.contrasts)
    dummy = "" if folder else f"  # dummy image since no {shown} test data"
    folder, image = folder or "t2", image or "t2"
    several = len(wanted.suffixes) > 1
    out = f"{image}_deepseg.nii.gz" if several else f"{image}_seg_deepseg.nii.gz"
    suffixes = ", ".join(double(suffix) for suffix in wanted.suffixes)
    just_runs = "  # no ground truth, just test if it runs"
    return {
        "fname_image": (f"sct_test_path({single(folder)}, {single(f'{image}.nii.gz')})", dummy),
        "fname_seg_manual": ("None", just_runs),
        "fnames_seg_manual": (f"[{', '.join(['None'] * len(wanted.suffixes))}]", just_runs),
        "fname_out": (single(out), ""),
        "suffixes": (f"[{suffixes}]", ""),
        "task": (single(wanted.task), ""),
        # `-thr` is always given in the second test.
        "thr": ("0.5" if several else "None", ""),
        "expected_dice": ("None", ""),
        "extra_args": ("[]", ""),
    }
