"""Reading every byte: checksums of packages and of the checkpoints in them, and numbers."""

from __future__ import annotations

import io
import math
import random
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from build import (
    NAME,
    TRAINER,
    Change,
    findings,
    genuine,
    load,
    package,
    put,
    unpacked,
    write_zip,
)
from checkpoint_files import changed_slim, rezipped, saved, slim
from hypothesis import given, settings
from hypothesis import strategies as st
from model_lint.checkpoint.finite import has_nonfinite, is_zero
from model_lint.lint import Options, lint, select_rules
from model_lint.rules import all_rules

FOLD_0 = "fold_0/checkpoint_final.pth"
CHECKPOINT = f"{TRAINER}/{FOLD_0}"
STEM = "encoder.stages.0.0.convs.0.conv.weight"


def deep(path: Path) -> list[tuple[str, str, str]]:
    """Return code, place and message of what only reading everything finds."""
    target = load(path, deep=True)
    rules = tuple(rule for rule in all_rules() if rule.deep)
    return [
        (f.code, f.location.partition("!/")[2], f.message)
        for f in lint(target, Options(rules)).findings
    ]


def clean(data: bytes | None = None) -> Change:
    return put(FOLD_0, slim() if data is None else data)


def deflated(folder: Path, *changes: Change, method: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(folder / NAME, "w", method) as archive:
        for name, content in genuine(*changes).items():
            archive.writestr(name, content)
    return folder / NAME


def weights(change: Callable[[Any], object]) -> bytes:
    return changed_slim(lambda content: change(content["network_weights"]))


def flipped(data: bytes, name: str) -> bytes:
    """The checkpoint with one bit of a record changed."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        content = archive.read(f"archive/{name}")
        at = data.index(content, archive.getinfo(f"archive/{name}").header_offset)
    changed = bytearray(data)
    changed[at] ^= 1
    return bytes(changed)


def streamed(data: bytes) -> bytes:
    """The checkpoint zipped anew into a pipe, deflated: sizes behind the data."""

    class Pipe(io.BytesIO):
        def seekable(self) -> bool:
            return False

        def tell(self) -> int:
            raise OSError

    out = Pipe()
    with zipfile.ZipFile(io.BytesIO(data)) as archive, zipfile.ZipFile(out, "w") as new:
        for name in archive.namelist():
            new.writestr(name, archive.read(name), zipfile.ZIP_DEFLATED)
    return out.getvalue()


def big() -> bytes:
    """A checkpoint whose storages are larger than what is read at a time."""
    generator = torch.Generator().manual_seed(0)
    big_one = torch.randn(700_000, 1, 1, generator=generator)
    return weights(lambda w: w.update({"more.weight": big_one}))


FORMS: dict[str, Callable[[bytes], bytes]] = {
    "as torch writes it": lambda data: data,
    "zipped anew": rezipped,
    "zipped anew, deflated": lambda data: rezipped(data, method=zipfile.ZIP_DEFLATED),
    "zipped anew, streamed": streamed,
}
PLACES: dict[str, Callable[..., Path]] = {
    "stored": package,
    "deflated": deflated,
    "bzip2": lambda folder, *changes: deflated(folder, *changes, method=zipfile.ZIP_BZIP2),
    "folder": unpacked,
}


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("form", FORMS)
def test_a_good_checkpoint_is_silent(form: str, place: str, tmp_path: Path) -> None:
    assert deep(PLACES[place](tmp_path, clean(FORMS[form](big())))) == []


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("form", FORMS)
def test_a_number_that_is_none_is_found(form: str, place: str, tmp_path: Path) -> None:
    def change(found: dict[str, torch.Tensor]) -> None:
        found[STEM].view(-1)[-1] = math.nan

    found = deep(PLACES[place](tmp_path, clean(FORMS[form](weights(change)))))
    assert [code for code, _, _ in found] == ["C013"]
    assert f"`{STEM}` contains NaN" in found[0][2]


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("name", ["data/0", "data/68", "version", "data.pkl"])
def test_a_changed_bit_inside_a_checkpoint_is_found(name: str, place: str, tmp_path: Path) -> None:
    whole = big()
    if name == "data.pkl":
        with zipfile.ZipFile(io.BytesIO(whole)) as archive:
            pickled = archive.read("archive/data.pkl")
        at = whole.index(pickled) + pickled.index(b"nnUNetTrainerTiny")
        data = whole[:at] + b"N" + whole[at + 1 :]
    else:
        data = flipped(whole, name)
    found = deep(PLACES[place](tmp_path, clean(data)))
    assert [code for code, _, _ in found] == ["Z010"]
    assert f"`{name}` in it has another checksum" in found[0][2]


def damaged(path: Path, name: str, at: int) -> Path:
    """Change a bit of a stored member's data."""
    data = bytearray(path.read_bytes())
    with zipfile.ZipFile(path) as archive:
        data[archive.getinfo(name).header_offset + 30 + len(name) + at] ^= 1
    path.write_bytes(data)
    return path


def test_a_changed_bit_of_the_package_is_found(tmp_path: Path) -> None:
    name = f"{TRAINER}/fold_0/progress.png"
    path = damaged(package(tmp_path, clean()), name, 99)
    assert deep(path) == [("Z010", name, "its checksum is not the one stated")]


@pytest.fixture
def large(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take the small checkpoint for one that is much larger than its end, which is kept."""
    for module in ("reader", "every_byte"):
        monkeypatch.setattr(f"model_lint.checkpoint.{module}.MAX_TAIL", 30_000)


@pytest.mark.usefixtures("large")
def test_a_damaged_deflated_member_is_found(tmp_path: Path) -> None:
    path = deflated(tmp_path, clean())
    data = bytearray(path.read_bytes())
    with zipfile.ZipFile(path) as archive:
        info = archive.getinfo(CHECKPOINT)
    at = info.header_offset + 30 + len(CHECKPOINT) + info.compress_size // 2
    data[at : at + 200] = b"\xaa" * 200
    path.write_bytes(data)
    assert [f.code for f in findings(path, "Z", "C", "K", deep=True)] == ["Z002"]


def _second_pickle() -> bytes:
    """The checkpoint with a pickle at its end, which is the one that its directory names."""
    out = io.BytesIO(slim())
    with zipfile.ZipFile(out, "a") as archive:
        first = archive.filelist.pop(0)
        del archive.NameToInfo[first.filename]
        archive.writestr(first.filename, HIDDEN)
    return out.getvalue()


def _other_method() -> bytes:
    """The checkpoint whose directory says that data.pkl, a pickle as it is, is compressed."""
    data = bytearray(slim())
    data[data.index(b"PK\1\2") + 10] = zipfile.ZIP_DEFLATED
    return bytes(data)


HIDDEN = b"\x80\x02cos\nsystem\n."
ENDS = {
    "storage missing": (rezipped(slim(), {"data/3": None}), ["C002"]),
    "storage short": (rezipped(slim(), {"data/3": b"1"}), ["C002"]),
    "storage more": (rezipped(slim(), {"data/9999": b"1234"}), ["K005"]),
    "no version": (rezipped(slim(), {"version": None}), ["C001"]),
    "cut off": (slim()[:-1], ["C002"]),
    "other pickle": (rezipped(slim(), {"/archive/./data.pkl": HIDDEN}), ["K005"]),
    "second pickle": (_second_pickle(), ["Z010", "C003", "K001", "K005", "K005"]),
    "other method": (_other_method(), ["C002"]),
    "nothing": (slim(), []),
    "compressed": (rezipped(slim(), method=zipfile.ZIP_DEFLATED), []),
    "streamed": (streamed(slim()), []),
    "behind it": (slim() + bytes(50), []),
}


@pytest.mark.parametrize("what", ENDS)
@pytest.mark.usefixtures("large")
def test_the_end_of_a_large_checkpoint_is_read(what: str, tmp_path: Path) -> None:
    data, codes = ENDS[what]
    path = deflated(tmp_path, put(FOLD_0, data))
    rules = select_rules(all_rules(), select=["C", "K", "Z010"])
    found = lint(load(path, deep=True), Options(rules)).findings
    assert [f.code for f in found if f.code not in {"C012", "C013"}] == codes


def test_a_known_damage_is_not_told_twice(tmp_path: Path) -> None:
    name = f"{TRAINER}/plans.json"
    path = damaged(package(tmp_path, clean()), name, 9)
    assert deep(path) == []


def test_checksums_that_torch_was_told_to_leave_out(tmp_path: Path) -> None:
    torch.serialization.set_crc32_options(False)
    try:
        data = weights(lambda _: None)
    finally:
        torch.serialization.set_crc32_options(True)
    assert deep(package(tmp_path, clean(data))) == []


def halved(found: dict[str, torch.Tensor]) -> None:
    found.update({name: weight.half() for name, weight in found.items()})


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda w: w[STEM].zero_(), f"`{STEM}` contains only zeros"),
        (lambda w: w[STEM].mul_(-0.0), "only zeros"),
        (lambda w: w[STEM].fill_(math.inf), "infinite"),
        (lambda w: w[STEM].fill_(-math.inf), "infinite"),
        (lambda w: w.update({STEM: torch.full((4, 1, 3, 3), math.nan).bfloat16()}), "NaN"),
        (lambda w: w.update({STEM: torch.full((4, 1, 3, 3), math.nan).half()}), "NaN"),
        (lambda w: w.update({STEM: torch.full((4, 1, 3, 3), math.nan).double()}), "NaN"),
        (lambda w: w["decoder.seg_layers.2.weight"].zero_(), "decoder.seg_layers.2.weight"),
        (lambda w: w[STEM.replace("weight", "bias")].fill_(math.nan), "bias"),
        (lambda w: w[STEM.replace("weight", "bias")].zero_(), None),
        (lambda w: w["decoder.seg_layers.0.weight"].zero_(), None),
        (lambda w: w[STEM].fill_(3.4e38), None),
        (halved, None),
        (lambda w: w.update(steps=torch.tensor(-1)), None),
        (lambda w: w.update(gaps=torch.full((9,), math.nan)[::2].fill_(1.0)), None),
    ],
)
def test_numbers(change: Callable[[Any], object], says: str | None, tmp_path: Path) -> None:
    found = deep(package(tmp_path, clean(weights(change))))
    assert [code for code, _, _ in found] == (["C013"] if says else [])
    assert not says or says in found[0][2]


def test_only_weights_are_looked_at(tmp_path: Path) -> None:
    content = torch.load(io.BytesIO(slim()), weights_only=True)
    data = saved(content | {"optimizer_state": {"x": torch.full((9, 9), math.nan)}})
    assert deep(package(tmp_path, clean(data))) == []


def test_what_others_tell_is_passed_over(tmp_path: Path) -> None:
    assert deep(package(tmp_path, clean(slim()[:5000]))) == []
    assert deep(package(tmp_path, clean(b"no checkpoint"))) == []


def test_many_files_are_read(tmp_path: Path) -> None:
    more = [(f"{TRAINER}/{n}.txt", b"%d" % n) for n in range(3000)]
    assert deep(write_zip(tmp_path / NAME, [*genuine(clean()).items(), *more])) == []


def test_arbitrary_bytes_as_a_checkpoint(tmp_path: Path) -> None:
    data, randomly = slim(), random.Random(0)
    for number in range(60):
        changed = bytearray(data)
        for _ in range(randomly.choice([1, 5, 50])):
            place = randomly.choice([randomly.randrange(len(data)), len(data) - 1 - number * 7])
            changed[place] = randomly.randrange(256)
        name = "deflated" if number % 2 else "stored"
        deep(PLACES[name](tmp_path, clean(bytes(changed))))


@given(st.lists(st.integers(0, 2**32 - 1), min_size=1, max_size=40))
@settings(max_examples=100, deadline=None)
def test_single_precision(bits: list[int]) -> None:
    data = struct.pack(f"<{len(bits)}I", *bits)
    numbers = struct.unpack(f"<{len(bits)}f", data)
    assert has_nonfinite(data, "float32") == (not all(map(math.isfinite, numbers)))


@given(st.lists(st.integers(0, 2**64 - 1) | st.just(0x7FF0 << 48), min_size=1, max_size=40))
@settings(max_examples=100, deadline=None)
def test_double_precision(bits: list[int]) -> None:
    data = struct.pack(f"<{len(bits)}Q", *bits)
    numbers = struct.unpack(f"<{len(bits)}d", data)
    assert has_nonfinite(data, "float64") == (not all(map(math.isfinite, numbers)))


@pytest.mark.parametrize(("dtype", "name"), [("<f2", "float16"), (None, "bfloat16")])
def test_every_half_precision_number(dtype: str | None, name: str) -> None:
    import numpy as np

    every = np.arange(65536, dtype="<u2")
    wide = every.view(dtype) if dtype else (every.astype("<u4") << 16).view("<f4")
    for bits, finite in zip(every, np.isfinite(wide), strict=True):
        assert has_nonfinite(bits.tobytes(), name) == (not finite)


def test_zero() -> None:
    assert is_zero(bytes(100_000))
    assert is_zero(struct.pack("<2f", -0.0, 0.0))
    assert not is_zero(bytes(100_000) + b"\1")
    assert not is_zero(struct.pack("<f", 1.0))
