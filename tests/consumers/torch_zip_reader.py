"""torch's own reader of checkpoints, for comparison."""

from __future__ import annotations

import io

import torch
from model_lint.checkpoint.model import BadCheckpoint
from model_lint.checkpoint.reader import File, read_checkpoint
from model_lint.checkpoint.torch_zip import CountedStream, Record, open_record, read_directory


def disagreement(data: bytes) -> str:
    """Say where torch reads something else of a checkpoint than is judged; "" where it is right."""
    found = read_checkpoint(File(lambda: io.BytesIO(data), len(data)))
    if isinstance(found, BadCheckpoint) or found.issues:
        return ""
    try:
        reader = torch._C.PyTorchFileReader(io.BytesIO(data))
        names = reader.get_all_records()
        theirs = {name: reader.get_record(name) for name in names}
    except RuntimeError as error:
        return f"torch refuses it: {error}"
    stream = CountedStream(io.BytesIO(data))
    records = {
        record.name.partition("/")[2]: record for record in read_directory(stream, len(data))
    }
    if set(theirs) != set(records):
        return f"torch finds {sorted(theirs)}"
    for name, record in records.items():
        if _content(stream, record) != theirs[name]:
            return f"torch reads another {name}"
    return ""


def _content(stream: CountedStream, record: Record) -> bytes:
    read = open_record(stream, record)
    return b"".join(iter(lambda: read(1 << 20), b""))
