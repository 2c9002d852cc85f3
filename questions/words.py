"""What the parts of a name are called in a title, and what their images end in."""

from __future__ import annotations

TASKS = {"seg": "segmentation", "label": "labeling", "find": "detection"}
ANATOMIES = {
    "sc": "spinal cord",
    "gm": "gray matter",
    "wm": "white matter",
    "csf": "cerebrospinal fluid",
    "canal": "spinal canal",
    "rootlets": "nerve rootlets",
    "disc": "intervertebral discs",
    "discs": "intervertebral discs",
    "axon": "axons",
    "lesion": "lesions",
    "tumor": "tumors",
    "pmj": "pontomedullary junction",
    "drg": "dorsal root ganglia",
}
PATHOLOGIES = {"hc": "healthy controls", "ms": "multiple sclerosis", "sci": "spinal cord injury"}
CONDITIONS = {"invivo": "in vivo", "exvivo": "ex vivo"}
CONTRASTS = {
    "t1": "T1-weighted MRI",
    "t2": "T2-weighted MRI",
    "t2star": "T2*-weighted MRI",
    "dwi": "diffusion-weighted MRI",
    "pd": "proton density-weighted MRI",
    "mp2rage": "MP2RAGE MRI",
    "unit1": "MP2RAGE UNIT1 MRI",
    "epi": "EPI MRI",
    "psir": "PSIR MRI",
    "stir": "STIR MRI",
    "mt": "magnetization transfer MRI",
    "sem": "scanning electron microscopy",
    "tem": "transmission electron microscopy",
    "ct": "CT",
}
#: BIDS suffixes.
SUFFIXES = {
    "t1": "T1w",
    "t2": "T2w",
    "t2star": "T2star",
    "dwi": "dwi",
    "pd": "PDw",
    "mp2rage": "UNIT1",
    "unit1": "UNIT1",
    "epi": "bold",
    "psir": "PSIR",
    "stir": "STIR",
    "mt": "MTS",
    "sem": "SEM",
    "tem": "TEM",
}
#: Contrasts whose images BIDS stores as PNG or TIFF, in ``micr/``.
MICROSCOPY = frozenset(
    {"sem", "tem", "em", "oi", "bf", "cars", "srs", "shg", "confocal", "fluo", "oct", "he", "lfb"}
)
#: Words of a contrast that name no image of their own.
NO_IMAGE = frozenset({"contrast", "agnostic", "multicontrast"})
#: Architectures of networks that nnU-Net trains.
NNUNET = {"unet2d": "2d", "unet3d": "3d_fullres"}
