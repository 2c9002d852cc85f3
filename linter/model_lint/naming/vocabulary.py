"""The words that a name may contain, field by field."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from types import MappingProxyType
from typing import Literal, NamedTuple

from ..wording import quote_name

#: The fields, in the order of a name.
FIELDS = ("task", "anatomy", "animal", "pathology", "condition", "contrast", "architecture")

_VALUE = re.compile(r"[a-z0-9]+")


class FieldWords(NamedTuple):
    """The words of one field."""

    #: The values that the specification lists.
    spec: tuple[str, ...]
    #: Further values: of an open field those in real use, of any field those of a configuration.
    known: tuple[str, ...] = ()
    #: The value of a field that a name leaves out; None if it then has no value.
    default: str | None = None
    #: Whether the specification's list ends in "...".
    open: bool = False
    #: Other spellings of values in ``spec`` or ``known``.
    aliases: Mapping[str, str] = MappingProxyType({})
    #: Words that clearly mean this field, but are not allowed in its closed list.
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
                """seg=segment,segmentation,segmenting,segmented
                label=labels,labeling,labelling,labeled,labelled
                find=finder,finding,detect,detection,detector,localize,localization"""
            ),
            refused=_words(
                """crop cropping classify classification classifier register registration synthesis
                reconstruction denoising preprocess preprocessing postprocess postprocessing"""
            ),
        ),
        "anatomy": FieldWords(
            spec=_words("sc gm csf brainstem axon myelin"),
            known=_words(
                """wm canal rootlet rootlets root roots spinal nerve nerves drg ganglion ganglia
                plexus brachialplexus disc discs disk disks intervertebral vertebra vertebrae
                vertebral spine centerline centreline cervical thoracic lumbar sacral conus pmj dura
                epidural fat muscle muscles ligament foramen foramina lesion lesions tumor tumors
                tumour edema oedema cavity cavities syrinx hematoma hemorrhage compression brain
                cerebellum cerebrum medulla pons
                thalamus hippocampus cortex cauda dorsal ventral fiber fibers fascicle fascicles
                tract tracts cell cells nucleus nuclei unmyelinated vessel vessels artery"""
            ),
            default="sc",
            open=True,
            aliases=_aliases(
                """sc=cord,spinalcord gm=graymatter,greymatter csf=cerebrospinalfluid
                axon=axons wm=whitematter"""
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
                """human=humans dog=dogs,canine cat=cats,feline rat=rats mouse=mice,murine
                monkey=monkeys,simian macaque=macaques marmoset=marmosets baboon=baboons
                chimpanzee=chimpanzees primate=primates rabbit=rabbits,lapine
                pig=pigs,porcine,swine minipig=minipigs sheep=ovine goat=goats,caprine
                cow=cows,bovine horse=horses,equine ferret=ferrets hamster=hamsters
                gerbil=gerbils bat=bats frog=frogs bird=birds,avian
                chicken=chickens rodent=rodents"""
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
                dixon dir vibe tse fse irse spgr fspgr flash contrast agnostic multicontrast
                mri mr ultrasound axial sagittal coronal"""
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
                """unet2d=2d,2dunet,unet2,nnunet2d unet3d=3d,3dunet,unet3,3dfullres,nnunet3d
                filmCharley=filmcharley hemisAndreanne=hemisandreanne"""
            ),
            refused=_words(
                """unet nnunet nnunetv2 resunet resenc resencm resencl resencxl
                attentionunet unetplusplus modifiedunet3d vnet segnet unetr swinunetr swinunet
                medformer mednext transunet transformer mamba umamba primus yolo hourglass densenet
                resnet fcn deeplab deepmedic monai sam medsam rcnn gan film hemis ensemble"""
            ),
        ),
    }
)


def extend(
    vocabulary: Mapping[str, FieldWords], words: Mapping[str, Sequence[str]]
) -> Mapping[str, FieldWords]:
    """Return the vocabulary with more known values of any field, closed ones included.

    A word that already had another role (an alias, a value of another field) changes to the new
    role.

    Raises:
        ValueError: if a field is unknown, if a word can't be part of a name, or if the
            specification lists it in another field.
    """
    extended = dict(vocabulary)
    roles: dict[str, str] = {}
    for name, added in words.items():
        if name not in vocabulary:
            raise ValueError(
                f"there is no field {quote_name(name)}; the fields are {', '.join(FIELDS)}"
            )
        if isinstance(added, str):
            raise ValueError(f"{name}: give a list of words, not the text {quote_name(added)}")  # noqa: TRY004
        for word in added:
            _require_word(word, name, vocabulary)
            if roles.setdefault(word, name) != name:
                raise ValueError(
                    f"{name}: `{word}` is added to {roles[word]} too; a word has one field"
                )
            if word not in extended[name].allowed:
                extended = {key: _without(word, old) for key, old in extended.items()}
                extended[name] = extended[name]._replace(known=(*extended[name].known, word))
    return MappingProxyType(extended)


def _require_word(word: object, name: str, vocabulary: Mapping[str, FieldWords]) -> None:
    if not isinstance(word, str) or not _VALUE.fullmatch(word):
        shown = quote_name(word) if isinstance(word, str) else repr(word)
        raise ValueError(f"{name}: {shown} can't be part of a name; write a-z and 0-9 only")
    for other, words in vocabulary.items():
        if other != name and word in words.spec:
            raise ValueError(f"{name}: the specification lists `{word}` as a value of {other}")


def _without(word: str, words: FieldWords) -> FieldWords:
    """Return the words of a field without this one, unless the specification lists it."""
    return words._replace(
        known=tuple(w for w in words.known if w != word),
        aliases=MappingProxyType(
            {a: v for a, v in words.aliases.items() if a != word and (v != word or v in words.spec)}
        ),
        refused=tuple(w for w in words.refused if w != word),
    )


#: The status of a word in the vocabulary; "refused" means the field, but is not allowed.
Status = Literal["listed", "known", "alias", "refused", "unlisted"]


class Found(NamedTuple):
    """A value as it is written, and its entry in the vocabulary."""

    written: str
    value: str
    status: Status
    #: The field that the word belongs to; None for an unlisted one.
    home: str | None = None

    @property
    def allowed(self) -> bool:
        """Whether it may be written in this way."""
        return self.status in {"listed", "known"}


class Index:
    """A vocabulary, indexed by word."""

    def __init__(self, vocabulary: Mapping[str, FieldWords]) -> None:
        self.vocabulary = vocabulary
        self.words: dict[str, Found] = {}
        for name, words in vocabulary.items():
            self._add(words.refused, "refused", name)
            self._add(words.known, "known", name)
            for alias, value in words.aliases.items():
                self.words[alias] = Found(alias, value, "alias", name)
            self._add(words.spec, "listed", name)
        #: The camel-case values, in small letters, to find them in any capitals.
        self.literals = frozenset(w.lower() for w in self.words if not _VALUE.fullmatch(w))

    def _add(self, words: Iterable[str], status: Status, home: str) -> None:
        self.words.update((word, Found(word, word, status, home)) for word in words)

    def find(self, written: str) -> Found:
        """Look up a value as it is written in a name."""
        found = self.words.get(written)
        if found is None and self.is_literal(written):
            found = self.words.get(written.lower())
        return found._replace(written=written) if found else Found(written, written, "unlisted")

    def is_literal(self, written: str) -> bool:
        """Return whether this is a camel-case value of the specification, in any capitals."""
        return written.isascii() and written.lower() in self.literals

    def well_formed(self, value: str) -> bool:
        """Return whether this has the characters of a value."""
        return bool(_VALUE.fullmatch(value)) or self.is_literal(value)

    def is_open(self, name: str) -> bool:
        """Return whether a field takes values that are not in any list."""
        return self.vocabulary[name].open

    def options(self, name: str) -> str:
        """Return the values of a field, for a message."""
        return ", ".join(self.vocabulary[name].allowed)


def index_of(vocabulary: Mapping[str, FieldWords]) -> Index:
    """Return the index of a vocabulary; that of the shipped one is made once."""
    return _shipped() if vocabulary is VOCABULARY else Index(vocabulary)


@cache
def _shipped() -> Index:
    return Index(VOCABULARY)
