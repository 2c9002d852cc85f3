"""See what the network returns, on its way to the labels."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def watch_logits(predictor: Any) -> Iterator[Callable[[], bool | None]]:
    """Yield a function that says whether all numbers that the network returned are finite.

    It returns None if they were not seen: an nnU-Net whose predictor has another method.
    """
    import torch  # noqa: PLC0415

    seen: list[bool] = []
    name = "predict_logits_from_preprocessed_data"
    original = getattr(predictor, name, None)
    if original is None:
        yield lambda: None
        return

    def watched(*arguments: Any, **options: Any) -> Any:
        logits = original(*arguments, **options)
        seen.append(bool(torch.isfinite(logits).all()))
        return logits

    setattr(predictor, name, watched)
    try:
        yield lambda: all(seen) if seen else None
    finally:
        setattr(predictor, name, original)
