"""The grammar of repository names, and the words that may stand in them.

    model_task_anatomy_animal_pathology_condition_contrast_architecture

A name is ``model`` and tokens, separated by ``_``. A token is values of one field, separated by
``-``. Any field may hold several values (``sc-gm``, ``t1-t2``, ``hc-ms``). A field may be left out:
it then has its default. Fields stand in the order above, each at most once.

Where the specification's list of a field ends in ``...`` (anatomy, animal, contrast) the field is
*open*: it also takes values that no list names, as long as their place in the name says which field
they belong to. The others are *closed*.

``parse`` reads a name, ``compose`` writes one; each undoes the other. Everything that needs to know
about names uses this module, which needs nothing but the standard library.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain, combinations, groupby, pairwise
from types import MappingProxyType
from typing import Any, Literal

#: What every name begins with.
PREFIX = "model_"
#: GitHub refuses longer repository names.
MAX_LENGTH = 100
#: The fields, in the order in which they stand in a name.
FIELDS = ("task", "anatomy", "animal", "pathology", "condition", "contrast", "architecture")
#: Codes of the problems that leave a name usable: no task, unlisted, ambiguous, historical order.
TOLERATED = frozenset({"N003", "N005", "N006", "N008"})

#: Where a value comes from: the specification's list, the word list beside it (or the
#: configuration), no list at all, another spelling, or the default of a field left out.
Origin = Literal["listed", "known", "unlisted", "alias", "default"]

_VALUE = re.compile(r"[a-z0-9]+")
#: Numbers, field strengths (7t), versions (v2) and tags: never the value of an open field by
#: themselves, because the specification has no field for what they say.
_NO_WORD = re.compile(r"[0-9]+|[0-9]+t|v[0-9]+|r[0-9]{8}")
_TAG = re.compile(r"v[0-9]+|r[0-9]{8}")


# ---------------------------------------------------------------------------------- vocabulary


@dataclass(frozen=True)
class FieldWords:
    """The words of one field."""

    #: The values that the specification lists.
    spec: tuple[str, ...]
    #: Further values: of an open field those in real use, of any field those of a configuration.
    known: tuple[str, ...] = ()
    #: The value of a field left out of a name; None is no value.
    default: str | None = None
    #: Whether the specification's list ends in "...".
    open: bool = False
    #: Other spellings of values in ``spec`` or ``known``.
    aliases: Mapping[str, str] = field(default_factory=dict)
    #: Words that plainly mean this field though its closed list has no place for them.
    refused: tuple[str, ...] = ()

    @property
    def allowed(self) -> tuple[str, ...]:
        """All values that may be written."""
        return self.spec + self.known

    @property
    def defaults(self) -> tuple[str, ...]:
        """The default as the value of a field in `Fields`."""
        return () if self.default is None else (self.default,)


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


def _aliases(text: str) -> Mapping[str, str]:
    """Read ``value=spelling,spelling`` pairs, separated by white space."""
    pairs = (pair.split("=") for pair in text.split())
    return MappingProxyType({alias: value for value, all_ in pairs for alias in all_.split(",")})


VOCABULARY: Mapping[str, FieldWords] = MappingProxyType(
    {
        "task": FieldWords(
            spec=_words("seg label find"),
            aliases=_aliases(
                """seg=segment,segmentation,segmenting,segmented,segs
                label=labels,labeling,labelling,labeled,labelled,lab
                find=finder,finding,detect,detection,detector,localize,localization"""
            ),
        ),
        "anatomy": FieldWords(
            spec=_words("sc gm csf brainstem axon myelin"),
            known=_words(
                """wm canal rootlet rootlets root roots nerve nerves drg ganglion ganglia plexus
                brachialplexus disc discs disk disks vertebra vertebrae spine centerline centreline
                cervical thoracic lumbar sacral conus pmj dura epidural fat muscle muscles ligament
                foramen foramina lesion lesions tumor tumors tumour edema oedema cavity cavities
                syrinx hematoma hemorrhage compression brain cerebellum cerebrum medulla pons
                thalamus hippocampus cortex cauda dorsal ventral fiber fibers fascicle fascicles
                tract tracts cell cells nucleus nuclei unmyelinated vessel vessels artery"""
            ),
            default="sc",
            open=True,
            aliases=_aliases(
                """sc=cord,spinalcord gm=graymatter,greymatter csf=cerebrospinalfluid
                brainstem=brainstems axon=axons myelin=myelins"""
            ),
        ),
        "animal": FieldWords(
            spec=_words("human dog cat rat mouse"),
            known=_words(
                """monkey macaque marmoset rhesus baboon chimpanzee primate nhp rabbit pig minipig
                sheep goat cow horse ferret hamster guineapig gerbil squirrel opossum shrew bat frog
                bird chicken zebrafish killifish fish rodent"""
            ),
            default="human",
            open=True,
            aliases=_aliases(
                """human=humans dog=dogs,canine cat=cats,feline rat=rats mouse=mice,mouses
                monkey=monkeys macaque=macaques marmoset=marmosets rabbit=rabbits pig=pigs
                minipig=minipigs goat=goats cow=cows horse=horses ferret=ferrets primate=primates
                rodent=rodents"""
            ),
        ),
        "pathology": FieldWords(
            spec=_words("hc ms sci"),
            default="hc",
            aliases=_aliases(
                """hc=healthy,healthycontrol,healthycontrols,control,controls
                ms=multiplesclerosis sci=spinalcordinjury"""
            ),
            refused=_words(
                """dcm als nmo nmosd mogad cis rrms spms ppms stroke cancer glioma ependymoma
                astrocytoma myelitis myelopathy stenosis scoliosis syringomyelia neuropathy cmt
                parkinson alzheimer leukodystrophy adrenomyeloneuropathy amn hsp sma polio"""
            ),
        ),
        "condition": FieldWords(
            spec=_words("invivo exvivo"),
            default="invivo",
            aliases=_aliases("exvivo=postmortem"),
            refused=_words("insitu invitro insilico"),
        ),
        "contrast": FieldWords(
            spec=_words("t1 t2 t2star dwi sem tem oi"),
            known=_words(
                """mp2rage mprage unit1 uni inv1 inv2 epi bold fmri psir stir flair bf cars srs shg
                confocal em fluo he lfb mt mtr mton mtoff mts mtsat pd gre megre me3d medic ciss
                space fiesta bssfp swi qsm tof asl ct xray us oct dti adc fa md t1map t2map
                dixon dir vibe tse fse irse spgr fspgr flash contrast agnostic multicontrast"""
            ),
            open=True,
            aliases=_aliases(
                """t1=t1w,t1weighted t2=t2w,t2weighted
                t2star=t2s,t2sw,t2starw,t2starweighted,t2stars dwi=diffusion,diffusionweighted"""
            ),
        ),
        "architecture": FieldWords(
            spec=_words("unet2d unet3d filmCharley hemisAndreanne"),
            default="unet2d",
            aliases=_aliases(
                """unet2d=2d,2dunet,unet2 unet3d=3d,3dunet,unet3,3dfullres
                filmCharley=filmcharley hemisAndreanne=hemisandreanne"""
            ),
            refused=_words(
                """unet nnunet nnunet2d nnunet3d nnunetv2 resunet resenc resencm resencl resencxl
                attentionunet unetplusplus modifiedunet3d vnet segnet unetr swinunetr swinunet
                medformer mednext transunet transformer mamba umamba primus yolo hourglass densenet
                resnet fcn deeplab deepmedic monai sam medsam rcnn gan film hemis ensemble"""
            ),
        ),
    }
)


def vocabulary_data(vocabulary: Mapping[str, FieldWords] = VOCABULARY) -> dict[str, dict[str, Any]]:
    """Return a vocabulary as plain data that JSON can hold, for programs that can't import this."""
    return {
        name: {
            "spec": list(words.spec),
            "known": list(words.known),
            "default": words.default,
            "open": words.open,
            "aliases": dict(words.aliases),
            "refused": list(words.refused),
        }
        for name, words in vocabulary.items()
    }


def extend(
    vocabulary: Mapping[str, FieldWords], words: Mapping[str, Sequence[str]]
) -> Mapping[str, FieldWords]:
    """Return the vocabulary with more known values: of any field, the closed ones too.

    A word that the word list knew in another role (an alias, a value of another field) gets the
    new role.

    Raises:
        ValueError: for an unknown field, for a word that can't stand in a name, and for one that
            the specification lists in another field.
    """
    extended = dict(vocabulary)
    for name, added in words.items():
        if name not in vocabulary:
            raise ValueError(f"there is no field `{name}`; the fields are {', '.join(FIELDS)}")
        if isinstance(added, str):
            raise ValueError(f"{name}: give a list of words, not the one text {quote(added)}")  # noqa: TRY004
        for word in added:
            _require_word(word, name, vocabulary)
            extended = {key: _without(word, old) for key, old in extended.items()}
            if word not in extended[name].spec:
                extended[name] = replace(extended[name], known=(*extended[name].known, word))
    return MappingProxyType(extended)


def _require_word(word: object, name: str, vocabulary: Mapping[str, FieldWords]) -> None:
    if not isinstance(word, str) or not _VALUE.fullmatch(word):
        shown = quote(word) if isinstance(word, str) else repr(word)
        raise ValueError(f"{name}: {shown} can't stand in a name; write a-z and 0-9 only")
    for other, words in vocabulary.items():
        if other != name and word in words.spec:
            raise ValueError(f"{name}: the specification lists `{word}` as a value of {other}")


def _without(word: str, words: FieldWords) -> FieldWords:
    """Return the words of a field with no further role for this one; the specification's stay."""
    return replace(
        words,
        known=tuple(w for w in words.known if w != word),
        aliases=MappingProxyType(
            {a: v for a, v in words.aliases.items() if a != word and (v != word or v in words.spec)}
        ),
        refused=tuple(w for w in words.refused if w != word),
    )


# ---------------------------------------------------------------------------------- what is read


@dataclass(frozen=True)
class Fields:
    """What a name says: for each field its values in their order, ``()`` where there are none.

    Only task and contrast can be without a value: all others have a default.
    """

    task: tuple[str, ...] = ()
    anatomy: tuple[str, ...] = ("sc",)
    animal: tuple[str, ...] = ("human",)
    pathology: tuple[str, ...] = ("hc",)
    condition: tuple[str, ...] = ("invivo",)
    contrast: tuple[str, ...] = ()
    architecture: tuple[str, ...] = ("unet2d",)

    def __post_init__(self) -> None:
        for name, values in self.items():
            if not isinstance(values, tuple):
                raise TypeError(f"{name} must be a tuple of values, not {values!r}")

    def items(self) -> Iterator[tuple[str, tuple[str, ...]]]:
        """Yield each field and its values, in the order of a name."""
        return ((name, getattr(self, name)) for name in FIELDS)


@dataclass(frozen=True)
class Word:
    """One value of a token."""

    #: The value that is meant.
    value: str
    #: The value as it stands in the name; another text for an alias, "" for a default.
    written: str
    origin: Origin


@dataclass(frozen=True)
class Slot:
    """One field and what was read for it."""

    field: str
    #: The token as it stands in the name; None for a field left out.
    token: str | None
    words: tuple[Word, ...]

    @property
    def values(self) -> tuple[str, ...]:
        """The values, each once."""
        return tuple(dict.fromkeys(word.value for word in self.words))


@dataclass(frozen=True)
class NameProblem:
    """One thing that is wrong with a name."""

    #: "N001" to "N011".
    code: str
    #: One line: what is wrong, and what to do.
    message: str
    #: The token that it is about; "" for the whole name.
    token: str = ""
    #: The nearest right name.
    suggestion: str | None = None


@dataclass(frozen=True)
class Name:
    """A name that was read."""

    text: str
    #: What the name says; None where that can't be told for every token.
    fields: Fields | None
    #: The tokens whose field is certain, in the order of the fields; where ``fields`` is not None
    #: also the fields left out.
    slots: tuple[Slot, ...]
    #: In the order in which they stand in the name.
    problems: tuple[NameProblem, ...]

    @property
    def usable(self) -> bool:
        """Whether nothing is wrong that the specification forbids."""
        return all(problem.code in TOLERATED for problem in self.problems)

    @property
    def suggestion(self) -> str | None:
        """The nearest right name, if something is wrong and there is one."""
        return next((p.suggestion for p in self.problems if p.suggestion), None)


def parse(name: str, vocabulary: Mapping[str, FieldWords] = VOCABULARY) -> Name:
    """Read any text as a name. Never raises: what is wrong stands in ``problems``."""
    index = _Index(vocabulary)
    reading = _checked(name, index)
    return Name(name, reading.fields, reading.slots, tuple(_advise(reading, index)))


def canonical(name: str, vocabulary: Mapping[str, FieldWords] = VOCABULARY) -> str | None:
    """Return the name as ``compose`` writes it, or None where it can't be told what it says."""
    fields = _checked(name, _Index(vocabulary)).fields
    return None if fields is None else compose(fields, vocabulary)


def suggest(name: str, vocabulary: Mapping[str, FieldWords] = VOCABULARY) -> str | None:
    """Return the nearest right name, or None for a right name and where there is none.

    What it returns parses without errors.
    """
    return parse(name, vocabulary).suggestion


def compose(fields: Fields, vocabulary: Mapping[str, FieldWords] = VOCABULARY) -> str:
    """Write the name of these fields; defaults are left out.

    A value that no list names can only be read from its place. Where it stands alone in its token,
    the neighbouring defaults that make its place certain are spelled out: ``model_seg_sc_yak_hc``.

    Raises:
        ValueError: for what no name can say: a value outside a closed list, an alias, characters
            other than a-z and 0-9, a value twice, a field without its value, more than 100
            characters, an unlisted value that would be read as another field whatever stands beside
            it (after ``model_``, where only a task can be unlisted) or that is a number or a field
            strength and stands alone.
    """
    index = _Index(vocabulary)
    for name, values in fields.items():
        _require_values(name, values, index)
    composed = _write(fields, index)
    if composed is None:
        raise ValueError(_why_no_name(fields, index))
    return composed


# ---------------------------------------------------------------------------------- words


#: Where a word stands in the vocabulary; "refused" is known to mean the field, but not allowed.
_Standing = Literal["listed", "known", "alias", "refused", "unlisted"]


@dataclass(frozen=True)
class _Found:
    """A value as written, and what the vocabulary knows about it."""

    written: str
    value: str
    standing: _Standing
    #: The field that the word belongs to; None for an unlisted one.
    home: str | None = None

    @property
    def allowed(self) -> bool:
        return self.standing in {"listed", "known"}


class _Index:
    """A vocabulary, indexed by word."""

    def __init__(self, vocabulary: Mapping[str, FieldWords]) -> None:
        self.vocabulary = vocabulary
        self.words: dict[str, _Found] = {}
        for name, words in vocabulary.items():
            self._add(words.refused, "refused", name)
            self._add(words.known, "known", name)
            for alias, value in words.aliases.items():
                self.words[alias] = _Found(alias, value, "alias", name)
            self._add(words.spec, "listed", name)
        #: The camel-case values, in small letters: a value in capitals may mean one of them.
        self.literals = frozenset(w.lower() for w in self.words if not _VALUE.fullmatch(w))

    def _add(self, words: Iterable[str], standing: _Standing, home: str) -> None:
        self.words.update((word, _Found(word, word, standing, home)) for word in words)

    def find(self, written: str) -> _Found:
        """Look up a value as it stands in a name."""
        found = self.words.get(written)
        if found is None and self.is_literal(written):
            found = self.words.get(written.lower())
        return replace(found, written=written) if found else _Found(written, written, "unlisted")

    def is_literal(self, written: str) -> bool:
        """Tell whether this is a camel-case value of the specification, whatever its capitals."""
        return written.isascii() and written.lower() in self.literals

    def well_formed(self, value: str) -> bool:
        """Tell whether this can be a value by its characters."""
        return bool(_VALUE.fullmatch(value)) or self.is_literal(value)

    def is_open(self, name: str) -> bool:
        return self.vocabulary[name].open

    def options(self, name: str) -> str:
        return ", ".join(self.vocabulary[name].allowed)


def quote(text: str) -> str:
    """Return a text from outside in backquotes: on one line, in ASCII, of bearable length."""
    short = text if len(text) <= MAX_LENGTH else text[:40] + "..."
    return "`" + short.encode("unicode_escape").decode("ascii") + "`"


# ---------------------------------------------------------------------------------- reading


@dataclass(frozen=True)
class _Token:
    """One token: its values, and the field that they belong to where that is certain."""

    text: str
    position: int
    found: tuple[_Found, ...]
    #: The certain field.
    field: str | None = None
    #: Whether its place says the field, not its words.
    by_place: bool = False
    #: The fields that an unlisted token may be of, where its place leaves several.
    candidates: tuple[str, ...] = ()

    @property
    def homes(self) -> list[str]:
        """The fields that its words belong to."""
        return list(dict.fromkeys(f.home for f in self.found if f.home is not None))

    @property
    def is_unknown(self) -> bool:
        return not self.homes

    @property
    def is_mixed(self) -> bool:
        return len(self.homes) > 1


@dataclass(frozen=True)
class _Reading:
    """What a text says, before anything is suggested."""

    text: str
    tokens: tuple[_Token, ...] = ()
    #: Each with the position of its token, the order in which they are shown.
    problems: tuple[tuple[int, NameProblem], ...] = ()
    fields: Fields | None = None
    slots: tuple[Slot, ...] = ()

    @property
    def is_usable(self) -> bool:
        return all(problem.code in TOLERATED for _, problem in self.problems)


_Problems = list[tuple[int, NameProblem]]


def _read(text: str, index: _Index, *, any_length: bool = False) -> _Reading:
    """Read a text; the problems carry no suggestion yet."""
    wrong = list(_syntax(text, index, any_length=any_length))
    if wrong:
        return _Reading(text, problems=tuple((0, problem) for problem in wrong))
    tokens = tuple(
        _token(token, position, index) for position, token in enumerate(text.split("_")[1:])
    )
    problems: _Problems = []
    tokens = _place(tokens, index, problems)
    for token in tokens:
        problems.extend((token.position, problem) for problem in _token_problems(token, index))
    problems.sort(key=lambda item: item[0])
    slots = _slots(tokens, index)
    fields = _fields(tokens, slots, index)
    if fields is not None:
        slots = _complete(slots, index)
    return _Reading(text, tokens, tuple(problems), fields, slots)


def _checked(text: str, index: _Index) -> _Reading:
    """Read a text; what can't be composed again (it may be wrong in many ways) has no fields."""
    reading = _read(text, index)
    if reading.fields is None or reading.is_usable or _write(reading.fields, index):
        return reading
    return replace(reading, fields=None)


def _syntax(text: str, index: _Index, *, any_length: bool) -> Iterator[NameProblem]:
    """Yield what is wrong with the prefix, or else with the characters."""
    if not text:
        yield NameProblem("N001", "the name is empty: a name begins with `model_`")
        return
    if not text.startswith(PREFIX):
        yield NameProblem("N001", f"{quote(text)} does not begin with `model_`, as every name does")
        return
    rest = text.removeprefix(PREFIX)
    if not rest:
        yield NameProblem("N002", "nothing follows `model_`: add a task and an anatomy, or more")
        return
    if len(text) > MAX_LENGTH and not any_length:
        yield NameProblem(
            "N002",
            f"the name has {len(text)} characters, and GitHub takes at most {MAX_LENGTH}: "
            "leave out defaults",
        )
        return
    values = [value for token in rest.split("_") for value in token.split("-")]
    bad = [value for value in values if value and not index.well_formed(value)]
    if bad:
        yield NameProblem("N002", _bad_characters(bad))
    if any(not token for token in rest.split("_")):
        yield NameProblem(
            "N002", "a token is empty: one `_` stands between two tokens, none at an end"
        )
    elif not all(values):
        yield NameProblem("N002", "a value is empty: one `-` stands between two values of a token")


def _bad_characters(values: Iterable[str]) -> str:
    bad = dict.fromkeys(c for c in "".join(values) if not _VALUE.fullmatch(c))
    capitals = [c for c in bad if "A" <= c <= "Z"]
    others = [_character(c) for c in bad if c not in capitals]
    if capitals and not others:
        return (
            "a name has no capital letters (but in filmCharley and hemisAndreanne): write it small"
        )
    what = ", ".join([*others[:5], *(["..."] if others[5:] else [])])
    also = " or capitals" if capitals else ""
    return f"a name can't hold {what}{also}: write a-z and 0-9, with `_` and `-` between"


def _character(character: str) -> str:
    names = {" ": "a space", "\n": "a line break", "\r": "a line break", "\t": "a tab"}
    if character in names:
        return names[character]
    return f"`{character}`" if "!" <= character <= "~" else f"the character U+{ord(character):04X}"


def _token(text: str, position: int, index: _Index) -> _Token:
    found = tuple(index.find(value) for value in text.split("-"))
    if len(found) > 1 and not all(f.home for f in found):
        # A hyphen inside a word: `ex-vivo`, `t2-star`, `spinal-cord`.
        joined = index.find(text.replace("-", ""))
        if joined.home and {f.home for f in found} <= {None, joined.home}:
            standing: _Standing = "refused" if joined.standing == "refused" else "alias"
            found = (replace(joined, written=text, standing=standing),)
    token = _Token(text, position, found)
    return replace(token, field=token.homes[0]) if len(token.homes) == 1 else token


def _token_problems(token: _Token, index: _Index) -> Iterator[NameProblem]:
    """Yield what is wrong with a token, wherever it stands."""
    for f in token.found:
        if f.standing == "alias":
            message = f"{quote(f.written)} is another spelling: write `{f.value}` ({f.home})"
            yield NameProblem("N011", message, token.text)
    if token.is_mixed:
        said = ", ".join(f"{quote(f.written)} is {_a(f.home)}" for f in token.found if f.home)
        message = f"{quote(token.text)} mixes fields: {said}; one token holds values of one field"
        yield NameProblem("N009", message, token.text)
    written = [f.written for f in token.found]
    twice = [w for w in dict.fromkeys(written) if written.count(w) > 1]
    if twice:
        message = f"{quote(token.text)} holds {_listing(twice)} twice: write it once"
        yield NameProblem("N010", message, token.text)
    yield from _value_problems(token, index)


def _value_problems(token: _Token, index: _Index) -> Iterator[NameProblem]:
    """Yield the values of a token that its field does not list."""
    for home, refused in groupby(
        (f for f in token.found if f.standing == "refused"), key=lambda f: f.home
    ):
        yield _not_allowed(home or "", [f.written for f in refused], token, index)
    unlisted = [f.written for f in token.found if f.standing == "unlisted"]
    if not unlisted or token.field is None:
        return
    if not index.is_open(token.field):
        if all(f.standing != "refused" for f in token.found):  # or else it is reported already
            yield _not_allowed(token.field, unlisted, token, index)
        return
    message = f"{_listing(unlisted)} {_is(unlisted)} in no list: read as {_a(token.field)}"
    yield NameProblem("N005", message, token.text)


def _not_allowed(home: str, written: Sequence[str], token: _Token, index: _Index) -> NameProblem:
    message = (
        f"{_listing(written)} {_is(written)} not allowed as {_a(home)}: "
        f"it is one of {index.options(home)}"
    )
    return NameProblem("N004", message, token.text)


def _a(name: str | None) -> str:
    return f"an {name}" if name and name[0] == "a" else f"a {name}"


def _is(several: Sequence[object]) -> str:
    return "are" if len(several) > 1 else "is"


def _listing(written: Iterable[str]) -> str:
    return ", ".join(map(quote, written))


# ------------------------------------------------------------------- which token is which field


def _place(tokens: tuple[_Token, ...], index: _Index, problems: _Problems) -> tuple[_Token, ...]:
    """Give each token its field where that is certain, and report what is out of place."""
    first = tokens[0]
    has_task = any("task" in token.homes for token in tokens)
    if first.is_unknown and not has_task:
        # Every documented name begins with a task, so this is meant to be one.
        tokens = (replace(first, field="task", by_place=True), *tokens[1:])
    elif not has_task:
        message = "the name says no task: write seg, label or find after `model_`"
        problems.append((-1, NameProblem("N003", message)))

    _check_repeats(tokens, problems)
    ordered = _check_order(tokens, problems)
    if any(token.is_mixed for token in tokens) or not ordered:
        return tokens  # no neighbour says for certain where an unlisted value belongs
    return _place_unknown(tokens, index, problems)


def _check_repeats(tokens: Iterable[_Token], problems: _Problems) -> None:
    seen: dict[str, _Token] = {}
    for token in tokens:
        if token.field is None:
            continue
        before = seen.setdefault(token.field, token)
        if before is token:
            continue
        values = dict.fromkeys(f.value for t in (before, token) for f in t.found)
        message = (
            f"{quote(before.text)} and {quote(token.text)} are both {_a(token.field)}: "
            f"write one token, {quote('-'.join(values))}"
        )
        problems.append((token.position, NameProblem("N010", message, token.text)))


def _check_order(tokens: Iterable[_Token], problems: _Problems) -> bool:
    """Report a wrong order; return whether it is right, or the historical one."""
    by_field: dict[str, _Token] = {}
    for token in tokens:
        if token.field is not None:
            by_field.setdefault(token.field, token)
    order = list(by_field)
    if order == sorted(order, key=_rank):
        return True
    if _is_historical(order):
        animal, anatomy = by_field["animal"], by_field["anatomy"]
        if anatomy.position == animal.position + 1:
            message = (
                f"{quote(animal.text)} before {quote(anatomy.text)} is the order from before June "
                "2025: the anatomy stands before the animal now"
            )
            problems.append((animal.position, NameProblem("N008", message, animal.text)))
            return True
    late = next(b for a, b in pairwise(order) if _rank(b) < _rank(a))
    before = next(name for name in order if _rank(name) > _rank(late))
    message = (
        f"{quote(by_field[late].text)} ({late}) must stand before "
        f"{quote(by_field[before].text)} ({before}): the order is {', '.join(FIELDS)}"
    )
    problems.append((by_field[late].position, NameProblem("N007", message, by_field[late].text)))
    return False


def _is_historical(order: Sequence[str]) -> bool:
    """Tell whether only the animal stands before the anatomy, and all else in order."""
    swapped = list(order)
    for i, pair in enumerate(pairwise(order)):
        if pair == ("animal", "anatomy"):
            swapped[i : i + 2] = ["anatomy", "animal"]
    return swapped == sorted(order, key=_rank)


def _rank(name: str) -> int:
    return FIELDS.index(name)


def _place_unknown(
    tokens: tuple[_Token, ...], index: _Index, problems: _Problems
) -> tuple[_Token, ...]:
    """Give unlisted tokens the open fields between their neighbours, where only one way fits."""
    placed: list[_Token] = []
    for unknown, run_ in groupby(tokens, key=lambda t: t.field is None):
        run = list(run_)
        if not unknown:
            placed += run
            continue
        low = max((_rank(t.field) for t in tokens[: run[0].position] if t.field), default=-1)
        high = min(
            (_rank(t.field) for t in tokens[run[-1].position + 1 :] if t.field), default=len(FIELDS)
        )
        between = FIELDS[low + 1 : high] if low < high else ()
        open_ = [name for name in between if index.is_open(name)]
        certain = len(open_) == len(run) and not any(_is_no_word(t) for t in run)
        if certain:
            placed += [
                replace(t, field=name, by_place=True) for t, name in zip(run, open_, strict=True)
            ]
            continue
        placed += [replace(t, candidates=tuple(open_)) for t in run]
        problems += _unplaced(run, between, open_, tokens, index)
    return tuple(placed)


def _is_no_word(token: _Token) -> bool:
    return all(_NO_WORD.fullmatch(f.written) for f in token.found)


def _unplaced(
    run: Sequence[_Token],
    between: Sequence[str],
    open_: Sequence[str],
    tokens: Sequence[_Token],
    index: _Index,
) -> Iterator[tuple[int, NameProblem]]:
    """Yield why the unlisted tokens of a run have no certain field."""
    first = run[0]
    texts = _listing(t.text for t in run)
    if open_ and len(run) <= len(open_):
        for token in run:
            if _is_no_word(token):
                message = (
                    f"{quote(token.text)} is a number, a field strength or a version, for which "
                    "there is no field: leave it out, or join it to the value it belongs to"
                )
                yield token.position, NameProblem("N006", message, token.text)
                continue
            message = (
                f"{quote(token.text)} is in no list, and its place does not say whether it is "
                f"{_either(open_)}"
            )
            yield token.position, NameProblem("N006", message, token.text)
        return
    following = next((t for t in tokens[run[-1].position + 1 :] if t.field), None)
    if not open_ and following is not None and following.field == "anatomy":
        message = (
            f"{texts} stands before the anatomy {quote(following.text)}, where only the task "
            "does: an animal stands after the anatomy"
        )
        yield first.position, NameProblem("N007", message, first.text)
        return
    if open_:
        room = f"only {_either(open_)} in no list has room there"
    elif between:
        room = "only " + " or ".join(f"{_a(n)} ({index.options(n)})" for n in between)
        room += " may stand there"
    else:
        room = "no field has room there"
    message = f"{texts} {_is(run)} in no list, and {room}"
    yield first.position, NameProblem("N004", message, first.text)


def _either(names: Sequence[str]) -> str:
    parts = [_a(name) for name in names]
    return parts[0] if len(parts) == 1 else ", ".join(parts[:-1]) + " or " + parts[-1]


# ------------------------------------------------------------------------- what the tokens say


def _slots(tokens: Iterable[_Token], index: _Index) -> tuple[Slot, ...]:
    """Return the tokens whose field and values are certain, in the order of the fields."""
    good = [t for t in tokens if t.field and all(_origin(f, t.field, index) for f in t.found)]
    good.sort(key=lambda t: _rank(t.field or ""))
    return tuple(
        Slot(
            token.field or "",
            token.text,
            tuple(
                Word(f.value, f.written, _origin(f, token.field or "", index) or "unlisted")
                for f in token.found
            ),
        )
        for token in good
    )


def _origin(found: _Found, name: str, index: _Index) -> Origin | None:
    """Return where an allowed value comes from; None for one that is not allowed."""
    if found.standing == "refused" or (found.standing == "unlisted" and not index.is_open(name)):
        return None
    return found.standing


def _fields(tokens: Sequence[_Token], slots: Sequence[Slot], index: _Index) -> Fields | None:
    """Return what all tokens say together, or None where one can't be told."""
    if len(slots) != len(tokens):
        return None
    values: dict[str, tuple[str, ...]] = {}
    for slot in slots:
        values[slot.field] = tuple(dict.fromkeys((*values.get(slot.field, ()), *slot.values)))
    return Fields(**{n: values.get(n, words.defaults) for n, words in index.vocabulary.items()})


def _complete(slots: Sequence[Slot], index: _Index) -> tuple[Slot, ...]:
    """Add the fields left out, with their defaults."""
    read = {slot.field for slot in slots}
    omitted = [
        Slot(name, None, tuple(Word(value, "", "default") for value in words.defaults))
        for name, words in index.vocabulary.items()
        if name not in read
    ]
    return tuple(sorted([*slots, *omitted], key=lambda slot: _rank(slot.field)))


# ---------------------------------------------------------------------------------- writing


def _write(fields: Fields, index: _Index, spelled: frozenset[str] = frozenset()) -> str | None:
    """Return the shortest name that is read back as these fields, or None.

    ``spelled`` are the fields to write even if they have their default.
    """
    defaults = {
        name
        for name, values in fields.items()
        if values and values == index.vocabulary[name].defaults and name not in spelled
    }
    optional = [name for name in FIELDS if name in defaults]
    subsets = chain.from_iterable(combinations(optional, n) for n in range(len(optional) + 1))
    for added in subsets:
        name = _join(fields, omitted=defaults.difference(added))
        reading = _read(name, index)
        if reading.fields == fields and reading.is_usable:
            return name
    return None


def _join(fields: Fields, omitted: Iterable[str] = ()) -> str:
    return PREFIX + "_".join(
        "-".join(values) for name, values in fields.items() if values and name not in omitted
    )


def _require_values(name: str, values: Sequence[str], index: _Index) -> None:
    default = index.vocabulary[name].default
    if not values and default is not None:
        raise ValueError(f"{name} needs a value; its default is {default}")
    for value in values:
        found = index.find(value)
        if not index.well_formed(value):
            raise ValueError(
                f"{name}: {quote(value)} can't stand in a name; write a-z and 0-9 only"
            )
        if found.home not in {name, None}:
            raise ValueError(f"{name}: {quote(value)} is {_a(found.home)}, not {_a(name)}")
        if found.standing == "alias":
            raise ValueError(f"{name}: {quote(value)} is another spelling; write `{found.value}`")
        if not found.allowed and not index.is_open(name):
            raise ValueError(
                f"{name}: {quote(value)} is not allowed; it is one of {index.options(name)}"
            )
        if values.count(value) > 1:
            raise ValueError(f"{name}: {quote(value)} stands there twice; write it once")


def _why_no_name(fields: Fields, index: _Index) -> str:
    defaults = [n for n, values in fields.items() if values == index.vocabulary[n].defaults]
    shortest = _join(fields, omitted=defaults)
    if len(shortest) > MAX_LENGTH:
        return f"the name would have {len(shortest)} characters; GitHub takes at most {MAX_LENGTH}"
    wrong = [p for _, p in _read(_join(fields), index).problems if p.code not in {"N003", "N005"}]
    reason = wrong[0].message if wrong else f"{quote(shortest)} is read as something else"
    return f"no name says that: {reason}"


# ---------------------------------------------------------------------------------- suggesting


def _advise(reading: _Reading, index: _Index) -> Iterator[NameProblem]:
    """Yield the problems of a name, each with the nearest right name."""
    if not reading.problems:
        return
    suggestion = _nearest_name(reading, index)
    for position, problem in reading.problems:
        unsure = problem.code == "N006" and not _is_no_word(reading.tokens[position])
        if unsure and reading.is_usable:
            alternatives = _alternatives(reading, position, index)
            yield replace(problem, message=problem.message + alternatives, suggestion=suggestion)
        elif problem.code == "N005" and suggestion and problem.token in suggestion.split("_"):
            yield problem  # the nearest right name keeps it
        else:
            yield replace(problem, suggestion=suggestion)


def _alternatives(reading: _Reading, position: int, index: _Index) -> str:
    """Return the names that would say for certain what the token is, as the end of a message."""
    names = [
        (name, _nearest_name(reading, index, {position: name}))
        for name in _LIKELY
        if name in reading.tokens[position].candidates
    ]
    certain = [f"`{full}` for {_a(name)}" for name, full in names if full]
    return ": write " + ", ".join(certain) if certain else ""


#: The open fields, in the order in which an unlisted word is likely to be meant as one.
_LIKELY = ("anatomy", "contrast", "animal")


@dataclass(frozen=True)
class _Group:
    """Words that stood together in one token."""

    found: tuple[_Found, ...]
    #: The field of its unlisted words, where that is known.
    field: str | None = None
    #: Whether an unlisted word may be a slip of the pen for one in a list.
    mend: bool = True
    #: Whether it stands where the task should, and is none.
    instead_of_task: bool = False


def _nearest_name(
    reading: _Reading, index: _Index, decided: Mapping[int, str] | None = None
) -> str | None:
    """Return the right name that says what this text seems to mean, if that is another text.

    ``decided`` gives tokens (by position) a field.
    """
    if reading.tokens:
        groups = [_group(token, reading, index, decided or {}) for token in reading.tokens]
        return _rebuilt(groups, reading.text, index)
    if len(reading.text) > 4 * MAX_LENGTH:
        return None
    cleaned = _read(_cleaned(reading.text), index, any_length=True)
    if cleaned.tokens and all(problem.code == "N005" for _, problem in cleaned.problems):
        groups = [_Group(token.found, token.field, mend=False) for token in cleaned.tokens]
    else:
        groups = [_Group(token.found) for token in cleaned.tokens]
    if not any(f.home for group in groups for f in group.found):
        return None  # a text that has nothing to do with this convention
    return _rebuilt(groups, reading.text, index)


def _group(token: _Token, reading: _Reading, index: _Index, decided: Mapping[int, str]) -> _Group:
    if token.position in decided:
        return _Group(token.found, decided[token.position], mend=False)
    if token.by_place and token.field == "task":
        return _Group(token.found, instead_of_task=True)
    if _is_no_word(token):
        return _Group(token.found)
    if token.candidates:
        return _Group(token.found, next(name for name in _LIKELY if name in token.candidates))
    only_unlisted = all(problem.code == "N005" for _, problem in reading.problems)
    certain = token.field is not None and index.is_open(token.field)
    return _Group(token.found, token.field, mend=only_unlisted or not certain)


def _rebuilt(groups: Sequence[_Group], text: str, index: _Index) -> str | None:
    """Return a right name of the words in these groups."""
    groups = [_mended(group, index) for group in _rejoined(groups, index)]
    if any(f.standing == "refused" for group in groups for f in group.found):
        return None  # the convention has no word for what it says
    values = _sorted_out(groups, index)
    values.setdefault("task", ["seg"])
    fields = Fields(
        **{
            name: tuple(dict.fromkeys(values.get(name, words.defaults)))
            for name, words in index.vocabulary.items()
        }
    )
    name = _write(fields, index, frozenset(values)) or _write(fields, index)
    return name if name != text else None


def _rejoined(groups: Sequence[_Group], index: _Index) -> list[_Group]:
    """Put words together that were cut in two: ``t2_star``, ``ex_vivo``."""
    joined: list[_Group] = []
    for group in groups:
        if joined and len(joined[-1].found) == len(group.found) == 1:
            first, second = joined[-1].found[0], group.found[0]
            whole = index.find(first.written + second.written)
            if whole.home and not (first.allowed and second.allowed):
                joined[-1] = _Group((whole,))
                continue
        joined.append(group)
    return joined


def _mended(group: _Group, index: _Index) -> _Group:
    """Replace the words of a group that are in no list by near ones that are."""
    return replace(group, found=tuple(_mended_word(f, group, index) for f in group.found))


def _mended_word(found: _Found, group: _Group, index: _Index) -> _Found:
    if found.standing == "refused":
        options = index.vocabulary[found.home or ""].allowed
        return _closest(found, {word: word for word in options}, index, 0.6)
    if found.standing != "unlisted" or not group.mend or len(found.written) < 4:
        return found
    if group.instead_of_task:
        task = index.vocabulary["task"]
        mended = _closest(found, {**task.aliases, **{w: w for w in task.allowed}}, index, 0.7)
        if mended is not found:
            return mended
    for name, words in index.vocabulary.items():
        for word in words.spec:
            if not index.is_open(name) and len(word) > 4 and found.written.startswith(word.lower()):
                return index.find(word)
    return _closest(
        found, {w: f.value for w, f in index.words.items() if f.standing != "refused"}, index, 0.8
    )


def _closest(found: _Found, options: Mapping[str, str], index: _Index, cutoff: float) -> _Found:
    from difflib import get_close_matches  # noqa: PLC0415 - only a wrong name pays for it

    near = get_close_matches(found.written, options, n=1, cutoff=cutoff)
    return index.find(options[near[0]]) if near else found


def _sorted_out(groups: Sequence[_Group], index: _Index) -> dict[str, list[str]]:
    """Return the values that the words of all groups give to each field."""
    words = [(f, group) for group in groups for f in group.found]
    homes = [f.home for f, _ in words]
    values: dict[str, list[str]] = {}
    for position, (found, group) in enumerate(words):
        home = found.home or _adopted(position, group, homes, index)
        if home is None or (found.home is None and _TAG.fullmatch(found.written)):
            continue
        if found.home is not None or index.is_open(home):
            values.setdefault(home, []).append(found.value)
            homes[position] = home
    return values


def _adopted(
    position: int, group: _Group, homes: Sequence[str | None], index: _Index
) -> str | None:
    """Return the field that an unlisted word is best read as; None to leave it out."""
    mates = [f.home for f in group.found if f.home]
    if mates or group.field:
        return group.field or mates[0]
    if group.instead_of_task:
        return None if "anatomy" in homes else "anatomy"
    if "contrast" in homes and all(_NO_WORD.fullmatch(f.written) for f in group.found):
        return "contrast"  # field strengths
    before = next((h for h in reversed(homes[:position]) if h), None)
    after = next((h for h in homes[position + 1 :] if h), None)
    return next((h for h in (before, after) if h and index.is_open(h)), "anatomy")


def _cleaned(text: str) -> str:
    """Return the text with the characters and separators of a name."""
    import unicodedata  # noqa: PLC0415 - only a wrong name pays for it

    text = text.strip().rstrip("/").rpartition("/")[2].removesuffix(".git").removesuffix(".zip")
    if text.isalnum():
        text = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", text)  # modelSegMouse
    text = unicodedata.normalize("NFKD", text).lower().replace("t2*", "t2star")
    text = re.sub(r"\s*[+&,]\s*", "-", text)
    text = re.sub(r"[^a-z0-9_-]+", "_", text.encode("ascii", "ignore").decode("ascii"))
    text = re.sub(r"^_*models?(?=[_-]|$)", "", text).removeprefix("model")
    if "_" not in text.strip("_-"):
        text = text.replace("-", "_")
    tokens = (re.sub(r"-+", "-", token).strip("-") for token in text.split("_"))
    return PREFIX + "_".join(token for token in tokens if token)
