"""Check the answers before anything is generated: a wrong one gives one sentence and status 1.

The template engine fills in the last lines only. All answers, and the naming vocabulary, arrive
there as JSON: whatever was typed is data here and never code.
"""

from __future__ import annotations

import difflib
import itertools
import json
import re
import sys
from collections.abc import Iterable
from typing import Any

Answers = dict[str, Any]

LICENSES = ("MIT", "BSD-3-Clause", "Apache-2.0", "GPL-3.0-or-later")
CONFIGURATIONS = ("2d", "3d_fullres", "3d_lowres")
#: One letter of each axis, in any order.
ORIENTATIONS = tuple(
    "".join(letters)
    for axes in itertools.permutations(("RL", "AP", "SI"))
    for letters in itertools.product(*axes)
)
#: The parts of the name, and those that are always one value.
NAME_FIELDS = ("task", "anatomy", "animal", "pathology", "condition", "contrast", "architecture")
SINGLE_FIELDS = ("task", "condition", "architecture")
NAME_LIMIT = 100  # GitHub's own limit
#: Numbers, field strengths, versions and dates say nothing about a field when they stand alone.
NO_WORD = re.compile(r"[0-9]+|[0-9]+t|v[0-9]+|r[0-9]{8}")
TEXT_LIMIT = 1000
LABEL_LIMIT = 254  # the highest value that the workflow stores
LABEL_NAME_LIMIT = 50


class AnswerError(Exception):
    """An answer that can't be used; the message says what to type instead."""


def main(answers: Answers, raw: Answers) -> int:
    """Check all answers in the order of the questions.

    Args:
        answers: the answers, and the template's own values.
        raw: the answers before the template engine saw them, where it tells them.

    Returns:
        The exit status: 0, or 1 after one sentence on standard error.
    """
    try:
        check_all(answers, raw)
    except AnswerError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def check_all(answers: Answers, raw: Answers) -> None:
    """Check all answers.

    Raises:
        AnswerError: for the first wrong one.
    """
    check_text(answers)
    check_code(raw)
    check_name(answers)
    check_owner(answers)
    check_free_text(answers)
    check_choice("license", answers["license"], LICENSES)
    check_orientation(answers)
    check_configuration(answers)
    check_labels(answers)
    check_channels(answers)
    check_choice("channels_as", answers["channels_as"], ("samples", "channels"))
    check_choice("custom_trainer", answers["custom_trainer"], ("no", "yes"))
    check_choice("consumer", answers["consumer"], ("sct", "slicer", "both"))


# ------------------------------------------------------------------------------------- wording


def shown(value: object) -> str:
    """Quote an answer for a message: on one line and of bearable length."""
    text = value if isinstance(value, str) else json.dumps(value)
    visible = "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)
    return f"'{visible}'" if len(visible) <= 60 else f"'{visible[:57]}...'"


def either(values: Iterable[str]) -> str:
    """Join values as a sentence does: `a, b or c`."""
    *first, last = values
    return f"{', '.join(first)} or {last}" if first else last


def nearest(value: str, known: Iterable[str]) -> str | None:
    """Find the known value that was probably meant."""
    by_letters = {re.sub(r"[^a-z0-9]", "", word.lower()): word for word in known}
    letters = re.sub(r"[^a-z0-9]", "", value.lower())
    if letters in by_letters:
        return by_letters[letters]
    close = difflib.get_close_matches(letters, by_letters, n=1, cutoff=0.75)
    return by_letters[close[0]] if close else None


def check_choice(question: str, value: str, allowed: tuple[str, ...]) -> None:
    """Refuse an answer outside a closed list."""
    if value in allowed:
        return
    instead = nearest(value, allowed) or either(allowed)
    raise AnswerError(f"{question}: {shown(value)} is not one of the choices; type {instead}.")


# ------------------------------------------------------------------------------------ all answers


def check_text(answers: Answers) -> None:
    """Refuse what no answer may hold: other types, line breaks, odd characters, template code."""
    for question, value in answers.items():
        if question.startswith("_"):
            continue
        if not isinstance(value, str):
            raise AnswerError(f"{question}: {shown(value)} is not text; type a word or a sentence.")
        if not value.isprintable():
            raise AnswerError(
                f"{question}: {shown(value)} holds a line break or an invisible character; "
                "type it on one line, with plain spaces."
            )
        refuse_code(question, value)


def check_code(raw: Answers) -> None:
    """Refuse answers that the template engine already took for code.

    Values given on the command line are rendered before any hook runs, so what they said can only
    be seen in the raw answers. The template's own defaults are `cookiecutter.__default_...` alone.
    """
    for question, value in raw.items():
        own = re.compile(r"\{\{ cookiecutter\.__default_" + re.escape(question) + r" \}\}")
        if isinstance(value, str) and not own.fullmatch(value):
            refuse_code(question, value)


def refuse_code(question: str, value: str) -> None:
    """Refuse the marks of the template engine: a later update would run them."""
    if re.search(r"\{[%#\{]", value):
        raise AnswerError(
            f"{question}: {shown(value)} holds template code; type it without curly braces."
        )


# ---------------------------------------------------------------------------------------- the name


def check_name(answers: Answers) -> None:
    """Check the parts of the name, and the name that they make."""
    vocabulary = answers["_vocabulary"]
    if re.fullmatch(r"model_[A-Za-z0-9_-]+", answers["__repo_name"]) is None:
        raise AnswerError("__repo_name: is composed of the other answers; leave it out.")
    for field in NAME_FIELDS:
        # They differ where answers that were stored, for a replay, were edited.
        if answers[field].strip().replace(", ", "-").replace(",", "-") != answers[f"__{field}"]:
            raise AnswerError(
                f"{field}: {shown(answers[field])} is not what the stored name is made of; type "
                f"{answers[f'__{field}'] or 'nothing'}, or answer the questions anew."
            )
        values = answers[f"__{field}"].split("-")
        if values == [""] and vocabulary[field]["default"] is None and vocabulary[field]["open"]:
            continue
        if field in SINGLE_FIELDS and len(values) > 1:
            raise AnswerError(
                f"{field}: {shown(answers[field])} is more than one value; "
                f"type one of {either(vocabulary[field]['spec'])}."
            )
        check_joined(field, values, vocabulary)
        for value in values:
            check_value(field, value, vocabulary)
        check_together(field, values, vocabulary)
    check_neighbours(answers["__composed"], vocabulary)
    if len(answers["__composed"]) > NAME_LIMIT:
        raise AnswerError(
            f"anatomy: the repository's name would have {len(answers['__composed'])} characters "
            f"and GitHub takes {NAME_LIMIT}; type fewer values."
        )


def check_joined(field: str, values: list[str], vocabulary: Answers) -> None:
    """Refuse a hyphen inside a word, as in `spinal-cord`: hyphens stand between values."""
    word = whole(values, vocabulary)
    if word is not None:
        raise AnswerError(
            f"{field}: {shown('-'.join(values))} has a hyphen inside a word; type {word}."
        )


def check_neighbours(name: str, vocabulary: Answers) -> None:
    """Refuse two answers that make one word in the name, as in `mp_2rage`."""
    for pair in itertools.pairwise(name.split("_")[1:]):
        word = whole(list(pair), vocabulary)
        if word is not None:
            raise AnswerError(
                f"{home(word, vocabulary)}: {pair[0]} and {pair[1]} read as one word in the name; "
                f"type {word}, or other words."
            )


def whole(parts: list[str], vocabulary: Answers) -> str | None:
    """Find the word that was cut in parts, as it is written; None if the parts are words."""
    known = [word for words in vocabulary.values() for word in words["spec"] + words["known"]]
    joined = "".join(parts)
    where = home(joined, vocabulary)
    if len(parts) == 1 or not all(parts) or all(part in known for part in parts) or where is None:
        return None
    if not {home(part, vocabulary) for part in parts} <= {None, where}:
        return None
    return str(vocabulary[where]["aliases"].get(joined, joined))


def check_value(field: str, value: str, vocabulary: Answers) -> None:
    """Check one value of one field."""
    words = vocabulary[field]
    allowed = words["spec"] + words["known"]
    if value in allowed:
        return
    choices = f"for example {words['spec'][0]}" if words["open"] else either(words["spec"])
    if value == "":
        raise AnswerError(f"{field}: a value is missing; type {choices}.")
    plain = re.sub(r"[^a-z0-9]", "", value.lower())
    spellings = words["aliases"] | {word.lower(): word for word in allowed}
    if plain in spellings:
        raise AnswerError(
            f"{field}: {shown(value)} is not how it is written; type {spellings[plain]}."
        )
    if not words["open"]:
        near = None if value in words["refused"] else nearest(value, allowed)
        raise AnswerError(
            f"{field}: {shown(value)} is not one of the choices; type {near or choices}."
        )
    parts = re.findall(r"[a-z0-9]+", value.lower())
    if len(parts) > 1 and all(part in allowed for part in parts):
        raise AnswerError(f"{field}: {shown(value)} is several values; type {'-'.join(parts)}.")
    if not re.fullmatch(r"[a-z0-9]+", value):
        raise AnswerError(
            f"{field}: {shown(value)} can't stand in a name, which holds a-z and 0-9 only; "
            f"type {plain or choices}."
        )
    other = home(value, vocabulary)
    if other is not None:
        raise AnswerError(
            f"{field}: {shown(value)} belongs to the question {other}; type {choices} here."
        )


def check_together(field: str, values: list[str], vocabulary: Answers) -> None:
    """Check the values of one field together."""
    if len(set(values)) < len(values):
        once = "-".join(dict.fromkeys(values))
        raise AnswerError(f"{field}: {shown('-'.join(values))} holds a value twice; type {once}.")
    if all(NO_WORD.fullmatch(value) for value in values):
        raise AnswerError(
            f"{field}: {shown('-'.join(values))} does not say which {field}; "
            f"type a word, for example {vocabulary[field]['spec'][0]}."
        )


def home(value: str, vocabulary: Answers) -> str | None:
    """Find the field that a word belongs to."""
    for field, words in vocabulary.items():
        if value in (*words["spec"], *words["known"], *words["aliases"], *words["refused"]):
            return str(field)
    return None


# ------------------------------------------------------------------------------ the other answers


def check_free_text(answers: Answers) -> None:
    """Check what people read: title, description and authors."""
    for question in ("title", "description", "author"):
        value = answers[question]
        if not re.search(r"\w", value):
            raise AnswerError(f"{question}: {shown(value)} says nothing; type at least a word.")
        if len(value) > TEXT_LIMIT:
            raise AnswerError(
                f"{question}: {len(value)} characters are too many; type at most {TEXT_LIMIT}."
            )
    if "@" in answers["author"]:
        raise AnswerError(
            f"author: {shown(answers['author'])} holds an address; type names alone, such as "
            "Ada Lovelace, Alan Turing."
        )
    if not all(re.search(r"\w", name) for name in answers["author"].split(",")):
        raise AnswerError(
            f"author: {shown(answers['author'])} has an empty name; "
            "type names with one comma between, such as Ada Lovelace, Alan Turing."
        )


def check_owner(answers: Answers) -> None:
    """Check the owner: GitHub's rules for the name of a user or an organisation."""
    owner = answers["owner"]
    if re.fullmatch(r"(?!-)(?!.*--)[A-Za-z0-9-]{1,39}(?<!-)", owner) is None:
        raise AnswerError(
            f"owner: {shown(owner)} is not a GitHub name; type letters, digits and single hyphens, "
            "at most 39, such as ivadomed."
        )


def check_orientation(answers: Answers) -> None:
    """Check the orientation: one of the 48 codes, in capitals."""
    code = answers["image_orientation"]
    if code in ORIENTATIONS:
        return
    if code.upper() in ORIENTATIONS:
        raise AnswerError(
            f"image_orientation: {shown(code)} is in small letters; type {code.upper()}."
        )
    raise AnswerError(
        f"image_orientation: {shown(code)} is not an orientation; type three capitals, "
        "one of R or L, one of A or P and one of S or I, such as RPI."
    )


def check_configuration(answers: Answers) -> None:
    """Check nnU-Net's configuration, alone and against the architecture in the name."""
    configuration, architecture = answers["nnunet_configuration"], answers["architecture"]
    if "cascade" in configuration.lower():
        raise AnswerError(
            f"nnunet_configuration: {shown(configuration)} needs a first network, which SCT never "
            "runs; type 3d_fullres."
        )
    check_choice("nnunet_configuration", configuration, CONFIGURATIONS)
    flat = configuration == "2d"
    if (architecture == "unet2d" and not flat) or (architecture == "unet3d" and flat):
        raise AnswerError(
            f"nnunet_configuration: {shown(configuration)} contradicts the architecture "
            f"{architecture}; type {'2d' if architecture == 'unet2d' else '3d_fullres'}."
        )


def check_labels(answers: Answers) -> None:
    """Check the labels: `sc=1, gm=2`, or regions as `sc=1+2, lesion=2`."""
    labels: dict[str, tuple[int, ...]] = {}
    for item in answers["labels"].split(","):
        name, values = read_label(item)
        if name.lower() in {other.lower() for other in labels}:
            raise AnswerError(f"labels: {name} stands there twice; type each label once.")
        labels[name] = values
    if labels.pop("background", (0,)) != (0,):
        raise AnswerError("labels: background is always 0; leave it out.")
    ignore = labels.pop("ignore", None)
    if not labels:
        raise AnswerError("labels: there is no label; type at least one, such as sc=1.")
    check_label_values(labels, ignore)


def read_label(item: str) -> tuple[str, tuple[int, ...]]:
    """Read one label.

    Returns:
        Its name and its values: one, or those of a region.
    """
    match = re.fullmatch(r"\s*([^=]*?)\s*=\s*([0-9]+(?:\s*\+\s*[0-9]+)*)\s*", item, re.ASCII)
    if match is None:
        raise AnswerError(
            f"labels: {shown(item.strip())} is not a label; type names with numbers, such as "
            "sc=1, gm=2, or sc=1+2, lesion=2 for regions."
        )
    name, numbers = match[1], re.split(r"\s*\+\s*", match[2])
    if len(name) > LABEL_NAME_LIMIT:
        raise AnswerError(
            f"labels: {shown(name)} has {len(name)} characters; type at most {LABEL_NAME_LIMIT}."
        )
    if re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]*", name) is None:
        raise AnswerError(
            f"labels: {shown(name)} can't be part of a file name; type letters, digits, _ and - "
            "only, such as sc."
        )
    if name.lower().endswith("_seg"):
        raise AnswerError(
            f"labels: SCT itself adds _seg to a file's name; type {name[:-4]} instead of {name}."
        )
    if any(number != str(int(number)) for number in numbers):
        raise AnswerError(f"labels: a number of {name} begins with 0; type it without.")
    return name, tuple(int(number) for number in numbers)


def check_label_values(labels: dict[str, tuple[int, ...]], ignore: tuple[int, ...] | None) -> None:
    """Check that the values are 1, 2, 3 ... and that each label can be told from the others."""
    present = sorted({value for values in labels.values() for value in values})
    expected = list(range(1, len(present) + 1))
    if len(present) > LABEL_LIMIT:
        raise AnswerError(
            f"labels: there are {len(present)} numbers; type at most {LABEL_LIMIT} (labels are "
            "stored in 8 bits)."
        )
    if present != expected:
        numbers = ", ".join(str(value) for value in present[:8])
        raise AnswerError(
            f"labels: the numbers are {numbers}; type 1, 2, 3 and so on without a gap "
            "(the background is 0 by itself)."
        )
    if ignore is not None and ignore != (len(present) + 1,):
        raise AnswerError(
            f"labels: ignore must have the highest number; type ignore={len(present) + 1}."
        )
    # nnU-Net paints large regions first: each needs a value that no smaller one paints over.
    ordered = sorted(labels.items(), key=lambda label: -len(label[1]))
    for position, (name, values) in enumerate(ordered):
        if len(set(values)) < len(values):
            raise AnswerError(f"labels: {name} has a number twice; type it once.")
        inside = {value for _, later in ordered[position + 1 :] for value in later}
        if not set(values) - inside:
            raise AnswerError(
                f"labels: every number of {name} belongs to another label too; "
                "type one that is its own, such as sc=1+2, lesion=2."
            )


def check_channels(answers: Answers) -> None:
    """Check the channels: BIDS suffixes, with entities before them where they are needed."""
    channels = [channel.strip() for channel in answers["channels"].split(",")]
    for channel in channels:
        if re.fullmatch(r"([a-z]+-[A-Za-z0-9]+_)*[A-Za-z0-9]+", channel) is None:
            raise AnswerError(
                f"channels: {shown(channel)} is not how a BIDS file name ends; "
                "type suffixes with commas between, such as T1w, T2w."
            )
    if len(set(channels)) < len(channels):
        once = ", ".join(dict.fromkeys(channels))
        raise AnswerError(f"channels: a suffix stands there twice; type {once}.")


if __name__ == "__main__":
    sys.exit(
        main(
            json.loads(r"""{{ cookiecutter | tojson }}"""),
            json.loads(r"""{{ (_cookiecutter | default({})) | tojson }}"""),
        )
    )
