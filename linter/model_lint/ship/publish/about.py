"""What the model card and the citation say of a model, for its page on GitHub."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import quote

from ...models.card import parts
from ...naming import Name
from .wanted import About

#: GitHub's limits.
_MAX_DESCRIPTION, _MAX_TOPICS = 350, 20
_TOPIC = re.compile(r"[a-z0-9][a-z0-9-]{0,49}")
#: Lines of a README that are no prose.
_NO_PROSE = re.compile(r"\s*(#|\[!\[|!\[|<|\||>|[-*+] |\d+\. |```|~~~|---|===)")
#: A link or an image of Markdown whose address is a path in the repository.
_RELATIVE = re.compile(r"(!?)\[([^\]\n]*)\]\((?!#|[a-zA-Z][\w+.-]*:|/)([^)\s]+)\)")
#: Words that people search for, by values of a name.
_WORDS = {
    "seg": "segmentation",
    "label": "labeling",
    "find": "detection",
    "sc": "spinal-cord",
    "gm": "gray-matter",
    "wm": "white-matter",
    "ms": "multiple-sclerosis",
    "sci": "spinal-cord-injury",
    "t1": "t1w",
    "t2": "t2w",
    "t2star": "t2star",
    "dwi": "dwi",
}


def about_of(readme: str, citation: str, name: Name) -> About:
    """Return what a repository on GitHub says of itself."""
    own = _value(citation, "url")
    doi = _value(citation, "doi")
    linked = re.search(r"https://doi\.org/10\.[^\s)\]>\"']+", readme)
    homepage = f"https://doi.org/{doi}" if doi else own or (linked[0] if linked else "")
    return About(description(readme), homepage, tuple(_topics(citation, name))[:_MAX_TOPICS])


def description(readme: str) -> str:
    """Return the first paragraph of a README as plain text; "" if there is none."""
    for paragraph in re.split(r"\n\s*\n", readme):
        lines = paragraph.strip("\n").split("\n")
        if not lines[0].strip() or _NO_PROSE.match(lines[0]):
            continue
        text = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", " ".join(" ".join(lines).split()))
        if text.endswith(":"):  # of a list or a command
            continue
        return _cut(re.sub(r"\\([^A-Za-z0-9])|[`*]", lambda found: found[1] or "", text))
    return ""


def _cut(text: str) -> str:
    """Return as many sentences as a description may have, at least a part of the first."""
    if len(text) <= _MAX_DESCRIPTION:
        return text
    sentences = text[:_MAX_DESCRIPTION].rpartition(". ")[0]
    return f"{sentences}." if sentences else f"{text[: _MAX_DESCRIPTION - 3]}..."


def _topics(citation: str, name: Name) -> Iterator[str]:
    listed = re.search(r"(?m)^keywords:[ \t]*\n((?:[ \t]*-.*\n?)+)", citation)
    words = (
        re.findall(r"-[ \t]*[\"']?(.+?)[\"']?[ \t]*$", listed[1], re.MULTILINE) if listed else []
    )
    values = [_WORDS[v] for slot in name.slots for v in slot.values if v in _WORDS]
    found = [re.sub(r"[^a-z0-9]+", "-", word.lower()).strip("-") for word in words]
    topics = ["deep-learning", "nnunet", *values, *found]
    return (topic for topic in dict.fromkeys(topics) if _TOPIC.fullmatch(topic))


def _value(citation: str, key: str) -> str:
    found = re.search(rf"(?m)^{key}:[ \t]*[\"']?([^\s\"']+)[\"']?[ \t]*$", citation)
    return found[1] if found else ""


def results_of(readme: str, files: str) -> str:
    """Return the results in a model card, if there is a table; links lead to the files of a commit.

    Args:
        readme: the model card.
        files: the address of the commit's files.
    """
    texts = (part.text or "" for part in parts(readme) if part.name == "results")
    results = next(texts, "")
    if not re.search(r"(?m)^\|", results):
        return ""

    def link(match: re.Match[str]) -> str:
        image = "?raw=true" if match[1] else ""
        return f"{match[1]}[{match[2]}]({files}/{quote(match[3], safe='/%')}{image})"

    return _RELATIVE.sub(link, results).strip()
