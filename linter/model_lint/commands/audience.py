"""The option ``--for`` of ``check`` and ``pack``: whom packages are for."""

from __future__ import annotations

import argparse

from ..findings import Consumer


def add_for(parser: argparse.ArgumentParser) -> None:
    """Add ``--for``, stored as ``consumers``; empty if it is not given."""
    parser.add_argument(
        "--for",
        dest="consumers",
        metavar="CONSUMER",
        action="extend",
        type=_consumers,
        default=[],
        help="whom packages are for: sct, nnunet, slicer, or several with commas; a problem that "
        "stops one of them is an error (default: the configuration's `for`, else sct,nnunet)",
    )


def _consumers(text: str) -> list[Consumer]:
    known = {consumer.value: consumer for consumer in Consumer}
    words = [word.strip() for word in text.split(",")]
    if unknown := [word for word in words if word not in known]:
        raise argparse.ArgumentTypeError(f"{unknown[0]!r}: choose from {', '.join(known)}")
    return [known[word] for word in words]
