"""The worst JSON and Python that the limits let through: little memory, and work that is linear."""

from __future__ import annotations

import cProfile
import itertools
import json
import pstats
import tracemalloc
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from build import MODEL, dataset, findings, package, plans, put
from model_lint.models.json_file import JsonFile, parse_json
from model_lint.storage.limits import (
    MAX_JSON_BYTES,
    MAX_JSON_TOKENS,
    MAX_SOURCE_BYTES,
    MAX_SOURCE_TOKENS,
)

MEBIBYTE = 1024 * 1024


def calls(work: Callable[[], object]) -> int:
    """Return how many functions are called: a measure of time that is the same each time."""
    profile = cProfile.Profile()
    profile.runcall(work)
    total: int = pstats.Stats(profile).total_calls  # type: ignore[attr-defined]
    return total


def peak(work: Callable[[], object]) -> int:
    """Return the most bytes that were allocated at once."""
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


# JSON


def of(item: str, brackets: str = "[]", depth: int = 1, join: str = ",") -> Callable[[int], str]:
    """Return a function that writes so many of an item, ``{}`` in it being their number."""

    def write(amount: int) -> str:
        items = join.join(item.replace("@", str(number)) for number in range(amount))
        return brackets[0] * depth + items + brackets[1] * depth

    return write


#: How to write it, and the strings, brackets and commas of each item.
WORST_JSON: dict[str, tuple[Callable[[int], str], int]] = {
    "numbers": (of("1"), 1),
    "fractions": (of("@.5"), 1),
    "strings": (of('"@"'), 2),
    "lists": (of("[]"), 3),
    "objects": (of('{"a":1}'), 4),
    "keys": (of('"@":@', "{}"), 2),
    "a key again and again": (of('"a":1', "{}"), 2),
    "deep numbers": (of("1", depth=9), 1),
    "deepest numbers": (of("1", depth=99), 1),
    "lines": (of("1", join=",\n"), 1),
    "nested objects": (of('{"a":{"b":{"c":{}}}}'), 12),
    "wide characters": (of('"\U0001f9e0"'), 2),
}


def use(data: bytes) -> JsonFile:
    """Read a file and ask for all that rules ask for."""
    file = parse_json("x.json", data)
    file.line("a")
    next(file.repeated, None)
    return file


@pytest.mark.parametrize("name", ["fractions", "keys", "objects", "deep numbers", "strings"])
def test_as_much_json_as_is_read_takes_little_memory(name: str) -> None:
    write, tokens = WORST_JSON[name]
    data = write((MAX_JSON_TOKENS - 300) // tokens).encode()
    assert len(data) <= MAX_JSON_BYTES
    assert use(data[: MAX_JSON_BYTES + 1]).unreadable is None
    assert peak(lambda: use(data)) < 120 * MEBIBYTE


@pytest.mark.parametrize("name", WORST_JSON)
def test_more_json_is_not_parsed(name: str) -> None:
    write, tokens = WORST_JSON[name]
    data = write(MAX_JSON_TOKENS // tokens + 10).encode()
    file = parse_json("x.json", data)
    assert file.unreadable is not None
    assert file.unreadable.reason.startswith("larger than any genuine file: more than 300000")
    assert peak(lambda: parse_json("x.json", data)) < 30 * MEBIBYTE


@pytest.mark.parametrize(
    "text",
    [
        '"' + "a" * (MAX_JSON_BYTES - 2) + '"',
        '"' + r"\n" * (MAX_JSON_BYTES // 2 - 1) + '"',
        '"' + r"\"" * (MAX_JSON_BYTES // 2 - 1) + '"',
        '"' + r"\"" * (MAX_JSON_BYTES // 2 - 1),
        '["' + "\\" * (MAX_JSON_BYTES // 2 * 2 - 4) + '"]',
        " " * (MAX_JSON_BYTES - 2) + "[]",
    ],
    ids=["letters", "escapes", "quotes", "no end", "backslashes", "blanks"],
)
def test_long_strings_take_no_more_memory_than_their_size(text: str) -> None:
    assert peak(lambda: use(text.encode())) < 10 * MAX_JSON_BYTES


@pytest.mark.parametrize("text", [r'["\\", "a\"]"]', r'{"a\"b": [1, "\\\"", 2]}', r'["\\\\"]'])
def test_escapes_are_passed_over(text: str) -> None:
    file = parse_json("x.json", text.encode())
    assert file.value == json.loads(text)
    assert file.line(*next(iter(file._offsets))) == 1


def test_the_largest_genuine_files_are_read() -> None:
    """Ten times the training cases of TotalSegmentator, and ten times the largest plans of 71."""
    cases = {"spacings": [[1.0, 0.5, 0.5]] * 12280, "shapes_after_crop": [[99, 512, 512]] * 12280}
    assert parse_json("x", json.dumps(cases, indent=4).encode()).unreadable is None
    listed = {
        f"case_{n:05}": {"images": [f"imagesTr/{n}.nii.gz"], "label": "y"} for n in range(20000)
    }
    assert parse_json("x", json.dumps({"dataset": listed}, indent=4).encode()).unreadable is None


def test_too_large_is_one_finding(tmp_path: Path) -> None:
    large = package(tmp_path, dataset({"note": "x" * MAX_JSON_BYTES}), plans({"x": "x" * 10**7}))
    found = [f for f in findings(large, weights=False) if "genuine file" in f.message]
    assert [f.code for f in found] == ["D001", "P001"]
    assert "4 MB, the limit is 4 MB" in found[0].message


def test_many_large_files_share_a_limit(tmp_path: Path) -> None:
    write, tokens = WORST_JSON["keys"]
    large = write((MAX_JSON_TOKENS - 300) // tokens)
    names = ("dataset.json", "plans.json", "dataset_fingerprint.json")
    path = package(tmp_path, *(put(name, large) for name in names))
    found = [f for f in findings(path, "P006", weights=False) if "not read, since" in f.message]
    assert len(found) == 1
    assert peak(lambda: findings(path, "D", "P", weights=False)) < 150 * MEBIBYTE


def chain(amount: int) -> Any:
    """Let each configuration inherit from the next."""
    names = ["2d", *(f"c{n}" for n in range(amount))]
    return lambda value: value["configurations"].update(
        {name: {"inherits_from": after} for name, after in itertools.pairwise(names)}
        | {names[-1]: value["configurations"]["2d"]}
    )


WORST_VALUES: dict[str, Callable[[int], Any]] = {
    "a chain of configurations": lambda n: plans(chain(n)),
    "many configurations": lambda n: plans(
        lambda v: v["configurations"].update({f"c{i}": {} for i in range(n)})
    ),
    "many labels": lambda n: dataset(
        {"labels": {"background": 0} | {f"l{i}": i for i in range(n)}}
    ),
    "many regions": lambda n: dataset(
        {
            "labels": {"background": 0} | {f"l{i}": [1 + i % 200, 2] for i in range(n)},
            "regions_class_order": [1] * n,
        }
    ),
    "a region of many values": lambda n: dataset(
        {"labels": {"background": 0, "a": [*range(1, n)], "b": 1}, "regions_class_order": [2, 1]}
    ),
    "labels as text": lambda n: dataset({"labels": {str(i): "a" for i in range(n)}}),
    "many channels": lambda n: dataset({"channel_names": {f"c{i}": i / 2 for i in range(n)}}),
    "many normalizations": lambda n: plans(
        lambda v: v["configurations"]["2d"].update(normalization_schemes=["x"] * n)
    ),
    "many strides": lambda n: plans(
        lambda v: v["configurations"]["2d"]["architecture"]["arch_kwargs"].update(
            strides=[[1, 1]] * n
        )
    ),
    "many imports": lambda n: plans(
        lambda v: v["configurations"]["2d"]["architecture"].update(_kw_requires_import=["x"] * n)
    ),
    "many axes": lambda n: plans(lambda v: v["configurations"]["2d"].update(patch_size=[8] * n)),
}


@pytest.mark.parametrize("name", WORST_VALUES)
def test_rules_are_linear_in_the_values(name: str, tmp_path: Path) -> None:
    small, large = (
        package(tmp_path, WORST_VALUES[name](n), name=f"model_x-r2024010{n % 9}.zip")
        for n in (500, 2000)
    )
    work = [calls(partial(findings, p, "D", "P", weights=False)) for p in (small, large)]
    assert work[1] < 5 * work[0]


# trainer_class.py


def lines(unit: str, join: str = "", head: str = "", tail: str = "") -> Callable[[int], str]:
    """Return a function that repeats a unit up to a size, ``@`` in it being its number."""

    def write(size: int) -> str:
        amount = (size - len(head) - len(tail)) // len(unit.replace("@", "10000") + join)
        return head + join.join(unit.replace("@", str(n)) for n in range(amount)) + tail

    return write


WORST_PYTHON = {
    "list": lines("0", ",", "x=[", "]\n"),
    "names": lines("a", ",", "x=[", "]\n"),
    "texts": lines("''", ",", "x=[", "]\n"),
    "comparisons": lines("a", "<", "x=", "\n"),
    "imports": lines("import a@\n"),
    "imported names": lines("a@", ",", "from nnunetv2.paths import (", ")\n"),
    "modules": lines("a@", ",", "import ", "\n"),
    "calls": lines("a()\n"),
    "expressions": lines("0\n"),
    "dictionary": lines("1:1", ",", "x={", "}\n"),
    "classes": lines("class A@(A1,A2):0\n"),
    "factories": lines("def get_trainer_class():return A\n", "", "class A:0\n"),
    "returns": lines(" return A\n", "", "class A:0\ndef get_trainer_class():\n"),
    "conditions": lines("if a:0\n"),
    "attempts": lines("try:0\nexcept:0\n"),
    "functions": lines("lambda:0", ",", "x=[", "]\n"),
    "variables": lines("os.environ['A@']\n", "", "import os\n"),
    "calls of the base class": lines(
        " a.b()\n", "", "def build_network_architecture(a,b,c,d,e,enable_deep_supervision):\n"
    ),
    "bases": lines("A", ",", "class A(", "):0\n"),
    "arguments": lines("a@", ",", "def get_trainer_class(", "):0\n"),
    "formatted": lines("{a}", "", "x=f'", "'\n"),
    "sys.path": lines("sys.path\n"),
}


def judge(folder: Path, text: str) -> object:
    return findings(package(folder, put("trainer_class.py", text)), "L", weights=False)


@pytest.mark.parametrize("name", WORST_PYTHON)
def test_judging_a_trainer_is_linear(name: str, tmp_path: Path) -> None:
    small, large = (WORST_PYTHON[name](size) for size in (4000, 16000))
    assert calls(lambda: judge(tmp_path, large)) < 5 * calls(lambda: judge(tmp_path, small))


@pytest.mark.parametrize("name", ["names", "expressions", "formatted"])
def test_the_largest_trainer_takes_little_memory(name: str, tmp_path: Path) -> None:
    size = {"names": 2, "expressions": 2, "formatted": 3}[name] * MAX_SOURCE_TOKENS // 3
    text = WORST_PYTHON[name](size)
    assert peak(lambda: judge(tmp_path, text)) < 80 * MEBIBYTE


def test_what_a_compiler_would_copy_takes_little_memory(tmp_path: Path) -> None:
    """Python compiles the inner of 19 nested `finally` half a million times."""
    levels = [f"{' ' * n}try: a\n{' ' * n}finally:\n" for n in range(19)]
    text = "".join(levels) + " " * 19 + "a()\n"
    assert peak(lambda: judge(tmp_path, text)) < 80 * MEBIBYTE


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ("#" * MAX_SOURCE_BYTES, "larger than any genuine file: 257 kB, the limit is 256 kB"),
        ("# " * MAX_SOURCE_TOKENS, "larger than any genuine trainer: more than 40000 words"),
        ("x = [" + "0," * MAX_SOURCE_TOKENS + "]", "more than 40000 words and symbols"),
    ],
)
def test_a_larger_trainer_is_not_parsed(more: str, says: str, tmp_path: Path) -> None:
    text = (MODEL / "trainer_class.py").read_text() + more
    path = package(tmp_path, put("trainer_class.py", text))
    (found,) = findings(path, "L", weights=False)
    assert found.code == "L018"
    assert says in found.message


def test_a_trainer_as_large_as_the_largest_genuine_one_is_parsed(tmp_path: Path) -> None:
    genuine = (MODEL / "trainer_class.py").read_text()
    text = genuine + f"{genuine[genuine.index('class ') :]}\n" * (100_000 // len(genuine))
    assert findings(package(tmp_path, put("trainer_class.py", text)), "L", weights=False) == []
