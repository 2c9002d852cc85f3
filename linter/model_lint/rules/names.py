"""Rules about the names of repositories.

The grammar is in `model_lint.naming`; these rules document its problems.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..findings import Problem
from ..naming import Name
from ..nnunet.plans import dimensions
from ..wording import quote
from . import ERROR, INFO, SPEC, WARNING, rule

if TYPE_CHECKING:
    from ..models.package import Package

_DIMENSIONS = {"unet2d": 2, "unet3d": 3}

SYNTAX = "model_task_anatomy_animal_pathology_condition_contrast_architecture"


def _problems(name: Name, code: str) -> Iterator[Problem]:
    for problem in name.problems:
        if problem.code == code:
            yield problem._replace(help=None if code == "N005" else _rename(name))


def _rename(name: Name) -> str | None:
    nearest = name.suggestion
    if nearest is None:
        return None
    return f"rename it to `{nearest.name}`" if nearest.certain else f"perhaps `{nearest.name}`"


@rule("N001", ERROR, SPEC, SYNTAX)
def name_prefix(name: Name) -> Iterator[Problem]:
    """The name does not begin with `model_`.

    Why: people and programs recognise the model repositories of an owner by the prefix.

    Fix: begin the name with `model_`, in lower case and with an underscore.

    Example: `model-spinal-rootlets` is invalid, `model_seg_rootlets` is valid.
    """
    return _problems(name, "N001")


@rule("N002", ERROR, SPEC, SYNTAX)
def name_syntax(name: Name) -> Iterator[Problem]:
    """The name contains invalid characters or an empty part, or is longer than 100 characters.

    Why: `_` separates tokens and `-` separates the values in a token; with other characters the
    name can't be read. GitHub refuses names of more than 100 characters.

    Fix: write a-z and 0-9 (capitals only in `filmCharley` and `hemisAndreanne`), one `_` between
    two tokens, one `-` between two values, and leave out defaults if the name is too long.

    Example: `model_seg__SC` is invalid, `model_seg_sc` is valid.
    """
    return _problems(name, "N002")


@rule("N003", WARNING, SPEC, "task = {seg, label, find}, default=None")
def task_missing(name: Name) -> Iterator[Problem]:
    """The name does not say what the model does.

    Why: the task has no default, so it can't be known from the name. Every name in the
    specification begins with a task.

    Fix: write `seg`, `label` or `find` after `model_`.

    Example: `model_sc_t2` leaves it open, `model_seg_sc_t2` says it.
    """
    return _problems(name, "N003")


@rule("N004", ERROR, SPEC, "pathology = {hc, ms, sci}, default=hc")
def value_not_allowed(name: Name) -> Iterator[Problem]:
    """A value is outside the list of its field, and the list is closed.

    Why: the lists of task, pathology, condition and architecture do not end in `...`. A value that
    is not listed can't be recognised: the name would mean the default, such as unet2d.

    Fix: write one of the listed values (nnU-Net is `unet2d` or `unet3d`). If your group agreed on a
    further one, add it to `[tool.model-lint.vocabulary]`.

    Example: `model_seg_sc_t2_unet3d-multiclass` is invalid, `model_seg_sc-gm_t2_unet3d` is valid.
    """
    return _problems(name, "N004")


@rule("N005", INFO, SPEC, "anatomy = {sc, gm, csf, brainstem, axon, myelin, ...}, default=sc")
def value_not_listed(name: Name) -> Iterator[Problem]:
    """A value of an open field is in no list, but its place says which field it is.

    Why: anatomy, animal and contrast are open lists, but a typing error looks the same as a new
    value.

    Fix: nothing, if it is read as the field that you mean. To silence this, add the word to
    `[tool.model-lint.vocabulary]`.

    Example: in `model_seg_sc-sulcus_t2` the word next to `sc` is an anatomy.
    """
    return _problems(name, "N005")


@rule("N006", WARNING, SPEC, "animal = {human, dog, cat, rat, mouse, ...}, default=human")
def value_ambiguous(name: Name) -> Iterator[Problem]:
    """A value is in no list, and its place does not say which field it is.

    Why: fields can be left out, so an unknown word between two others may be an anatomy, an animal
    or a contrast, and programs that read the name can't tell.

    Fix: write the default of the field next to it, so that only one field fits its place; or add
    the word to `[tool.model-lint.vocabulary]`.

    Example: `model_seg_yak` is ambiguous; in `model_seg_sc_yak_hc` it is an animal.
    """
    return _problems(name, "N006")


@rule("N007", ERROR, SPEC, SYNTAX)
def wrong_order(name: Name) -> Iterator[Problem]:
    """The tokens of the name are out of order.

    Why: fields can be left out, so only the order tells them apart. It also sorts the repositories
    of an owner by task and anatomy.

    Fix: write task, anatomy, animal, pathology, condition, contrast, architecture.

    Example: `model_seg_exvivo_gm_t2` is invalid, `model_seg_gm_exvivo_t2` is valid.
    """
    return _problems(name, "N007")


@rule("N008", WARNING, SPEC, "model_seg_monkey_sc_t1_unet3d")
def legacy_order(name: Name) -> Iterator[Problem]:
    """The animal is before the anatomy, as in the convention before June 2025.

    Why: the anatomy comes first now. One example of the specification still shows the old order,
    and older repositories keep it.

    Fix: write the anatomy before the animal in a new name. An old repository may keep its name:
    renaming one breaks links.

    Example: `model_seg_monkey_sc_t1_unet3d` is `model_seg_sc_monkey_t1_unet3d` today.
    """
    return _problems(name, "N008")


@rule("N009", ERROR, SPEC, "model_seg_sc-gm-lesion_human_ms_exvivo_t2star")
def mixed_token(name: Name) -> Iterator[Problem]:
    """One token contains values of two fields.

    Why: `-` separates values of one field, and `_` separates fields.

    Fix: write one token for each field, in the order of the convention.

    Example: `model_seg_mouse-sc_t1` is invalid, `model_seg_sc_mouse_t1` is valid.
    """
    return _problems(name, "N009")


@rule("N010", ERROR, SPEC, "model_seg_sc-gm_t1-t2_unet3d")
def repeated_field(name: Name) -> Iterator[Problem]:
    """The name contains a field or a value twice.

    Why: each field has one token, and all its values are in that token, each once.

    Fix: join the values with `-` in one token.

    Example: `model_seg_sc_gm_t2` is invalid, `model_seg_sc-gm_t2` is valid.
    """
    return _problems(name, "N010")


@rule("N011", ERROR, SPEC, "contrast = {t1, t2, t2star, dwi, sem, tem, oi, ...}, default=None")
def value_alias(name: Name) -> Iterator[Problem]:
    """A value is another spelling of a listed one.

    Why: with one spelling for each value, a search for it finds every model.

    Fix: write the listed spelling.

    Example: `mice` and `murine` are written `mouse`, `t2w` is written `t2`.
    """
    return _problems(name, "N011")


@rule(
    "N012",
    WARNING,
    SPEC,
    "architecture = {unet2d, unet3d, filmCharley, hemisAndreanne}, default=unet2d",
)
def architecture_mismatch(package: Package) -> Iterator[Problem]:
    """The name says that the network is 2D and the model is 3D, or the reverse.

    Why: a name without an architecture means `unet2d`, which is wrong for a 3D model. The name is
    that of `--name`, or the zip's without its date.

    Fix: name the repository of a 3D model `..._unet3d`; leave the architecture out for a 2D model.

    Example: `model_seg_sc_t2` is invalid for `3d_fullres`, `model_seg_sc_t2_unet3d` is valid.
    """
    name = package.named
    found = {dimensions(t.plans.object if t.plans else {}, t.configuration) for t in package.judged}
    values = name.values("architecture") if name and name.usable else None
    said = {_DIMENSIONS.get(value) for value in values or ()}
    if name is None or len(found) != 1 or None in found | said or not said or found & said:
        return
    architecture = f"unet{found.pop()}d"
    default = "" if any(value in name.text for value in values or ()) else " by default"
    right = re.sub(r"_unet[23]d$", "", name.text) + ("_unet3d" if architecture == "unet3d" else "")
    yield Problem(
        f"{quote(name.text)} says {quote('-'.join(values or ()))}{default}, "
        f"{quote(package.judged[0].name)} is {quote(architecture)}",
        help=f"rename the repository to `{right}`",
    )
