"""The option that says whom a package is for, which `check` and `pack` share."""

from __future__ import annotations

import argparse

from ..findings import Consumer


def add_for(parser: argparse.ArgumentParser) -> None:
    """Add ``--for``, which gives ``consumers``; empty where it is left out."""
    parser.add_argument(
        "--for",
        dest="consumers",
        metavar="CONSUMER",
        action="extend",
        type=_consumers,
        default=[],
        help="whom packages are for: sct, nnunet, slicer, or several with commas; what stops one "
        "of them is an error (default: the configuration's `for`, else sct,nnunet)",
    )


def _consumers(text: str) -> list[Consumer]:
    known = {consumer.value: consumer for consumer in Consumer}
    words = [word.strip() for word in text.split(",")]
    if unknown := [word for word in words if word not in known]:
        raise argparse.ArgumentTypeError(f"{unknown[0]!r}: choose from {', '.join(known)}")
    return [known[word] for word in words]
