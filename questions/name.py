"""The repository's name and its parts, checked and written by the linter's grammar."""

from __future__ import annotations

from .answers import AnswerError, Answers, naming, quote

#: A listed value of every part: next to listed values, the grammar knows the part of a token.
_LISTED = {field: words.default or words.spec[0] for field, words in naming.VOCABULARY.items()}


def values(answers: Answers, part: str) -> tuple[str, ...]:
    """Return the values of a part, which may be typed as ``sc-gm`` or ``sc, gm``."""
    text = str(answers.get(part, "")).strip().replace(", ", "-").replace(",", "-")
    return tuple(text.split("-")) if text else ()


def composed(answers: Answers) -> str:
    """Return the name of these parts.

    Raises:
        AnswerError: for the first invalid part.
    """
    parts = {part: values(answers, part) for part in naming.FIELDS}
    for part, own in parts.items():
        _check_part(part, own)
    try:
        return naming.compose(naming.Fields(**parts))
    except ValueError as error:
        # Each part is valid by itself: the name is too long, or an unlisted word is ambiguous.
        longest = max(parts, key=lambda part: len("-".join(parts[part])))
        raise AnswerError(longest, f"{error}.") from None


def check_name(answers: Answers) -> None:
    """Check the parts and the repository's name: the composed one or another with the same parts.

    Raises:
        AnswerError: for the first invalid one.
    """
    wanted = composed(answers)
    name = answers["repo_name"]
    read = naming.parse(name)
    fields = naming.Fields(**{part: values(answers, part) for part in naming.FIELDS})
    if name == wanted or (read.usable and read.fields == fields):
        return
    reason = _difference(read, fields)
    raise AnswerError(
        "repo_name", f"{quote(name)} is not a name of these parts: {reason}; type {wanted}."
    )


def order_warning(name: str) -> str | None:
    """Return the warning of ``model-lint name`` for a name in the historical order."""
    return next((p.message for p in naming.parse(name).problems if p.code == "N008"), None)


def _check_part(part: str, own: tuple[str, ...]) -> None:
    task = {} if part == "task" else {"task": ("seg",)}
    try:
        naming.compose(naming.Fields(**task, **{part: own}))
    except ValueError as error:
        text = "-".join(own)
        reason = str(error).removeprefix(f"{part}:").removeprefix(f"{part} ").strip()
        instead = _nearest(part, text)
        said = len(own) == 1 and reason.endswith(f"`{instead}`")
        hint = f"; type {instead}" if instead and not said else ""
        raise AnswerError(part, f"{reason}{hint}.") from None


def _nearest(part: str, text: str) -> str | None:
    """Return the value that the grammar suggests for a part, if it changes no other part."""
    tokens = (text if field == part else listed for field, listed in _LISTED.items())
    suggestion = naming.parse(naming.PREFIX + "_".join(tokens)).suggestion
    if suggestion is None or not suggestion.certain:
        return None
    slots = naming.parse(suggestion.name).slots
    others = {slot.field: "-".join(slot.values) for slot in slots if slot.field != part}
    if others != {field: listed for field, listed in _LISTED.items() if field != part}:
        return None
    return next((slot.token for slot in slots if slot.field == part), None)


def _difference(read: naming.Name, fields: naming.Fields) -> str:
    """Return how a name differs from these parts."""
    wrong = [p.message for p in read.problems if p.code not in naming.TOLERATED]
    if wrong or read.fields is None:
        return (wrong or [p.message for p in read.problems])[0]
    said = dict(read.fields.items())
    part = next(part for part, own in fields.items() if said[part] != own)
    return f"its {part} is {'-'.join(said[part]) or 'left out'}"
