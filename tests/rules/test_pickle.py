"""The rules about what a checkpoint would run: the genuine one, with one thing smuggled in."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from build import TRAINER, Case, Change, assert_case, changed, drop, findings, package, put
from checkpoint_files import Calls, changed_slim, dumped, member, rezipped, saved, slim

FOLD_0 = "fold_0/checkpoint_final.pth"
PICKLE = member(slim(), "data.pkl")


def pickled(data: bytes) -> Change:
    """Other bytes as data.pkl of the checkpoint."""
    return put(FOLD_0, rezipped(slim(), {"data.pkl": data}))


def more(value: object) -> Change:
    """One more entry of the checkpoint, written by torch."""
    return put(FOLD_0, changed_slim(lambda content: content.update(more=value)))


def inserted(opcodes: bytes) -> Change:
    """Opcodes that leave one value, as the value of one more entry."""
    entry = b"X\x04\x00\x00\x00more" + opcodes + b"s"
    return pickled(PICKLE[:-1] + entry + b".")


def members(changes: dict[str, bytes | None]) -> Change:
    return put(FOLD_0, rezipped(slim(), changes))


def valid(folder: Path) -> Path:
    return package(folder, put(FOLD_0, slim()))


def case(code: str, what: str, *changes: Change, **more: Any) -> Case:
    more.setdefault("at", f"{TRAINER}/{FOLD_0}")
    return changed(code, what, put(FOLD_0, slim()), *changes, valid=valid, **more)


def silent(code: str, what: str, *changes: Change, **more: Any) -> Case:
    return case(code, what, *changes, fires=False, **more)


def text(value: str) -> bytes:
    return b"\x8c" + bytes([len(value)]) + value.encode()


def call(function: str, argument: str) -> bytes:
    return f"c{function}\n".encode() + text(argument) + b"\x85R"


def of_numpy(value: object, old: bytes, new: bytes) -> bytes:
    """What numpy pickles for a value, with a part replaced."""
    found = dumped(value)
    assert old in found
    return found[2:-1].replace(old, new)


def no_text() -> Change:
    four = "\xff".encode() * 4
    return inserted(of_numpy(np.str_("a"), b"X\4\0\0\0a\0\0\0", b"X\x08\0\0\0" + four))


def too_large() -> Change:
    huge = b"\x8a\x08" + (2**62).to_bytes(8, "little")
    return inserted(of_numpy(np.zeros((1, 1, 0)), b"K\1K\1K\0\x87", huge * 2 + b"K\0\x87"))


CASES = [
    case("K001", "os.system", more(Calls(os.system, "true")), says="'posix.system' (data.pkl"),
    case("K001", "eval", more(Calls(eval, "1")), says="eval"),
    case("K001", "a path", more(Path("x")), says="pathlib"),
    case("K001", "a class of torch", more(torch.nn.ReLU()), also={"K002"}, says="activation.ReLU"),
    case("K001", "named only", inserted(b"cos\nsystem\n"), says="os.system"),
    case("K001", "neighbour of an allowed one", inserted(b"ctorch._utils\nevil\n"), says="evil"),
    silent("K001", "the genuine one"),
    silent("K001", "other plain values", more({"a": [1, 2.5, None, True, "x", (b"y",)]})),
    silent("K001", "a set", more({1, 2})),
    silent("K001", "a dtype and a device", more([torch.float16, torch.device("cuda", 1)])),
    case("K002", "NEWOBJ", inserted(b"ccollections\nOrderedDict\n)\x81"), says="NEWOBJ"),
    case("K002", "INST", inserted(b"(icollections\nOrderedDict\n"), says="INST"),
    case("K002", "POP", inserted(b"NN0"), says="POP"),
    case("K002", "text", inserted(b"I1\n"), says="INT"),
    silent("K002", "the genuine one"),
    silent("K002", "protocol 4", put(FOLD_0, saved({"a": 1}, protocol=4)), also={"C003", "C011"}),
    case("K003", "computed name", inserted(b"C\x02os" + text("system") + b"\x93")),
    silent("K003", "literal name", inserted(text("torch") + text("float32") + b"\x93")),
    case("K004", "no end", pickled(PICKLE[:-1]), says="before STOP"),
    case("K004", "more behind it", pickled(PICKLE + b"N."), says="follows"),
    case("K004", "a second pickle", pickled(PICKLE + dumped(Calls(eval, "1"))), says="follows"),
    case("K004", "no pickle", pickled(b"hello"), says="memo entry"),
    case("K004", "values left over", pickled(PICKLE[:-1] + b"N."), says="2 values"),
    silent("K004", "the genuine one"),
    case("K005", "a script", members({"run.py": b"x"}), says="run.py"),
    case("K005", "a storage without tensor", members({"data/999": b"x"}), says="no tensor uses"),
    case("K005", "another folder", members({"/other/data.pkl": b"x"}), says="other/data.pkl"),
    silent("K005", "the genuine one"),
    silent("K005", "a folder entry", members({"data/": b""})),
    case("K006", "codec", inserted(b"c_codecs\nencode\n" + text("a") + text("rot13") + b"\x86R"),
         says="_codecs.encode"),
    case("K006", "numpy objects", more(np.array([{}], dtype=object)), says="O8"),
    case("K006", "persistent id", inserted(text("x") + b"Q"), says="persistent id"),
    *(
        case("K006", f"a device {name!r}", inserted(call("torch\ndevice", name)), says="device")
        for name in ("", "CPU", "cuda:-1", "cuda:0x1", " cpu", "nonsense", "cuda:128")
    ),
    case("K006", "a text of no characters", no_text(), says="numpy refuses"),
    case("K006", "a shape that is too large", too_large(), says="plain numbers"),
    case("K006", "a dict of a dtype", inserted(b"ccollections\ndefaultdict\nctorch\nbool\n\x85R"),
         says="plain type"),
    *(
        silent("K006", f"a device {name}", inserted(call("torch\ndevice", name)))
        for name in ("cpu", "cuda:0", "cuda:127", "mps", "meta")
    ),
    silent("K006", "numbers of numpy", more([np.float32(1), np.zeros(3)]), also={"C011"}),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=str)
def test_case(case: Case, tmp_path: Path) -> None:
    assert_case(case, tmp_path, "C", "K")


def test_all_that_is_smuggled_in_shows_at_once(tmp_path: Path) -> None:
    values = [Calls(os.system, "x"), Calls(eval, "1"), np.array([{}], dtype=object)]
    found = findings(package(tmp_path, more(values)), "K")
    assert [f.code for f in found] == ["K001", "K001", "K006", "K006"]


def test_a_legacy_file_shows_what_it_would_run(tmp_path: Path) -> None:
    found = findings(package(tmp_path, put(FOLD_0, dumped(Calls(eval, "1")))), "C", "K")
    assert [f.code for f in found] == ["C001", "K001"]


def test_nothing_is_said_without_a_checkpoint(tmp_path: Path) -> None:
    assert findings(package(tmp_path, drop(FOLD_0)), "C", "K") == []
