"""The task, the group and the contrasts of a model, in SCT's words."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from ...naming import Name
from ...naming.vocabulary import VOCABULARY, index_of

#: What SCT's list of tasks has for the name of a task, and for all of a line.
TASK_WIDTH, TABLE_WIDTH = 30, 80
TASK = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
#: Words for contrasts that mean any of them, and for planes, which are no contrasts.
_ANY = frozenset({"agnostic", "contrast", "multicontrast", "mri", "mr"})
_PLANES = frozenset({"axial", "sagittal", "coronal"})
_SICK = frozenset({"lesion", "lesions", "tumor", "tumors", "edema", "cavity", "cavities", "syrinx"})


def task_of(name: Name, labels: Iterable[str]) -> str | None:
    """Return a model's task by SCT's convention; None if the name of the repository is unclear.

    It is the name without ``model``, task and architecture, and without the defaults. A name that
    leaves out the anatomy has that of the labels: ``lesion_ms_mp2rage`` of `model_seg_ms_mp2rage`.
    """
    fields = name.fields
    if fields is None:
        return None
    parts: list[str] = []
    for slot in name.slots:
        if slot.field in {"task", "architecture"}:
            continue
        if slot.field == "anatomy" and slot.token is None:
            parts += _anatomy(labels) or slot.values
        elif slot.token is not None and not (slot.field == "animal" and slot.values == ("human",)):
            parts += slot.values
    task = "_".join(parts)
    return task if TASK.fullmatch(task) else None


def _anatomy(labels: Iterable[str]) -> list[str]:
    """Return the labels if each is an anatomy; nothing if one is not."""
    found = [index_of(VOCABULARY).find(label.lower()) for label in labels]
    return [f.value for f in found] if all(f.home == "anatomy" for f in found) else []


def group_of(name: Name, labels: Iterable[str]) -> str:
    """Return the group of a task, "" for none: by the labels and the anatomy in the name."""
    named = {label.lower() for label in labels}
    spelled = any(slot.field == "anatomy" and slot.token is not None for slot in name.slots)
    what = set(name.values("anatomy") or ()) if spelled else named
    if (what | named) & _SICK:
        return "pathology"
    if what & {"gm", "wm"}:
        return "gray_matter"
    return "spinal_cord" if what == {"sc"} else ""


def priority_of(name: Name) -> int:
    """Return where a task is in its group: models of animals are shown last."""
    return 0 if (name.values("animal") or ("human",)) == ("human",) else -1


def contrasts_of(name: Name, dataset: Mapping[str, object]) -> tuple[str, ...]:
    """Return the contrasts, from the name of the repository, else from the channels; or nothing."""
    named = [value for value in name.values("contrast") or () if value not in _PLANES]
    if _ANY.intersection(named):
        return ("any",)
    if named:
        return tuple(named)
    channels = dataset.get("channel_names")
    listed = channels.values() if isinstance(channels, Mapping) else ()
    found = [index_of(VOCABULARY).find(str(channel).lower()) for channel in listed]
    if not all(f.home == "contrast" for f in found):
        return ()
    return tuple(dict.fromkeys(f.value for f in found if f.value not in _ANY))
