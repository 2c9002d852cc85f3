"""The modules that a ``trainer_class.py`` can import where SCT runs it.

They are the import names of what SCT installs: its pinned requirements, those of its fork of
nnU-Net (nnunetv2-neuropoly 2.6.2), and all packages that these need. A listed module is there; a
module that is not listed may be there by chance. For nnU-Net itself, every module and every name in
it is listed: a name that is not listed is not there.
"""

from __future__ import annotations

import builtins
import sys
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

#: Import names, without the standard library.
SCT_MODULES = frozenset(
    """
    absl acvl_utils auglab batchgenerators batchgeneratorsv2 bids blosc2 cc3d certifi click
    contourpy cycler dateutil deepdiff dicom2nifti dipy dynamic_network_architectures einops
    fft_conv_pytorch filelock fontTools fsspec git google graphviz grpc gryds h5py
    huggingface_hub humanize imagecodecs imageio ivadomed jinja2 joblib kiwisolver lazy_loader
    loguru lxml markupsafe matplotlib monai mpl_toolkits mpmath networkx neurite nibabel nilearn
    nnunetv2 numexpr numpy onnx onnxruntime packaging pandas PIL pip pkg_resources pluggy
    portalocker psutil pydicom pygments pylab pyparsing PyQt5 pystrum pytest pytz requests rich
    sc_crop scipy seaborn sentry_sdk setuptools SimpleITK six skimage sklearn spinalcordtoolbox
    sqlalchemy sympy tensorboard threadpoolctl tifffile timm torch torchio torchvision
    totalspineseg tqdm transforms3d trx typer typing_extensions urllib3 voxelmorph wandb
    werkzeug wquantiles wrapt xlsxwriter xlwt yacs yaml zipp
    """.split()  # noqa: SIM905 (data reads best without quotes)
)

#: Packages of nnU-Net whose modules are not listed: no trainer needs them.
_UNLISTED = ("batch_running", "dataset_conversion", "tests")

#: Modules that Python 3.12 to 3.14 removed from the standard library; SCT's Python 3.10 has them.
_DROPPED = frozenset(
    """
    aifc asynchat asyncore audioop cgi cgitb chunk crypt distutils imghdr imp lib2to3 mailcap msilib
    nis nntplib ossaudiodev pipes smtpd sndhdr spwd sunau telnetlib uu xdrlib
    """.split()  # noqa: SIM905 (data reads best without quotes)
)

#: Modules that Python 3.11 to 3.14 added.
_ADDED = frozenset({"annotationlib", "compression", "tomllib"})


def is_in_sct(module: str) -> bool:
    """Return whether an SCT installation can import a module, judged by its first part."""
    top = module.partition(".")[0]
    if top in _ADDED:
        return False
    return top in SCT_MODULES or top in sys.stdlib_module_names or top in _DROPPED


def missing_in_nnunet(module: str, names: Iterable[str] = (), *, stock: bool = False) -> str | None:
    """Return the dotted name that ``from module import names`` needs and SCT's nnU-Net has not.

    ``stock`` asks nnunetv2 2.8.1 instead. None if nothing is missing, and for other modules.
    """
    if not _is_listed(module):
        return None
    known = nnunet_names(stock=stock)
    if module not in known:
        return module
    missing = (n for n in names if n != "*" and n[:2] != "__" and n not in known[module])
    return next((f"{module}.{name}" for name in missing), None)


def is_locatable(path: str) -> bool:
    """Return whether ``pydoc.locate`` may find a dotted path where SCT or nnU-Net 2.8.1 runs.

    ``pydoc.locate`` ignores surplus dots, also finds Python's built-in functions, and follows a
    path from a module to anything that the module imports.
    """
    parts = [part for part in path.split(".") if part]
    if parts and hasattr(builtins, parts[0]):
        return True
    if not _is_listed(".".join(parts)):
        return is_in_sct(".".join(parts))
    return any(_has(nnunet_names(stock=stock), parts) for stock in (False, True))


def _has(known: Mapping[str, frozenset[str]], parts: list[str]) -> bool:
    """Return whether the longest module of a path contains the name that follows it."""
    length = next(n for n in range(len(parts), 0, -1) if ".".join(parts[:n]) in known)
    following = parts[length : length + 1]
    return all(name[:2] == "__" or name in known[".".join(parts[:length])] for name in following)


def is_missing_part(path: str) -> bool:
    """Return whether a dotted path is of nnU-Net, but neither SCT's nor nnunetv2 2.8.1 has it."""
    return path.startswith("nnunetv2.") and not is_locatable(path)


def _is_listed(module: str) -> bool:
    top, _, inner = module.partition(".")
    return top == "nnunetv2" and inner.partition(".")[0] not in _UNLISTED


@cache
def nnunet_names(*, stock: bool = False) -> Mapping[str, frozenset[str]]:
    """Return the names in each module of SCT's nnU-Net, or of nnunetv2 2.8.1."""
    text = Path(__file__).with_name("nnunet_names.txt").read_text(encoding="utf-8")
    other, found = ("-" if stock else "+"), {}
    for line in text.splitlines():
        module, *names = line.split(" ")
        if module[0] not in {"#", other}:
            kept = (name.lstrip("+-") for name in names if name[0] != other)
            found[module.lstrip("+-")] = frozenset(kept)
    return found
