"""Pictures without the notes in them."""

from __future__ import annotations

import pytest
from build import MODEL
from model_lint.ship.png import strip_notes


def test_the_notes_of_a_picture() -> None:
    picture = (MODEL / "fold_0" / "progress.png").read_bytes()
    assert strip_notes(picture) == picture
    assert strip_notes(picture + b"rest") == picture
    bare = picture[:8] + picture[-12:]
    for broken in (b"", b"GIF89a", picture[:50], picture[:-12], bare):
        with pytest.raises(ValueError, match="PNG"):
            strip_notes(broken)
