"""What the README and the citation of a repository say of a model, in the forms that SCT takes."""

from __future__ import annotations

import re
from urllib.parse import unquote

from ...models.readme import code_blocks, title
from ...naming.tag import tag_date
from ..publish.about import description as paragraph
from .text import plain

#: An entry of BibTeX that begins a line of a code block.
_ENTRY = re.compile(r"(?m)^[ \t]*@\w+\s*\{")
#: Repetitions have limits, so that the time is linear in the length of any README.
_IMAGE = re.compile(
    r"!\[[^\]\n]{0,300}\]\(([^)\s]{1,300})|<img\b[^>]{0,300}?\bsrc=[\"']([^\"'\n]{1,300})",
    re.IGNORECASE,
)
_PICTURE = re.compile(r"(?!\w+:|/).+\.(png|jpe?g|gif|webp|bmp|tiff?)", re.IGNORECASE)
#: The keys of a citation that make an entry of BibTeX.
_LISTED = re.compile(r"(?m)^authors:[ \t]*\n((?:[ \t]+.*\n?|-.*\n?)+)")


def descriptions(readme: str, citation: str) -> list[str]:
    """Return what may describe a model in one line, the best first."""
    first = paragraph(readme)
    sentence = re.split(r"(?<=[.!?])\s", first, maxsplit=1)[0].rstrip(".")
    found = (sentence, title(readme), value(citation, "title"))
    texts = (plain(re.sub(r"\\([^A-Za-z0-9])|[`*]", r"\1", text)) for text in found)
    return [text for text in dict.fromkeys(texts) if text]


def long_description(readme: str, citation: str) -> str:
    """Return the first paragraph of a README, or the abstract of a citation; "" for neither."""
    return plain(paragraph(readme)) or plain(value(citation, "abstract"))


def bibtex(readme: str, citation: str, tag: str) -> str:
    """Return the BibTeX in a README, else one made of the citation; "" if there is neither.

    What the citation does not say is that of the release with this tag.
    """
    found = (block for block in code_blocks(readme) if _ENTRY.match(block.lstrip()))
    return next(found, "").strip() or _made(citation, tag)


def _made(citation: str, tag: str) -> str:
    """Return an entry of BibTeX for a ``CITATION.cff`` with title and authors."""
    heading, people = value(citation, "title"), _people(citation)
    if not heading or not people:
        return ""
    date = tag_date(tag)
    year = value(citation, "date-released")[:4] or (f"{date:%Y}" if date else "")
    fields = {
        "author": " and ".join(people),
        "title": f"{{{heading}}}",
        "year": year,
        "version": value(citation, "version") or tag,
        "doi": value(citation, "doi"),
        "url": value(citation, "repository-code") or value(citation, "url"),
    }
    key = re.sub(r"[^a-z0-9]+", "", people[0].partition(",")[0].lower()) + year
    lines = [f"  {name}={{{text}}}," for name, text in fields.items() if text]
    return "\n".join([f"@software{{{key or 'model'},", *lines, "}"])


def _people(citation: str) -> list[str]:
    listed = _LISTED.search(citation)
    people = re.split(r"(?m)^[ \t]*-[ \t]*", listed[1])[1:] if listed else []
    found = []
    for person in people:
        lines = "\n".join(line.strip() for line in person.splitlines())
        names = [value(lines, "family-names"), value(lines, "given-names")]
        found.append(", ".join(filter(None, names)) or value(lines, "name"))
    return [name for name in found if name]


def value(citation: str, key: str) -> str:
    """Return the text of a key at the top of a ``CITATION.cff``, on one line; "" if it is missing.

    A plain, a quoted or a folded text, as people and `cffinit` write them.
    """
    found = re.search(
        rf"(?m)^{key}:[ \t]*(?:[>|][-+]?[ \t]*\n((?:[ \t]+.*\n?)+)|(.*(?:\n[ \t]+.*)*))", citation
    )
    if not found:
        return ""
    text = " ".join((found[1] or found[2]).split())
    quoted = re.fullmatch(r"\"((?:[^\"\\]|\\.)*)\"|'((?:[^']|'')*)'", text)
    if not quoted:
        return re.sub(r"\s+#.*", "", text)
    if quoted[2] is not None:
        return quoted[2].replace("''", "'")
    return re.sub(r"\\(.)", r"\1", quoted[1])


def pictures(readme: str) -> list[str]:
    """Return the paths of the pictures in a README that are files of the repository."""
    links = (match[1] or match[2] for match in _IMAGE.finditer(readme))
    found = (unquote(link.partition("?")[0]) for link in links)
    return [path for path in dict.fromkeys(found) if _PICTURE.fullmatch(path)]
