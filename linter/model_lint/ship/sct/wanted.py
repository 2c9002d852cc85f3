"""What SCT is to state of a model."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

#: The addresses of a model: mirrors, or the mirrors of each fold's zip by its name.
Url = Sequence[str] | Mapping[str, Sequence[str]]


class Wanted(NamedTuple):
    """What a package, or the packages of a release, and its repository say of a model."""

    #: The key in ``MODELS``.
    model: str
    #: The key in ``TASKS``, and the command: ``sct_deepseg TASK``.
    task: str
    #: ``OWNER/NAME``, and the address of its page.
    repository: str
    page: str
    tag: str
    url: Url
    #: One line for the list of tasks.
    description: str
    long_description: str
    contrasts: tuple[str, ...]
    cropped_image: bool
    #: The suffixes of the files that SCT writes, in order: ``_sc_seg``.
    suffixes: tuple[str, ...]
    #: BibTeX; "" for none.
    citation: str = ""
    #: "" for the last group, "OTHER".
    group: str = ""
    #: Lower is shown later in its group.
    priority: int = 0


def addresses(url: object) -> Iterator[str]:
    """Yield every address of a ``url`` as SCT has it; nothing of what has another form."""
    if isinstance(url, Mapping):
        for mirrors in url.values():
            yield from addresses(mirrors)
    elif isinstance(url, list | tuple):
        yield from (address for address in url if isinstance(address, str))
