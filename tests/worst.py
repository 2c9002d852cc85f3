"""The worst zips of each kind that a small file can be: many entries, long names, bombs."""

from __future__ import annotations

import bz2
import io
import zipfile
from collections.abc import Callable

from build import CHECKPOINT, TRAINER, full, genuine, zipped
from raw_zip import BZIP2, DEFLATED, DESCRIPTOR, STORED, Entry, extra, raw_zip


def package(*more: Entry, honest: bool = True) -> bytes:
    """Return the genuine package with more entries; the last record may lie about their number."""
    entries = [*(Entry(name.encode(), data) for name, data in genuine().items()), *more]
    few = {"entries": 5, "here": 5}
    if not honest:
        return raw_zip(entries, end=few)
    return raw_zip(entries, wide={}, end={"entries": 0xFFFF, "here": 0xFFFF})


def many(amount: int, name: str, data: bytes = b"{}", **how: object) -> Callable[[], bytes]:
    """Return what writes so many entries, ``@`` in their names being their number."""

    def build() -> bytes:
        names = (name.replace("@", str(n)).encode() for n in range(amount))
        return package(*(Entry(n, data, **how) for n in names))  # type: ignore[arg-type]

    return build


def fields(amount: int, kinds: int, where: str) -> Callable[[], bytes]:
    """Return what writes entries with many tiny extra fields."""
    return many(amount, f"{TRAINER}/@", b"", **{where: {"extra": extra(0x5455, b"") * kinds}})


def bomb(method: int, data: bytes, size: int) -> Callable[[], bytes]:
    """Return what writes a checkpoint that swells to a size."""
    sizes = {"size": size}
    return lambda: package(
        Entry(
            f"{TRAINER}/fold_1/checkpoint_final.pth".encode(),
            b"",
            method,
            packed=data,
            local=sizes,
            central=sizes,
        )
    )


def checkpoints(start: bytes = b"", records: int = 0) -> Callable[[], bytes]:
    """Return what writes 25 folds, whose pickles begin with more opcodes, and with more records."""

    def swollen(data: bytes) -> bytes:
        file = io.BytesIO()
        with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(file, "w") as new:
            for name in old.namelist():
                pickle = name.endswith("data.pkl")
                content = old.read(name)
                new.writestr(name, content[:2] + start + content[2:] if pickle else content)
            for number in range(records):
                new.writestr(f"checkpoint_final/data/x{number}", b"")
        return file.getvalue()

    def build() -> bytes:
        data = swollen(genuine()[full(CHECKPOINT)])
        files = genuine(folds=range(25))
        return zipped((p, data if p.endswith(".pth") else old) for p, old in files.items())

    return build


def values(opcodes: bytes, amount: int, folds: int) -> Callable[[], bytes]:
    """Return what writes checkpoints that contain so many more values."""

    def swollen(data: bytes) -> bytes:
        file = io.BytesIO()
        with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(file, "w") as new:
            for name in old.namelist():
                content = old.read(name)
                if name.endswith("data.pkl"):
                    start = content.index(b"(") + 1  # of the items of the outermost dict
                    item = b"X\1\0\0\0x(" + opcodes * amount + b"t"
                    content = content[:start] + item + content[start:]
                new.writestr(name, content)
        return file.getvalue()

    def build() -> bytes:
        data = swollen(genuine()[full(CHECKPOINT)])
        files = genuine(folds=range(folds))
        return zipped((p, data if p.endswith(".pth") else old) for p, old in files.items())

    return build


#: What writes each, and the code of a finding that it gets.
WORST: dict[str, tuple[Callable[[], bytes], str]] = {
    "nested folders": (many(45_000, f"@/{'a/' * 30}x"), "Z009"),
    "trainer folders": (many(30_000, "nnUNetTrainer@__a__b/dataset.json"), "Z009"),
    "as many trainer folders as are read": (
        many(19_000, "nnUNetTrainer@__a__b/plans.json"),
        "L002",
    ),
    "folds": (many(19_000, f"{TRAINER}/fold_1@/checkpoint_final.pth"), "L009"),
    "other files": (many(30_000, f"{TRAINER}/x@"), "L015"),
    "other files at the top": (many(30_000, "x@.txt"), "L015"),
    "checkpoints": (many(30_000, f"{TRAINER}/fold_0/c@.pth"), "L012"),
    "images": (many(30_000, f"{TRAINER}/fold_0/validation/c@.nii.gz"), "L014"),
    "logs": (many(30_000, f"{TRAINER}/fold_0/training_log_@.txt"), "C010"),
    "settings of crops": (many(19_000, "@/crop_metadata.json"), "L020"),
    "names in another case": (many(45_000, f"{TRAINER}/x@", b""), "L015"),
    "one name": (many(30_000, f"{TRAINER}/plans.json"), "Z007"),
    "short names": (many(30_000, f"{TRAINER}/abcdef~@"), "L015"),
    "names beyond ASCII": (many(30_000, f"{TRAINER}/\u00e9@", flags=0x800), "L015"),
    "long names": (many(3_900, f"{TRAINER}/@/{'y' * 200}/{'z' * 200}"), "L015"),
    "longer names": (many(260, f"{TRAINER}/@{'y' * 60_000}"), "Z009"),
    "extra fields": (fields(15_000, 60, "local"), "L015"),
    "more extra fields": (fields(2_000, 16_000, "local"), "Z011"),
    "extra fields in the directory": (fields(15_000, 60, "central"), "L015"),
    "more extra fields in the directory": (fields(200, 16_000, "central"), "Z009"),
    "more entries": (lambda: package(*map(_empty, range(150_000))), "Z009"),
    "entries that are not counted": (
        lambda: package(*map(_empty, range(150_000)), honest=False),
        "Z009",
    ),
    "streams": (many(30_000, f"{TRAINER}/@", method=DEFLATED, flags=DESCRIPTOR), "L015"),
    "streams of bzip2": (many(30_000, f"{TRAINER}/@", method=BZIP2, flags=DESCRIPTOR), "L015"),
    "marks of an end": (
        lambda: package(Entry(b"x", b"PK\7\x08" * 5_000_000, STORED, DESCRIPTOR)),
        "Z011",
    ),
    "a bomb of bzip2": (bomb(BZIP2, bz2.compress(bytes(250_000_000)), 250_000_000), "C001"),
    "dicts of many checkpoints": (checkpoints(b"}0" * 500_000), "K004"),
    "texts of many checkpoints": (checkpoints(b"(" + b"X\5\0\0\0abcde" * 240_000 + b"t"), "K004"),
    "sets in a checkpoint": (values(b"\x8f", 480_000, 1), "C010"),
    "sets in many checkpoints": (values(b"\x8f", 17_500, 25), "C010"),
    "more sets in many checkpoints": (values(b"\x8f", 40_000, 25), "K004"),
    "small dicts in checkpoints": (values(b"}K\1K\2s", 88_000, 5), "C010"),
    "short texts in many checkpoints": (values(b"\x8c\2ab", 52_000, 25), "C010"),
    "numbers in checkpoints": (values(b"G12345678", 415_000, 5), "C010"),
    "records of many checkpoints": (checkpoints(records=20_000), "C001"),
    "a larger bomb": (bomb(BZIP2, bz2.compress(bytes(10**7)), 10**9), "Z009"),
}


def _empty(number: int) -> Entry:
    return Entry(b"%x" % number)
