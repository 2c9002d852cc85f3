from __future__ import annotations

import json
from pathlib import Path

import pytest
from leaks import HARMLESS, LEAKY, TIME
from model_lint.privacy import Leak, find_leaks, scrub

MODEL = Path(__file__).parents[1] / "data" / "nnUNetTrainerTiny__nnUNetPlans__2d"


@pytest.mark.parametrize(("text", "leaks"), LEAKY)
def test_finds_and_removes(text: str, leaks: list[tuple[str, str]]) -> None:
    assert [(leak.kind, leak.value) for leak in find_leaks(text)] == leaks
    clean = scrub(text)
    assert not any(value in clean for _, value in leaks)
    assert find_leaks(clean) == ()
    assert scrub(clean) == clean


@pytest.mark.parametrize("text", HARMLESS)
def test_leaves_the_rest_alone(text: str) -> None:
    assert find_leaks(text) == ()
    assert scrub(text) == text


@pytest.mark.parametrize(("text", "leaks"), LEAKY)
def test_reads_json_string_by_string(text: str, leaks: list[tuple[str, str]]) -> None:
    data = {"attribute": text, text: [1, text], "other": "é \\"}
    source = json.dumps(data, indent=4)
    found = find_leaks(source)
    assert {(leak.kind, leak.value) for leak in found} >= set(leaks)
    assert {leak.line for leak in found} == {2, 3, 5}
    clean = scrub(source)
    assert json.loads(clean)["other"] == "é \\"
    assert not any(json.dumps(value)[1:-1] in clean for _, value in leaks)
    assert scrub(clean) == clean


def test_lines_are_counted_in_text() -> None:
    text = f"one\n{TIME}predicting liver_12\nthree /home/x/y\nliver_12 again\n"
    assert find_leaks(text) == (
        Leak("subject", "liver_12", 2),
        Leak("path", "/home/x/y", 3),
        Leak("subject", "liver_12", 4),
    )


@pytest.mark.parametrize("key", ["hostname", "Hostname", "SLURMD_NODENAME", "user", "username"])
def test_a_key_tells_that_its_value_is_a_host(key: str) -> None:
    text = json.dumps({key: "romane", "name": "romane", "x": f"on romane.uni, {key}s"})
    assert json.loads(scrub(text)) == {
        key: "<host>",
        "name": "<host>",
        "x": f"on <host>.uni, {key}s",
    }


@pytest.mark.parametrize("host", ["None", "localhost", "/bin/sh: 1: hostname: not found", ""])
def test_no_host(host: str) -> None:
    assert find_leaks(json.dumps({"hostname": host})) == ()


@pytest.mark.parametrize("name", ["dataset.json", "plans.json", "dataset_fingerprint.json"])
def test_a_real_model_has_clean_json(name: str) -> None:
    assert find_leaks((MODEL / name).read_text(encoding="utf-8")) == ()
