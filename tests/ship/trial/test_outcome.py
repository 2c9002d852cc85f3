"""What a process answers is not trusted: anything else than expected becomes nothing."""

from __future__ import annotations

import base64
import json
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from model_lint.findings import Stats, TargetReport
from model_lint.ship.trial.outcome import Trial, Tried, image_of, loaded_of, names_of, png_of
from model_lint.ship.trial.report import FORMATS, render

NUMBERS = st.sampled_from([float("nan"), float("inf"), 10**4000, -(10**400), 1e300])
JSON = st.recursive(
    st.none() | NUMBERS | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=8,
)
KEYS = st.sampled_from(
    ["image", "phantom", "shape", "spacing", "orientation", "voxels", "seconds", "problems",
     "folder", "folds", "trainer", "network", "parameters", "kind", "text"]
)  # fmt: skip


@given(JSON | st.dictionaries(KEYS, JSON))
def test_any_answer_can_be_reported(answer: object) -> None:
    image = image_of(answer)
    loaded = loaded_of(answer if isinstance(answer, dict) else {})
    versions = names_of(answer, str)
    trial = Trial("here", "sct", versions, {}, loaded, (image,))
    tried = Tried("x.zip", TargetReport("x.zip", "package", (), Stats()), (), (trial,))
    for form in FORMATS:
        text = render(tried, form)
        assert all(line.isprintable() for line in text.splitlines())
    json.dumps(json.loads(render(tried, "json")), allow_nan=False)


@pytest.mark.parametrize("value", [None, 7, "", "no base64!", "aGVsbG8="])
def test_what_is_no_picture(value: object) -> None:
    assert png_of(value) == b""


def test_a_picture() -> None:
    signature, chunk = b"\x89PNG\r\n\x1a\n", struct.Struct(">I4s4x").pack
    data = signature + struct.pack(">I4s17x", 13, b"IHDR") + chunk(0, b"IEND")
    noted = data[:-12] + chunk(0, b"tEXt") + data[-12:] + b"<script>"
    assert png_of(base64.b64encode(data).decode()) == data
    assert png_of(base64.b64encode(noted).decode()) == data
    assert png_of(base64.b64encode(signature + b"...").decode()) == b""
